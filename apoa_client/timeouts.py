"""Calls that may hang, and how long we wait for them.

A name lookup, a frozen keyring daemon or a stalled proxy can hold a call for minutes, and none of them takes a time
limit. Such a call runs in a daemon thread; when the time is over we go on without it. The thread is abandoned, not
stopped: whatever it still does must be harmless, which is why only reads, and sends that are safe to repeat, go
through here.
"""

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_SLICE_S = 0.25
"""Windows delivers a Ctrl-C to no thread that waits: so we wait in slices."""


def call_with_timeout(seconds: float, call: Callable[[], T]) -> T:
    """Return what `call` returns, or raise what it raises; raise `TimeoutError` when `seconds` pass first."""
    answers: queue.SimpleQueue[Callable[[], T]] = queue.SimpleQueue()

    def run() -> None:
        try:
            value = call()
        except BaseException as exc:  # noqa: BLE001  whatever it is, it belongs to the caller
            failure = exc
            answers.put(lambda: _raise(failure))
        else:
            answers.put(lambda: value)

    threading.Thread(target=run, daemon=True, name="apoa-patience").start()
    return _first(answers, seconds)()


def _first(answers: "queue.SimpleQueue[Callable[[], T]]", seconds: float) -> Callable[[], T]:
    while seconds > 0:
        try:
            return answers.get(timeout=min(seconds, _SLICE_S))
        except queue.Empty:
            seconds -= _SLICE_S
    raise TimeoutError


def _raise(failure: BaseException) -> T:  # type: ignore[type-var]  # it never returns; T lets it stand for a value
    raise failure
