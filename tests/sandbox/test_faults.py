"""The fault script: its syntax, and each fault as a client sees it."""

import time

import pytest
import requests
from basics import raises_error
from hypothesis import given
from hypothesis import strategies as st
from sandbox_helpers import Json, LogIn, Make, Report

from apoa_client.errors import Exit, UsageProblem
from apoa_client.sandbox.faults import OK, Faults, Route, Step
from apoa_client.sandbox.server import SandboxServer


def drawn(script: str, route: Route = Route.REPORTS) -> list[Step]:
    faults = Faults(script)
    return list(iter(lambda: faults.next(route), OK))


def test_steps_are_used_up_in_their_order_by_route() -> None:
    """Each call uses one step; when none is left, calls work."""
    script = " 503=5, lost ,pending*2,token:401,meta:slow=0.5,result:pending,codes:portal,photo:409 "
    assert drawn(script) == [Step("503", 5), Step("lost"), Step("pending"), Step("pending")]
    assert drawn(script, Route.TOKEN) == [Step("401")]
    assert drawn(script, Route.META) == [Step("slow", 0.5)]
    assert drawn(script, Route.RESULT) == [Step("pending")]
    assert drawn(script, Route.CODES) == [Step("portal")]
    assert drawn(script, Route.PHOTO) == [Step("409")]
    assert drawn("") == []


@pytest.mark.parametrize(
    "step",
    [
        "explode", "404", "slow", "defer", "slow=", "slow=1.2.3", "defer=1.5", "429=x", "500=3", "drop=1", "lost*0",
        "lost*99999", "token:pending", "meta:short-list", "result:short-list", "codes:reject", "hotel:drop", "409",
        "photo:pending", "slow=99999", "Drop", "drop drop", "503=5=6", "*2", "token:", "reports:", "slow=..",
    ],
)  # fmt: skip
def test_unknown_steps_are_named_with_what_is_possible(step: str) -> None:
    """A mistyped script is a usage error with help."""
    with raises_error("bad_fault_script") as caught:
        Faults(f"drop,{step}")
    assert caught.value.exit_code is Exit.USAGE
    assert step in caught.value.message.render()
    assert caught.value.advice is not None
    advice = caught.value.advice.render()
    assert ", drop, " in advice
    assert "token:" in advice


@given(st.text(max_size=30))
def test_any_script_is_read_or_refused(script: str) -> None:
    """Any text is a valid script or raises `BadFaultScript`."""
    try:
        steps = drawn(script)
    except UsageProblem:
        return
    assert all(step.name for step in steps)


def post(http: requests.Session, server: SandboxServer, *reports: Json) -> requests.Response:
    return http.post(f"{server.base_url}/reports", json={"reports": reports}, timeout=20, allow_redirects=False)


def test_slow_answers_late_and_still_acquires(make_server: Make, log_in: LogIn, check_in: Report) -> None:
    """The answer comes after the requested seconds, and not before."""
    server = make_server(faults="slow=0.2")
    http = log_in(server)
    begin = time.monotonic()
    answer = post(http, server, check_in())
    assert time.monotonic() - begin >= 0.2
    assert answer.json()["results"][0]["status"] == "accepted"


def test_a_compressed_answer_is_broken_too(make_server: Make, log_in: LogIn) -> None:
    """A code table is long enough to be compressed, and is inflated before it is too large, cut off or empty.

    A 304 cannot be made huge, and stays as it is.
    """
    server = make_server(faults="codes:huge,codes:truncated,codes:empty,codes:ok,codes:huge")
    http = log_in(server)
    url = f"{server.base_url}/codes/stay_permits"
    huge, truncated, empty = (http.get(url, timeout=20) for _ in range(3))
    assert len(huge.content) > 1 << 20
    assert huge.json()["table"] == "stay_permits"
    with pytest.raises(requests.JSONDecodeError):
        truncated.json()
    assert empty.content == b""
    held = {"If-None-Match": http.get(url, timeout=20).headers["ETag"]}
    assert http.get(url, headers=held, timeout=20).status_code == 304
