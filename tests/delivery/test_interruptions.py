"""Clocks differ; interruptions come at any time; a run ends when the authority is silent."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import timedelta

import pytest
from authority_simulator import AuthoritySimulator
from basics import NOW
from delivery_helpers import Hotel, report
from outbox_helpers import uuid

from apoa_client.delivery.options import Uninterrupted
from apoa_client.errors import Exit, SecretMissing, TimedOut
from apoa_client.messages import msg
from apoa_client.ports.authority import Status, Verdict
from apoa_client.report.kinds import CLOCK_TOLERANCE, Receipt, State

MINUTES = timedelta(minutes=1)


def test_interruption_before_the_call_keeps_reports_queued(hotel: Hotel) -> None:
    """No byte was sent, and no lease is left."""

    class Interrupted(Uninterrupted):
        def allowed(self) -> nullcontext[None]:
            raise KeyboardInterrupt

    hotel.add(1, 2)
    with pytest.raises(KeyboardInterrupt):
        hotel.sync(interruptions=Interrupted())
    assert hotel.states() == [State.QUEUED] * 2
    assert hotel.authority.batches == []
    assert hotel.sync().counts["accepted"] == 2


@pytest.mark.parametrize("ahead", [5 * MINUTES, -3 * MINUTES, timedelta(days=400)])
def test_a_wrong_clock_is_reported_and_stored(hotel: Hotel, ahead: timedelta) -> None:
    """Delivery goes on, because nothing depends on the clock."""
    hotel.authority.now = NOW + ahead
    hotel.add(1)
    outcome = hotel.sync()
    assert (outcome.clock_skew, outcome.counts["accepted"]) == (ahead, 1)
    assert hotel.outbox.summary(now=NOW, soon=NOW).clock_skew == ahead


@pytest.mark.parametrize("ahead", [timedelta(), CLOCK_TOLERANCE, -CLOCK_TOLERANCE])
def test_a_small_clock_difference_is_not_reported(hotel: Hotel, ahead: timedelta) -> None:
    """It replaces an earlier larger one."""
    hotel.outbox.record_contact(NOW, NOW + 10 * MINUTES)
    hotel.authority.now = NOW + ahead
    hotel.add(1)
    assert hotel.sync().clock_skew is None
    assert hotel.outbox.summary(now=NOW, soon=NOW).clock_skew == ahead


def test_a_person_is_asked_before_anything_is_claimed(hotel: Hotel) -> None:
    """A question without an answer holds up no other process, and takes no time of the run."""
    hotel.add(1)
    states: list[State] = []

    def connect() -> AuthoritySimulator:
        states.extend(hotel.states())
        hotel.wait(minutes=20)
        return hotel.authority

    assert hotel.sync(connect=connect).counts["accepted"] == 1
    assert states == [State.QUEUED]


def test_an_error_before_the_first_call_ends_the_run(hotel: Hotel) -> None:
    """A missing password is the outcome's error, and the reports stay queued."""
    hotel.add(1)

    def connect() -> AuthoritySimulator:
        raise SecretMissing(msg("No password."))

    outcome = hotel.sync(connect=connect)
    assert (type(outcome.error), outcome.exit_code, outcome.left) == (SecretMissing, Exit.CREDENTIALS, 1)
    assert hotel.entry(1).attempts == 0


class SilentSimulator(AuthoritySimulator):
    """An authority that never answers a report; each call takes as long as it may."""

    def __init__(self, hotel: Hotel) -> None:
        super().__init__()
        self._hotel = hotel
        self.calls_s: list[float] = []

    def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        self.batches.append([each[0] for each in bodies])
        self.calls_s.append(min(60.0, self._hotel.time_left()))
        self._hotel.wait(seconds=self.calls_s[-1])
        raise TimedOut(msg("No answer."))


@pytest.mark.parametrize(("wait_s", "calls"), [(None, [60, 60]), (90.0, [60, 30]), (5.0, [5])])
def test_a_run_without_answers_is_bounded(hotel: Hotel, wait_s: float | None, calls: list[float]) -> None:
    """Smaller batches are tried, but not for longer than two minutes, and `wait_s` bounds a call under way."""
    hotel.authority = silent = SilentSimulator(hotel)
    hotel.add(*range(60))
    outcome = hotel.sync(wait_s=wait_s)
    assert (type(outcome.error), outcome.left) == (TimedOut, 60)
    assert silent.calls_s == calls


def test_a_run_ends_after_ten_minutes(hotel: Hotel) -> None:
    """What is left goes in the next run."""
    hotel.authority.max_batch = 1
    hotel.delay(100)
    hotel.add(*range(9))
    outcome = hotel.sync()
    assert (outcome.counts["accepted"], outcome.left, outcome.error, outcome.exit_code) == (6, 3, None, Exit.NOT_NOW)


def test_one_receipt_number_for_several_guests(hotel: Hotel) -> None:
    """It is a mistake of the authority, and the outcome names the number; reports of one stay may share one."""
    receipts = {1: "STT-1", 2: "STT-1", 3: "STT-1", 4: "STT-4", 5: "STT-4"}

    def submit(bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        numbers = {uuid(number): text for number, text in receipts.items()}
        return [Verdict(each, Status.ACCEPTED, Receipt(numbers[each], NOW)) for each, _body in bodies]

    hotel.authority.submit = submit  # type: ignore[method-assign]  # the same number again and again
    hotel.add(1, 2, 3)
    hotel.add(4, 5, stay=4)
    outcome = hotel.sync()
    assert (outcome.counts["accepted"], outcome.repeated_receipts) == (5, {"STT-1": 3})
    hotel.add(6)
    receipts[6] = "STT-4"
    assert hotel.sync().repeated_receipts == {"STT-4": 2}  # also if the other was sent days ago


def test_a_duplicate_has_the_number_of_another_report(hotel: Hotel) -> None:
    """That is no mistake."""
    hotel.add(1)
    hotel.sync()
    hotel.outbox.add(report(2, document=1), due_at=None)
    outcome = hotel.sync()
    assert (outcome.counts["duplicate"], outcome.repeated_receipts) == (1, {})
    hotel.add(3)
    assert hotel.sync().repeated_receipts == {}
