"""What goes on in a shared outbox whose server has a standby."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from outbox_helpers import NOON, report
from postgres_replication import Pair

from apoa_client.ports.state import Replication


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A primary with an empty outbox, and a standby that confirms what is saved there."""
    with Pair() as opened:
        opened.confirm_twice()
        yield opened


def test_a_login_of_a_desk_sees_the_standby(pair: Pair) -> None:
    """How many confirm each change, and how far the last one is behind, and no more; not while the owner may not."""
    with pair.outbox.open() as outbox:
        assert outbox.activity().oldest_at is None
        outbox.add(report(1), due_at=NOON)
        found = outbox.activity()
        assert found.oldest_at == report(1).created_at
        assert found.replication is not None
        assert found.replication[:2] == (1, 1)
        pair.primary.admin.execute("REVOKE pg_read_all_stats FROM apoa_owner")
        assert outbox.activity().replication == Replication(1, None, None)
        assert outbox.database.execute("SELECT sync_state FROM pg_stat_replication").fetchall() == [(None,)]


def test_a_standby_that_is_behind(pair: Pair) -> None:
    """By the time that it needs, until it has everything."""
    pair.primary.admin.execute("ALTER SYSTEM RESET synchronous_standby_names")
    pair.primary.admin.execute("SELECT pg_reload_conf()")
    with pair.outbox.open() as outbox:
        outbox.add(report(1), due_at=NOON)
        lags = set[timedelta | None]()
        while timedelta() not in lags:
            replication = outbox.activity().replication
            assert replication is not None
            lags.add(replication.lag)
        assert all(lag is None or lag >= timedelta() for lag in lags)
