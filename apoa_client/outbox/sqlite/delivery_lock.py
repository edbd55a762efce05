"""Whose turn it is to deliver: one process at a time, so that no two sort out the same queue.

The lock is SQLite's own, on an empty file beside the outbox: it works alike on every platform, and the kernel lifts it
when its process is gone, however that went. Leases would keep two runs from sending a report twice; this keeps them
from waiting for each other's, and a struggling line from being shared.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from apoa_client.files import create_private
from apoa_client.outbox.errors import OutboxBusy, translate_errors


@contextmanager
def turn(path: Path, wait_s: float) -> Iterator[bool]:
    """Whether this process may deliver what the outbox at `path` holds; it waits at most `wait_s` for its turn.

    The turn is over when the context is left. Raises `OutboxUnreachable` or `DiskFull` where there can be no lock.
    """
    lock = path.with_name(f"{path.stem}.lock")
    with closing(_opened(lock, wait_s)) as db:
        yield _taken(db, lock)


def _opened(lock: Path, wait_s: float) -> sqlite3.Connection:
    with translate_errors(lock):
        with suppress(FileExistsError):
            os.close(create_private(lock))
        return sqlite3.connect(lock, isolation_level=None, timeout=wait_s)


def _taken(db: sqlite3.Connection, lock: Path) -> bool:
    try:
        with translate_errors(lock):
            db.execute("BEGIN EXCLUSIVE")
    except OutboxBusy:
        return False
    return True
