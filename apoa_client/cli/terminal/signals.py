"""Ctrl-C, SIGTERM, SIGHUP and a closed console during a delivery or a conversation: the current result is stored first.

A shutdown, a log-out or a schedule's time limit sends SIGTERM. Without this module it would end the process between an
answer and its storage. Nothing would be lost, but a report would wait until its lease ends. `ServiceManager` reports
the state of a service to systemd.
"""

import _thread
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from types import FrameType
from typing import Self

_CLOSE, _LOGOFF, _SHUTDOWN = 2, 5, 6
_LONGEST_S = 30.0
"""Longer than Windows waits. The process ends before: when the main thread has stored what was typed."""


def terminate(event: int) -> bool:
    """Raise SIGTERM in the main thread, and wait for the end of the process. Return whether the event is handled."""
    if event not in {_CLOSE, _LOGOFF, _SHUTDOWN}:
        return False
    _thread.interrupt_main(signal.SIGTERM)
    threading.Event().wait(_LONGEST_S)
    return True


@contextmanager
def close_is_sigterm() -> Iterator[None]:
    """On Windows, use `terminate` inside. Elsewhere a closed window is a signal already."""
    if sys.platform != "win32":
        yield
    else:
        import ctypes

        kernel32 = ctypes.WinDLL("kernel32")
        kernel32.SetConsoleCtrlHandler(_handler(), True)  # noqa: FBT003  positional only
        try:
            yield
        finally:
            kernel32.SetConsoleCtrlHandler(_handler(), False)  # noqa: FBT003  as above


if sys.platform == "win32":

    @cache  # Windows may be inside it when it is removed
    def _handler() -> Callable[[int], bool]:
        import ctypes

        return ctypes.WINFUNCTYPE(ctypes.c_int, ctypes.c_ulong)(terminate)


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
        self.received = False
        """Whether a signal came since the start."""
        self._waiting: int | None = None
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
        self.received, self._waiting = True, number
        self._raise_unless_delayed()

    def _raise_unless_delayed(self) -> None:
        if self._waiting is None or self._delays:
            return
        number, self._waiting = self._waiting, None
        raise KeyboardInterrupt if number == signal.SIGINT else Terminated


class ServiceManager:
    """Sends messages to the socket that ``NOTIFY_SOCKET`` names, if there is one. An error is ignored."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        name = environ.get("NOTIFY_SOCKET", "")
        self._address = f"\0{name[1:]}" if name.startswith("@") else name  # Linux' abstract names

    def ready(self) -> None:
        """Report that the start is over."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """Report what the service does, in one line: another line would be another message."""
        self._send(f"STATUS={' '.join(text.split())}")

    def stopping(self) -> None:
        """Report that the process ends."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        import socket  # the other users of this module send no messages

        if not hasattr(socket, "AF_UNIX"):
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(0)  # a manager that does not read must not hold up anything
            sender.sendto(message.encode("utf-8", "replace"), self._address)
