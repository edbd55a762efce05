"""Backups through the installed command: restored on another computer and under kills, and made by a schedule."""

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from basics import LONG
from cli_helpers import QUENTIN, Installed, readable_in
from journeys.conftest import SANDBOX_PASSWORD
from journeys_helpers import (
    Disk,
    assert_delivered_once,
    call,
    end_maintenance,
    files_below,
    guest,
    in_new_processes,
)

from apoa_client.archive.backup_check import open_backup

Start = Callable[..., Any]
"""Starts a `Sandbox`."""

STRIDE = 1 if LONG else 37
"""A kill comes before every n-th change that a restore makes on the disk."""
REST = "-0000-7000-8000-000000000000"
"""The end of the ids of invented rows."""


def elsewhere(apoa: Installed, folder: Path) -> Installed:
    """Returns the installed command on another computer."""
    return replace(apoa, environ={**apoa.environ, "APOA_HOME": str(folder)})


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    """Path of the authority's database."""
    return tmp_path / "authority.db"


@pytest.fixture
def configured(apoa: Installed, sandbox: Start, memory: Path, tmp_path: Path) -> Installed:
    """A property with a recovery code in a file, and an authority with a database."""
    url = sandbox("", "--memory", str(memory)).url
    apoa.set_up(url, SANDBOX_PASSWORD, "--recovery-file", str(tmp_path / "code.txt")).ok()
    return apoa


def save(apoa: Installed, *numbers: int) -> set[str]:
    """Reports this many guests without sending. Returns their short ids."""
    said = [apoa(*guest(number).mrz("--no-send", "--json")) for number in numbers]
    return {each.json["short_id"] for each in said}


@pytest.mark.slow
def test_restore_on_another_computer_with_backup_and_code(configured: Installed, memory: Path, tmp_path: Path) -> None:
    """Reports sent before and after the backup, and a queued one, are delivered once after a restore and a sync."""
    file, code = tmp_path / "stick" / "apoa.db", tmp_path / "code.txt"
    file.parent.mkdir()
    promised = save(configured, 1)
    assert configured("sync").code == 0
    promised |= save(configured, 2)
    assert configured("backup", str(file)).code == 0
    on_paper = re.search(r"(?:[0-9A-Z]{5}-)+[0-9A-Z]{5}", code.read_text())
    assert on_paper is not None
    assert readable_in(file.parent, [on_paper[0], *guest(1).words, *guest(2).words]) == []
    assert configured("sync").code == 0
    other = elsewhere(configured, tmp_path / "other")
    restored = other("restore", str(file), "--recovery-file", str(code), "--json").json
    assert (restored["needs"], restored["proved"]) == (["private_key", "password"], True)
    assert not (other.home / "melati" / "keys.json").exists()
    assert {report["guest"] for report in other.reports()} == {None}
    assert other("key", "recover", "--recovery-file", str(code)).code == 0
    assert other("login", "--password-stdin", stdin=f"{SANDBOX_PASSWORD}\n").code == 0
    promised |= save(other, 3)
    assert other("sync").code == 0
    assert_delivered_once(other.reports(), memory, promised)
    assert {report["guest"]["document"]["number"] for report in other.reports()} == {guest(n).number for n in (1, 2, 3)}
    assert other("restore", str(file), "--json").json["needs"] == []
    assert other("log", "--verify").code == 0
    assert readable_in(other.home, guest(1).words) == []


@pytest.fixture
def backups(configured: Installed, tmp_path: Path) -> tuple[Path, Path]:
    """Two backups: one with 300 queued reports, a later one with these accepted and fifty more: two pieces."""
    home = configured.home / "melati" / "outbox.db"
    save(configured, 1)
    _multiply(home, 299)
    early, late = tmp_path / "early.db", tmp_path / "late.db"
    assert configured("backup", str(early)).code == 0
    with closing(sqlite3.connect(home)) as db:
        db.execute("UPDATE reports SET state = 'accepted', receipt_number = 'R-' || seq, receipt_issued_at = 5")
        db.commit()
    _multiply(home, 50)
    assert configured("backup", str(late)).code == 0
    return early, late


def _multiply(path: Path, times: int) -> None:
    """Copies one report under new ids. How they are read is not tested here."""
    with closing(sqlite3.connect(path)) as db:
        (last,) = db.execute("SELECT max(seq) FROM reports").fetchone()
        for number in range(last + 1, last + times + 1):
            db.execute(
                "INSERT INTO reports (id, short_id, stay_id, kind, created_at, content) "
                "SELECT ?, ?, ?, kind, created_at, content FROM reports WHERE seq = 1",
                [f"{number:08x}{REST}", f"short-{number}", f"{number:08x}{REST}"],
            )
        db.commit()


def proof(file: Path) -> list[str]:
    """Returns the options that prove a backup: its recovery code is beside it."""
    return ["--recovery-file", str(file.with_name("code.txt"))]


def fresh_homes(configured: Installed, early: Path, tmp_path: Path, *, merging: bool) -> Iterator[Installed]:
    """Yields one empty home after the other, or homes with the early backup's reports."""
    for number in count():
        home = elsewhere(in_new_processes(configured), tmp_path / f"home-{number}")
        if merging:
            assert home("restore", str(early), *proof(early)).code == 0
        yield home


def state_of(home: Installed) -> list[tuple[str, str, str]]:
    """Returns each report with its state and receipt. SQLite reads the files that a kill left."""
    path = home.home / "melati" / "outbox.db"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return db.execute("SELECT id, state, receipt_number FROM reports ORDER BY id").fetchall()


def assert_old_or_new(home: Installed, file: Path, old: list[Any], new: list[Any], *, merging: bool) -> None:
    """Checks after a kill that the outbox has the old or the new state, and that a second restore completes.

    Merging goes piece by piece: each report has its old or its new state, and none is missing.
    """
    left = state_of(home)
    if merging:
        assert set(left) <= {*old, *new}
        assert {row[0] for row in left} >= {row[0] for row in old}
    else:
        assert left in (old, new)
    end_maintenance(home.home)
    again = home("restore", str(file), *proof(file), "--json")
    assert again.code == 0, again.err
    assert state_of(home) == new
    assert home("status", "--json").json["counts"]["accepted"] == 300
    swept = (".config.toml.", "melati/.outbox.db.")  # a minute later, by what writes the file or creates it
    files = {name for name in files_below(home.home) if not name.startswith(swept)}
    assert files == {"config.lock", "config.toml", "melati", "melati/outbox.db"}
    for draft in home.home.glob("melati/.outbox.db.*"):  # no reports beside those of the outbox
        assert draft.samefile(home.home / "melati" / "outbox.db") or REST.encode() not in draft.read_bytes()


@pytest.mark.slow
@pytest.mark.durable
@pytest.mark.skipif(sys.platform != "linux", reason="the watched disk is Linux's")
@pytest.mark.parametrize("merging", [False, True])
def test_restore_killed_before_each_disk_change(
    configured: Installed, backups: tuple[Path, Path], disk: Disk, tmp_path: Path, *, merging: bool
) -> None:
    """A restore killed before a change of the disk leaves old or new states."""
    early, late = backups
    homes = fresh_homes(configured, early, tmp_path, merging=merging)
    model = next(homes)
    old = state_of(model)
    assert model("restore", str(late), *proof(late)).code == 0
    new = state_of(model)
    dead, step = True, 1
    while dead:
        home = next(homes)
        home.home.mkdir(exist_ok=True)
        disk.root = home.home
        said = call(home, ["restore", str(late), *proof(late)], "en", more=disk.environ(DISK_STEP=str(step)))
        dead = said.code == -9
        assert dead or said.code == 0, said.err
        assert_old_or_new(home, late, old, new, merging=merging)
        step += STRIDE
    assert step > 2 * STRIDE


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the watched disk is Linux's")
def test_backup_killed_before_each_disk_change(configured: Installed, disk: Disk) -> None:
    """Nothing is left in the folder of killed backups after another one an hour later, whatever its name is."""
    save(configured, 1)
    killed, step, left = True, 1, set[str]()
    while killed:
        said = call(configured, ["backup", str(disk.root / f"{step}.db")], "en", more=disk.environ(DISK_STEP=str(step)))
        killed = said.code == -9
        assert killed or said.code == 0, said.err
        left |= {name.rpartition(".new")[2] for name in files_below(disk.root) if name.startswith(".")}
        step += 1 if LONG else 3
    assert {"", "-journal"} <= left
    kept = {name for name in files_below(disk.root) if not name.startswith(".")}
    for file in disk.root.rglob("*"):
        os.utime(file, (file.stat().st_mtime - 3700,) * 2)
    assert configured("backup", str(disk.root / "new.db")).code == 0
    assert files_below(disk.root) == {*kept, "new.db"}


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
