"""A window that is closed in the middle of `apoa report`, which was started from a shell: what was typed is stored."""

import os
import random
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import pytest
from cli_helpers import QUENTIN, Installed
from terminal_helpers import plain

from apoa_client.app.container import Container, SystemClock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

_SECONDS = 60
SCAN = "".join(QUENTIN.lines) + "\n"
PAGE = (("Place of birth", "GDANSKTOWN\n"), ("Visa / stay permit", "B1\n"), ("Nights", "2\n"), ("Room", "7\n"))
CARD = "Save this report?"


class Moment(NamedTuple):
    """When the window is closed: after `answers` answers, with `half` typed at the next question or at the card."""

    answers: int
    half: str
    shown: bool
    """Whether the next question is shown before the window is closed."""


MOMENTS = (
    *(Moment(answers, half, shown=True) for answers in range(5) for half in ("", "WARS")),
    *(Moment(answers, "", shown=False) for answers in range(1, 5)),
    Moment(4, "\n", shown=True),
)


class Window:
    """A terminal window with a shell. `ended` is a pipe that has its end when no process is left in the window."""

    def __init__(self, terminal: int, ended: int) -> None:
        self._terminal = terminal
        self._ended = ended
        self._unread = ""

    def type(self, keys: str) -> None:
        """Types these keys."""
        os.write(self._terminal, keys.encode())

    def wait_for(self, text: str) -> None:
        """Waits until the window shows this text, behind what was waited for before."""
        while text not in self._unread:
            ready, _writable, _exceptional = select.select([self._terminal], [], [], _SECONDS)
            assert ready, f"it never showed: {text}\n{self._unread}"
            self._unread += plain(os.read(self._terminal, 65536).decode(errors="replace"))
        self._unread = self._unread.partition(text)[2]

    def close(self) -> None:
        """Closes the window, and waits until every process in it has ended."""
        os.close(self._terminal)
        ready, _writable, _exceptional = select.select([self._ended], [], [], _SECONDS)
        assert ready, "it goes on without its window"
        assert os.read(self._ended, 1) == b""


@contextmanager
def window_of(apoa: Installed) -> Iterator[Window]:
    """Opens a window with an interactive bash in it."""
    import pty

    ended, alive = os.pipe()
    process, terminal = pty.fork()
    if process == 0:
        os.set_inheritable(alive, True)  # noqa: FBT003  positional only
        environ = {**apoa.environ, "TERM": "xterm", "PATH": os.environ["PATH"], "PS1": "shell> "}
        os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], environ)  # noqa: S606  the one in PATH
    os.close(alive)
    os.set_inheritable(terminal, False)  # noqa: FBT003  positional only; another window must not keep this one open
    try:
        yield Window(terminal, ended)
    finally:
        with suppress(OSError):
            os.close(terminal)
        os.close(ended)
        os.waitpid(process, 0)


def report_in(apoa: Installed, window: Window) -> None:
    """Starts a report in the window's shell."""
    window.wait_for("shell> ")
    window.type(f"{apoa.command[0]} report --no-send\n")


def close_at(apoa: Installed, moment: Moment) -> None:
    """Reports a guest up to this moment, and closes the window."""
    with window_of(apoa) as window:
        report_in(apoa, window)
        window.wait_for("MRZ line 1")
        window.type(SCAN)
        for question, answer in PAGE[: moment.answers]:
            window.wait_for(question)
            window.type(answer)
        if moment.shown:
            window.wait_for([*(question for question, _answer in PAGE), CARD][moment.answers])
            window.type(moment.half)
        window.close()


def assert_nothing_is_lost(apoa: Installed, moment: Moment) -> None:
    """Checks that the guest is in a draft, or saved after the last Enter; then removes both."""
    app = Container(apoa.environ, SystemClock())
    try:
        drafts = app.outbox.drafts.waiting(app.clock.now())
        text = "".join(app.outbox.drafts.open(draft) or "" for draft in drafts)
        for draft in drafts:
            app.outbox.drafts.delete(draft)
    finally:
        app.close()
    saved = len(apoa.reports()) if moment.half == "\n" else 0
    answered = [answer.strip() for _question, answer in PAGE[: moment.answers if moment.shown else moment.answers - 1]]
    assert saved or all(each in text for each in [*QUENTIN.lines, *answered]), moment


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 20))])
def test_a_closed_window_loses_nothing(practising: Installed, seed: int) -> None:
    """Five times at moments drawn at random: at a question, in a line, right after Enter, at the card."""
    for moment in random.Random(seed).sample(MOMENTS, 5):  # noqa: S311  no secret
        close_at(practising, moment)
        assert_nothing_is_lost(practising, moment)
