"""A time limit for calls that may hang and have no time-out of their own.

A name lookup, a frozen keyring daemon or a stalled proxy can hold a call for minutes. Such a call runs in a daemon
thread. After the time limit the thread is abandoned, not stopped, so it must do no harm later: only reads, and requests
that are safe to repeat, are called this way.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_SLICE_S = 0.25
"""On Windows, Ctrl-C does not interrupt a thread that waits, so the wait is split."""


class BackgroundCall(Generic[T]):
    """A call in a daemon thread, which begins at once."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._done = threading.Event()
        threading.Thread(target=self._run, daemon=True, name="apoa-timeout").start()

    def wait(self, seconds: float) -> bool:
        """Wait at most so long, and return whether the call is over."""
        while seconds > 0 and not self._done.wait(min(seconds, _SLICE_S)):
            seconds -= _SLICE_S
        return self._done.is_set()

    def result(self) -> T:
        """Wait for the end of the call, and return what it returns, or raise what it raises."""
        while not self._done.wait(_SLICE_S):
            pass
        return self._result()

    def _run(self) -> None:
        try:
            value = self._call()
        except BaseException as exc:  # noqa: BLE001  every exception belongs to the caller
            failure = exc

            def fail() -> T:
                raise failure

            self._result = fail
        else:
            self._result = lambda: value
        self._done.set()


def call_with_timeout(seconds: float, call: Callable[[], T]) -> T:
    """Return what `call` returns, or raise what it raises. Raises `TimeoutError` after `seconds`."""
    running = BackgroundCall(call)
    if not running.wait(seconds):
        raise TimeoutError
    return running.result()
