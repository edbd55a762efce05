"""What is said about this computer: disk, programs, screen, permissions, backups and automatic sending."""

import os
import stat
import sys
from datetime import timedelta
from importlib import metadata
from pathlib import Path

import pytest
from basics import NOW

from apoa_client.doctor import computer, reports
from apoa_client.doctor.computer import Screen, check_installation, check_screen, check_space
from apoa_client.doctor.permissions import check_permissions_below
from apoa_client.doctor.reports import check_backup_folder, check_last_run, check_schedule, log_files
from apoa_client.doctor.results import Result
from apoa_client.ports.state import ScheduledRun
from apoa_client.schedule.interface import CRON, SYSTEMD, Found

NAME = "apoa.exe" if sys.platform == "win32" else "apoa"


def program(folder: Path) -> Path:
    folder.mkdir()
    file = folder / NAME
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def test_the_disk_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    """The disk is that of the nearest folder that is."""
    assert check_space(tmp_path / "a" / "b").result is Result.OK


def test_commands_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that runs is the one that is found; another one later is named; typing apoa would start a first one."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    own, other = program(tmp_path / "own"), program(tmp_path / "other")
    assert check_installation([str(own)], str(own.parent)).message.render() == f"It is {own}."
    assert check_installation([str(own)], "").result is Result.OK
    found = check_installation([str(own)], os.pathsep.join([str(own.parent), str(other.parent)]))
    assert (found.result, str(other) in found.message.render()) == (Result.OK, True)
    found = check_installation([str(own)], os.pathsep.join([str(other.parent), str(own.parent)]))
    assert found.result is Result.WARNING
    assert found.message.render() == f"Typing apoa starts another program: {other}. This one is {own}."


def test_the_package_of_another_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pip install apoa` is not ours."""
    monkeypatch.setattr(metadata, "version", lambda _name: "0.3")
    found = check_installation(["apoa"], "")
    assert found.result is Result.WARNING
    assert found.advice is not None
    assert "pip uninstall apoa" in found.advice.render()


@pytest.mark.parametrize(
    ("screen", "result"),
    [
        (Screen("utf-8", 80, is_terminal=True, language="id"), Result.OK),
        (Screen("cp437", 80, is_terminal=True, language="id"), Result.OK),
        (Screen("ascii", 80, is_terminal=True, language="en"), Result.WARNING),
        (Screen("ascii", 80, is_terminal=False, language="en"), Result.OK),
        (Screen("", 80, is_terminal=False, language="en"), Result.OK),
    ],
)
def test_screens(screen: Screen, result: Result) -> None:
    """Without accents; what is no terminal is no screen."""
    assert check_screen(screen).result is result


def test_versions_of_what_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program, Python, the system, the database and the installed libraries; in a bundle there are none."""
    found = computer.versions("SQLite 3.46.1")
    assert found["Database"] == "SQLite 3.46.1"
    assert {"apoa-client", "Python", "System", "TLS", "requests", "click"} <= found.keys()

    def unknown(_name: str) -> str:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "version", unknown)
    assert "requests" not in computer.versions("")


posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX's modes")


@posix_only
@pytest.mark.parametrize(("mode", "result"), [(0o600, Result.OK), (0o640, Result.WARNING), (0o666, Result.FAILED)])
def test_modes(tmp_path: Path, mode: int, result: Result) -> None:
    """Others must not change files, and should not read them."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    file = folder / "outbox.db"
    file.write_text("")
    file.chmod(mode)
    assert check_permissions_below([folder, folder]).result is result
    assert stat.S_IMODE(file.stat().st_mode) == mode


@posix_only
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """As after `sudo apoa`: the command that gives it back is named."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    (folder / "outbox.db").write_text("")
    (folder / "outbox.db").chmod(0)
    assert check_permissions_below([folder]).result is Result.FAILED


@posix_only
def test_a_file_of_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not this user's to change, although root may be trusted."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    (folder / "outbox.db").write_text("")
    (folder / "outbox.db").chmod(0o600)
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    found = check_permissions_below([folder])
    assert found.result is Result.FAILED
    assert found.advice is not None
    assert "chmod u+rwX" in found.advice.render()


def test_a_folder_without_its_stick(tmp_path: Path) -> None:
    """It exists without the stick: it is on the outbox's disk now, and was on another one."""
    for on_other_disk, result in ((False, Result.OK), (True, Result.WARNING)):
        assert check_backup_folder(tmp_path, tmp_path, on_other_disk=on_other_disk, limit_s=5).result is result


def test_a_network_drive_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot be reached, which is no failure of sending; nor can a stick with a write protection be written."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda _path, _mode: False)
        assert check_backup_folder(tmp_path, tmp_path, on_other_disk=False, limit_s=5).result is Result.WARNING

    def hang(_seconds: float, _call: object) -> bool:
        raise TimeoutError

    monkeypatch.setattr(reports, "call_with_timeout", hang)
    assert check_backup_folder(tmp_path, tmp_path, on_other_disk=False, limit_s=5).result is Result.WARNING


QUARTER = timedelta(minutes=15)


@pytest.mark.parametrize(
    ("found", "facts", "result"),
    [
        (Found(CRON, "apoa-sync", every_s=900), (True, True), Result.OK),
        (Found(SYSTEMD, "apoa-sync", follow=True), (True, True), Result.OK),
        (Found(CRON, "apoa-sync"), (False, False), Result.WARNING),
        (Found(CRON, "apoa-sync"), (False, True), Result.WARNING),
        (Found(SYSTEMD, "apoa-sync", active=False), (True, True), Result.WARNING),
    ],
)
def test_the_schedule(found: Found, facts: tuple[bool, bool], result: Result) -> None:
    """It must start this installation, and be switched on."""
    own, exists = facts
    assert check_schedule(found, is_own=own, program_exists=exists).result is result


@pytest.mark.parametrize(
    ("age", "code", "interval", "result"),
    [
        (timedelta(minutes=20), 0, QUARTER, Result.OK),
        (timedelta(minutes=20), 75, QUARTER, Result.OK),
        (timedelta(minutes=20), 77, QUARTER, Result.WARNING),
        (timedelta(days=2), 0, QUARTER, Result.WARNING),
        (timedelta(days=2), 0, None, Result.WARNING),
        (timedelta(hours=20), 0, QUARTER, Result.OK),
        (timedelta(hours=30), 0, timedelta(days=1), Result.OK),
        (timedelta(days=2), 0, timedelta(days=1), Result.WARNING),
    ],
)
def test_the_last_run(age: timedelta, code: int, interval: timedelta | None, result: Result) -> None:
    """It must not be too long ago, nor have ended with what a person must correct; being offline is no such thing."""
    assert check_last_run(ScheduledRun(NOW - age, code, interval), NOW, is_scheduled=True).result is result


def test_no_run_yet() -> None:
    """Without a schedule that is as it should be; with one it is not."""
    assert check_last_run(None, NOW, is_scheduled=False).result is Result.SKIPPED
    assert check_last_run(None, NOW, is_scheduled=True).result is Result.WARNING


def test_the_log(tmp_path: Path) -> None:
    """None before the first run; then its files, the newest first, and no link."""
    folder = tmp_path / "logs"
    assert log_files(folder) == []
    folder.mkdir()
    for number, name in enumerate(("sync.log.1", "sync.log", "sync.log.lock")):
        (folder / name).write_text("")
        os.utime(folder / name, (number, number))
    if sys.platform != "win32":
        (folder / "sync.log.2").symlink_to(folder / "sync.log")
    assert [path.name for path in log_files(folder)] == ["sync.log", "sync.log.1"]
    assert log_files(folder / "sync.log") == []  # a file in place of the folder
