"""The doors between the rooms: what the desk and delivery need of the outbox, the authority, secrets and time.

Protocols, and the values that pass through them. Nobody on either side of a door knows who stands on the other: the
tests put a simulator there. All instants are timezone-aware; the outbox and delivery count in UTC. The values are named
tuples: as dataclasses they would cost every start 3 ms.
"""

# Annotations stay text: the report's model behind them is loaded by whoever opens a report, not by whoever counts them.
from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from apoa_client.report.kinds import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import date, datetime, timedelta

    from apoa_client.errors import ApoaError
    from apoa_client.report.findings import Finding
    from apoa_client.report.kinds import Kind, Receipt
    from apoa_client.report.model import Report


class Clock(Protocol):
    """Time, passed in so that no rule reads it for itself."""

    def now(self) -> datetime:
        """The wall clock, timezone-aware. It may be wrong and may jump: nothing may depend on it going forward."""
        ...

    def monotonic(self) -> float:
        """Seconds that only go forward, for measuring patience."""
        ...


class Secrets(Protocol):
    """The property's secrets, looked up only when asked for."""

    def password(self) -> str:
        """The password at the authority. Raises `CredentialsProblem`."""
        ...

    def private_key(self) -> bytes:
        """The 32 bytes that open sealed records. Raises `CredentialsProblem`."""
        ...


class Sealer(Protocol):
    """Records that anyone here can seal and only the holder of the private key can open."""

    def seal(self, record_id: str, content: bytes) -> bytes:
        """Seal `content` under its id. Needs no secret, and never waits for one."""
        ...

    def open(self, record_id: str, sealed: bytes) -> bytes:
        """The content. Raises `CredentialsProblem` without the key, `SealBroken` where it is not this id's."""
        ...


class Entry(NamedTuple):
    """What the outbox says about a report without any key. No personal data."""

    seq: int
    id: str
    stay_id: str
    kind: Kind
    state: State
    created_at: datetime
    due_at: datetime | None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    """Our own backoff: a person may overrule it."""
    not_before: datetime | None = None
    """The authority's word (Retry-After): always kept."""
    lease_until: datetime | None = None
    last_error: str | None = None
    """The class of the last error, as `ApoaError.name` gives it, or the authority's status."""
    receipt: Receipt | None = None
    erased_at: datetime | None = None
    """When everything about the guest was erased for good: there is no content any more."""
    calls: int = 0
    """In how many calls it may have reached the authority."""
    ends_at: datetime | None = None
    """When the stay ends by this report: the check-out, or the end of the planned day."""
    first_night: date | None = None
    last_morning: date | None = None
    """The nights that it tells of: from `first_night` up to the morning of departure."""

    @property
    def withdrawable(self) -> bool:
        """Whether the authority does not have it, for certain: it never left, or was refused."""
        return self.state is State.REJECTED or (self.state is State.QUEUED and self.calls == 0)


class Content(NamedTuple):
    """What is sealed: the report, the very bytes that are sent, and what was found about it."""

    report: Report
    body: bytes
    """The report's JSON, byte for byte as it goes to the authority, first and last time."""
    errors: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        """Its report alone, which hides what is personal; the body hides nothing."""
        return f"Content({self.report!r})"


class NewReport(NamedTuple):
    """A report to be queued together with others, and what `Outbox.add` takes besides it."""

    report: Report
    due_at: datetime | None
    warnings: Sequence[Finding] = ()
    guest_tag: int | None = None


class Change(NamedTuple):
    """What becomes of one report after a call. `errors` and `warnings` of None leave what is kept as it is."""

    id: str
    state: State
    last_error: str | None = None
    next_attempt_at: datetime | None = None
    not_before: datetime | None = None
    receipt: Receipt | None = None
    errors: tuple[Finding, ...] | None = None
    warnings: tuple[Finding, ...] | None = None
    unsent: bool = False
    """Whether the call it was in never left this computer."""


class Suspension(NamedTuple):
    """Why nothing is sent for this property, until somebody logs in again or the settings change."""

    reason: str
    """`ApoaError.name` of the refusal."""
    since: datetime
    settings: str
    """A fingerprint of the settings that were refused, to see whether they changed."""


class Selection(NamedTuple):
    """Which entries to list. Every condition that is set must hold."""

    states: frozenset[State] | None = None
    since: datetime | None = None
    """Made at or after this, or still open."""
    stay_id: str | None = None
    leaving_from: date | None = None
    """Telling of nights that end on this morning or later, whatever became of the report."""
    limit: int | None = None


class Summary(NamedTuple):
    """What `apoa status` shows, counted without a key."""

    counts: dict[State, int]
    overdue: int
    due_soon: int
    """Undelivered and due within the horizon asked for, the overdue ones not counted."""
    next_due_at: datetime | None
    last_contact_at: datetime | None
    stop: Suspension | None
    hold_until: datetime | None = None
    """The authority asked everyone of us to wait until then (Retry-After of a whole call)."""
    clock_skew: timedelta | None = None
    """By how much the authority's clock was ahead of ours when it last told the time."""


class Actor(NamedTuple):
    """Who changes the outbox, and the time, for its audit trail; each asked for when something is written down."""

    who: Callable[[], str]
    """The operating system's name of the user."""
    now: Callable[[], datetime]


class AuditEvent(NamedTuple):
    """Something done, as the audit trail tells it: codes and ids, nothing of a guest's and no words of a server's."""

    action: str
    report: str | None = None
    detail: str | None = None


class Erasure(NamedTuple):
    """What was erased: the ids of reports, of so many stays; some of them were undelivered, and are withdrawn."""

    reports: tuple[str, ...]
    stays: int
    withdrawn: tuple[str, ...] = ()
    complete: bool = True
    """Whether it is gone from the database's log too, which another process that reads may keep from being emptied."""
    draft: bool = False
    """Whether a draft that nobody went on with was erased, too."""


class Outbox(Protocol):
    """The sealed, durable queue and history of one property.

    Every method that changes something is durable when it returns. All raise `StorageProblem` where the file cannot be
    read or written.
    """

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

        What it `replaces` is superseded at the same moment, and it takes the first one's place among the reports of the
        stay. `active_reports` are the stay's reports, in order, for which it was written. Raises `ReportMoved` where
        one of the first is no longer `Entry.withdrawable`, or others stand by now; then nothing changed.
        """
        ...

    def add_all(self, additions: Sequence[NewReport]) -> list[Entry]:
        """Queue several reports, all of them or none, in their order. Raises what `add` does."""
        ...

    def withdraw(self, ids: Sequence[str], active_reports: Sequence[str] = ()) -> None:
        """Take reports back that the authority does not have. Raises `ReportMoved` as `add` does."""
        ...

    def receive(self, report_id: str, receipt: Receipt) -> None:
        """File the receipt of a report that was made by hand: accepted. Raises `ReportMoved` if it is not open."""
        ...

    def same_guest(self, tag: int, first_night: date, last_morning: date) -> list[Entry]:
        """Entries of a guest with this tag for any night of these, whatever became of them; in their order."""
        ...

    def heads(self) -> Iterator[Entry]:
        """The first undelivered report of each stay that is queued or sending, most urgent first."""
        ...

    def claim(self, ids: Sequence[str], *, now: datetime, lease_until: datetime) -> tuple[str, list[Entry]]:
        """Mark reports as being sent, and return the lease's token and those that were got.

        One that somebody else claimed since is left out. Counts an attempt.
        """
        ...

    def settle(self, lease: str, changes: Sequence[Change]) -> None:
        """Write down what became of claimed reports. One whose lease was taken over meanwhile is left alone."""
        ...

    def decide(self, changes: Sequence[Change]) -> None:
        """Write down what became of pending reports."""
        ...

    def find(self, reference: str) -> list[Entry]:
        """Entries whose id or short id begins with `reference`, or whose stay's id does; newest first, at most 20."""
        ...

    def entries(self, selection: Selection) -> Iterator[Entry]:
        """Entries in the order in which they were made."""
        ...

    def content(self, entry: Entry) -> Content:
        """Open one. Raises `CredentialsProblem` or `SealBroken`; `Erased` for an entry with `erased_at`."""
        ...

    def summary(self, *, now: datetime, soon: datetime) -> Summary:
        """Counts and times; costs the same however long the history is."""
        ...

    def stop(self, stop: Suspension | None) -> None:
        """Stop sending for the property, or (None) lift the stop."""
        ...

    def hold(self, until: datetime) -> None:
        """Send nothing before this time, because the authority asked for it."""
        ...

    def contacted(self, at: datetime, server_time: datetime | None = None) -> None:
        """The authority answered at this time, and said, perhaps, what time it had."""
        ...

    def keep_draft(self, text: str, at: datetime) -> None:
        """Keep what was typed of reports that are not made yet, sealed; it takes the place of any draft before it."""
        ...

    def draft_kept_at(self) -> datetime | None:
        """When the draft was kept, by the clock of whoever kept it; None where there is none. Needs no key."""
        ...

    def draft(self) -> str | None:
        """Open the draft; None where there is none. Raises `CredentialsProblem` or `SealBroken`."""
        ...

    def drop_draft(self, kept_at: datetime | None = None) -> None:
        """Erase the draft, if there is one; or only the one that was kept then: another desk may have kept its own."""
        ...

    def turn(self, wait_s: float) -> AbstractContextManager[bool]:
        """Whether it is this process's turn to deliver, until the context is left: one process delivers at a time.

        Waits at most `wait_s` for whoever delivers now. A process that died holds nothing up.
        """
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
    errors: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    retry_after: int | None = None


class Meta(NamedTuple):
    """What the authority says of itself and of us."""

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


class Authority(Protocol):
    """Whoever speaks the reporting contract. Errors are those of `apoa_client.errors`, and no others."""

    def meta(self) -> Meta:
        """Who the authority is. Also the test of credentials and of the clock."""
        ...

    def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        """Send reports, each an id and its JSON bytes; one verdict each, in the order sent."""
        ...

    def verdict(self, report_id: str) -> Verdict | None:
        """What became of one report by our own id; None where the authority never received it."""
        ...

    def receipt_pdf(self, report_id: str) -> bytes | None:
        """The authority's own PDF of a receipt; None where it has none."""
        ...


class Interruptions(Protocol):
    """Ctrl-C and the like, which may come at any time and must not come between a call and writing down its answer."""

    def held(self) -> AbstractContextManager[None]:
        """Within it an interruption waits; leaving it raises what came."""
        ...

    def heard(self) -> AbstractContextManager[None]:
        """Within it, although `held`, an interruption is raised at once: nothing waits for a slow line."""
        ...


class Progress(Protocol):
    """Somebody who watches a delivery. The core never draws."""

    def begin(self, waiting: int) -> None:
        """So many reports wait."""
        ...

    def advance(self, verdict: Verdict) -> None:
        """One more has its answer."""
        ...

    def trouble(self, error: ApoaError) -> None:
        """A call failed; it may be tried again."""
        ...

    def end(self) -> None:
        """The run is over, however it went."""
        ...
