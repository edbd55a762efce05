"""One process delivers at a time; clocks differ; interruptions come at any time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import pytest
from authority_simulator import AuthoritySimulator
from conftest import NOW
from delivery_helpers import Hotel

from apoa_client.delivery.options import Outcome
from apoa_client.errors import Exit
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports import Change, Entry, Verdict
from apoa_client.report.deadline import CLOCK_TOLERANCE
from apoa_client.report.kinds import State

MINUTES = timedelta(minutes=1)


class RecordedInterruptions:
    """`ports.Interruptions` that records its calls, and interrupts the authority's calls if asked to."""

    def __init__(self, *, interrupts_calls: bool = False) -> None:
        self.seen: list[str] = []
        self._interrupts_calls = interrupts_calls

    @contextmanager
    def delayed(self) -> Iterator[None]:
        self.seen.append("delayed")
        yield
        self.seen.append("end")

    @contextmanager
    def allowed(self) -> Iterator[None]:
        self.seen.append("allowed")
        if self._interrupts_calls:
            raise KeyboardInterrupt
        yield
        self.seen.append("delayed again")


class RecordingSimulator(AuthoritySimulator):
    """A simulator that records its calls."""

    def __init__(self, interruptions: RecordedInterruptions) -> None:
        super().__init__()
        self.interruptions = interruptions

    def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        self.interruptions.seen.append("submit")
        return super().submit(bodies)


@pytest.fixture
def recorded(hotel: Hotel, monkeypatch: pytest.MonkeyPatch) -> RecordedInterruptions:
    """A property that records every step of a delivery."""
    interruptions = RecordedInterruptions()
    claim, settle = SqliteOutbox.claim, SqliteOutbox.settle

    def claimed(outbox: SqliteOutbox, *args: object, **named: object) -> tuple[str, list[Entry]]:
        interruptions.seen.append("claim")
        return claim(outbox, *args, **named)  # type: ignore[arg-type]  # passed through

    def settled(outbox: SqliteOutbox, lease: str, changes: Sequence[Change]) -> None:
        interruptions.seen.append("settle")
        settle(outbox, lease, changes)

    monkeypatch.setattr(SqliteOutbox, "claim", claimed)
    monkeypatch.setattr(SqliteOutbox, "settle", settled)
    hotel.authority = RecordingSimulator(interruptions)
    return interruptions


def test_no_call_while_another_process_delivers(hotel: Hotel) -> None:
    """The outcome is `busy`, which is not a failure."""
    hotel.add(1, 2)
    with hotel.outbox.delivery_lock(0) as ours:
        assert ours
        assert hotel.sync() == Outcome(busy=True, left=2)
    assert hotel.connections == 0
    assert hotel.sync().accepted == 2
    assert Outcome(busy=True, left=2).exit_code is Exit.DONE


def test_the_lock_is_released_after_a_failed_run(hotel: Hotel) -> None:
    """A later run is not `busy`."""
    hotel.add(1)
    hotel.authority.script("drop")
    assert hotel.sync().error is not None
    assert not hotel.sync().busy


def test_interruptions_are_delayed_from_claim_to_settle(hotel: Hotel, recorded: RecordedInterruptions) -> None:
    """Except during the call itself, which may take long."""
    hotel.add(1)
    hotel.sync(interruptions=recorded)
    assert recorded.seen == ["delayed", "claim", "allowed", "submit", "delayed again", "settle", "end"]


def test_requeue_without_a_call_is_not_interrupted(hotel: Hotel, recorded: RecordedInterruptions) -> None:
    """If the authority cannot be reached, the batch is claimed and requeued without an interruption between."""
    hotel.add(1)
    hotel.authority.script("meta:503")
    hotel.sync(interruptions=recorded)
    assert recorded.seen == ["delayed", "claim", "settle", "end"]


def test_interruption_before_the_call_keeps_reports_queued(hotel: Hotel) -> None:
    """No byte was sent, and no lease is left."""
    interruptions = RecordedInterruptions(interrupts_calls=True)
    hotel.add(1, 2)
    with pytest.raises(KeyboardInterrupt):
        hotel.sync(interruptions=interruptions)
    assert hotel.states() == [State.QUEUED] * 2
    assert hotel.authority.batches == []
    assert hotel.sync().accepted == 2


@pytest.mark.parametrize("ahead", [5 * MINUTES, -3 * MINUTES, timedelta(days=400)])
def test_a_wrong_clock_is_reported_and_stored(hotel: Hotel, ahead: timedelta) -> None:
    """Delivery goes on, because nothing depends on the clock."""
    hotel.authority.now = NOW + ahead
    hotel.add(1)
    outcome = hotel.sync()
    assert (outcome.clock_skew, outcome.accepted) == (ahead, 1)
    assert hotel.outbox.summary(now=NOW, soon=NOW).clock_skew == ahead


@pytest.mark.parametrize("ahead", [timedelta(), CLOCK_TOLERANCE, -CLOCK_TOLERANCE])
def test_a_small_clock_difference_is_not_reported(hotel: Hotel, ahead: timedelta) -> None:
    """It replaces an earlier larger one."""
    hotel.outbox.record_contact(NOW, NOW + 10 * MINUTES)
    hotel.authority.now = NOW + ahead
    hotel.add(1)
    assert hotel.sync().clock_skew is None
    assert hotel.outbox.summary(now=NOW, soon=NOW).clock_skew == ahead


def test_an_answer_without_a_time_keeps_the_clock_difference(hotel: Hotel) -> None:
    """Verdicts have no server time."""
    hotel.outbox.record_contact(NOW, NOW + 10 * MINUTES)
    hotel.outbox.record_contact(NOW + MINUTES)
    assert hotel.outbox.summary(now=NOW, soon=NOW).clock_skew == 10 * MINUTES
