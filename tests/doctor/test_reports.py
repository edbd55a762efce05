"""What is said about the folder of automatic backups."""

import os
from pathlib import Path

import pytest

from apoa_client.doctor import reports
from apoa_client.doctor.reports import check_backup_folder
from apoa_client.doctor.results import Result


def test_a_folder_without_its_stick(tmp_path: Path) -> None:
    """It exists without the stick: it is on the outbox's disk now, and was on another one."""
    for on_other_disk, result in ((False, Result.OK), (True, Result.WARNING)):
        assert check_backup_folder(tmp_path, tmp_path, on_other_disk=on_other_disk, limit_s=5).result is result


def test_a_network_drive_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot be reached, which is no failure of sending."""

    def hang(_seconds: float, _call: object) -> bool:
        raise TimeoutError

    monkeypatch.setattr(reports, "call_with_timeout", hang)
    assert check_backup_folder(tmp_path, tmp_path, on_other_disk=False, limit_s=5).result is Result.WARNING


def test_a_folder_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stick with a write protection is as good as none."""
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert check_backup_folder(tmp_path, tmp_path, on_other_disk=False, limit_s=5).result is Result.WARNING
