"""Time, passed in so that no rule reads a clock itself."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time, passed in so that no rule reads a clock itself."""

    def now(self) -> datetime:
        """Return the wall clock, timezone-aware. It may be wrong and may jump: do not rely on it going forward."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only go forward, for measuring durations."""
        ...
