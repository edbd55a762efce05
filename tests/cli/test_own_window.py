"""The window of the program's own: what is typed there runs as a command, wherever the program is installed."""

import subprocess

import click
import pytest

from apoa_client.cli.terminal import desktop
from apoa_client.cli.terminal.desktop import ask_for_commands

Run = list[str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return the commands that were run, which takes the place of running them."""
    run: Run = []
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


def test_commands(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """They run with and without the program's name, with quoted names of files, until Ctrl-C."""
    answer(monkeypatch, "lapor", "Apoa kirim --semua", r'apoa.exe impor "C:\Buku tamu\Juli.xlsx"')
    ask_for_commands()
    assert run == [
        '"a program" lapor',
        '"a program" kirim --semua',
        r'"a program" impor "C:\Buku tamu\Juli.xlsx"',
    ]


@pytest.mark.parametrize("line", ["", "apoa", "exit", "apoa quit"])
def test_the_end(run: Run, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """Enter alone ends it, as the words do that shells have for it."""
    answer(monkeypatch, line, "lapor")
    ask_for_commands()
    assert run == []
