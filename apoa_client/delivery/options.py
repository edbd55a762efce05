"""The input and the result of a delivery run, and the check of the outbox around it: nothing forged may leave.

They are apart from `sync`, so that a caller that only needs the types does not load the run.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from apoa_client.delivery import plan
from apoa_client.errors import ApoaError, Exit, NotTheAuthority, Offline
from apoa_client.ports.authority import Authority, AuthorityIdentity, KeptAnswers, Meta, Status, Verdict
from apoa_client.ports.doubts import Doubt
from apoa_client.ports.run import Clock, Interruptions, KnownVersion, Progress
from apoa_client.report.kinds import State

if TYPE_CHECKING:
    from apoa_client.outbox.sql.store import Outbox

Jitter: TypeAlias = Callable[[], float]
"""Returns a random number, uniform in [0, 1), for the jitter of the backoff."""


@dataclass(slots=True)
class Outcome:
    """The result of a run. `left` counts the reports that wait for a later run; `error` is what ended the run early."""

    sent: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    """How many reports got each verdict, by its status."""
    left: int = 0
    meta: Meta | None = None
    """What the authority said about itself; None if it was not asked or did not answer."""
    authority: Authority | None = field(default=None, repr=False)
    """The connection of the run, for further calls of a few seconds; None if the run made no connection."""
    clock_skew: timedelta | None = None
    """How far the authority's clock is ahead of ours; None while the difference is small."""
    leased: int = 0
    """How many of the reports left are being sent by other runs, which may have been broken off."""
    leased_until: datetime | None = None
    """When the last of their leases ends, after which another run sends these reports again."""
    time_over: bool = False
    """Whether reports or photos are left because the time of the run was over."""
    photos_sent: int = 0
    photos_refused: int = 0
    """How many photos the authority did not take: they are kept here, and not sent again."""
    photos_left: int = 0
    """How many photos wait for a later run, because the time of this one was over, or because they failed."""
    indexes_rebuilt: bool = False
    """Whether the outbox's indexes were damaged, and were rebuilt in this run."""
    error: ApoaError | None = None
    verdicts: dict[str, Verdict] = field(default_factory=dict, repr=False)
    repeated_receipts: dict[str, int] = field(default_factory=dict)
    """Receipt numbers of this run that several stays have, now or before, each with the number of stays.

    It is a mistake of the authority: only reports of one stay may share a number.
    """
    doubts: tuple[Doubt, ...] = ()
    """What another program changed in the outbox, and only a person can correct."""
    unchecked: bool = False
    """Whether the private key was not at hand, so that what another program changed was not noticed."""
    repaired: dict[str, None] = field(default_factory=dict)
    """Reports that another program changed, and that are again as the authority has them."""

    @property
    def offline(self) -> bool:
        """Whether the authority could not be reached."""
        return isinstance(self.error, Offline | NotTheAuthority)

    @property
    def stopped(self) -> bool:
        """Whether sending is suspended until a user logs in again."""
        return self.error is not None and plan.suspends_sending(self.error)

    @property
    def exit_code(self) -> Exit:
        """The error's own code; 78 if others changed the outbox; 65 if one was rejected; 75 if some are left; or 0."""
        if self.error is not None:
            return self.error.exit_code
        if self.doubts:
            return self.doubts[0].error().exit_code
        if any(self.counts[each] for each in Status if each.state is State.REJECTED):
            return Exit.DATA_REFUSED
        return Exit.NOT_NOW if self.left or self.photos_left else Exit.DONE

    def count(self, verdict: Verdict) -> None:
        """Count one verdict."""
        self.verdicts[verdict.id] = verdict
        self.counts[verdict.status] += 1


class RunOptions(NamedTuple):
    """How a run works.

    `settings` is the fingerprint of the property's settings. `first` is the id of a report to send before more urgent
    ones. With `keep_backoff` a report waits for its backoff. `wait_s` limits the run, in seconds. Nothing is sent to an
    authority other than `expected`. Without `all_photos`, only those of this run's reports are sent: photos take long,
    and only reports have a deadline.
    """

    settings: str
    expected: AuthorityIdentity = AuthorityIdentity()
    first: str = ""
    keep_backoff: bool = False
    wait_s: float | None = None
    all_photos: bool = True


class Uninterrupted:
    """`ports.Interruptions` for a run that nothing interrupts."""

    delayed = allowed = staticmethod(nullcontext)


TimeLeft: TypeAlias = Callable[[], float]
"""Returns how many seconds of the run are left, which no call may exceed."""


class Dependencies(NamedTuple):
    """What a run works with.

    `connect` builds the authority. It is called only when there is something to send, and before the time of the run
    begins, because it may ask a person for the password.
    """

    outbox: "Outbox"
    connect: Callable[[TimeLeft], Authority]
    clock: Clock
    jitter: Jitter
    progress: Progress
    interruptions: Interruptions = Uninterrupted()
    known: KnownVersion | None = None
    """The version in the vault, by which an older copy of the outbox is noticed; None if the vault is not in use."""
    kept: KeptAnswers | None = None
    """What an earlier run of this process knows of the authority; None if it is asked in each run."""


def authenticate(outbox: "Outbox", known: KnownVersion | None, outcome: Outcome) -> None:
    """Check the outbox, note in `outcome` what another program changed, and raise the version in the vault.

    No keyring is asked. Several processes may do it at once. Raises `StorageProblem`, and `NotNow` during maintenance.
    """
    found = outbox.authenticate(ask=False, known=known.read() if known is not None else None)
    outcome.unchecked = found.unchecked
    outcome.doubts = tuple(found.doubts)  # only the last check counts, because each check finds all doubts
    if known is not None and found.version is not None:
        known.write(found.version)
