"""Checks a SQLite file for damage, finds damaged indexes, and rebuilds them from the tables.

An index can be made again, a row cannot. A damaged index may lead to a page of a table, which is lost if the index is
emptied. So a change is kept only if SQLite's own check of the whole file, inside the same transaction, finds it sound.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import suppress

from apoa_client.errors import StorageProblem
from apoa_client.outbox.errors import damaged
from apoa_client.outbox.sql import audit
from apoa_client.outbox.sql.integrity import FileCheck
from apoa_client.outbox.sql.queries import OPEN
from apoa_client.outbox.sqlite.database import SqliteDatabase
from apoa_client.outbox.sqlite.migrations import version_of
from apoa_client.ports.state import Actor, AuditEvent

_CHECK = "PRAGMA integrity_check(1000000)"
"""The number of problems to name. The default, 100, might name unused pages only."""
_HARMLESS = re.compile(r"ok|\*\*\* in database main \*\*\*|Page \d+(?::| is) never used")
"""Lines of the check for a sound file. Pages that a rebuilt index left behind are only lost space."""

_INDEXES = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index'"
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"

# How many open reports, by the tally, the indexes of delivery do not lead to. A flipped bit in an entry of an index
# hides a report without any error.
_OPEN_REPORTS_MISSED = f"""
    SELECT (SELECT sum(reports) FROM tally WHERE {OPEN}) - (
        SELECT count(*) FROM reports AS found NOT INDEXED
        WHERE seq IN (SELECT seq FROM reports WHERE {OPEN}) AND {OPEN}
        AND seq = (SELECT seq FROM reports AS same WHERE same.id = found.id)
        AND EXISTS (
            SELECT 1 FROM reports AS entry INDEXED BY reports_open WHERE entry.stay_id = found.stay_id
            AND entry.seq = found.seq AND entry.state = found.state AND entry.due_at IS found.due_at
            AND entry.{OPEN}))
"""  # noqa: S608  constants


def check_queue(db: SqliteDatabase) -> None:
    """Raise `OutboxDamaged` if the indexes do not lead to each open report. Costs as much as reading those."""
    with db.read_errors():
        if db.execute(_OPEN_REPORTS_MISSED).fetchone()[0] != 0:
            raise damaged(db.path)


def is_sound(db: sqlite3.Connection) -> bool:
    """Return whether SQLite's check of the whole file finds no damage. For use within `translate_errors`."""
    lines = (line for (text,) in db.execute(_CHECK) for line in text.splitlines())
    return all(_HARMLESS.fullmatch(line) for line in lines)


def rebuild_indexes(db: SqliteDatabase, actor: Actor) -> bool:
    """Rebuild the indexes if they are damaged and the tables are not; return whether this was done.

    Else nothing is changed. Other processes that write wait while the indexes are rebuilt.
    """
    with suppress(sqlite3.DatabaseError):  # raised where the check itself meets damage
        if is_sound(db.connection):
            return False
    return _tables_are_readable(db.connection) and any(_rebuilt(db, actor, way) for way in (_reindex, _build_elsewhere))


def _tables_are_readable(db: sqlite3.Connection) -> bool:
    try:
        for (table,) in db.execute(_TABLES).fetchall():
            for _row in db.execute(f"SELECT * FROM {table} NOT INDEXED"):  # noqa: S608  a name from the schema
                pass
    except (sqlite3.Error, UnicodeDecodeError):
        return False
    return True


def _rebuilt(db: SqliteDatabase, actor: Actor, way: Callable[[sqlite3.Connection], None]) -> bool:
    try:
        with db.transaction():
            way(db.connection)
            if not is_sound(db.connection):
                raise damaged(db.path)
            audit.append(db, actor, [AuditEvent("indexes_rebuilt")])
    except StorageProblem:
        return False
    finally:
        db.execute("PRAGMA writable_schema = RESET")  # reads the schema again, also after a rollback
    return True


def _reindex(db: sqlite3.Connection) -> None:
    """Empty each index and fill it again. Fails if the damage hides which pages belong to an index."""
    db.execute("REINDEX")


def _build_elsewhere(db: sqlite3.Connection) -> None:
    """Build each index in other pages, and make the schema lead to those. The damaged pages stay behind, unused."""
    for name, table, sql in db.execute(_INDEXES).fetchall():
        if sql is None:  # SQLite's own index for a UNIQUE constraint
            columns = ", ".join(row[2] for row in db.execute(f"PRAGMA index_info({name})"))
            db.execute(f"CREATE UNIQUE INDEX rebuilt ON {table} ({columns})")
        else:
            db.execute(sql.replace(name, "rebuilt", 1))
        db.execute("PRAGMA writable_schema = ON")
        new_root = "SELECT rootpage FROM sqlite_master WHERE name = 'rebuilt'"
        db.execute(f"UPDATE sqlite_master SET rootpage = ({new_root}) WHERE name = ?", [name])  # noqa: S608  constant
        db.execute("DELETE FROM sqlite_master WHERE name = 'rebuilt'")
        db.execute("PRAGMA writable_schema = RESET")


_STEPS = 10_000
"""Steps of SQLite's machine between two looks at the time: less than a millisecond."""


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


def check_file(db: SqliteDatabase, is_over: Callable[[], bool]) -> FileCheck:
    """As `Outbox`. The indexes of the queue are compared with the reports, whatever the time."""
    with db.read_errors():
        schema = version_of(db.connection)
        complete = _read_file(db, is_over)
    check_queue(db)
    return FileCheck(complete, schema, f"SQLite {sqlite3.sqlite_version}")
