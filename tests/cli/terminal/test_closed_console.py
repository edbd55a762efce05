"""A console window of Windows: one that is closed in a conversation, and one that the program has for itself.

As a script it runs `apoa report` in the console of its process, and types a passport and Ctrl-C, or with "window"
commands into the window of `apoa` alone. `tests/journeys/test_windows.py` closes real windows.
"""

import _thread
import ctypes
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from ctypes import wintypes
from typing import Any, ClassVar

import click
import pytest
from cli_helpers import QUENTIN, Apoa, Keyboard

from apoa_client.app.container import Container
from apoa_client.cli import main
from apoa_client.cli.terminal import desktop, input, signals  # noqa: A004  the module of that name
from apoa_client.cli.terminal.desktop import ask_for_commands
from apoa_client.cli.terminal.input import ask_line, ask_secret
from apoa_client.cli.terminal.signals import Signals, Terminated
from apoa_client.processes import call_with_timeout

WINDOWS = pytest.mark.skipif(sys.platform != "win32", reason="other systems have no such console")
CREATE_NO_WINDOW = 0x08000000
"""The process gets a console of its own that shows no window."""


@pytest.mark.parametrize("event", [2, 5, 6], ids=["close", "log-off", "shutdown"])
def test_closing_is_sigterm(monkeypatch: pytest.MonkeyPatch, event: int) -> None:
    """Windows' handler, which runs on a thread of its own, ends the main thread's work as SIGTERM does, and waits."""
    monkeypatch.setattr(signals, "_LONGEST_S", 0)
    handled: list[bool] = []
    thread = threading.Thread(target=lambda: handled.append(signals.terminate(event)))

    def work() -> None:
        thread.start()
        call_with_timeout(math.inf, threading.Event().wait)

    with pytest.raises(Terminated), Signals():
        work()
    thread.join()
    assert handled == [True]


@pytest.mark.parametrize("event", [0, 1], ids=["Ctrl-C", "Ctrl-Break"])
def test_other_events_are_pythons(event: int) -> None:
    """Ctrl-C and Ctrl-Break are left to Python's own handler."""
    assert not signals.terminate(event)


def test_questions_can_be_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows a thread reads the keyboard, because nothing interrupts one that reads; answers arrive as usual."""
    readers: list[str] = []

    def read(_question: str) -> str:
        readers.append(threading.current_thread().name)
        return "answer"

    ask_on_windows(monkeypatch, read)
    assert [ask_line("Room"), ask_secret("Password")] == ["answer", "answer"]
    assert threading.main_thread().name not in readers


def test_ctrl_c_at_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reaches the main thread although another one reads, as the same exception as elsewhere."""
    asked_enough = threading.Event()

    def read(_question: str) -> str:
        _thread.interrupt_main()
        asked_enough.wait(60)
        return "too late"

    ask_on_windows(monkeypatch, read)
    with pytest.raises(click.Abort):
        ask_line("Room")
    asked_enough.set()


def ask_on_windows(monkeypatch: pytest.MonkeyPatch, read: Callable[[str], str]) -> None:
    """Let `read` answer questions as at a console of Windows."""
    for name in ("visible_prompt_func", "hidden_prompt_func"):
        monkeypatch.setattr(f"click.termui.{name}", read)
    monkeypatch.setattr(sys, "stdin", Keyboard())
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(input, "is_terminal", lambda _stream: True)


def run_in_console(apoa: Apoa, end: str) -> int:
    """Report a guest in a real console, or type commands there, and return the exit code."""
    done = subprocess.run(
        [sys.executable, __file__, end],
        env={**os.environ, **apoa.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        creationflags=CREATE_NO_WINDOW,
        check=False,
        timeout=120,
    )
    return done.returncode


@WINDOWS
def test_what_was_typed_is_stored(away: Apoa) -> None:
    """After Ctrl-C in a real console the draft is stored before the process ends, and it ends without a crash."""
    assert run_in_console(away, "ctrl-c") == 130
    app = Container(away.environ, away.clock)
    try:
        [draft] = app.outbox.drafts.waiting(app.clock.now())
        text = app.outbox.drafts.open(draft)
    finally:
        app.close()
    assert text is not None
    assert QUENTIN.lines[1] in text


@WINDOWS
def test_a_window_of_its_own(away: Apoa) -> None:
    """A double click opens a window that asks for commands until Enter alone, and draws colours only while it runs."""
    assert run_in_console(away, "window") == 0


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the commands that were run, which takes the place of running them."""
    run: list[str] = []
    monkeypatch.setattr(desktop, "own_command", lambda: ["a program"])
    monkeypatch.setattr(subprocess, "run", lambda line, **_options: run.append(line))
    return run


def answer(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Type these lines, and Ctrl-C after them."""
    typed = iter(lines)

    def read(_question: str) -> str:
        line = next(typed, None)
        if line is None:
            raise click.Abort
        return line

    monkeypatch.setattr(desktop, "ask_line", read)


def test_commands(run: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """They run with and without the program's name, with quoted names of files, until Ctrl-C."""
    answer(monkeypatch, "lapor", "Apoa kirim --semua", r'apoa.exe impor "C:\Buku tamu\Juli.xlsx"')
    ask_for_commands()
    assert run == [
        '"a program" lapor',
        '"a program" kirim --semua',
        r'"a program" impor "C:\Buku tamu\Juli.xlsx"',
    ]


@pytest.mark.parametrize("line", ["", "apoa", "exit", "apoa quit"])
def test_the_end(run: list[str], monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """Enter alone ends it, as the words do that shells have for it."""
    answer(monkeypatch, line, "lapor")
    ask_for_commands()
    assert run == []


_SECONDS = 60
_CELLS = 80 * 300
_READ_WRITE, _SHARED, _EXISTING = 0xC0000000, 3, 3
_CTRL = 8
_COLUMNS = 80
_DRAWS_COLOURS = 4


class KeyEvent(ctypes.Structure):
    """INPUT_RECORD with a KEY_EVENT_RECORD."""

    _fields_: ClassVar[Any] = (
        ("type", wintypes.WORD),
        ("down", wintypes.BOOL),
        ("repeats", wintypes.WORD),
        ("key", wintypes.WORD),
        ("scan_code", wintypes.WORD),
        ("character", wintypes.WCHAR),
        ("state", wintypes.DWORD),
    )


class Console:
    """The console of this process."""

    def __init__(self) -> None:
        self.kernel32: Any = vars(ctypes)["WinDLL"]("kernel32")
        self.kernel32.CreateFileW.restype = ctypes.c_void_p
        self._keys, self._screen = (self._open(name) for name in ("CONIN$", "CONOUT$"))

    def _open(self, name: str) -> ctypes.c_void_p:
        return ctypes.c_void_p(self.kernel32.CreateFileW(name, _READ_WRITE, _SHARED, None, _EXISTING, 0, None))

    def shown(self) -> str:
        text, count = ctypes.create_unicode_buffer(_CELLS), wintypes.DWORD()
        begin = wintypes.DWORD(0)
        self.kernel32.ReadConsoleOutputCharacterW(self._screen, text, _CELLS - 1, begin, ctypes.byref(count))
        return text.value

    def draws_colours(self) -> bool:
        mode = wintypes.DWORD()
        self.kernel32.GetConsoleMode(self._screen, ctypes.byref(mode))
        return bool(mode.value & _DRAWS_COLOURS)

    def wait_for(self, text: str) -> None:
        end = time.monotonic() + _SECONDS
        while text not in self.shown():
            if time.monotonic() > end:
                os._exit(99)
            time.sleep(0.1)

    def type(self, text: str, state: int = 0) -> None:
        for character in text:
            key = {"\r": 0x0D, "\x03": ord("C")}.get(character, 0)
            for down in (True, False):
                event, count = KeyEvent(1, down, 1, key, 0, character, state), wintypes.DWORD()
                self.kernel32.WriteConsoleInputW(self._keys, ctypes.byref(event), 1, ctypes.byref(count))


def type_commands(console: Console) -> None:
    """Types a command with and without the program's name, then Enter alone. The console draws colours meanwhile."""
    for command, shown in (("apoa config get language", "en"), ("config get timezone", "Asia/")):
        console.wait_for("apoa>")
        assert console.draws_colours()
        console.type(f"{command}\r")
        console.wait_for(f"{command}{' ' * (_COLUMNS - len(f'apoa> {command}'))}{shown}")
    console.type("\r")


def type_passport(console: Console) -> None:
    """Types the passport, and Ctrl-C at the next question."""
    for number, line in enumerate(QUENTIN.lines, 1):
        console.wait_for(f"MRZ line {number}")
        console.type(f"{line}\r")
    console.wait_for("Place of birth")
    console.type("\x03", _CTRL)


if __name__ == "__main__":
    end = sys.argv.pop(1)
    console = Console()
    assert not console.draws_colours()
    if end == "window":
        threading.Thread(target=type_commands, args=[console], daemon=True).start()
        sys.argv = ["apoa"]
    else:
        threading.Thread(target=type_passport, args=[console], daemon=True).start()
        sys.argv = ["apoa", "report", "--no-send"]
    code = main.main()
    assert not console.draws_colours()
    sys.exit(code)
