"""Where the command runs: a pseudo-terminal, a real terminal of a given size in tmux, and a desktop's notice tool.

Tests type answers and send keys, and read what is shown. The notice tool is a double, which records its calls.
"""

import os
import re
import select
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TextIO

import pytest
from cli_helpers import Installed

from apoa_client.cli.terminal import streams

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def show_as_terminal(monkeypatch: pytest.MonkeyPatch, stream: TextIO) -> None:
    """Lets a captured stream pass for a terminal, also on Windows, which is asked about its descriptor."""
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(streams, "_is_console", lambda _descriptor: True, raising=False)


def at_a_terminal(
    apoa: Installed,
    arguments: Sequence[str],
    dialogue: Sequence[tuple[str, str]],
    lang: str,
    *,
    size: tuple[int, int] = (80, 24),
    coloured: bool = False,
    hasty: str = "",
) -> tuple[int, str]:
    """Runs a command in a terminal of this size, and types each answer once its question is shown.

    Enter is pressed at once when `hasty` is shown, before the next question. Returns the exit code and everything
    shown, with colours if `coloured`.
    """
    import pty  # Windows has none, and skips these tests

    process, terminal = pty.fork()
    if process == 0:
        environ = {**apoa.environ, "TERM": "xterm", "COLUMNS": str(size[0]), "LINES": str(size[1]), "APOA_LANG": lang}
        os.execve(apoa.command[0], [*apoa.command, *arguments], environ)  # noqa: S606  the command itself
    shown, seen = "", 0
    for question, answer in dialogue:
        while re.search(re.escape(question) + r"[^\n]*[:.?] ?$", plain(shown[seen:])) is None:
            more = _read(terminal)
            assert more, f"it ended before it asked: {question}\n{shown}"
            if hasty and hasty not in plain(shown) and hasty in plain(shown + more):
                os.write(terminal, b"\n")
            shown += more
        seen = len(shown)
        os.write(terminal, f"{answer}\n".encode())
    while more := _read(terminal):
        shown += more
    os.close(terminal)
    _process, status = os.waitpid(process, 0)
    shown = shown.replace("\r\n", "\n")
    return os.waitstatus_to_exitcode(status), shown if coloured else plain(shown)


def plain(shown: str) -> str:
    """Returns the text without colours."""
    return _COLOURS.sub("", shown)


def _read(terminal: int) -> str:
    """Returns what the terminal shows next; empty at the end."""
    ready, _writable, _exceptional = select.select([terminal], [], [], 20)
    assert ready, "the program neither asks nor ends"
    try:
        return os.read(terminal, 65536).decode()
    except OSError:  # Linux' way to say that the other side is closed
        return ""


_READS = 3000
"""How often a screen is read, which takes a few milliseconds, before the test fails."""


def require_tmux() -> None:
    """Skips the test without tmux, unless the environment requires it."""
    if sys.platform != "win32" and shutil.which("tmux") is not None:
        return
    if os.environ.get("APOA_REQUIRE_TOOLS"):
        pytest.fail("tmux is required here, and was not found: apt-get install tmux")
    pytest.skip("needs tmux")


class Terminal:
    """One window of this many columns and lines, in a tmux server of its own."""

    def __init__(self, folder: Path, size: tuple[int, int], environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._size = size
        self._environ = {"TERM": "xterm", "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"], **environ}
        settings = folder / "tmux.conf"
        settings.write_text("set -g status off\nset -g remain-on-exit on\nset -g default-terminal screen-256color\n")
        self._settings = settings
        self._runs = 0

    def run(self, command: Sequence[str]) -> None:
        """Runs a command in a new window."""
        self.close()
        self._runs += 1  # a server that is about to end is not met again
        width, height = map(str, self._size)
        given = [part for name, value in self._environ.items() for part in ("-e", f"{name}={value}")]
        self._tmux("new-session", "-d", "-x", width, "-y", height, *given, shlex.join(command))

    def type(self, keys: str, *, enter: bool = True) -> None:
        """Types these keys, and Enter."""
        if keys:
            self._tmux("send-keys", "-l", "--", keys)
        if enter:
            self._tmux("send-keys", "Enter")

    def press(self, key: str) -> None:
        """Presses one key, such as Home."""
        self._tmux("send-keys", key)

    def interrupt(self) -> str:
        """Presses Ctrl-C until the command ends. Returns its last screen.

        Python misses a Ctrl-C that comes between showing a question and waiting for its answer.
        """
        for reads in range(_READS):
            if self._is_over():
                return self.screen()
            if reads % 200 == 0:
                self._tmux("send-keys", "C-c")
        pytest.fail(f"it does not end\n{self.screen()}")

    def screen(self) -> str:
        """Returns the screen, each line without spaces at its end."""
        return self._tmux("capture-pane", "-p")

    def coloured(self) -> bool:
        """Returns whether anything on the screen has a colour or is bold."""
        return "\x1b[" in self._tmux("capture-pane", "-p", "-e")

    def wait_for(self, text: str, after: str = "") -> str:
        """Returns the screen once its last lines contain a text, however they wrap, behind the last `after`."""
        for _read in range(_READS):
            screen = self.screen()
            lines = _unbroken(screen)[-len(_unbroken(text)) - 200 :]
            if _unbroken(text) in (lines.rpartition(_unbroken(after))[2] if after else lines):
                return screen
        pytest.fail(f"it never said: {text}\n{self.screen()}")

    def ends(self) -> str:
        """Returns the last screen once the command has ended."""
        for _read in range(_READS):
            if self._is_over():
                return self.screen()
        pytest.fail(f"it does not end\n{self.screen()}")

    def close(self) -> None:
        """Ends the tmux server and the command in it."""
        subprocess.run([*self._server, "kill-server"], capture_output=True, check=False)

    def _is_over(self) -> bool:
        return self._tmux("display-message", "-p", "#{pane_dead}").strip() == "1"

    @property
    def _server(self) -> list[str]:
        return ["tmux", "-u", "-S", str(self._folder / f"tmux{self._runs}"), "-f", str(self._settings)]

    def _tmux(self, *arguments: str) -> str:
        command, environ = [*self._server, *arguments], self._environ
        return subprocess.run(command, env=environ, capture_output=True, encoding="utf-8", check=True).stdout


def _unbroken(text: str) -> str:
    """Returns a text without white space, for comparison however its lines wrap."""
    return re.sub(r"\s+", "", text)


needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="the tools' doubles are shell scripts")

BUS = "unix:path=/nowhere/bus"
_RECORD = r"""#!/bin/sh
{ printf '%s\0' "$@"; printf '\1'; export -p; printf '\2'; } >> "LOG"
"""


class Shown(NamedTuple):
    """One call of the tool."""

    arguments: list[str]
    environ: str


@dataclass
class FakeDesktop:
    """A folder for PATH, and the notices that the tool in it was asked to show."""

    folder: Path
    tool: str = "notify-send"

    def __post_init__(self) -> None:
        self.folder.mkdir()

    @property
    def _log(self) -> Path:
        return self.folder / "calls"

    @property
    def environ(self) -> dict[str, str]:
        """Returns the environment in which a program finds the tool and a session."""
        return {"PATH": str(self.folder), "DBUS_SESSION_BUS_ADDRESS": BUS}

    def install(self, then: str = "exit 0") -> None:
        """Installs the tool. After recording its call it runs `then`."""
        script = self.folder / self.tool
        script.write_text(_RECORD.replace("LOG", str(self._log)) + then + "\n", encoding="utf-8")
        os.chmod(script, 0o700)  # noqa: PTH101  as a package would

    def shown(self) -> list[Shown]:
        """Returns every call so far."""
        text = self._log.read_text(encoding="utf-8") if self._log.exists() else ""
        calls = [call.split("\1") for call in text.split("\2")[:-1]]
        return [Shown(arguments.split("\0")[:-1], environ) for arguments, environ in calls]

    def texts(self) -> list[tuple[str, str]]:
        """Returns the title and body of every call."""
        return [(call.arguments[-2], call.arguments[-1]) for call in self.shown()]
