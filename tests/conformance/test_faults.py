"""Each scripted fault of the sandbox makes the right check fail, or is heeded where the contract allows it."""

from collections.abc import Callable, Iterable

import pytest
from conformance_helpers import Suite, failed

from apoa_client.conformance.check import Result
from apoa_client.errors import ApoaError
from apoa_client.sandbox.faults import POSSIBLE, Route
from apoa_client.sandbox.server import SandboxServer

VICTIMS = {
    "reports": "reports.accepted",
    "result": "reports.result",
    "token": "session.token",
    "meta": "session.meta",
    "codes": "codes.tables",
    "photo": "photos.stored",
}
"""The check that makes the first call of each route."""

ALLOWED = {
    # The whole call: a client waits, or takes a new token.
    *("ok", "slow=0.01", "429=7", "503=7", "401"),
    *(
        f"{route}:{step}"
        for route in VICTIMS
        if route not in {"reports", "token"}
        for step in ("ok", "slow=0.01", "429=7", "503=7", "401")
    ),
    *("token:ok", "token:slow=0.01", "token:429=7", "token:503=7"),
    # One report: a client asks again, or sends again.
    *("pending", "defer=7", "result:pending", "result:defer=7"),
    # Verdicts of reports that are decided at their first call already.
    *("result:reject", "result:duplicate"),
}
"""Faults that the contract allows."""

ENDS = {
    "token:401": "wrong_password",
    "token:403": "account_suspended",
    "token:drop": "unknown_outcome",
    "token:lost": "unknown_outcome",
}
"""Faults of the first call of all, which end the test: the name of the error."""

_AMOUNTS = {"slow": ("=0.01",), "defer": ("=7",), "429": ("", "=7"), "503": ("", "=7")}
STEPS = [
    f"{'' if route is Route.REPORTS else f'{route}:'}{step}{amount}"
    for route, steps in POSSIBLE.items()
    for step in sorted(steps)
    for amount in _AMOUNTS.get(step, ("",))
]
WITHOUT_TIME = [step for step in STEPS if step.endswith("429")]
"""A server that is busy and does not say how long: the check of the whole test finds it, and no other."""
BREAKING = [step for step in STEPS if step not in {*ALLOWED, *ENDS, *WITHOUT_TIME}]
IN_EVERY_RUN = {"reports", "token", "meta"}


def route_of(step: str) -> str:
    return step.partition(":")[0] if ":" in step else "reports"


def each_step(steps: Iterable[str]) -> list[object]:
    """The steps of these routes; those of other routes in `.ci/run`."""
    return [pytest.param(step, marks=() if route_of(step) in IN_EVERY_RUN else pytest.mark.slow) for step in steps]


def test_every_step_is_in_one_group() -> None:
    """A new fault of the sandbox must be decided on here."""
    assert set(STEPS) >= ALLOWED | set(ENDS)


@pytest.mark.parametrize("step", each_step(BREAKING))
def test_a_fault_that_breaks_the_contract(suite: Suite, serve: Callable[..., SandboxServer], step: str) -> None:
    """Exactly the check that meets it fails, and shows the request, the answer and the paragraph."""
    victim = VICTIMS[route_of(step)]
    results = suite(serve(step).base_url, set(VICTIMS.values()))
    assert failed(results) == {victim}
    shown = results[victim]
    assert shown.reason is not None
    assert shown.paragraph.text
    last = shown.exchanges[-1]
    assert last.request.line.startswith(("GET", "POST", "PUT"))
    assert (last.answer is None) == (last.problem is not None)


@pytest.mark.parametrize("step", each_step(WITHOUT_TIME))
def test_a_busy_server_that_does_not_say_how_long(suite: Suite, serve: Callable[..., SandboxServer], step: str) -> None:
    """It is asked again after a while, and the answer without a time is what is wrong."""
    results = suite(serve(step).base_url, {*VICTIMS.values(), "closing.retry_after"})
    assert failed(results) == {"closing.retry_after"}
    assert suite.waits == [2]


@pytest.mark.parametrize("step", each_step(sorted(ALLOWED)))
def test_a_fault_that_the_contract_allows(suite: Suite, serve: Callable[..., SandboxServer], step: str) -> None:
    """No check fails, and the time that the server asks for is waited."""
    results = suite(serve(step).base_url, {*VICTIMS.values(), "closing.retry_after"})
    assert failed(results) == set()
    if "7" in step:
        assert suite.waits == [7]
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
