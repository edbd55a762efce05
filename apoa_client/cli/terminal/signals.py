"""Ctrl-C, SIGTERM, SIGHUP and a closed console during a delivery or a conversation: the current result is stored first.

A shutdown, a log-out or a schedule's time limit sends SIGTERM. Without this module it would end the process between an
answer and its storage. Nothing would be lost, but a report would wait until its lease ends.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Self

from apoa_client.cli.terminal.closed_console import close_is_sigterm

_OF_ONE_SYSTEM = [getattr(signal, name) for name in ("SIGHUP", "SIGBREAK") if hasattr(signal, name)]
"""POSIX: the terminal's window was closed. Windows has a handler of the console for that, and Ctrl-Break."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, *_OF_ONE_SYSTEM)


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM), or its window was closed (SIGHUP)."""


class Signals:
    """`ports.Interruptions` for the process's signals while it is entered; outside the main thread it does nothing.

    A signal that was ignored before stays ignored: SIGHUP under nohup, SIGINT in a background job of a shell script.
    """

    def __init__(self) -> None:
        self._received: int | None = None
        self._delays = 0
        self._previous: dict[int, object] = {}
        self._console = ExitStack()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            noticed = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            self._previous = {number: signal.signal(number, self._note) for number in noticed}
            self._console.enter_context(close_is_sigterm())
        return self

    def __exit__(self, *_exc: object) -> None:
        self._console.close()
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # a handler that signal() returned
        self._previous.clear()

    @contextmanager
    def delayed(self) -> Iterator[None]:
        """As `ports.Interruptions`."""
        self._delays += 1
        try:
            yield
        finally:
            self._delays -= 1
            self._raise_unless_delayed()

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """As `ports.Interruptions`."""
        delays, self._delays = self._delays, 0
        try:
            self._raise_unless_delayed()
            yield
        finally:
            self._delays = delays

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._received = number
        self._raise_unless_delayed()

    def _raise_unless_delayed(self) -> None:
        if self._received is None or self._delays:
            return
        received, self._received = self._received, None
        raise KeyboardInterrupt if received == signal.SIGINT else Terminated
