"""Many reports, saved in one transaction: sealed before, and kept in a temporary file or table until then.

So memory stays flat, and other processes wait only while the rows are copied, not for cryptography. What is kept are
the same sealed bytes as in the outbox.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from apoa_client.errors import ReportMoved
from apoa_client.messages import msg
from apoa_client.outbox.contents import Contents
from apoa_client.outbox.rows import millis
from apoa_client.outbox.sql import audit, insertion
from apoa_client.outbox.sql.register import sealed_to_current_key
from apoa_client.ports.state import Actor, AuditEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apoa_client.outbox.database import Database
    from apoa_client.outbox.sql.codes import RowCodes
    from apoa_client.ports.entries import NewReport
    from apoa_client.ports.vault import Sealer

STAGED = f"key, is_first, is_new, replaces, active, {insertion.SAVED_LIST}"
"""The columns of the table `batch`, besides `n`, which counts the rows in the order in which they were added."""

_COPY = f"""
    INSERT INTO reports ({insertion.SAVED_LIST})
    SELECT {insertion.SAVED_LIST} FROM batch WHERE is_new = 1 ORDER BY n
"""  # noqa: S608  constants
_CHANGES = f"""
    SELECT replaces, active, {insertion.SAVED_LIST} FROM batch WHERE is_new = 0 ORDER BY n
"""  # noqa: S608  constants

# What other processes saved since the batch was begun: a report of the same stay, or of the same guest and night.
_SAME_STAY = """
    SELECT 1 FROM reports AS other JOIN batch AS ours ON ours.stay_id = other.stay_id
    WHERE other.seq > ? AND ours.is_first = 1 AND ours.is_new = 1 LIMIT 1
"""
_SAME_NIGHT = """
    SELECT 1 FROM reports AS other JOIN batch AS ours ON ours.guest_tag = other.guest_tag
    WHERE other.seq > ? AND ours.is_first = 1 AND ours.is_new = 1 AND other.first_night < ours.last_morning
        AND ours.first_night < other.last_morning LIMIT 1
"""
_PIECE = 500
"""Rows handled at a time."""


class Batch:
    """What every engine has of a `ports.ReportBatch`: the saving of rows that the engine keeps until then.

    How they are kept differs by how long a temporary table lives. `save` finds them in the table `batch`.
    """

    def __init__(self, db: Database, sealer: Sealer, codes: RowCodes, actor: Actor) -> None:
        self._db = db
        self._sealer = sealer
        self._contents = Contents(sealer)
        self._codes = codes
        self._actor = actor
        self._pending: list[tuple[Any, ...]] = []
        (self._seen,) = db.execute("SELECT COALESCE(max(seq), 0) FROM reports").fetchone()

    def add(self, key: int, new_reports: Sequence[NewReport]) -> None:
        """As `ports.ReportBatch`."""
        is_new = not any(new.replaces or new.active_reports for new in new_reports)
        for number, new in enumerate(new_reports):
            lists = " ".join(new.replaces), " ".join(new.active_reports)
            row = insertion.sealed_row(self._contents, new)
            self._pending.append((key, int(number == 0), int(is_new), *lists, *row))
        if len(self._pending) >= _PIECE or any(new.photo is not None for new in new_reports):
            self._flush()

    def _flush(self) -> None:
        """Move what is pending to where the engine keeps it."""
        raise NotImplementedError

    def _fill_table(self) -> None:
        """Fill the table `batch`, inside the transaction that saves it, unless it is filled already."""

    def save(self, event: AuditEvent) -> list[str]:
        """As `ports.ReportBatch`. The audit trail records which reports were saved together, by the id of the first."""
        self._flush()
        with self._db.transaction():
            sealed_to_current_key(self._db, self._sealer, None, _sealed_to_another_key)
            self._fill_table()
            self._refuse_if_moved()
            self._db.execute(_COPY)
            in_place = self._save_changes()
            saved = self._db.execute("SELECT id, photo_state FROM batch ORDER BY n").fetchall()
            self._codes.saved([report_id for report_id, _photo in saved], in_place=in_place)
            first = saved[0][0] if len(saved) > 1 else None
            for start in range(0, len(saved), _PIECE):
                piece = saved[start : start + _PIECE]
                events = (insertion.saved_events(each, first, photo) for each, photo in piece)
                audit.append(self._db, self._actor, chain.from_iterable(events))
            audit.append(self._db, self._actor, [event])
        return [report_id for report_id, _photo in saved]

    def _refuse_if_moved(self) -> None:
        if any(self._db.execute(query, [self._seen]).fetchone() is not None for query in (_SAME_STAY, _SAME_NIGHT)):
            raise ReportMoved(msg("Another user or program has reported one of these guests in the meantime."))

    def _save_changes(self) -> bool:
        """Save the reports of stays that were saved before, as `Outbox.add_all` does.

        Return whether some took the numbers of the reports that they replace.
        """
        at, in_place = millis(self._actor.now()), False
        for replaces, active, *row in self._db.execute(_CHANGES):
            replaced = replaces.split()
            with self._codes.changing(replaced):
                seq = insertion.make_room(self._db, active.split(), replaced, at)
                insertion.insert(self._db, tuple(row), seq)
            in_place = in_place or bool(replaced)
            audit.append(self._db, self._actor, [AuditEvent("superseded", old) for old in replaced])
        return in_place


def _sealed_to_another_key() -> None:
    raise ReportMoved(msg("The property's key was replaced in the meantime."))
