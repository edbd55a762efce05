"""The daily backup through the installed command: a process of its own writes it after the sending of all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_helpers import QUENTIN, Installed

from apoa_client.archive.backup_check import open_backup

SET_UP = ("setup", "--non-interactive", "--training", "--vault", "file", "--property")
AT_ONCE = (
    "import random, sys; random.uniform = lambda low, high: 0.0; "
    "from apoa_client.cli.main import main; sys.argv[0] = 'apoa'; sys.exit(main())"
)
"""The program without the schedule's random pause."""


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """The folder for backups."""
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


@pytest.fixture
def two(apoa: Installed, stick: Path) -> Installed:
    """Two training properties with a report each, whose settings name the folder; no random pause."""
    for name in ("melati", "kenanga"):
        assert apoa(*SET_UP, name).code == 0
        assert apoa("--property", name, *QUENTIN.mrz("--no-send")).code == 0
        assert apoa("--property", name, "config", "set", "backup_folder", str(stick)).code == 0
    return Installed([sys.executable, "-c", AT_ONCE], apoa.environ)


def test_one_schedule_sends_and_backs_up_all(two: Installed, stick: Path) -> None:
    """Each property is sent and has its backup of the day, which is proved; the next run writes none."""
    first = two("sync", "--all", "--scheduled", "--json")
    assert (first.code, first.err) == (0, "")
    assert [each["accepted"] for each in first.json["properties"]] == [1, 1]
    files = sorted(stick.iterdir())
    assert [file.name.split("-")[1] for file in files] == ["kenanga", "melati"]
    for file in files:
        with open_backup(file) as backup:
            assert backup.mac is not None
            assert backup.db.execute("SELECT state FROM reports").fetchall() == [("accepted",)]
    assert two("sync", "--all", "--scheduled").code == 0
    assert sorted(stick.iterdir()) == files
    log = (two.home / "logs" / "sync.log").read_text()
    assert log.count("backup property=melati written") == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root mounts a disk, on Linux")
def test_a_stick_of_its_own(two: Installed, stick: Path) -> None:
    """On a real disk without room for a second backup the first stays. Unmounted, nothing goes to the computer's."""
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", stick], check=False).returncode:
        pytest.skip("this container may not mount a disk")
    melati = ("--property", "melati")
    try:
        first = two(*melati, "backup", "--json")
        assert (first.code, first.json["same_disk"]) == (0, False)
        full = two(*melati, "backup", "--keep", "1", "--json")
        assert (full.code, full.json["error"]["class"]) == (78, "disk_full")
        subprocess.run(["mount", "-o", "remount,ro", stick], check=True)
        assert two(*melati, "backup").code == 78
        assert [str(file) for file in stick.iterdir()] == [first.json["file"]]
    finally:
        subprocess.run(["umount", stick], check=True)
    unmounted = two(*melati, "backup", "--json")
    assert (unmounted.code, unmounted.json["error"]["class"]) == (78, "backup_folder_missing")
    assert list(stick.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM ends a process at once there")
def test_an_interrupted_backup_leaves_nothing(two: Installed, stick: Path) -> None:
    """SIGTERM, as of the process that waits no longer, removes what was written; a later backup is made."""
    slow = (
        "import os, signal, sys; from apoa_client.archive import backup;"
        "backup.sync_file = lambda _path: os.kill(os.getpid(), signal.SIGTERM);"
        "from apoa_client.cli.main import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", slow, "--property", "melati", "backup"],
        env={**os.environ, **two.environ},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, list(stick.iterdir())) == (143, [])
    assert two("--property", "melati", "backup").code == 0
