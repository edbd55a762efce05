"""What delivery needs of the authority, and its answers. `Status` is the only table of verdicts."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from apoa_client.messages import Message, msg
from apoa_client.report.kinds import Receipt, State

if TYPE_CHECKING:
    from apoa_client.report.codes import CodeTable
    from apoa_client.report.findings import Finding

MAX_PHOTO_BYTES = 300 * 1024
"""The largest photo of a document that the contract allows."""
META_VALID_S = 300.0
"""How long later connections believe what `Authority.meta` returned, if no call fails."""


class Status(StrEnum):
    """The authority's verdict on one report. A new one needs its row in `_MEANINGS`, and its schema in the contract."""

    ACCEPTED = "accepted"
    PENDING = "pending"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    DEFERRED = "deferred"

    @property
    def meaning(self) -> "StatusMeaning":
        """What it means for the report, and its words."""
        return _MEANINGS[self]

    @property
    def state(self) -> State:
        """The state that the report gets."""
        return _MEANINGS[self].state


class StatusMeaning(NamedTuple):
    """What a status means for its report, and its words."""

    state: State
    """The state that the report gets: `ACCEPTED` comes with a receipt, `REJECTED` with errors, `QUEUED` with a wait."""
    last_error: str | None
    title: Message
    history: Message
    """The words of a stay's history."""
    preview: Message
    """What the authority would do with a report that is only checked."""
    counted: Message
    """How many reports got it, with the placeholder ``{count}``."""


_MEANINGS = {
    Status.ACCEPTED: StatusMeaning(
        State.ACCEPTED,
        last_error=None,
        title=msg("Accepted"),
        history=msg("accepted by the authority"),
        preview=msg("The authority would accept this report."),
        counted=msg("Sent: {count}."),
    ),
    Status.PENDING: StatusMeaning(
        State.PENDING,
        last_error=None,
        title=msg("Waiting for a decision"),
        history=msg("received, decision later"),
        preview=msg("The authority would take this report, and decide later."),
        counted=msg("Waiting for a decision: {count}."),
    ),
    Status.REJECTED: StatusMeaning(
        State.REJECTED,
        last_error="rejected",
        title=msg("Refused"),
        history=msg("refused by the authority"),
        preview=msg("The authority would refuse this report:"),
        counted=msg("Refused: {count}."),
    ),
    Status.DUPLICATE: StatusMeaning(
        State.ACCEPTED,  # with the receipt of the report that covers this guest and night already
        last_error="duplicate",
        title=msg("Reported before"),
        history=msg("was already reported"),
        preview=msg("The authority has a report of this guest for that night already."),
        counted=msg("Of these, reported before: {count}."),
    ),
    Status.DEFERRED: StatusMeaning(
        State.QUEUED,
        last_error="deferred",
        title=msg("To be sent again later"),
        history=msg("deferred by the authority"),
        preview=msg("The authority would not take this report now, but later."),
        counted=msg("Put off by the authority: {count}."),
    ),
}


class Verdict(NamedTuple):
    """The authority's answer about one report. `retry_after` is seconds."""

    id: str
    status: Status
    receipt: Receipt | None = None
    errors: "tuple[Finding, ...]" = ()
    warnings: "tuple[Finding, ...]" = ()
    retry_after: int | None = None

    @property
    def refused(self) -> bool:
        """Whether a person must correct the report."""
        return self.status.state is State.REJECTED


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
    wants_photo: bool = False
    """Whether it takes photos of travel documents."""
    daily_receipts: bool = False
    """Whether it has receipts for whole days."""
    timezone: str | None = None
    """The IANA name of the zone in which it counts the property's days; None before version 1.3 of the contract."""

    @property
    def identity(self) -> AuthorityIdentity:
        """Which authority this is, to be compared with the one of the set-up."""
        return AuthorityIdentity(self.environment, self.property_id)


class KeptAnswers:
    """The token, and what `Authority.meta` returned, for the later connections of a process, or of the next one.

    Times are of `Clock.monotonic`.
    """

    def __init__(self) -> None:
        self.token: str | None = None
        self.token_until = 0.0
        self.meta: Meta | None = None
        self.meta_until = 0.0
        self.stored: tuple[str | None, Meta | None] = None, None
        """The token and the metadata that later commands find."""
        self._basis: object = None

    def current_meta(self, now: float) -> Meta | None:
        """Return what the authority said about itself, while that is valid."""
        return self.meta if now < self.meta_until else None

    def forget(self) -> None:
        """Forget everything."""
        self.token = self.meta = None
        self.token_until = self.meta_until = 0.0

    def rest_on(self, basis: object) -> None:
        """Forget everything that was received on another basis, such as other settings or another password."""
        if basis != self._basis:
            self.forget()
            self._basis = basis


class DailyReceipt(NamedTuple):
    """The receipts that the authority issued to a property from `begin` until before `end`: one day there."""

    day: date
    begin: datetime
    end: datetime
    property_id: str
    issued_at: datetime
    """When the list was made: before `end`, the day is not over."""
    receipts: "Mapping[str, Receipt]"
    """The receipt of each report that was accepted on the day, by the report's id."""


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

    def validate(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        """Return what `submit` would return, and raise what it would raise. The authority stores nothing."""
        ...

    def codes(self, table: str, etag: str | None = None) -> "CodeTable | None":
        """Return a code table; None if the one with `etag` is current. Raises `CallRefused` for an unknown table."""
        ...

    def verdict(self, report_id: str) -> Verdict | None:
        """Return the verdict on one report by our own id; None if the authority never received it."""
        ...

    def receipt_pdf(self, report_id: str) -> bytes | None:
        """Return the authority's own PDF of a receipt; None if it has no such PDF."""
        ...

    def daily_receipt(self, day: date) -> DailyReceipt | None:
        """Return the receipts of one day; None if the authority has no receipts for whole days."""
        ...

    def daily_receipt_pdf(self, day: date) -> bytes | None:
        """Return the authority's own PDF of the receipts of one day; None if it has no such PDF."""
        ...

    def send_photo(self, report_id: str, jpeg: bytes) -> None:
        """Send the photo of an accepted report's document. The same photo may be sent again.

        Raises `CallRefused` with the name "photo_refused" if the authority does not take it (400, 404, 409, 413), else
        the errors of any call.
        """
        ...
