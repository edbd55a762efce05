"""The lock of a move of the outbox.

It is an advisory lock of the server, held by a transaction that stays open on a connection of its own. The server
releases it when that connection ends, also if the process was killed or its computer lost its power.
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
    SELECT pg_advisory_xact_lock(hashtextextended({name}, 0))
""")
_HOLDERS = """
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (classid::bigint << 32 | objid::bigint) = hashtextextended(?, 0)
"""


@contextmanager
def delivery_lock(db: PostgresDatabase, wait_s: float, actor: Actor) -> Iterator[bool]:
    """As `ports.DeliveryState.delivery_lock`. Raises what connecting does."""
    with db.errors():
        connection = db.connect()
    with closing(connection):
        with db.errors():
            is_ours = _take(connection, _name(db), wait_s)
        if not is_ours:
            yield False
            return
        with db.transaction():
            write_metadata(db, _KEY, f"{os.getpid()} {millis(actor.now())} {actor.command}")
        try:
            yield True
        finally:
            with suppress(psycopg.Error):  # the end of the connection releases the lock too, a moment later
                connection.longest_wait = _MARGIN_S
                connection.rollback()


def _take(connection: Connection, name: str, wait_s: float) -> bool:
    connection.longest_wait = wait_s + _MARGIN_S
    idle, interval = _KEEPALIVES_S
    values = {
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


def lock_holder(db: PostgresDatabase) -> LockHolder | None:
    """Return which process holds the lock of the property; None if no process does, or it is not known."""
    with db.read_errors():
        if db.execute(_HOLDERS, [_name(db)]).fetchall() == [(0,)]:
            return None
        value = read_metadata(db, _KEY)
    try:
        pid, since, command = str(value).split(" ", 2)
        return LockHolder(int(pid), command, from_millis(int(since)))
    except (ValueError, OverflowError):
        return None
