"""Interfaces between packages: what the desk and delivery need of the outbox, the authority, secrets and time.

Protocols, and the values that pass through them. Neither side imports the other, and tests put a simulator in place of
the real one. All instants are timezone-aware; the outbox and delivery use UTC. The values are named tuples: as
dataclasses they would cost every start 3 ms.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from apoa_client.errors import ApoaError, NotAuthentic
from apoa_client.messages import msg
from apoa_client.report.kinds import Kind, Receipt, State, short_id

# Only these stay text: a named tuple compiles each annotation that is text, which costs every start.
if TYPE_CHECKING:
    from apoa_client.report.findings import Finding
    from apoa_client.report.model import Report


class Clock(Protocol):
    """Time, passed in so that no rule reads a clock itself."""

    def now(self) -> datetime:
        """Return the wall clock, timezone-aware. It may be wrong and may jump: do not rely on it going forward."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only go forward, for measuring durations."""
        ...


class Secrets(Protocol):
    """The property's secrets, looked up only when asked for."""

    def password(self) -> str:
        """Return the password at the authority. Raises `CredentialsProblem`."""
        ...

    def private_key(self) -> bytes:
        """Return the 32 bytes that open sealed records. Raises `CredentialsProblem`."""
        ...


class Authenticator(Protocol):
    """Makes and checks message authentication codes with a key that is derived from the private key."""

    def code(self, *parts: bytes) -> bytes:
        """Return the code over `parts`."""
        ...

    def confirms(self, code: object, *parts: bytes) -> bool:
        """Return whether `code` was made over `parts` with a private key of this property."""
        ...


class Sealer(Protocol):
    """Seals records without a secret; only the holder of the private key can open them."""

    @property
    def public_key(self) -> str:
        """The public key to which `seal` seals, as the settings write it."""
        ...

    def refresh(self) -> bool:
        """Read the public key from the settings again; return whether `seal` seals to another one from now on."""
        ...

    def seal(self, record_id: str, content: bytes) -> bytes:
        """Seal `content` under its id. Needs no secret."""
        ...

    def open(self, record_id: str, sealed: bytes) -> bytes:
        """Return the content. Raises `CredentialsProblem` without the key, `SealBroken` if it was changed."""
        ...

    def authenticator(self, *, ask: bool = False, only_checks: bool = False) -> Authenticator | None:
        """Return what makes codes; None if the private key is not at hand.

        Only with `ask` a keyring that was not read yet is asked, which may take seconds. With `only_checks` no code is
        made, and no cryptography is loaded.
        """
        ...


class Entry(NamedTuple):
    """What the outbox knows about a report without any key. No personal data."""

    seq: int
    id: str
    stay_id: str
    kind: Kind
    state: State
    created_at: datetime
    due_at: datetime | None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    """This program's own backoff: a person may overrule it."""
    not_before: datetime | None = None
    """The authority's request (Retry-After): always respected."""
    lease_until: datetime | None = None
    last_error: str | None = None
    """The class of the last error, as `ApoaError.name` gives it, or the authority's status."""
    receipt: Receipt | None = None
    erased_at: datetime | None = None
    """When the guest's data were erased: there is no content any more."""
    calls: int = 0
    """The number of calls in which it may have reached the authority."""
    ends_at: datetime | None = None
    """When the stay ends according to this report: the check-out, or the end of the planned day."""
    first_night: date | None = None
    last_morning: date | None = None
    """The nights of the stay: from `first_night` up to the morning of departure."""
    authenticated: bool = False
    """Whether the row has a code that proves who wrote it; it is missing until a command has the private key."""

    @property
    def withdrawable(self) -> bool:
        """Whether the authority certainly does not have it: it was never sent, or it was rejected."""
        return self.state is State.REJECTED or (self.state is State.QUEUED and self.calls == 0)


class Content(NamedTuple):
    """What is sealed: the report, the bytes that are sent, and the findings about it."""

    report: "Report"
    body: bytes
    """The report's JSON, byte for byte as it is sent to the authority every time."""
    errors: "tuple[Finding, ...]" = ()
    warnings: "tuple[Finding, ...]" = ()

    def __repr__(self) -> str:
        """Show only the report, which hides personal data; the body does not."""
        return f"Content({self.report!r})"


class NewReport(NamedTuple):
    """A report to be queued together with others; see `ReportQueue.add`."""

    report: "Report"
    due_at: datetime | None
    warnings: "Sequence[Finding]" = ()
    guest_tag: int | None = None
    replaces: Sequence[str] = ()
    active_reports: Sequence[str] = ()


class Change(NamedTuple):
    """What happens to one report after a call. `errors` and `warnings` of None leave what is stored."""

    id: str
    state: State
    last_error: str | None = None
    next_attempt_at: datetime | None = None
    not_before: datetime | None = None
    receipt: Receipt | None = None
    errors: "tuple[Finding, ...] | None" = None
    warnings: "tuple[Finding, ...] | None" = None
    unsent: bool = False
    """Whether the call with this report never left this computer."""


class Suspension(NamedTuple):
    """Why nothing is sent for this property, until a user logs in again or the settings change."""

    reason: str
    """`ApoaError.name` of the refusal."""
    since: datetime
    settings: str
    """A fingerprint of the settings that were refused, to see whether they changed."""


class Selection(NamedTuple):
    """Which entries to list. Every condition that is set must hold."""

    states: frozenset[State] | None = None
    since: datetime | None = None
    """Created at or after this time, or still open."""
    stay_id: str | None = None
    leaving_from: date | None = None
    """With a morning of departure on this day or later, in any state."""
    arriving_by: date | None = None
    """With a first night on this day or before, in any state; only together with `leaving_from`."""
    due_by: datetime | None = None
    """With a deadline at this time or before."""
    by_deadline: datetime | None = None
    """Soonest deadline first, in place of the order of creation; one without a deadline as if it were this time."""
    limit: int | None = None


class Summary(NamedTuple):
    """What `apoa status` shows, counted without a key."""

    counts: dict[State, int]
    overdue: int
    due_soon: int
    """Undelivered and due within the horizon asked for, without the overdue ones."""
    next_due_at: datetime | None
    last_contact_at: datetime | None
    suspension: Suspension | None
    hold_until: datetime | None = None
    """The authority asked all reports of the property to wait until then (Retry-After of a whole call)."""
    clock_skew: timedelta | None = None
    """How far the authority's clock was ahead of ours when it last gave the time."""
    purge_skipped_at: datetime | None = None
    """When it was last reported that old guest data are not erased, because nothing confirms the date."""
    lease_until: datetime | None = None
    """When the last of the reports that are being sent may be sent by another run, should this one be broken off."""
    drafts: int = 0
    """How many drafts of unfinished reports wait for a desk that continues with them."""
    code_confirmed_for: str | None = None
    """The public key whose recovery code a person last typed back."""
    contradicted: bool = False
    """Whether the numbers of open reports, or of all, are not those that the audit trail counted."""
    doubts: "tuple[Doubt, ...]" = ()
    """What the last check with the key found that only a person can correct."""
    unauthenticated: int | None = None
    """How many reports have no code yet that proves who wrote them; None before the first code was made."""


class ScheduledRun(NamedTuple):
    """The last run of automatic sending: when it ended, and its exit code."""

    at: datetime
    exit_code: int
    interval: timedelta | None = None
    """How long after the end of the run before it ended; None if it is not known."""


class DoubtKind(StrEnum):
    """What is wrong with a report, or with the outbox as a whole."""

    STATE = "state"
    """Its state, receipt or times are not what was written last."""
    CONTENT = "content"
    """Its sealed content was exchanged, or its code was removed."""
    MISSING = "missing"
    """The report is in the audit trail and nowhere else."""
    TRAIL = "trail"
    """The audit trail itself was changed, shortened or counted wrongly."""
    OLDER_COPY = "older_copy"
    """The whole file is an older copy of itself."""


class Doubt(NamedTuple):
    """Something in the outbox that this program did not write. `report` is an id, or empty for the whole outbox."""

    kind: DoubtKind
    report: str = ""

    def error(self) -> NotAuthentic:
        """Return the error that says so."""
        texts = {
            DoubtKind.STATE: msg(
                "Report {id} was changed: its state or its receipt is not what was recorded.", id=self._id
            ),
            DoubtKind.CONTENT: msg(
                "The guest's data of report {id} were not written by apoa-client here.", id=self._id
            ),
            DoubtKind.MISSING: msg("Report {id} was removed from the database.", id=self._id),
            DoubtKind.TRAIL: msg("The log of what was done was changed or shortened."),
            DoubtKind.OLDER_COPY: msg("The database file is an older copy: what was recorded after it is not in it."),
        }
        return NotAuthentic(texts[self.kind])

    @property
    def _id(self) -> str:
        return short_id(self.report)


class Authentication(NamedTuple):
    """The result of checking what is open, and what was changed without the key."""

    doubts: Sequence[Doubt] = ()
    """What needs a person: it is kept as it is, and found again by the next check."""
    repaired: Sequence[str] = ()
    """Reports whose state is again what the audit trail says; those that are open again will be sent again."""
    closed: Sequence[str] = ()
    """Reports that were closed without the key since the last check: a person must know of these."""
    counter: int | None = None
    """How often the outbox was found right with something new in it: for the vault. None without key, or in doubt."""


class Actor(NamedTuple):
    """Who changes the outbox, and the clock, for its audit trail; each is called when an event is recorded."""

    who: Callable[[], str]
    """Returns the operating system's name of the user."""
    now: Callable[[], datetime]
    command: str = ""
    """The command that runs, without its options, for the delivery lock."""


class AuditEvent(NamedTuple):
    """Something that was done, for the audit trail: codes and ids, no personal data, no text of a server."""

    action: str
    report: str | None = None
    detail: str | None = None


class StoredDraft(NamedTuple):
    """A draft of reports that are not finished, as it is known without the key."""

    id: str
    saved_at: datetime
    taken_at: datetime | None = None
    """When a desk took it to continue with it; None if none did."""


class Erasure(NamedTuple):
    """What was erased: the ids of the reports, and the number of stays. Undelivered reports are also withdrawn."""

    reports: Collection[str]
    stays: int
    withdrawn: tuple[str, ...] = ()
    complete: bool = True
    """Whether it is also gone from the database's log, which another process that reads may prevent."""
    drafts: int = 0
    """How many abandoned drafts were erased too."""
    may_have_arrived: tuple[str, ...] = ()
    """Those of `withdrawn` that the authority may have received: their answers were lost or are still to come."""


class LockHolder(NamedTuple):
    """The process that holds the delivery lock, as it wrote when it took the lock."""

    pid: int
    command: str
    """The command without its options, such as ``apoa sync``."""
    since: datetime


class ReportReader(Protocol):
    """Reads the reports of one property's outbox. Raises `StorageProblem` if the database cannot be read."""

    def find(self, reference: str) -> list[Entry]:
        """Return entries whose id, short id or stay's id begins with `reference`; newest first, at most 20."""
        ...

    def entries(self, selection: Selection) -> Iterator[Entry]:
        """Yield entries in the order in which they were created, unless the selection says otherwise."""
        ...

    def count(self, selection: Selection) -> int:
        """Return the number of entries of a selection, whatever its limit."""
        ...

    def with_receipt(self, number: str) -> list[Entry]:
        """Return accepted reports with this receipt number; newest first, at most 20."""
        ...

    def content(self, entry: Entry) -> Content:
        """Open one. Raises `CredentialsProblem` or `SealBroken`; `Erased` for an entry with `erased_at`."""
        ...


class ReportQueue(ReportReader, Protocol):
    """Where the desk stores reports. Every change is durable when the method returns. Raises `StorageProblem`."""

    def add(
        self,
        report: "Report",
        *,
        due_at: datetime | None,
        warnings: "Sequence[Finding]" = (),
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
        """Yield the first open report of each stay if it is queued or sending: soonest deadline first, then oldest."""
        ...

    def claim(self, ids: Sequence[str], *, now: datetime, lease_until: datetime) -> tuple[str, list[Entry]]:
        """Mark reports as being sent, count an attempt, and return the lease's token and the entries claimed.

        A report that another process has claimed in the meantime is left out.
        """
        ...

    def settle(self, lease: str, changes: Sequence[Change]) -> None:
        """Record the results of claimed reports. A report whose lease was taken over is left alone."""
        ...

    def settle_pending(self, changes: Sequence[Change]) -> None:
        """Record the results of pending reports."""
        ...

    def record_receipt(self, report_id: str, receipt: Receipt) -> None:
        """Record the receipt of a report that was entered by hand: accepted. Raises `ReportMoved` if it is not open."""
        ...

    def summary(self, *, now: datetime, soon: datetime) -> Summary:
        """Return counts and times; costs the same however long the history is."""
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

    def authenticate(self, *, ask: bool, counter: int | None = None) -> Authentication:
        """Check the open reports and those without a code; complete and repair what the audit trail explains.

        With `ask`, a keyring may be asked for the private key. `counter` is the run counter of the vault, which is
        higher than the outbox's if the file is an older copy. The caller must hold the delivery lock.
        """
        ...

    def check_queue(self) -> None:
        """Raise `OutboxDamaged` if there are open reports that the other methods cannot find."""
        ...

    def rebuild_indexes(self) -> bool:
        """Rebuild damaged indexes from the reports, and return whether that was necessary and possible.

        Nothing is changed if anything but an index is damaged. The caller must hold the delivery lock.
        """
        ...

    def delivery_lock(self, wait_s: float) -> AbstractContextManager[bool]:
        """Take the delivery lock until the context is left; its value is whether this process got it.

        Waits at most `wait_s` seconds for a process that holds it. The lock of a process that died is released.
        """
        ...

    def lock_holder(self) -> LockHolder | None:
        """Return which process holds the delivery lock; None if no process does, or it is not known which one."""
        ...


class Status(StrEnum):
    """The authority's verdict on one report."""

    ACCEPTED = "accepted"
    PENDING = "pending"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    DEFERRED = "deferred"


class Verdict(NamedTuple):
    """The authority's answer about one report. `retry_after` is seconds."""

    id: str
    status: Status
    receipt: Receipt | None = None
    errors: "tuple[Finding, ...]" = ()
    warnings: "tuple[Finding, ...]" = ()
    retry_after: int | None = None


class AuthorityIdentity(NamedTuple):
    """Which authority answers, and for which account: `environment` is "production" or "training".

    Set-up stores it. A part that is not known yet is empty.
    """

    environment: str = ""
    property_id: str = ""


class Meta(NamedTuple):
    """What the authority says about itself and about this property."""

    contract: str
    environment: str
    server_time: datetime
    max_batch: int
    max_body_bytes: int
    accepts_gzip: bool
    reporting_window_hours: int
    property_id: str
    property_name: str
    property_office: str | None

    @property
    def identity(self) -> AuthorityIdentity:
        """Which authority this is, to be compared with the one of the set-up."""
        return AuthorityIdentity(self.environment, self.property_id)


class Authority(Protocol):
    """A server that implements the reporting contract. Raises only errors of `apoa_client.errors`."""

    def meta(self) -> Meta:
        """Return what the authority is; this also tests the credentials and the clock."""
        ...

    def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        """Send reports, each an id and its JSON bytes. Returns the verdicts that can be read, in the order sent.

        Raises `NotTheAuthority` if none can be read.
        """
        ...

    def verdict(self, report_id: str) -> Verdict | None:
        """Return the verdict on one report by our own id; None if the authority never received it."""
        ...

    def receipt_pdf(self, report_id: str) -> bytes | None:
        """Return the authority's own PDF of a receipt; None if it has none."""
        ...


class Interruptions(Protocol):
    """Ctrl-C and the like, which may come at any time but not between a call and recording its answer."""

    def delayed(self) -> AbstractContextManager[None]:
        """Delay interruptions inside; leaving the context raises what came."""
        ...

    def allowed(self) -> AbstractContextManager[None]:
        """Raise an interruption at once inside, although `delayed`, so that a slow line can be interrupted."""
        ...


class RunCounter(Protocol):
    """A number in the vault beside the private key. Nothing is raised: a vault that cannot be used is no failure."""

    def read(self) -> int | None:
        """Return the number; None if there is none, or the key was not read from the vault in this process."""
        ...

    def write(self, value: int) -> None:
        """Store the number, unless it is stored already or the key was not read from the vault."""
        ...


class Progress(Protocol):
    """Observes a delivery and may draw it."""

    def begin(self, waiting: int) -> None:
        """Start: this many reports wait."""
        ...

    def advance(self, verdict: Verdict) -> None:
        """One more report has its verdict."""
        ...

    def failed(self, error: ApoaError) -> None:
        """A call failed; it may be tried again."""
        ...

    def end(self) -> None:
        """The run is over, successful or not."""
        ...
