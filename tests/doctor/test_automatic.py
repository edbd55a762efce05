"""What is said about the last run of automatic sending, and about its log."""

import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from basics import NOW

from apoa_client.doctor.automatic import check_last_run, check_log, check_schedule, log_files, no_schedule
from apoa_client.doctor.results import Result
from apoa_client.ports.state import ScheduledRun
from apoa_client.schedule.interface import CRON, SYSTEMD, Found

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


def test_no_schedule() -> None:
    """A warning names the command that installs one."""
    assert no_schedule().result is Result.WARNING
    assert "apoa schedule install" in str(no_schedule().advice)


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
    assert check_log(folder).result is Result.SKIPPED
    folder.mkdir()
    for number, name in enumerate(("sync.log.1", "sync.log", "sync.log.lock")):
        (folder / name).write_text("")
        os.utime(folder / name, (number, number))
    if sys.platform != "win32":
        (folder / "sync.log.2").symlink_to(folder / "sync.log")
    assert [path.name for path in log_files(folder)] == ["sync.log", "sync.log.1"]
    assert check_log(folder).message.render() == f"2 files in {folder}"


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    """Nothing can be written there."""
    file = tmp_path / "logs"
    file.write_text("")
    assert check_log(file).result is Result.WARNING
    assert log_files(file) == []
