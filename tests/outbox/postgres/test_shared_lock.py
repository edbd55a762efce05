"""Several senders of a shared outbox: they share the delivery lock, which maintenance has alone, and take no lease."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from outbox_helpers import HOUR, NOON, report, uuid
from postgres_helpers import SharedOutbox

from apoa_client.outbox.postgres.database import PostgresDatabase
from apoa_client.outbox.postgres.store import PostgresOutbox

SERVER_TIME = PostgresDatabase.now
"""Before a fixture replaces it."""


@pytest.fixture
def desks(postgres_outbox: SharedOutbox) -> Iterator[tuple[PostgresOutbox, PostgresOutbox]]:
    """The outbox, opened by two desks."""
    with postgres_outbox.open() as one, postgres_outbox.open() as other:
        yield one, other


def test_senders_share_the_lock(desks: tuple[PostgresOutbox, PostgresOutbox]) -> None:
    """Maintenance gets it when the last of them is done."""
    one, other = desks
    with one.delivery_lock(0, shared=True) as first:
        with other.delivery_lock(0, shared=True) as second:
            assert (first, second) == (True, True)
        with other.delivery_lock(0) as alone:
            assert not alone
    with other.delivery_lock(0) as alone:
        assert alone


def test_maintenance_excludes_senders(desks: tuple[PostgresOutbox, PostgresOutbox]) -> None:
    """And other maintenance."""
    one, other = desks
    with one.delivery_lock(0):
        for shared in (True, False):
            with other.delivery_lock(0, shared=shared) as acquired:
                assert not acquired


def test_one_sender_checks_at_a_time(desks: tuple[PostgresOutbox, PostgresOutbox]) -> None:
    """The others need not wait, and the next one gets the right while the first still sends."""
    one, other = desks
    with one.delivery_lock(0, shared=True), other.delivery_lock(0, shared=True):
        with one.checking_lock() as first, other.checking_lock() as second:
            assert (first, second) == (True, False)
        with other.checking_lock() as second:
            assert second


def test_checking_needs_the_delivery_lock(desks: tuple[PostgresOutbox, PostgresOutbox]) -> None:
    """It is a bug of the caller otherwise."""
    with pytest.raises(RuntimeError), desks[0].checking_lock():
        pytest.fail("the lock was taken")


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_a_wrong_clock_takes_no_lease(
    desks: tuple[PostgresOutbox, PostgresOutbox], monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """Leases count by the clock of the database, however far the clocks of two desks are apart."""
    monkeypatch.setattr(PostgresDatabase, "now", lambda _db, _here: NOON)
    one, other = desks
    one.add(report(1), due_at=None)
    lease = timedelta(minutes=5)
    [entry] = one.claim([uuid(1)], now=NOON, lease_until=NOON + lease)[1]
    assert entry.lease_until == NOON + lease
    there = NOON + hours * HOUR
    assert other.claim([uuid(1)], now=there, lease_until=there + lease)[1] == []
    monkeypatch.setattr(PostgresDatabase, "now", lambda _db, _here: NOON + lease)
    assert len(other.claim([uuid(1)], now=there, lease_until=there + lease)[1]) == 1


def test_the_clock_of_the_database_is_the_servers(
    postgres_outbox: SharedOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever this computer believes."""
    monkeypatch.setattr(PostgresDatabase, "now", SERVER_TIME)
    with postgres_outbox.open() as outbox:
        outbox.add(report(1), due_at=None)
        [entry] = outbox.claim([uuid(1)], now=NOON, lease_until=NOON + HOUR)[1]
    [(begun, until)] = postgres_outbox.rows("SELECT attempted_at, lease_until FROM reports")
    [(now,)] = postgres_outbox.rows("SELECT extract(epoch FROM clock_timestamp())::bigint")
    assert begun == NOON.timestamp() * 1000
    assert now * 1000 - 60_000 < until - 3_600_000 <= now * 1000 + 1000
    assert entry.lease_until is not None
