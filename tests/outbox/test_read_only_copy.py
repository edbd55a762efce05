"""Reading where nothing can be written: the exact state, or an error; never an older state."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from damage_helpers import fill_disk, may_mount, read_only, small_disk
from outbox_helpers import NOON, open_outbox, report, sealer, uuid

from apoa_client.errors import OutboxDamaged, StorageProblem
from apoa_client.messages import literal
from apoa_client.outbox.errors import DiskFull, OutboxMissing, OutboxUnreachable
from apoa_client.outbox.sqlite import database, read_only_copy
from apoa_client.outbox.sqlite.migrations import APPLICATION_ID, STEPS
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Selection

TESTS = str(Path(__file__).parents[1] / "support")
UNWRITABLE = OutboxUnreachable(literal("It cannot be written."))
_READER = """
import sys
from pathlib import Path
from outbox_helpers import sealer
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Selection
with SqliteOutbox.open_for_reading(Path(sys.argv[1]), sealer(), sys.exit) as outbox:
    print(*(entry.id for entry in outbox.entries(Selection())))
"""
"""Another process: SQLite shares its view of a file between the connections of one process."""


@pytest.fixture
def unwritable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file seems to be one that SQLite cannot open, as it is in a folder that cannot be written."""

    def refuse(_path: Path, *, create: bool) -> sqlite3.Connection:
        assert not create
        raise UNWRITABLE

    monkeypatch.setattr(database, "open_database", refuse)


def fill(path: Path, count: int = 3) -> None:
    with open_outbox(path) as outbox:
        for number in range(count):
            outbox.add(report(number), due_at=NOON)


def ids(path: Path, problems: list[StorageProblem]) -> list[str]:
    """Return the ids of all reports, opened for reading, each with its content."""
    with SqliteOutbox.open_for_reading(path, sealer(), problems.append) as outbox:
        entries = list(outbox.entries(Selection()))
        assert all(outbox.content(entry).report.id == entry.id for entry in entries)
        return [entry.id for entry in entries]


def test_a_writable_file_is_opened_itself(path: Path) -> None:
    """Nothing is copied, and a missing file is an error as usual."""
    problems: list[StorageProblem] = []
    with pytest.raises(OutboxMissing):
        ids(path, problems)
    fill(path)
    with SqliteOutbox.open_for_reading(path, sealer(), problems.append) as outbox:
        outbox.add(report(3), due_at=None)
    assert ids(path, problems) == [uuid(number) for number in range(4)]
    assert problems == []


@pytest.mark.usefixtures("unwritable")
def test_the_copy_is_complete_and_refuses_changes(path: Path) -> None:
    """Every report is in it, the reason is reported, and a change raises an error and is not lost in the copy."""
    fill(path)
    before = path.read_bytes()
    problems: list[StorageProblem] = []
    with SqliteOutbox.open_for_reading(path, sealer(), problems.append) as outbox:
        assert [entry.id for entry in outbox.entries(Selection())] == [uuid(number) for number in range(3)]
        with pytest.raises(OutboxUnreachable):
            outbox.add(report(4), due_at=None)
        assert len(list(outbox.entries(Selection()))) == 3
    assert problems == [UNWRITABLE]
    assert path.read_bytes() == before
    assert sorted(file.name for file in path.parent.iterdir()) == ["outbox.db"]


@pytest.mark.usefixtures("unwritable")
def test_a_log_with_newer_pages_is_not_ignored(path: Path, tmp_path: Path) -> None:
    """Without its log the file has an older state, so it is not read. An empty log holds nothing."""
    copy = tmp_path / "outbox.db"
    with open_outbox(path) as outbox:
        outbox.add(report(1), due_at=None)
        copy.write_bytes(path.read_bytes())
        log = tmp_path / "outbox.db-wal"
        log.write_bytes(path.with_name("outbox.db-wal").read_bytes())
    with pytest.raises(OutboxUnreachable):
        ids(copy, [])
    copy.write_bytes(path.read_bytes())
    log.write_bytes(b"")
    assert ids(copy, []) == [uuid(1)]


@pytest.mark.usefixtures("unwritable")
@pytest.mark.parametrize(("changes", "read"), [(1, True), (9, False)])
def test_a_change_during_the_copy_is_noticed(
    path: Path, monkeypatch: pytest.MonkeyPatch, *, changes: int, read: bool
) -> None:
    """A copy during which another process wrote is thrown away. After three tries the file counts as unreadable."""
    fill(path)
    really = read_only_copy._copy_into
    left = iter(range(changes))

    def copy(into: sqlite3.Connection, file: Path, problem: StorageProblem) -> None:
        really(into, file, problem)
        if next(left, None) is not None:
            os.utime(file, ns=(0, file.stat().st_mtime_ns + 1000))  # NTFS counts in 100 ns

    monkeypatch.setattr(read_only_copy, "_copy_into", copy)
    if read:
        assert ids(path, []) == [uuid(number) for number in range(3)]
    else:
        with pytest.raises(OutboxUnreachable):
            ids(path, [])


@pytest.mark.usefixtures("unwritable")
def test_an_older_file_is_migrated_in_the_copy_only(path: Path) -> None:
    """A file of an older version can be read, and stays as it is."""
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in STEPS[4]:
            db.execute(statement)
        db.execute("PRAGMA user_version = 4")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("PRAGMA journal_mode = WAL")
    before = path.read_bytes()
    assert ids(path, []) == []
    assert path.read_bytes() == before


@pytest.mark.usefixtures("unwritable")
def test_what_cannot_be_read_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged file is reported as damaged. One that cannot be opened at all is reported as before."""
    fill(path)
    path.write_bytes(b"x" * 4096)
    with pytest.raises(OutboxDamaged):
        ids(path, [])

    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def cannot_open(file: str, **options: Any) -> sqlite3.Connection:
        if file != ":memory:":
            raise sqlite3.OperationalError
        return connect(file, **options)

    monkeypatch.setattr(sqlite3, "connect", cannot_open)
    with pytest.raises(OutboxUnreachable):
        ids(path, [])


@may_mount
def test_a_read_only_file_system(path: Path, tmp_path: Path) -> None:
    """Reports are read there; a log that an interrupted process left is read too, or the file is not."""
    fill(path)
    problems: list[StorageProblem] = []
    with read_only(path.parent, tmp_path / "clean") as place:
        assert ids(place / "outbox.db", problems) == [uuid(number) for number in range(3)]
    assert [type(problem) for problem in problems] == [OutboxUnreachable]
    left = tmp_path / "left"
    with open_outbox(path) as outbox:
        outbox.add(report(3), due_at=None)
        subprocess.run(["cp", "-r", path.parent, left], check=True)
    with read_only(left, tmp_path / "with-memory") as place:
        assert ids(place / "outbox.db", []) == [uuid(number) for number in range(4)]
    left.joinpath("outbox.db-shm").unlink()
    with read_only(left, tmp_path / "without-memory") as place, pytest.raises(OutboxUnreachable):
        ids(place / "outbox.db", [])


@may_mount
def test_a_writer_in_another_place(path: Path, tmp_path: Path) -> None:
    """While another process writes, its latest state is read, where this one cannot write."""
    fill(path, 0)
    with read_only(path.parent, tmp_path / "place") as place, open_outbox(path) as outbox:
        for number in range(3):
            outbox.add(report(number), due_at=None)
            command = [sys.executable, "-c", _READER, str(place / "outbox.db")]
            read = subprocess.run(command, check=True, capture_output=True, text=True, env={"PYTHONPATH": TESTS})
            assert read.stdout.split() == [uuid(earlier) for earlier in range(number + 1)]
            assert read.stderr == ""


@may_mount
def test_a_full_disk(tmp_path: Path) -> None:
    """Reports are read on a disk without a byte left, and the reason is `DiskFull`."""
    with small_disk(tmp_path / "disk", 512) as disk:
        path = disk / "outbox.db"
        fill(path)
        fill_disk(disk)
        problems: list[StorageProblem] = []
        assert ids(path, problems) == [uuid(number) for number in range(3)]
        assert [type(problem) for problem in problems] == [DiskFull]


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_link_is_not_copied(tmp_path: Path) -> None:
    """The log of the linked file, with the newest reports, is elsewhere: an error, and no older state."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").mkdir()
    with open_outbox(tmp_path / "real" / "outbox.db") as outbox:
        outbox.add(report(1), due_at=NOON)
        (tmp_path / "link" / "outbox.db").symlink_to(tmp_path / "real" / "outbox.db")
        with pytest.raises(OutboxUnreachable):
            SqliteOutbox.open_for_reading(tmp_path / "link" / "outbox.db", sealer(), lambda _problem: None)
