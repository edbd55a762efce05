"""Many reports, saved in one transaction: sealed before, and kept in a temporary file until then.

So memory stays flat, and other processes wait only while the rows are copied, not for cryptography. The file has no
name, or is removed when it is closed, also after a kill, and holds the same sealed bytes as the outbox.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

import pickle
from contextlib import ExitStack, contextmanager
from itertools import chain
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Self

from apoa_client.errors import ReportMoved
from apoa_client.messages import msg
from apoa_client.outbox.contents import Contents
from apoa_client.outbox.rows import INITIAL, SAVED, millis
from apoa_client.outbox.sql import audit, insertion
from apoa_client.outbox.sql.insertion import SAVED_LIST
from apoa_client.outbox.sql.register import sealed_to_current_key
from apoa_client.ports.state import Actor, AuditEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from apoa_client.outbox.database import Database
    from apoa_client.outbox.sql.codes import RowCodes
    from apoa_client.ports.entries import NewReport
    from apoa_client.ports.vault import Sealer

_STAGED = f"n, key, is_first, is_new, replaces, active, mac, version, {SAVED_LIST}"
_COLUMNS = f"""
    SELECT 0 AS n, 0 AS key, 0 AS is_first, 0 AS is_new, '' AS replaces, '' AS active, mac, version, {SAVED_LIST}
    FROM reports WHERE FALSE
"""  # noqa: S608  constants
_FILL = f"INSERT INTO batch ({_STAGED}) VALUES ({', '.join('?' * (_STAGED.count(',') + 1))})"  # noqa: S608  constants
_COPY = f"""
    INSERT INTO reports (mac, version, {SAVED_LIST})
    SELECT mac, version, {SAVED_LIST} FROM batch WHERE is_new = 1 ORDER BY n
"""  # noqa: S608  constants
_CHANGES = f"SELECT replaces, active, {SAVED_LIST} FROM batch WHERE is_new = 0 ORDER BY n"  # noqa: S608  constants

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
    """Many reports, sealed, that wait to be saved together. Nothing is in the queue before `save`, nor after an error.

    However many they are, they take no memory to speak of. Raises `StorageProblem`.
    """

    def __init__(self, file: IO[bytes], db: Database, sealer: Sealer, codes: RowCodes, actor: Actor) -> None:
        self._file = file
        self._db = db
        self._sealer = sealer
        self._contents = Contents(sealer)
        self._codes = codes
        self._actor = actor
        self._pending: list[tuple[Any, ...]] = []
        self._count = 0
        self._discarded: dict[int, int] = {}
        """Keys, each with the number of rows from which on it counts again."""
        with db.errors():
            (self._seen,) = db.execute("SELECT COALESCE(max(seq), 0) FROM reports").fetchone()

    @classmethod
    @contextmanager
    def opened(cls, db: Database, sealer: Sealer, codes: RowCodes, actor: Actor) -> Iterator[Self]:
        """Return an empty batch, and forget at the end what was not saved."""
        with ExitStack() as opened:
            with db.errors():
                file = opened.enter_context(TemporaryFile())
            yield cls(file, db, sealer, codes, actor)

    def add(self, key: int, new_reports: Sequence[NewReport]) -> None:
        """Seal reports of one stay, in their order, under a key of the caller. Needs no secret and no lock.

        Each but the first is saved whatever its `active_reports` are: the reports before it are in the same batch.
        """
        is_new = not any(new.replaces or new.active_reports for new in new_reports)
        for number, new in enumerate(new_reports):
            lists = " ".join(new.replaces), " ".join(new.active_reports)
            row = insertion.sealed_row(self._contents, new)
            self._pending.append((self._count, key, int(number == 0), int(is_new), *lists, *row))
            self._count += 1
        if len(self._pending) >= _PIECE or any(new.photo is not None for new in new_reports):
            self._flush()

    def discard(self, key: int) -> None:
        """Forget the reports that were added under this key."""
        self._discarded[key] = self._count

    def _flush(self) -> None:
        with self._db.errors():
            pickle.dump(self._pending, self._file)
        self._pending.clear()

    def save(self, event: AuditEvent) -> list[str]:
        """Queue all of them, or none, in their order, record this event too, and return their ids.

        Raises `ReportMoved`, and changes nothing, if the stay of one of them was changed since it was added, if
        another process has saved a report of the same guest for the same nights, or if the property has another key.
        The audit trail records which reports were saved together, by the id of the first.
        """
        self._flush()
        with self._db.transaction():
            sealed_to_current_key(self._db, self._sealer, None, _sealed_to_another_key)
            self._db.create_batch(_COLUMNS)
            with self._codes.saving() as give_code:
                for piece in self._pieces():
                    self._db.executemany(_FILL, (_staged(row, give_code) for row in piece))
                if any(self._db.execute(query, [self._seen]).fetchone() for query in (_SAME_STAY, _SAME_NIGHT)):
                    raise ReportMoved(msg("Another user or program has reported one of these guests in the meantime."))
                self._db.execute(_COPY)
            self._save_changes()
            saved = self._db.execute("SELECT id, photo_state FROM batch ORDER BY n").fetchall()
            first = saved[0][0] if len(saved) > 1 else None
            for start in range(0, len(saved), _PIECE):
                piece = saved[start : start + _PIECE]
                events = (insertion.saved_events(each, first, photo) for each, photo in piece)
                audit.append(self._db, self._actor, chain.from_iterable(events))
            audit.append(self._db, self._actor, [event])
        return [report_id for report_id, _photo in saved]

    def _pieces(self) -> Iterator[list[tuple[Any, ...]]]:
        self._file.seek(0)
        read = 0
        while read < self._count:
            piece = pickle.load(self._file)  # noqa: S301  the process's own file, which no other one can open
            read += len(piece)
            yield [row for row in piece if row[0] >= self._discarded.get(row[1], 0)]

    def _save_changes(self) -> None:
        """Save the reports of stays that were saved before, as `Outbox.add_all` does."""
        at = millis(self._actor.now())
        for replaces, active, *row in self._db.execute(_CHANGES):
            replaced = replaces.split()
            with self._codes.changing(replaced):
                seq = insertion.make_room(self._db, active.split(), replaced, at)
            with self._codes.saving() as give_code:
                insertion.insert(self._db, tuple(row), seq, give_code)
            audit.append(self._db, self._actor, [AuditEvent("superseded", old) for old in replaced])


def _staged(row: tuple[Any, ...], give_code: Callable[[dict[str, Any]], None]) -> tuple[Any, ...]:
    """Return a row with its code, for the table; a code of a row that is inserted by itself is made there."""
    values = {**INITIAL, **dict(zip(SAVED, row[6:], strict=True))}
    if row[3]:  # it is new
        give_code(values)
    return (*row[:6], values["mac"], values["version"], *row[6:])


def _sealed_to_another_key() -> None:
    raise ReportMoved(msg("The property's key was replaced in the meantime."))
