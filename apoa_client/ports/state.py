"""The outbox as a whole: its state, drafts, who changes it, what its audit trail records, and results of its work."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.report.kinds import State

if TYPE_CHECKING:
    from apoa_client.errors import ApoaError
    from apoa_client.ports.doubts import Doubt


class Actor(NamedTuple):
    """Who changes the outbox, and the clock, for its audit trail; each is called when an event is recorded."""

    who: Callable[[], str]
    """Returns the operating system's name of the user."""
    now: Callable[[], datetime]
    command: str = ""
    """The command that runs, without its options, for what other processes say about it."""


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
    """What was erased: the ids of the reports, and the number of stays."""

    reports: Sequence[str]
    stays: int
    complete: bool = True
    """Whether it is also gone from the database's log, which another process that reads may prevent."""
    drafts: int = 0
    """How many abandoned drafts were erased too."""


class Suspension(NamedTuple):
    """Why nothing is sent for this property, until a user logs in again or the settings change."""

    reason: str
    """`ApoaError.name` of the refusal."""
    since: datetime
    settings: str
    """A fingerprint of the settings that were refused, to see whether they changed."""


class Restrictions(NamedTuple):
    """What forbids calls to the authority, for every sender of the property."""

    suspension: Suspension | None = None
    hold_until: datetime | None = None
    """The authority asked all reports of the property to wait until then (Retry-After of a whole call)."""


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
    without_number: int = 0
    """How many check-ins staff typed into APOA without getting a receipt number."""
    code_confirmed_for: str | None = None
    """The public key whose recovery code a person last typed back."""
    public_key: str | None = None
    """The public key that the outbox names; None if it names none."""
    contradicted: bool = False
    """Whether the numbers of open reports, or of all, are not those of the register."""
    doubts: "tuple[Doubt, ...]" = ()
    """What the last check with the key found that only a person can correct."""
    practice_moved: int = 0
    """How many reports of practice were moved out of this outbox of version 0.1.0, and no user has read it yet."""
    practice_undecided: tuple[str, ...] = ()
    """The ids of the stays that may be practice, or are and were not moved yet: they are not sent."""
    unauthenticated: int | None = None
    """How many reports have no code yet that proves who wrote them; None before the first code was made."""

    @property
    def waiting(self) -> int:
        """How many reports wait to be sent, or are being sent."""
        return self.counts[State.QUEUED] + self.counts[State.SENDING]

    def current_suspension(self, settings: "Callable[[], str]") -> Suspension | None:
        """Return why nothing is sent; None if sending is not suspended, or if the settings have changed since.

        `settings` returns the fingerprint of the property's settings, and is only called if sending was suspended.
        """
        return self.suspension if self.suspension is not None and self.suspension.settings == settings() else None


class HandedOver(NamedTuple):
    """The result of a hand-over from another outbox of the property."""

    reports: int = 0
    left: int = 0
    """Open reports that the other outbox still has: they are just being sent, or were refused, or the key is away."""
    problem: "ApoaError | None" = None
    """Why the first report was left, or why the other outbox cannot be read."""
    complete: bool = False
    """Whether the other outbox has nothing more, no closed stay either."""


class FolderBackups(NamedTuple):
    """What is known of the automatic backups into the folder of the settings."""

    written_at: datetime | None = None
    """When the last one was written."""
    failed_at: datetime | None = None
    """When one last failed although the folder was there, or was begun by a desk of a shared outbox."""
    shown_at: datetime | None = None
    """When it was last shown that there is none."""
    other_disk: bool = False
    """Whether the last one was written to another disk than that of the outbox."""


class ScheduledRun(NamedTuple):
    """The last run of automatic sending: when it ended, and its exit code."""

    at: datetime
    exit_code: int
    interval: timedelta | None = None
    """How long after the end of the run before it ended; None if it is not known."""
