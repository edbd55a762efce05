"""Calls of the system's tools, the environment of a schedule, and which scheduler is chosen."""

import os
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from basics import NOW, raises_error
from schedule_helpers import Crontab, Tools, UserManager, use

from apoa_client.schedule import interface
from apoa_client.schedule.choice import choose, find, schedulers
from apoa_client.schedule.interface import (
    AUTO,
    MINUTE,
    Job,
    ToolResult,
    folder_variables,
    read_file,
    remove_file,
    run_tool,
    variables_of,
    write_file,
)

JOB = Job("apoa-sync", ("/opt/apoa",), ("sync",), 15 * MINUTE, {})
needs_crontab = pytest.mark.skipif(sys.platform == "win32", reason="python-crontab is not installed there")


class TestRunTool:
    """A tool runs in a bounded time, in English, and without this program's secrets."""

    def run(self, code: str, text: str = "", **environ: str) -> ToolResult:
        return run_tool([sys.executable, "-c", code], {**os.environ, **environ}, text)

    def test_what_it_gets_and_gives(self) -> None:
        """Input, both outputs, the exit code; bytes that are no text pass unchanged."""
        code = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()); print('e', file=sys.stderr); sys.exit(3)"
        given = "caf\n" if sys.platform == "win32" else "caf\udce9\n"
        done = self.run(code, given)
        assert done._replace(err=done.err.strip()) == ToolResult(3, given, "e")
        reasons = [ToolResult(1, "", "\nno\nmore"), ToolResult(1, "out", ""), ToolResult(7, "", "")]
        assert [each.reason for each in reasons] == ["no", "out", "exit code 7"]

    @pytest.mark.skipif(sys.platform != "win32", reason="other systems have no OEM code page")
    def test_a_message_of_windows(self) -> None:
        """The system's tools write in the code page of the console."""
        code = "import sys; sys.stderr.buffer.write('Accès refusé'.encode('oem')); sys.exit(1)"
        assert self.run(code).reason == "Accès refusé"

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
    def test_xml_of_windows(self, encoding: str) -> None:
        """Text in UTF-16 is read, with a mark at its beginning or without."""
        code = f"import sys; sys.stdout.buffer.write('<?xml?>\\u0151\\u5bbf'.encode({encoding!r}))"
        assert self.run(code).out.removeprefix("\ufeff") == "<?xml?>ő宿"

    def test_its_environment(self) -> None:
        """No variable of ours, and the language that is parsed."""
        code = "import os; print(sorted(n for n in os.environ if n.startswith(('APOA', 'CRED'))), os.environ['LC_ALL'])"
        given = {"APOA_PASSWORD": "rahasia", "CREDENTIALS_DIRECTORY": "/run/x", "LC_ALL": "id_ID.UTF-8"}
        assert self.run(code, **given).out.split() == ["[]", "C"]

    def test_it_is_missing_or_hangs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each is an error with advice."""
        with raises_error("schedule_refused"):
            run_tool(["/no/such/tool"], {})
        monkeypatch.setattr(interface, "_TIMEOUT_S", 0.2)
        with raises_error("schedule_refused") as caught:
            self.run("import time; time.sleep(60)")
        assert caught.value.message.values["reason"] == "TimeoutExpired"


class TestFiles:
    """Files of schedules are written as one step, and only if they change."""

    def test_write_and_remove(self, tmp_path: Path) -> None:
        """Missing folders are made; the same text again changes nothing; a missing file is no error."""
        path = tmp_path / "a" / "b.timer"
        assert [write_file(path, "é\n"), write_file(path, "é\n"), write_file(path, "e\n")] == [True, False, True]
        assert read_file(path) == "e\n"
        assert [remove_file(path), remove_file(path)] == [True, False]
        assert read_file(path) is None

    def test_what_cannot_be_used(self, tmp_path: Path) -> None:
        """A folder in its place is named."""
        (tmp_path / "folder").mkdir()
        (tmp_path / "bytes").write_bytes(b"\xff")
        for action in (lambda: read_file(tmp_path / "folder"), lambda: remove_file(tmp_path / "folder")):
            with raises_error("schedule_refused"):
                action()
        with raises_error("schedule_refused"):
            read_file(tmp_path / "bytes")
        (tmp_path / "file").touch()
        assert read_file(tmp_path / "file" / "apoa-sync.service") is None  # a home that is a file has no schedule
        assert remove_file(tmp_path / "file" / "apoa-sync.service") is False
        with raises_error("schedule_refused"):
            write_file(tmp_path / "file" / "x", "")


class TestVariables:
    """A schedule gets what decides where the files are and how the authority is reached, and no secret."""

    def test_what_is_kept(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The home, proxies, and files with secrets, but no certificates; the folders of XDG only without a home.

        Paths are made absolute, because the system starts the program in another folder.
        """
        monkeypatch.chdir(tmp_path)
        assert variables_of({"APOA_PASSWORD_FILE": "p"}).kept == {"APOA_PASSWORD_FILE": str(tmp_path / "p")}
        proxies = {"HTTPS_PROXY": "http://proxy:3128", "no_proxy": "localhost"}
        files = {"APOA_HOME": "/srv/a", "APOA_LANG": "id", "APOA_TIMEZONE": "WIB"}
        more = {
            "XDG_DATA_HOME": "/d",
            "APOA_PROPERTY": "melati",
            "PATH": "/bin",
            "HOME": "/root",
            "EMPTY": "",
            "SSL_CERT_FILE": "/srv/ca.pem",
            "SSL_CERT_DIR": "/srv",
            "HTTP_PROXY": "",
        }
        found = variables_of({**proxies, **files, **more})
        assert (found.kept, found.left_out) == ({**proxies, **files}, ())
        assert folder_variables({"XDG_DATA_HOME": "/d", "XDG_CONFIG_HOME": ""}) == {"XDG_DATA_HOME": "/d"}

    @pytest.mark.parametrize("name", ["APOA_PASSWORD", "APOA_PRIVATE_KEY", "APOA_OUTBOX_PASSWORD"])
    def test_secrets_are_left_out_and_named(self, tmp_path: Path, name: str) -> None:
        """The file that holds one is carried over; the secret itself is left out, also in the address of a proxy."""
        file = str(tmp_path / "secret")
        found = variables_of({f"{name}_FILE": file, name: "rahasia", "https_proxy": "http://u:rahasia@proxy"})
        assert (found.kept, found.left_out) == ({f"{name}_FILE": file}, (name, "https_proxy"))


class TestChoice:
    """The best scheduler of the platform that works here, or the one that is named."""

    @pytest.mark.parametrize(
        ("platform", "kinds"),
        [
            ("linux", ["systemd", "cron"]),
            ("darwin", ["launchd", "cron"]),
            ("win32", ["task"]),
            ("freebsd14", ["systemd", "cron"]),
        ],
    )
    def test_kinds_of_a_platform(self, platform: str, kinds: list[str]) -> None:
        """The best one first; for a kind of another platform they are named."""
        known = schedulers({}, lambda: NOW, platform)
        assert [each.kind for each in known] == kinds
        with raises_error("usage_problem") as caught:
            choose(known, "task" if platform != "win32" else "cron")
        assert caught.value.advice is not None
        assert caught.value.advice.values["kinds"] == ", ".join(kinds)

    def test_the_best_that_works(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Systemd's user manager if it answers, else cron if there is a crontab, else an error with what to do."""
        known = schedulers({}, lambda: NOW, "linux")
        use(monkeypatch, Tools({"crontab": Crontab(), "systemctl": UserManager()}))
        assert choose(known, AUTO).kind == "systemd"
        assert choose(known, "cron").kind == "cron"
        use(monkeypatch, Tools({"crontab": Crontab()}))
        assert choose(known, AUTO).kind == "cron"
        with raises_error("schedule_missing"):
            choose(known, "systemd")
        use(monkeypatch, Tools())
        with raises_error("schedule_missing") as caught:
            choose(known, AUTO)
        assert caught.value.advice is not None
        assert "apoa sync --follow" in caught.value.advice.template

    def test_an_account_without_a_home(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As a number without a user in a container: nothing is found, and nothing fails."""

        def fail() -> NoReturn:
            raise RuntimeError

        monkeypatch.setattr(Path, "home", fail)
        use(monkeypatch, Tools())
        assert find(schedulers({}, lambda: NOW, "linux"), JOB.name) is None

    @needs_crontab
    def test_an_active_schedule_comes_first(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        """Before one that is switched off."""
        manager = UserManager()
        use(monkeypatch, Tools({"crontab": Crontab(), "systemctl": manager}))
        known = schedulers({"HOME": str(home)}, lambda: NOW, "linux")
        assert find(known, JOB.name) is None
        for each in known:
            each.install(JOB)
        found = find(known, JOB.name)
        assert found is not None
        assert found[1].kind == "systemd"
        manager.active.clear()
        found = find(known, JOB.name)
        assert found is not None
        assert found[1].kind == "cron"
