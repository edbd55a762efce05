"""Merges a backup's reports into an outbox: each report keeps the state that is further along, on either side.

So a report that the authority has accepted, here or there, is never sent again, a receipt is never lost, and what is
still to be delivered is delivered. What was erased on either side stays erased.

Only a backup that is proved is merged. Of any other one, `archive.restore` takes over what is open.
"""

import sqlite3
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from time import sleep
from typing import Any, NamedTuple

from apoa_client.outbox.database import Database
from apoa_client.outbox.rows import COLUMNS, NAMES, SEALED
from apoa_client.outbox.sql import audit
from apoa_client.outbox.sql.audit import COLUMNS as EVENT_COLUMNS
from apoa_client.outbox.sql.codes import RowCodes
from apoa_client.outbox.sql.metadata import DOUBTS, REGISTER, VALUES, actual_counts, write_metadata
from apoa_client.outbox.sql.reseal import record_missing_tags
from apoa_client.ports.state import Actor, AuditEvent
from apoa_client.report.kinds import OPEN_STATES, PhotoState, State

Row = Mapping[str, Any]


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


def merged_row(mine: Row, theirs: Row) -> dict[str, Any]:
    """Return the row that a report has after the merge, from its rows here and in the backup."""
    merged = dict(mine)
    if _progress(theirs) > _progress(mine):
        for column in COLUMNS:
            its = theirs[column.name]
            merged[column.name] = its if column.of_state else column.merged(mine[column.name], its)
    if mine["photo_state"] == PhotoState.KEPT and theirs["photo_state"] is not None:
        merged["photo_state"] = theirs["photo_state"]
    if merged["state"] not in OPEN_STATES and None in {mine["content"], theirs["content"]}:
        merged |= dict.fromkeys(SEALED)
        merged["erased_at"] = theirs["erased_at"] if mine["erased_at"] is None else mine["erased_at"]
    return merged


def _progress(row: Row) -> tuple[bool, int]:
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


_NOT_COPIED = frozenset(value.key for value in VALUES if value.of_computer) | {REGISTER.key, DOUBTS.key}
"""Metadata about the computer that wrote the backup, and what says who wrote its rows: they get new codes here."""

# With a 1 in place of each photo: the photos of one piece would take much memory.
_READ = ("CASE WHEN photo IS NOT NULL THEN 1 END" if column == "photo" else column for column in NAMES)
_SELECT = f"SELECT {', '.join(_READ)} FROM reports"  # noqa: S608  constants
_INSERT = f"INSERT INTO reports ({', '.join(NAMES)}) VALUES ({', '.join('?' * len(NAMES))})"  # noqa: S608  constants
_EVENTS = f"SELECT {EVENT_COLUMNS} FROM audit ORDER BY n"  # noqa: S608  constants
_ADD_EVENT = f"INSERT INTO audit ({EVENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  constants

PIECE = 250
"""Reports merged in one transaction, or the fewest more that complete a stay."""

PAUSE_S = 0.02
"""Seconds between two transactions: SQLite lets others wait in no order, and they try again at intervals."""


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
    left_out: int = 0
    """How many that are only in the backup were not taken over: it calls them finished, and nothing proves it."""

    @property
    def were_here(self) -> int:
        """How many reports were in the outbox before."""
        return self.advanced + self.unchanged + self.only_here


def is_empty(here: Database) -> bool:
    """Return whether an outbox was never used. For use within `Database.errors`."""
    return not any(here.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in ("reports", "audit"))  # noqa: S608  ours


def copy(here: Database, backup: sqlite3.Connection, actor: Actor) -> MergeResult:
    """Fill an empty outbox, in a transaction: with the reports, the audit trail and the metadata of the backup."""
    (highest,) = backup.execute("SELECT COALESCE(max(seq), 0) FROM reports").fetchone()
    here.skip_numbers(highest)
    rows = (list(_with_photo(backup, row).values()) for row in _rows(backup, "seq"))
    count = here.executemany(_INSERT, rows).rowcount
    for key, value in backup.execute("SELECT key, value FROM memo").fetchall():
        if key not in _NOT_COPIED:
            write_metadata(here, key, value)
    record_missing_tags(here)
    here.executemany(_ADD_EVENT, backup.execute(_EVENTS))
    sending = backup.execute("SELECT id FROM reports WHERE state = 'sending'").fetchall()
    queued = (AuditEvent("restored", report_id, State.QUEUED.value) for (report_id,) in sending)
    audit.append(here, actor, [*queued, AuditEvent("restored")])
    return MergeResult(count, 0, 0, 0)


class _Difference(NamedTuple):
    """A report of the backup, its row here, if there is one, and what the merge changes in that."""

    theirs: Row
    mine: Row | None
    changes: Row

    @property
    def is_one(self) -> bool:
        """Whether the report here must be inserted or changed."""
        return self.mine is None or bool(self.changes)

    @property
    def event(self) -> AuditEvent:
        """The audit event of its insertion or change."""
        row = {**(self.mine or self.theirs), **self.changes}
        return AuditEvent("restored", row["id"], row["state"])


class Merge:
    """Merges the reports of a backup into an outbox that is in use. Everything else here stays as it is.

    It is done in pieces of some hundred reports, each in its own transaction, so that no process waits long to save
    a report. The reports of a stay are in one piece: each stay is seen as it was before, or merged. After an
    interruption, another merge finds the rest. Senders and other merges may be at work meanwhile.
    """

    def __init__(self, here: Database, backup: sqlite3.Connection, codes: RowCodes) -> None:
        self._here = here
        self._codes = codes
        self._backup = backup
        self._before = actual_counts(here).total
        self._common = self._inserted = self._advanced = 0
        self._conflicts: list[Conflict] = []
        self._offset: int | None = None

    def preview(self) -> MergeResult:
        """Return what `run` would do, from reads alone."""
        for reports in self._pieces():
            self._count(self._differences(reports))
        return self._result()

    def run(self, actor: Actor, go_on: Callable[[], object]) -> MergeResult:
        """Merge every report, piece by piece, and record it in the audit trail.

        `go_on` is called between two pieces, and ends the merge by raising an error.
        """
        with self._here.transaction():
            audit.append(self._here, actor, [AuditEvent("restored")])
        for reports in self._pieces():
            go_on()
            differences = self._differences(reports)
            if any(each.is_one for each in differences):
                with self._here.transaction():
                    differences = self._differences(reports)  # another process may have changed them
                    with self._codes.changing([each.mine["id"] for each in differences if each.mine and each.changes]):
                        self._apply(differences, actor)
                    self._codes.vouch([each.theirs["id"] for each in differences if each.mine is None])
                sleep(PAUSE_S)
            self._count(differences)
        return self._result()

    def _pieces(self) -> Iterator[list[Row]]:
        """Yield the backup's reports, stay by stay, as many stays at once as have some hundred reports."""
        piece: list[Row] = []
        for _stay, reports in groupby(_rows(self._backup, "stay_id, seq"), itemgetter("stay_id")):
            piece += reports
            if len(piece) >= PIECE:
                yield piece
                piece = []
        if piece:
            yield piece

    def _differences(self, reports: Sequence[Row]) -> list[_Difference]:
        query = f"{_SELECT} WHERE id IN ({_places(reports)})"
        found = self._here.execute(query, [each["id"] for each in reports]).fetchall()
        here = {row["id"]: row for row in (dict(zip(NAMES, values, strict=True)) for values in found)}
        differences = []
        for theirs in reports:
            mine = here.get(theirs["id"])
            changes: dict[str, Any] = {}
            if mine is not None:
                changes = {name: value for name, value in merged_row(mine, theirs).items() if value != mine[name]}
            differences.append(_Difference(theirs, mine, changes))
        return differences

    def _apply(self, differences: Sequence[_Difference], actor: Actor) -> None:
        """Insert and change the reports here, inside a transaction."""
        new = [each.theirs for each in differences if each.mine is None]
        if new:
            ours = self._ids_here(list(dict.fromkeys(row["stay_id"] for row in new)))
            offset = self._seq_offset()
            rows = ({**_with_photo(self._backup, row), "seq": offset + row["seq"]} for row in new)
            self._here.executemany(_INSERT, (list(row.values()) for row in rows))
            record_missing_tags(self._here)
            for stay_id, ids in ours.items():
                self._reorder(stay_id, ids)
        for theirs, mine, changes in differences:
            if mine is not None and changes:
                names = ", ".join(f"{name} = ?" for name in changes)
                self._here.execute(f"UPDATE reports SET {names} WHERE id = ?", [*changes.values(), theirs["id"]])  # noqa: S608  columns of ours
        if self._before:  # otherwise this outbox is new
            audit.append(self._here, actor, (each.event for each in differences if each.is_one))

    def _seq_offset(self) -> int:
        """Return what is added to the backup's numbers, so that its reports keep their order, behind those here.

        The numbers are reserved: reports that other processes save meanwhile come behind all of them.
        """
        if self._offset is None:
            (highest,) = self._backup.execute("SELECT max(seq) FROM reports").fetchone()
            self._offset = self._here.unused_seq() - 1
            self._here.skip_numbers(self._offset + highest)
        return self._offset

    def _reorder(self, stay_id: str, ours: Sequence[str]) -> None:
        """Distribute the stay's numbers to its reports again, in an order that agrees with both sides."""
        rows = self._here.execute("SELECT seq, id, created_at FROM reports WHERE stay_id = ? ORDER BY seq", [stay_id])
        seqs, ids, times = zip(*rows.fetchall(), strict=True)
        found = self._backup.execute("SELECT id FROM reports WHERE stay_id = ? ORDER BY seq", [stay_id])
        theirs = [row[0] for row in found]
        order = merged_order(ours, theirs, dict(zip(ids, times, strict=True)))
        # By way of negative numbers, because no two rows may ever have the same.
        self._here.execute("UPDATE reports SET seq = -seq WHERE stay_id = ?", [stay_id])
        self._here.executemany("UPDATE reports SET seq = ? WHERE id = ?", zip(seqs, order, strict=True))

    def _ids_here(self, stay_ids: Sequence[str]) -> dict[str, list[str]]:
        """Return the ids of the reports here of each of these stays that has any, in their order."""
        query = f"SELECT stay_id, id FROM reports WHERE stay_id IN ({_places(stay_ids)}) ORDER BY seq"  # noqa: S608  question marks alone
        found = defaultdict[str, list[str]](list)
        for stay_id, report_id in self._here.execute(query, stay_ids).fetchall():
            found[stay_id].append(report_id)
        return found

    def _count(self, differences: Sequence[_Difference]) -> None:
        for theirs, mine, changes in differences:
            if mine is None:
                self._inserted += 1
                continue
            self._common += 1
            self._advanced += bool(changes)
            if mine["receipt_number"] and theirs["receipt_number"] not in {None, mine["receipt_number"]}:
                self._conflicts.append(Conflict(mine["id"], mine["receipt_number"], theirs["receipt_number"]))

    def _result(self) -> MergeResult:
        # Another restore may have inserted reports since they were counted.
        only_here = max(self._before - self._common, 0)
        unchanged = self._common - self._advanced
        return MergeResult(self._inserted, self._advanced, unchanged, only_here, tuple(self._conflicts))


def _rows(backup: sqlite3.Connection, order: str) -> Iterator[Row]:
    """Yield the backup's reports in an order, each as it is after a restore, but for its photo: see `_with_photo`."""
    for values in backup.execute(f"{_SELECT} ORDER BY {order}"):
        # The guest is hashed with the key here, and a code is of the outbox that wrote it.
        row = dict(zip(NAMES, values, strict=True)) | {"guest_tag": None, "mac": None, "version": None}
        if row["state"] == State.SENDING:  # the process that was sending it is gone
            row |= {"state": State.QUEUED.value, "lease": None, "lease_until": None}
        yield row


def _with_photo(backup: sqlite3.Connection, row: Row) -> dict[str, Any]:
    """Return a row of the backup with its sealed photo, in place of a 1 that only says that it has one."""
    if row["photo"] is None:
        return dict(row)
    (photo,) = backup.execute("SELECT photo FROM reports WHERE id = ?", [row["id"]]).fetchone()
    return {**row, "photo": photo}


def _places(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
