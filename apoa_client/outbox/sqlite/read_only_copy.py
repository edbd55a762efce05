"""Reads an outbox where nothing can be written: a full disk, a read-only folder or file system.

SQLite cannot open a database in WAL mode there unless its shared memory file exists already. The file is then copied
into memory and the copy is read. It is exact only if the file alone holds everything and did not change meanwhile.
"""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

from apoa_client.errors import StorageProblem
from apoa_client.files import state_if_exists
from apoa_client.outbox.sqlite.migrations import check_version, migrate

_TRIES = 3


def open_copy(path: Path, problem: StorageProblem) -> sqlite3.Connection:
    """Return a connection to a copy in memory, migrated to this version's schema, that refuses every change.

    Raises `problem`, why the file itself cannot be opened, if there is no exact copy; and `OutboxDamaged` or `too_new`.
    For use within `translate_errors`.
    """
    for _try in range(_TRIES):
        before = _file_state(path)
        if before is None:
            break
        copy = sqlite3.connect(":memory:", isolation_level=None)
        try:
            _copy_into(copy, path, problem)
            if _file_state(path) == before:
                check_version(copy, path)
                migrate(copy)
                copy.execute("PRAGMA query_only = ON")
                return copy
        except BaseException:
            copy.close()
            raise
        copy.close()
    raise problem


def _file_state(path: Path) -> tuple[int, ...] | None:
    """Return what changes if another process writes to the file; None for a link, or if a log holds newer pages.

    A process that writes has a log in the folder, and creating or removing that changes the folder's time.
    """
    file = path.lstat()
    if not stat.S_ISREG(file.st_mode):  # the log of a linked file is elsewhere
        return None
    for name in (f"{path}-wal", f"{path}-journal"):
        log = state_if_exists(name)
        if log is not None and log.st_size:
            return None
    folder = path.parent.stat()
    return file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns, folder.st_mtime_ns


def _copy_into(copy: sqlite3.Connection, path: Path, problem: StorageProblem) -> None:
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"  # immutable: SQLite looks for no log and takes no lock
    try:
        with closing(sqlite3.connect(uri, uri=True)) as db:
            db.backup(copy)
    except sqlite3.OperationalError as exc:  # the file itself cannot be read
        raise problem from exc
