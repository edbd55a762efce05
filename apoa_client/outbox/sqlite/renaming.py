"""Gives the file of an outbox another name, or removes it, while no other process has it open."""

import re
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path

from apoa_client.files import SQLITE_ENDINGS, sync_folder, wait_while_in_use
from apoa_client.outbox.rows import from_millis_or_none
from apoa_client.outbox.sqlite.database import connect, open_database, publish
from apoa_client.outbox.sqlite.error_translation import translate_errors

_WAIT_MS = 1000
"""Milliseconds to wait for a process that has the file open."""


def rename_database(path: Path, new: Path) -> None:
    """Rename the file, with what its log has.

    Raises `FileExistsError` if the name is taken, `OutboxBusy` if another process has the file open, and
    `StorageProblem`. A process that opens it meanwhile has the file under its new name.
    """
    with translate_errors(path), closing(connect(path)) as db:
        db.execute(f"PRAGMA busy_timeout = {_WAIT_MS}")
        # Only possible where no other connection is open. The log is moved into the file, and removed.
        db.execute("PRAGMA journal_mode = DELETE")
    publish(path, new)  # the file has both names now
    with translate_errors(path):
        wait_while_in_use(path, lambda: path.unlink(missing_ok=True))
        sync_folder(path.parent)


def set_aside(path: Path) -> Path:
    """Give the file of an outbox that is not used any more another name beside it, and return that.

    Raises what `rename_database` does for a file that is in use.
    """
    number = 1
    while (kept := path.with_name(f"{path.stem}-moved-{number}{path.suffix}")).exists():
        number += 1
    rename_database(path, kept)
    return kept


def files_set_aside(path: Path) -> list[Path]:
    """Return the files that `set_aside` has left of this one."""
    name = re.compile(rf"{re.escape(path.stem)}-moved-\d+{re.escape(path.suffix)}")
    return sorted(each for each in path.parent.glob(f"{path.stem}-moved-*") if name.fullmatch(each.name))


def left_at(path: Path) -> datetime | None:
    """Return when a file was left: the time of its last event; None if it has none. Raises `StorageProblem`."""
    with closing(open_database(path, create=False, moved=True)) as db, db.read_errors():
        return from_millis_or_none(db.execute("SELECT max(at) FROM audit").fetchone()[0])


def remove_database(path: Path) -> None:
    """Remove a file that is no outbox in use, with what SQLite keeps beside it. Raises `StorageProblem`."""
    with translate_errors(path):
        for ending in reversed(SQLITE_ENDINGS):
            file = path.with_name(path.name + ending)
            wait_while_in_use(file, partial(file.unlink, missing_ok=True))


def name_while_filled(path: Path) -> Path:
    """Return the name of a file while reports are being copied into it."""
    return path.with_name(f"{path.stem}-moving{path.suffix}")
