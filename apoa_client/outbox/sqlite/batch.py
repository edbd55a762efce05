"""Many reports, saved in one transaction: sealed before, and kept in a temporary table of the connection until then.

So memory stays flat, and other processes wait only while the rows are copied, not for cryptography. The temporary table
holds the same sealed bytes as the outbox. SQLite deletes its file even if the process is killed.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, Self

from apoa_client.errors import ReportMoved
from apoa_client.messages import msg
from apoa_client.outbox.contents import Contents
from apoa_client.outbox.rows import millis
from apoa_client.outbox.sqlite import audit, insertion, revision
from apoa_client.outbox.sqlite.codes import RowCodes
from apoa_client.outbox.sqlite.database import transaction
from apoa_client.outbox.sqlite.error_translation import translate_errors
from apoa_client.outbox.sqlite.sealing_key import sealed_to_current_key
from apoa_client.ports.audit import Actor, AuditEvent
from apoa_client.ports.entries import NewReport
from apoa_client.ports.vault import Sealer

_TABLE = f"""
    CREATE TEMP TABLE batch (n INTEGER PRIMARY KEY, key INTEGER NOT NULL, is_first INTEGER NOT NULL,
        is_new INTEGER NOT NULL, replaces TEXT NOT NULL, active TEXT NOT NULL, {insertion.COLUMNS})
"""
_ADD = f"INSERT INTO temp.batch VALUES (NULL, ?, ?, ?, ?, ?{', ?' * insertion.WIDTH})"  # noqa: S608  constants
_COPY = f"""
    INSERT INTO main.reports ({insertion.COLUMNS})
    SELECT {insertion.COLUMNS} FROM temp.batch WHERE is_new ORDER BY n
"""  # noqa: S608  constants
_CHANGES = f"""
    SELECT replaces, active, {insertion.COLUMNS} FROM temp.batch WHERE NOT is_new ORDER BY n
"""  # noqa: S608  constants

# What other processes saved since the batch was begun: a report of the same stay, or of the same guest and night.
_SAME_STAY = """
    SELECT 1 FROM main.reports AS other JOIN temp.batch AS ours ON ours.stay_id = other.stay_id
    WHERE other.seq > ? AND ours.is_first AND ours.is_new LIMIT 1
"""
_SAME_NIGHT = """
    SELECT 1 FROM main.reports AS other JOIN temp.batch AS ours ON ours.guest_tag = other.guest_tag
    WHERE other.seq > ? AND ours.is_first AND ours.is_new AND other.first_night < ours.last_morning
        AND ours.first_night < other.last_morning LIMIT 1
"""
_PIECE = 500
"""Rows handled at a time."""


class SqliteBatch:
    """A `ports.ReportBatch` of one connection, which can have one at a time."""

    def __init__(self, db: sqlite3.Connection, path: Path, sealer: Sealer, codes: RowCodes, actor: Actor) -> None:
        self._db = db
        self._path = path
        self._sealer = sealer
        self._contents = Contents(sealer)
        self._codes = codes
        self._actor = actor
        self._pending: list[tuple[Any, ...]] = []
        (self._seen,) = db.execute("SELECT COALESCE(max(seq), 0) FROM main.reports").fetchone()
        db.execute(_TABLE)

    @classmethod
    @contextmanager
    def opened(
        cls, db: sqlite3.Connection, path: Path, sealer: Sealer, codes: RowCodes, actor: Actor
    ) -> Iterator[Self]:
        """Return an empty batch, and forget at the end what was not saved."""
        with translate_errors(path):
            batch = cls(db, path, sealer, codes, actor)
        try:
            yield batch
        finally:
            with translate_errors(path):
                db.execute("DROP TABLE temp.batch")

    def add(self, key: int, new_reports: Sequence[NewReport]) -> None:
        """As `ports.ReportBatch`."""
        is_new = not any(new.replaces or new.active_reports for new in new_reports)
        for number, new in enumerate(new_reports):
            lists = " ".join(new.replaces), " ".join(new.active_reports)
            row = insertion.sealed_row(self._contents, new)
            self._pending.append((key, number == 0, is_new, *lists, *row))
        if len(self._pending) >= _PIECE or any(new.photo is not None for new in new_reports):
            self._flush()

    def discard(self, key: int) -> None:
        """As `ports.ReportBatch`."""
        self._flush()
        with translate_errors(self._path):
            self._db.execute("DELETE FROM temp.batch WHERE key = ?", [key])

    def _flush(self) -> None:
        """Write what is pending to the temporary table, in a transaction that does not touch the outbox."""
        with translate_errors(self._path):
            self._db.execute("BEGIN")
            try:
                self._db.executemany(_ADD, self._pending)
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        self._pending.clear()

    def save(self, event: AuditEvent) -> list[str]:
        """As `ports.ReportBatch`. The audit trail records which reports were saved together, by the id of the first."""
        self._flush()
        with transaction(self._db, self._path):
            sealed_to_current_key(self._db, self._sealer, None, _sealed_to_another_key)
            self._refuse_if_moved()
            self._codes.begin()
            self._db.execute(_COPY)
            self._save_changes()
            saved = self._db.execute("SELECT id, photo_state FROM temp.batch ORDER BY n").fetchall()
            first = saved[0][0] if len(saved) > 1 else None
            for start in range(0, len(saved), _PIECE):
                piece = saved[start : start + _PIECE]
                self._codes.added([report_id for report_id, _photo in piece])
                events = (insertion.saved_events(each, first, photo) for each, photo in piece)
                audit.append(self._db, self._actor, chain.from_iterable(events))
            audit.append(self._db, self._actor, [event])
        return [report_id for report_id, _photo in saved]

    def _refuse_if_moved(self) -> None:
        if any(self._db.execute(query, [self._seen]).fetchone() is not None for query in (_SAME_STAY, _SAME_NIGHT)):
            raise ReportMoved(msg("Another user or program has reported one of these guests in the meantime."))

    def _save_changes(self) -> None:
        """Save the reports of stays that were saved before, as `SqliteOutbox.add_all` does."""
        at = millis(self._actor.now())
        for replaces, active, *row in self._db.execute(_CHANGES):
            replaced = replaces.split()
            authentic = self._codes.authentic(replaced)
            seq = revision.make_room(self._db, active.split(), replaced, at)
            insertion.insert(self._db, tuple(row), seq)
            self._codes.changed(replaced, authentic)
            audit.append(self._db, self._actor, [AuditEvent("superseded", old) for old in replaced])


def _sealed_to_another_key() -> None:
    raise ReportMoved(msg("The property's key was replaced in the meantime."))
