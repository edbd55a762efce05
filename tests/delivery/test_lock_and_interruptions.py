"""One process at a time, clocks that differ, and interruptions that come at the worst moment."""

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


class Steps:
    """`ports.Interruptions` that writes down what is held and heard; somebody interrupts where he is told to."""

    def __init__(self, *, interrupts_calls: bool = False) -> None:
        self.seen: list[str] = []
        self._interrupts_calls = interrupts_calls

    @contextmanager
    def delayed(self) -> Iterator[None]:
        self.seen.append("delayed")
        yield
        self.seen.append("let go")

    @contextmanager
    def allowed(self) -> Iterator[None]:
        self.seen.append("allowed")
        if self._interrupts_calls:
            raise KeyboardInterrupt
        yield
        self.seen.append("delayed again")


class Watched(AuthoritySimulator):
    """It says when it is called."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self.witness = steps

    def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        self.witness.seen.append("submit")
        return super().submit(bodies)


@pytest.fixture
def watched(hotel: Hotel, monkeypatch: pytest.MonkeyPatch) -> Steps:
    """A house in which every step of a delivery is written down."""
    steps = Steps()
    claim, settle = SqliteOutbox.claim, SqliteOutbox.settle

    def claimed(outbox: SqliteOutbox, *args: object, **named: object) -> tuple[str, list[Entry]]:
        steps.seen.append("claim")
        return claim(outbox, *args, **named)  # type: ignore[arg-type]  # handed through

    def settled(outbox: SqliteOutbox, lease: str, changes: Sequence[Change]) -> None:
        steps.seen.append("settle")
        settle(outbox, lease, changes)

    monkeypatch.setattr(SqliteOutbox, "claim", claimed)
    monkeypatch.setattr(SqliteOutbox, "settle", settled)
    hotel.authority = Watched(steps)
    return steps


def test_while_another_delivers_nothing_is_called(hotel: Hotel) -> None:
    """The run says that it left the queue to the other one, and that is no failure."""
    hotel.add(1, 2)
    with hotel.outbox.delivery_lock(0) as ours:
        assert ours
        assert hotel.sync() == Outcome(busy=True, left=2)
    assert hotel.connections == 0
    assert hotel.sync().accepted == 2
    assert Outcome(busy=True, left=2).exit_code is Exit.DONE


def test_a_turn_ends_with_its_run(hotel: Hotel) -> None:
    """However the run ended."""
    hotel.add(1)
    hotel.authority.script("drop")
    assert hotel.sync().error is not None
    assert not hotel.sync().busy


def test_an_interruption_waits_from_the_claim_to_the_writing_down(hotel: Hotel, watched: Steps) -> None:
    """But for the call itself: then the line decides how long it takes."""
    hotel.add(1)
    hotel.sync(interruptions=watched)
    assert watched.seen == ["delayed", "claim", "allowed", "submit", "delayed again", "settle", "let go"]


def test_where_the_authority_is_away_the_batch_backs_off_in_one_piece(hotel: Hotel, watched: Steps) -> None:
    """Claimed and given back, with no interruption between."""
    hotel.add(1)
    hotel.authority.script("meta:503")
    hotel.sync(interruptions=watched)
    assert watched.seen == ["delayed", "claim", "settle", "let go"]


def test_an_interruption_before_the_call_leaves_the_reports_in_the_queue(hotel: Hotel) -> None:
    """Not a byte has left, and no lease is left behind."""
    steps = Steps(interrupts_calls=True)
    hotel.add(1, 2)
    with pytest.raises(KeyboardInterrupt):
        hotel.sync(interruptions=steps)
    assert hotel.states() == [State.QUEUED] * 2
    assert hotel.authority.batches == []
    assert hotel.sync().accepted == 2


@pytest.mark.parametrize("ahead", [5 * MINUTES, -3 * MINUTES, timedelta(days=400)])
def test_a_clock_that_is_wrong_is_told_and_remembered(hotel: Hotel, ahead: timedelta) -> None:
    """Delivery goes on all the same: nothing depends on the clock but what people read from it."""
    hotel.authority.now = NOW + ahead
    hotel.add(1)
    outcome = hotel.sync()
    assert (outcome.clock_skew, outcome.accepted) == (ahead, 1)
    assert hotel.outbox.summary(now=NOW, soon=NOW).clock_skew == ahead


@pytest.mark.parametrize("ahead", [timedelta(), CLOCK_TOLERANCE, -CLOCK_TOLERANCE])
def test_a_clock_that_is_right_enough_is_no_matter(hotel: Hotel, ahead: timedelta) -> None:
    """An earlier difference is forgotten."""
    hotel.outbox.record_contact(NOW, NOW + 10 * MINUTES)
    hotel.authority.now = NOW + ahead
    hotel.add(1)
    assert hotel.sync().clock_skew is None
    assert hotel.outbox.summary(now=NOW, soon=NOW).clock_skew == ahead


def test_an_answer_without_a_time_leaves_what_is_known_of_the_clock(hotel: Hotel) -> None:
    """Verdicts tell no time."""
    hotel.outbox.record_contact(NOW, NOW + 10 * MINUTES)
    hotel.outbox.record_contact(NOW + MINUTES)
    assert hotel.outbox.summary(now=NOW, soon=NOW).clock_skew == 10 * MINUTES
