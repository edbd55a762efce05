"""Selects the reports of an outbox, and reads them as entries.

The conditions are written so that SQLite uses the partial indexes of `migrations`: open reports stay few while the
history grows for years. Entries are read in batches: no transaction stays open between them, so that the caller may
write while it iterates. A damaged page does not affect reports on other pages: those are yielded first, and then the
damage is raised.

The times that senders wait for, backoff and lease of a report, and what the authority asked for (Retry-After), are
stored by the database's own clock, so that several computers wait for the same moment, however far their clocks are
apart. They are converted where they are written and read; the clock of a file is that of its computer. Deadlines and
times of what has happened are stored as they were given.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from array import array
from collections.abc import Iterable
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from apoa_client.errors import OutboxDamaged
from apoa_client.outbox.errors import damaged
from apoa_client.outbox.rows import ENTRY_COLUMNS, entry_from_row, millis
from apoa_client.ports.entries import Change, Entry, PhotoToSend, Selection
from apoa_client.ports.state import Restrictions, Summary
from apoa_client.report.kinds import NO_NUMBER, OPEN_STATES, TRAINING_NUMBER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from apoa_client.outbox.database import Database


OPEN = "state IN ('queued', 'sending', 'pending', 'rejected')"
"""Word for word the condition of the partial indexes: SQLite does not use them otherwise."""

NO_LIMIT = 1 << 62
"""The LIMIT of a statement that returns all: not every engine takes a negative one."""

WITHDRAWABLE = "(state = 'rejected' OR (state = 'queued' AND calls = 0))"
"""The condition of `ports.Entry.withdrawable`: the authority certainly does not have the report."""

# The first open report of each stay, if it may be sent now.
HEADS = f"""
    SELECT seq FROM reports AS head
    WHERE {OPEN} AND state IN ('queued', 'sending') AND NOT EXISTS (
        SELECT 1 FROM reports AS earlier WHERE earlier.stay_id = head.stay_id AND earlier.seq < head.seq
        AND earlier.{OPEN})
    ORDER BY due_at IS NULL, due_at, seq
"""  # noqa: S608  constants of this module

# Both queries for deadlines read only the open reports, as `HEADS` does.
DUE = f"SELECT count(*) FROM reports WHERE {OPEN} AND due_at >= ? AND due_at < ?"  # noqa: S608  constants
NEXT_DUE = f"SELECT min(due_at) FROM reports WHERE {OPEN} AND due_at IS NOT NULL"  # noqa: S608  constants
OLDEST = f"SELECT min(+created_at) FROM reports WHERE {OPEN} AND state IN ('queued', 'sending')"  # noqa: S608  constants; + keeps SQLite to the open ones
LAST_LEASE = "SELECT max(lease_until) FROM reports WHERE state = 'sending'"
UNCODED = "SELECT count(*) FROM reports INDEXED BY reports_uncoded WHERE mac IS NULL"
# The condition of `report.kinds.Receipt.is_training`, as a range: an index has it.
TRAINED = (
    f"(receipt_number >= '{TRAINING_NUMBER}' AND receipt_number < '{TRAINING_NUMBER[:-1]}.' AND receipt_typed = 0)"
)
PRACTISED = f"SELECT 1 FROM reports WHERE {TRAINED} UNION ALL SELECT 1 FROM memo WHERE key = 'practice_moved' LIMIT 1"  # noqa: S608  constants
NUMBERLESS = f"receipt_number = '{NO_NUMBER}' AND state = 'accepted' AND kind = 'check_in'"
WITHOUT_NUMBER = f"SELECT count(*) FROM reports WHERE {NUMBERLESS}"  # noqa: S608  constants
TALLY = "SELECT state, reports FROM tally"

# The photos that wait, by their partial index, each with the accepted check-in of its stay. A stay has few reports. The
# number of a report that was replaced is higher than that of the new one, so that the times say which is the latest.
PHOTOS_TO_SEND = """
    SELECT kept.seq, kept.id, max(accepted.id) FROM reports AS kept INDEXED BY reports_photo JOIN reports AS accepted
        ON accepted.stay_id = kept.stay_id AND accepted.kind = 'check_in' AND accepted.state = 'accepted'
        AND accepted.receipt_number IS NOT NULL AND accepted.receipt_typed = 0
        AND COALESCE(accepted.last_error, '') <> 'duplicate' AND accepted.erased_at IS NULL
    WHERE kept.photo_state = 'kept' AND kept.erased_at IS NULL AND kept.state <> 'withdrawn'
        AND NOT EXISTS (
            SELECT 1 FROM reports AS later WHERE later.stay_id = kept.stay_id AND later.photo_state IS NOT NULL
            AND later.state <> 'withdrawn' AND (later.created_at, later.id) > (kept.created_at, kept.id))
        AND NOT EXISTS (
            SELECT 1 FROM reports AS cancel WHERE cancel.stay_id = kept.stay_id AND cancel.kind = 'cancel'
            AND cancel.state IN ('queued', 'sending', 'pending', 'accepted'))
    GROUP BY kept.seq, kept.id
"""

_DRAFT_LEASE_MS = 30 * 60 * 1000
"""How long a draft that a desk has taken is not offered to another one. A lease from a wrong clock is over, too."""
DRAFT_WAITS = f"(taken_at IS NULL OR abs(? - taken_at) > {_DRAFT_LEASE_MS})"
WAITING_DRAFTS = f"SELECT count(*) FROM drafts WHERE {DRAFT_WAITS}"  # noqa: S608  constants

# Each arm selects the newest twenty, so that a reference of one digit costs little at a million rows. The plus prevents
# SQLite from scanning the whole table backwards, which it estimates to be cheaper.
FIND = """
    SELECT seq FROM (SELECT seq FROM reports WHERE id >= :id AND id < :id_end ORDER BY +seq DESC LIMIT 20) AS by_id
    UNION SELECT seq FROM (
        SELECT seq FROM reports WHERE stay_id >= :id AND stay_id < :id_end ORDER BY +seq DESC LIMIT 20) AS by_stay
    UNION SELECT seq FROM (
        SELECT seq FROM reports WHERE short_id >= :short AND short_id < :short_end ORDER BY +seq DESC LIMIT 20
    ) AS by_short_id
    ORDER BY seq DESC LIMIT 20
"""

# The plus as above.
WITH_RECEIPT = """
    SELECT seq FROM reports WHERE receipt_number = :number AND state = 'accepted' ORDER BY +seq DESC LIMIT 20
"""

SHARED_RECEIPTS = """
    SELECT receipt_number, count(DISTINCT stay_id) FROM reports
    WHERE receipt_number IN ({numbers}) AND state = 'accepted' AND COALESCE(last_error, '') <> 'duplicate'
    GROUP BY receipt_number HAVING count(DISTINCT stay_id) > 1
"""

# From an index only. The plus as above.
SAME_GUEST = """
    SELECT seq FROM reports WHERE guest_tag = :tag AND last_morning > :first AND first_night < :last ORDER BY +seq
"""

# From an index only. The letter g, after the last digit, ends the range.
STAY_IDS = "SELECT DISTINCT stay_id FROM reports WHERE stay_id >= ? AND stay_id < ?"

# From an index only, so that it works when a page of the table is damaged.
EVERY_SEQ = "SELECT seq FROM reports INDEXED BY reports_created ORDER BY seq"

_AMONG_OPEN = f"seq IN (SELECT seq FROM reports WHERE {OPEN})"  # noqa: S608  constants
_AMONG_RECENT = f"""seq IN (
    SELECT seq FROM reports WHERE created_at >= :since UNION SELECT seq FROM reports WHERE {OPEN})"""  # noqa: S608  constants
_AMONG_LEAVING = "seq IN (SELECT seq FROM reports WHERE last_morning >= :morning)"
_AMONG_NIGHTS = "seq IN (SELECT seq FROM reports WHERE last_morning >= :morning AND first_night <= :night)"


def places(name: str, values: Iterable[str]) -> tuple[str, dict[str, str]]:
    """Return the places of several values in a statement with names, and the values by name."""
    named = {f"{name}{number}": value for number, value in enumerate(values)}
    return ", ".join(f":{each}" for each in named), named


def selection_condition(selection: Selection) -> tuple[str, str, dict[str, Any]]:
    """Return the condition of a selection; a condition implied by it that makes SQLite use an index; the parameters."""
    terms, hints, values = ["TRUE"], ["TRUE"], dict[str, Any]()
    if selection.stay_id is not None:
        terms.append("stay_id = :stay")
        values["stay"] = selection.stay_id
    if selection.states is not None:
        among, names = places("state", (state.value for state in sorted(selection.states)))
        terms.append(f"state IN ({among})" if names else "FALSE")
        # By deadline, the condition itself is enough: SQLite does not scan the table in the order of creation then.
        among_open = _AMONG_OPEN if selection.by_deadline is None else OPEN
        hints.extend([among_open] if selection.states <= OPEN_STATES else [])
        values.update(names)
    if selection.leaving_from is not None:
        terms.append("last_morning >= :morning")
        hints.append(_AMONG_LEAVING if selection.arriving_by is None else _AMONG_NIGHTS)
        values["morning"] = selection.leaving_from.toordinal()
    if selection.arriving_by is not None:
        terms.append("first_night <= :night")
        values["night"] = selection.arriving_by.toordinal()
    if selection.due_by is not None:
        terms.append("due_at <= :due_by")
        values["due_by"] = millis(selection.due_by)
    if selection.since is not None:
        terms.append(f"(created_at >= :since OR {OPEN})")
        hints.append(_AMONG_RECENT)
        values["since"] = millis(selection.since)
    return " AND ".join(terms), " AND ".join(hints), values


def selection_order(selection: Selection) -> tuple[str, dict[str, Any]]:
    """Return the order of a selection, and its parameters."""
    if selection.by_deadline is None:
        return "last_morning, seq" if selection.by_departure else "seq", {}
    if selection.due_by is not None:  # all have a deadline, and the index has this order
        return "due_at, seq", {}
    return "COALESCE(due_at, :without_deadline), seq", {"without_deadline": millis(selection.by_deadline)}


T = TypeVar("T", Entry, Change, Restrictions, Summary)

_WAITS = ("next_attempt_at", "not_before", "lease_until", "hold_until")


def clock_lead(db: Database, here: datetime) -> timedelta:
    """Return how far the database's clock is ahead of `here`, this computer's. For use within `Database.errors`."""
    return db.now(here) - here


def by_database_clock(db: Database, now: Callable[[], datetime], values: Sequence[T]) -> list[T]:
    """Return values to be stored; `now` is this computer's clock. For use within `Database.errors`.

    The database is asked for its time only if there is anything to wait for.
    """
    return later(values, clock_lead(db, now())) if any(map(_waits, values)) else list(values)


def by_own_clock(db: Database, now: Callable[[], datetime], values: Sequence[T]) -> list[T]:
    """Return stored values for a reader with the clock `now`, else as `by_database_clock`."""
    return later(values, -clock_lead(db, now())) if any(map(_waits, values)) else list(values)


def later(values: Sequence[T], by: timedelta) -> list[T]:
    """Return values whose times to wait for are later by this."""
    if not by:
        return list(values)
    return [value._replace(**{name: at + by for name, at in _waits(value).items()}) for value in values]


def _waits(value: T) -> dict[str, Any]:
    return {name: at for name in _WAITS if (at := getattr(value, name, None)) is not None}


_FIRST_BATCH = 50
_BATCH = 500
"""Rows read at a time: few at first, because the caller may need no more, and twice as many each time."""

_NO_VALUES: Mapping[str, Any] = {}


def _in_order(entries: Iterator[Entry], selection: Selection) -> Iterator[Entry]:
    """Yield entries in the order of a selection, as `selection_order`. An error comes after what was read."""
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

    def seqs(self, query: str, values: Mapping[str, Any] = _NO_VALUES) -> array[int]:
        """Return the numbers (`seq`) of the reports that a query selects."""
        with self._db.read_errors():
            return array("q", (row[0] for row in self._db.execute(query, values)))

    def selected(self, selection: Selection) -> Iterator[Entry]:
        """Yield the entries of a selection, as `Outbox.entries`; also where an index is damaged."""
        condition, hint, values = selection_condition(selection)
        order, more = selection_order(selection)
        query = f"SELECT seq FROM reports WHERE {condition} AND {hint} ORDER BY {order} LIMIT :limit"  # noqa: S608  constants
        limit = NO_LIMIT if selection.limit is None else selection.limit
        try:
            seqs = self.seqs(query, {**values, **more, "limit": limit})
        except OutboxDamaged:
            entries = self.in_batches(self.seqs(EVERY_SEQ), condition, values)
            if selection.by_deadline is not None or selection.by_departure:
                entries = _in_order(entries, selection)
        else:
            entries = self.in_batches(seqs, condition, values)
        return islice(entries, selection.limit)

    def photos_to_send(self) -> Iterator[PhotoToSend]:
        """Yield the photos that may be sent now, as `Outbox.photos_to_send`."""
        with self._db.read_errors():
            found = self._db.execute(PHOTOS_TO_SEND).fetchall()
        sent_for = {report_id: accepted for _seq, report_id, accepted in found}
        entries = self.in_batches(array("q", (row[0] for row in found)), "photo_state = 'kept' AND erased_at IS NULL")
        return (PhotoToSend(entry, sent_for[entry.id]) for entry in entries if entry.id in sent_for)

    def in_batches(
        self, seqs: array[int], condition: str = "TRUE", values: Mapping[str, Any] = _NO_VALUES
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

    def select(self, condition: str, values: Mapping[str, Any], lead: timedelta | None = None) -> list[Entry]:
        """Return the entries that meet a condition, all at once. `lead` is the `clock_lead`, if it is known already."""
        query = f"SELECT {ENTRY_COLUMNS} FROM reports WHERE {condition}"  # noqa: S608  constants, and numbers of our own
        with self._db.read_errors():
            entries = [entry_from_row(row) for row in self._db.execute(query, values).fetchall()]
            return by_own_clock(self._db, self._now, entries) if lead is None else later(entries, -lead)

    def _numbered(self, seqs: Sequence[int], condition: str, values: Mapping[str, Any]) -> list[Entry]:
        return self.select(f"seq IN ({','.join(map(str, seqs))}) AND {condition}", values)
