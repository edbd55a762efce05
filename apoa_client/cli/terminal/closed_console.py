"""A console window of Windows that is closed, a log-off and a shutdown: for this program they are SIGTERM.

Windows calls a handler on a thread of its own. It ends the process when the handler returns, and at the latest after
five seconds.
"""

import _thread
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

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
