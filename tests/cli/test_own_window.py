"""The window of the program's own: what is typed there runs as a command, wherever the program is installed."""

import subprocess
from collections.abc import Sequence

import click
import pytest

from apoa_client.cli import own_window
from apoa_client.cli.own_window import ask_for_commands

Run = list[Sequence[str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return the commands that were run, which takes the place of running them."""
    run: Run = []
    monkeypatch.setattr(own_window, "own_command", lambda: ["program"])
    monkeypatch.setattr(subprocess, "run", lambda words, **_options: run.append(words))
    return run


def answer(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Type these lines, and Ctrl-C after them."""
    typed = iter(lines)

    def read(_question: str) -> str:
        line = next(typed, None)
        if line is None:
            raise click.Abort
        return line

    monkeypatch.setattr(own_window, "ask_line", read)


def test_commands(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """They run with and without the program's name, with quoted names of files, until Ctrl-C."""
    answer(monkeypatch, "lapor", "apoa kirim --semua", r'apoa.exe impor "C:\Buku tamu\Juli.xlsx"')
    ask_for_commands()
    assert run == [
        ["program", "lapor"],
        ["program", "kirim", "--semua"],
        ["program", "impor", r"C:\Buku tamu\Juli.xlsx"],
    ]


@pytest.mark.parametrize("line", ["", "apoa", "exit", "apoa quit"])
def test_the_end(run: Run, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """Enter alone ends it, as the words do that shells have for it."""
    answer(monkeypatch, line, "lapor")
    ask_for_commands()
    assert run == []
