"""What a service tells systemd: that it is ready, what it does, that it is alive, and that it ends. See sd_notify(3).

A library would be no shorter: the protocol is a line of text in a datagram. Without systemd nothing is sent.
"""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

_MICROSECONDS = 1_000_000


class ServiceManager:
    """Sends messages to the socket that ``NOTIFY_SOCKET`` names, if there is one. An error is ignored."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        name = environ.get("NOTIFY_SOCKET", "")
        self._address = f"\0{name[1:]}" if name.startswith("@") else name  # Linux' abstract names
        self.watchdog_s = _watchdog_s(environ)
        """How often it must hear of this process, in seconds; None if it does not watch it."""
        self._alive_at = 0.0
        """When to report again."""

    def ready(self) -> None:
        """Report that the start is over."""
        self._send("READY=1")

    def alive(self, now: float) -> None:
        """Report that the process still works, if the watchdog is to hear of it again. `now` is `Clock.monotonic`."""
        if self.watchdog_s is not None and now >= self._alive_at:
            self._send("WATCHDOG=1")
            self._alive_at = now + self.watchdog_s

    def status(self, text: str) -> None:
        """Report what the service does, in one line: another line would be another message."""
        self._send(f"STATUS={' '.join(text.split())}")

    def stopping(self) -> None:
        """Report that the process ends."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address or not hasattr(socket, "AF_UNIX"):
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(0)  # a manager that does not read must not hold up anything
            sender.sendto(message.encode("utf-8", "replace"), self._address)


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    """Return half the time within which systemd wants to hear of this process, as its manual advises."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        seconds = int(environ.get("WATCHDOG_USEC", "")) / _MICROSECONDS
    except (ValueError, OverflowError):
        return None
    return seconds / 2 if seconds > 0 else None
