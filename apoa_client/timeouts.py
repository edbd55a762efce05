"""A time limit for calls that may hang and have no time-out of their own.

A name lookup, a frozen keyring daemon or a stalled proxy can hold a call for minutes. Such a call runs in a daemon
thread. After the time limit the thread is abandoned, not stopped, so it must do no harm later: only reads, and requests
that are safe to repeat, are called this way.
"""

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_SLICE_S = 0.25
"""On Windows, Ctrl-C does not interrupt a thread that waits, so the wait is split."""


def call_with_timeout(seconds: float, call: Callable[[], T]) -> T:
    """Return what `call` returns, or raise what it raises. Raises `TimeoutError` after `seconds`."""
    results: queue.SimpleQueue[Callable[[], T]] = queue.SimpleQueue()

    def run() -> None:
        try:
            value = call()
        except BaseException as exc:  # noqa: BLE001  every exception belongs to the caller
            failure = exc

            def fail() -> T:
                raise failure

            results.put(fail)
        else:
            results.put(lambda: value)

    threading.Thread(target=run, daemon=True, name="apoa-timeout").start()
    while seconds > 0:
        try:
            result = results.get(timeout=min(seconds, _SLICE_S))
        except queue.Empty:
            seconds -= _SLICE_S
        else:
            return result()
    raise TimeoutError
