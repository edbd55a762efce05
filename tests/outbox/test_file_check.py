"""A file that is damaged, or that cannot be written: what is read is the exact state, or an error. No row is ever lost.

Damaged indexes are rebuilt. What cannot be written is read in a copy.
"""

import os
import random
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from damage_helpers import (
    INDEXES,
    PAGE,
    clear_index,
    fill_disk,
    flip,
    hide_from_queue,
    leaf_of_reports,
    manipulate,
    may_mount,
    overwrite,
    read_only,
    root_of,
    small_disk,
)
from outbox_helpers import HOUR, NOON, add, open_outbox, receipt, report, sealer, uuid
from outbox_stores import new_sqlite_store

from apoa_client.errors import OutboxDamaged, StorageProblem
from apoa_client.messages import literal
from apoa_client.outbox.errors import DiskFull, OutboxMissing, OutboxUnreachable
from apoa_client.outbox.sqlite import database, read_only_copy
from apoa_client.outbox.sqlite.migrations import APPLICATION_ID, STEPS
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change, NewReport, Selection
from apoa_client.report.kinds import Kind, State

REPORTS = 60


@pytest.fixture(scope="module")
def whole() -> Iterator[Path]:
    """A file with reports in several states, closed."""
    with new_sqlite_store() as store:
        with store.open() as outbox:
            outbox.add_all([NewReport(report(number), None if number % 2 else NOON) for number in range(REPORTS)])
            outbox.add(report(REPORTS, stay=1, kind=Kind.CHECK_OUT), due_at=None)
            lease, _claimed = outbox.claim([uuid(n) for n in (2, 3, 4, 5)], now=NOON, lease_until=NOON + HOUR)
            outbox.settle(lease, [Change(uuid(2), State.PENDING), Change(uuid(3), State.ACCEPTED, receipt=receipt())])
        yield store.path


@pytest.fixture
def file(whole: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copy(whole, tmp_path / "outbox.db"))


def never() -> bool:
    return False


def always() -> bool:
    return True


def test_a_sound_file(file: Path) -> None:
    """All of it was read; the schema and the engine are named. Nothing is rebuilt or recorded."""
    before = file.read_bytes()
    with opened(file) as outbox:
        found = outbox.check_file(never)
        assert not outbox.rebuild_indexes()
        outbox.check_queue()
    assert (found.complete, found.schema) == (True, max(STEPS))
    assert found.engine.startswith("SQLite 3.")
    assert file.read_bytes() == before


def test_the_time_is_over(path: Path) -> None:
    """The check ends without a result about the rest, and the connection can be used."""
    with open_outbox(path) as outbox:
        outbox.add_all([NewReport(report(number), NOON) for number in range(REPORTS * 5)])
        assert not outbox.check_file(always).complete
        assert outbox.check_file(never).complete


def test_a_damaged_page(file: Path) -> None:
    """A page of the audit trail that is no page any more."""
    overwrite(file, root_of(file, "audit"), bytes([7]) * PAGE)
    with open_outbox(file) as outbox, pytest.raises(OutboxDamaged):
        outbox.check_file(never)


def rows(path: Path) -> dict[str, Any]:
    """The rows of each table that a repair must not change, read without an index."""
    names = ("reports", "tally", "drafts")
    with closing(sqlite3.connect(path)) as db:
        return {name: db.execute(f"SELECT * FROM {name} NOT INDEXED").fetchall() for name in names}  # noqa: S608


@contextmanager
def opened(path: Path) -> Iterator[SqliteOutbox]:
    with SqliteOutbox.open(path, sealer()) as outbox:
        yield outbox


def rebuilt_events(outbox: SqliteOutbox) -> int:
    return [entry.action for entry in outbox.audit_trail.entries()].count("indexes_rebuilt")


@pytest.mark.parametrize("index", INDEXES)
def test_each_index_is_rebuilt(file: Path, index: str) -> None:
    """After its first page was overwritten, all reports are found again, and the audit trail records the repair."""
    before = rows(file)
    clear_index(file, index)
    with opened(file) as outbox:
        assert outbox.rebuild_indexes()
        assert not outbox.rebuild_indexes()  # there is nothing to do
        assert rebuilt_events(outbox) == 1
        assert outbox.audit_trail.verify().wrong is None
        for number in range(REPORTS + 1):
            assert [entry.id for entry in outbox.find(uuid(number))] == [uuid(number)]
        assert len(list(outbox.heads())) == REPORTS - 2
        outbox.check_queue()
        outbox.add(report(REPORTS + 1), due_at=None)
    assert rows(file)["reports"][:-1] == before["reports"]


def test_another_process_sees_the_new_index(file: Path) -> None:
    """A connection that was open before the repair finds and changes reports afterwards."""
    clear_index(file, "reports_open")
    with opened(file) as other, opened(file) as outbox:
        with pytest.raises(OutboxDamaged):
            list(other.heads())
        assert outbox.rebuild_indexes()
        assert len(list(other.heads())) == REPORTS - 2
        other.add(report(REPORTS + 1), due_at=None)
        assert len(list(outbox.heads())) == REPORTS - 1


@pytest.mark.parametrize("index", [(), ("reports_open",)])
@pytest.mark.parametrize("is_readable", [False, True])
def test_a_damaged_table_is_left_alone(file: Path, index: tuple[str, ...], *, is_readable: bool) -> None:
    """Where a row cannot be read, or breaks the schema, nothing is changed, whether an index is damaged too or not."""
    if is_readable:
        manipulate(file, "UPDATE reports SET kind = 'kind' WHERE seq = 9")
    else:
        flip(file, leaf_of_reports(file), 64)
    for name in index:
        clear_index(file, name)
    before = file.read_bytes()
    with opened(file) as outbox:
        assert not outbox.rebuild_indexes()
    assert file.read_bytes() == before


def test_a_report_that_the_queue_misses(path: Path) -> None:
    """A changed row number in an index raises no error and hides a report: found, however little time there is."""
    with open_outbox(path) as outbox:
        add(outbox, *range(5))
    hide_from_queue(path)
    with opened(path) as outbox:
        assert len(list(outbox.heads())) == 4
        for check in (outbox.check_queue, lambda: outbox.check_file(always)):
            with pytest.raises(OutboxDamaged):
                check()
        assert outbox.rebuild_indexes()
        assert len(list(outbox.heads())) == 5
        outbox.check_queue()


def test_random_damage(file: Path) -> None:
    """Whatever was damaged in an index, the repair succeeds, or changes nothing, and every row is as before."""
    chance = random.Random(4)  # noqa: S311  a test's
    sound, before = file.read_bytes(), rows(file)
    roots = [root_of(file, name) for name in INDEXES]
    for _round in range(20):
        at = chance.choice(roots)
        overwrite(file, 0, sound)
        if chance.random() < 0.5:
            overwrite(file, at + chance.randrange(PAGE), chance.randbytes(1))
        else:
            overwrite(file, at, chance.randbytes(chance.choice([8, 64, PAGE])))
        with opened(file) as outbox:
            outbox.rebuild_indexes()
            assert len(list(outbox.heads())) == REPORTS - 2
        assert rows(file) == before


# Reading where nothing can be written.

UNWRITABLE = OutboxUnreachable(literal("It cannot be written."))


@pytest.fixture
def unwritable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file seems to be one that SQLite cannot open, as it is in a folder that cannot be written."""

    def refuse(_path: Path, *, create: bool) -> sqlite3.Connection:
        assert not create
        raise UNWRITABLE

    monkeypatch.setattr(database, "open_database", refuse)


def fill(path: Path, count: int = 3) -> None:
    with open_outbox(path) as outbox:
        add(outbox, *range(count), due_at=NOON)


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
