"""What senders wait for, with the clocks of two desks and of the server an hour apart."""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import pytest
from basics import FixedClock
from outbox_helpers import HOUR, NOON, finding, report, uuid
from outbox_stores import AnyOutbox, Store

from apoa_client.ports.entries import Change, Entry, Selection
from apoa_client.ports.state import Actor
from apoa_client.report.kinds import State

MINUTE = timedelta(minutes=1)
CLOCKS = pytest.mark.parametrize(
    ("engine", "ahead"),
    [("sqlite", timedelta()), ("postgres", -HOUR), ("postgres", timedelta()), ("postgres", HOUR)],
)
"""How far the clock of the other desk is ahead, which for a file is on the same computer."""


class Desks(NamedTuple):
    """Two desks with one outbox. The clock of the second one is ahead; a server's is two hours behind the first."""

    first: AnyOutbox
    second: AnyOutbox
    ahead: timedelta

    def entry(self, number: int = 1) -> Entry:
        """The report as the second desk sees it."""
        [entry] = self.second.find(uuid(number))
        return entry


@pytest.fixture
def desks(store: Store, engine: str, ahead: timedelta, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desks]:
    """It is noon at the first desk, which has a report."""
    if engine == "postgres":
        from apoa_client.outbox.postgres.database import PostgresDatabase

        monkeypatch.setattr(PostgresDatabase, "now", lambda _db, _here: NOON - 2 * HOUR)
    actors = [Actor(lambda: "wayan", FixedClock(now).now) for now in (NOON, NOON + ahead)]
    with store.open(actor=actors[0]) as first, store.open(actor=actors[1]) as second:
        first.add(report(1), due_at=NOON + 9 * HOUR)
        yield Desks(first, second, ahead)


@CLOCKS
def test_the_time_that_the_authority_asked_for(desks: Desks) -> None:
    """Is as far away for each desk, alone and in the summary."""
    desks.first.hold(NOON + 10 * MINUTE)
    there = NOON + desks.ahead
    assert desks.second.restrictions().hold_until == there + 10 * MINUTE
    assert desks.second.summary(now=there, soon=there).hold_until == there + 10 * MINUTE
    desks.second.hold(there + 5 * MINUTE)
    assert desks.first.restrictions().hold_until == NOON + 5 * MINUTE


@CLOCKS
def test_backoff_and_time_of_a_report(desks: Desks) -> None:
    """Likewise; a deadline is a fact, and the code of the row is right."""
    lease, _claimed = desks.first.claim([uuid(1)], now=NOON, lease_until=NOON + 5 * MINUTE)
    change = Change(uuid(1), State.QUEUED, "deferred", NOON + MINUTE, NOON + 2 * MINUTE, errors=(finding(),))
    desks.first.settle(lease, [change])
    for entry in (desks.entry(), *desks.second.heads(), *desks.second.entries(Selection())):
        assert entry.next_attempt_at == NOON + desks.ahead + MINUTE
        assert entry.not_before == NOON + desks.ahead + 2 * MINUTE
        assert entry.due_at == NOON + 9 * HOUR
    assert desks.second.integrity.verify().doubts == ()


@CLOCKS
def test_a_lease(desks: Desks) -> None:
    """Likewise: another desk does not take a report that is being sent for one that was left."""
    _lease, [claimed] = desks.first.claim([uuid(1)], now=NOON, lease_until=NOON + 5 * MINUTE)
    assert claimed.lease_until == NOON + 5 * MINUTE
    there = NOON + desks.ahead
    assert desks.entry().lease_until == there + 5 * MINUTE
    assert desks.second.summary(now=there, soon=there).lease_until == there + 5 * MINUTE


@CLOCKS
def test_what_is_put_back_as_it_was(desks: Desks) -> None:
    """What a desk read and writes again is the same time."""
    lease, _claimed = desks.first.claim([uuid(1)], now=NOON, lease_until=NOON)
    desks.first.settle(lease, [Change(uuid(1), State.QUEUED, not_before=NOON + MINUTE)])
    there = NOON + desks.ahead
    lease, [entry] = desks.second.claim([uuid(1)], now=there, lease_until=there)
    desks.second.settle(lease, [Change(uuid(1), State.QUEUED, not_before=entry.not_before)])
    [again] = desks.first.find(uuid(1))
    assert again.not_before == NOON + MINUTE
