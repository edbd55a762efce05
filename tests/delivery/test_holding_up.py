"""One bad report holds up no other stay, and what is said to all later runs is not lost with a process."""

from collections.abc import Callable, Sequence

import pytest
from authority_simulator import AuthoritySimulator
from delivery_helpers import House
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
    house: House, error: Callable[..., ApoaError], count: int
) -> None:
    """Run by hand again and again, all others are delivered within a few runs, whichever batch it is in."""
    house.authority = Stumbling(error)
    house.add(*range(BAD + 1 + count))
    for _run in range(16):
        house.sync()
    assert [entry for entry in house.states() if entry is not State.ACCEPTED] == [State.QUEUED]
    assert house.entry(BAD).state is State.QUEUED


@both
def test_a_question_that_is_never_answered_holds_up_no_other(house: House, error: Callable[..., ApoaError]) -> None:
    """The others are asked about; the run says in the end that something was wrong."""
    house.authority = Stumbling(error)
    house.authority.script("pending")
    house.add(0, 1, 2, 4, 5)
    house.sync()
    house.add(BAD)
    house.outbox.claim([uuid(BAD)], now=house.clock.now(), lease_until=house.clock.now())
    lease, _claimed = house.outbox.claim([uuid(BAD)], now=house.clock.now(), lease_until=house.clock.now())
    house.outbox.settle(lease, [Change(uuid(BAD), State.PENDING)])
    outcome: Outcome = house.sync()
    assert (outcome.accepted, outcome.exit_code is Exit.DONE) == (5, False)
    assert house.entry(BAD).state is State.PENDING


def test_an_authority_that_answers_no_question_is_not_asked_them_all(house: House) -> None:
    """Three in a row: then it is no one report."""
    house.authority.script("pending,result:500,result:500,result:500")
    house.add(*range(5))
    house.sync()
    assert isinstance(house.sync().error, UnknownOutcome)
    assert house.states() == [State.PENDING] * 5
    assert house.sync().accepted == 5


@pytest.mark.parametrize("script", ["403", "token:401", "429=300", "meta:503=300"])
def test_what_is_said_to_all_runs_is_kept_before_the_reports_are_given_back(
    house: House, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """A process that ends while it gives them back has told the later ones: they call nobody."""
    house.authority.script(script)
    house.add(1)

    def end(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(house.outbox, "settle", end)
        if script == "token:401":
            house.sync()
        else:
            with pytest.raises(KeyboardInterrupt):
                house.sync()
    now = house.clock.now()
    summary = house.outbox.summary(now=now, soon=now)
    assert (summary.stop or summary.hold_until) is not None
    before = len(house.authority.batches)
    house.sync()
    assert len(house.authority.batches) == before
