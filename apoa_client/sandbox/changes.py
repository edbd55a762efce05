"""A counter of the changes to what the page shows, for which event streams wait."""

import threading


class Changes:
    """Counts. Safe to use from several threads."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._count = 0

    @property
    def count(self) -> int:
        """How many changes there were."""
        with self._condition:
            return self._count

    def add(self) -> int:
        """Count one change, and wake all who wait. Returns the new count."""
        with self._condition:
            self._count += 1
            self._condition.notify_all()
            return self._count

    def wait(self, seen: int, seconds: float, stopping: threading.Event) -> int:
        """Wait for another count than `seen`, at most so many seconds or until `stopping` is set. Returns the count."""
        with self._condition:
            self._condition.wait_for(lambda: self._count != seen or stopping.is_set(), seconds)
            return self._count

    def wake(self) -> None:
        """Wake all who wait, so that they notice that the server stops."""
        with self._condition:
            self._condition.notify_all()
