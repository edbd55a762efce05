"""Long Markdown texts on a terminal, in a pipe and in plain lines."""

import sys

import click
import pytest

from apoa_client.cli.terminal import output
from apoa_client.cli.terminal.pager import page_markdown

TEXT = "# A title\n\nSome `words`.\n\n| key | does |\n|---|---|\n| Enter | continues |\n"


def test_a_pipe_gets_the_text_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """A script, or a file, reads Markdown."""
    page_markdown(TEXT)
    assert capsys.readouterr().out == TEXT


def test_a_terminal_gets_it_drawn_in_a_pager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headings and tables are drawn in the terminal's width; the signs of Markdown are gone."""
    paged: list[str] = []
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(click, "echo_via_pager", paged.append)
    monkeypatch.setenv("COLUMNS", "60")
    page_markdown(TEXT)
    lines = click.unstyle(paged[0]).splitlines()
    assert all(len(line) <= 60 for line in lines)
    assert "A title" in paged[0]
    assert "|" not in "".join(lines)
    assert "`" not in "".join(lines)


def test_plain_lines_are_not_drawn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A screen reader gets the text itself, even on a terminal."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    output.set_plain(plain=True)
    page_markdown(TEXT)
    assert capsys.readouterr().out.startswith("# A title")
