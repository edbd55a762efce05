"""Opening the database's file, and making it so that no kill, race or power cut leaves half of one.

A new database is built under another name, complete, and then gets its own name in one step that fails where the name
is taken. So whatever stands under that name and is not complete was damaged later, and is reported as such.
"""

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from apoa_client.files import create_private, make_private_folder, sync_file, sync_folder, temporary_beside
from apoa_client.messages import msg
from apoa_client.outbox.errors import OutboxUnreachable, damaged, translate_errors
from apoa_client.outbox.sqlite.migrations import check_ours, migrate

_PATIENCE_S = 30
"""How long a writer waits for another process's transaction: SQLite's busy_timeout."""

_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    # FULL, not NORMAL: in WAL mode NORMAL loses every acknowledged row in a power cut.
    "PRAGMA synchronous = FULL",
    # macOS: fsync alone leaves the data in the drive's cache.
    "PRAGMA fullfsync = ON",
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA secure_delete = ON",
)

_ON_WINDOWS = os.name == "nt"


def open_database(path: Path, *, create: bool) -> sqlite3.Connection:
    """The database at `path` with every setting made and every migration done; made first where `create` allows.

    Raises `OutboxMissing`, `OutboxUnreachable`, `OutboxDamaged`, `OutboxTooNew`, `OutboxBusy` or `DiskFull`.
    """
    with translate_errors(path):
        if create and not os.path.lexists(path):
            make(path)
        _check_file(path)
        db = connect(path)
        try:
            check_ours(db, path)  # before any setting: some of them write
            prepare(db)
        except BaseException:
            db.close()
            raise
        return db


def connect(path: Path) -> sqlite3.Connection:
    """A connection to an existing database file, with transactions begun by hand, and as yet no settings."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_PATIENCE_S)


def prepare(db: sqlite3.Connection) -> None:
    """Make this room's settings, and bring the database to this version's form."""
    for setting in _SETTINGS:
        db.execute(setting)
    migrate(db)


@contextmanager
def transaction(db: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Everything inside or nothing, durable at the end; the write lock is taken at once (`BEGIN IMMEDIATE`)."""
    with translate_errors(path):
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def empty_log(db: sqlite3.Connection, *, wait: bool = True) -> bool:
    """Empty the log, which holds pages as they were before; whether that was possible: a reader may be in the way.

    With `wait`, wait for one as a writer waits for another. For use within `translate_errors`.
    """
    (patience,) = db.execute("PRAGMA busy_timeout").fetchone()
    db.execute(f"PRAGMA busy_timeout = {patience if wait else 0}")
    try:
        busy, _pages, _moved = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        db.execute(f"PRAGMA busy_timeout = {patience}")
    return not busy


def _check_file(path: Path) -> None:
    mode = path.lstat().st_mode
    if not stat.S_ISREG(mode):
        raise OutboxUnreachable(
            msg("{path} is a link or a folder, where a file of apoa-client should be.", path=str(path))
        )


def make(path: Path, fill: Callable[[sqlite3.Connection], object] | None = None) -> bool:
    """Make the database, with what `fill` puts into it; False where another process was first, whose stays.

    For use within `translate_errors`.
    """
    if os.path.lexists(f"{path}-wal"):
        if os.path.lexists(path):  # another process has just created and opened it
            return False
        raise damaged(path)  # SQLite would apply the log of the lost database to the new one
    make_private_folder(path.parent)
    draft = temporary_beside(path)
    made = False
    try:
        _write_draft(draft)
        if fill is not None:
            _fill_draft(draft, fill)
        with suppress(FileExistsError):  # another process was first, and its database is as good as ours
            publish(draft, path)
            made = True
        sync_file(path)
        sync_folder(path.parent)
    finally:
        discard(draft)
    return made


def discard(draft: Path) -> None:
    """Remove a draft, and what SQLite may have left beside it."""
    for ending in ("", "-wal", "-shm", "-journal"):
        with suppress(OSError):
            draft.with_name(draft.name + ending).unlink()


def sweep(path: Path) -> None:
    """Remove the drafts that killed processes left beside the database: nobody would erase what is sealed in them.

    For a process that holds the lock (`apoa_client.outbox.sqlite.delivery_lock`) and is the only one to make anything
    here.
    """
    for left in path.parent.glob(f".{path.name}.*.new*"):
        left.unlink(missing_ok=True)


def _write_draft(draft: Path) -> None:
    os.close(create_private(draft))
    with closing(connect(draft)) as db:
        prepare(db)
    sync_file(draft)


def _fill_draft(draft: Path, fill: Callable[[sqlite3.Connection], object]) -> None:
    with closing(connect(draft)) as db:
        prepare(db)
        db.execute("BEGIN IMMEDIATE")
        fill(db)
        db.execute("COMMIT")
    sync_file(draft)


def publish(draft: Path, path: Path) -> None:
    """Give the draft its name, or raise `FileExistsError`."""
    if _ON_WINDOWS:
        draft.rename(path)  # which fails there where the name is taken
        return
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links (FAT on a stick): the window for a race is small
        if os.path.lexists(path):
            raise FileExistsError from None
        draft.rename(path)
