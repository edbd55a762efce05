"""Runs the program with a clock that goes faster than the computer's, so that no test waits for a lease to end."""

import os
import sys
import time
from datetime import UTC, datetime

SPEED = 40
"""Seconds that pass in one second."""
START = "FAST_CLOCK_START"
"""The variable of the environment with the moment, in seconds since 1970, at which the clock was right."""


class FastClock:
    """A `ports.Clock` that was right at `start`, in seconds since 1970."""

    def __init__(self, start: float) -> None:
        self.start = start

    def now(self) -> datetime:
        """Return the fast time."""
        return datetime.fromtimestamp(self.start + (time.time() - self.start) * SPEED, UTC)

    def monotonic(self) -> float:
        """Return the computer's own seconds: calls take as long as they take."""
        return time.monotonic()


if __name__ == "__main__":
    from apoa_client.cli import main

    sys.exit(main.run(sys.argv[1:], dict(os.environ), FastClock(float(os.environ[START]))))
