"""Runs `apoa report` in the console of this process on Windows, types a passport, and ends as argv[1] says.

"close", "log-off" and "shutdown" call the console's handler as Windows does, on a thread of its own; "ctrl-c" is typed.
"save" answers every question. "window" types commands into the window of `apoa` alone.
"""

import ctypes
import os
import sys
import threading
import time
from ctypes import wintypes
from typing import Any, ClassVar

from cli_helpers import QUENTIN

from apoa_client.cli import main
from apoa_client.cli.terminal import signals

EVENTS = {"close": 2, "log-off": 5, "shutdown": 6}
ANSWERS = (
    ("Place of birth", QUENTIN.birth_place),
    ("Visa / stay permit", "B1"),
    ("Nights", "2"),
    ("Room", "7"),
    ("Save this report?", ""),
)
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


def use(console: Console, end: str) -> None:
    """Types the passport, and ends the command at the next question, or answers all."""
    for number, line in enumerate(QUENTIN.lines, 1):
        console.wait_for(f"MRZ line {number}")
        console.type(f"{line}\r")
    console.wait_for(ANSWERS[0][0])
    if end == "save":
        for question, answer in ANSWERS:
            console.wait_for(question)
            console.type(f"{answer}\r")
    elif end == "ctrl-c":
        console.type("\x03", _CTRL)
    else:
        handler = vars(signals)["_handler"]()
        console.kernel32.CreateThread(None, 0, handler, EVENTS[end], 0, None)


if __name__ == "__main__":
    end = sys.argv.pop(1)
    console = Console()
    assert not console.draws_colours()
    if end == "window":
        threading.Thread(target=type_commands, args=[console], daemon=True).start()
        sys.argv = ["apoa"]
    else:
        threading.Thread(target=use, args=(console, end), daemon=True).start()
        sys.argv = ["apoa", "report", "--no-send"]
    code = main.main()
    assert not console.draws_colours()
    sys.exit(code)
