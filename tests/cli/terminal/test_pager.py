"""Long Markdown texts on a terminal, in a pipe and in plain lines."""

import sys

import click
import pytest

from apoa_client.cli.terminal import output
from apoa_client.cli.terminal.pager import page_markdown

TEXT = "# A title\n\nSome `words`.\n\n| key | does |\n|---|---|\n| Enter | continues |\n"


def test_a_pipe_gets_the_markdown_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe or a file the Markdown text is printed unchanged."""
    page_markdown(TEXT)
    assert capsys.readouterr().out == TEXT


def test_a_terminal_shows_rendered_text_in_a_pager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headings and tables are rendered in the terminal's width, without the signs of Markdown."""
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


def test_plain_output_is_not_rendered(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With plain output the Markdown text is printed unchanged, also on a terminal."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    output.set_plain(plain=True)
    page_markdown(TEXT)
    assert capsys.readouterr().out.startswith("# A title")
