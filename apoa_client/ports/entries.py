"""Reports as the outbox knows them, and what is changed about them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.report.kinds import Kind, PhotoState, Receipt, State

# Only these stay text: a named tuple compiles each annotation that is text, which costs every start.
if TYPE_CHECKING:
    from apoa_client.report.findings import Finding
    from apoa_client.report.model import Report


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
    photo: PhotoState | None = None
    """The state of the photo that was saved with the report; None if there was none. An erasure leaves it."""

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
    """A report to be queued together with others; see `Outbox.add`."""

    report: "Report"
    due_at: datetime | None
    warnings: "Sequence[Finding]" = ()
    guest_tag: int | None = None
    replaces: Sequence[str] = ()
    active_reports: Sequence[str] = ()
    photo: bytes | None = None
    """The photo of the guest's passport page, a JPEG file."""

    def __repr__(self) -> str:
        """Show only the report, which hides personal data; photo and warnings do not."""
        return f"NewReport({self.report!r})"


class PhotoToSend(NamedTuple):
    """A photo that waits to be sent, and the report to send it for."""

    entry: Entry
    """The report that has the photo."""
    report_id: str
    """The stay's check-in that the authority accepted; the report with the photo may be an earlier version of it."""


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
    by_departure: bool = False
    """Soonest `last_morning` first, in place of the order of creation; only together with `leaving_from`."""
    limit: int | None = None
