"""Ctrl-C, SIGTERM and SIGHUP during a delivery or a conversation: what is in hand is written down first.

A shutdown, a logging-off or a schedule's time limit sends SIGTERM, which by itself would end the process between an
answer and writing it down. Nothing would be lost by that, but a report would wait for its lease to run out.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Self

_HANGUP: list[int] = [number for number in [getattr(signal, "SIGHUP", None)] if number is not None]
"""The terminal's window was closed. Windows has no such signal."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, *_HANGUP)


class Terminated(KeyboardInterrupt):
    """Somebody asked this process to end (SIGTERM), or closed its window (SIGHUP)."""


class Signals:
    """`ports.Interruptions` over the process's signals, while it is entered; in a thread of somebody's, over none."""

    def __init__(self) -> None:
        self._came: int | None = None
        self._depth = 0
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        return self

    def __exit__(self, *_exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() gave us, it takes back
        self._before.clear()

    @contextmanager
    def delayed(self) -> Iterator[None]:
        """As `ports.Interruptions`."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            self._raise_unless_held()

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """As `ports.Interruptions`."""
        depth, self._depth = self._depth, 0
        try:
            self._raise_unless_held()
            yield
        finally:
            self._depth = depth

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._came = number
        self._raise_unless_held()

    def _raise_unless_held(self) -> None:
        if self._came is None or self._depth:
            return
        came, self._came = self._came, None
        raise KeyboardInterrupt if came == signal.SIGINT else Terminated
