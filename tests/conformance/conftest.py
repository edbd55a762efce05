"""The conformance suite, and servers for it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from contract_helpers import running_prism
from sandbox_helpers import LIMITS, PASSWORD, USERNAME, Suite, now

from apoa_client.sandbox.server import SandboxServer


@pytest.fixture
def suite() -> Suite:
    """The conformance suite."""
    return Suite()


@pytest.fixture
def serve() -> Iterator[Callable[..., SandboxServer]]:
    """Starts sandboxes with small limits, with a fault script or any option; stops them all at the end."""
    started: list[SandboxServer] = []

    def start(faults: str = "", kind: type[SandboxServer] = SandboxServer, **options: Any) -> SandboxServer:
        settings = {"username": USERNAME, "password": PASSWORD, "now": now, "limits": LIMITS, **options}
        started.append(kind(None, faults=faults, **settings))
        return started[-1].start()

    yield start
    for each in started:
        each.stop()


@pytest.fixture(scope="module")
def prism_url() -> Iterator[str]:
    """Prism, mocking the contract."""
    with running_prism() as url:
        yield url
