"""Two desks that send for one property, whose clocks are an hour apart: what the authority says to one, both heed."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from basics import NOW, FixedClock
from delivery_helpers import Hotel
from outbox_stores import Store

from apoa_client.delivery import plan
from apoa_client.report.kinds import State

HOUR = timedelta(hours=1)
WAIT = timedelta(minutes=10)
CLOCKS = pytest.mark.parametrize(
    ("engine", "ahead"), [("sqlite", timedelta()), ("postgres", -HOUR), ("postgres", HOUR)]
)
"""How far the clock of the second desk is ahead; with a file, both are on one computer."""


class Desks:
    """The first desk, whose clock is that of the server, and the second one. They have one authority."""

    def __init__(self, store: Store, ahead: timedelta) -> None:
        self.first = Hotel(store, FixedClock())
        self.second = Hotel(store, FixedClock(NOW + ahead), self.first.authority)

    def wait(self, time: timedelta) -> None:
        """Let time go by at both desks."""
        self.first.clock.forward(time)
        self.second.clock.forward(time)

    def calls(self) -> int:
        """The number of calls with reports."""
        return len(self.first.authority.batches)


@pytest.fixture
def desks(store: Store, engine: str, ahead: timedelta, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desks]:
    """Two reports wait."""
    opened = Desks(store, ahead)
    if engine == "postgres":
        from apoa_client.outbox.postgres.database import PostgresDatabase

        monkeypatch.setattr(PostgresDatabase, "now", lambda _db, _here: opened.first.clock.now())
    opened.first.add(1, 2)
    yield opened
    opened.first.close()
    opened.second.close()


@CLOCKS
def test_retry_after_of_a_call(desks: Desks) -> None:
    """No desk calls before its end, and each does after it."""
    desks.first.authority.script(f"429={WAIT.seconds}")
    assert desks.first.sync().error is not None
    calls = desks.calls()
    desks.wait(WAIT - timedelta(seconds=1))
    for desk in (desks.second, desks.first):
        outcome = desk.sync()
        assert outcome.error is not None
        assert outcome.error.name == "authority_busy"
    assert desks.calls() == calls
    desks.wait(timedelta(seconds=2))
    assert desks.second.sync().counts["accepted"] == 2


@CLOCKS
def test_retry_after_of_a_report(desks: Desks) -> None:
    """It is sent after its time, by whichever desk comes then, and no other report waits for it."""
    desks.first.authority.script(f"defer={WAIT.seconds}")
    assert desks.first.sync().counts["deferred"] == 2
    calls = desks.calls()
    desks.wait(WAIT - timedelta(seconds=1))
    assert desks.second.sync().left == desks.first.sync().left == 2
    assert desks.calls() == calls
    desks.second.add(3)
    assert desks.second.sync().counts["accepted"] == 1
    desks.wait(timedelta(seconds=2))
    assert desks.second.sync().counts["accepted"] == 2


@CLOCKS
def test_a_refused_password(desks: Desks) -> None:
    """Is sent once: the other desk does not try it, whatever its clock shows."""
    desks.first.authority.password_is_right = False
    assert desks.first.sync().stopped
    for time in (timedelta(), HOUR, 2 * HOUR):
        desks.wait(time)
        assert desks.second.sync().stopped
        assert desks.second.connections == 0


@CLOCKS
def test_a_run_that_was_broken_off(desks: Desks) -> None:
    """The other desk leaves its reports until the lease is over, and says so; then it sends them."""
    heads = list(desks.first.outbox.heads())
    now = desks.first.clock.now()
    desks.first.outbox.claim([head.id for head in heads], now=now, lease_until=now + plan.LEASE)
    outcome = desks.second.sync()
    assert (outcome.left, outcome.leased) == (2, 2)
    assert outcome.leased_until == desks.second.clock.now() + plan.LEASE
    desks.wait(plan.LEASE)
    assert desks.second.sync().counts["accepted"] == 2
    assert desks.first.states() == [State.ACCEPTED] * 2
