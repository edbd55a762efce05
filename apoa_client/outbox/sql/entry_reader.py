"""Reads entries in batches: no transaction stays open between them, so that the caller may write while it iterates.

A damaged page does not affect reports on other pages: those are yielded first, and then the damage is raised.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from array import array
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Any

from apoa_client.errors import OutboxDamaged
from apoa_client.outbox.errors import damaged
from apoa_client.outbox.rows import ENTRY_COLUMNS, entry_from_row
from apoa_client.outbox.sql import queries
from apoa_client.outbox.sql.waits import by_own_clock, later
from apoa_client.ports.entries import PhotoToSend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from apoa_client.outbox.database import Database
    from apoa_client.ports.entries import Entry, Selection

_FIRST_BATCH = 50
_BATCH = 500
"""Rows read at a time: few at first, because the caller may need no more, and twice as many each time."""

_NONE: Mapping[str, Any] = {}


def _in_order(entries: Iterator[Entry], selection: Selection) -> Iterator[Entry]:
    """Yield entries in the order of a selection, as `queries.selection_order`. An error comes after what was read."""
    found: list[Entry] = []
    damage: OutboxDamaged | None = None
    try:
        found.extend(entries)  # keeps what came before an error
    except OutboxDamaged as exc:
        damage = exc
    if selection.by_deadline is not None:
        without_deadline = selection.by_deadline
        found.sort(key=lambda entry: (entry.due_at or without_deadline, entry.seq))
    else:
        found.sort(key=lambda entry: (entry.last_morning or date.min, entry.seq))
    yield from found
    if damage is not None:
        raise damage


class EntryReader:
    """The reports of one database, as entries, for a reader with the clock `now`. Raises `StorageProblem`."""

    def __init__(self, db: Database, now: Callable[[], datetime]) -> None:
        self._db = db
        self._now = now

    def seqs(self, query: str, values: Mapping[str, Any] = _NONE) -> array[int]:
        """Return the numbers (`seq`) of the reports that a query selects."""
        with self._db.read_errors():
            return array("q", (row[0] for row in self._db.execute(query, values)))

    def selected(self, selection: Selection) -> Iterator[Entry]:
        """Yield the entries of a selection, as `ports.ReportReader.entries`; also where an index is damaged."""
        condition, hint, values = queries.selection_condition(selection)
        order, more = queries.selection_order(selection)
        query = f"SELECT seq FROM reports WHERE {condition} AND {hint} ORDER BY {order} LIMIT :limit"  # noqa: S608  constants
        limit = queries.NO_LIMIT if selection.limit is None else selection.limit
        try:
            seqs = self.seqs(query, {**values, **more, "limit": limit})
        except OutboxDamaged:
            entries = self.in_batches(self.seqs(queries.EVERY_SEQ), condition, values)
            if selection.by_deadline is not None or selection.by_departure:
                entries = _in_order(entries, selection)
        else:
            entries = self.in_batches(seqs, condition, values)
        return islice(entries, selection.limit)

    def photos_to_send(self) -> Iterator[PhotoToSend]:
        """Yield the photos that may be sent now, as `ports.DeliveryState.photos_to_send`."""
        with self._db.read_errors():
            found = self._db.execute(queries.PHOTOS_TO_SEND).fetchall()
        sent_for = {report_id: accepted for _seq, report_id, accepted in found}
        entries = self.in_batches(array("q", (row[0] for row in found)), "photo_state = 'kept' AND erased_at IS NULL")
        return (PhotoToSend(entry, sent_for[entry.id]) for entry in entries if entry.id in sent_for)

    def in_batches(
        self, seqs: array[int], condition: str = "TRUE", values: Mapping[str, Any] = _NONE
    ) -> Iterator[Entry]:
        """Yield the entries with these numbers, in this order, as they are now, if `condition` still holds.

        If rows or pages of the file are damaged, what can be read elsewhere is yielded first; then an error that names
        the others is raised.
        """
        unreadable: list[int] = []
        size, start = _FIRST_BATCH, 0
        while batch := seqs[start : start + size]:
            size, start = min(size * 2, _BATCH), start + size
            try:
                found = self._numbered(batch, condition, values)
            except OutboxDamaged:
                found = []
                for seq in batch:
                    try:
                        found += self._numbered([seq], condition, values)
                    except OutboxDamaged:
                        unreadable.append(seq)
            by_seq = {entry.seq: entry for entry in found}
            yield from (by_seq[seq] for seq in batch if seq in by_seq)
        if unreadable:
            raise damaged(self._db.place, unreadable)

    def select(self, condition: str, values: Mapping[str, Any], clock_lead: timedelta | None = None) -> list[Entry]:
        """Return the entries that meet a condition, all at once; `clock_lead` as in `waits`, if it is known."""
        query = f"SELECT {ENTRY_COLUMNS} FROM reports WHERE {condition}"  # noqa: S608  constants, and numbers of our own
        with self._db.read_errors():
            entries = [entry_from_row(row) for row in self._db.execute(query, values).fetchall()]
            return by_own_clock(self._db, self._now, entries) if clock_lead is None else later(entries, -clock_lead)

    def _numbered(self, seqs: Sequence[int], condition: str, values: Mapping[str, Any]) -> list[Entry]:
        return self.select(f"seq IN ({','.join(map(str, seqs))}) AND {condition}", values)
