"""What wakes a sender: it hears of what other computers add, and never takes silence for certainty."""

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from basics import raises_error
from outbox_helpers import HOUR, NOON, report, uuid
from postgres_helpers import PASSWORD, PROPERTY, SharedOutbox, be_patient, pooler, until

from apoa_client.outbox.postgres.waking import PostgresListener
from apoa_client.ports.entries import Change, NewReport
from apoa_client.ports.state import AuditEvent
from apoa_client.report.kinds import State

OTHER = "mawar"


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    be_patient(monkeypatch)


@contextmanager
def listening(outbox: SharedOutbox, port: int | None = None) -> Iterator[PostgresListener]:
    """A listener that was asked for both properties once."""
    opened = PostgresListener.open(outbox.cluster.address(outbox.database, PROPERTY, port), PASSWORD)
    assert opened is not None
    with closing(opened):
        for name in (PROPERTY, OTHER):
            assert opened.heard(name)
            assert not opened.heard(name)
        yield opened


def hears(listener: PostgresListener) -> None:
    until(lambda: listener.heard(PROPERTY))


def test_each_way_in_which_reports_are_added(postgres_outbox: SharedOutbox) -> None:
    """One, several, a batch, a correction, and what waited in a desk's own file: each is heard of once."""
    with listening(postgres_outbox) as listener, postgres_outbox.open() as desk:
        desk.add(report(1), due_at=NOON)
        hears(listener)
        desk.add_all([NewReport(report(number), NOON) for number in range(2, 20)])
        hears(listener)
        with desk.batch() as batch:
            batch.add(1, [NewReport(report(20), NOON)])
            batch.save(AuditEvent("imported"))
        hears(listener)
        desk.add(report(21, 1), due_at=NOON, replaces=[uuid(1)], active_reports=[uuid(1)])
        hears(listener)
        assert not listener.heard(PROPERTY)
        assert not listener.heard(OTHER)


def test_what_senders_do_is_not_heard(postgres_outbox: SharedOutbox) -> None:
    """A claim, and a report that is put back: two senders do not wake each other while the authority is away."""
    postgres_outbox.add_login(OTHER, OTHER)
    with postgres_outbox.open() as desk:
        desk.add(report(1), due_at=NOON)
    with listening(postgres_outbox) as listener, postgres_outbox.open() as sender:
        lease, _claimed = sender.claim([uuid(1)], now=NOON, lease_until=NOON + HOUR)
        sender.settle(lease, [Change(uuid(1), State.QUEUED, "offline", next_attempt_at=NOON)])
        sender.record_contact(NOON)
        with postgres_outbox.open(login=OTHER, property_name=OTHER) as other:
            other.add(report(2), due_at=NOON)
        until(lambda: listener.heard(OTHER))  # notifications come in the order of the commits
        assert not listener.heard(PROPERTY)


def test_a_transaction_that_is_rolled_back(postgres_outbox: SharedOutbox) -> None:
    """Is not heard of."""
    with listening(postgres_outbox) as listener, postgres_outbox.open() as desk:
        with raises_error("report_moved"):
            desk.add(report(1), due_at=NOON, replaces=[uuid(9)], active_reports=[uuid(9)])
        assert desk.summary(now=NOON, soon=NOON).counts[State.QUEUED] == 0
        assert not listener.heard(PROPERTY)


def test_other_logins_hear_no_name(postgres_outbox: SharedOutbox) -> None:
    """Any login of the database may listen: it is not given the names of the houses."""
    with closing(postgres_outbox.cluster.connect(postgres_outbox.database)) as stranger:
        stranger.execute("LISTEN apoa_queued")
        with postgres_outbox.open() as desk:
            desk.add(report(1), due_at=NOON)
            desk.add(report(2), due_at=NOON)
        heard = {each.payload for each in stranger.notifies(timeout=20, stop_after=2)}
    assert heard == {hashlib.sha256(PROPERTY.encode()).hexdigest()}


def sessions(outbox: SharedOutbox) -> list[tuple[int, str, bool]]:
    """The sessions that listen: their number, their state, and whether they hold a snapshot or a lock."""
    query = """
        SELECT pid, state, xact_start IS NOT NULL OR backend_xmin IS NOT NULL OR EXISTS (
            SELECT FROM pg_locks WHERE pg_locks.pid = activity.pid)
        FROM pg_stat_activity AS activity WHERE datname = %s AND query LIKE '%%LISTEN apoa%%'
    """
    return outbox.cluster.admin.execute(query, [outbox.database]).fetchall()


def test_its_session(postgres_outbox: SharedOutbox) -> None:
    """Is idle outside of a transaction, holds nothing that VACUUM or a migration waits for, and ends with it."""
    database, admin = postgres_outbox.database, postgres_outbox.cluster.admin
    for limit in ("idle_session_timeout", "idle_in_transaction_session_timeout"):
        admin.execute(f"ALTER DATABASE {database} SET {limit} = '1s'".encode())
    longer = "SELECT now() - state_change > interval '1.5s' FROM pg_stat_activity WHERE pid = %s"
    with listening(postgres_outbox) as listener, postgres_outbox.open() as desk:
        [(pid, *found)] = sessions(postgres_outbox)
        assert found == ["idle", False]
        until(lambda: admin.execute(longer, [pid]).fetchone() != (False,))
        desk.add(report(1), due_at=NOON)
        hears(listener)
        assert listener.is_open
    until(lambda: not sessions(postgres_outbox))


def test_a_session_that_the_server_ends(postgres_outbox: SharedOutbox) -> None:
    """Counts as news of every property, once; after it nothing is heard."""
    with listening(postgres_outbox) as listener:
        [(pid, *_state)] = sessions(postgres_outbox)
        postgres_outbox.cluster.admin.execute("SELECT pg_terminate_backend(%s)", [pid])
        hears(listener)
        assert not listener.is_open
        assert listener.heard(OTHER)
        assert not listener.heard(PROPERTY)
        assert not listener.heard(OTHER)


def test_a_server_that_is_killed(postgres_outbox: SharedOutbox) -> None:
    """Is noticed; while it is away none can be opened, and the next one hears again."""
    with listening(postgres_outbox) as listener:
        postgres_outbox.cluster.kill()
        try:
            hears(listener)
            assert not listener.is_open
            with raises_error("outbox_server_unreachable"), listening(postgres_outbox):
                pass
        finally:
            postgres_outbox.cluster.start()
    with listening(postgres_outbox) as listener, postgres_outbox.open() as desk:
        desk.add(report(1), due_at=NOON)
        hears(listener)


def test_behind_a_pooler(postgres_outbox: SharedOutbox) -> None:
    """There is none, and no session of the pooler is left listening: notifications would be lost."""
    with pooler(postgres_outbox.cluster, postgres_outbox.database, sessions=1) as port:
        address = postgres_outbox.cluster.address(postgres_outbox.database, PROPERTY, port)
        assert PostgresListener.open(address, PASSWORD) is None
        with postgres_outbox.open(port=port) as desk, desk.database.snapshot():
            assert desk.database.execute("SELECT count(*) FROM pg_listening_channels()").fetchone() == (0,)


def test_many_at_once(postgres_outbox: SharedOutbox) -> None:
    """Whatever number of notifications has come, it is one piece of news, and the next one is heard too."""
    hashed = hashlib.sha256(PROPERTY.encode()).hexdigest()
    admin = postgres_outbox.cluster.connect(postgres_outbox.database)
    with listening(postgres_outbox) as listener, closing(admin):
        admin.execute("SELECT pg_notify('apoa_queued', n::text) FROM generate_series(1, 5000) AS n")
        for _time in range(2):
            admin.execute("SELECT pg_notify('apoa_queued', %s)", [hashed])
            hears(listener)
            assert not listener.heard(PROPERTY)
