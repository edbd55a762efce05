"""Maintenance of an outbox: nothing is claimed meanwhile, and it waits for the leases that run; it ends by itself."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from basics import FixedClock
from outbox_helpers import receipt, report, uuid
from outbox_stores import AnyOutbox, Store

from apoa_client.errors import NotNow, OutboxDamaged
from apoa_client.messages import msg
from apoa_client.outbox.sql import claims as module
from apoa_client.outbox.sql.claims import Maintenance
from apoa_client.ports.entries import Change
from apoa_client.ports.state import Actor
from apoa_client.report.kinds import State

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
    """The error names the command that is at work. Guests are saved all the same."""
    with admin.alone():
        with pytest.raises(NotNow) as caught:
            sender.claim(1)
        assert caught.value.name == "under_maintenance"
        assert f"apoa key (process {os.getpid()})" in caught.value.message.render()
        sender.outbox.add(report(2), due_at=None)
    assert sender.claim(1)
    assert sender.claim(2)


def test_an_error_ends_it(admin: Desk, sender: Desk) -> None:
    """Whatever is raised inside."""
    with pytest.raises(KeyboardInterrupt), admin.alone():
        raise KeyboardInterrupt
    assert sender.claim(1)


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


def test_one_at_a_time(admin: Desk, sender: Desk) -> None:
    """The second one is refused, and the error names the first; a call that runs is no reason then."""
    with admin.alone():
        with pytest.raises(NotNow) as caught, sender.alone(wait_s=1):
            pytest.fail("two at a time")
        assert "apoa key" in caught.value.message.render()
        with pytest.raises(NotNow):  # what ended in vain ends nothing of the first
            sender.claim(1)
    with sender.alone():
        pass


def test_a_killed_one_ends_by_itself(admin: Desk, sender: Desk) -> None:
    """After five minutes reports are claimed, and other maintenance may begin: the first one then stops."""
    with admin.alone() as first:
        admin.clock.forward(LEASE)
        assert sender.claim(1)
        admin.clock.forward(LEASE)
        with sender.alone():
            with pytest.raises(NotNow) as caught:
                first.renew()
            assert caught.value.name == "delivery_underway"
            with pytest.raises(NotNow):
                admin.claim(1)
    with sender.alone():
        pass


def test_a_first_one_that_wakes_ends_nothing_of_the_second(admin: Desk, sender: Desk) -> None:
    """It leaves the record of the other one alone."""
    first = admin.alone()
    first.__enter__()
    admin.clock.forward(LEASE)
    with sender.alone():
        first.__exit__(None, None, None)
        with pytest.raises(NotNow):
            admin.claim(1)


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


def test_one_from_a_wrong_clock_is_over(admin: Desk, sender: Desk) -> None:
    """A clock that was set back holds up nothing for longer."""
    with admin.alone():
        admin.clock.forward(-timedelta(hours=1))
        assert sender.claim(1)


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
