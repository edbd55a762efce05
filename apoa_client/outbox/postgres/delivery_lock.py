"""The delivery lock of a property: one process at a time delivers, so that no two work through the same queue.

It is an advisory lock of the server, held by a transaction that stays open on a connection of its own. The server
releases it when that connection ends, also if the process was killed or its computer lost its power. As in SQLite,
leases alone would keep two runs from sending a report twice.
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

# The transaction is idle as long as the delivery takes. A computer that vanished is noticed after a minute.
_BEGIN = """
    BEGIN READ ONLY;
    SELECT set_config('idle_in_transaction_session_timeout', '0', true), set_config('statement_timeout', '0', true),
        set_config('lock_timeout', {wait}, true), set_config('tcp_keepalives_idle', '30', true),
        set_config('tcp_keepalives_interval', '10', true), set_config('tcp_keepalives_count', '3', true);
    SELECT pg_advisory_xact_lock(hashtextextended({name}, 0))
"""
_IS_HELD = """
    SELECT EXISTS (
        SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid::bigint << 32 | objid::bigint) = hashtextextended(?, 0))
"""


@contextmanager
def delivery_lock(db: PostgresDatabase, wait_s: float, actor: Actor) -> Iterator[bool]:
    """Take the lock of the property until the context is left, and yield whether this process got it.

    Waits at most `wait_s` seconds. Raises what connecting does.
    """
    with db.errors():
        connection = db.connect()
    with closing(connection):
        with db.errors():
            is_ours = _take(connection, _name(db), wait_s)
        if is_ours:
            with db.transaction():
                write_metadata(db, _KEY, f"{os.getpid()} {millis(actor.now())} {actor.command}")
        try:
            yield is_ours
        finally:
            with suppress(psycopg.Error):  # the end of the connection releases the lock too, a moment later
                connection.longest_wait = _MARGIN_S
                connection.rollback()


def _take(connection: Connection, name: str, wait_s: float) -> bool:
    connection.longest_wait = wait_s + _MARGIN_S
    wait = f"{max(wait_s * 1000, 1):.0f}"  # 0 would be no limit
    try:
        connection.execute(sql.SQL(_BEGIN).format(name=sql.Literal(name), wait=sql.Literal(wait)))
    except errors.LockNotAvailable:
        return False
    return True


def _name(db: PostgresDatabase) -> str:
    return f"apoa delivery {db.property_name}"


def lock_holder(db: PostgresDatabase) -> LockHolder | None:
    """Return which process holds the lock of the property; None if no process does, or it is not known."""
    with db.read_errors():
        if db.execute(_IS_HELD, [_name(db)]).fetchone() != (True,):
            return None
        value = read_metadata(db, _KEY)
    try:
        pid, since, command = str(value).split(" ", 2)
        return LockHolder(int(pid), command, from_millis(int(since)))
    except (ValueError, OverflowError):
        return None
