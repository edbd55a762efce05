"""Opens the database file for a reader that must never be noticed: it writes nothing, locks nothing and never waits.

Completion of a command line reads so, in a shell, at any moment, also while another process sends.
"""

import sqlite3
from pathlib import Path

from apoa_client.files import state_if_exists
from apoa_client.messages import msg
from apoa_client.outbox.errors import OutboxBusy
from apoa_client.outbox.sqlite.database import SqliteDatabase
from apoa_client.outbox.sqlite.error_translation import translate_errors
from apoa_client.outbox.sqlite.migrations import STEPS, check_version, version_of
from apoa_client.permissions import check_permissions


def open_unlocked(path: Path) -> SqliteDatabase:
    """Return a database that is only read. Raises `StorageProblem`, also for a file that waits for a migration.

    Where no other process has changes in the log, the file is read alone: a change during the reading may make what is
    read useless, and a caller must accept that.
    """
    check_permissions(path)
    with translate_errors(path):
        path.lstat()
        db = sqlite3.connect(f"{path.absolute().as_uri()}?{_mode(path)}", uri=True, isolation_level=None, timeout=0)
        try:
            _check_current(db, path)
            db.execute("PRAGMA query_only = ON")
        except BaseException:
            db.close()
            raise
        return SqliteDatabase(db, path)


def _check_current(db: sqlite3.Connection, path: Path) -> None:
    check_version(db, path)
    if version_of(db) < len(STEPS):  # the next command migrates it
        raise OutboxBusy(msg("The file {path} is in use by another process.", path=str(path)))


def _mode(path: Path) -> str:
    """Return how SQLite opens the file: without looking at a log, or with the log that another process keeps."""
    log = state_if_exists(f"{path}-wal")
    if log is not None and log.st_size:
        return "mode=ro&readonly_shm=1"
    return "mode=ro&immutable=1"
