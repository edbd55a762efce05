"""Each scripted fault of the sandbox makes the check fail that meets it, or is heeded where the contract allows it."""

from collections.abc import Callable

import pytest
from sandbox_helpers import Suite, failed

from apoa_client.conformance.check import Result
from apoa_client.errors import ApoaError
from apoa_client.sandbox.faults import POSSIBLE, Route
from apoa_client.sandbox.server import SandboxServer

CHECKS = {"reports.accepted", "closing.retry_after"}
"""Those of which the first makes the first call that sends a report."""

ALLOWED = ["ok", "slow=0.01", "429=7", "503=7", "401", "pending", "defer=7", "pending,result:defer=7", "token:503=7"]
"""Faults that the contract allows: a client waits, takes a new token, asks again, or sends again."""

WITHOUT_SECONDS = [*sorted(POSSIBLE[Route.REPORTS] - {each.partition("=")[0] for each in ALLOWED}), "503"]
BREAKING = dict.fromkeys(WITHOUT_SECONDS, "reports.accepted") | {"429": "closing.retry_after"}
"""Faults that break the contract, with the check that fails. A busy server must say for how long."""

ENDS = {
    "token:401": "wrong_password",
    "token:403": "account_suspended",
    "token:drop": "unknown_outcome",
    "token:lost": "unknown_outcome",
}
"""Faults of the first call of all, which end the test: the name of the error."""


@pytest.mark.parametrize("step", BREAKING)
def test_a_fault_that_breaks_the_contract(suite: Suite, serve: Callable[..., SandboxServer], step: str) -> None:
    """Exactly the check that meets it fails, and shows the request, the answer and the paragraph."""
    results = suite(serve(step).base_url, CHECKS)
    assert failed(results) == {BREAKING[step]}
    shown = results[BREAKING[step]]
    assert shown.reason is not None
    assert shown.paragraph.text
    assert suite.waits == ([2] if step == "429" else [])
    if step != "429":
        last = shown.exchanges[-1]
        assert last.request.line == "POST /reports"
        assert (last.answer is None) == (last.problem is not None)


@pytest.mark.parametrize("step", ALLOWED)
def test_a_fault_that_the_contract_allows(suite: Suite, serve: Callable[..., SandboxServer], step: str) -> None:
    """No check fails, and the time that the server asks for is waited."""
    results = suite(serve(step).base_url, CHECKS)
    assert failed(results) == set()
    assert suite.waits == ([7] if step.endswith("7") else [])
    busy = "429" in step or "503" in step
    assert results["closing.retry_after"].result is (Result.PASSED if busy else Result.SKIPPED)


@pytest.mark.parametrize("step", ENDS)
def test_a_fault_of_the_first_call(suite: Suite, serve: Callable[..., SandboxServer], step: str) -> None:
    """Without a token nothing can be tested: the error is that of any command."""
    with pytest.raises(ApoaError) as caught:
        suite(serve(step).base_url)
    assert caught.value.name == ENDS[step]


def test_many_faults_that_the_contract_allows(suite: Suite, serve: Callable[..., SandboxServer]) -> None:
    """The whole suite passes on a server that is busy, decides later, and ends tokens."""
    script = "429=1,pending,defer=2,ok*3,401,503=3,pending*2,defer=1,result:429=1,meta:503=2,codes:401,photo:429=1"
    assert failed(suite(serve(script, token_lifetime_s=3600).base_url)) == set()
    assert {1, 2, 3} <= set(suite.waits)


def test_a_server_that_is_always_busy(suite: Suite, serve: Callable[..., SandboxServer]) -> None:
    """The checks are skipped after some attempts: it breaks nothing, but cannot be tested."""
    results = suite(serve("codes:429=1*100").base_url, {"codes.tables"})
    assert results["codes.tables"].result is Result.SKIPPED


def test_a_server_that_asks_for_hours(suite: Suite, serve: Callable[..., SandboxServer]) -> None:
    """They are not waited."""
    results = suite(serve("codes:503=3600").base_url, {"codes.tables"})
    assert results["codes.tables"].result is Result.SKIPPED
    assert suite.waits == []


def test_a_server_that_stops_answering(suite: Suite, serve: Callable[..., SandboxServer]) -> None:
    """After three checks without an answer the rest is skipped, and the test reports may be left."""
    results = suite(serve("drop*1000").base_url)
    unanswered = [name for name, each in results.items() if each.result is Result.FAILED]
    assert unanswered == [
        *("session.no_token", "reports.accepted", "reports.all_members", "reports.all_codes"),
        "closing.cancelled",
    ]
    assert results["idempotency.same_body"].result is Result.SKIPPED


def test_an_account_that_is_suspended_meanwhile(suite: Suite, serve: Callable[..., SandboxServer]) -> None:
    """Its password is tried once more, and then no more, because many attempts could lock the account."""
    results = suite(serve("token:ok,token:401*1000,codes:401*1000").base_url, {"codes"})
    assert failed(results) == {"codes.tables"}
    assert {each.result for name, each in results.items() if name.startswith("codes.")} == {
        Result.FAILED,
        Result.SKIPPED,
    }
    asked = [each.request.line for result in results.values() for each in result.exchanges]
    assert asked.count("POST /oauth/token") == 2
