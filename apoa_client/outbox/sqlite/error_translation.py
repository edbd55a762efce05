"""Turns the errors of SQLite and of the file system into those of `apoa_client.outbox.errors`."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from apoa_client.errors import ApoaError, StorageProblem, file_in_use
from apoa_client.files import FileInUse
from apoa_client.messages import msg
from apoa_client.outbox.errors import DiskFull, OutboxBusy, OutboxMissing, OutboxUnreachable, damaged

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


@contextmanager
def translate_read_errors(path: Path) -> Iterator[None]:
    """Like `translate_errors`, for reading rows: a value that this program never wrote is damage too."""
    try:
        with translate_errors(path):
            yield
    except (ValueError, TypeError, KeyError, OverflowError) as exc:
        raise damaged(path) from exc


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
