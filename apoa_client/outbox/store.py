"""The outbox of `ports.Outbox` in one SQLite file, used by several processes at once.

Every change is one transaction, durable when the method returns. Reading takes its rows in pieces and holds no
transaction between them, so that whoever walks through the queue may write to it on the way.
"""

# Annotations stay text: the report's model is loaded by whoever opens a report, not by whoever counts them.
from __future__ import annotations

import os
from array import array
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from apoa_client.errors import Erased
from apoa_client.outbox import rows
from apoa_client.outbox.database import open_database, transaction
from apoa_client.outbox.errors import OutboxDamaged, ReportExists, damaged, translated
from apoa_client.outbox.rows import COLUMNS, ERRORS, MILLISECOND, WARNINGS, entry_of, millis
from apoa_client.ports import Act, Author, Outbox, Summary
from apoa_client.report.kinds import OPEN_STATES, State, short_id
from apoa_client.texts import msg

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import date, datetime
    from pathlib import Path
    from types import TracebackType

    from apoa_client.outbox.audit import Trail
    from apoa_client.outbox.contents import Contents
    from apoa_client.outbox.erasure import Eraser
    from apoa_client.outbox.reseal import Records
    from apoa_client.ports import Change, Content, Entry, Sealer, Selection, Stop
    from apoa_client.report.findings import Finding
    from apoa_client.report.kinds import Receipt
    from apoa_client.report.model import Report

_PIECE = 500
"""Rows read at a time; SQLite before 3.32 takes at most 999 values in a statement."""

_NONE: Mapping[str, Any] = {}

_ADD = """
    INSERT INTO reports (seq, id, short_id, stay_id, kind, created_at, due_at, content, warnings, ends_at, guest_tag,
        first_night, last_morning)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

_CLAIM = """
    UPDATE reports SET state = 'sending', attempts = attempts + 1, calls = calls + 1, attempted_at = :now,
        lease = :lease, lease_until = :until
    WHERE id = :id AND (state = 'queued' OR (state = 'sending' AND (lease_until <= :now OR lease_until > :until)))
"""

# A receipt or finding that is not given leaves what is kept. The end's time is the receipt's, or else the last
# attempt's: no clock is read here, and the retention that is counted from it is in days.
_CHANGE = """
    UPDATE reports SET state = :state, lease = NULL, lease_until = NULL, last_error = :last_error,
        next_attempt_at = :next_attempt_at, not_before = :not_before, calls = calls - :unsent,
        receipt_number = COALESCE(:receipt_number, receipt_number),
        receipt_issued_at = COALESCE(:receipt_issued_at, receipt_issued_at),
        receipt_sha256 = CASE WHEN :receipt_number IS NULL THEN receipt_sha256 ELSE :receipt_sha256 END,
        receipt_typed = CASE WHEN :receipt_number IS NULL THEN receipt_typed ELSE 0 END,
        errors = COALESCE(:errors, errors), warnings = COALESCE(:warnings, warnings),
        finished_at = CASE WHEN :final
            THEN COALESCE(:receipt_issued_at, receipt_issued_at, attempted_at, created_at) END
    WHERE id = :id AND
"""
_SETTLE = _CHANGE + " state = 'sending' AND lease = :lease"
_DECIDE = _CHANGE + " state = 'pending' AND :lease IS NULL"


_NOBODY = Author(lambda: "-", lambda: rows.EPOCH)
"""Who writes where nobody is named, as in a test: no user, and no time."""


class SqliteOutbox(Outbox):
    """The outbox in the file at `path`. Open it with `open`, and close it; not to be shared between threads.

    What is kept about guests is sealed by `sealer`: adding needs no secret, `content` alone does. Every change is told
    in the audit trail, in its own transaction, as `author`'s.
    """

    def __init__(self, db: sqlite3.Connection, path: Path, sealer: Sealer, author: Author = _NOBODY) -> None:
        self._db = db
        self._path = path
        self._sealer = sealer
        self._author = author

    @classmethod
    def open(cls, path: Path, sealer: Sealer, *, create: bool = False, author: Author = _NOBODY) -> Self:
        """Open the file, bringing it to this version's form; make it first only where `create` says so.

        Raises `OutboxMissing`, `OutboxUnreachable`, `OutboxDamaged`, `OutboxTooNew`, `OutboxBusy` or `DiskFull`.
        """
        return cls(open_database(path, create=create), path, sealer, author)

    def close(self) -> None:
        """Let go of the file. Closing twice does no harm."""
        with translated(self._path):
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def add(
        self,
        report: Report,
        *,
        due_at: datetime | None,
        warnings: Sequence[Finding] = (),
        guest_tag: int | None = None,
        replaces: Sequence[str] = (),
        standing: Sequence[str] = (),
    ) -> Entry:
        """Queue one report. When this returns, a power cut no longer loses it. `ReportExists` where its id is known.

        What it `replaces` is superseded, and it takes the first one's place. Raises `ReportMoved` where one of those
        has left meanwhile, or where not just these are `standing` in the stay any more.
        """
        values = self._row(report, due_at, warnings, guest_tag)
        with transaction(self._db, self._path):
            self._refuse_known(report.id)
            self._check(standing)
            place = self._supersede(replaces, millis(report.created_at)) if replaces else None
            seq = self._db.execute(_ADD, (place, *values)).lastrowid
            self._tell([*(Act("superseded", old) for old in replaces), Act("saved", report.id)])
            return self._select("seq = :seq", {"seq": seq})[0]

    def _row(
        self, report: Report, due_at: datetime | None, warnings: Sequence[Finding], guest_tag: int | None
    ) -> tuple[Any, ...]:
        from apoa_client.outbox.contents import end_of_stay

        stay = report.stay
        return (
            report.id,
            short_id(report.id),
            report.stay_id,
            report.kind.value,
            millis(report.created_at),
            millis(due_at),
            self._contents.seal_report(report),
            self._contents.seal_findings(report.id, WARNINGS, warnings or None),
            millis(end_of_stay(report)),
            guest_tag,
            stay.check_in.date().toordinal() if stay is not None else None,
            stay.planned_check_out.toordinal() if stay is not None else None,
        )

    def _supersede(self, ids: Sequence[str], at: int | None) -> int:
        from apoa_client.outbox.revision import retire, seat  # most reports replace none

        retire(self._db, ids, State.SUPERSEDED, at or 0)
        return seat(self._db, ids)

    def _check(self, standing: Sequence[str]) -> None:
        from apoa_client.outbox.revision import check_standing  # an arrival has nothing before it

        if standing:
            check_standing(self._db, standing)

    def withdraw(self, ids: Sequence[str], standing: Sequence[str] = ()) -> None:
        """Take reports back that the authority does not have. Raises `ReportMoved` as `add` does."""
        from apoa_client.outbox.revision import retire

        with transaction(self._db, self._path):
            self._check(standing)
            retire(self._db, ids, State.WITHDRAWN, millis(self._author.now()) or 0)
            self._tell([Act("withdrawn", report_id) for report_id in ids])

    def receive(self, report_id: str, receipt: Receipt) -> None:
        """File the receipt of a report that was made by hand: accepted. Raises `ReportMoved` if it is not open."""
        from apoa_client.outbox import revision

        with transaction(self._db, self._path):
            revision.receive(self._db, report_id, receipt)
            self._tell([Act("received", report_id)])

    def heads(self) -> Iterator[Entry]:
        """The first open report of each stay that is queued or sending: soonest deadline first, then oldest."""
        return self._in_pieces(self._seqs(rows.HEADS), "state IN ('queued', 'sending')")

    def claim(self, ids: Sequence[str], *, now: datetime, lease_until: datetime) -> tuple[str, list[Entry]]:
        """Mark reports as being sent; the lease's token, and those got, in the order asked.

        A lease that ends later than the one asked for was written by a clock that has been set back since: it is over.
        """
        lease = os.urandom(16).hex()  # what `secrets` does, without loading it
        common = {"lease": lease, "now": millis(now), "until": millis(lease_until)}
        with transaction(self._db, self._path):
            wanted = dict.fromkeys(ids)
            self._db.executemany(_CLAIM, [{"id": report_id, **common} for report_id in wanted])
            got = self._select("state = 'sending' AND lease = :lease", {"lease": lease})
        by_id = {entry.id: entry for entry in got}
        return lease, [by_id[report_id] for report_id in wanted if report_id in by_id]

    def settle(self, lease: str, changes: Sequence[Change]) -> None:
        """Write down what became of claimed reports, and end the lease. A lease that was taken over changes nothing."""
        self._change(_SETTLE, changes, lease)

    def decide(self, changes: Sequence[Change]) -> None:
        """Write down what became of pending reports; others are left alone."""
        self._change(_DECIDE, changes, None)

    def find(self, reference: str) -> list[Entry]:
        """Entries by the beginning of an id, short id or stay's id; newest first, at most 20. Hyphens are optional."""
        wanted = rows.reference_range(reference)
        if wanted is None:
            return []
        return list(self._in_pieces(self._seqs(rows.FIND, wanted), "TRUE"))

    def entries(self, selection: Selection) -> Iterator[Entry]:
        """Entries in the order in which they were made; a limit takes the first of them."""
        condition, helps, values = rows.selection_condition(selection)
        query = f"SELECT seq FROM reports WHERE {condition} AND {helps} ORDER BY seq LIMIT :limit"  # noqa: S608  constants
        limit = -1 if selection.limit is None else selection.limit
        try:
            seqs = self._seqs(query, {**values, "limit": limit})
        except OutboxDamaged:
            seqs = self._seqs(rows.EVERY_SEQ)
        return islice(self._in_pieces(seqs, condition, values), selection.limit)

    def same_guest(self, tag: int, first_night: date, last_morning: date) -> list[Entry]:
        """Entries of a guest with this tag for any night of these, whatever became of them; in their order."""
        nights = {"tag": tag, "first": first_night.toordinal(), "last": last_morning.toordinal()}
        return list(self._in_pieces(self._seqs(rows.SAME_GUEST, nights), "TRUE"))

    def content(self, entry: Entry) -> Content:
        """Open one. Raises `CredentialsProblem` without the key, `SealBroken` where it was changed or swapped.

        Raises `Erased` where it was erased, and `OutboxDamaged` where it is gone without that.
        """
        query = "SELECT content, errors, warnings, erased_at FROM reports WHERE id = ?"
        with self._understood():
            row = self._db.execute(query, [entry.id]).fetchone()
            if row is not None and row[3] is not None:
                raise Erased(msg("The guest's data of report {id} were erased.", id=short_id(entry.id)))
            if row is None or row[0] is None:
                raise damaged(self._path)
            return self._contents.open(entry.id, *row[:3])

    def summary(self, *, now: datetime, soon: datetime) -> Summary:
        """Counts and times of what is open, and counts of the rest. `next_due_at` is the earliest, past or to come."""
        with self._understood():
            counts = {State(state): int(number) for state, number in self._db.execute(rows.TALLY).fetchall()}
            overdue, due_soon = self._due(None, now), self._due(now, soon)
            next_due_at = rows.moment(self._db.execute(rows.NEXT_DUE).fetchone()[0])
            contact, stop, hold, skew = (self._recall(key) for key in ("last_contact", "stop", "hold", "clock_skew"))
            return Summary(
                counts={state: counts[state] for state in State},
                overdue=overdue,
                due_soon=due_soon,
                next_due_at=next_due_at,
                last_contact_at=rows.moment(contact),
                stop=rows.stop_of(stop),
                hold_until=rows.moment(hold),
                clock_skew=rows.duration(skew),
            )

    def stop(self, stop: Stop | None) -> None:
        """Stop sending for the property, or (None) lift the stop."""
        value = rows.stop_value(stop)
        act = Act("sending_resumed") if stop is None else Act("sending_stopped", detail=stop.reason)
        with transaction(self._db, self._path):
            if self._recall("stop") != value:
                self._put("stop", value)
                self._tell([act])

    def hold(self, until: datetime) -> None:
        """Send nothing before this time, because the authority asked for it. A later word replaces an earlier one."""
        self._remember("hold", millis(until))

    def contacted(self, at: datetime, server_time: datetime | None = None) -> None:
        """The authority answered at this time, and said, perhaps, what time it had."""
        self._remember("last_contact", millis(at))
        if server_time is not None:
            self._remember("clock_skew", (server_time - at) // MILLISECOND)

    def noticed(self, what: str, at: datetime) -> None:
        """Somebody was told this at this time, unasked: `what` is a code without blanks, and not a guest's."""
        self._remember("notice", rows.notice_value(what, at))

    def last_notice(self) -> tuple[str, datetime] | None:
        """What somebody was last told unasked, and when."""
        with self._understood():
            return rows.notice_of(self._recall("notice"))

    def turn(self, wait_s: float) -> AbstractContextManager[bool]:
        """Whether it is this process's turn to deliver; see `apoa_client.outbox.turn`."""
        from apoa_client.outbox.turn import turn  # counting and saving wait for nobody's turn

        return turn(self._path, wait_s)

    # What the methods above share.

    def _change(self, statement: str, changes: Sequence[Change], lease: str | None) -> None:
        values = [{**self._values(change), "lease": lease} for change in changes]
        with transaction(self._db, self._path):
            made = [self._db.execute(statement, each).rowcount == 1 for each in values]
            self._tell_changes([change for change, was_made in zip(changes, made, strict=True) if was_made])

    def _values(self, change: Change) -> dict[str, Any]:
        if change.state is State.SENDING:
            message = "a report is claimed, not changed, to be sent"
            raise ValueError(message)
        receipt = change.receipt
        return {
            "id": change.id,
            "state": change.state.value,
            "final": change.state not in OPEN_STATES,
            "last_error": change.last_error,
            "next_attempt_at": millis(change.next_attempt_at),
            "not_before": millis(change.not_before),
            "unsent": change.unsent,
            "receipt_number": receipt.number if receipt is not None else None,
            "receipt_issued_at": millis(receipt.issued_at) if receipt is not None else None,
            "receipt_sha256": receipt.sha256 if receipt is not None else None,
            "errors": self._contents.seal_findings(change.id, ERRORS, change.errors),
            "warnings": self._contents.seal_findings(change.id, WARNINGS, change.warnings),
        }

    @cached_property
    def _contents(self) -> Contents:
        from apoa_client.outbox.contents import Contents  # counting reports opens none

        return Contents(self._sealer)

    def _refuse_known(self, report_id: str) -> None:
        if self._db.execute("SELECT 1 FROM reports WHERE id = ?", [report_id]).fetchone() is not None:
            raise ReportExists(msg("The report {id} was saved before.", id=report_id))

    def _seqs(self, query: str, values: Mapping[str, Any] = _NONE) -> array[int]:
        with self._understood():
            return array("q", (row[0] for row in self._db.execute(query, values)))

    def _in_pieces(self, seqs: array[int], condition: str, values: Mapping[str, Any] = _NONE) -> Iterator[Entry]:
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

    def _numbered(self, seqs: Sequence[int], condition: str, values: Mapping[str, Any]) -> list[Entry]:
        return self._select(f"seq IN ({','.join(map(str, seqs))}) AND {condition}", values)

    def _numbered_one_by_one(self, seqs: Sequence[int], condition: str, values: Mapping[str, Any]) -> list[Entry]:
        intact: list[Entry] = []
        for seq in seqs:
            with suppress(OutboxDamaged):
                intact += self._numbered([seq], condition, values)
        return intact

    def _select(self, condition: str, values: Mapping[str, Any]) -> list[Entry]:
        query = f"SELECT {COLUMNS} FROM reports WHERE {condition}"  # noqa: S608  constants, and numbers of our own
        with self._understood():
            return [entry_of(row) for row in self._db.execute(query, values).fetchall()]

    def _due(self, since: datetime | None, until: datetime) -> int:
        lowest = millis(since)
        bounds = [-(1 << 62) if lowest is None else lowest, millis(until)]
        return int(self._db.execute(rows.DUE, bounds).fetchone()[0])

    def _recall(self, key: str) -> object:
        row = self._db.execute("SELECT value FROM memo WHERE key = ?", [key]).fetchone()
        return None if row is None else row[0]

    def _remember(self, key: str, value: str | int | None) -> None:
        with transaction(self._db, self._path):
            self._put(key, value)

    def _put(self, key: str, value: str | int | None) -> None:
        self._db.execute("DELETE FROM memo WHERE key = ?", [key])
        if value is not None:
            self._db.execute("INSERT INTO memo VALUES (?, ?)", [key, value])

    @contextmanager
    def _understood(self) -> Iterator[None]:
        try:
            with translated(self._path):
                yield
        except (ValueError, TypeError, KeyError, OverflowError) as exc:
            raise damaged(self._path) from exc

    # The audit trail, and erasing.

    def note(self, action: str, report: str | None = None, detail: str | None = None) -> None:
        """Put an act into the audit trail: codes and ids alone, nothing of a guest's."""
        with transaction(self._db, self._path):
            self._tell([Act(action, report, detail)])

    @property
    def trail(self) -> Trail:
        """The audit trail, for reading and checking."""
        from apoa_client.outbox.audit import Trail

        return Trail(self._db, self._path)

    @property
    def eraser(self) -> Eraser:
        """Erases what is sealed, for good."""
        from apoa_client.outbox.erasure import Eraser

        return Eraser(self._db, self._path, self._author)

    @property
    def records(self) -> Records:
        """Every sealed record at once, for a change of keys."""
        from apoa_client.outbox.reseal import Records

        return Records(self._db, self._path)

    def _tell(self, acts: Sequence[Act]) -> None:
        from apoa_client.outbox import audit  # counting tells of nothing

        audit.append(self._db, self._author, acts)

    def _tell_changes(self, changes: Sequence[Change]) -> None:
        from apoa_client.outbox.audit import act_of

        self._tell([act_of(change) for change in changes])
