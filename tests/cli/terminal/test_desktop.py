"""A desktop notice by the platform's own tool: the arguments of the tool, and what happens when it fails."""

from pathlib import Path

import pytest
from terminal_helpers import BUS, FakeDesktop, needs_posix

from apoa_client.cli.terminal import desktop
from apoa_client.cli.terminal.desktop import Notice, show_notice
from apoa_client.vault import keyring_store

pytestmark = needs_posix

NOTICE = Notice('-apoa, "melati": $(date)\'', "Ditolak: 1\nLihat: `apoa status`", urgent=True)


def on(tmp_path: Path, tool: str, then: str = "exit 0") -> FakeDesktop:
    fake = FakeDesktop(tmp_path / "bin", tool)
    fake.install(then)
    return fake


@pytest.mark.parametrize(("urgent", "urgency"), [(True, "critical"), (False, "normal")])
def test_on_linux(tmp_path: Path, urgency: str, *, urgent: bool) -> None:
    """`notify-send` gets the texts after `--`, and an urgent notice is critical."""
    fake = on(tmp_path, "notify-send")
    assert show_notice(NOTICE._replace(urgent=urgent), fake.environ, None, "linux")
    [call] = fake.shown()
    assert call.arguments == ["--app-name=apoa", f"--urgency={urgency}", "--", NOTICE.title, NOTICE.body]
    assert BUS in call.environ


def test_on_macos(tmp_path: Path) -> None:
    """`osascript` gets a fixed script and the texts as arguments."""
    fake = on(tmp_path, "osascript")
    assert show_notice(NOTICE, fake.environ, 501, "darwin")
    [call] = fake.shown()
    assert call.arguments[-2:] == [NOTICE.title, NOTICE.body]
    assert not any("melati" in argument or "Ditolak" in argument for argument in call.arguments[:-2])
    assert "display notification (item 2 of texts) with title (item 1 of texts)" in call.arguments


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


def test_buses_are_tried_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The buses are tried in order until one shows the notice."""
    fake = on(tmp_path, "notify-send", 'case "$DBUS_SESSION_BUS_ADDRESS" in *old) exit 1;; esac')
    monkeypatch.setattr(
        keyring_store, "session_buses", lambda *_: ["unix:path=/old", "unix:path=/new", "unix:path=/other"]
    )
    assert show_notice(NOTICE, fake.environ, 7, "linux")
    tried = [bus for call in fake.shown() for bus in ("/old", "/new", "/other") if f"unix:path={bus}" in call.environ]
    assert tried == ["/old", "/new"]


def test_secrets_are_not_in_the_environment(tmp_path: Path) -> None:
    """The environment of the tool has no secrets of the program."""
    fake = on(tmp_path, "notify-send")
    secrets = {"APOA_PASSWORD": "rahasia", "APOA_PRIVATE_KEY": "kunci", "CREDENTIALS_DIRECTORY": "/run/credentials"}
    assert show_notice(NOTICE, fake.environ | secrets | {"DISPLAY": ":7"}, None, "linux")
    [call] = fake.shown()
    assert not any(name in call.environ or value in call.environ for name, value in secrets.items())
    assert ":7" in call.environ


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
