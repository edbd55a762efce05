"""What can be wrong with the outbox's file, each with its own advice, and the one place where SQLite's errors end.

A hotel's only copy of its queue is in that file, so no error here ever leads to a new, empty one in its place.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from apoa_client.errors import StorageProblem
from apoa_client.messages import Message, msg

_LITTLE = 256 * 1024
"""Bytes: with less than this left, SQLite cannot even make its shared memory file."""


class OutboxTooNew(StorageProblem):
    """A newer version of the program wrote it."""

    advice: Message | None = msg("Update apoa-client on this computer, then try again. Nothing was changed.")


class OutboxDamaged(StorageProblem):
    """The file is no outbox, or its content makes no sense."""

    advice: Message | None = msg(
        "Nothing was changed or recreated. Keep the file, and ask your IT admin: it can be restored from a backup."
    )


class DiskFull(StorageProblem):
    """No room to write."""

    advice: Message | None = msg("Free some space on the disk, then try again. What was saved before is still there.")


class OutboxUnreachable(StorageProblem):
    """The file or its folder cannot be read or written."""

    advice: Message | None = msg("Check that this user may read and write the file and its folder.")


class OutboxMissing(OutboxUnreachable):
    """There is no file where it should be."""

    advice: Message | None = msg(
        "On a new computer, start with: apoa setup. If reports were saved here before, do not set up again: ask your "
        "IT admin for the backup."
    )


class OutboxBusy(StorageProblem):
    """Another process has kept the file locked for too long."""

    advice: Message | None = msg("Another apoa command is still at work. Wait a minute, then try again.")


class ReportExists(StorageProblem):
    """A report with this id was saved before."""

    advice: Message | None = msg("It is in the queue or in the history already; nothing was changed.")


def damaged(path: Path) -> OutboxDamaged:
    """The error for a file that cannot be understood."""
    return OutboxDamaged(msg("The file {path} is damaged, or it is not an outbox of apoa-client.", path=str(path)))


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite, the file system or an unreadable row raises into this room's errors."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # a bug of ours, and no file's fault
    except sqlite3.Error as exc:
        raise _of_sqlite(exc, path) from exc
    except UnicodeDecodeError as exc:  # sqlite3's own, where it would quote what is damaged
        raise damaged(path) from exc
    except OSError as exc:
        raise _of_system(exc, path) from exc


@contextmanager
def translate_read_errors(path: Path) -> Iterator[None]:
    """As `translate_errors`, where rows are read: a value that we never wrote is damage, too."""
    try:
        with translate_errors(path):
            yield
    except (ValueError, TypeError, KeyError, OverflowError) as exc:
        raise damaged(path) from exc


def _of_sqlite(exc: sqlite3.Error, path: Path) -> StorageProblem:
    code = getattr(exc, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    primary = code & 0xFF  # https://sqlite.org/rescode.html: the low byte is the class
    if primary == sqlite3.SQLITE_FULL or (primary == sqlite3.SQLITE_IOERR and _no_room(path)):
        return _full(path)
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return OutboxBusy(msg("The file {path} is in use by another process.", path=str(path)))
    if primary in _UNREACHABLE:
        return _unreachable(path)
    return damaged(path)


_UNREACHABLE = {
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOLFS,
    sqlite3.SQLITE_PROTOCOL,
}


def _of_system(exc: OSError, path: Path) -> StorageProblem:
    if exc.errno in {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG}:
        return _full(path)
    if isinstance(exc, FileNotFoundError):
        return OutboxMissing(msg("There is no outbox at {path}.", path=str(path)))
    return _unreachable(path)


def _full(path: Path) -> DiskFull:
    return DiskFull(msg("The disk is full: {path} could not be written.", path=str(path)))


def _unreachable(path: Path) -> OutboxUnreachable:
    return OutboxUnreachable(msg("The file {path} cannot be read or written.", path=str(path)))


def _no_room(path: Path) -> bool:
    """Whether an I/O error is really a full disk: SQLite says so for its database, but not for its shared memory."""
    try:
        place = os.statvfs(path.parent)
    except (AttributeError, OSError):  # Windows has no statvfs
        return False
    return place.f_bavail * place.f_frsize < _LITTLE
