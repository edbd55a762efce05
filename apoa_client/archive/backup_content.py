"""What a backup consists of: the copied tables, and one more with what the backup says about itself."""

import hashlib
import sqlite3
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from apoa_client.files import full_path
from apoa_client.vault.sealing import Purpose, mac, mac_key

FORMAT = 2
"""The version of the table `backup`. Version 1 had no message authentication code."""

OWN_TABLE = "CREATE TABLE backup (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID"

MAX_VALUE_BYTES = 4 << 20
"""The largest value and row in a backup. An authority's findings about a report, the longest ones, come from 1 MiB."""
_MAX_STATEMENT_BYTES = 10_000
_MAX_SCHEMA_STEPS = 2_000
"""Within these steps SQLite reads a schema of some ten times as many tables and indexes as ours."""
_CACHE = "PRAGMA cache_size = -2000"
"""SQLite's default, 2 MB."""


class BackupInfo(NamedTuple):
    """What a backup says about itself. `settings` is the text of a settings file with only this property."""

    program: str
    created_at: datetime
    property_name: str
    settings: str


def backup_code(private_key: bytes, digest: str) -> bytes:
    """Return the message authentication code over the digest of every row, the settings included."""
    return mac(mac_key(private_key, Purpose.BACKUP), digest.encode())


def digest(db: sqlite3.Connection) -> str:
    """Return the SHA-256 over every row of every table, in hexadecimal. `ascii` gives each value and type one form."""
    sha256 = hashlib.sha256()
    for table in tables(db):
        columns = columns_of(db, table)
        sha256.update(ascii([table, columns]).encode())
        query = f"SELECT {', '.join(columns)} FROM {table} ORDER BY {columns[0]}"  # noqa: S608  names from the schema, in quotes
        for row in db.execute(query):
            sha256.update(ascii(row).encode())
    return sha256.hexdigest()


def tables(db: sqlite3.Connection) -> list[str]:
    """Return the names of the tables, quoted, without SQLite's own."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    )
    return [_quoted(row[0]) for row in db.execute(query)]


def columns_of(db: sqlite3.Connection, table: str) -> list[str]:
    """Return the names of a table's columns, quoted: a later version may have more. The first one is unique."""
    return [_quoted(row[1]) for row in db.execute(f"PRAGMA table_info({table})")]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def open_read_only(file: Path) -> sqlite3.Connection:
    """Open read-only and without a lock: the file may be where nothing can be written."""
    db = sqlite3.connect(f"{full_path(file).as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)
    with suppress(sqlite3.Error):  # the caller will meet the same error when it reads
        distrust(db)
    return db


def distrust(db: sqlite3.Connection) -> None:
    """Prepare to read a file from elsewhere: no function in its schema is run, and its cells are checked.

    What it says about sizes takes no memory: a larger value, a larger schema, the size of the cache, which a file may
    name. Raises `sqlite3.Error` for a schema that is larger than any of ours.
    """
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
    db.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, _MAX_STATEMENT_BYTES)
    for setting in ("PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON"):
        db.execute(setting)
    db.set_progress_handler(lambda: 1, _MAX_SCHEMA_STEPS)
    try:
        db.execute(_CACHE)  # which reads the schema
    finally:
        db.set_progress_handler(None, 0)
