"""What a backup consists of, and how one is read and checked completely: it comes from elsewhere and may hold anything.

It has the copied tables, and one more with what the backup says about itself.
"""

import hashlib
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from hmac import compare_digest
from pathlib import Path
from typing import Any, NamedTuple

from apoa_client.errors import DataRefused, OutboxDamaged
from apoa_client.files import full_path
from apoa_client.messages import Message, msg
from apoa_client.outbox.errors import DiskFull, OutboxMissing, too_new
from apoa_client.outbox.rows import ENTRY_COLUMNS, entry_from_row, from_millis
from apoa_client.outbox.sqlite.database import translate_errors
from apoa_client.outbox.sqlite.migrations import APPLICATION_ID, check_version, migrate, version_of
from apoa_client.outbox.sqlite.store import is_sound
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


MAX_BYTES = 16 << 30
"""The largest file that is read: some eight million reports."""

_LARGEST = 1 << 62

_MAX_SETTINGS = 1 << 16
"""The longest text of the settings."""

_KEYS = ("format", "program", "created_at", "property", "settings", "sha256", "mac")
"""What is read of the table `backup`: no program of ours writes more into one of this format."""

_MAGIC = b"SQLite format 3\0"


class Backup(NamedTuple):
    """A backup that was checked: a private copy of it, migrated to this version's schema, and its information."""

    db: sqlite3.Connection
    info: BackupInfo
    file: Path
    digest: str
    mac: bytes | None

    def is_proved(self, private_key: bytes) -> bool:
        """Return whether a holder of this private key, which fits the settings in it, wrote it.

        False if it was written without the key. Raises `DataRefused` if it was changed since.
        """
        if self.mac is None:
            return False
        if not compare_digest(self.mac, backup_code(private_key, self.digest)):
            raise DataRefused(
                msg(
                    "The backup {path} was changed by a person who does not have the property's key.",
                    path=str(self.file),
                ),
                msg("Nothing was changed here. Take another backup, and ask who had this one."),
                name="backup_forged",
            )
        return True


@contextmanager
def open_backup(file: Path) -> Iterator[Backup]:
    """Copy and check a backup completely; the file itself is only read, once.

    Raises `DataRefused` for a file that is no backup or a damaged one, and `StorageProblem` for a file that cannot be
    read or that a newer program wrote, or if there is no space.
    """
    with closing(sqlite3.connect("", isolation_level=None)) as copy:  # SQLite's own temporary file, removed at the end
        try:
            with translate_errors(file):
                _read(file, copy)
                backup = _check(copy, file)
        except OutboxMissing:
            raise _not_a_backup(msg("There is no file {path}.", path=str(file))) from None
        except DiskFull:
            raise DiskFull(
                msg("There is no space on this computer for the temporary files that checking the backup needs.")
            ) from None
        except (OutboxDamaged, ValueError, TypeError, KeyError, OverflowError) as exc:
            raise backup_damaged(file) from exc
        yield backup


def backup_damaged(file: Path) -> DataRefused:
    """Return the error for a backup that is not complete."""
    return DataRefused(
        msg("The backup {path} is damaged.", path=str(file)),
        msg("Nothing was changed here. Take an older backup, or another copy of this one."),
        name="backup_damaged",
    )


def not_ours(file: Path) -> DataRefused:
    """Return the error for a backup that this program did not write."""
    return DataRefused(
        msg("The backup {path} holds something that apoa-client never writes into one.", path=str(file)),
        msg("Nothing was changed here. Ask who wrote this file, and take another backup."),
        name="backup_damaged",
    )


def _no_backup(file: Path) -> DataRefused:
    return _not_a_backup(msg("The file {path} is not a backup of apoa-client.", path=str(file)))


def _not_a_backup(message: Message) -> DataRefused:
    return DataRefused(message, msg("Give the file that apoa backup wrote. Nothing was changed."), name="not_a_backup")


def _read(file: Path, copy: sqlite3.Connection) -> None:
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        raise _no_backup(file)
    if status.st_size > MAX_BYTES:
        raise not_ours(file)
    with file.open("rb") as opened:
        if opened.read(len(_MAGIC)) != _MAGIC:
            raise _no_backup(file)
        # Page size, then the versions of SQLite's format: a later one would be opened read-only.
        if not {1, 2}.issuperset(opened.read(4)[2:]):
            raise backup_damaged(file)
    with closing(open_read_only(file)) as db:
        db.backup(copy)


def _check(db: sqlite3.Connection, file: Path) -> Backup:
    """Check the copy and migrate it."""
    distrust(db)
    if db.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,) or '"backup"' not in tables(db):
        raise _no_backup(file)
    check_version(db, file)
    if not _has_our_schema(db):  # before any table is read: a view may have its name
        raise not_ours(file)
    if not is_sound(db):  # which also checks the constraints of our schema, so that each row can be inserted here
        raise backup_damaged(file)
    backup = _read_info(db, file)
    migrate(db)
    if not all(_has_our_types(db, table) for table in ("reports", "audit")):
        raise backup_damaged(file)
    query = f"SELECT {ENTRY_COLUMNS}, content IS NULL, photo IS NOT NULL FROM reports"  # noqa: S608  constants
    for *row, lacks_content, has_photo in db.execute(query):
        entry = entry_from_row(row)
        is_erased = entry.erased_at is not None
        if bool(lacks_content) != is_erased or bool(has_photo) != (entry.photo is not None and not is_erased):
            raise backup_damaged(file)  # this program never wrote such a row
    return backup


def _has_our_schema(db: sqlite3.Connection) -> bool:
    """Return whether tables, indexes and triggers are those of our migrations up to its version, and nothing else."""
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master"
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as ours:
        migrate(ours, to=version_of(db))
        ours.execute(OWN_TABLE)
        # Another version of SQLite may lay the text out in another way.
        theirs, expected = (
            sorted((kind, name, table, str(sql).split()) for kind, name, table, sql in each.execute(query))
            for each in (db, ours)
        )
    return theirs == expected


def _has_our_types(db: sqlite3.Connection, table: str) -> bool:
    """Return whether each value has its column's type, which SQLite does not enforce, and can be counted up."""
    terms = []
    for _number, name, declared, *_rest in db.execute(f"PRAGMA table_info({table})"):
        terms.append(f"typeof({name}) NOT IN ('null', '{declared.lower()}')")
        if declared == "INTEGER":
            terms.append(f"{name} NOT BETWEEN -{_LARGEST} AND {_LARGEST}")
    wrong = f"SELECT 1 FROM {table} WHERE {' OR '.join(terms)} LIMIT 1"  # noqa: S608  names from our own schema
    return db.execute(wrong).fetchone() is None


def _read_info(db: sqlite3.Connection, file: Path) -> Backup:
    among = f"key IN ({', '.join('?' * len(_KEYS))})"
    values: dict[str, Any] = dict(db.execute(f"SELECT key, value FROM backup WHERE {among}", _KEYS).fetchall())  # noqa: S608  question marks alone
    if values["format"] > FORMAT:
        raise too_new(file)
    db.execute("DELETE FROM backup WHERE key IN ('sha256', 'mac')")
    found, code = digest(db), values.get("mac")
    if found != values["sha256"] or not isinstance(code, bytes | None):
        raise backup_damaged(file)
    created_at = from_millis(values["created_at"])
    texts = [values[key] for key in ("program", "property", "settings")]
    if not all(isinstance(text, str) and len(text) <= _MAX_SETTINGS for text in texts):
        raise backup_damaged(file)
    return Backup(db, BackupInfo(texts[0], created_at, texts[1], texts[2]), file, found, code)
