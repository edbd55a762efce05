"""What the three standard streams are: terminals, pipes whose reader may end, or missing.

A stream is None if the caller closed it, or where there is no console at all (pythonw.exe).
"""

import errno
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper, UnsupportedOperation
from typing import TextIO


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a user reads or types there. False for Windows' NUL, for which `isatty` is true."""
    try:
        return stream is not None and stream.isatty() and _is_console(stream.fileno())
    except UnsupportedOperation:
        return True  # a stand-in without a descriptor, which says that it is a terminal
    except ValueError:
        return False  # it was closed


if sys.platform == "win32":
    _ENABLE_VIRTUAL_TERMINAL_PROCESSING = 4

    def _is_console(descriptor: int) -> bool:
        """Return whether `GetConsoleMode` succeeds, which it does for consoles only."""
        import ctypes
        import msvcrt

        mode, handle = ctypes.c_ulong(), ctypes.c_void_p(msvcrt.get_osfhandle(descriptor))
        return bool(ctypes.WinDLL("kernel32").GetConsoleMode(handle, ctypes.byref(mode)))

    @contextmanager
    def escape_codes() -> Iterator[bool]:
        """Let the consoles of the output draw colours inside; yield whether all of them do.

        An older console of Windows 10 prints the codes as text until a program asks for more.
        https://learn.microsoft.com/windows/console/setconsolemode
        """
        import ctypes
        import msvcrt

        kernel32, before, are_drawn = ctypes.WinDLL("kernel32"), [], True
        for stream in (sys.stdout, sys.stderr):
            if stream is None or not is_terminal(stream):
                continue
            mode, handle = ctypes.c_ulong(), ctypes.c_void_p(msvcrt.get_osfhandle(stream.fileno()))
            kernel32.GetConsoleMode(handle, ctypes.byref(mode))
            if not mode.value & _ENABLE_VIRTUAL_TERMINAL_PROCESSING:
                before.append((handle, mode))
                new = ctypes.c_ulong(mode.value | _ENABLE_VIRTUAL_TERMINAL_PROCESSING)
                are_drawn = bool(kernel32.SetConsoleMode(handle, new)) and are_drawn
        try:
            yield are_drawn
        finally:
            for handle, mode in before:
                kernel32.SetConsoleMode(handle, mode)

else:

    @contextmanager
    def escape_codes() -> Iterator[bool]:
        """Yield True: the terminals of other systems draw colours."""
        yield True

    def _is_console(_descriptor: int) -> bool:
        """Return True: `isatty` says enough."""
        return True


@contextmanager
def closed_pipes_as_on_posix() -> Iterator[None]:
    """Raise `BrokenPipeError` inside if the reader of a pipe has ended; Windows raises another error for it."""
    try:
        yield
    except OSError as exc:
        if sys.platform == "win32" and exc.errno == errno.EINVAL:
            raise BrokenPipeError from None
        raise


def discard_output() -> None:
    """Discard further output: the reader of the pipe (head, less) has ended, and Python would report it at exit."""
    sys.stdout = sys.stderr = None  # as with pythonw.exe, where nothing is written


def occupy_descriptors() -> None:
    """Open the null device in place of each standard stream that the caller closed.

    Else the next file that is opened, such as the outbox, would be the one that libraries take for a standard stream.
    """
    if os.name == "posix" and None in {sys.stdin, sys.stdout, sys.stderr}:
        while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004  standard error
            pass
        os.close(descriptor)


def adapt_stream(stream: TextIO | None, environ: Mapping[str, str]) -> None:
    """Make a standard stream show a question mark for what it cannot show. Other streams are not changed.

    On Windows a file or a pipe gets UTF-8 in place of the code page, unless `PYTHONIOENCODING` names an encoding. A
    bundle's Python does not read that variable.
    """
    if not isinstance(stream, TextIOWrapper):
        return
    named = None if hasattr(sys, "frozen") else environ.get("PYTHONIOENCODING")
    is_file_of_windows = sys.platform == "win32" and not is_terminal(stream)
    stream.reconfigure(encoding="utf-8" if is_file_of_windows and not named else None, errors="replace")
