"""Long Markdown texts on a terminal, in a pipe and in plain lines."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from apoa_client.cli.terminal import output, pager
from apoa_client.cli.terminal.pager import page_markdown, paged

TEXT = "# A title\n\nSome `words`.\n\n| key | does |\n|---|---|\n| Enter | continues |\n"


def test_a_pipe_gets_the_markdown_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe or a file the Markdown text is printed unchanged."""
    page_markdown(TEXT)
    assert capsys.readouterr().out == TEXT


def test_a_terminal_shows_rendered_text_in_a_pager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headings and tables are rendered in the terminal's width, without the signs of Markdown."""
    paged: list[str] = []
    monkeypatch.setattr(pager, "is_terminal", lambda _stream: True)
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
    monkeypatch.setattr(pager, "is_terminal", lambda _stream: True)
    output.set_plain(plain=True)
    page_markdown(TEXT)
    assert capsys.readouterr().out.startswith("# A title")


def test_a_user_who_leaves_the_pager(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """When the user leaves the pager, writing ends with `BrokenPipeError`, which ends the command quietly."""
    script = tmp_path / "pager.py"
    script.write_text("")
    monkeypatch.setattr(pager, "is_terminal", lambda _stream: True)
    monkeypatch.setenv("LINES", "2")
    terminal = sys.stdout

    def write_much() -> None:
        with paged({"PAGER": f"{sys.executable} {script}"}, wanted=True):
            for _piece in range(1_000):
                output.write("x" * 10_000)

    with pytest.raises(BrokenPipeError):
        write_much()
    assert sys.stdout is terminal


def test_ctrl_c_is_for_the_pager(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ctrl-C while the user reads does not end the command before the pager ends."""
    script = tmp_path / "pager.py"
    script.write_text("import sys; sys.stdin.read()")
    monkeypatch.setattr(pager, "is_terminal", lambda _stream: True)
    monkeypatch.setenv("LINES", "2")
    waited: list[int] = []
    wait = subprocess.Popen.wait

    def interrupted(pager: "subprocess.Popen[str]") -> int:
        waited.append(1)
        if len(waited) == 1:
            raise KeyboardInterrupt
        return wait(pager)

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    with paged({"PAGER": f"{sys.executable} {script}"}, wanted=True):
        output.write("a\n" * 10)
        output.write("more")
    assert waited


def test_a_pager_that_is_no_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With an unclosed quotation mark in ``PAGER`` the text is printed as it is."""
    monkeypatch.setattr(pager, "is_terminal", lambda _stream: True)
    with paged({"PAGER": "less 'x"}, wanted=True):
        sys.stdout.write("text")
    assert capsys.readouterr().out == "text"
