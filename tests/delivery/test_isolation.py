"""One bad report does not delay other stays, and what applies to later runs is stored before a process can die."""

from collections.abc import Callable, Sequence

import pytest
from authority_simulator import AuthoritySimulator
from delivery_helpers import Hotel
from outbox_helpers import uuid

from apoa_client.delivery import plan
from apoa_client.delivery.options import Outcome
from apoa_client.errors import (
    ApoaError,
    CallRefused,
    Exit,
    NotTheAuthority,
    Offline,
    TimedOut,
    UnknownOutcome,
    UnreadableAnswer,
)
from apoa_client.messages import msg
from apoa_client.ports.authority import Meta, Verdict
from apoa_client.ports.entries import Change
from apoa_client.report.kinds import State

BAD = 3


class FailsOn(AuthoritySimulator):
    """An authority with a bug: it answers nothing readable where one of certain reports is; or that did not arrive."""

    def __init__(
        self,
        *numbers: int,
        error: Callable[..., ApoaError] = NotTheAuthority,
        arrives: bool = True,
        answers_questions: bool = False,
    ) -> None:
        super().__init__()
        self.bad = {uuid(number) for number in numbers}
        self.error, self.arrives, self.answers_questions = error, arrives, answers_questions

    def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        is_bad = bool(self.bad & dict(bodies).keys())
        verdicts = super().submit(bodies) if self.arrives or not is_bad else []
        if is_bad:
            raise self.error(msg("No."))
        return verdicts

    def verdict(self, report_id: str) -> Verdict | None:
        if report_id in self.bad and not self.answers_questions:
            self.asked.append(report_id)
            raise self.error(msg("No."))
        return super().verdict(report_id)


both = pytest.mark.parametrize("error", [CallRefused, UnknownOutcome])


@both
@pytest.mark.parametrize("count", [2, 120, pytest.param(496, marks=pytest.mark.slow)])
def test_a_report_that_fails_every_call_is_soon_alone(
    hotel: Hotel, error: Callable[..., ApoaError], count: int
) -> None:
    """All other reports are delivered within a few runs by hand, whichever batch the bad one is in."""
    hotel.authority = FailsOn(BAD, error=error, arrives=False)
    hotel.add(*range(BAD + 1 + count))
    for _run in range(12):
        hotel.sync()
    assert [entry for entry in hotel.states() if entry is not State.ACCEPTED] == [State.QUEUED]
    assert hotel.entry(BAD).state is State.QUEUED


@both
def test_an_unanswered_question_does_not_delay_others(hotel: Hotel, error: Callable[..., ApoaError]) -> None:
    """The other reports are asked about; the run ends with the error."""
    hotel.authority = FailsOn(BAD, error=error, arrives=False)
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


# An answer that cannot be read holds up no other report, however the authority is broken.


@pytest.mark.parametrize("bad", [0, 60, 119])
def test_the_others_are_delivered_in_the_same_run(hotel: Hotel, bad: int) -> None:
    """Wherever the bad one is; it stays queued, with the reason, and the run says that something is left."""
    hotel.authority = FailsOn(bad)
    hotel.add(*range(120))
    outcome = hotel.sync()
    assert (outcome.counts["accepted"], outcome.left, outcome.exit_code) == (119, 1, Exit.NOT_NOW)
    assert (type(outcome.error), outcome.offline) == (UnreadableAnswer, False)
    entry = hotel.entry(bad)
    assert (entry.state, entry.last_error) == (State.QUEUED, "unreadable_answer")
    assert hotel.authority.asked == [uuid(bad)]
    assert len(hotel.authority.batches) < 20


def test_a_new_guest_is_not_held_up(hotel: Hotel) -> None:
    """The bad report is tried after the new one, alone, and asked about at each run."""
    hotel.authority = FailsOn(0)
    hotel.add(0)
    hotel.sync()
    hotel.add(1)
    hotel.authority.batches.clear()
    assert hotel.sync().counts["accepted"] == 1
    assert hotel.authority.batches == [[uuid(1)], [uuid(0)]]
    assert hotel.authority.asked == [uuid(0)] * 2
    assert hotel.sync(keep_backoff=True).error is None  # a schedule keeps the backoff


def test_the_answer_to_a_question_counts(hotel: Hotel) -> None:
    """`GET /reports/{id}` gives the receipt that the batch's answer did not."""
    hotel.authority = FailsOn(5, answers_questions=True)
    hotel.add(*range(20))
    outcome = hotel.sync()
    assert (outcome.counts["accepted"], outcome.left, outcome.error) == (20, 0, None)
    assert len(hotel.authority.acquired) == 20


def test_an_authority_without_any_readable_answer(hotel: Hotel) -> None:
    """After three single reports the run ends: the cause is not one report."""
    hotel.authority = FailsOn(*range(120))
    hotel.add(*range(120))
    outcome = hotel.sync()
    assert (type(outcome.error), outcome.counts["accepted"], outcome.left) == (UnreadableAnswer, 0, 120)
    assert len(hotel.authority.asked) == 3
    assert len(hotel.authority.batches) < 12
    hotel.authority = AuthoritySimulator()
    assert hotel.sync().counts["accepted"] == 120


def test_several_bad_reports(hotel: Hotel) -> None:
    """All others are delivered within a few runs."""
    hotel.authority = FailsOn(1, 2, 3, 4, 50, 51, 90)
    hotel.add(*range(100))
    for _run in range(4):
        hotel.sync()
    assert hotel.states().count(State.ACCEPTED) == 93


def test_time_is_over_before_the_cause_is_found(hotel: Hotel) -> None:
    """No report is blamed: all are queued with a backoff."""
    hotel.authority = FailsOn(0)
    hotel.delay(30)
    hotel.add(*range(10))
    outcome = hotel.sync(wait_s=50)
    assert (type(outcome.error), outcome.left, hotel.sizes()) == (UnreadableAnswer, 10, [10, 5])
    assert hotel.authority.asked == []
    assert {hotel.entry(number).last_error for number in range(5)} == {"not_the_authority"}


@pytest.mark.parametrize("error", [Offline, TimedOut])
def test_the_connection_ends_while_the_cause_is_sought(hotel: Hotel, error: type[Offline]) -> None:
    """The reports may have arrived: they are queued with a backoff, and the run ends with what happened last."""

    class Leaves(FailsOn):
        def meta(self) -> Meta:
            if self.batches:
                raise error(msg("Gone."))
            return super().meta()

    hotel.authority = Leaves(0)
    hotel.add(0, 1)
    assert type(hotel.sync().error) is error
    for number in (0, 1):
        entry = hotel.entry(number)
        assert (entry.state, entry.last_error, entry.calls) == (State.QUEUED, "not_the_authority", 1)
        assert entry.next_attempt_at is not None


def test_an_interrupted_question_leaves_no_lease(hotel: Hotel) -> None:
    """Ctrl-C while a bad report is asked about."""

    class Interrupted(FailsOn):
        def verdict(self, _report_id: str) -> Verdict | None:
            raise KeyboardInterrupt

    hotel.authority = Interrupted(0)
    hotel.add(0)
    with pytest.raises(KeyboardInterrupt):
        hotel.sync()
    assert hotel.states() == [State.QUEUED]


def test_a_pending_report_without_a_readable_answer(hotel: Hotel) -> None:
    """It stays pending, with the reason, and is asked about after the others at the next run."""
    hotel.authority = FailsOn(1)
    hotel.authority.script("pending*2,result:pending")
    hotel.authority.bad.clear()
    hotel.add(1)
    hotel.sync()
    hotel.add(2)
    hotel.sync()
    hotel.authority.bad.add(uuid(1))
    hotel.wait(minutes=5)
    hotel.authority.asked.clear()
    outcome = hotel.sync()
    assert type(outcome.error) is UnreadableAnswer
    assert (hotel.entry(1).state, hotel.entry(1).last_error) == (State.PENDING, "unreadable_answer")
    assert hotel.entry(2).state is State.ACCEPTED
    hotel.authority.bad.clear()
    assert hotel.sync().counts["accepted"] == 1


def test_questions_go_round(hotel: Hotel) -> None:
    """If there is no time for all, the next run asks about those that were not asked about."""
    hotel.authority.script("pending*9,result:pending*50")
    hotel.add(*range(9))
    hotel.sync()
    hotel.wait(minutes=5)
    asked_in_run: list[list[str]] = []
    hotel.delay(plan.QUESTIONS_S / 3)
    for _run in range(3):
        hotel.authority.asked.clear()
        hotel.sync()
        asked_in_run.append(list(hotel.authority.asked))
    assert sorted(each for asked in asked_in_run for each in asked) == [uuid(number) for number in range(9)]
    assert [len(asked) for asked in asked_in_run] == [3, 3, 3]
