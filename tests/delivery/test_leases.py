"""Senders without a lock: leases alone decide who sends a report, in either engine."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from authority_simulator import AuthoritySimulator
from basics import NOW, FixedClock
from delivery_helpers import SETTINGS, Hotel, ProgressRecorder
from outbox_helpers import uuid
from outbox_stores import Store

from apoa_client.delivery import plan
from apoa_client.delivery.options import Dependencies, Outcome, RunOptions
from apoa_client.delivery.sync import deliver
from apoa_client.errors import Exit, TimedOut
from apoa_client.messages import msg
from apoa_client.outbox.sql.store import Outbox
from apoa_client.ports.authority import Verdict
from apoa_client.ports.entries import Entry
from apoa_client.report.kinds import State

ADVICE = msg("Try again later.")


class Stopping(AuthoritySimulator):
    """An authority for one sender, which is stopped (Ctrl-Z) during its first call. Other senders have another one."""

    def __init__(self, meanwhile: Callable[[], object], error: BaseException | None = None) -> None:
        super().__init__()
        self._meanwhile: Callable[[], object] | None = meanwhile
        self._error = error

    def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            meanwhile()
        if self._error is not None:
            raise self._error
        return super().submit(bodies)


class Unreadable(AuthoritySimulator):
    """An authority that answers nothing readable to a call with reports, so that each is asked about."""

    def __init__(self, before_answer: Callable[[], object]) -> None:
        super().__init__()
        self._before_answer = before_answer

    def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        super().submit(bodies)
        return []

    def verdict(self, report_id: str) -> Verdict | None:
        self._before_answer()
        return super().verdict(report_id)


@pytest.fixture
def other(hotel: Hotel, store: Store) -> Iterator[Hotel]:
    """Another sender of the same property, with the same clock."""
    opened = Hotel(store, hotel.clock, hotel.authority)
    yield opened
    opened.close()


def rows(hotel: Hotel) -> list[Entry]:
    """Everything that the outbox says about its reports."""
    return [hotel.entry(number) for number in (1, 2, 3)]


@pytest.mark.parametrize("error", [None, TimedOut(msg("No answer.")), KeyboardInterrupt()])
def test_a_stopped_sender_is_passed_after_five_minutes(hotel: Hotel, other: Hotel, error: BaseException | None) -> None:
    """Others send everything else at once, and what it had after its lease. When it wakes, it stores nothing."""
    hotel.add(1, 2)
    seen: list[Outcome] = []
    stored: list[Entry] = []

    def meanwhile() -> None:
        other.add(3)
        seen.append(other.sync())
        hotel.wait(minutes=4, seconds=59)
        seen.append(other.sync())
        hotel.wait(seconds=1)
        seen.append(other.sync())
        stored.extend(rows(other))

    hotel.authority = Stopping(meanwhile, error)
    if isinstance(error, KeyboardInterrupt):
        with pytest.raises(KeyboardInterrupt):
            hotel.sync()
    else:
        hotel.sync()
    assert [(each.counts["accepted"], each.left, each.leased, each.exit_code) for each in seen] == [
        (1, 2, 2, Exit.NOT_NOW),
        (0, 2, 2, Exit.NOT_NOW),
        (2, 0, 0, Exit.DONE),
    ]
    assert [each.leased_until for each in seen] == [NOW + plan.LEASE, NOW + plan.LEASE, None]
    assert [entry.state for entry in stored] == [State.ACCEPTED] * 3
    assert rows(hotel) == stored


def test_a_report_whose_lease_was_lost_before_the_call_is_not_sent(
    hotel: Hotel, other: Hotel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process was stopped between the claim and the call: it asks for its lease first."""
    hotel.add(1)
    claim = Outbox.claim

    def stopped(outbox: Outbox, *args: object, **named: object) -> tuple[str, list[Entry]]:
        claimed = claim(outbox, *args, **named)  # type: ignore[arg-type]  # passed through
        if outbox is hotel.outbox:
            hotel.wait(minutes=5)
            assert other.sync().counts["accepted"] == 1
        return claimed

    monkeypatch.setattr(Outbox, "claim", stopped)
    outcome = hotel.sync()
    assert (outcome.sent, outcome.error, outcome.left) == (0, None, 0)
    assert hotel.authority.batches == [[uuid(1)]]


def test_a_lease_is_renewed_while_questions_take_longer(hotel: Hotel, other: Hotel) -> None:
    """Each report of a call is asked about for a minute: no other sender takes them meanwhile."""
    hotel.add(*range(8))
    asked: list[Outcome] = []

    def a_minute_passes() -> None:
        hotel.wait(seconds=60)
        asked.append(other.sync())

    hotel.authority = Unreadable(a_minute_passes)
    assert hotel.sync().counts["accepted"] == 8
    assert [each.counts["accepted"] for each in asked] == [0] * 8
    assert hotel.states() == [State.ACCEPTED] * 8
    assert hotel.sizes() == [8]


def test_a_lease_that_is_lost_between_questions_ends_them(hotel: Hotel, other: Hotel) -> None:
    """What another sender took over meanwhile is not asked about any more, and its results stay."""
    hotel.add(1, 2, 3)
    stored: list[Entry] = []

    def stopped() -> None:
        assert not stored
        hotel.wait(minutes=5)
        assert other.sync().counts["accepted"] == 3
        stored.extend(rows(other))

    hotel.authority = Unreadable(stopped)
    hotel.sync()
    assert rows(hotel) == stored


def test_nothing_is_sent_during_maintenance(hotel: Hotel, other: Hotel) -> None:
    """A run then says which command is at work, and exits with 75; afterwards everything is sent."""
    hotel.add(1)
    with other.outbox.maintenance(ADVICE, wait_s=0):
        outcome = hotel.sync()
        assert outcome.error is not None
        assert (outcome.error.name, outcome.exit_code, outcome.left) == ("under_maintenance", Exit.NOT_NOW, 1)
    assert hotel.authority.batches == []
    assert hotel.sync().counts["accepted"] == 1


class OneCallAtATime(AuthoritySimulator):
    """An authority that several threads may call."""

    def __init__(self) -> None:
        super().__init__(max_batch=3)
        self._lock = threading.Lock()

    def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        with self._lock:
            return super().submit(bodies)


def test_two_senders_at_once_send_each_report_once(hotel: Hotel, store: Store, clock: FixedClock) -> None:
    """A `report` and a `sync` at the same time: both work, check the outbox, and find nothing wrong."""
    hotel.add(*range(40))
    authority, begin = OneCallAtATime(), threading.Barrier(2)

    def work(_number: int) -> Outcome:
        begin.wait(60)
        with store.open() as outbox:
            parts = Dependencies(outbox, lambda _left: authority, clock, lambda: 0.5, ProgressRecorder())
            return deliver(parts, RunOptions(SETTINGS))

    with ThreadPoolExecutor(2) as senders:
        outcomes = list(senders.map(work, range(2)))
    assert sum(each.counts["accepted"] for each in outcomes) == 40
    assert [(each.error, each.doubts, each.repaired) for each in outcomes] == [(None, (), {})] * 2
    assert sorted(each for batch in authority.batches for each in batch) == sorted(map(uuid, range(40)))
    assert hotel.states() == [State.ACCEPTED] * 40


def test_a_guest_is_sent_first_while_another_sender_works(hotel: Hotel, other: Hotel) -> None:
    """Whatever else waits: the sender of the report begins with it."""
    hotel.authority.max_batch = 2
    hotel.add(*range(6))
    submit = hotel.authority.submit

    def busy(bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        hotel.authority.submit = submit  # type: ignore[method-assign]
        other.add(9)
        assert other.sync(first=uuid(9)).error is None
        return submit(bodies)

    hotel.authority.submit = busy  # type: ignore[method-assign]  # another sender comes during the first call
    assert hotel.sync().error is None
    assert hotel.authority.batches[0][0] == uuid(9)
    assert hotel.states() == [State.ACCEPTED] * 7


@pytest.mark.parametrize(("restrict", "name"), [("429=60", "authority_busy"), ("401*2", "wrong_password")])
def test_what_the_authority_says_to_one_sender_is_heeded_by_all(
    hotel: Hotel, other: Hotel, restrict: str, name: str
) -> None:
    """A time to wait, or a refused password, ends the run of another sender before its next batch."""
    hotel.authority = Stopping(other.sync)
    hotel.authority.max_batch = 5
    other.authority.script(restrict)
    hotel.add(*range(10))
    outcome = hotel.sync()
    assert outcome.error is not None
    assert (outcome.error.name, outcome.counts["accepted"], hotel.sizes()) == (name, 5, [5])
    assert hotel.sync().error is not None
    assert hotel.sizes() == [5]


@pytest.mark.parametrize(
    ("engine", "ahead"), [("sqlite", 0), ("postgres", -1), ("postgres", 1)], ids=["one computer", "behind", "ahead"]
)
def test_a_time_to_wait_holds_for_each_clock(
    hotel: Hotel, store: Store, engine: str, ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock of another desk is hours ahead: no desk calls before the end of the time, and each does after it.

    `tests/outbox/test_claims.py` has the other times that desks share.
    """
    if engine == "postgres":
        from apoa_client.outbox.postgres.database import PostgresDatabase

        monkeypatch.setattr(PostgresDatabase, "now", lambda _db, _here: hotel.clock.now())
    second = Hotel(store, FixedClock(NOW + timedelta(hours=ahead)), hotel.authority)
    hotel.add(1, 2)
    hotel.authority.script("429=600")
    assert hotel.sync().error is not None
    calls = hotel.sizes()
    for desk in (hotel, second):
        desk.wait(seconds=599)
    for desk in (second, hotel):
        outcome = desk.sync()
        assert outcome.error is not None
        assert outcome.error.name == "authority_busy"
    assert hotel.sizes() == calls
    second.wait(seconds=2)
    hotel.wait(seconds=2)
    assert second.sync().counts["accepted"] == 2
    second.close()
