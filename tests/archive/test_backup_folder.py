"""A folder for backups: names of their own, the oldest ones deleted, and nothing else touched."""

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from backup_helpers import ACTOR, SETTINGS, Home
from basics import NOW, raises_error
from outbox_helpers import NOON, report

from apoa_client.archive import backup as backup_module
from apoa_client.archive.backup import BackupFolder, FolderBackup
from apoa_client.archive.backup_check import BackupInfo, open_backup
from apoa_client.errors import SettingsProblem
from apoa_client.outbox.sqlite.database import connect as real_connect
from apoa_client.outbox.sqlite.migrations import APPLICATION_ID
from apoa_client.settings.writer import settings_text

DAY = timedelta(days=1)
Write = Callable[..., FolderBackup]


@pytest.fixture
def settings(tmp_path: Path) -> Home:
    """A property with a report."""
    home = Home(tmp_path / "home", SETTINGS)
    with home.outbox() as outbox:
        outbox.add(report(1), due_at=NOON)
    return home


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """The folder for backups."""
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


@pytest.fixture
def write(settings: Home, stick: Path) -> Write:
    """Writes a backup of a day into the folder."""

    def write(moment: datetime = NOW, *, keep: int = 14, name: str = "melati", series: str = "abc123") -> FolderBackup:
        info = BackupInfo("0.0", moment, name, settings_text(settings.settings._replace(index_key="")))
        folder = BackupFolder(stick, name, series, keep)
        with settings.outbox() as outbox:
            return folder.write(outbox.database, settings.path, moment, lambda: (info, None), ACTOR)

    return write


def names(folder: Path) -> list[str]:
    """Return the names of the files, without temporary ones."""
    return sorted(file.name for file in folder.iterdir() if not file.name.startswith("."))


def test_the_name_says_property_time_and_series(write: Write, stick: Path) -> None:
    """The backup can be opened, only its owner can read it, and nothing else is in the folder."""
    new = write()
    assert [file.name for file in stick.iterdir()] == ["apoa-melati-20261124-130000-abc123.db"] == [new.file.name]
    assert os.name != "posix" or stat.S_IMODE(new.file.stat().st_mode) == 0o600
    assert (new.written.reports, new.kept, new.deleted, new.same_disk) == (1, 1, 0, True)
    with open_backup(new.file) as backup:
        assert backup.info.property_name == "melati"


def test_nothing_is_overwritten(write: Write, stick: Path) -> None:
    """Backups of one second, and a file or a link with such a name, keep their names: the next second is taken."""
    write()
    taken = stick / "apoa-melati-20261124-130001-abc123.db"
    taken.write_text("mine")
    assert write().file.name == "apoa-melati-20261124-130002-abc123.db"
    assert taken.read_text() == "mine"
    if os.name == "posix":
        (stick / "apoa-melati-20261124-130003-abc123.db").symlink_to(stick / "nowhere")
        assert write().file.name == "apoa-melati-20261124-130004-abc123.db"
        assert not (stick / "nowhere").exists()


def test_the_oldest_ones_are_deleted(write: Write, stick: Path) -> None:
    """As many stay as are to be kept, the one just written among them."""
    written = [write(NOW + day * DAY).file.name for day in range(5)]
    new = write(NOW + 5 * DAY, keep=3)
    assert names(stick) == [*written[-2:], new.file.name]
    assert (new.kept, new.deleted) == (3, 3)
    assert write(NOW + 6 * DAY, keep=1).kept == 1
    assert len(names(stick)) == 1


def test_other_files_are_not_touched(write: Write, settings: Home, stick: Path) -> None:
    """Neither those of another property or computer, nor a file, a folder, a link or a damaged one of such a name."""
    others = [write(name="kenanga").file, write(series="fff000").file, write(name="melati-2").file]
    settings.back_up(stick / "apoa.db")
    old = "apoa-melati-20200101-0000{:02}-abc123.db"
    (stick / old.format(1)).write_text("a letter")
    (stick / old.format(2)).mkdir()
    (stick / old.format(3)).write_bytes(others[0].read_bytes())  # of another property, renamed
    (stick / old.format(4)).write_bytes(others[1].read_bytes()[:5000])
    (stick / "Apoa-melati-20200101-000000-abc123.db.old").touch()
    if os.name == "posix":
        (stick / old.format(5)).symlink_to(others[1])
    before = names(stick)
    new = write(keep=1)
    assert names(stick) == sorted([*before, new.file.name])
    assert (new.kept, new.deleted) == (1, 0)


def test_a_forged_backup_is_not_read(write: Write, settings: Home, stick: Path) -> None:
    """A writer of the stick could put a query without an end in place of the table: the file is not ours."""
    write()
    forged = stick / f"apoa-melati-{NOW - DAY:%Y%m%d-%H%M%S}-abc123.db"
    with closing(sqlite3.connect(forged)) as db:
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("CREATE VIEW backup AS SELECT 'property' AS key, 'melati' AS value")
    found = write(NOW + DAY, keep=1)
    assert (found.deleted, found.kept) == (1, 1)
    assert forged.exists()
    assert settings.path.exists()


@pytest.mark.skipif(os.name == "nt", reason="modes")
def test_others_add_nothing_to_a_backup(write: Write, stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite opens the unfinished file by its name: it is where other users can put neither a link nor a journal."""
    stick.chmod(0o777)
    modes = []

    def connect(path: Path) -> sqlite3.Connection:
        modes.append(stat.S_IMODE(path.parent.stat().st_mode))
        assert path.parent != stick
        return real_connect(path)

    monkeypatch.setattr(backup_module, "connect", connect)
    write()
    assert modes == [0o700]
    assert len(list(stick.iterdir())) == 1


def test_backups_from_the_future_are_kept(write: Write, stick: Path) -> None:
    """A clock that was wrong deletes nothing: only backups of an earlier time than the new one are deleted."""
    future = [write(NOW + 100 * DAY + day * DAY).file.name for day in range(3)]
    old, new = write(NOW - DAY, keep=1), write(NOW, keep=1)
    assert names(stick) == [new.file.name, *future]
    assert (old.deleted, new.deleted) == (0, 1)


def test_without_the_folder(write: Write, stick: Path) -> None:
    """The stick is not there: 78, and no folder is made."""
    stick.rmdir()
    with raises_error("backup_folder_missing"):
        write()
    assert not stick.exists()


def test_a_backup_that_fails_deletes_nothing(write: Write, stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not on the disk counts for nothing; the next try succeeds."""
    old = write()

    def fail(_path: Path) -> None:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(backup_module, "sync_file", fail)
        with pytest.raises(SettingsProblem):
            write(NOW + DAY, keep=1)
    assert names(stick) == [old.file.name]
    assert write(NOW + DAY, keep=1).deleted == 1


def test_an_old_one_that_cannot_be_deleted(write: Write, stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program has it open, or the folder cannot be listed: the new one counts, and the rest is reported."""
    write(), write(NOW + DAY)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", _refuse)
        new = write(NOW + 2 * DAY, keep=1)
    assert (new.kept, new.deleted, new.undeletable) == (3, 0, 2)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", _refuse)
        new = write(NOW + 3 * DAY, keep=1)
    assert (new.deleted, new.undeletable) == (0, 0)
    assert len(names(stick)) == 4


def _refuse(_path: Path, **_options: object) -> None:
    raise PermissionError


def test_a_stick_or_share_of_another_kind(write: Write, stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FAT and exFAT have no hard links and no rights: the backup is renamed into its place.

    Where a network share syncs no folders (POSIX), its error says nothing about the file.
    """
    sync = os.fsync

    def refuse(*_paths: Path) -> None:
        raise PermissionError

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(22, "Invalid argument")
        sync(descriptor)

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(os, "fsync", fsync)
    assert [write().file.name] == names(stick)
