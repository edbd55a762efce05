"""Merges a backup's reports into an outbox: each report keeps the state that is further along, on either side.

So a report that the authority has accepted, here or there, is never sent again, a receipt is never lost, and what is
still to be delivered is delivered. What was erased on either side stays erased.
"""

import sqlite3
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from apoa_client.archive.backup import columns_of, tables
from apoa_client.outbox.sqlite import audit
from apoa_client.ports import Actor, AuditEvent
from apoa_client.report.kinds import OPEN_STATES, State

_Row = Mapping[str, Any]

_OF_THE_CLOCK = ("clock_skew", "clock_checked")
"""Metadata about the clock of the computer that wrote the backup: not copied."""

_NEVER_COPIED = frozenset({'"reports"', '"memo"', '"tally"', '"backup"', '"draft"'})
"""Tables that are merged by row, counted by triggers, part of the backup only, or about what is being typed."""

_SEALED = ("content", "errors", "warnings")
_CONSTANT = frozenset({"seq", "id", "short_id", "stay_id", "kind", "created_at", "due_at", "content", "guest_tag"})
"""Columns that a report has from its beginning, and its content as it is sealed here."""

_OF_THE_STATE = frozenset(
    {
        *("state", "lease", "lease_until", "last_error", "next_attempt_at", "not_before"),
        *("receipt_number", "receipt_issued_at", "receipt_sha256", "receipt_typed", "finished_at"),
    }
)
"""Columns that are taken over together with a state, even if they are empty."""


class Conflict(NamedTuple):
    """A report with one receipt here and another in the backup; the one here is kept."""

    id: str
    here: str
    in_backup: str


class MergeResult(NamedTuple):
    """The number of reports that were only in the backup, advanced by it, stayed unchanged, and are only here."""

    inserted: int
    advanced: int
    unchanged: int
    only_here: int
    conflicts: tuple[Conflict, ...] = ()


def copy(here: sqlite3.Connection, backup: sqlite3.Connection, actor: Actor) -> MergeResult:
    """Fill a new outbox, in a transaction: with the reports, the audit trail and the metadata of the backup."""
    result = _Merge(here, backup).run()
    here.executemany(
        "INSERT INTO memo VALUES (?, ?)",
        backup.execute("SELECT key, value FROM memo WHERE key NOT IN (?, ?)", _OF_THE_CLOCK),
    )
    for table in set(tables(here)) & set(tables(backup)) - _NEVER_COPIED:
        columns = _common_columns(here, backup, table)
        here.executemany(_insert_sql(table, columns), backup.execute(_select_sql(table, columns)))
    audit.append(here, actor, [AuditEvent("restored")])
    return result


def merge(here: sqlite3.Connection, backup: sqlite3.Connection, actor: Actor) -> MergeResult:
    """Merge the reports into an outbox that is in use, inside a transaction. Everything else here stays as it is."""
    work = _Merge(here, backup)
    result = work.run()
    audit.append(here, actor, [AuditEvent("restored"), *work.events])
    return result


def count_shared(here: sqlite3.Connection, backup: sqlite3.Connection) -> tuple[int, int]:
    """Return how many reports here are sealed, and how many of these the backup has, byte for byte.

    Each seal uses a random key of its own (libsodium's sealed box): equal bytes were sealed once, and copied.
    """
    sealed = shared = 0
    for report_id, content in here.execute("SELECT id, content FROM reports WHERE content IS NOT NULL"):
        there = backup.execute("SELECT content FROM reports WHERE id = ?", [report_id]).fetchone()
        sealed += 1
        shared += there is not None and there[0] == content
    return sealed, shared


def merged_order(ours: Sequence[str], theirs: Sequence[str], created_at: Mapping[str, int]) -> list[str]:
    """Return one order of a stay's reports that keeps ours, and theirs as far as possible, and otherwise goes by time.

    `created_at` is milliseconds by id. The order decides what is sent first, and clocks are not always right.
    """
    common = set(ours) & set(theirs)
    left, right = deque(ours), deque(theirs)
    order: dict[str, None] = {}
    while left and right:
        mine, its = left[0], right[0]
        if its in order:
            right.popleft()
        # A report of both sides comes at our position, and after all that the backup has before it.
        elif its not in common and (mine in common or (created_at[its], its) < (created_at[mine], mine)):
            order[right.popleft()] = None
        else:
            order[left.popleft()] = None
    return list(order | dict.fromkeys([*left, *right]))


class _Merge:
    """One merge, inside a transaction: row by row, because a row is small and a history is long."""

    def __init__(self, here: sqlite3.Connection, backup: sqlite3.Connection) -> None:
        self._here = here
        self._backup = backup
        self._columns = _common_columns(here, backup, "reports")
        self._last, self._before = here.execute("SELECT COALESCE(max(seq), 0), count(*) FROM reports").fetchone()
        self._common = self._inserted = self._advanced = 0
        self._mixed_stays: set[str] = set()
        self._conflicts: list[Conflict] = []
        self.events: list[AuditEvent] = []

    def run(self) -> MergeResult:
        """Merge every report of the backup, in order; then reorder the stays that have new reports on both sides."""
        names = [name.strip('"') for name in self._columns]
        query = _select_sql("reports", self._columns)
        for values in self._backup.execute(f"{query} ORDER BY seq"):
            theirs = dict(zip(names, values, strict=True))
            if theirs["state"] == State.SENDING:  # the process that was sending it is gone
                theirs |= {"state": State.QUEUED.value, "lease": None, "lease_until": None}
            found = self._here.execute(f"{query} WHERE id = ?", [theirs["id"]]).fetchone()
            if found is None:
                self._insert(theirs)
            else:
                self._update(dict(zip(names, found, strict=True)), theirs)
        for stay_id in self._mixed_stays:
            self._reorder(stay_id)
        unchanged, only_here = self._common - self._advanced, self._before - self._common
        return MergeResult(self._inserted, self._advanced, unchanged, only_here, tuple(self._conflicts))

    def _insert(self, theirs: dict[str, Any]) -> None:
        if self._before:
            theirs["seq"] = None  # it gets a number of its own
            known = "SELECT 1 FROM reports WHERE stay_id = ? AND seq <= ? LIMIT 1"
            if self._here.execute(known, [theirs["stay_id"], self._last]).fetchone() is not None:
                self._mixed_stays.add(theirs["stay_id"])
        self._here.execute(_insert_sql("reports", self._columns), list(theirs.values()))
        self._inserted += 1
        self._add_event(theirs)

    def _update(self, mine: _Row, theirs: _Row) -> None:
        self._common += 1
        if mine["receipt_number"] and theirs["receipt_number"] not in {None, mine["receipt_number"]}:
            self._conflicts.append(Conflict(mine["id"], mine["receipt_number"], theirs["receipt_number"]))
        merged = merged_row(mine, theirs)
        changes = {name: value for name, value in merged.items() if value != mine[name]}
        if changes:
            names = ", ".join(f"{name} = ?" for name in changes)
            self._here.execute(f"UPDATE reports SET {names} WHERE id = ?", [*changes.values(), mine["id"]])  # noqa: S608  columns of ours
            self._advanced += 1
            self._add_event(merged)

    def _add_event(self, row: _Row) -> None:
        if self._before:  # otherwise the whole trail is copied
            self.events.append(AuditEvent("restored", row["id"], row["state"]))

    def _reorder(self, stay_id: str) -> None:
        """Distribute the stay's numbers to its reports again, in an order that agrees with both sides."""
        rows = self._here.execute("SELECT seq, id, created_at FROM reports WHERE stay_id = ? ORDER BY seq", [stay_id])
        seqs, ids, times = zip(*rows.fetchall(), strict=True)
        ours = [report_id for seq, report_id in zip(seqs, ids, strict=True) if seq <= self._last]
        rows = self._backup.execute("SELECT id FROM reports WHERE stay_id = ? ORDER BY seq", [stay_id])
        order = merged_order(ours, [row[0] for row in rows], dict(zip(ids, times, strict=True)))
        # By way of negative numbers, because no two rows may ever have the same.
        self._here.execute("UPDATE reports SET seq = -seq WHERE stay_id = ?", [stay_id])
        self._here.executemany("UPDATE reports SET seq = ? WHERE id = ?", zip(seqs, order, strict=True))


def merged_row(mine: _Row, theirs: _Row) -> dict[str, Any]:
    """Return the row that a report has after the merge, from its rows here and in the backup."""
    merged = dict(mine)
    if _progress(theirs) > _progress(mine):
        for name in mine.keys() - _CONSTANT:
            take_theirs = name in _OF_THE_STATE or theirs[name] is not None
            merged[name] = theirs[name] if take_theirs else mine[name]
        merged |= {count: max(mine[count], theirs[count]) for count in ("attempts", "calls")}
    if merged["state"] not in OPEN_STATES and None in {mine["content"], theirs["content"]}:
        merged |= dict.fromkeys(_SEALED)
        merged["erased_at"] = mine["erased_at"] or theirs["erased_at"]
    return merged


def _progress(row: _Row) -> tuple[bool, int]:
    """Return how far along a report is. A receipt counts most, because only the authority can have given it.

    `superseded` and `withdrawn` are either the end of a rejected report, or a person's decision about a report that had
    not been sent. The authority's answer that it was sent counts for more than such a decision: otherwise its verdict
    is never asked for.
    """
    state = State(row["state"])
    answered = row["errors"] is not None or row["content"] is None
    closed = 4 if answered else 1
    ranks = {
        State.QUEUED: 0,
        State.SENDING: 0,
        State.PENDING: 2,
        State.REJECTED: 3,
        State.SUPERSEDED: closed,
        State.WITHDRAWN: closed,
        State.ACCEPTED: 5,
    }
    return row["receipt_number"] is not None, ranks[state]


def _common_columns(here: sqlite3.Connection, backup: sqlite3.Connection, table: str) -> list[str]:
    theirs = set(columns_of(backup, table))
    return [column for column in columns_of(here, table) if column in theirs]


def _select_sql(table: str, columns: Sequence[str]) -> str:
    return f"SELECT {', '.join(columns)} FROM {table}"  # noqa: S608  names from our own schema, in quotes


def _insert_sql(table: str, columns: Sequence[str]) -> str:
    places = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608  names from our own schema, in quotes
