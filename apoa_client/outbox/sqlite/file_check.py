"""Reads the whole database file for damage, for a limited time."""

import sqlite3
from collections.abc import Callable

from apoa_client.outbox.errors import damaged
from apoa_client.outbox.sql.integrity import FileCheck
from apoa_client.outbox.sqlite.database import SqliteDatabase
from apoa_client.outbox.sqlite.index_repair import check_queue
from apoa_client.outbox.sqlite.migrations import version_of

_STEPS = 10_000
"""Steps of SQLite's machine between two looks at the time: less than a millisecond."""


def check_file(db: SqliteDatabase, is_over: Callable[[], bool]) -> FileCheck:
    """As `Integrity`. The indexes of the queue are compared with the reports, whatever the time."""
    with db.read_errors():
        schema = version_of(db.connection)
        complete = _read_file(db, is_over)
    check_queue(db)
    return FileCheck(complete, schema, f"SQLite {sqlite3.sqlite_version}")


def _read_file(db: SqliteDatabase, is_over: Callable[[], bool]) -> bool:
    """Return whether every page was read. Raises `OutboxDamaged`."""
    db.connection.set_progress_handler(is_over, _STEPS)
    try:
        (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as exc:
        if exc.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return False
        raise
    finally:
        db.connection.set_progress_handler(None, 0)
    if found != "ok":
        raise damaged(db.path)
    return True
