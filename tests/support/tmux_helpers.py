"""A real terminal of a given size, held by tmux: tests send keys to it and read its screen."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

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
