"""The outbox's file: created completely, private, refused if it is not ours, and never silently replaced."""

import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace

import pytest
from basics import raises_error
from damage_helpers import Hold, fill_disk, may_mount, read_only, small_disk
from outbox_helpers import NOON, add, open_outbox, report, sealer, uuid
from outbox_stores import only_sqlite

from apoa_client.errors import Exit, OutboxDamaged, SealBroken, StorageProblem
from apoa_client.files import temporary_beside
from apoa_client.outbox.database import Database
from apoa_client.outbox.errors import DiskFull, OutboxBusy, OutboxMissing, OutboxUnreachable
from apoa_client.outbox.sql import insertion
from apoa_client.outbox.sql.codes import Row
from apoa_client.outbox.sqlite import database
from apoa_client.outbox.sqlite.database import connect, translate_errors
from apoa_client.outbox.sqlite.migrations import APPLICATION_ID, STEPS, migrate
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import NewReport, Selection

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
NEXT = max(STEPS) + 1
"""The version of a later program."""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_files_and_folders_are_the_owners_alone(path: Path, umask: int) -> None:
    """0600 and 0700 from the first moment, whatever the umask; the log and the shared memory too."""
    before = os.umask(umask)
    try:
        with open_outbox(path) as outbox:
            outbox.add(report(1), due_at=None)
            files = {file.name: mode(file) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert files == {"outbox.db": 0o600, "outbox.db-wal": 0o600, "outbox.db-shm": 0o600}
    assert (mode(path.parent), mode(path.parent.parent)) == (0o700, 0o700)


@only_sqlite
def test_the_connection_is_set_for_durability(outbox: SqliteOutbox) -> None:
    """WAL, FULL, fullfsync, secure_delete and a busy timeout, on every connection."""
    names = ["journal_mode", "synchronous", "fullfsync", "checkpoint_fullfsync", "secure_delete", "busy_timeout"]
    settings = [outbox._db.execute(f"PRAGMA {name}").fetchone()[0] for name in names]
    assert settings == ["wal", 2, 1, 1, 1, 30000]


def test_creating_syncs_the_file_and_the_folders_above_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut after the first report does not lose the file itself: file and every new folder are fsync'd."""
    synced: list[Path] = []
    really = os.fsync

    def fsync(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink() if sys.platform == "linux" else Path())
        really(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    open_outbox(path).close()
    if sys.platform == "linux":
        assert {path, path.parent, path.parent.parent, path.parent.parent.parent} <= set(synced)
        assert synced.index(path.parent.parent) < synced.index(path) < synced.index(path.parent)
    assert synced


def test_nothing_is_created_unless_asked_for(path: Path) -> None:
    """Opening a file that does not exist raises `OutboxMissing`, and leaves nothing behind."""
    with pytest.raises(OutboxMissing) as caught:
        SqliteOutbox.open(path, sealer())
    assert caught.value.exit_code is Exit.SETTINGS
    assert not path.parent.exists()


def test_many_may_create_it_at_once(path: Path) -> None:
    """The first creates it; the others use it, and no report is lost."""
    together = Barrier(6)

    def save(number: int) -> None:
        together.wait(30)
        with open_outbox(path) as outbox:
            outbox.add(report(number), due_at=None)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(save, range(6)))
    with open_outbox(path) as outbox:
        assert {entry.id for entry in outbox.entries(Selection())} == {uuid(number) for number in range(6)}
    assert [file.name for file in path.parent.iterdir()] == ["outbox.db"]


def test_a_database_that_another_process_has_just_opened_is_not_damage(path: Path) -> None:
    """The other process created it after this one found no file, so its log is there before this one looks for one."""
    with open_outbox(path) as other:
        other.add(report(1), due_at=None)
        assert path.with_name("outbox.db-wal").exists()
        assert database.create_database(path) is False
        assert other.find(uuid(1))


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be removed")
@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_file_that_is_removed_while_it_is_open(tmp_path: Path, *, is_replaced: bool) -> None:
    """A change raises `OutboxMissing`, with and without another file in its place: it is in no file that is found."""
    path, copy = tmp_path / "outbox.db", tmp_path / "copy.db"
    with SqliteOutbox.open(path, sealer(), create=True) as outbox:
        outbox.add(report(1), due_at=None)
        shutil.copy(path, copy)
        path.unlink()
        if is_replaced:
            copy.rename(path)
        with pytest.raises(OutboxMissing) as caught:
            outbox.add(report(2), due_at=None)
    assert caught.value.exit_code is Exit.SETTINGS
    assert caught.value.advice is not None
    assert "apoa restore" in caught.value.advice.render()


def test_a_log_that_disappears_while_it_is_looked_at_is_no_missing_outbox(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last other process that has it open removes the log when it ends, at any moment."""
    other = open_outbox(path)
    other.add(report(1), due_at=None)
    really = os.lstat

    def then_close_the_other(name: str | Path) -> os.stat_result:
        state = really(name)
        if str(name).endswith("-wal"):
            monkeypatch.setattr(os, "lstat", really)
            other.close()
            assert not Path(name).exists()
        return state

    monkeypatch.setattr(database, "check_permissions", lambda *_names, **_more: None)  # which looks at the log earlier
    monkeypatch.setattr(os, "lstat", then_close_the_other)
    with open_outbox(path) as outbox:
        assert outbox.find(uuid(1))
    assert os.lstat is really


def test_what_killed_creations_left_is_removed(path: Path) -> None:
    """A minute later: it may be the second name of a database that is gone, whose reports nothing else erases."""
    open_outbox(path).close()
    old, young = temporary_beside(path), temporary_beside(path)
    young.touch()
    path.rename(old)
    os.utime(old, (0, 0))
    open_outbox(path).close()
    assert {*path.parent.iterdir()} == {path, young}


def test_it_is_created_without_hard_links(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a FAT stick, for example; a name that is taken there is still not overwritten."""

    def link(source: object, target: object) -> None:  # noqa: ARG001  os.link's signature
        raise PermissionError

    monkeypatch.setattr(os, "link", link)
    with open_outbox(path) as outbox:
        outbox.add(report(1), due_at=None)
    path.with_name("draft").touch()
    with pytest.raises(FileExistsError):
        database.publish(path.with_name("draft"), path)
    with open_outbox(path) as outbox:
        assert outbox.find(uuid(1))


def test_it_is_created_on_windows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There a rename fails if the name is taken, and folders are not synced."""
    monkeypatch.setattr(database, "_ON_WINDOWS", True)
    with open_outbox(path) as outbox:
        assert outbox.add(report(1), due_at=None).seq == 1


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"not a database at all, but long enough to look at " * 9, b"SQLite format 3\0"),
        *("CREATE TABLE x (y)", f"PRAGMA application_id = {APPLICATION_ID}"),
    ],
)
def test_what_is_no_outbox_is_refused_and_kept(path: Path, content: bytes | str) -> None:
    """An empty, foreign or truncated file is neither read nor replaced; another program's database is not migrated."""
    path.parent.mkdir(parents=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with closing(sqlite3.connect(path)) as foreign:
            foreign.execute(content)
            foreign.commit()
    before = path.read_bytes()
    with pytest.raises(OutboxDamaged):
        open_outbox(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [0, 3, 5, 9, NEXT])
def test_a_version_of_no_release_is_no_outbox(path: Path, version: int) -> None:
    """No program that was released wrote such a file, so that nothing is known of its tables: it is left alone.

    Of a newer version an older program says that it must be updated.
    """
    open_outbox(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {version}")
    before = path.read_bytes()
    with raises_error("outbox_too_new" if version == NEXT else "outbox_damaged") as caught:
        open_outbox(path)
    assert path.read_bytes() == before
    assert caught.value.advice is not None
    assert version != NEXT or "Update" in caught.value.advice.render()


def test_migration_continues_after_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each migration is complete or not done; a failed one is tried again at the next opening."""
    path = tmp_path / "outbox.db"
    with open_outbox(path) as outbox:
        outbox.add(report(1), due_at=None)
    broken = ("ALTER TABLE reports ADD COLUMN source TEXT", "NONSENSE")
    monkeypatch.setattr("apoa_client.outbox.sqlite.migrations.STEPS", {**STEPS, NEXT: broken})
    with pytest.raises(OutboxDamaged):
        open_outbox(path)
    monkeypatch.setattr("apoa_client.outbox.sqlite.migrations.STEPS", {**STEPS, NEXT: broken[:1]})
    with open_outbox(path) as outbox:
        assert outbox._db.execute("SELECT source FROM reports").fetchall() == [(None,)]
        assert outbox._db.execute("PRAGMA user_version").fetchone() == (NEXT,)
        migrate(outbox._sqlite.connection)


def test_a_lost_database_with_a_log_left_is_damage(path: Path) -> None:
    """A log without its database holds reports: no new database is created beside it."""
    path.parent.mkdir(parents=True)
    path.with_name("outbox.db-wal").write_bytes(b"x")
    with pytest.raises(OutboxDamaged):
        open_outbox(path)


@pytest.mark.skipif(os.name != "posix", reason="links need a privilege on Windows")
@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_not_followed(path: Path, tmp_path: Path, *, there: bool) -> None:
    """A link at the file's name, to a file or to nothing, is refused, and so is a file in place of the folder."""
    path.parent.parent.write_bytes(b"")
    with pytest.raises(OutboxUnreachable):
        open_outbox(path)
    path.parent.parent.unlink()
    path.parent.mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere.db"
    if there:
        open_outbox(elsewhere).close()
    path.symlink_to(elsewhere)
    with pytest.raises(OutboxUnreachable):
        open_outbox(path)
    assert elsewhere.exists() is there


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal"])
def test_a_named_pipe_is_refused(path: Path, ending: str) -> None:
    """At the file's name or beside it, for writing and for reading; opening it would wait until a program writes."""
    open_outbox(path).close()
    pipe = Path(f"{path}{ending}")
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe, 0o600)
    for opening in (open_outbox, lambda file: SqliteOutbox.open_for_reading(file, sealer(), str)):
        with raises_error("no_ordinary_file") as raised:
            opening(path)
        assert str(pipe) in raised.value.message.render()
        assert raised.value.exit_code == Exit.SETTINGS


def test_flipped_bytes_are_found_and_the_rest_is_readable(path: Path) -> None:
    """Damaged pages raise `OutboxDamaged` or `SealBroken`, never a foreign error, and never give other content."""
    with open_outbox(path) as outbox:
        add(outbox, *range(40), due_at=NOON)
    good = path.read_bytes()
    outcomes = set()
    for page in range(0, len(good), 4096):
        flipped = bytearray(good)
        flipped[page : page + 64] = bytes(byte ^ 0xFF for byte in good[page : page + 64])
        path.write_bytes(flipped)
        outcomes.add(read_all(path))
    assert outcomes <= {"read", "OutboxDamaged", "SealBroken"}
    assert {"read", "OutboxDamaged"} <= outcomes


def read_all(path: Path) -> str:
    try:
        with open_outbox(path) as outbox:
            outbox.summary(now=NOON, soon=NOON)
            for entry in outbox.entries(Selection()):
                assert outbox.content(entry).report.id == entry.id
    except (OutboxDamaged, SealBroken) as exc:
        return type(exc).__name__
    return "read"


@may_mount
def test_a_disk_that_fills_up(tmp_path: Path) -> None:
    """A real full disk: `DiskFull` when creating, adding, opening; no acknowledged report is lost."""
    with small_disk(tmp_path / "disk", 256) as disk:
        path = disk / "outbox.db"
        saved: list[str] = []
        with open_outbox(path) as outbox, pytest.raises(DiskFull):
            saved.extend(outbox.add(report(number), due_at=None).id for number in range(1000))
        assert saved
        ballast = fill_disk(disk)
        with pytest.raises(DiskFull):
            open_outbox(disk / "other.db")
        with pytest.raises(DiskFull):
            open_outbox(path).add(report(5000), due_at=None)
        ballast.unlink()
        with open_outbox(path) as outbox:
            assert [entry.id for entry in outbox.entries(Selection())] == saved


@may_mount
def test_a_disk_without_room_for_a_new_outbox(tmp_path: Path) -> None:
    """However much room is missing: `DiskFull` and no file of that name, or a whole outbox, which opens again."""
    made = set()
    with small_disk(tmp_path / "disk", 256) as disk:
        for free in range(16, 256, 16):
            path, ballast = disk / f"{free}.db", disk / "ballast"
            ballast.write_bytes(bytes((256 - free) * 1024))
            with suppress(DiskFull):
                open_outbox(path).close()
            made.add(path.exists())
            ballast.unlink()
            if path.exists():
                with open_outbox(path) as outbox:
                    assert outbox.check_file(lambda: False).complete
            for file in disk.iterdir():
                file.unlink()
    assert made == {False, True}


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    if ROOT:
        with read_only(folder, folder):
            yield
    else:
        folder.chmod(0o500)
        yield
        folder.chmod(0o700)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("exists", [True, False])
def test_a_read_only_home(path: Path, *, exists: bool) -> None:
    """A folder that cannot be written raises an error of ours, for an existing outbox and for a new one."""
    path.parent.mkdir(parents=True)
    if exists:
        open_outbox(path).close()
    with unwritable(path.parent), pytest.raises(OutboxUnreachable):
        open_outbox(path)


def test_a_lock_that_is_never_released(outbox: SqliteOutbox, path: Path) -> None:
    """After the busy timeout, a writer raises `OutboxBusy`; nothing is half done."""
    other = connect(path)
    other.execute("BEGIN IMMEDIATE")
    outbox._db.execute("PRAGMA busy_timeout = 10")
    with pytest.raises(OutboxBusy):
        outbox.add(report(1), due_at=None)
    other.execute("ROLLBACK")
    other.close()
    assert outbox.add(report(1), due_at=None).seq == 1


def test_an_interrupted_change_leaves_nothing(outbox: SqliteOutbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C after the second report of a group: none is saved or recorded, and the group can be saved afterwards."""
    group = [NewReport(report(number), None) for number in range(3)]
    really = insertion.insert

    def interrupt(db: Database, row: Row) -> None:
        really(db, row)
        if row["id"] == uuid(1):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(insertion, "insert", interrupt)
        with pytest.raises(KeyboardInterrupt):
            outbox.add_all(group)
    assert (list(outbox.entries(Selection())), list(outbox.audit_trail.entries())) == ([], [])
    assert len(outbox.add_all(group)) == 3


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        (OSError(28, "ENOSPC"), DiskFull),
        (PermissionError(13, "EACCES"), OutboxUnreachable),
        (FileNotFoundError(2, "ENOENT"), OutboxMissing),
        (sqlite3.OperationalError("Could not decode to UTF-8 column"), OutboxDamaged),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), OutboxDamaged),
    ],
)
def test_foreign_errors_become_ours(path: Path, foreign: Exception, ours: type[StorageProblem]) -> None:
    """Whatever the file system or SQLite raises, the caller gets one of our errors, with advice."""
    with pytest.raises(ours) as caught, translate_errors(path):
        raise foreign
    assert caught.value.advice is not None


def test_an_input_output_error_is_a_full_disk_only_where_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite reports an I/O error for a shared memory file that does not fit."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR | (19 << 8)
    with pytest.raises(OutboxUnreachable), translate_errors(tmp_path / "outbox.db"):
        raise error
    with pytest.raises(OutboxUnreachable), translate_errors(tmp_path / "gone" / "outbox.db"):
        raise error
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(DiskFull), translate_errors(tmp_path / "outbox.db"):
        raise error


def test_a_file_that_another_process_is_still_naming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hold: Hold
) -> None:
    """Six desks that start at once: on Windows the file cannot be opened until the one that named it has closed it.

    The draft of the one that lost the race is removed.
    """
    path = tmp_path / "outbox.db"
    real = database.publish

    def publish(draft: Path, name: Path) -> None:
        real(draft, name)
        hold(path, 20)
        raise FileExistsError  # the other process was first

    monkeypatch.setattr(database, "publish", publish)
    assert not database.create_database(path)
    assert [*tmp_path.glob("*.new")] == []
    database.open_database(path, create=False).close()
