"""The outbox of one property in a database of SQL, used by several processes at once. Each engine has a subclass.

Every change is one transaction, durable when the method returns. Reading takes its rows in batches and holds no
transaction between them, so that the caller may write to the queue while it iterates.
"""

# Annotations stay text, so that the report's model is loaded only when a report is opened.
from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

from apoa_client.outbox import rows
from apoa_client.outbox.rows import NO_ACTOR, millis
from apoa_client.outbox.sql import metadata, queries
from apoa_client.outbox.sql.property_values import PropertyValues
from apoa_client.outbox.sql.queries import EntryReader, by_database_clock, clock_lead
from apoa_client.ports.entries import NewReport
from apoa_client.ports.state import Actor, AuditEvent
from apoa_client.report.kinds import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import date, datetime
    from types import TracebackType

    from apoa_client.errors import ApoaError
    from apoa_client.messages import Message
    from apoa_client.outbox.database import Database
    from apoa_client.outbox.sql.audit import AuditTrail
    from apoa_client.outbox.sql.claims import Maintenance
    from apoa_client.outbox.sql.codes import Row
    from apoa_client.outbox.sql.drafts import Drafts
    from apoa_client.outbox.sql.erasure import Eraser
    from apoa_client.outbox.sql.insertion import Batch, Contents
    from apoa_client.outbox.sql.integrity import FileCheck, Integrity
    from apoa_client.outbox.sql.reseal import SealedRecords
    from apoa_client.ports.doubts import Authentication
    from apoa_client.ports.entries import Change, Content, Entry, PhotoToSend, Selection
    from apoa_client.ports.run import OutboxVersion, Sealer
    from apoa_client.ports.state import HandedOver, Summary
    from apoa_client.report.findings import Finding
    from apoa_client.report.kinds import PhotoState, Receipt
    from apoa_client.report.model import Document, Report


class Outbox(PropertyValues, ABC):
    """The whole outbox of one property, in `db`. Close it, and do not share it between threads.

    Its methods raise `StorageProblem`. What is known about guests is sealed by `sealer`: adding needs no secret, only
    opening contents and drafts does. Each change of a report is recorded in the audit trail, in the same transaction,
    as done by `actor`.
    """

    def __init__(self, db: Database, sealer: Sealer, actor: Actor = NO_ACTOR) -> None:
        super().__init__(db, sealer, actor)
        self._reader = EntryReader(db, actor.now)

    def close(self) -> None:
        """Close the database. Closing twice does no harm."""
        with self._db.errors():
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    # Reading.

    def find(self, reference: str) -> list[Entry]:
        """Return entries whose id, short id or stay's id begins with `reference`; newest first, at most 20.

        Hyphens are optional.
        """
        wanted = rows.reference_range(reference)
        return [] if wanted is None else list(self._reader.in_batches(self._reader.seqs(queries.FIND, wanted)))

    def entries(self, selection: Selection) -> Iterator[Entry]:
        """Yield entries in the order in which they were created, unless the selection says otherwise.

        A limit takes the first of them.
        """
        return self._reader.selected(selection)

    def stay_ids(self, beginning: str) -> list[str]:
        """Return the ids of stays that begin with this text, each once."""
        with self._db.read_errors():
            return [str(row[0]) for row in self._db.execute(queries.STAY_IDS, [beginning, f"{beginning}g"])]

    def count(self, selection: Selection) -> int:
        """Return the number of entries of a selection, whatever its limit."""
        condition, hint, values = queries.selection_condition(selection)
        query = f"SELECT count(*) FROM reports WHERE {condition} AND {hint}"  # noqa: S608  constants
        with self._db.read_errors():
            return int(self._db.execute(query, values).fetchone()[0])

    def has_practised(self) -> bool:
        """Return whether a receipt is of the training authority, or no user has read yet that practice was moved."""
        with self._db.read_errors():
            return self._db.execute(queries.PRACTISED).fetchone() is not None

    def content(self, entry: Entry, *, proven: bool = True) -> Content:
        """Open one. Raises `CredentialsProblem` or `SealBroken`; `Erased` for an entry with `erased_at`.

        Unless it must be `proven`, what another program changed is opened too, for a person who compares it; else that
        raises `NotAuthentic`. Raises `OutboxDamaged` if the content is missing without having been erased.
        """
        return self.integrity.content(entry.id, proven=proven)

    def contents(self, entries: Sequence[Entry]) -> dict[str, Content | ApoaError]:
        """Open several, read together, by id. In place of a content that cannot be opened there is the error.

        The error is `SealBroken`, `OutboxDamaged` or `Erased`. Raises `CredentialsProblem`.
        """
        return self.integrity.contents([entry.id for entry in entries])

    def photo(self, entry: Entry) -> bytes:
        """Open the photo of one. Raises what `content` does; `DataRefused` if the report has no photo."""
        return self.integrity.photo(entry.id)

    def with_receipt(self, number: str) -> list[Entry]:
        """Return accepted reports with this receipt number; newest first, at most 20."""
        return list(self._reader.in_batches(self._reader.seqs(queries.WITH_RECEIPT, {"number": number})))

    def shared_receipts(self, numbers: Sequence[str]) -> dict[str, int]:
        """Return those of the receipt numbers that accepted reports of several stays have, and how many stays.

        A duplicate does not count: it has the number of the report that covers its guest and night.
        """
        if not numbers:
            return {}
        query = queries.SHARED_RECEIPTS.format(numbers=", ".join("?" * len(numbers)))
        with self._db.read_errors():
            return {str(number): int(stays) for number, stays in self._db.execute(query, numbers).fetchall()}

    def same_guest(self, tag: int, first_night: date, last_morning: date) -> list[Entry]:
        """Return entries of a guest with this tag for any of these nights, in any state, in their order."""
        nights = {"tag": tag, "first": first_night.toordinal(), "last": last_morning.toordinal()}
        return list(self._reader.in_batches(self._reader.seqs(queries.SAME_GUEST, nights)))

    def heads(self) -> Iterator[Entry]:
        """Yield the first open report of each stay if it is queued or sending: soonest deadline first, then oldest.

        A stay that may be practice is left out until a user has decided: see `Summary.practice_undecided`.
        """
        undecided = frozenset(self.value(metadata.PRACTICE_UNDECIDED) or ())
        found = self._reader.in_batches(self._reader.seqs(queries.HEADS), "state IN ('queued', 'sending')")
        return (entry for entry in found if entry.stay_id not in undecided) if undecided else found

    def photos_to_send(self) -> Iterator[PhotoToSend]:
        """Yield the photos that wait and may be sent now, in no particular order.

        The stay must have a check-in that the authority accepted with a receipt, not as a duplicate, and whose data are
        not erased, and no cancellation that is open or accepted. Of several photos of a stay only the latest is sent. A
        withdrawn report's photo is not sent. The caller may record a result between two photos.
        """
        return self._reader.photos_to_send()

    def summary(self, *, now: datetime, soon: datetime) -> Summary:
        """Return counts and times; costs the same however long the history is. Needs no key."""
        from apoa_client.outbox.sql.summary import read_summary

        with self._db.read_errors(), self._db.snapshot():
            return read_summary(self._db, now, soon)

    def oldest_waiting_at(self) -> datetime | None:
        """Return when the oldest report was made that waits to be sent; None if none waits."""
        with self._db.read_errors():
            return rows.from_millis_or_none(self._db.execute(queries.OLDEST).fetchone()[0])

    def batch(self) -> AbstractContextManager[Batch]:
        """Return an empty batch. Leaving the context forgets what was not saved."""
        from apoa_client.outbox.sql.insertion import Batch

        return Batch.opened(self._db, self._sealer, self._codes, self._actor)

    # What differs between the engines.

    @abstractmethod
    def check_queue(self) -> None:
        """Raise `OutboxDamaged` if there are open reports that the other methods cannot find."""
        ...

    @abstractmethod
    def rebuild_indexes(self) -> bool:
        """Rebuild damaged indexes from the reports, and return whether that was necessary and possible.

        Nothing is changed if anything but an index is damaged. Several processes may do it at once.
        """
        ...

    @abstractmethod
    def check_file(self, is_over: Callable[[], bool]) -> FileCheck:
        """Read the database for damage, until `is_over` returns true. Raises `OutboxDamaged`. Needs no key."""
        ...

    # The desk's changes.

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
        """Queue one report. When this returns, a power cut no longer loses it.

        The reports that it `replaces` become superseded in the same transaction, and it takes the first one's position
        among the reports of the stay. `active_reports` are the stay's reports as the caller saw them, in their order.
        Raises `ReportMoved`, and changes nothing, if one of `replaces` is no longer `Entry.withdrawable` or the stay's
        current reports are not those expected; `StorageProblem` if the id is known.
        """
        return self.add_all([NewReport(report, due_at, warnings, guest_tag, replaces, active_reports)])[0]

    def add_all(self, new_reports: Sequence[NewReport]) -> list[Entry]:
        """Queue several reports of different stays, all of them or none, in their order. Raises what `add` does.

        The audit trail records which reports were saved together, by the id of the first.
        """
        from apoa_client.outbox.sql import insertion  # counting does not need them
        from apoa_client.outbox.sql.register import sealed_to_current_key

        def seal() -> list[Row]:
            return [insertion.new_row(self._contents, new) for new in new_reports]

        sealed = seal()  # before the transaction, so that other processes do not wait for cryptography
        first = new_reports[0].report.id if len(new_reports) > 1 else None
        replaced = [old for new in new_reports for old in new.replaces]
        with self._db.transaction():
            sealed = sealed_to_current_key(self._db, self._sealer, sealed, seal)
            with self._codes.changing(replaced):
                for row, new in zip(sealed, new_reports, strict=True):
                    row["seq"] = insertion.make_room(self._db, new.active_reports, new.replaces, row["created_at"])
            with self._codes.saving() as give_code:
                for row in sealed:
                    give_code(row)
                    insertion.insert(self._db, row)
            saved = (insertion.saved_events(new.report.id, first, new.photo) for new in new_reports)
            self._record([*(AuditEvent("superseded", old) for old in replaced), *chain.from_iterable(saved)])
        return [rows.entry_from_values(row) for row in sealed]

    def withdraw(self, ids: Sequence[str], *active_reports: Sequence[str]) -> None:
        """Withdraw reports that the authority does not have, all or none. Raises `ReportMoved` as `add` does.

        `active_reports` are those of each stay that the reports belong to.
        """
        from apoa_client.outbox.sql import insertion

        self._codes.ask()
        with self._db.transaction():
            for stay in active_reports:
                insertion.check_active(self._db, stay)
            with self._codes.changing(ids):
                insertion.retire(self._db, ids, State.WITHDRAWN, millis(self._actor.now()))
            self._record([AuditEvent("withdrawn", report_id) for report_id in ids])

    # Delivery's changes.

    def claim(self, ids: Sequence[str], *, now: datetime, lease_until: datetime) -> tuple[str, list[Entry]]:
        """Mark reports as being sent, count an attempt, and return the lease's token and the entries claimed.

        The entries are in the order asked for. A report that another process has claimed in the meantime is left out,
        and one that is not the first open report of its stay any more. The lease is as long as from `now` to
        `lease_until`; where several computers write to the outbox, it begins and ends by the clock of the database.
        Raises `NotNow` during maintenance of the outbox.
        """
        from apoa_client.outbox.sql import claims

        wanted = dict.fromkeys(ids)
        with self._db.transaction(), self._codes.changing(list(wanted)) as proven:
            lead = clock_lead(self._db, now)
            lease = claims.claim(self._db, [each for each in wanted if each in proven], now, lease_until, lead)
            claimed = self._reader.select("state = 'sending' AND lease = :lease", {"lease": lease}, lead)
        by_id = {entry.id: entry for entry in claimed}
        return lease, [by_id[report_id] for report_id in wanted if report_id in by_id]

    def renew(self, lease: str, *, now: datetime, lease_until: datetime) -> bool:
        """Let a lease end later; return whether it holds. One that another process has taken over stays as it is."""
        from apoa_client.outbox.sql.claims import RENEW

        with self._db.errors():
            until = millis(lease_until + clock_lead(self._db, now))
        with self._db.transaction():  # no code is over a lease
            return self._db.execute(RENEW, {"lease": lease, "until": until}).rowcount > 0

    def release(self, lease: str) -> None:
        """Queue the claimed reports again as they were, because no call was made. One taken over is left alone."""
        from apoa_client.outbox.sql.claims import LEASED, RELEASE

        values = {"lease": lease}
        with self._db.transaction():
            found = self._db.execute(f"SELECT id FROM reports WHERE {LEASED}", values).fetchall()  # noqa: S608  constants
            with self._codes.changing([report_id for (report_id,) in found]):
                self._db.execute(RELEASE, values)

    def settle(self, lease: str, changes: Sequence[Change]) -> None:
        """Record the results of claimed reports. A report whose lease was taken over is left alone."""
        from apoa_client.outbox.sql.claims import LEASED

        self._change(LEASED, changes, lease)

    def settle_pending(self, changes: Sequence[Change]) -> None:
        """Record the results of pending reports; one that is not pending is left alone."""
        from apoa_client.outbox.sql.claims import PENDING

        self._change(PENDING, changes, None)

    def _change(self, condition: str, changes: Sequence[Change], lease: str | None) -> None:
        from apoa_client.outbox.sql.audit import event_of
        from apoa_client.outbox.sql.claims import change_values, settle
        from apoa_client.outbox.sql.register import sealed_to_current_key

        with self._db.errors():
            changes = by_database_clock(self._db, self._actor.now, changes)

        def seal() -> list[Mapping[str, Any]]:
            return [change_values(change, lease, self._contents) for change in changes]

        values = seal()
        seals = any(change.errors is not None or change.warnings is not None for change in changes)
        with self._db.transaction():
            if seals:  # without findings no key is needed
                values = sealed_to_current_key(self._db, self._sealer, values, seal)
            with self._codes.changing([change.id for change in changes]):
                done = settle(self._db, condition, values)
            self._record([event_of(change) for change in changes if change.id in done])

    def record_receipt(self, report_id: str, receipt: Receipt, lease: str = "") -> None:
        """Record the receipt of a report that was entered by hand: accepted. Raises `ReportMoved` if it is not open.

        It may be claimed by the caller, under this lease.
        """
        from apoa_client.outbox.sql import insertion
        from apoa_client.outbox.sql.audit import AGAIN

        self._codes.ask()
        with self._db.transaction():
            with self._codes.changing([report_id]):
                again = insertion.record_receipt(self._db, report_id, receipt, lease)
            self._record([AuditEvent("received", report_id, AGAIN if again else None)])

    def settle_photo(self, report_id: str, state: PhotoState, detail: str | None = None) -> None:
        """Record that the photo of this report was sent or refused; one that does not wait is left alone.

        `detail` is a short code for the audit trail, no text of a server.
        """
        from apoa_client.outbox.sql.audit import photo_event
        from apoa_client.outbox.sql.claims import SETTLE_PHOTO

        with self._db.transaction():
            with self._codes.changing([report_id]):
                settled = self._db.execute(SETTLE_PHOTO, [state.value, report_id]).rowcount == 1
            if settled:
                self._record([photo_event(report_id, state, detail)])

    # What the rest of the program needs.

    def maintenance(self, advice: Message, *, wait_s: float, name: str = "") -> AbstractContextManager[Maintenance]:
        """Keep every sender and other maintenance away until the context is left.

        Raises `NotNow`, with this advice and `ApoaError.name`, if what is underway has not ended after `wait_s`
        seconds.
        """
        from apoa_client.outbox.sql.claims import maintenance

        return maintenance(self._db, self._actor, advice, wait_s=wait_s, name=name)

    def complete_guest_tags(self, hash_of: Callable[[Document], int]) -> None:
        """Store the guest hashes that restored reports lack, if any. Raises `CredentialsProblem` without the key."""
        from apoa_client.outbox.sql.reseal import complete_tags

        complete_tags(self._db, self._contents, hash_of)

    def receive(
        self, source: Database, *, history: bool = False, is_over: Callable[[], bool] | None = None
    ) -> HandedOver:
        """Take over the open stays of another outbox of the property, and the closed ones if `history` says so.

        With `is_over`, the latest stays come first, and it ends between two stays when that returns true. Several
        processes may do so at once. Raises `OutboxServerUnreachable`, and what the engine of `source` does.
        """
        from apoa_client.outbox.sql.hand_over import HandOver

        return HandOver(source, self._db, self._sealer, self._actor).run(history=history, is_over=is_over)

    @property
    def database(self) -> Database:
        """The database of the outbox, to copy it as a whole."""
        return self._db

    # Each of these is loaded when it is used: counting reports needs none of them.

    @property
    def drafts(self) -> Drafts:
        """The drafts of reports that are not finished."""
        from apoa_client.outbox.sql.drafts import Drafts

        return Drafts(self._db, self._sealer)

    @property
    def audit_trail(self) -> AuditTrail:
        """The audit trail, for reading and checking."""
        from apoa_client.outbox.sql.audit import AuditTrail

        return AuditTrail(self._db)

    @property
    def eraser(self) -> Eraser:
        """Erases what is sealed about guests."""
        from apoa_client.outbox.sql.erasure import Eraser

        return Eraser(self._db, self._actor, self._codes)

    @property
    def sealed_records(self) -> SealedRecords:
        """Every sealed record, for a change of keys."""
        from apoa_client.outbox.sql.reseal import SealedRecords

        return SealedRecords(self._db, self._codes, self._actor)

    @cached_property
    def _contents(self) -> Contents:
        from apoa_client.outbox.sql.insertion import Contents

        return Contents(self._sealer)

    @cached_property
    def integrity(self) -> Integrity:
        """Checks whether reports are as this program wrote them."""
        from apoa_client.outbox.sql.integrity import Integrity

        return Integrity(self._db, self._codes, self._contents, self._actor)

    def authenticate(self, *, ask: bool, known: OutboxVersion | None = None) -> Authentication:
        """Check the open and the latest reports, and give codes to those that were saved without the key.

        With `ask`, a keyring may be asked for the private key. `known` is the version in the vault, which is higher
        than the outbox's if that is an older copy. Several processes may do it at once. Raises `NotNow` during
        maintenance of the outbox, and if the key is replaced meanwhile.
        """
        return self.integrity.authenticate(ask=ask, known=known)

    def confirm(self, change: Change) -> None:
        """Take what the authority answers about a report that another program changed, and has with this content.

        Raises as `authenticate`, and `SealBroken` if the content does not open.
        """
        self.integrity.confirm(change)
