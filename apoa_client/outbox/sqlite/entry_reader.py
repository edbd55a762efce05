"""Entries, read in pieces: no transaction is held between them, so that whoever walks through may write on the way.

A page that is damaged holds up nothing that stands on others: that is given first, and then the damage is told.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from array import array
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from apoa_client.outbox.errors import OutboxDamaged, translate_read_errors
from apoa_client.outbox.sqlite.rows import COLUMNS, entry_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from apoa_client.ports import Entry

_PIECE = 500
"""Rows read at a time; SQLite before 3.32 takes at most 999 values in a statement."""

_NONE: Mapping[str, Any] = {}


class EntryReader:
    """The reports of one database, as entries. Raises what `translate_read_errors` makes of what went wrong."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self._path = path

    def seqs(self, query: str, values: Mapping[str, Any] = _NONE) -> array[int]:
        """The numbers of reports that a query gives."""
        with translate_read_errors(self._path):
            return array("q", (row[0] for row in self._db.execute(query, values)))

    def in_pieces(
        self, seqs: array[int], condition: str = "TRUE", values: Mapping[str, Any] = _NONE
    ) -> Iterator[Entry]:
        """The entries with these numbers, in this order, as they are now, where `condition` still holds.

        Where a page of the file is damaged, whatever stands on the others is given first, and then the error is raised.
        """
        damage: OutboxDamaged | None = None
        for start in range(0, len(seqs), _PIECE):
            piece = seqs[start : start + _PIECE]
            try:
                found = self._numbered(piece, condition, values)
            except OutboxDamaged as exc:
                damage = damage or exc
                found = self._numbered_one_by_one(piece, condition, values)
            by_seq = {entry.seq: entry for entry in found}
            yield from (by_seq[seq] for seq in piece if seq in by_seq)
        if damage is not None:
            raise damage

    def select(self, condition: str, values: Mapping[str, Any]) -> list[Entry]:
        """The entries that meet a condition, all at once."""
        query = f"SELECT {COLUMNS} FROM reports WHERE {condition}"  # noqa: S608  constants, and numbers of our own
        with translate_read_errors(self._path):
            return [entry_of(row) for row in self._db.execute(query, values).fetchall()]

    def _numbered(self, seqs: Sequence[int], condition: str, values: Mapping[str, Any]) -> list[Entry]:
        return self.select(f"seq IN ({','.join(map(str, seqs))}) AND {condition}", values)

    def _numbered_one_by_one(self, seqs: Sequence[int], condition: str, values: Mapping[str, Any]) -> list[Entry]:
        intact: list[Entry] = []
        for seq in seqs:
            with suppress(OutboxDamaged):
                intact += self._numbered([seq], condition, values)
        return intact
