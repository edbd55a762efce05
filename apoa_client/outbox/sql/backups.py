"""What the outbox knows of its backups: the last one, the automatic ones into a folder, and the id in their names."""

# Annotations stay text, as in `store`.
from __future__ import annotations

import os
import re
from itertools import islice
from typing import TYPE_CHECKING

from apoa_client.outbox.rows import from_millis, from_millis_or_none, millis
from apoa_client.outbox.sql.metadata import number_or_none, read_metadata, write_metadata
from apoa_client.ports.state import FolderBackups

if TYPE_CHECKING:
    from datetime import datetime

    from apoa_client.outbox.database import Database

LAST_KEY = "last_backup"
"""The key of the time of the last backup, in milliseconds."""
_FOLDER_KEY = "folder_backups"
_SERIES_KEY = "backup_series"
KEYS = (LAST_KEY, _FOLDER_KEY, _SERIES_KEY)

_SERIES_BYTES = 3
_SERIES = re.compile(r"[0-9a-f]{6}")
_NEVER = "-"

_MOST_FOLDERS = 8
"""How many folders are known: each desk of a shared outbox may have its own."""
_BETWEEN = ", "


def record_backup(db: Database, at: datetime) -> None:
    """Record that a backup was written, inside a transaction."""
    write_metadata(db, LAST_KEY, millis(at))


def last_backup(db: Database) -> datetime | None:
    """Return when the last backup was made; None if none is known, or what is stored is no time."""
    return last_backup_from(read_metadata(db, LAST_KEY))


def last_backup_from(value: object) -> datetime | None:
    """Return what `last_backup` does, from the value of `LAST_KEY`."""
    try:
        return from_millis_or_none(number_or_none(value))
    except (ValueError, TypeError, OverflowError):
        return None


def backup_series(db: Database) -> str:
    """Return the id of this outbox in the names of its backups, inside a transaction, which stores a new one.

    What has another form is replaced: it becomes a part of a file's name.
    """
    series = str(read_metadata(db, _SERIES_KEY))
    if _SERIES.fullmatch(series) is None:
        series = os.urandom(_SERIES_BYTES).hex()
        write_metadata(db, _SERIES_KEY, series)
    return series


def folder_backups(db: Database, folder: str) -> FolderBackups:
    """Return what is known of the automatic backups into this folder.

    What cannot be read is not known: no backup waits for it, and the next one replaces it.
    """
    try:
        other_disk, *times = _records(db)[_checksum(folder)].split(" ")
        written_at, failed_at, shown_at = (None if time == _NEVER else from_millis(int(time)) for time in times)
        return FolderBackups(written_at, failed_at, shown_at, bool(int(other_disk)))
    except (KeyError, ValueError, OverflowError):
        return FolderBackups()


def record_folder_backups(db: Database, folder: str, known: FolderBackups) -> None:
    """Store what is known of this folder, inside a transaction. The folders that were recorded last are kept."""
    times = (known.written_at, known.failed_at, known.shown_at)
    words = [_NEVER if time is None else str(millis(time)) for time in times]
    checksum = _checksum(folder)
    records = {checksum: " ".join([str(int(known.other_disk)), *words])}
    records |= {key: value for key, value in _records(db).items() if key != checksum}
    kept = islice(records.items(), _MOST_FOLDERS)
    write_metadata(db, _FOLDER_KEY, _BETWEEN.join(f"{key} {value}" for key, value in kept))


def _records(db: Database) -> dict[str, str]:
    """Return what is stored of each folder, by its checksum: the one that was recorded last is the first."""
    stored = str(read_metadata(db, _FOLDER_KEY) or "")
    parts = (each.partition(" ") for each in stored.split(_BETWEEN))
    return {checksum: value for checksum, _blank, value in parts if value}


def _checksum(folder: str) -> str:
    """Return what tells one folder from the next. The path may name a person, and backups hold the metadata."""
    from zlib import crc32  # start-up: only a backup into a folder needs it

    return f"{crc32(folder.encode(errors='surrogateescape')):08x}"
