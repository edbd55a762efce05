"""The delivery lock: one process at a time delivers, so that no two processes work through the same queue.

It is SQLite's own lock, on an empty file beside the outbox: it works alike on every platform, and the kernel releases
it when its process dies. Leases alone would keep two runs from sending a report twice; the lock keeps them from waiting
for each other's leases and from sharing a slow line. Which process holds it is written in a second file, because the
first one cannot be read meanwhile.
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from apoa_client.files import create_private, read_regular
from apoa_client.outbox.errors import OutboxBusy
from apoa_client.outbox.rows import NO_ACTOR, from_millis, millis
from apoa_client.outbox.sqlite.error_translation import translate_errors
from apoa_client.ports.audit import Actor
from apoa_client.ports.state import LockHolder


@contextmanager
def delivery_lock(path: Path, wait_s: float, actor: Actor = NO_ACTOR) -> Iterator[bool]:
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
        except OutboxBusy:
            yield False
            return
        holder = _holder_file(path)
        with suppress(OSError):  # only other processes read it, for a message
            holder.unlink(missing_ok=True)
            with os.fdopen(create_private(holder), "w", encoding="utf-8") as note:
                json.dump({"pid": os.getpid(), "command": actor.command, "since": millis(actor.now())}, note)
        try:
            yield True
        finally:
            with suppress(OSError):
                holder.unlink()


def lock_holder(path: Path) -> LockHolder | None:
    """Return which process holds the lock of the outbox at `path`; None if no process does, or it is not known.

    A process that was killed leaves its file, so ask only while the lock is held.
    """
    try:
        value = json.loads(read_regular(_holder_file(path)))
        return LockHolder(int(value["pid"]), str(value["command"]), from_millis(value["since"]))
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return None


def _holder_file(path: Path) -> Path:
    return path.with_name(f"{path.stem}.lock.json")
