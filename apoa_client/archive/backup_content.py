"""What a backup consists of: the copied tables, and one more with what the backup says about itself."""

import hashlib
import sqlite3
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from apoa_client.files import full_path
from apoa_client.vault.mac import Purpose, mac, mac_key

FORMAT = 2
"""The version of the table `backup`. Version 1 had no message authentication code."""

OWN_TABLE = "CREATE TABLE backup (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID"

# A file from elsewhere: functions in its schema are not run, and its cells are checked before they are used.
UNTRUSTED = ("PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON")


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
        for setting in UNTRUSTED:
            db.execute(setting)
    return db
