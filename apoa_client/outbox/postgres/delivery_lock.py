"""The delivery lock of a property: senders share it, and maintenance excludes them.

It is an advisory lock of the server, held by a transaction that stays open on a connection of its own. The server
releases it when that connection ends, also if the process was killed or its computer lost its power. Leases keep two
senders from sending the same report.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import psycopg
from psycopg import errors, sql

from apoa_client.outbox.postgres.connection import Connection
from apoa_client.outbox.postgres.database import PostgresDatabase
from apoa_client.outbox.rows import from_millis, millis
from apoa_client.outbox.sql.metadata import read_metadata, write_metadata
from apoa_client.ports.audit import Actor
from apoa_client.ports.state import LockHolder

_KEY = "delivering"
"""The metadata's key of the process that last took the lock: its number, the time and its command."""
_MARGIN_S = 1.0
_KEEPALIVES_S = (30, 10)
"""After how long the server asks a silent computer whether it is still there, and how often it asks again: a computer
that vanished is noticed after a minute."""

# The transaction is idle as long as the delivery takes.
_BEGIN = sql.SQL("""
    BEGIN READ ONLY;
    SELECT set_config('idle_in_transaction_session_timeout', '0', true), set_config('statement_timeout', '0', true),
        set_config('lock_timeout', {wait}, true), set_config('tcp_keepalives_idle', {idle}, true),
        set_config('tcp_keepalives_interval', {interval}, true), set_config('tcp_keepalives_count', '3', true);
    SELECT {function}(hashtextextended({name}, 0))
""")
_TRY_CHECKING = b"SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 1))"
_HOLDERS = """
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (classid::bigint << 32 | objid::bigint) = hashtextextended(?, 0)
"""


class DeliveryLock:
    """The delivery lock of one outbox, and the checking lock of the senders that share it."""

    def __init__(self, db: PostgresDatabase, actor: Actor) -> None:
        self._db = db
        self._actor = actor
        self._connection: Connection | None = None

    @contextmanager
    def taken(self, wait_s: float, *, shared: bool) -> Iterator[bool]:
        """As `ports.DeliveryState.delivery_lock`. Raises what connecting does."""
        with self._db.errors():
            connection = self._db.connect()
        with closing(connection):
            with self._db.errors():
                is_ours = _take(connection, _name(self._db), wait_s, shared=shared)
            if not is_ours:
                yield False
                return
            with self._db.transaction():
                write_metadata(self._db, _KEY, f"{os.getpid()} {millis(self._actor.now())} {self._actor.command}")
            self._connection = connection
            try:
                yield True
            finally:
                self._connection = None
                with suppress(psycopg.Error):  # the end of the connection releases the lock too, a moment later
                    connection.longest_wait = _MARGIN_S
                    connection.rollback()

    @contextmanager
    def checking(self) -> Iterator[bool]:
        """As `ports.DeliveryState.checking_lock`: released where the transaction is rolled back to."""
        connection = self._connection
        if connection is None:
            message = "the delivery lock is not held"
            raise RuntimeError(message)
        with self._db.errors():
            connection.execute(b"SAVEPOINT checking")
            [(is_ours,)] = connection.execute(_TRY_CHECKING, [_name(self._db)]).fetchall()
        try:
            yield bool(is_ours)
        finally:
            with self._db.errors():
                connection.execute(b"ROLLBACK TO SAVEPOINT checking")


def _take(connection: Connection, name: str, wait_s: float, *, shared: bool) -> bool:
    connection.longest_wait = wait_s + _MARGIN_S
    idle, interval = _KEEPALIVES_S
    values = {
        "function": sql.SQL("pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"),
        "name": sql.Literal(name),
        "wait": sql.Literal(f"{max(wait_s * 1000, 1):.0f}"),  # 0 would be no limit
        "idle": sql.Literal(str(idle)),
        "interval": sql.Literal(str(interval)),
    }
    try:
        connection.execute(_BEGIN.format(**values))
    except errors.LockNotAvailable:
        return False
    return True


def _name(db: PostgresDatabase) -> str:
    return f"apoa delivery {db.property_name}"


def holders(db: PostgresDatabase) -> int:
    """Return how many connections hold the lock of the property. For use within `read_errors`."""
    [(number,)] = db.execute(_HOLDERS, [_name(db)]).fetchall()
    return int(number)


def lock_holder(db: PostgresDatabase) -> LockHolder | None:
    """Return which process holds the lock of the property; None if no process does, or it is not known."""
    with db.read_errors():
        if not holders(db):
            return None
        value = read_metadata(db, _KEY)
    try:
        pid, since, command = str(value).split(" ", 2)
        return LockHolder(int(pid), command, from_millis(int(since)))
    except (ValueError, OverflowError):
        return None
