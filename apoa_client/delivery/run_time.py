"""How much time one delivery run has: until it must end, or until the authority was silent for too long."""

from apoa_client.delivery import plan
from apoa_client.ports.clock import Clock

_AFTERWARDS_S = 15.0


class RunTime:
    """The time of one run, in seconds of `Clock.monotonic`. `wait_s` limits it further."""

    def __init__(self, clock: Clock, wait_s: float | None) -> None:
        self._clock = clock
        self._longest_s = plan.LONGEST_RUN_S if wait_s is None else min(wait_s, plan.LONGEST_RUN_S)
        self._ends_at = self._answered_at = 0.0

    def begin(self) -> None:
        """Count from now on."""
        self._answered_at = self._clock.monotonic()
        self._ends_at = self._answered_at + self._longest_s

    def answered(self) -> None:
        """Note that the authority answered now."""
        self._answered_at = self._clock.monotonic()

    def end(self) -> None:
        """Leave only a few seconds, for calls after the run on its connection."""
        self._ends_at = min(self._ends_at, self._clock.monotonic() + _AFTERWARDS_S)

    def left_s(self) -> float:
        """Return how many seconds a call may take now."""
        return min(self._ends_at, self._answered_at + plan.LONGEST_SILENCE_S) - self._clock.monotonic()
