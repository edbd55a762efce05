"""Long work, long texts and what happens meanwhile: the progress bar, the pager, and notices on the desktop."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from cli_helpers import LANGUAGES, spoken
from terminal_helpers import BUS, FakeDesktop, needs_posix, show_as_terminal

from apoa_client.cli.terminal import desktop, output, pager
from apoa_client.cli.terminal.desktop import Notice, show_notice
from apoa_client.cli.terminal.language import set_language
from apoa_client.cli.terminal.pager import page_markdown, paged
from apoa_client.cli.terminal.progress import DeliveryProgress, track
from apoa_client.vault import keyring_store


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


@pytest.fixture
def two_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of two lines, in which longer texts have a pager."""
    monkeypatch.setattr(pager, "is_terminal", lambda _stream: True)
    monkeypatch.setenv("LINES", "2")


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


@pytest.mark.usefixtures("two_lines")
def test_a_terminal_shows_rendered_text_in_a_pager(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Headings and tables are rendered in the terminal's width, without the signs of Markdown."""
    monkeypatch.setenv("COLUMNS", "60")
    environ, shown = to_file(tmp_path)
    page_markdown(TEXT, environ)
    lines = click.unstyle(shown.read_text(encoding="utf-8")).splitlines()[1:]
    assert all(len(line) <= 60 for line in lines)
    assert "A title" in "".join(lines)
    assert "|" not in "".join(lines)
    assert "`" not in "".join(lines)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.usefixtures("two_lines")
def test_less_explains_its_keys_and_leaves_the_text(tmp_path: Path, lang: str) -> None:
    """It shows how to leave it and any letter, whatever the locale is, and clears nothing; a user's LESS stays."""
    set_language(lang)
    keys = spoken(lang, "Space = more, q = done")
    for variables, wanted in (({}, f"FRXPs{keys}$ utf-8"), ({"LESS": "S"}, "S utf-8")):
        environ, shown = to_file(tmp_path, **variables)
        with paged(environ, wanted=True):
            output.write("M\u00dcLLER\n" * 5)
        assert shown.read_text(encoding="utf-8").splitlines()[:2] == [wanted, "M\u00dcLLER"]


@pytest.mark.usefixtures("two_lines")
def test_a_user_who_leaves_the_pager(tmp_path: Path) -> None:
    """When the user leaves the pager before the end of a long text, the command goes on."""
    script = tmp_path / "pager.py"
    script.write_text("")
    terminal = sys.stdout
    with paged({"PAGER": f"{sys.executable} {script}", "PATH": os.defpath}, wanted=True):
        output.write("x\n" * 1_000_000)
    assert sys.stdout is terminal


@pytest.mark.usefixtures("two_lines")
def test_ctrl_c_is_for_the_pager(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ctrl-C while the user reads does not end the command before the pager ends."""
    environ, shown = to_file(tmp_path)
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


@pytest.mark.usefixtures("two_lines")
def test_without_a_pager_the_text_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Where it is not there, or PAGER is empty."""
    for environ in ({"PAGER": "no-such-pager", "PATH": os.defpath}, {"PAGER": "", "PATH": os.defpath}):
        with paged(environ, wanted=True) as rows:
            output.write("a\n" * 9)
        assert (rows, capsys.readouterr().out) == (200, "a\n" * 9 + "\n")


NOTICE = Notice('-apoa, "melati": $(date)\'', "Ditolak: 1\nLihat: `apoa status`", urgent=True)


def on(tmp_path: Path, tool: str, then: str = "exit 0") -> FakeDesktop:
    fake = FakeDesktop(tmp_path / "bin", tool)
    fake.install(then)
    return fake


@needs_posix
@pytest.mark.parametrize(("urgent", "urgency"), [(True, "critical"), (False, "normal")])
def test_on_linux(tmp_path: Path, urgency: str, *, urgent: bool) -> None:
    """`notify-send` gets the texts after `--`, and an urgent notice is critical."""
    fake = on(tmp_path, "notify-send")
    assert show_notice(NOTICE._replace(urgent=urgent), fake.environ, None, "linux")
    [call] = fake.shown()
    assert call.arguments == ["--app-name=apoa", f"--urgency={urgency}", "--", NOTICE.title, NOTICE.body]
    assert BUS in call.environ


@needs_posix
def test_on_macos(tmp_path: Path) -> None:
    """`osascript` gets a fixed script and the texts as arguments."""
    fake = on(tmp_path, "osascript")
    assert show_notice(NOTICE, fake.environ, 501, "darwin")
    [call] = fake.shown()
    assert call.arguments[-2:] == [NOTICE.title, NOTICE.body]
    assert not any("melati" in argument or "Ditolak" in argument for argument in call.arguments[:-2])
    assert "display notification (item 2 of texts) with title (item 1 of texts)" in call.arguments


@needs_posix
def test_on_windows(tmp_path: Path) -> None:
    """PowerShell gets a fixed script without double quotes, and the texts in the environment."""
    fake = on(tmp_path, "powershell")
    assert show_notice(NOTICE, fake.environ, None, "win32")
    [call] = fake.shown()
    assert call.arguments[:-1] == ["-NoProfile", "-NonInteractive", "-WindowStyle", "Hidden", "-Command"]
    script = call.arguments[-1]
    assert "melati" not in script
    assert '"' not in script
    assert "Ditolak: 1" in call.environ
    assert "$env:APOA_NOTICE_TITLE" in script
    assert "$env:APOA_NOTICE_BODY" in script


@needs_posix
def test_buses_are_tried_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The buses are tried in order until one shows the notice."""
    fake = on(tmp_path, "notify-send", 'case "$DBUS_SESSION_BUS_ADDRESS" in *old) exit 1;; esac')
    monkeypatch.setattr(
        keyring_store, "session_buses", lambda *_: ["unix:path=/old", "unix:path=/new", "unix:path=/other"]
    )
    assert show_notice(NOTICE, fake.environ, 7, "linux")
    tried = [bus for call in fake.shown() for bus in ("/old", "/new", "/other") if f"unix:path={bus}" in call.environ]
    assert tried == ["/old", "/new"]


@needs_posix
def test_secrets_are_not_in_the_environment(tmp_path: Path) -> None:
    """The environment of the tool has no secrets of the program."""
    fake = on(tmp_path, "notify-send")
    secrets = {"APOA_PASSWORD": "rahasia", "APOA_PRIVATE_KEY": "kunci", "CREDENTIALS_DIRECTORY": "/run/credentials"}
    assert show_notice(NOTICE, fake.environ | secrets | {"DISPLAY": ":7"}, None, "linux")
    [call] = fake.shown()
    assert not any(name in call.environ or value in call.environ for name, value in secrets.items())
    assert ":7" in call.environ


@needs_posix
@pytest.mark.parametrize("then", ["exit 3", "kill -9 $$", "exec /bin/sleep 60"], ids=["fails", "is killed", "hangs"])
def test_a_tool_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, then: str
) -> None:
    """A tool that fails or hangs raises no error, and the log says so without the texts."""
    monkeypatch.setattr(desktop, "TIMEOUT_S", 0.3)
    fake = on(tmp_path, "notify-send", then)
    with caplog.at_level("INFO", logger="apoa_client"):
        assert not show_notice(NOTICE, fake.environ, None, "linux")
    assert len(fake.shown()) == 1
    assert "no notice" in caplog.text
    assert "melati" not in caplog.text


@needs_posix
@pytest.mark.parametrize(
    "environ",
    [{}, {"PATH": ""}, {"PATH": "/nowhere", "DBUS_SESSION_BUS_ADDRESS": BUS}],
    ids=["no PATH", "an empty PATH", "no tool"],
)
def test_no_tool(tmp_path: Path, environ: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    """A missing tool, and a user who is not at a desktop, is shown in the log only; no program, nowhere."""
    fake = on(tmp_path, "notify-send")
    with caplog.at_level("INFO", logger="apoa_client"):
        assert not show_notice(NOTICE, environ, None, "linux")
        assert "there is no notify-send" in caplog.text
        assert not show_notice(NOTICE, {"PATH": str(fake.folder)}, None, "linux")
        assert "no user is logged in at a desktop" in caplog.text
    assert fake.shown() == []
    (fake.folder / "notify-send").write_bytes(b"\x7fELF no program")
    assert not show_notice(NOTICE, fake.environ, None, "linux")
