"""`apoa backup --to` and the daily backup of automatic sending: what is shown, exit codes, and what never stops."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import QUENTIN, Apoa, raising

from apoa_client.app import backups
from apoa_client.app.container import Container
from apoa_client.archive import backup as backup_module
from apoa_client.cli.commands import scheduled_run
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.desktop import Notice
from apoa_client.errors import NotNow, SettingsProblem
from apoa_client.messages import msg

DAY = timedelta(days=1)


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """The folder for backups."""
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


@pytest.fixture
def with_folder(away: Apoa, stick: Path) -> Apoa:
    """A property whose settings name the folder."""
    away.change_setting("backup_folder", str(stick))
    return away


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


class TestByHand:
    """`apoa backup --to`, or with the folder of the settings."""

    @pytest.mark.skipif(os.name != "nt", reason="only Windows has drives")
    def test_a_drive(self, away: Apoa, stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """``E:`` is the working directory of that drive, as ``E:file`` is a file there."""
        monkeypatch.chdir(stick)
        assert Path(away("backup", "--to", stick.drive, "--json").json["file"]).parent == stick
        assert away("backup", f"{stick.drive}apoa.db").code == 0
        assert away("restore", f"{stick.drive}apoa.db", "--dry-run").code == 0
        assert away("config", "set", "backup_folder", stick.drive).code == 0
        assert away("backup").code == 0
        assert len(names(stick)) == 3

    def test_the_folder_of_the_settings(self, with_folder: Apoa, stick: Path) -> None:
        """Without a file and a folder; `backup_keep` says how many stay, and the number of the command wins."""
        with_folder.change_setting("backup_keep", 2)
        for _day in range(3):
            assert with_folder("-q", "backup").out == ""
            with_folder.clock.time += DAY
        assert len(names(stick)) == 2
        assert with_folder("backup", "--keep", "1", "--json").json["deleted"] == 2

    def test_for_every_property(self, away: Apoa, stick: Path) -> None:
        """Each into its folder; one without a folder does not stop the next."""
        assert away.set_up(name="kenanga").code == 75
        away.change_setting("backup_folder", str(stick))  # of the last one
        done = away("backup", "--all", "--json")
        melati, kenanga = done.json["properties"]
        assert done.code == 2
        assert (melati["property"], melati["error"]["class"]) == ("melati", "usage_problem")
        assert Path(kenanga["file"]).parent == stick
        assert away("backup", "--all", "--to", str(stick)).code == 0
        assert len({name.split("-")[-1] for name in names(stick)}) == 2


class TestDaily:
    """The daily backup, after a run of automatic sending."""

    @pytest.fixture(autouse=True)
    def runs(self, monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, str]]:
        """The environments of the processes that write backups, which this process does in their place."""
        called: list[Mapping[str, str]] = []

        def run(app: Container, environ: Mapping[str, str]) -> None:
            called.append(environ)
            backups.write_folder_backup(app, None, app.settings.backup_keep)

        monkeypatch.setattr(backups, "run_backup", run)
        return called

    @pytest.fixture(autouse=True)
    def notices(self, monkeypatch: pytest.MonkeyPatch) -> list[Notice]:
        """The notices on the desktop."""
        shown: list[Notice] = []
        monkeypatch.setattr(scheduled_run, "show_notice", lambda notice, *_more: shown.append(notice))
        return shown

    def run(self, apoa: Apoa) -> str:
        """One run of the daily backup. Returns what it prints."""
        session = Session(apoa.environ, apoa.clock)
        apoa.capsys.readouterr()
        assert scheduled_run.show_daily_backup(session) == 0
        session.close()
        printed = apoa.capsys.readouterr()
        assert printed.out == ""
        return printed.err

    def test_one_a_day(self, with_folder: Apoa, stick: Path, runs: list[Mapping[str, str]]) -> None:
        """By the property's days: the first run of each writes one, and prints nothing."""
        for _run in range(16):  # from 20:00 on
            assert self.run(with_folder) == ""
            with_folder.clock.time += timedelta(hours=3)
        assert [name[12:27] for name in names(stick)] == ["20261124-200000", "20261125-020000", "20261126-020000"]
        assert runs[0]["APOA_LANG"] == "en"

    def test_one_by_hand_is_that_of_the_day(self, with_folder: Apoa, stick: Path) -> None:
        """A backup into the same folder counts, one elsewhere does not."""
        assert with_folder("backup", "--to", str(stick.parent)).code == 0
        self.run(with_folder)
        assert len(names(stick)) == 1
        with_folder.clock.time += DAY
        assert with_folder("backup").code == 0
        self.run(with_folder)
        assert len(names(stick)) == 2

    def test_a_stick_that_is_not_there(self, with_folder: Apoa, stick: Path, notices: list[Notice]) -> None:
        """It is tried at each run, and said once a day, also on the desktop; then the stick is back."""
        stick.rmdir()
        first = self.run(with_folder).splitlines()
        assert first[0] == "No backup was written today. It is tried again by itself."
        assert str(stick) in first[1]
        with_folder.clock.time += timedelta(minutes=10)
        assert self.run(with_folder) == ""
        with_folder.clock.time += DAY
        assert self.run(with_folder).splitlines() == first
        assert [(notice.title, notice.urgent) for notice in notices] == [("apoa, melati: no backup today", False)] * 2
        stick.mkdir()
        assert self.run(with_folder) == ""
        assert len(names(stick)) == 1

    def test_a_folder_that_cannot_be_looked_at(
        self, with_folder: Apoa, stick: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The server of a share is gone, or another user has mounted the disk: that is no bug of the program."""
        status = os.stat

        def fail(path: Any, *arguments: Any, **options: Any) -> os.stat_result:
            if path == stick:
                raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
            return status(path, *arguments, **options)

        with monkeypatch.context() as patch:
            patch.setattr(os, "stat", fail)
            assert str(stick) in self.run(with_folder)
            assert self.run(with_folder) == ""
            assert with_folder("backup").code == 78
        assert self.run(with_folder) == ""
        assert len(names(stick)) == 1

    def test_an_empty_mount_point(self, with_folder: Apoa, stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without the stick its folder is on the computer's disk: nothing is written until a user says so."""
        with monkeypatch.context() as patch:
            patch.setattr(backup_module, "is_same_disk", lambda *_paths: False)
            assert self.run(with_folder) == ""
        with_folder.clock.time += DAY
        assert f"{stick} is on the disk of the reports now" in self.run(with_folder)
        assert (len(names(stick)), with_folder("backup").code) == (1, 78)
        assert with_folder("backup", "--to", str(stick)).code == with_folder("backup").code == 0

    def test_a_disk_that_hangs_is_tried_again_after_an_hour(
        self, with_folder: Apoa, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each try may cost a minute, so that the next run does not try."""
        tries: list[object] = []

        def hang(*arguments: object) -> None:
            tries.append(arguments)
            raise NotNow(msg("The backup could not be written."), name="backup_timed_out")

        monkeypatch.setattr(backups, "run_backup", hang)
        shown = []
        for _run in range(8):
            shown.append(self.run(with_folder))
            with_folder.clock.time += timedelta(minutes=10)
        assert len(tries) == 2
        assert [bool(each) for each in shown] == [True, *[False] * 7]


class TestAfterSending:
    """When a run of automatic sending writes the backups."""

    @pytest.fixture
    def done(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What was done, in order: the calls to the authority, and the backups of properties."""
        happened: list[str] = []
        original = scheduled_run.run_scheduled

        def send(session: Session, *arguments: Any) -> scheduled_run.ScheduledResult:
            happened.append(f"send {session.app.settings.name}")
            return original(session, *arguments)

        def run(app: Container, _environ: Mapping[str, str]) -> None:
            happened.append(f"back up {app.settings.name}")
            raise SettingsProblem(msg("The backup could not be written."), name="backup_folder_missing")

        monkeypatch.setattr(scheduled_run, "run_scheduled", send)
        monkeypatch.setattr(backups, "run_backup", run)
        monkeypatch.setattr(scheduled_run, "show_notice", lambda *_arguments: True)
        return happened

    def test_it_is_written_although_nothing_can_be_sent(self, with_folder: Apoa, done: list[str]) -> None:
        """A lost password or a line that is down is no reason to have no backup."""
        with_folder.save(QUENTIN)
        with_folder.delete_key()
        assert with_folder("sync", "--scheduled").code == 77
        assert done == ["send melati", "back up melati"]

    def test_all_are_sent_first(self, with_folder: Apoa, stick: Path, done: list[str]) -> None:
        """A disk that hangs delays no property's sending; each warning has the property's name."""
        assert with_folder.set_up(name="kenanga").code == 75
        path = with_folder.home / "config.toml"
        path.write_text(path.read_text() + f"backup_folder = {json.dumps(str(stick))}\n")
        ran = with_folder("sync", "--all", "--scheduled", "--json")
        assert done == ["send melati", "send kenanga", "back up melati", "back up kenanga"]
        assert (ran.code, [each["property"] for each in ran.json["properties"]]) == (0, ["melati", "kenanga"])
        assert [line for line in ran.err.splitlines() if line in {"melati", "kenanga"}] == ["melati", "kenanga"]

    def test_not_after_an_interruption(
        self, with_folder: Apoa, done: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A shutdown or Ctrl-C waits for nothing more."""
        monkeypatch.setattr(scheduled_run, "run_scheduled", raising(KeyboardInterrupt()))
        assert with_folder("sync", "--scheduled").code == 130
        assert done == []


class TestProcess:
    """The process that writes the daily backup."""

    @pytest.fixture
    def app(self, with_folder: Apoa) -> Iterator[Container]:
        """The parts of the property."""
        with closing(Container(with_folder.environ, with_folder.clock)) as app:
            yield app

    def child(self, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
        """Let another program run in place of this one."""
        monkeypatch.setattr(backups, "own_command", lambda: [sys.executable, "-c", program])

    def test_it_gets_the_property(self, app: Container, monkeypatch: pytest.MonkeyPatch, stick: Path) -> None:
        """The command names the property, and the environment is the one given."""
        self.child(
            monkeypatch,
            "import json, os, pathlib, sys;pathlib.Path(os.environ['INTO']).write_text(json.dumps(sys.argv[1:]))",
        )
        backups.run_backup(app, {**os.environ, "INTO": str(stick / "seen")})
        assert json.loads((stick / "seen").read_text()) == ["--property", "melati", "backup", "--json"]

    def test_what_it_reports_is_raised(self, app: Container, monkeypatch: pytest.MonkeyPatch) -> None:
        """The error of its document. A bug, a kill and a process that cannot be started have a message of their own."""
        error = {"class": "backup_folder_missing", "message": "Colok {stik}.", "advice": "Lalu?"}
        for printed in (json.dumps({"error": error}), "", '{"error": null}', None):
            self.child(monkeypatch, f"import sys; print({printed!r}); sys.exit(78)")
            if printed is None:
                monkeypatch.setattr(backups, "own_command", lambda: ["/nowhere/apoa"])
            with pytest.raises(SettingsProblem) as caught:
                backups.run_backup(app, os.environ)
            is_reported = "Colok" in (printed or "")
            assert caught.value.name == (error["class"] if is_reported else "backup_failed")
            assert (caught.value.message.render() == error["message"]) == is_reported

    def test_one_that_hangs_is_ended(self, app: Container, monkeypatch: pytest.MonkeyPatch) -> None:
        """A network share does not answer: the process is ended, even if it ignores the request."""
        monkeypatch.setattr(backups, "_LEAST_S", 0)
        monkeypatch.setattr(backups, "_SLOWEST", 1 << 40)
        monkeypatch.setattr(backups, "_END_S", 0.05)
        self.child(monkeypatch, "import threading; threading.Event().wait()")
        started = []

        class Deaf(subprocess.Popen[bytes]):
            def terminate(self) -> None:
                started.append(self)

        monkeypatch.setattr(subprocess, "Popen", Deaf)
        with pytest.raises(NotNow) as caught:
            backups.run_backup(app, os.environ)
        assert caught.value.name == "backup_timed_out"
        assert [each.returncode is not None for each in started] == [True]
