"""What a run of delivery is given, whom it works with, and what it comes to.

Apart from the run itself: whoever only asks for one, or tells of it, need not know how it goes.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from apoa_client.delivery import plan
from apoa_client.errors import ApoaError, Exit, NotTheAuthority, Offline
from apoa_client.ports import Authority, Clock, Interruptions, Outbox, Progress, Verdict

Chance: TypeAlias = Callable[[], float]
"""Uniform in [0, 1): the jitter of the backoff."""


@dataclass(slots=True)
class Outcome:
    """What a run came to. `left` counts what still waits for a later run; `error` is what ended the run early."""

    sent: int = 0
    accepted: int = 0
    pending: int = 0
    rejected: int = 0
    duplicate: int = 0
    deferred: int = 0
    left: int = 0
    busy: bool = False
    """Another process delivers at this moment, and this run left it to that one."""
    clock_skew: timedelta | None = None
    """By how much the authority's clock is ahead of ours, where that is too much."""
    error: ApoaError | None = None
    verdicts: dict[str, Verdict] = field(default_factory=dict, repr=False)

    @property
    def offline(self) -> bool:
        """Whether there was no line to the authority."""
        return isinstance(self.error, Offline | NotTheAuthority)

    @property
    def stopped(self) -> bool:
        """Whether nothing more is sent until somebody logs in again."""
        return self.error is not None and plan.suspends_sending(self.error)

    @property
    def exit_code(self) -> Exit:
        """0 all delivered, nothing to do, or another's turn; what ended the run; 65 refused; 75 something is left."""
        if self.error is not None:
            return self.error.exit_code
        if self.rejected:
            return Exit.DATA_REFUSED
        if self.busy:
            return Exit.DONE
        return Exit.NOT_NOW if self.left else Exit.DONE

    def count(self, verdict: Verdict) -> None:
        """Count one verdict."""
        self.verdicts[verdict.id] = verdict
        name = verdict.status.value
        setattr(self, name, getattr(self, name) + 1)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run goes. `settings` is the property's fingerprint; `wait_s` bounds the run in seconds.

    `first` is the id of a report that a person waits for: it goes before more urgent ones of other stays.
    `lock_wait_s` is how many seconds to wait for another process that delivers.
    """

    settings: str
    first: str = ""
    keep_backoff: bool = False
    wait_s: float | None = None
    lock_wait_s: float = 0


class Uninterrupted:
    """`ports.Interruptions` where nobody interrupts."""

    held = heard = staticmethod(nullcontext)


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Whom a run works with. `connect` builds the authority, and is called when there is something to send."""

    outbox: Outbox
    connect: Callable[[], Authority]
    clock: Clock
    chance: Chance
    progress: Progress
    interruptions: Interruptions = field(default_factory=Uninterrupted)
