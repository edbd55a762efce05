"""One bad report holds up no other stay, and what is said to all later runs is not lost with a process."""

from collections.abc import Callable, Sequence

import pytest
from authority_simulator import AuthoritySimulator
from delivery_helpers import Hotel
from outbox_helpers import uuid

from apoa_client.delivery.options import Outcome
from apoa_client.errors import ApoaError, CallRefused, Exit, UnknownOutcome
from apoa_client.messages import msg
from apoa_client.ports import Change, Verdict
from apoa_client.report.kinds import State

BAD = 3


class Stumbling(AuthoritySimulator):
    """It cannot cope with one report: every call that holds it fails."""

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
@pytest.mark.parametrize("count", [2, 20, 120])
def test_a_report_that_spoils_every_call_is_soon_alone(
    hotel: Hotel, error: Callable[..., ApoaError], count: int
) -> None:
    """Run by hand again and again, all others are delivered within a few runs, whichever batch it is in."""
    hotel.authority = Stumbling(error)
    hotel.add(*range(BAD + 1 + count))
    for _run in range(16):
        hotel.sync()
    assert [entry for entry in hotel.states() if entry is not State.ACCEPTED] == [State.QUEUED]
    assert hotel.entry(BAD).state is State.QUEUED


@both
def test_a_question_that_is_never_answered_holds_up_no_other(hotel: Hotel, error: Callable[..., ApoaError]) -> None:
    """The others are asked about; the run says in the end that something was wrong."""
    hotel.authority = Stumbling(error)
    hotel.authority.script("pending")
    hotel.add(0, 1, 2, 4, 5)
    hotel.sync()
    hotel.add(BAD)
    hotel.outbox.claim([uuid(BAD)], now=hotel.clock.now(), lease_until=hotel.clock.now())
    lease, _claimed = hotel.outbox.claim([uuid(BAD)], now=hotel.clock.now(), lease_until=hotel.clock.now())
    hotel.outbox.settle(lease, [Change(uuid(BAD), State.PENDING)])
    outcome: Outcome = hotel.sync()
    assert (outcome.accepted, outcome.exit_code is Exit.DONE) == (5, False)
    assert hotel.entry(BAD).state is State.PENDING


def test_an_authority_that_answers_no_question_is_not_asked_them_all(hotel: Hotel) -> None:
    """Three in a row: then it is no one report."""
    hotel.authority.script("pending,result:500,result:500,result:500")
    hotel.add(*range(5))
    hotel.sync()
    assert isinstance(hotel.sync().error, UnknownOutcome)
    assert hotel.states() == [State.PENDING] * 5
    assert hotel.sync().accepted == 5


@pytest.mark.parametrize("script", ["403", "token:401", "429=300", "meta:503=300"])
def test_what_is_said_to_all_runs_is_kept_before_the_reports_are_given_back(
    hotel: Hotel, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """A process that ends while it gives them back has told the later ones: they call nobody."""
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
