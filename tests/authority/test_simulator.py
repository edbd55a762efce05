"""The simulator's own tools. What it has in common with other authorities is in the contract suite."""

import json

import pytest
from authority_simulator import AuthoritySimulator

from apoa_client.errors import CallRefused, TimedOut, TooLarge, UnknownOutcome, WrongPassword
from apoa_client.ports.authority import Authority, Status


def body(report_id: str, stay_id: str = "s", kind: str = "check_in") -> tuple[str, bytes]:
    report: dict[str, object] = {"id": report_id, "stay_id": stay_id, "kind": kind}
    if kind == "check_in":
        report |= {"guest": {"document": {"number": report_id}}, "stay": {"check_in": "2026-11-24T20:00:00+07:00"}}
    return report_id, json.dumps(report).encode()


def test_records_what_it_acquired() -> None:
    """What was acquired, in which order, and in which batches."""
    simulator = AuthoritySimulator()
    authority: Authority = simulator
    authority.submit([body("b"), body("a", "t")])
    authority.submit([body("b")])
    authority.verdict("b")
    assert simulator.order == ["b", "a"]
    assert simulator.acquired["b"].number == "SIM-0001"
    assert simulator.batches == [["b", "a"], ["b"]]
    assert simulator.asked == ["b"]


def test_lost_was_acquired_and_dropped_was_not() -> None:
    """The two ways to lose an answer differ in what the authority has."""
    simulator = AuthoritySimulator()
    simulator.script("drop,lost")
    with pytest.raises(UnknownOutcome):
        simulator.submit([body("a")])
    assert simulator.order == []
    with pytest.raises(UnknownOutcome):
        simulator.submit([body("a")])
    assert simulator.order == ["a"]


def test_slow_is_a_timeout_over_the_limit() -> None:
    """A slow answer within the timeout is an answer; over it the report was still acquired."""
    simulator = AuthoritySimulator(timeout_s=5)
    simulator.script("slow=1,slow=5")
    assert simulator.submit([body("a")])[0].status is Status.ACCEPTED
    with pytest.raises(TimedOut):
        simulator.submit([body("b", "t")])
    assert simulator.order == ["a", "b"]


def test_limits() -> None:
    """Too many reports, or too many bytes, are too large."""
    with pytest.raises(TooLarge):
        AuthoritySimulator(max_batch=1).submit([body("a"), body("b")])
    with pytest.raises(TooLarge):
        AuthoritySimulator(max_body_bytes=10).submit([body("a")])


def test_pending_may_be_refused_later() -> None:
    """A pending report can be rejected or deferred later, by the script of its route."""
    simulator = AuthoritySimulator()
    simulator.script("pending, result:defer=9, result:reject")
    simulator.submit([body("a")])
    deferred, refused = simulator.verdict("a"), simulator.verdict("a")
    assert deferred is not None
    assert refused is not None
    assert (deferred.status, deferred.retry_after, refused.status) == (Status.DEFERRED, 9, Status.REJECTED)
    assert simulator.order == []


def test_photos() -> None:
    """Only where they are wanted, of an accepted check-in, and one for each report."""
    simulator = AuthoritySimulator(wants_photo=True)
    simulator.submit([body("a")])
    simulator.script("photo:lost,photo:409")
    for photo, error in ((b"1", UnknownOutcome), (b"1", CallRefused), (b"2", CallRefused)):
        with pytest.raises(error):
            simulator.send_photo("a", photo)
    simulator.send_photo("a", b"1")
    assert simulator.photos == {"a": b"1"}
    simulator.wants_photo = False
    with pytest.raises(CallRefused):
        simulator.send_photo("a", b"1")


def test_a_script_is_used_up() -> None:
    """Unused steps can be seen; a wrong password is a switch; unknown steps are refused."""
    simulator = AuthoritySimulator()
    simulator.script("token:ok*2,500")
    assert simulator.unused == {"token": 2, "reports": 1}
    simulator.password_is_right = False
    with pytest.raises(WrongPassword):
        simulator.meta()
    assert simulator.unused == {"token": 1, "reports": 1}
    for nonsense in ("nonsense", "nowhere:500", "409"):
        with pytest.raises(AssertionError):
            simulator.script(nonsense)
