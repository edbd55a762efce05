"""The outbox of `ports.Outbox` in one SQLite file, used by several processes at once.

Every change is one transaction, durable when the method returns. Reading takes its rows in pieces and holds no
transaction between them, so that whoever walks through the queue may write to it on the way.
"""

# Annotations stay text: the report's model is loaded by whoever opens a report, not by whoever counts them.
from __future__ import annotations

from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Self

from apoa_client.errors import Erased
from apoa_client.messages import msg
from apoa_client.outbox.errors import OutboxDamaged, damaged, translate_errors, translate_read_errors
from apoa_client.outbox.sqlite import rows
from apoa_client.outbox.sqlite.database import open_database, transaction
from apoa_client.outbox.sqlite.entry_reader import EntryReader
from apoa_client.outbox.sqlite.metadata import Metadata
from apoa_client.outbox.sqlite.rows import MILLISECOND, millis
from apoa_client.ports import Actor, AuditEvent, NewReport, Outbox, Summary
from apoa_client.report.kinds import State, short_id

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import date, datetime
    from pathlib import Path
    from types import TracebackType

    from apoa_client.outbox.sqlite.audit import AuditTrail
    from apoa_client.outbox.sqlite.contents import Contents
    from apoa_client.outbox.sqlite.drafts import StoredDraft
    from apoa_client.outbox.sqlite.erasure import Eraser
    from apoa_client.outbox.sqlite.reseal import Records
    from apoa_client.ports import Change, Content, Entry, Sealer, Selection, Suspension
    from apoa_client.report.findings import Finding
    from apoa_client.report.kinds import Receipt
    from apoa_client.report.model import Report

_NOBODY = Actor(lambda: "-", lambda: rows.EPOCH)
"""Who writes where nobody is named, as in a test: no user, and no time."""


class SqliteOutbox(Outbox):
    """The outbox in the file at `path`. Open it with `open`, and close it; not to be shared between threads.

    What is kept about guests is sealed by `sealer`: adding needs no secret, `content` and `draft` alone do. What
    becomes of a report is told in the audit trail, in the same transaction, as `actor`'s.
    """

    def __init__(self, db: sqlite3.Connection, path: Path, sealer: Sealer, actor: Actor = _NOBODY) -> None:
        self._db = db
        self._path = path
        self._sealer = sealer
        self._author = actor
        self._shelf = EntryReader(db, path)
        self._memo = Metadata(db, path)

    @classmethod
    def open(cls, path: Path, sealer: Sealer, *, create: bool = False, actor: Actor = _NOBODY) -> Self:
        """Open the file, bringing it to this version's form; make it first only where `create` says so.

        Raises `OutboxMissing`, `OutboxUnreachable`, `OutboxDamaged`, `OutboxTooNew`, `OutboxBusy` or `DiskFull`.
        """
        return cls(open_database(path, create=create), path, sealer, actor)

    def close(self) -> None:
        """Let go of the file. Closing twice does no harm."""
        with translate_errors(self._path):
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
        active_reports: Sequence[str] = (),
    ) -> Entry:
        """Queue one report. When this returns, a power cut no longer loses it. `ReportExists` where its id is known.

        What it `replaces` is superseded, and it takes the first one's place. Raises `ReportMoved` where one of those
        has left meanwhile, or where not just these are `active_reports` in the stay any more.
        """
        from apoa_client.outbox.sqlite import insertion  # counting adds none

        row = insertion.row_of(self._contents, NewReport(report, due_at, warnings, guest_tag))
        with transaction(self._db, self._path):
            insertion.refuse_known(self._db, report.id)
            self._check(active_reports)
            place = insertion.supersede(self._db, replaces, millis(report.created_at) or 0) if replaces else None
            seq = insertion.insert(self._db, row, place)
            self._tell([*(AuditEvent("superseded", old) for old in replaces), AuditEvent("saved", report.id)])
            return self._shelf.select("seq = :seq", {"seq": seq})[0]

    def add_all(self, additions: Sequence[NewReport]) -> list[Entry]:
        """Queue several reports, all of them or none, in their order; `ReportExists` where an id of theirs is known."""
        from apoa_client.outbox.sqlite import insertion

        new = [(each.report.id, insertion.row_of(self._contents, each)) for each in additions]
        entries: list[Entry] = []
        with transaction(self._db, self._path):
            for report_id, row in new:
                insertion.refuse_known(self._db, report_id)
                entries += self._shelf.select("seq = :seq", {"seq": insertion.insert(self._db, row)})
            self._tell([AuditEvent("saved", report_id) for report_id, _row in new])
        return entries

    def _check(self, active_reports: Sequence[str]) -> None:
        from apoa_client.outbox.sqlite.revision import check_standing  # an arrival has nothing before it

        if active_reports:
            check_standing(self._db, active_reports)

    def withdraw(self, ids: Sequence[str], active_reports: Sequence[str] = ()) -> None:
        """Take reports back that the authority does not have. Raises `ReportMoved` as `add` does."""
        from apoa_client.outbox.sqlite.revision import retire

        with transaction(self._db, self._path):
            self._check(active_reports)
            retire(self._db, ids, State.WITHDRAWN, millis(self._author.now()) or 0)
            self._tell([AuditEvent("withdrawn", report_id) for report_id in ids])

    def receive(self, report_id: str, receipt: Receipt) -> None:
        """File the receipt of a report that was made by hand: accepted. Raises `ReportMoved` if it is not open."""
        from apoa_client.outbox.sqlite import revision

        with transaction(self._db, self._path):
            revision.receive(self._db, report_id, receipt)
            self._tell([AuditEvent("received", report_id)])

    def heads(self) -> Iterator[Entry]:
        """The first open report of each stay that is queued or sending: soonest deadline first, then oldest."""
        return self._shelf.in_pieces(self._shelf.seqs(rows.HEADS), "state IN ('queued', 'sending')")

    def claim(self, ids: Sequence[str], *, now: datetime, lease_until: datetime) -> tuple[str, list[Entry]]:
        """Mark reports as being sent; the lease's token, and those got, in the order asked, as `claims.claim` does."""
        from apoa_client.outbox.sqlite import claims  # for delivery alone

        wanted = dict.fromkeys(ids)
        with transaction(self._db, self._path):
            lease = claims.claim(self._db, list(wanted), now, lease_until)
            got = self._shelf.select("state = 'sending' AND lease = :lease", {"lease": lease})
        by_id = {entry.id: entry for entry in got}
        return lease, [by_id[report_id] for report_id in wanted if report_id in by_id]

    def settle(self, lease: str, changes: Sequence[Change]) -> None:
        """Write down what became of claimed reports, and end the lease. A lease that was taken over changes nothing."""
        from apoa_client.outbox.sqlite.claims import SETTLE

        self._change(SETTLE, changes, lease)

    def decide(self, changes: Sequence[Change]) -> None:
        """Write down what became of pending reports; others are left alone."""
        from apoa_client.outbox.sqlite.claims import DECIDE

        self._change(DECIDE, changes, None)

    def find(self, reference: str) -> list[Entry]:
        """Entries by the beginning of an id, short id or stay's id; newest first, at most 20. Hyphens are optional."""
        wanted = rows.reference_range(reference)
        if wanted is None:
            return []
        return list(self._shelf.in_pieces(self._shelf.seqs(rows.FIND, wanted)))

    def entries(self, selection: Selection) -> Iterator[Entry]:
        """Entries in the order in which they were made; a limit takes the first of them."""
        condition, helps, values = rows.selection_condition(selection)
        query = f"SELECT seq FROM reports WHERE {condition} AND {helps} ORDER BY seq LIMIT :limit"  # noqa: S608  constants
        limit = -1 if selection.limit is None else selection.limit
        try:
            seqs = self._shelf.seqs(query, {**values, "limit": limit})
        except OutboxDamaged:
            seqs = self._shelf.seqs(rows.EVERY_SEQ)
        return islice(self._shelf.in_pieces(seqs, condition, values), selection.limit)

    def same_guest(self, tag: int, first_night: date, last_morning: date) -> list[Entry]:
        """Entries of a guest with this tag for any night of these, whatever became of them; in their order."""
        nights = {"tag": tag, "first": first_night.toordinal(), "last": last_morning.toordinal()}
        return list(self._shelf.in_pieces(self._shelf.seqs(rows.SAME_GUEST, nights)))

    def content(self, entry: Entry) -> Content:
        """Open one. Raises `CredentialsProblem` without the key, `SealBroken` where it was changed or swapped.

        Raises `Erased` where it was erased, and `OutboxDamaged` where it is gone without that.
        """
        query = "SELECT content, errors, warnings, erased_at FROM reports WHERE id = ?"
        with translate_read_errors(self._path):
            row = self._db.execute(query, [entry.id]).fetchone()
            if row is not None and row[3] is not None:
                raise Erased(msg("The guest's data of report {id} were erased.", id=short_id(entry.id)))
            if row is None or row[0] is None:
                raise damaged(self._path)
            return self._contents.open(entry.id, *row[:3])

    def summary(self, *, now: datetime, soon: datetime) -> Summary:
        """Counts and times of what is open, and counts of the rest. `next_due_at` is the earliest, past or to come."""
        with translate_read_errors(self._path):
            counts = {State(state): int(number) for state, number in self._db.execute(rows.TALLY).fetchall()}
            overdue, due_soon = self._due(None, now), self._due(now, soon)
            next_due_at = rows.moment(self._db.execute(rows.NEXT_DUE).fetchone()[0])
            contact, stop, hold, skew = (
                self._memo.recall(key) for key in ("last_contact", "stop", "hold", "clock_skew")
            )
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

    def stop(self, stop: Suspension | None) -> None:
        """Stop sending for the property, or (None) lift the stop."""
        value = rows.stop_value(stop)
        act = AuditEvent("sending_resumed") if stop is None else AuditEvent("sending_stopped", detail=stop.reason)
        with transaction(self._db, self._path):
            if self._memo.recall("stop") != value:
                self._memo.put("stop", value)
                self._tell([act])

    def hold(self, until: datetime) -> None:
        """Send nothing before this time, because the authority asked for it. A later word replaces an earlier one."""
        self._memo.remember("hold", millis(until))

    def contacted(self, at: datetime, server_time: datetime | None = None) -> None:
        """The authority answered at this time, and said, perhaps, what time it had."""
        self._memo.remember("last_contact", millis(at))
        if server_time is not None:
            self._memo.remember("clock_skew", (server_time - at) // MILLISECOND)

    def noticed(self, what: str, at: datetime) -> None:
        """Somebody was told this at this time, unasked: `what` is a code without blanks, and not a guest's."""
        self._memo.remember("notice", rows.notice_value(what, at))

    def last_notice(self) -> tuple[str, datetime] | None:
        """What somebody was last told unasked, and when."""
        with translate_read_errors(self._path):
            return rows.notice_of(self._memo.recall("notice"))

    def keep_draft(self, text: str, at: datetime) -> None:
        """Keep what was typed of reports that are not made yet, sealed; it takes the place of any draft before it."""
        self._draft.keep(text, at)

    def draft_kept_at(self) -> datetime | None:
        """When the draft was kept; None where there is none. Needs no key."""
        return self._draft.kept_at()

    def draft(self) -> str | None:
        """Open the draft; None where there is none. Raises `CredentialsProblem` or `SealBroken`."""
        return self._draft.open()

    def drop_draft(self, kept_at: datetime | None = None) -> None:
        """Erase the draft, if there is one; or only the one that was kept then."""
        self._draft.drop(kept_at)

    def turn(self, wait_s: float) -> AbstractContextManager[bool]:
        """Whether it is this process's turn to deliver; see `apoa_client.outbox.sqlite.delivery_lock`."""
        from apoa_client.outbox.sqlite.delivery_lock import turn  # counting and saving wait for nobody's turn

        return turn(self._path, wait_s)

    # What the methods above share.

    def _change(self, statement: str, changes: Sequence[Change], lease: str | None) -> None:
        from apoa_client.outbox.sqlite.audit import event_of
        from apoa_client.outbox.sqlite.claims import values_of

        values = [values_of(change, lease, self._contents) for change in changes]
        with transaction(self._db, self._path):
            made = [self._db.execute(statement, each).rowcount == 1 for each in values]
            self._tell([event_of(change) for change, was_made in zip(changes, made, strict=True) if was_made])

    @cached_property
    def _contents(self) -> Contents:
        from apoa_client.outbox.sqlite.contents import Contents  # counting reports opens none

        return Contents(self._sealer)

    @property
    def _draft(self) -> StoredDraft:
        from apoa_client.outbox.sqlite.drafts import StoredDraft  # most commands know of none

        return StoredDraft(self._db, self._path, self._sealer)

    def _due(self, since: datetime | None, until: datetime) -> int:
        lowest = millis(since)
        bounds = [-(1 << 62) if lowest is None else lowest, millis(until)]
        return int(self._db.execute(rows.DUE, bounds).fetchone()[0])

    # The audit trail, and erasing.

    def note(self, action: str, report: str | None = None, detail: str | None = None) -> None:
        """Put an act into the audit trail: codes and ids alone, nothing of a guest's."""
        with transaction(self._db, self._path):
            self._tell([AuditEvent(action, report, detail)])

    @property
    def trail(self) -> AuditTrail:
        """The audit trail, for reading and checking."""
        from apoa_client.outbox.sqlite.audit import AuditTrail

        return AuditTrail(self._db, self._path)

    @property
    def eraser(self) -> Eraser:
        """Erases what is sealed, for good."""
        from apoa_client.outbox.sqlite.erasure import Eraser

        return Eraser(self._db, self._path, self._author)

    @property
    def records(self) -> Records:
        """Every sealed record at once, for a change of keys."""
        from apoa_client.outbox.sqlite.reseal import Records

        return Records(self._db, self._path, self._author)

    def _tell(self, acts: Sequence[AuditEvent]) -> None:
        from apoa_client.outbox.sqlite import audit  # counting tells of nothing

        audit.append(self._db, self._author, acts)
