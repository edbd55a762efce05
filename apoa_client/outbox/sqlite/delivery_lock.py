"""The delivery lock: one process at a time delivers, so that no two processes work through the same queue.

It is SQLite's own lock, on an empty file beside the outbox: it works alike on every platform, and the kernel releases
it when its process dies. Leases alone would keep two runs from sending a report twice; the lock keeps them from waiting
for each other's leases and from sharing a slow line.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from apoa_client.files import create_private
from apoa_client.outbox.errors import OutboxBusy
from apoa_client.outbox.sqlite.error_translation import translate_errors


@contextmanager
def delivery_lock(path: Path, wait_s: float) -> Iterator[bool]:
    """Take the lock of the outbox at `path` until the context is left, and yield whether this process got it.

    Waits at most `wait_s` seconds. Raises `OutboxUnreachable` or `DiskFull` if the lock file cannot be made.
    """
    file = path.with_name(f"{path.stem}.lock")
    with translate_errors(file):
        with suppress(FileExistsError):
            os.close(create_private(file))
        db = sqlite3.connect(file, isolation_level=None, timeout=wait_s)
    with closing(db):
        try:
            with translate_errors(file):
                db.execute("BEGIN EXCLUSIVE")
            acquired = True
        except OutboxBusy:
            acquired = False
        yield acquired
