"""The time, what a delivery run reports to, and what may interrupt it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from apoa_client.errors import ApoaError
    from apoa_client.ports.authority import Verdict


class Clock(Protocol):
    """Time, passed in so that no rule reads a clock itself."""

    def now(self) -> datetime:
        """Return the wall clock, timezone-aware. It may be wrong and may jump: do not rely on it going forward."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only go forward, for measuring durations."""
        ...


class Interruptions(Protocol):
    """Ctrl-C and the like, which may come at any time but not between a call and recording its answer."""

    def delayed(self) -> AbstractContextManager[None]:
        """Delay interruptions inside; leaving the context raises what came."""
        ...

    def allowed(self) -> AbstractContextManager[None]:
        """Raise an interruption at once inside, although `delayed`, so that a slow line can be interrupted."""
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
