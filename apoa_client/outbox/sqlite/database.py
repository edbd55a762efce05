"""The database in a SQLite file; opens it, and creates it so that no kill, race or power cut leaves an incomplete one.

A new database is built completely under a temporary name, and then gets its name in one step that fails if the name is
taken. So a file with that name that is not complete was damaged later, and is reported as damaged.
"""

import errno
import os
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from apoa_client.errors import ApoaError, StorageProblem, file_in_use
from apoa_client.files import (
    FileInUse,
    create_private,
    make_private_folder,
    remove_abandoned,
    remove_draft,
    state_if_exists,
    sync_file,
    sync_folder,
    temporary_beside,
    wait_while_in_use,
)
from apoa_client.messages import msg
from apoa_client.outbox.database import Database
from apoa_client.outbox.errors import DiskFull, OutboxBusy, OutboxMissing, OutboxUnreachable, damaged
from apoa_client.outbox.sql.metadata import READ_ALL
from apoa_client.outbox.sqlite.migrations import check_version, migrate
from apoa_client.permissions import check_permissions

_ALMOST_FULL = 256 * 1024
"""Bytes: with less than this left, SQLite cannot even create its shared memory file."""

_UNREACHABLE = {
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOLFS,
    sqlite3.SQLITE_PROTOCOL,
}


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite, the file system or an unreadable row raises into a `StorageProblem` about the file."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # a bug of this program, not a problem of the file
    except sqlite3.Error as exc:
        raise _from_sqlite(exc, path) from exc
    except UnicodeDecodeError as exc:  # sqlite3's own, whose text would quote what is damaged
        raise damaged(path) from exc
    except OSError as exc:
        raise _from_system(exc, path) from exc


def _from_sqlite(exc: sqlite3.Error, path: Path) -> StorageProblem:
    code = getattr(exc, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    primary = code & 0xFF  # https://sqlite.org/rescode.html: the low byte is the class
    if primary == sqlite3.SQLITE_FULL or (primary == sqlite3.SQLITE_IOERR and _almost_full(path)):
        return _full(path)
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return OutboxBusy(msg("The file {path} is in use by another process.", path=str(path)))
    if primary in _UNREACHABLE:
        return _unreachable(path)
    return damaged(path)


def _from_system(exc: OSError, path: Path) -> ApoaError:
    if exc.errno in {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG}:
        return _full(path)
    if isinstance(exc, FileNotFoundError):
        return OutboxMissing(msg("There is no outbox at {path}.", path=str(path)))
    if isinstance(exc, FileInUse):
        return file_in_use(str(path))
    return _unreachable(path)


def _full(path: Path) -> DiskFull:
    return DiskFull(msg("The disk is full: {path} could not be written.", path=str(path)))


def _unreachable(path: Path) -> OutboxUnreachable:
    return OutboxUnreachable(msg("The file {path} cannot be read or written.", path=str(path)))


def _almost_full(path: Path) -> bool:
    """Return whether an I/O error is really a full disk: SQLite reports it so for its shared memory file."""
    from shutil import disk_usage  # only after an error

    try:
        return disk_usage(path.parent).free < _ALMOST_FULL
    except OSError:
        return False


_BUSY_TIMEOUT_S = 30
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

_LOGS = ("-wal", "-journal")
_BESIDE = (*_LOGS, "-shm")
_NO_ORDINARY_FILE = "no_ordinary_file"
"""What SQLite adds to the name of the file for those whose content it applies to it."""

_ON_WINDOWS = os.name == "nt"

_HIGHEST_SEQ = """
    SELECT max(COALESCE((SELECT max(seq) FROM reports), 0),
        COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'reports'), 0))
"""


class SqliteDatabase(Database):
    """A `Database` in one file, with `connection` to it. Every statement outside of a transaction is one by itself."""

    insertion_order = "rowid"
    may_delete = True

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.place = str(path)
        self.metadata: dict[str, Any] | None = None
        self.connection = connection
        self.path = path
        self._file = _file_at(path)

    @property
    def in_transaction(self) -> bool:
        """As `Database`."""
        return self.connection.in_transaction

    def execute(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = (), /) -> sqlite3.Cursor:
        """As `Database`."""
        return self.connection.execute(statement, values)

    def executemany(
        self, statement: str, rows: Iterable[Sequence[Any]] | Iterable[Mapping[str, Any]], /
    ) -> sqlite3.Cursor:
        """As `Database`."""
        return self.connection.executemany(statement, rows)

    def insert_report(self, statement: str, values: Mapping[str, Any], /) -> int | None:
        """As `Database`; without RETURNING, which SQLite has since 3.35."""
        cursor = self.connection.execute(statement, values)
        return cursor.lastrowid if cursor.rowcount == 1 else None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """As `Database`: takes the write lock at once (`BEGIN IMMEDIATE`)."""
        with self.errors():
            self.execute("BEGIN IMMEDIATE")
            try:
                self.metadata = self._read_metadata()
                yield
                self.execute("COMMIT")
            except BaseException:
                if self.in_transaction:
                    self.execute("ROLLBACK")
                raise
            finally:
                self.metadata = None
            self._check_in_place()

    def _read_metadata(self) -> dict[str, Any]:
        try:
            return dict(self.execute(READ_ALL))
        except sqlite3.OperationalError:  # text that this program never wrote: no report may fail for it
            with self.any_text():
                return dict(self.execute(READ_ALL))

    def _check_in_place(self) -> None:
        """Raise `OutboxMissing` if the file was removed or replaced since it was opened: a change of it is lost."""
        if self._file is None or _file_at(self.path) != self._file:
            raise OutboxMissing(
                msg("The outbox at {path} was removed while it was in use.", path=str(self.path)),
                msg(
                    "What was saved or sent just now is not recorded. Ask your IT admin to restore the last backup: "
                    "apoa restore FILE. Then report again the guests since then whom the authority does not have."
                ),
            )

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """As `Database`."""
        if self.in_transaction:
            yield
            return
        self.execute("BEGIN")
        try:
            yield
        finally:
            self.execute("ROLLBACK")

    def errors(self) -> AbstractContextManager[None]:
        """As `Database`."""
        return translate_errors(self.path)

    @contextmanager
    def any_text(self) -> Iterator[None]:
        """As `Database`: SQLite stores any bytes as text."""
        before: Callable[[bytes], Any] = self.connection.text_factory
        self.connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        try:
            yield
        finally:
            self.connection.text_factory = before

    def now(self, here: datetime) -> datetime:
        """As `Database`: every process that uses the file is on this computer."""
        return here

    def unused_seq(self) -> int:
        """As `Database`: SQLite gives an insertion the number after the highest one that a report ever had."""
        (seq,) = self.execute(_HIGHEST_SEQ).fetchone()
        return int(seq) + 1

    def skip_numbers(self, highest: int) -> None:
        """As `Database`: SQLite counts on from the number that it remembers for AUTOINCREMENT."""
        skipped = max(highest, self.unused_seq() - 1)
        self.execute("DELETE FROM sqlite_sequence WHERE name = 'reports'")
        self.execute("INSERT INTO sqlite_sequence VALUES ('reports', ?)", [skipped])

    def highest_event(self) -> int:
        """As `Database`: SQLite remembers it, for AUTOINCREMENT."""
        row = self.execute("SELECT seq FROM sqlite_sequence WHERE name = 'audit'").fetchone()
        return row[0] if row is not None and isinstance(row[0], int) else 0

    def empty_log(self, *, wait: bool = True) -> bool:
        """As `Database`; waits for readers as a writer waits for another."""
        (timeout,) = self.execute("PRAGMA busy_timeout").fetchone()
        self.execute(f"PRAGMA busy_timeout = {timeout if wait else 0}")
        try:
            busy, _pages, _moved = self.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            self.execute(f"PRAGMA busy_timeout = {timeout}")
        return not busy

    def close(self) -> None:
        """As `Database`."""
        self.connection.close()


def _file_at(path: Path) -> tuple[int, int] | None:
    state = state_if_exists(str(path))
    return (state.st_dev, state.st_ino) if state is not None else None


def open_database(path: Path, *, create: bool) -> SqliteDatabase:
    """Open the database at `path`, configured and migrated; create it first if `create` allows it.

    Raises `OutboxMissing`, `OutboxUnreachable`, `OutboxDamaged`, `OutboxBusy`, `DiskFull`, `StorageProblem`
    for a file that a newer program wrote, or `SettingsProblem` if another user can change the file.
    """
    check_permissions(path, beside=_LOGS)
    with translate_errors(path):
        if create and not os.path.lexists(path):
            create_database(path)
        _check_ordinary_files(path)
        db = connect(path)
        try:
            check_version(db, path)  # before any setting: some of them write
            configure(db)
        except BaseException:
            db.close()
            raise
        return SqliteDatabase(db, path)


def _check_ordinary_files(path: Path) -> None:
    """Raise `OutboxUnreachable` if the file, or one that SQLite keeps beside it, is a link, a folder or a pipe.

    SQLite would wait for a pipe until another program writes into it.
    """
    for name in (str(path), *(f"{path}{ending}" for ending in _BESIDE)):
        state = os.lstat(name) if name == str(path) else state_if_exists(name)
        if state is not None and not stat.S_ISREG(state.st_mode):
            raise OutboxUnreachable(
                msg("{path} is a link, a folder or a pipe, where a file of apoa-client should be.", path=name),
                msg("Find out what made it, and remove it. Nothing was read or changed."),
                name=_NO_ORDINARY_FILE,
            )


def open_for_reading(path: Path) -> tuple[SqliteDatabase, StorageProblem | None]:
    """Open the database at `path` as `open_database` does, or, where nothing can be written, a copy that is only read.

    Returns also why nothing can be written, or None. Raises what `open_database` raises if the file cannot be read.
    """
    try:
        return open_database(path, create=False), None
    except OutboxMissing:
        raise
    except (DiskFull, OutboxUnreachable) as exc:
        if exc.name == _NO_ORDINARY_FILE:
            raise
        from apoa_client.outbox.sqlite.read_only_copy import open_copy  # rarely needed

        with translate_errors(path):
            return SqliteDatabase(open_copy(path, exc), path), exc


def open_in_memory(path: Path) -> SqliteDatabase:
    """Return an empty database in memory, in place of one that is not at `path`."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db)
    return SqliteDatabase(db, path)


def connect(path: Path) -> sqlite3.Connection:
    """Connect to an existing database file, with explicit transactions and without any settings yet."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_TIMEOUT_S)


def configure(db: sqlite3.Connection) -> None:
    """Apply the settings, and migrate the database to this version's schema."""
    for setting in _SETTINGS:
        db.execute(setting)
    migrate(db)


def create_database(path: Path) -> bool:
    """Create the database; False if another process was first, whose database stays.

    For use within `translate_errors`. Raises `OutboxDamaged` if the log of a lost database is there.
    """
    if os.path.lexists(f"{path}-wal"):
        if os.path.lexists(path):  # another process has just created and opened it
            return False
        raise damaged(path)  # SQLite would apply the log of the lost database to the new one
    make_private_folder(path.parent)
    draft = temporary_beside(path)
    created = False
    try:
        os.close(create_private(draft))
        _write_draft(draft)
        remove_abandoned(draft, path)  # one may be another name of a database that is gone, with its reports
        with suppress(FileExistsError):  # another process was first, and its database is as good as ours
            publish(draft, path)
            created = True
        sync_file(path)
        sync_folder(path.parent)
    finally:
        remove_draft(draft)
    return created


def _write_draft(draft: Path) -> None:
    with closing(connect(draft)) as db:
        # No log yet: SQLite does not say if the disk is full when it moves the pages of a log into the file at the end.
        db.execute("PRAGMA journal_mode = MEMORY")
        migrate(db)
        configure(db)
    sync_file(draft)


def publish(draft: Path, path: Path) -> None:
    """Give the draft its name. Raises `FileExistsError` if the name is taken."""
    if _ON_WINDOWS:
        wait_while_in_use(draft, lambda: draft.rename(path))  # which fails there if the name is taken
        return
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links (FAT on a stick): the window for a race is small
        if os.path.lexists(path):
            raise FileExistsError from None
        draft.rename(path)
