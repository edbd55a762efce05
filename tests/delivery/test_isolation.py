"""One bad report does not delay other stays, and what applies to later runs is stored before a process can die."""

from collections.abc import Callable, Sequence

import pytest
from authority_simulator import AuthoritySimulator
from delivery_helpers import Hotel
from outbox_helpers import uuid

from apoa_client.delivery.options import Outcome
from apoa_client.errors import ApoaError, CallRefused, Exit, UnknownOutcome
from apoa_client.messages import msg
from apoa_client.ports.authority import Verdict
from apoa_client.ports.entries import Change
from apoa_client.report.kinds import State

BAD = 3


class FailsOnOneReport(AuthoritySimulator):
    """An authority with a bug: every call with one certain report fails."""

    def __init__(self, error: Callable[..., ApoaError]) -> None:
        super().__init__()
        self._error = error

    def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        if uuid(BAD) in dict(bodies):
            raise self._error(msg("No."))
        return super().submit(bodies)

    def verdict(self, report_id: str) -> Verdict | None:
        if report_id == uuid(BAD):
            raise self._error(msg("No."))
        return super().verdict(report_id)


both = pytest.mark.parametrize("error", [CallRefused, UnknownOutcome])


@both
@pytest.mark.parametrize("count", [2, 20, 120, 496])
def test_a_report_that_fails_every_call_is_soon_alone(
    hotel: Hotel, error: Callable[..., ApoaError], count: int
) -> None:
    """All other reports are delivered within a few runs by hand, whichever batch the bad one is in."""
    hotel.authority = FailsOnOneReport(error)
    hotel.add(*range(BAD + 1 + count))
    for _run in range(12):
        hotel.sync()
    assert [entry for entry in hotel.states() if entry is not State.ACCEPTED] == [State.QUEUED]
    assert hotel.entry(BAD).state is State.QUEUED


@both
def test_an_unanswered_question_does_not_delay_others(hotel: Hotel, error: Callable[..., ApoaError]) -> None:
    """The other reports are asked about; the run ends with the error."""
    hotel.authority = FailsOnOneReport(error)
    hotel.authority.script("pending")
    hotel.add(0, 1, 2, 4, 5)
    hotel.sync()
    hotel.add(BAD)
    hotel.outbox.claim([uuid(BAD)], now=hotel.clock.now(), lease_until=hotel.clock.now())
    lease, _claimed = hotel.outbox.claim([uuid(BAD)], now=hotel.clock.now(), lease_until=hotel.clock.now())
    hotel.outbox.settle(lease, [Change(uuid(BAD), State.PENDING)])
    outcome: Outcome = hotel.sync()
    assert (outcome.counts["accepted"], outcome.exit_code is Exit.DONE) == (5, False)
    assert hotel.entry(BAD).state is State.PENDING


def test_questions_stop_after_three_failures(hotel: Hotel) -> None:
    """Three failures in a row mean that the cause is not one report."""
    hotel.authority.script("pending,result:500,result:500,result:500")
    hotel.add(*range(5))
    hotel.sync()
    assert isinstance(hotel.sync().error, UnknownOutcome)
    assert hotel.states() == [State.PENDING] * 5
    assert hotel.sync().counts["accepted"] == 5


@pytest.mark.parametrize("script", ["403", "token:401", "429=300", "meta:503=300"])
def test_suspension_is_stored_before_reports_are_requeued(
    hotel: Hotel, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """A process that dies while it requeues has stored the suspension or hold: later runs make no call."""
    hotel.authority.script(script)
    hotel.add(1)

    def end(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(hotel.outbox, "settle", end)
        if script == "token:401":
            hotel.sync()
        else:
            with pytest.raises(KeyboardInterrupt):
                hotel.sync()
    now = hotel.clock.now()
    summary = hotel.outbox.summary(now=now, soon=now)
    assert (summary.suspension or summary.hold_until) is not None
    before = len(hotel.authority.batches)
    hotel.sync()
    assert len(hotel.authority.batches) == before
