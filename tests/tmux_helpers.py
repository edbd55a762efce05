"""A real terminal of a given size, as a person has it: tmux holds it, keys are sent to it, its screen is looked at."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

_LOOKS = 3000
"""Each takes a few milliseconds: how often a screen is looked at before what is waited for is given up."""


def require_tmux() -> None:
    """Skip the test where there is no tmux, unless the environment says that it must be there."""
    if sys.platform != "win32" and shutil.which("tmux") is not None:
        return
    if os.environ.get("APOA_REQUIRE_TOOLS"):
        pytest.fail("tmux is required here, and was not found: apt-get install tmux")
    pytest.skip("needs tmux")


class Terminal:
    """One window of so many columns and lines, in a server of its own below a folder."""

    def __init__(self, folder: Path, size: tuple[int, int], environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._size = size
        self._environ = {"TERM": "xterm", "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"], **environ}
        settings = folder / "tmux.conf"
        settings.write_text("set -g status off\nset -g remain-on-exit on\nset -g default-terminal screen-256color\n")
        self._settings = settings
        self._runs = 0

    def run(self, command: Sequence[str]) -> None:
        """Run a command in the window, alone: what was there is gone."""
        self.close()
        self._runs += 1  # a server that is about to end is not met again
        width, height = map(str, self._size)
        given = [part for name, value in self._environ.items() for part in ("-e", f"{name}={value}")]
        self._tmux("new-session", "-d", "-x", width, "-y", height, *given, shlex.join(command))

    def type(self, keys: str, *, enter: bool = True) -> None:
        """Type keys as they are, and Enter."""
        if keys:
            self._tmux("send-keys", "-l", "--", keys)
        if enter:
            self._tmux("send-keys", "Enter")

    def interrupt(self) -> str:
        """Press Ctrl-C until the command is over; its last screen.

        Python hears none that comes in the instant between showing a question and waiting for its answer.
        """
        for look in range(_LOOKS):
            if self._is_over():
                return self.screen()
            if look % 200 == 0:
                self._tmux("send-keys", "C-c")
        pytest.fail(f"it does not end\n{self.screen()}")

    def screen(self) -> str:
        """What stands on the screen: a line for each, without blanks at the end."""
        return self._tmux("capture-pane", "-p")

    def coloured(self) -> bool:
        """Whether anything on the screen is in colour, or bold."""
        return "\x1b[" in self._tmux("capture-pane", "-p", "-e")

    def wait_for(self, text: str) -> str:
        """The screen, once a text stands in its last lines that are not empty, however it is broken there."""
        for _look in range(_LOOKS):
            screen = self.screen()
            if _unbroken(text) in _unbroken(screen)[-len(_unbroken(text)) - 200 :]:
                return screen
        pytest.fail(f"it never said: {text}\n{self.screen()}")

    def ends(self) -> str:
        """The last screen, once the command is over."""
        for _look in range(_LOOKS):
            if self._is_over():
                return self.screen()
        pytest.fail(f"it does not end\n{self.screen()}")

    def close_window(self) -> None:
        """As a person closes it while something runs: the command gets SIGHUP. Returns once the command is gone."""
        process = int(self._tmux("display-message", "-p", "#{pane_pid}"))
        self._tmux("kill-session")
        for _look in range(_LOOKS * 100):
            if _ended(process):
                return
        pytest.fail("it goes on without its window")

    def close(self) -> None:
        """End the server, and whatever runs in it."""
        subprocess.run([*self._server, "kill-server"], capture_output=True, check=False)

    def _is_over(self) -> bool:
        return self._tmux("display-message", "-p", "#{pane_dead}").strip() == "1"

    @property
    def _server(self) -> list[str]:
        return ["tmux", "-u", "-S", str(self._folder / f"tmux{self._runs}"), "-f", str(self._settings)]

    def _tmux(self, *arguments: str) -> str:
        command, environ = [*self._server, *arguments], self._environ
        return subprocess.run(command, env=environ, capture_output=True, encoding="utf-8", check=True).stdout


def _ended(process: int) -> bool:
    """Whether a process is over; one that nobody has asked about since still has a number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    command = Path(f"/proc/{process}/cmdline")
    return command.exists() and not command.read_bytes()


def _unbroken(text: str) -> str:
    """A text as it is read, however lines break."""
    return re.sub(r"\s+", "", text)
