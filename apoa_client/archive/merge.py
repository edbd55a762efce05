"""Bringing a backup's reports home: each keeps the state that is further along, whichever side it stands on.

So a report that the authority has accepted, here or there, is never sent again, a receipt is never lost, and what is
still to be delivered is delivered. What a person, or the law, had erased on either side stays erased.
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

_SKEW = "clock_skew"
"""In `memo`: about another computer's clock."""

_NEVER_COPIED = frozenset({'"reports"', '"memo"', '"tally"', '"backup"', '"draft"'})
"""Tables that are merged by row, counted by triggers, not the outbox's, or about what is typed at this moment."""

_SEALED = ("content", "errors", "warnings")
_ITS_OWN = frozenset({"seq", "id", "short_id", "stay_id", "kind", "created_at", "due_at", "content", "guest_tag"})
"""What a report is from its beginning, and how it is sealed here."""

_ITS_STATE = frozenset(
    {
        *("state", "lease", "lease_until", "last_error", "next_attempt_at", "not_before"),
        *("receipt_number", "receipt_issued_at", "receipt_sha256", "receipt_typed", "finished_at"),
    }
)
"""What goes with a state, nothing included."""


class Conflict(NamedTuple):
    """A report with one receipt here and another in the backup; the one here is kept."""

    id: str
    here: str
    in_backup: str


class MergeResult(NamedTuple):
    """How many reports were only in the backup, got further by it, stayed as they were, and are only here."""

    inserted: int
    advanced: int
    unchanged: int
    only_here: int
    conflicts: tuple[Conflict, ...] = ()


def carry(here: sqlite3.Connection, backup: sqlite3.Connection, actor: Actor) -> MergeResult:
    """Fill an outbox that was just made, in a transaction: with the reports, the audit trail, and what is kept once."""
    work = _Merge(here, backup)
    work.all()
    here.executemany(
        "INSERT INTO memo VALUES (?, ?)", backup.execute("SELECT key, value FROM memo WHERE key <> ?", [_SKEW])
    )
    for table in set(tables(here)) & set(tables(backup)) - _NEVER_COPIED:
        columns = _common(here, backup, table)
        here.executemany(_insert(table, columns), backup.execute(_select(table, columns)))
    audit.append(here, actor, [AuditEvent("restored")])
    return work.result()


def merge(here: sqlite3.Connection, backup: sqlite3.Connection, actor: Actor) -> MergeResult:
    """Merge the reports into an outbox with a life of its own, inside a transaction. The rest here stays as it is."""
    work = _Merge(here, backup)
    work.all()
    audit.append(here, actor, [AuditEvent("restored"), *work.acts])
    return work.result()


def shared(here: sqlite3.Connection, backup: sqlite3.Connection) -> tuple[int, int]:
    """How many reports here are sealed, and how many of these the backup has, byte for byte.

    Each seal is made with a random key of its own (libsodium's sealed box): equal bytes were sealed once, and copied.
    """
    sealed = same = 0
    for report_id, content in here.execute("SELECT id, content FROM reports WHERE content IS NOT NULL"):
        there = backup.execute("SELECT content FROM reports WHERE id = ?", [report_id]).fetchone()
        sealed += 1
        same += there is not None and there[0] == content
    return sealed, same


def merged_order(ours: Sequence[str], theirs: Sequence[str], made_at: Mapping[str, int]) -> list[str]:
    """One order of a stay's reports that keeps ours, and theirs as far as that goes, and otherwise goes by time.

    `made_at` is milliseconds by id. The order decides what is sent first, and clocks are not always right.
    """
    common = set(ours) & set(theirs)
    left, right = deque(ours), deque(theirs)
    order: dict[str, None] = {}
    while left and right:
        if right[0] in order:
            right.popleft()
        elif _theirs_first(left[0], right[0], common, made_at):
            order[right.popleft()] = None
        else:
            order[left.popleft()] = None
    return list(order | dict.fromkeys([*left, *right]))


def _theirs_first(mine: str, its: str, common: set[str], made_at: Mapping[str, int]) -> bool:
    """What both have comes when it is our turn, and after all that theirs has before it."""
    return its not in common and (mine in common or (made_at[its], its) < (made_at[mine], mine))


class _Merge:
    """One merge, inside a transaction: row by row, as a row is small and a history is long."""

    def __init__(self, here: sqlite3.Connection, backup: sqlite3.Connection) -> None:
        self._here = here
        self._backup = backup
        self._columns = _common(here, backup, "reports")
        self._last, self._before = here.execute("SELECT COALESCE(max(seq), 0), count(*) FROM reports").fetchone()
        self._met = self._inserted = self._advanced = 0
        self._mixed: set[str] = set()
        self._conflicts: list[Conflict] = []
        self.acts: list[AuditEvent] = []

    def result(self) -> MergeResult:
        """What it came to."""
        unchanged = self._met - self._advanced
        left = self._before - self._met
        return MergeResult(self._inserted, self._advanced, unchanged, left, tuple(self._conflicts))

    def all(self) -> None:
        """Every report of the backup, in their order; then the order of stays that both sides have gone on with."""
        names = [name.strip('"') for name in self._columns]
        query = _select("reports", self._columns)
        for values in self._backup.execute(f"{query} ORDER BY seq"):
            theirs = dict(zip(names, values, strict=True))
            if theirs["state"] == State.SENDING:  # nobody is sending it any more
                theirs |= {"state": State.QUEUED.value, "lease": None, "lease_until": None}
            found = self._here.execute(f"{query} WHERE id = ?", [theirs["id"]]).fetchone()
            if found is None:
                self._insert(theirs)
            else:
                self._meet(dict(zip(names, found, strict=True)), theirs)
        for stay_id in self._mixed:
            self._reorder(stay_id)

    def _insert(self, theirs: dict[str, Any]) -> None:
        if self._before:
            theirs["seq"] = None  # a number of its own
            known = "SELECT 1 FROM reports WHERE stay_id = ? AND seq <= ? LIMIT 1"
            if self._here.execute(known, [theirs["stay_id"], self._last]).fetchone() is not None:
                self._mixed.add(theirs["stay_id"])
        self._here.execute(_insert("reports", self._columns), list(theirs.values()))
        self._inserted += 1
        self._note(theirs)

    def _meet(self, mine: _Row, theirs: _Row) -> None:
        self._met += 1
        if mine["receipt_number"] and theirs["receipt_number"] not in {None, mine["receipt_number"]}:
            self._conflicts.append(Conflict(mine["id"], mine["receipt_number"], theirs["receipt_number"]))
        settled = merged_row(mine, theirs)
        changes = {name: value for name, value in settled.items() if value != mine[name]}
        if changes:
            names = ", ".join(f"{name} = ?" for name in changes)
            self._here.execute(f"UPDATE reports SET {names} WHERE id = ?", [*changes.values(), mine["id"]])  # noqa: S608  columns of ours
            self._advanced += 1
            self._note(settled)

    def _note(self, row: _Row) -> None:
        if self._before:  # else the trail is carried whole
            self.acts.append(AuditEvent("restored", row["id"], row["state"]))

    def _reorder(self, stay_id: str) -> None:
        """Give the stay's reports its numbers anew, in an order that both sides' orders agree with."""
        rows = self._here.execute("SELECT seq, id, created_at FROM reports WHERE stay_id = ? ORDER BY seq", [stay_id])
        numbers, ids, times = zip(*rows.fetchall(), strict=True)
        ours = [each for number, each in zip(numbers, ids, strict=True) if number <= self._last]
        theirs = [
            r[0] for r in self._backup.execute("SELECT id FROM reports WHERE stay_id = ? ORDER BY seq", [stay_id])
        ]
        order = merged_order(ours, theirs, dict(zip(ids, times, strict=True)))
        # By way of negative numbers, because no two rows may ever have the same.
        self._here.execute("UPDATE reports SET seq = -seq WHERE stay_id = ?", [stay_id])
        self._here.executemany("UPDATE reports SET seq = ? WHERE id = ?", zip(numbers, order, strict=True))


def merged_row(mine: _Row, theirs: _Row) -> dict[str, Any]:
    """The row that a report has after the merge, as its own rows here and in the backup decide."""
    settled = dict(mine)
    if _standing(theirs) > _standing(mine):
        for name in mine.keys() - _ITS_OWN:
            is_state = name in _ITS_STATE or theirs[name] is not None
            settled[name] = theirs[name] if is_state else mine[name]
        settled |= {count: max(mine[count], theirs[count]) for count in ("attempts", "calls")}
    if settled["state"] not in OPEN_STATES and None in {mine["content"], theirs["content"]}:
        settled |= dict.fromkeys(_SEALED)
        settled["erased_at"] = mine["erased_at"] or theirs["erased_at"]
    return settled


def _standing(row: _Row) -> tuple[bool, int]:
    """How far along a report is. A receipt comes before everything, as only the authority can have given it.

    `superseded` and `withdrawn` are either what became of a refused report, and the end; or a person's word on a report
    that had not left, and then the authority's word that it did leave counts for more: else its verdict is never asked.
    """
    state = State(row["state"])
    spoken = row["errors"] is not None or row["content"] is None
    closed = 4 if spoken else 1
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


def _common(here: sqlite3.Connection, backup: sqlite3.Connection, table: str) -> list[str]:
    theirs = set(columns_of(backup, table))
    return [column for column in columns_of(here, table) if column in theirs]


def _select(table: str, columns: Sequence[str]) -> str:
    return f"SELECT {', '.join(columns)} FROM {table}"  # noqa: S608  names from our own schema, in quotes


def _insert(table: str, columns: Sequence[str]) -> str:
    places = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608  names from our own schema, in quotes
