"""Runs a command in a console window of Windows, types into it, reads its screen, and closes the window.

As a script, `run CODE_PAGE OUTPUT COMMAND` runs a command with the streams of the window that the script runs in,
`leave CODE_PAGE OUTPUT COMMAND` leaves the command alone in the window, and `close PROCESS` closes the window of a
process as Windows does, which Wine's pseudoconsole leaves out. `break COMMAND` presses Ctrl-Break for a command that
has written its first line, and has its exit code.
"""

import contextlib
import ctypes
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from ctypes import byref, c_size_t, c_ulong, c_void_p, c_wchar_p
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cli_helpers import Installed

_WIDTH, _HEIGHT = 100, 40
_SECONDS = 60
_CURSOR_FORWARD = re.compile(r"\x1b\[(\d*)C")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\r")

_EXTENDED_STARTUPINFO_PRESENT, _CREATE_UNICODE_ENVIRONMENT = 0x80000, 0x400
_ATTRIBUTE_PSEUDOCONSOLE = 0x20016
_CTRL_CLOSE_EVENT = 2
_MS_TO_CLOSE = 5000
"""How long Windows waits for a program whose window is closed."""
_NEW_GROUP, _CTRL_BREAK = "CREATE_NEW_PROCESS_GROUP", "CTRL_BREAK_EVENT"
"""Names that the standard library has on Windows alone."""
_ALL_ACCESS = 0x1FFFFF
_TIMED_OUT = 0x102


class _StartupInfo(ctypes.Structure):
    """STARTUPINFOEXW, of which only the size and the attributes are set."""

    _fields_ = [  # type: ignore[mutable-override]  # as ctypes wants it
        ("size", c_ulong),
        ("names", c_wchar_p * 3),
        ("numbers", c_ulong * 8),
        ("words", ctypes.c_ushort * 2),
        ("reserved", c_void_p),
        ("handles", c_void_p * 3),
        ("attributes", c_void_p),
    ]


class _ProcessInformation(ctypes.Structure):
    _fields_ = [  # type: ignore[mutable-override]  # as ctypes wants it
        ("process", c_void_p),
        ("thread", c_void_p),
        ("process_id", c_ulong),
        ("thread_id", c_ulong),
    ]


def _kernel() -> Any:
    """Returns Windows' kernel library. All its handles are pointers."""
    kernel: Any = ctypes.CDLL("kernel32")
    for function in (kernel.CreateRemoteThread, kernel.OpenProcess, kernel.GetProcAddress, kernel.GetModuleHandleW):
        function.restype = c_void_p
    return kernel


class Window:
    """A console window in which one command runs, at a code page.

    The window is a pseudoconsole. Windows shows no window for it, and otherwise treats it as one.
    """

    def __init__(self, apoa: "Installed", *arguments: str, code_page: int = 65001, output: Path | None = None) -> None:
        """Runs the installed command in a new window, with its output in a file if given.

        Without arguments it is alone in the window, as after a double click.
        """
        self._kernel = _kernel()
        keys, self._keyboard = self._pipe()
        self._screen, picture = self._pipe()
        self._console = c_void_p()
        size = c_ulong(_HEIGHT << 16 | _WIDTH)
        assert self._kernel.CreatePseudoConsole(size, keys, picture, 0, byref(self._console)) == 0
        action = "run" if arguments else "leave"
        runner = [sys.executable, __file__, action, str(code_page), str(output or "CONOUT$")]
        self._start(subprocess.list2cmdline([*runner, *apoa.command, *arguments]), apoa.environ)
        self._shown: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._unread = ""
        threading.Thread(target=self._read, daemon=True).start()

    def type(self, text: str) -> None:
        """Types this text. Enter is a carriage return."""
        content = text.encode()
        assert self._kernel.WriteFile(self._keyboard, content, len(content), byref(c_ulong()), None)

    def wait_for(self, text: str) -> str:
        """Waits until the window shows this text. Returns what it showed since the last call."""
        while text not in self._unread:
            try:
                self._unread += self._shown.get(timeout=_SECONDS)
            except queue.Empty:
                pytest.fail(f"not shown: {text}\n{self._unread}")
        before, _text, self._unread = self._unread.partition(text)
        return before + text

    def wait(self) -> int:
        """Waits for the end of the command. Returns its exit code."""
        assert self._kernel.WaitForSingleObject(self._process, _SECONDS * 1000) != _TIMED_OUT
        code = c_ulong()
        self._kernel.GetExitCodeProcess(self._process, byref(code))
        return code.value

    def close(self) -> None:
        """Closes the window, and waits until the command has ended."""
        if hasattr(ctypes.CDLL("ntdll"), "wine_get_version"):
            subprocess.run([sys.executable, __file__, "close", str(self._process_id)], check=True, timeout=_SECONDS)
        else:
            self._kernel.ClosePseudoConsole(self._console)
        self.wait()

    def _pipe(self) -> tuple[c_void_p, c_void_p]:
        reading, writing = c_void_p(), c_void_p()
        assert self._kernel.CreatePipe(byref(reading), byref(writing), None, 0)
        return reading, writing

    def _start(self, line: str, environ: Mapping[str, str]) -> None:
        size = c_size_t()
        self._kernel.InitializeProcThreadAttributeList(None, 1, 0, byref(size))
        attributes = ctypes.create_string_buffer(size.value)
        assert self._kernel.InitializeProcThreadAttributeList(attributes, 1, 0, byref(size))
        assert self._kernel.UpdateProcThreadAttribute(
            attributes, 0, c_size_t(_ATTRIBUTE_PSEUDOCONSOLE), self._console, c_size_t(8), None, None
        )
        info, started = _StartupInfo(), _ProcessInformation()
        info.size, info.attributes = ctypes.sizeof(info), ctypes.addressof(attributes)
        block = ctypes.create_unicode_buffer("".join(f"{name}={value}\0" for name, value in environ.items()) + "\0")
        flags = _EXTENDED_STARTUPINFO_PRESENT | _CREATE_UNICODE_ENVIRONMENT
        assert self._kernel.CreateProcessW(
            None, ctypes.create_unicode_buffer(line), None, None, 0, flags, block, None, byref(info), byref(started)
        )
        self._process, self._process_id = c_void_p(started.process), started.process_id

    def _read(self) -> None:
        content, size, unread = ctypes.create_string_buffer(1 << 16), c_ulong(), b""
        while self._kernel.ReadFile(self._screen, content, len(content), byref(size), None) and size.value:
            unread += content.raw[: size.value]
            with contextlib.suppress(UnicodeDecodeError):  # the rest of a character follows
                self._shown.put(_text_of(unread.decode()))
                unread = b""


def _text_of(shown: str) -> str:
    """Returns the text in what a console sends to a terminal: without colours, and with spaces as they look."""
    spaced = _CURSOR_FORWARD.sub(lambda found: " " * int(found[1] or 1), shown)
    return _CONTROL.sub("", spaced)


def _close_window_of(process_id: int) -> None:
    """Lets each process of a window handle that it is closed, and ends it then.

    Windows runs `CtrlRoutine` in a new thread of each process, too.
    """
    kernel = _kernel()
    kernel.FreeConsole()
    assert kernel.AttachConsole(process_id)
    found = (c_ulong * 64)()
    others = set(found[: kernel.GetConsoleProcessList(found, len(found))]) - {kernel.GetCurrentProcessId()}
    kernel.FreeConsole()
    routine = c_void_p(kernel.GetProcAddress(c_void_p(kernel.GetModuleHandleW("kernelbase.dll")), b"CtrlRoutine"))
    processes = [c_void_p(kernel.OpenProcess(_ALL_ACCESS, 0, other)) for other in others]
    threads = [
        c_void_p(kernel.CreateRemoteThread(process, None, c_size_t(0), routine, c_void_p(_CTRL_CLOSE_EVENT), 0, None))
        for process in processes
    ]
    end = time.monotonic() + _MS_TO_CLOSE / 1000
    for thread, process in zip(threads, processes, strict=True):
        kernel.WaitForSingleObject(thread, max(0, int((end - time.monotonic()) * 1000)))
        kernel.TerminateProcess(process, 0xC000013A)


def _start_in_window(code_page: int, output: str, command: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Starts a command that inherits the window's streams, which a process of a test does not."""
    kernel = _kernel()
    assert kernel.SetConsoleCP(code_page)
    assert kernel.SetConsoleOutputCP(code_page)
    keys, screen = (os.open(name, os.O_RDWR) for name in ("CONIN$", "CONOUT$"))
    written = os.open(output, os.O_RDWR | os.O_CREAT)
    return subprocess.Popen(command, stdin=keys, stdout=written, stderr=screen)


def _press_ctrl_break(command: Sequence[str]) -> int:
    """Runs a command in a process group of its own, because Ctrl-Break is for a group."""
    group, event = (getattr(each, name) for each, name in ((subprocess, _NEW_GROUP), (signal, _CTRL_BREAK)))
    with subprocess.Popen(command, stdout=subprocess.PIPE, creationflags=group) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(event)
        return process.wait(_SECONDS)


if __name__ == "__main__":
    _script, action, *rest = sys.argv
    if action == "close":
        _close_window_of(int(rest[0]))
    elif action == "break":
        sys.exit(_press_ctrl_break(rest))
    else:
        started = _start_in_window(int(rest[0]), rest[1], rest[2:])
        sys.exit(started.wait() if action == "run" else 0)
