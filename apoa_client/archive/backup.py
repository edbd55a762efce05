"""A backup: one file with a property's outbox as it was at one moment, and the settings to set the property up again.

It is a copy of the database, every record sealed as it is, with one more table: the time, the program's version, the
property's settings, a digest of every row, and a message authentication code over that. The digest reveals a bit that
flipped on a cheap stick inside a sealed record, which SQLite's own check cannot see and the seal reveals only with the
key. The code proves that a holder of the private key wrote the backup; without the key at hand it is left out. A
backup holds no secret and no draft.
"""

import hashlib
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from hmac import compare_digest
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from apoa_client.errors import DataRefused, OutboxDamaged, UsageProblem
from apoa_client.files import (
    create_private,
    full_path,
    remove_abandoned,
    remove_draft,
    replace_file,
    sync_file,
    sync_folder,
    temporary_beside,
    wait_while_in_use,
)
from apoa_client.messages import Message, msg
from apoa_client.outbox.errors import DiskFull, OutboxMissing, damaged, too_new
from apoa_client.outbox.rows import COLUMNS, entry_from_row, from_millis, millis
from apoa_client.outbox.sqlite import audit
from apoa_client.outbox.sqlite.backups import record_backup
from apoa_client.outbox.sqlite.database import connect, open_database, publish, snapshot, transaction
from apoa_client.outbox.sqlite.drafts import delete_all_drafts
from apoa_client.outbox.sqlite.error_translation import translate_errors
from apoa_client.outbox.sqlite.index_repair import is_sound
from apoa_client.outbox.sqlite.migrations import APPLICATION_ID, check_version, migrate, version_of
from apoa_client.ports.audit import Actor, AuditEvent
from apoa_client.vault.mac import Purpose, mac, mac_key

FORMAT = 2
"""The version of the table `backup`. Version 1 had no message authentication code."""

_BATCH_PAGES = 4096
"""Pages copied in one step of SQLite's backup: 16 MiB, after which Ctrl-C takes effect."""

_OWN_TABLE = "CREATE TABLE backup (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID"

MAX_BYTES = 16 << 30
"""The largest file that is read: some eight million reports."""
_MAX_VALUE_BYTES = 16 << 20
"""The largest value in it. An authority's findings about a report, the longest ones, come from at most 1 MiB."""
_LARGEST = 1 << 62
_MAX_SETTINGS = 1 << 16
"""The longest text of the settings."""

_MAGIC = b"SQLite format 3\0"

# A file from elsewhere: functions in its schema are not run, and its cells are checked before they are used.
_UNTRUSTED = ("PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON")


class BackupInfo(NamedTuple):
    """What a backup says about itself. `settings` is the text of a settings file with only this property."""

    program: str
    created_at: datetime
    property_name: str
    settings: str


class BackupResult(NamedTuple):
    """A backup that was written: the number of reports in it, and its size."""

    reports: int
    bytes: int
    created_at: datetime
    proved: bool
    """Whether it has a message authentication code."""


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
        if not compare_digest(self.mac, _mac(private_key, self.digest)):
            raise DataRefused(
                msg(
                    "The backup {path} was changed by a person who does not have the property's key.",
                    path=str(self.file),
                ),
                msg("Nothing was changed here. Take another backup, and ask who had this one."),
                name="backup_forged",
            )
        return True


DescribeBackup: TypeAlias = Callable[[], tuple[BackupInfo, bytes | None]]
"""Returns what a new backup says about itself, and the private key that fits its settings, if that is at hand."""


def write_backup(outbox: Path, file: Path, describe: DescribeBackup, actor: Actor, *, force: bool) -> BackupResult:
    """Copy the outbox into a new file, durable when this returns, while other processes go on reading and writing.

    `describe` is called after the reports are copied: when the key pair changes, the settings name the new one before a
    report is sealed to it, so these settings fit. With `force` it replaces an earlier backup, and nothing else.

    Raises `UsageProblem` for a file that is in the way or a folder that is missing, and `StorageProblem`; the outbox
    and `file` are then as before.
    """
    with translate_errors(file), closing(open_database(outbox, create=False)) as db:
        _check_target(file, force=force)
        draft = temporary_beside(file)
        try:
            result = _write_draft(db, outbox, draft, describe)
            sync_file(draft)
            remove_abandoned(draft)
            if force:
                replace_file(draft, file)
            else:
                try:
                    publish(draft, file)
                except FileExistsError:
                    raise _name_taken(file) from None
            sync_folder(file.parent)
        finally:
            remove_draft(draft)
        with transaction(db, outbox):
            record_backup(db, result.created_at)
            audit.append(db, actor, [AuditEvent("backed_up")])
        return result._replace(bytes=file.stat().st_size)


def _check_target(file: Path, *, force: bool) -> None:
    folder = full_path(file).parent
    if not (folder.is_absolute() and folder.is_dir()):
        raise UsageProblem(
            msg("There is no folder {path}.", path=str(file.parent)),
            msg("Make the folder first, or plug in the disk that it is on."),
        )
    if os.path.lexists(file):
        if not force:
            raise _name_taken(file)
        if not _is_replaceable(file):
            raise UsageProblem(
                msg("{path} is not a backup, so it is not replaced.", path=str(file)),
                msg("Give the backup another name."),
            )


def _name_taken(file: Path) -> UsageProblem:
    return UsageProblem(
        msg("There is a file {path} already.", path=str(file)),
        msg("Give the backup another name, or replace the earlier one with: --force"),
    )


def _is_replaceable(file: Path) -> bool:
    """Return whether it is an earlier backup or an empty file, not the outbox, the settings or any other file."""
    status = file.lstat()
    if not stat.S_ISREG(status.st_mode):
        return False
    if status.st_size == 0:
        return True
    # Else a file that another program has open would not be known for a backup.
    wait_while_in_use(file, lambda: os.close(os.open(file, os.O_RDONLY)))
    try:
        with closing(_open_read_only(file)) as db:
            return '"backup"' in tables(db)
    except sqlite3.Error:
        return False


def is_backup_of(file: Path, property_name: str) -> bool:
    """Return whether it is a backup of a property of this name, as far as its first pages show. Raises nothing."""
    try:
        if not stat.S_ISREG(file.lstat().st_mode):
            return False
        with closing(_open_read_only(file)) as db:
            ours = db.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
            name = db.execute("SELECT value FROM backup WHERE key = 'property'").fetchone()
            return bool(ours and name == (property_name,))
    except (OSError, sqlite3.Error):
        return False


def _write_draft(db: sqlite3.Connection, outbox: Path, draft: Path, describe: DescribeBackup) -> BackupResult:
    """Write the whole backup into `draft`; return the result without its size."""
    os.close(create_private(draft))
    with closing(connect(draft)) as copy:
        _copy_snapshot(db, copy, outbox)
        # One file, without another beside it. It becomes durable as a whole, before it gets its name.
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("PRAGMA synchronous = OFF")
        # The drafts of guests who are being typed at this moment do not belong into a backup that is kept for years:
        # they are overwritten, and a journal in memory leaves no trace of them.
        copy.execute("PRAGMA secure_delete = ON")
        copy.execute("PRAGMA journal_mode = MEMORY")
        delete_all_drafts(copy)
        info, private_key = describe()
        values = {
            "format": FORMAT,
            "program": info.program,
            "created_at": millis(info.created_at),
            "property": info.property_name,
            "settings": info.settings,
        }
        copy.execute("BEGIN")
        copy.execute(_OWN_TABLE)
        copy.executemany("INSERT INTO backup VALUES (?, ?)", values.items())
        found = digest(copy)
        copy.execute("INSERT INTO backup VALUES ('sha256', ?)", [found])
        if private_key is not None:
            copy.execute("INSERT INTO backup VALUES ('mac', ?)", [_mac(private_key, found)])
        copy.execute("COMMIT")
        if not is_sound(copy):
            raise damaged(outbox)
        (reports,) = copy.execute("SELECT count(*) FROM reports").fetchone()
        return BackupResult(int(reports), 0, info.created_at, private_key is not None)


def _mac(private_key: bytes, digest: str) -> bytes:
    """Return the message authentication code over the digest of every row, the settings included."""
    return mac(mac_key(private_key, Purpose.BACKUP), digest.encode())


def _copy_snapshot(db: sqlite3.Connection, copy: sqlite3.Connection, outbox: Path) -> None:
    """Copy one moment. Without the transaction, each write of another process would restart the copying."""
    try:
        with snapshot(db):
            db.execute("SELECT 1 FROM reports LIMIT 1").fetchone()
            db.backup(copy, pages=_BATCH_PAGES, progress=lambda *_: None)
    except sqlite3.DatabaseError as exc:
        if getattr(exc, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise damaged(outbox) from exc
        raise


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


@contextmanager
def open_backup(file: Path) -> Iterator[Backup]:
    """Copy and check a backup completely; the file itself is only read, once.

    Raises `DataRefused` for a file that is no backup or a damaged one, and `StorageProblem` for a file that cannot be
    read or that a newer program wrote, or if there is no space.
    """
    with closing(sqlite3.connect("", isolation_level=None)) as copy:  # SQLite's own temporary file, removed at the end
        copy.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
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
    with closing(_open_read_only(file)) as db:
        db.backup(copy)


def _open_read_only(file: Path) -> sqlite3.Connection:
    """Open read-only and without a lock: the file may be where nothing can be written."""
    db = sqlite3.connect(f"{full_path(file).as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)
    with suppress(sqlite3.Error):  # the caller will meet the same error when it reads
        for setting in _UNTRUSTED:
            db.execute(setting)
    return db


def _check(db: sqlite3.Connection, file: Path) -> Backup:
    """Check the copy and migrate it."""
    for setting in _UNTRUSTED:
        db.execute(setting)
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
    for row in db.execute(f"SELECT {COLUMNS}, content, errors, warnings FROM reports"):  # noqa: S608  constants
        entry = entry_from_row(row)
        content, *findings = row[-3:]
        sealed = all(value is None or isinstance(value, bytes) for value in (content, *findings))
        if not sealed or (content is None) != (entry.erased_at is not None):  # this program never wrote such a row
            raise backup_damaged(file)
    return backup


def _has_our_schema(db: sqlite3.Connection) -> bool:
    """Return whether tables, indexes and triggers are those of our migrations up to its version, and nothing else."""
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master"
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as ours:
        migrate(ours, to=version_of(db))
        ours.execute(_OWN_TABLE)
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
    values: dict[str, Any] = dict(db.execute("SELECT key, value FROM backup").fetchall())
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
