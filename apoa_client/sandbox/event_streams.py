"""A counter of the changes to what the page shows, and the streams of server-sent events that report them.

The events (WHATWG HTML, section 9.2) say that the page has changed, and not what changed.
"""

import threading
from collections.abc import Iterator

from werkzeug.wrappers import Response

from apoa_client.sandbox.validation import Refusal


class ChangeCounter:
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


MAX_STREAMS = 16
HEARTBEAT_S = 5.0
"""Seconds between comments on a silent stream. Writing the second one after the browser has gone fails, which ends the
stream."""

_RETRY_MS = 1_000


class EventStreams:
    """The open streams of one page."""

    def __init__(self, changes: ChangeCounter) -> None:
        self._changes = changes
        self._free = threading.BoundedSemaphore(MAX_STREAMS)

    def open(self, stopping: threading.Event) -> Response:
        """Return a stream that ends when `stopping` is set. Raises `Refusal` if too many are open."""
        events = self._events(stopping)
        next(events)
        return Response(events, mimetype="text/event-stream")

    def _events(self, stopping: threading.Event) -> Iterator[bytes]:
        """Take a place and yield nothing; then the count of changes now and after each change, and comments in between.

        The place is free again when the generator ends, is closed, or is forgotten: the server does not close it if
        reading from a connection that was reset fails.
        """
        if not self._free.acquire(blocking=False):
            raise Refusal(503, "Too many browsers show this page.")
        try:
            yield b""
            seen = self._changes.count
            yield b"retry: %d\n\n" % _RETRY_MS + _event(seen)
            while True:
                count = self._changes.wait(seen, HEARTBEAT_S, stopping)
                if stopping.is_set():
                    return
                yield b":\n\n" if count == seen else _event(count)
                seen = count
        finally:
            self._free.release()


def _event(count: int) -> bytes:
    return b"event: changed\ndata: %d\n\n" % count
