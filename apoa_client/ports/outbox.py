"""What the desk and delivery need of the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from apoa_client.errors import ApoaError
    from apoa_client.ports.authority import Meta
    from apoa_client.ports.doubts import Authentication
    from apoa_client.ports.entries import Change, Content, Entry, NewReport, PhotoToSend, Selection
    from apoa_client.ports.state import Restrictions, Summary, Suspension
    from apoa_client.ports.vault import OutboxVersion
    from apoa_client.report.findings import Finding
    from apoa_client.report.kinds import PhotoState, Receipt
    from apoa_client.report.model import Report


class ReportReader(Protocol):
    """Reads the reports of one property's outbox. Raises `StorageProblem` if the database cannot be read."""

    def find(self, reference: str) -> list[Entry]:
        """Return entries whose id, short id or stay's id begins with `reference`; newest first, at most 20."""
        ...

    def entries(self, selection: Selection) -> Iterator[Entry]:
        """Yield entries in the order in which they were created, unless the selection says otherwise."""
        ...

    def stay_ids(self, beginning: str) -> list[str]:
        """Return the ids of stays that begin with this text, each once."""
        ...

    def count(self, selection: Selection) -> int:
        """Return the number of entries of a selection, whatever its limit."""
        ...

    def with_receipt(self, number: str) -> list[Entry]:
        """Return accepted reports with this receipt number; newest first, at most 20."""
        ...

    def content(self, entry: Entry, *, proven: bool = True) -> Content:
        """Open one. Raises `CredentialsProblem` or `SealBroken`; `Erased` for an entry with `erased_at`.

        Unless it must be `proven`, what another program changed is opened too, for a person who compares it.
        """
        ...

    def photo(self, entry: Entry) -> bytes:
        """Open the photo of one. Raises what `content` does; `DataRefused` if the report has no photo."""
        ...


class ReportQueue(ReportReader, Protocol):
    """Where the desk stores reports. Every change is durable when the method returns. Raises `StorageProblem`."""

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
        current reports are not those expected.
        """
        ...

    def add_all(self, new_reports: Sequence[NewReport]) -> list[Entry]:
        """Queue several reports of different stays, all of them or none, in their order. Raises what `add` does."""
        ...

    def withdraw(self, ids: Sequence[str], *active_reports: Sequence[str]) -> None:
        """Withdraw reports that the authority does not have, all or none. Raises `ReportMoved` as `add` does.

        `active_reports` are those of each stay that the reports belong to.
        """
        ...

    def same_guest(self, tag: int, first_night: date, last_morning: date) -> list[Entry]:
        """Return entries of a guest with this tag for any of these nights, in any state, in their order."""
        ...


class DeliveryState(ReportReader, Protocol):
    """What delivery reads and records. Every change is durable when the method returns. Raises `StorageProblem`."""

    def heads(self) -> Iterator[Entry]:
        """Yield the first open report of each stay if it is queued or sending: soonest deadline first, then oldest.

        A stay that may be practice is left out until a user has decided: see `Summary.practice_undecided`.
        """
        ...

    def contents(self, entries: Sequence[Entry]) -> dict[str, Content | ApoaError]:
        """Open several, read together, by id. In place of a content that cannot be opened there is the error.

        The error is `SealBroken`, `OutboxDamaged` or `Erased`. Raises `CredentialsProblem`.
        """
        ...

    def claim(self, ids: Sequence[str], *, now: datetime, lease_until: datetime) -> tuple[str, list[Entry]]:
        """Mark reports as being sent, count an attempt, and return the lease's token and the entries claimed.

        A report that another process has claimed in the meantime is left out, and one that is not the first open report
        of its stay any more. The lease is as long as from `now` to `lease_until`; where several computers write to the
        outbox, it begins and ends by the clock of the database. Raises `NotNow` during maintenance of the outbox.
        """
        ...

    def renew(self, lease: str, *, now: datetime, lease_until: datetime) -> bool:
        """Let a lease end later; return whether it holds. One that another process has taken over stays as it is."""
        ...

    def release(self, lease: str) -> None:
        """Queue the claimed reports again as they were, because no call was made. One taken over is left alone."""
        ...

    def settle(self, lease: str, changes: Sequence[Change]) -> None:
        """Record the results of claimed reports. A report whose lease was taken over is left alone."""
        ...

    def settle_pending(self, changes: Sequence[Change]) -> None:
        """Record the results of pending reports."""
        ...

    def record_receipt(self, report_id: str, receipt: Receipt, lease: str = "") -> None:
        """Record the receipt of a report that was entered by hand: accepted. Raises `ReportMoved` if it is not open.

        It may be claimed by the caller, under this lease.
        """
        ...

    def photos_to_send(self) -> Iterator[PhotoToSend]:
        """Yield the photos that wait and may be sent now, in no particular order.

        The stay must have a check-in that the authority accepted with a receipt, not as a duplicate, and whose data are
        not erased, and no cancellation that is open or accepted. Of several photos of a stay only the latest is sent. A
        withdrawn report's photo is not sent. The caller may record a result between two photos.
        """
        ...

    def settle_photo(self, report_id: str, state: PhotoState, detail: str | None = None) -> None:
        """Record that the photo of this report was sent or refused; one that does not wait is left alone.

        `detail` is a short code for the audit trail, no text of a server.
        """
        ...

    def wants_photos(self) -> bool:
        """Return whether the authority takes photos, as it last said. False if it never said so."""
        ...

    def record_meta(self, meta: Meta) -> None:
        """Record whether the authority takes photos, and its names of the property and office, if that changed."""
        ...

    def summary(self, *, now: datetime, soon: datetime) -> Summary:
        """Return counts and times; costs the same however long the history is."""
        ...

    def shared_receipts(self, numbers: Sequence[str]) -> dict[str, int]:
        """Return those of the receipt numbers that accepted reports of several stays have, and how many stays.

        A duplicate does not count: it has the number of the report that covers its guest and night.
        """
        ...

    def restrictions(self) -> Restrictions:
        """Return what forbids calls to the authority, as it is now; costs next to nothing."""
        ...

    def set_suspension(self, suspension: Suspension | None) -> None:
        """Suspend sending for the property, or (None) resume it."""
        ...

    def hold(self, until: datetime) -> None:
        """Send nothing before this time, because the authority asked for it."""
        ...

    def record_contact(self, at: datetime, server_time: datetime | None = None) -> None:
        """Record that the authority answered at this time, and what time its clock showed, if it said so."""
        ...

    def authenticate(self, *, ask: bool, known: OutboxVersion | None = None) -> Authentication:
        """Check the open and the latest reports, and give codes to those that were saved without the key.

        With `ask`, a keyring may be asked for the private key. `known` is the version in the vault, which is higher
        than the outbox's if that is an older copy. Several processes may do it at once. Raises `NotNow` during
        maintenance of the outbox, and if the key is replaced meanwhile.
        """
        ...

    def confirm(self, change: Change) -> None:
        """Take what the authority answers about a report that another program changed, and has with this content.

        Raises as `authenticate`, and `SealBroken` if the content does not open.
        """
        ...

    def check_queue(self) -> None:
        """Raise `OutboxDamaged` if there are open reports that the other methods cannot find."""
        ...

    def rebuild_indexes(self) -> bool:
        """Rebuild damaged indexes from the reports, and return whether that was necessary and possible.

        Nothing is changed if anything but an index is damaged. Several processes may do it at once.
        """
        ...
