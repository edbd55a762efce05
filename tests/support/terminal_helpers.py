"""Runs the installed command in a pseudo-terminal, and types answers into it."""

import os
import re
import select
from collections.abc import Sequence
from typing import TextIO

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
