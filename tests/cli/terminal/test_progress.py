"""Long work and long texts: the progress bar, and the pager."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from cli_helpers import LANGUAGES, PASSWORD, Apoa, Serve, spoken
from terminal_helpers import show_as_terminal

from apoa_client.cli.terminal import output, pager
from apoa_client.cli.terminal.language import set_language
from apoa_client.cli.terminal.pager import page_markdown, paged
from apoa_client.cli.terminal.progress import DeliveryProgress, track


def test_the_bar_is_removed_during_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar is removed while the password is asked for, so that it does not cover the question."""
    show_as_terminal(monkeypatch, sys.stderr)
    bar = DeliveryProgress()

    def shown() -> bool:
        assert bar._bar is not None
        return bar._bar.live.is_started

    bar.begin(3)
    assert shown()
    with bar.pause():
        assert not shown()
    assert shown()
    bar.end()
    assert not shown()


def test_a_password_can_be_typed_during_a_delivery(apoa: Apoa, serve: Serve) -> None:
    """A password typed at the terminal is used for this run, and the report is sent."""
    apoa.set_up(serve().base_url)
    apoa.save()
    apoa("logout")
    result = apoa("sync", keys=[PASSWORD])
    assert (result.code, result.out) == (0, "Sent: 1.\n"), result.err


def test_long_work_is_shown_in_lines_where_nothing_may_move(capsys: pytest.CaptureFixture[str]) -> None:
    """A line at each quarter; nothing for a few items or if it is silent."""
    for count, silent in ((49, False), (60, True)):
        assert list(track(range(count), "Pages", silent=silent)) == list(range(count))
    assert capsys.readouterr().err == ""
    assert list(track(range(120), "Pages", silent=False)) == list(range(120))
    assert capsys.readouterr().err.splitlines() == [f"Pages: {done} of 120" for done in (0, 30, 60, 90)]


def test_long_work_has_a_bar_at_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It is drawn until the last item, and removed also if the work stops before."""
    show_as_terminal(monkeypatch, sys.stderr)
    assert list(track(range(50), "Pages", silent=False)) == list(range(50))
    shown = capsys.readouterr().err
    assert "Pages" in shown
    assert "50/50" in shown
    started = track(range(50), "Pages", silent=False)
    next(started)
    started.close()  # type: ignore[attr-defined]  # a generator


TEXT = "# A title\n\nSome `words`.\n\n| key | does |\n|---|---|\n| Enter | continues |\n"


def test_a_pipe_gets_the_markdown_unchanged(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a pipe, a file, or with plain output the Markdown text is printed unchanged."""
    page_markdown(TEXT, {})
    assert capsys.readouterr().out == TEXT
    monkeypatch.setattr(pager, "is_terminal", lambda _stream: True)
    output.set_plain(plain=True)
    page_markdown(TEXT, {})
    assert capsys.readouterr().out.startswith("# A title")


def to_file(folder: Path, **variables: str) -> tuple[dict[str, str], Path]:
    """Return an environment whose pager writes its variables and what it reads to a file, and this file."""
    script, shown = folder / "pager.py", folder / "shown"
    script.write_text(
        "import os, sys\n"
        f"with open({str(shown)!r}, 'wb') as file:\n"
        "    file.write((os.environ.get('LESS', '') + ' ' + os.environ.get('LESSCHARSET', '') + '\\n').encode())\n"
        "    file.write(sys.stdin.buffer.read())\n"
    )
    return {"PAGER": f"{sys.executable} {script}", "PATH": os.defpath, "LC_ALL": "C", **variables}, shown


def test_a_terminal_shows_rendered_text_in_a_pager(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Headings and tables are rendered in the terminal's width, without the signs of Markdown."""
    monkeypatch.setattr(pager, "is_terminal", lambda _stream: True)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LINES", "2")
    environ, shown = to_file(tmp_path)
    page_markdown(TEXT, environ)
    lines = click.unstyle(shown.read_text(encoding="utf-8")).splitlines()[1:]
    assert all(len(line) <= 60 for line in lines)
    assert "A title" in "".join(lines)
    assert "|" not in "".join(lines)
    assert "`" not in "".join(lines)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_less_explains_its_keys_and_leaves_the_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lang: str) -> None:
    """It shows how to leave it and any letter, whatever the locale is, and clears nothing; a user's LESS stays."""
    monkeypatch.setattr(pager, "is_terminal", lambda _stream: True)
    monkeypatch.setenv("LINES", "2")
    set_language(lang)
    keys = spoken(lang, "Space = more, q = done")
    for variables, wanted in (({}, f"FRXPs{keys}$ utf-8"), ({"LESS": "S"}, "S utf-8")):
        environ, shown = to_file(tmp_path, **variables)
        with paged(environ, wanted=True):
            output.write("M\u00dcLLER\n" * 5)
        assert shown.read_text(encoding="utf-8").splitlines()[:2] == [wanted, "M\u00dcLLER"]


def test_a_user_who_leaves_the_pager(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """When the user leaves the pager before the end of a long text, the command goes on."""
    script = tmp_path / "pager.py"
    script.write_text("")
    monkeypatch.setattr(pager, "is_terminal", lambda _stream: True)
    monkeypatch.setenv("LINES", "2")
    terminal = sys.stdout
    with paged({"PAGER": f"{sys.executable} {script}", "PATH": os.defpath}, wanted=True):
        output.write("x\n" * 1_000_000)
    assert sys.stdout is terminal


def test_ctrl_c_is_for_the_pager(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ctrl-C while the user reads does not end the command before the pager ends."""
    environ, shown = to_file(tmp_path)
    monkeypatch.setattr(pager, "is_terminal", lambda _stream: True)
    monkeypatch.setenv("LINES", "2")
    wait, interrupted = subprocess.Popen.wait, list[int]()

    def interrupt(process: "subprocess.Popen[str]", timeout: float | None = None) -> int:
        if len(interrupted) < 2:  # once while it is written to, and once behind that
            interrupted.append(1)
            raise KeyboardInterrupt
        return wait(process, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", interrupt)
    with paged(environ, wanted=True):
        output.write("a\n" * 10)
    assert len(interrupted) == 2
    assert shown.read_text().count("a\n") == 10


def test_without_a_pager_the_text_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where it is not there, or PAGER is empty."""
    monkeypatch.setattr(pager, "is_terminal", lambda _stream: True)
    monkeypatch.setenv("LINES", "2")
    for environ in ({"PAGER": "no-such-pager", "PATH": os.defpath}, {"PAGER": "", "PATH": os.defpath}):
        with paged(environ, wanted=True) as rows:
            output.write("a\n" * 9)
        assert (rows, capsys.readouterr().out) == (200, "a\n" * 9 + "\n")
