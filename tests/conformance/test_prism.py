"""The suite against Prism, a mock server of another project, which reads the contract and stores nothing."""

import pytest
from sandbox_helpers import Suite

from apoa_client.conformance.check import Result

pytestmark = pytest.mark.prism

STATELESS = {
    "session.token",
    "session.meta",
    "session.grant_type",
    "reports.speed",
    "requests.no_list",
    "requests.unknown_member",
    "requests.content_type",
    "closing.token",
    "closing.internals",
}
"""What a mock can pass that answers with examples. It checks no password and no token, and has no store."""


def test_prism_passes_what_needs_no_store(suite: Suite, prism_url: str) -> None:
    """The suite runs to its end, and each failure says why."""
    results = suite(prism_url)
    assert {name for name, each in results.items() if each.result is Result.PASSED} == STATELESS
    assert all(each.reason is not None for name, each in results.items() if name not in STATELESS)
