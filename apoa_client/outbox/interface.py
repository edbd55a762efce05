"""What every engine of the outbox offers beyond `apoa_client.ports`: drafts, the audit trail, erasure, keys."""

# Annotations stay text, so that no command loads what it does not use.
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from apoa_client.ports.outbox import DeliveryState, ReportQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from apoa_client.messages import Message
    from apoa_client.outbox.audit_chain import AuditCheck, AuditEntry
    from apoa_client.outbox.database import Database
    from apoa_client.ports.doubts import Doubt
    from apoa_client.ports.drafts import StoredDraft
    from apoa_client.ports.erasure import Erasure
    from apoa_client.ports.state import Activity, FolderBackups, HandedOver, ScheduledRun
    from apoa_client.ports.vault import Authenticator, OutboxVersion, Sealer
    from apoa_client.report.model import Document


class Drafts(Protocol):
    """The drafts of reports that are not finished. Raises `StorageProblem`."""

    def save(self, text: str, at: datetime, replaces: StoredDraft | None = None) -> None:
        """Seal and store what was typed as a new draft. Needs no key.

        `replaces` is a draft that this desk has taken: it is deleted, unless another desk has taken it since.
        """
        ...

    def waiting(self, now: datetime) -> list[StoredDraft]:
        """Return the drafts that no desk is continuing with, the newest first. Needs no key."""
        ...

    def open(self, draft: StoredDraft) -> str | None:
        """Return what was typed; None if the draft is gone. Raises `CredentialsProblem` or `SealBroken`."""
        ...

    def take(self, draft: StoredDraft, now: datetime) -> StoredDraft | None:
        """Take a draft that waits and return it as it is stored now; None if another desk was first.

        For half an hour it does not wait any more. Needs no key.
        """
        ...

    def delete(self, draft: StoredDraft) -> None:
        """Erase a draft, unless another desk has taken it since it was listed or taken here."""
        ...


class AuditTrail(Protocol):
    """Reads and checks the audit trail. Raises `StorageProblem`."""

    def entries(self, *, reports: Sequence[str] | None = None, since: datetime | None = None) -> Iterator[AuditEntry]:
        """Yield the entries in their order: those about these reports, and at or after this time, if given."""
        ...

    def verify(self) -> AuditCheck:
        """Recompute the chain of hashes, and find the first entry that is not as it was written."""
        ...


class Eraser(Protocol):
    """Erases what is sealed about guests. Raises `StorageProblem`."""

    def is_due(self, before: datetime, now: datetime) -> bool:
        """Return whether `finished` would erase anything."""
        ...

    def finished(self, before: datetime, now: datetime, *, dry_run: bool) -> Erasure:
        """Erase every stay that ended before this time and has no open report, and drafts older than a day.

        `now` is the authority's time, if this computer's clock is ahead of it: a draft must be old by both clocks.
        """
        ...

    def record_skip(self, at: datetime) -> None:
        """Record that it was shown at this time that nothing is erased. The next complete erasure ends it."""
        ...

    def stay(self, stay_id: str, *, force: bool, dry_run: bool) -> Erasure:
        """Erase one stay now. Raises `DataRefused` if a report of it is open, unless `force` withdraws it.

        With `force`, the caller keeps senders away by `maintenance`, so that nothing is being sent.
        """
        ...

    def last(self) -> datetime | None:
        """Return when finished stays were last erased completely."""
        ...


class SealedRecords(Protocol):
    """Every sealed record at once, for a change of keys. Raises `StorageProblem` and what a `Sealer` does."""

    def open_all(self, sealer: Sealer) -> int:
        """Open each record, and count the rows. Raises `SealBroken` for the first that cannot be opened."""
        ...

    def opens_all(self, sealer: Sealer) -> bool:
        """Return whether the sealer opens every row and every draft, so that no other key is needed."""
        ...

    def opens_any(self, sealer: Sealer) -> bool:
        """Return whether the sealer opens at least one row."""
        ...

    def reseal(
        self,
        renew: Callable[[str, bytes], bytes],
        public_key: str,
        authenticators: tuple[Authenticator, Authenticator],
        go_on: Callable[[], object],
    ) -> int:
        """Seal to the new key what is not yet sealed to it, and count the rows. Raises `SealBroken`.

        `go_on` is called between two transactions, and ends the work by raising an error.

        `renew` takes a record's id and its sealed bytes, and returns it sealed to the new key, or unchanged if it
        already is. `public_key` is the new key, which the settings must have: it is recorded first, so that no process
        stores a record that is sealed to an earlier key. `authenticators` make the codes of the
        old key, and of the new key, which confirm the old ones too.
        """
        ...

    def empty_log(self) -> None:
        """Remove from the database's log the records as they were sealed before."""
        ...


class Integrity(Protocol):
    """Checks whether reports are as this program wrote them. Raises `StorageProblem`."""

    def doubts(self) -> list[Doubt]:
        """Return what is wrong with the outbox and its reports. A keyring is asked for the key.

        Without the key, only the numbers of reports are compared with the register.
        """
        ...

    def check(self, report_id: str) -> bool:
        """Raise `NotAuthentic` if another program changed a report. Return whether the key was at hand to check that.

        A keyring is asked for it.
        """
        ...

    def check_file(self, is_over: Callable[[], bool]) -> FileCheck:
        """Read the database for damage, until `is_over` returns true. Raises `OutboxDamaged`. Needs no key."""
        ...

    def verify(self, known: Callable[[], OutboxVersion | None] = ...) -> Verification:
        """Check every report. A keyring is asked for the key; without it, the doubts are those of the last check.

        `known` returns the version in the vault, by which an older copy of the outbox is noticed. It is called after
        the key was read.
        """
        ...

    def accept(self, ids: Sequence[str], known: Callable[[], OutboxVersion | None] = ...) -> OutboxVersion | None:
        """Take these reports as they are, because a person looked at them; without ids the outbox as a whole.

        What the authority may have of an accepted report is asked: it is sent again. Reports in doubt stay so when the
        outbox as a whole is accepted. Returns what the vault is to know. Raises `CredentialsProblem` without the key,
        and `NotNow` during maintenance.
        """
        ...


class Maintenance(Protocol):
    """Maintenance of an outbox that is underway, for not longer than five minutes unless it is renewed."""

    def renew(self) -> None:
        """Hold on for as long again. Raises `NotNow` if other maintenance began because this one took longer."""
        ...


class Listener(Protocol):
    """Hears of reports that any computer adds to a shared outbox, for every property of one login."""

    @property
    def is_open(self) -> bool:
        """Whether it hears anything: not if its connection is lost."""
        ...

    def heard(self, property_name: str) -> bool:
        """Return whether the property may have new reports since this was last asked, without waiting.

        It may when this is first asked, and once when the connection was lost: then reports were added unheard.
        """
        ...

    def close(self) -> None:
        """Close the connection. Closing twice does no harm."""
        ...


class Verification(NamedTuple):
    """The result of checking every report. `unauthenticated` counts those without a code."""

    reports: int
    doubts: Sequence[Doubt]
    unauthenticated: int
    with_key: bool


class FileCheck(NamedTuple):
    """The result of reading the database for damage. `engine` is the name and version of what keeps it."""

    complete: bool
    schema: int
    engine: str


class Outbox(ReportQueue, DeliveryState, Protocol):
    """The whole outbox of one property, open until it is closed.

    An engine does not inherit from this, which would slow down every start: mypy compares both where one is opened.
    """

    @property
    def database(self) -> Database:
        """The database of the outbox, to copy it as a whole."""
        ...

    @property
    def drafts(self) -> Drafts:
        """The drafts of reports that are not finished."""
        ...

    @property
    def audit_trail(self) -> AuditTrail:
        """The audit trail, for reading and checking."""
        ...

    @property
    def integrity(self) -> Integrity:
        """Checks whether reports are as this program wrote them."""
        ...

    @property
    def eraser(self) -> Eraser:
        """Erases what is sealed about guests."""
        ...

    @property
    def sealed_records(self) -> SealedRecords:
        """Every sealed record, for a change of keys."""
        ...

    def record_clock_check(self, at: datetime) -> None:
        """Record that this computer's clock, which shows this time, was found right."""
        ...

    def clock_checked_at(self, now: datetime) -> datetime | None:
        """Return when the clock was last found right, or compared with the authority's; None if it may have jumped.

        It may have jumped if there is more than a day between that time, the audit events since, and `now`, or if one
        of these is earlier than the one before.
        """
        ...

    def public_key(self) -> str | None:
        """Return the public key that was recorded last; None if none was."""
        ...

    def record_public_key(self, public_key: str) -> None:
        """Record the public key of the settings: from then on, what is sealed to another one is sealed again."""
        ...

    def index_key_hash(self) -> str | None:
        """Return the hash of the key of the guest hash that all desks have; None if none was recorded."""
        ...

    def record_index_key_hash(self, value: str) -> None:
        """Record it."""
        ...

    def record_code_confirmed(self, public_key: str) -> None:
        """Record that a person has typed back the recovery code of this key: it is safe on paper."""
        ...

    def complete_guest_tags(self, hash_of: Callable[[Document], int]) -> None:
        """Store the guest hashes that restored reports lack, if any. Raises `CredentialsProblem` without the key."""
        ...

    def receive(
        self, source: Database, *, history: bool = False, is_over: Callable[[], bool] | None = None
    ) -> HandedOver:
        """Take over the open stays of another outbox of the property, and the closed ones if `history` says so.

        With `is_over`, the latest stays come first, and it ends between two stays when that returns true. Several
        processes may do so at once. Raises `OutboxServerUnreachable`, and what the engine of `source` does.
        """
        ...

    def record_event(self, action: str, report: str | None = None, detail: str | None = None) -> None:
        """Add an event to the audit trail: codes and ids only, no personal data."""
        ...

    def record_notice(self, code: str, at: datetime) -> None:
        """Record that a desktop notice was shown at this time. `code` contains no blanks and no personal data."""
        ...

    def last_notice(self) -> tuple[str, datetime] | None:
        """Return the code of the last desktop notice, and when it was shown."""
        ...

    def record_scheduled_run(self, at: datetime, exit_code: int) -> None:
        """Record that a run of automatic sending ended at this time with this exit code."""
        ...

    def forget_scheduled_runs(self) -> None:
        """Forget the last run: automatic sending was ended, or runs at other intervals from now on."""
        ...

    def last_scheduled_run(self) -> ScheduledRun | None:
        """Return the last run of automatic sending; None if there was none on this computer."""
        ...

    def maintenance(self, advice: Message, *, wait_s: float, name: str = "") -> AbstractContextManager[Maintenance]:
        """Keep every sender and other maintenance away until the context is left.

        Raises `NotNow`, with this advice and `ApoaError.name`, if what is underway has not ended after `wait_s`
        seconds.
        """
        ...

    def activity(self) -> Activity:
        """Return what goes on in it at this moment."""
        ...

    def last_backup(self) -> datetime | None:
        """Return when the last backup was made; None if none is known."""
        ...

    def backup_series(self) -> str:
        """Return the id of this outbox in the names of its backups: six hexadecimal digits, made at the first call."""
        ...

    def folder_backups(self, folder: str) -> FolderBackups:
        """Return what is known of the automatic backups into this folder."""
        ...

    def record_folder_backups(self, folder: str, known: FolderBackups) -> None:
        """Record it in place of what is known of this folder."""
        ...

    def close(self) -> None:
        """Close the database. Closing twice does no harm."""
        ...
