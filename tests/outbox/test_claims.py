"""Several processes at one queue: each report is sent by one of them, and a dead process blocks nothing forever."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from datetime import timedelta
from typing import NamedTuple

import pytest
from basics import FixedClock
from outbox_helpers import HOUR, NOON, add, finding, receipt, report, uuid
from outbox_stores import AnyOutbox, Store

from apoa_client.errors import NotNow, OutboxDamaged
from apoa_client.messages import msg
from apoa_client.outbox.sql import claims as module
from apoa_client.outbox.sql.claims import Maintenance
from apoa_client.ports.entries import Change, Entry, Selection
from apoa_client.ports.state import Actor
from apoa_client.report.kinds import State


def test_an_expired_lease_is_taken_over(outbox: AnyOutbox) -> None:
    """Not earlier; and the previous holder can settle nothing any more. One that ends too late has a wrong clock."""
    outbox.add(report(1), due_at=None)
    old, _ = outbox.claim([uuid(1)], now=NOON, lease_until=NOON + HOUR)
    early = NOON + HOUR - timedelta(milliseconds=1)
    assert outbox.claim([uuid(1)], now=early, lease_until=NOON + 9 * HOUR)[1] == []
    new, [entry] = outbox.claim([uuid(1)], now=NOON + HOUR, lease_until=NOON + 2 * HOUR)
    assert (entry.attempts, entry.lease_until) == (2, NOON + 2 * HOUR)
    outbox.settle(old, [Change(uuid(1), State.REJECTED)])
    assert outbox.find(uuid(1))[0].state is State.SENDING
    assert len(outbox.claim([uuid(1)], now=NOON, lease_until=NOON + HOUR)[1]) == 1
    outbox.settle(new, [Change(uuid(1), State.REJECTED)])
    assert outbox.find(uuid(1))[0].state is State.SENDING


def test_a_report_is_claimed_after_the_one_before_it(outbox: AnyOutbox) -> None:
    """Not while an earlier report of the stay is open, whatever the caller saw when it looked."""
    for number in (1, 2):
        outbox.add(report(number, stay=1), due_at=None)
    assert [entry.id for entry in outbox.claim([uuid(1), uuid(2)], now=NOON, lease_until=NOON + HOUR)[1]] == [uuid(1)]
    lease, _ = outbox.claim([uuid(2), uuid(1)], now=NOON + HOUR, lease_until=NOON + 2 * HOUR)
    outbox.settle(lease, [Change(uuid(1), State.PENDING)])
    assert outbox.claim([uuid(2)], now=NOON, lease_until=NOON + HOUR)[1] == []
    outbox.settle_pending([Change(uuid(1), State.ACCEPTED, receipt=receipt())])
    assert len(outbox.claim([uuid(2)], now=NOON, lease_until=NOON + HOUR)[1]) == 1


def test_a_lease_is_renewed_by_its_token(outbox: AnyOutbox) -> None:
    """For all its reports, also when it is over already; not once another process has taken them over."""
    add(outbox, 1, 2)
    lease, _ = outbox.claim([uuid(1), uuid(2)], now=NOON, lease_until=NOON + HOUR)
    assert outbox.renew(lease, now=NOON, lease_until=NOON + 3 * HOUR)
    assert [entry.lease_until for entry in outbox.heads()] == [NOON + 3 * HOUR] * 2
    assert outbox.authenticate(ask=True).doubts == ()  # no code is over a lease
    assert outbox.renew(lease, now=NOON + 3 * HOUR, lease_until=NOON + 4 * HOUR)
    assert outbox.claim([uuid(1)], now=NOON + 3 * HOUR, lease_until=NOON + 5 * HOUR)[1] == []
    later, claimed = outbox.claim([uuid(1), uuid(2)], now=NOON + 4 * HOUR, lease_until=NOON + 5 * HOUR)
    assert len(claimed) == 2
    assert not outbox.renew(lease, now=NOON + 4 * HOUR, lease_until=NOON + 9 * HOUR)
    assert [entry.lease_until for entry in outbox.heads()] == [NOON + 5 * HOUR] * 2
    outbox.settle(later, [Change(uuid(1), State.QUEUED), Change(uuid(2), State.QUEUED)])
    assert not outbox.renew(later, now=NOON, lease_until=NOON + HOUR)


def test_a_released_report_is_as_before(outbox: AnyOutbox) -> None:
    """What another process has taken over, or was settled, is left alone."""
    outbox.add(report(1), due_at=None)
    [before] = outbox.find(uuid(1))
    lease, _ = outbox.claim([uuid(1)], now=NOON, lease_until=NOON + HOUR)
    outbox.release(lease)
    assert outbox.find(uuid(1)) == [before]
    assert outbox.authenticate(ask=True).doubts == ()
    old, _ = outbox.claim([uuid(1)], now=NOON, lease_until=NOON + HOUR)
    outbox.claim([uuid(1)], now=NOON + HOUR, lease_until=NOON + 2 * HOUR)
    outbox.release(old)
    assert outbox.find(uuid(1))[0].state is State.SENDING


ADVICE = msg("Try again later.")
LEASE = timedelta(minutes=5)


class Desk:
    """One of several processes at an outbox, and the clock of all."""

    def __init__(self, store: Store, clock: FixedClock, command: str) -> None:
        self.clock = clock
        self.outbox: AnyOutbox = store.open(actor=Actor(lambda: "wayan", clock.now, command))

    def claim(self, number: int) -> str:
        """Claim a report for five minutes; "" if it cannot be claimed."""
        now = self.clock.now()
        lease, claimed = self.outbox.claim([uuid(number)], now=now, lease_until=now + LEASE)
        return lease if claimed else ""

    def alone(self, wait_s: float = 0) -> AbstractContextManager[Maintenance]:
        """Maintenance of the outbox by this process."""
        return self.outbox.maintenance(ADVICE, wait_s=wait_s, name="delivery_underway")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made: none of them takes time."""
    made: list[float] = []
    monkeypatch.setattr(module, "sleep", made.append)
    return made


@pytest.fixture
def admin(store: Store, clock: FixedClock, pauses: list[float]) -> Iterator[Desk]:
    """A process that changes keys; one report waits."""
    desk = Desk(store, clock, "apoa key")
    desk.outbox.add(report(1), due_at=None)
    assert pauses == []
    with desk.outbox:
        yield desk


@pytest.fixture
def sender(store: Store, clock: FixedClock) -> Iterator[Desk]:
    """A process that sends."""
    desk = Desk(store, clock, "apoa sync")
    with desk.outbox:
        yield desk


def test_nothing_is_claimed_meanwhile(admin: Desk, sender: Desk) -> None:
    """The error names the command that is at work. Guests are saved all the same.

    Other maintenance is refused too: a call that runs is no reason then.
    """
    with admin.alone():
        with pytest.raises(NotNow) as second, sender.alone(wait_s=1):
            pytest.fail("two at a time")
        assert "apoa key" in second.value.message.render()
        with pytest.raises(NotNow) as caught:
            sender.claim(1)
        assert caught.value.name == "under_maintenance"
        assert f"apoa key (process {os.getpid()})" in caught.value.message.render()
        sender.outbox.add(report(2), due_at=None)
    with sender.alone():
        pass
    assert sender.claim(1)
    assert sender.claim(2)


def test_it_waits_for_a_call(admin: Desk, sender: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which stores its results meanwhile; then nothing is being sent."""
    lease = sender.claim(1)
    states: list[State] = []

    def answered(_seconds: float) -> None:
        states.append(sender.outbox.find(uuid(1))[0].state)
        if len(states) == 2:
            sender.outbox.settle(lease, [Change(uuid(1), State.ACCEPTED, receipt=receipt())])

    monkeypatch.setattr(module, "sleep", answered)
    with admin.alone(wait_s=30):
        assert sender.outbox.find(uuid(1))[0].state is State.ACCEPTED
    assert states == [State.SENDING] * 2


def test_it_gives_up_waiting(admin: Desk, sender: Desk, pauses: list[float]) -> None:
    """With the caller's advice and name, after the time that it wants to wait; and reports are claimed again."""
    sender.outbox.add(report(2), due_at=None)
    sender.claim(1)
    with pytest.raises(NotNow) as caught, admin.alone(wait_s=10):
        pytest.fail("a report is being sent")
    assert (caught.value.name, caught.value.advice) == ("delivery_underway", ADVICE)
    assert 9 < sum(pauses) <= 10
    assert sender.claim(2)


def test_a_stopped_sender_holds_nothing_up_for_longer_than_its_lease(
    admin: Desk, sender: Desk, pauses: list[float]
) -> None:
    """And what a sender with a wrong clock left does not at all."""
    sender.claim(1)
    admin.clock.forward(LEASE)
    with admin.alone():
        pass
    sender.claim(1)
    admin.clock.forward(-timedelta(hours=3))
    with admin.alone():
        pass
    assert pauses == []


def test_one_from_a_wrong_clock_is_over(admin: Desk, sender: Desk) -> None:
    """A clock that was set back holds up nothing for longer, and whatever is raised inside ends it."""
    with suppress(KeyboardInterrupt), admin.alone():
        admin.clock.forward(-timedelta(hours=1))
        sender.outbox.release(sender.claim(1))
        admin.clock.forward(timedelta(hours=1))
        raise KeyboardInterrupt
    assert sender.claim(1)


def test_a_killed_one_ends_by_itself(admin: Desk, sender: Desk) -> None:
    """After five minutes reports are claimed, and other maintenance may begin: the first one, which wakes, then stops.

    It leaves the record of the other one alone.
    """
    killed = admin.alone()
    first = killed.__enter__()
    admin.clock.forward(LEASE)
    assert sender.claim(1)
    admin.clock.forward(LEASE)
    with sender.alone():
        with pytest.raises(NotNow) as caught:
            first.renew()
        assert caught.value.name == "delivery_underway"
        killed.__exit__(None, None, None)
        with pytest.raises(NotNow):
            admin.claim(1)
    with sender.alone():
        pass


def test_long_work_renews_it(admin: Desk, sender: Desk) -> None:
    """Every few minutes: then it lasts as long as the work."""
    with admin.alone() as work:
        for _minute in range(12):
            admin.clock.forward(timedelta(minutes=1))
            work.renew()
            with pytest.raises(NotNow):
                sender.claim(1)
    with pytest.raises(NotNow):  # it was ended
        work.renew()


@pytest.mark.parametrize("value", ["", "x", "a b c d", "token 99999999999999 12"])
def test_what_cannot_be_read_lets_nothing_be_claimed(admin: Desk, sender: Desk, store: Store, value: str) -> None:
    """This program never wrote it: the outbox is damaged."""
    with admin.alone():
        store.change("UPDATE memo SET value = ? WHERE key = 'maintenance'", value)
        with pytest.raises(OutboxDamaged):
            sender.claim(1)
        with pytest.raises(OutboxDamaged), sender.alone():
            pytest.fail("it may be under maintenance")
    assert sender.outbox.find(uuid(1))[0].state is State.QUEUED


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

    def entry(self) -> Entry:
        """The report as the second desk sees it."""
        [entry] = self.second.find(uuid(1))
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
def test_the_times_of_a_report(desks: Desks) -> None:
    """Likewise, its lease too; a deadline is a fact, and the code of the row is right. What is read is written again.

    Another desk does not take a report that is being sent for one that was left.
    """
    lease, [claimed] = desks.first.claim([uuid(1)], now=NOON, lease_until=NOON + 5 * MINUTE)
    assert claimed.lease_until == NOON + 5 * MINUTE
    there = NOON + desks.ahead
    assert desks.entry().lease_until == there + 5 * MINUTE
    assert desks.second.summary(now=there, soon=there).lease_until == there + 5 * MINUTE
    change = Change(uuid(1), State.QUEUED, "deferred", NOON + MINUTE, NOON + 2 * MINUTE, errors=(finding(),))
    desks.first.settle(lease, [change])
    for entry in (desks.entry(), *desks.second.heads(), *desks.second.entries(Selection())):
        assert (entry.next_attempt_at, entry.not_before) == (there + MINUTE, there + 2 * MINUTE)
        assert entry.due_at == NOON + 9 * HOUR
    assert desks.second.integrity.verify().doubts == ()
    lease, [entry] = desks.second.claim([uuid(1)], now=there, lease_until=there)
    desks.second.settle(lease, [Change(uuid(1), State.QUEUED, not_before=entry.not_before)])
    assert desks.first.find(uuid(1))[0].not_before == NOON + 2 * MINUTE
