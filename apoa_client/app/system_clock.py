"""The time of this computer."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)  # noqa: TID251  the clock

    def monotonic(self) -> float:
        """Return seconds that never go backward."""
        return time.monotonic()
