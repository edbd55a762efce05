"""The outbox of one property in one SQLite file, used by several processes at once; finds and repairs its damage.

An index can be made again, a row cannot. A damaged index may lead to a page of a table, which is lost if the index is
emptied. So indexes are built in other pages, and a change is kept only if SQLite's own check of the whole file, inside
the same transaction, finds it sound.
"""

# Annotations stay text, as in `outbox.sql.store`.
from __future__ import annotations

import re
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from apoa_client.errors import StorageProblem
from apoa_client.outbox.errors import damaged
from apoa_client.outbox.rows import NO_ACTOR
from apoa_client.outbox.sql.queries import OPEN
from apoa_client.outbox.sql.store import Outbox
from apoa_client.outbox.sqlite.database import SqliteDatabase, open_database, open_for_reading
from apoa_client.outbox.sqlite.migrations import version_of
from apoa_client.ports.state import AuditEvent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from apoa_client.errors import StorageProblem
    from apoa_client.outbox.sql.integrity import FileCheck
    from apoa_client.ports.run import Sealer
    from apoa_client.ports.state import Actor

_CHECK = "PRAGMA integrity_check(1000000)"
"""The number of problems to name. The default, 100, might name unused pages only."""
_HARMLESS = r"ok|\*\*\* in database main \*\*\*|Page \d+(?::| is) never used"
"""Lines of the check for a sound file. Pages that a rebuilt index left behind are only lost space."""
_STEPS = 10_000
"""Steps of SQLite's machine between two looks at the time: less than a millisecond."""

_INDEXES = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index'"

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


class SqliteOutbox(Outbox):
    """An `Outbox` in a file. Open it with `open`, close it, and do not share it between threads."""

    def __init__(self, db: SqliteDatabase, sealer: Sealer, actor: Actor = NO_ACTOR) -> None:
        super().__init__(db, sealer, actor)
        self._sqlite = db

    @classmethod
    def open(cls, path: Path, sealer: Sealer, *, create: bool = False, actor: Actor = NO_ACTOR) -> Self:
        """Open the file, and migrate it to this version's schema; create it first only if `create` says so.

        Raises `OutboxMissing`, `OutboxUnreachable`, `OutboxDamaged`, `too_new`, `OutboxBusy`, or
        `DiskFull`.
        """
        return cls(open_database(path, create=create), sealer, actor)

    @classmethod
    def open_for_reading(
        cls, path: Path, sealer: Sealer, on_unwritable: Callable[[StorageProblem], object], actor: Actor = NO_ACTOR
    ) -> Self:
        """Open the file as `open` does, also where nothing can be written: a full disk or a read-only folder.

        `on_unwritable` is then called with the reason, and each change raises `OutboxUnreachable`.
        """
        db, problem = open_for_reading(path)
        if problem is not None:
            on_unwritable(problem)
        return cls(db, sealer, actor)

    def check_queue(self) -> None:
        """As `Outbox`: whether the indexes lead to each open report. Costs as much as reading those."""
        with self._db.read_errors():
            if self._db.execute(_OPEN_REPORTS_MISSED).fetchone()[0] != 0:
                raise damaged(self._db.place)

    def rebuild_indexes(self) -> bool:
        """As `Outbox`. Other processes that write wait while the indexes are rebuilt."""
        db = self._sqlite.connection
        with suppress(sqlite3.DatabaseError):  # raised where the check itself meets damage
            if is_sound(db):
                return False
        try:
            with self._db.transaction():
                _rebuild_indexes(db)
                if not is_sound(db):
                    raise damaged(self._db.place)
                self._record([AuditEvent("indexes_rebuilt")])
        except StorageProblem:
            return False
        finally:
            db.execute("PRAGMA writable_schema = RESET")  # reads the schema again, also after a rollback
        return True

    def check_file(self, is_over: Callable[[], bool]) -> FileCheck:
        """As `Outbox`. The indexes of the queue are compared with the reports, whatever the time."""
        from apoa_client.outbox.sql.integrity import FileCheck

        with self._db.read_errors():
            schema = version_of(self._sqlite.connection)
            complete = self._read_file(is_over)
        self.check_queue()
        return FileCheck(complete, schema, f"SQLite {sqlite3.sqlite_version}")

    def _read_file(self, is_over: Callable[[], bool]) -> bool:
        """Return whether every page was read. Raises `OutboxDamaged`."""
        self._sqlite.connection.set_progress_handler(is_over, _STEPS)
        try:
            (found,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                return False
            raise
        finally:
            self._sqlite.connection.set_progress_handler(None, 0)
        if found != "ok":
            raise damaged(self._db.place)
        return True


def is_sound(db: sqlite3.Connection) -> bool:
    """Return whether SQLite's check of the whole file finds no damage. For use within `translate_errors`."""
    lines = (line for (text,) in db.execute(_CHECK) for line in text.splitlines())
    return all(re.fullmatch(_HARMLESS, line) for line in lines)


def _rebuild_indexes(db: sqlite3.Connection) -> None:
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
