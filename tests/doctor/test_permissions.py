"""What is said about who can read and change the files."""

import os
import stat
import sys
from pathlib import Path

import pytest

from apoa_client.doctor.permissions import check_permissions_below
from apoa_client.doctor.results import Result

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
