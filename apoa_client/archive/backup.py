"""A backup: one file with a property's outbox as it was at one moment, and what it takes to set the property up again.

It is a copy of the database, every record sealed as it is, with one more table: when, by which program, the property's
settings, and a digest of every row. The digest shows a bit that a cheap stick flipped inside a sealed record, which
SQLite's own check cannot see, and the seal only to whoever has the key. No secret is in it, and no draft.
"""

import hashlib
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from apoa_client.errors import DataRefused, UsageProblem
from apoa_client.files import create_private, remove_abandoned, sync_file, sync_folder, temporary_beside
from apoa_client.messages import Message, msg
from apoa_client.outbox.errors import DiskFull, OutboxDamaged, OutboxMissing, OutboxTooNew, damaged, translate_errors
from apoa_client.outbox.sqlite import audit, drafts
from apoa_client.outbox.sqlite.database import connect, discard, open_database, publish, transaction
from apoa_client.outbox.sqlite.migrations import APPLICATION_ID, check_ours, migrate
from apoa_client.outbox.sqlite.rows import COLUMNS, entry_of, millis, moment
from apoa_client.ports import Actor, AuditEvent

FORMAT = 1
"""The number of this form of the table `backup`."""

_PIECE_PAGES = 4096
"""Copied in one step of SQLite's backup: 16 MiB, after which Ctrl-C is heard."""

_MAGIC = b"SQLite format 3\0"
_DAMAGED = msg("Nothing was changed here. Take an older backup, or another copy of this one.")

# A file from elsewhere: functions in its schema are not run, and its cells are looked at before they are believed.
_UNTRUSTED = ("PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON")


class NotABackup(DataRefused):
    """The file is not what `apoa backup` writes, or it is not there."""

    advice: Message | None = msg("Give the file that apoa backup wrote. Nothing was changed.")


class BackupDamaged(DataRefused):
    """The file was a backup once, and is not whole any more."""

    advice: Message | None = _DAMAGED


class BackupInfo(NamedTuple):
    """What a backup says of itself. `settings` is the text of a settings file with the property alone."""

    program: str
    created_at: datetime
    property_name: str
    settings: str


class BackupResult(NamedTuple):
    """A backup that was made: how many reports are in it, and its size."""

    reports: int
    bytes: int
    created_at: datetime


class Backup(NamedTuple):
    """A backup that was found whole: a private copy of it, brought to this version's form, and what it says."""

    db: sqlite3.Connection
    facts: BackupInfo
    file: Path


def write_backup(
    outbox: Path, file: Path, facts: Callable[[], BackupInfo], actor: Actor, *, force: bool
) -> BackupResult:
    """Copy the outbox into a new file, durable when this returns, while others go on reading and writing.

    `facts` is asked when the reports are copied: where the key pair changes, the settings name the new one before a
    report is sealed to it, and so these fit. With `force` it replaces an earlier backup, and nothing else. Raises
    `UsageProblem` for a file that is in the way or a folder that is not there, and `StorageProblem`; the outbox is as
    it was then, and so is `file`.
    """
    with translate_errors(file), closing(open_database(outbox, create=False)) as db:
        _check_target(file, force=force)
        draft = temporary_beside(file)
        try:
            reports, created_at = _copy(db, outbox, draft, facts)
            sync_file(draft)
            remove_abandoned(file, draft)
            _name(draft, file, force=force)
            sync_folder(file.parent)
        finally:
            discard(draft)
        with transaction(db, outbox):
            audit.append(db, actor, [AuditEvent("backed_up")])
        return BackupResult(reports, file.stat().st_size, created_at)


def _check_target(file: Path, *, force: bool) -> None:
    if not file.parent.is_dir():
        raise UsageProblem(
            msg("There is no folder {path}.", path=str(file.parent)),
            msg("Make the folder first, or plug in the disk that it is on."),
        )
    if os.path.lexists(file):
        if not force:
            raise _taken(file)
        if not _replaceable(file):
            raise UsageProblem(
                msg("{path} is not a backup, so it is not replaced.", path=str(file)),
                msg("Give the backup another name."),
            )


def _taken(file: Path) -> UsageProblem:
    return UsageProblem(
        msg("There is a file {path} already.", path=str(file)),
        msg("Give the backup another name, or replace the earlier one with: --force"),
    )


def _replaceable(file: Path) -> bool:
    """An earlier backup, or an empty file: never the outbox, the settings or whatever else a slip may name."""
    status = file.lstat()
    if not stat.S_ISREG(status.st_mode):
        return False
    if status.st_size == 0:
        return True
    try:
        with closing(_opened(file)) as db:
            return db.execute("SELECT 1 FROM backup LIMIT 1").fetchone() is not None
    except sqlite3.Error:
        return False


def _name(draft: Path, file: Path, *, force: bool) -> None:
    if force:
        draft.replace(file)
        return
    try:
        publish(draft, file)
    except FileExistsError:
        raise _taken(file) from None


def _copy(db: sqlite3.Connection, outbox: Path, draft: Path, facts: Callable[[], BackupInfo]) -> tuple[int, datetime]:
    """Write the draft, whole; how many reports are in it, and the time in it."""
    os.close(create_private(draft))
    with closing(connect(draft)) as copy:
        _take(db, copy, outbox)
        # One file, which needs no other beside it. It is made durable as a whole, before it gets its name.
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("PRAGMA synchronous = OFF")
        _forget_draft(copy)
        said = facts()
        _sign(copy, said)
        if not _whole(copy):
            raise damaged(outbox)
        return int(copy.execute("SELECT count(*) FROM reports").fetchone()[0]), said.created_at


def _take(db: sqlite3.Connection, copy: sqlite3.Connection, outbox: Path) -> None:
    """Copy one moment. The transaction keeps it: without one, each write of another process would begin it anew."""
    db.execute("BEGIN")
    try:
        db.execute("SELECT 1 FROM reports LIMIT 1").fetchone()
        db.backup(copy, pages=_PIECE_PAGES, progress=lambda *_: None)
    except sqlite3.DatabaseError as exc:
        if getattr(exc, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise damaged(outbox) from exc
        raise
    finally:
        db.execute("ROLLBACK")


def _forget_draft(copy: sqlite3.Connection) -> None:
    """Who is half-typed at this moment is nothing to be kept for years on a stick: overwritten, and in no journal."""
    copy.execute("PRAGMA secure_delete = ON")
    copy.execute("PRAGMA journal_mode = MEMORY")
    drafts.erase(copy)


def _sign(copy: sqlite3.Connection, facts: BackupInfo) -> None:
    copy.execute("BEGIN")
    copy.execute("CREATE TABLE backup (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID")
    values = {
        "format": FORMAT,
        "program": facts.program,
        "created_at": millis(facts.created_at),
        "property": facts.property_name,
        "settings": facts.settings,
    }
    copy.executemany("INSERT INTO backup VALUES (?, ?)", values.items())
    copy.execute("INSERT INTO backup VALUES ('sha256', ?)", [digest(copy)])
    copy.execute("COMMIT")


def digest(db: sqlite3.Connection) -> str:
    """SHA-256 over every row of every table, in hexadecimal. `ascii` gives each value and its type one form."""
    found = hashlib.sha256()
    for table in tables(db):
        columns = columns_of(db, table)
        found.update(ascii([table, columns]).encode())
        query = f"SELECT {', '.join(columns)} FROM {table} ORDER BY {columns[0]}"  # noqa: S608  names from the schema, in quotes
        for row in db.execute(query):
            found.update(ascii(row).encode())
    return found.hexdigest()


def tables(db: sqlite3.Connection) -> list[str]:
    """The names of the tables, quoted, but for SQLite's own."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    )
    return [_quoted(row[0]) for row in db.execute(query)]


def columns_of(db: sqlite3.Connection, table: str) -> list[str]:
    """The names of a table's columns, quoted: a later version may have more. In ours, the first one is unique."""
    return [_quoted(row[1]) for row in db.execute(f"PRAGMA table_info({table})")]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _whole(db: sqlite3.Connection) -> bool:
    return bool(db.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",))


@contextmanager
def open_backup(file: Path) -> Iterator[Backup]:
    """A backup, copied and checked from end to end; the file itself is only read, once.

    Raises `NotABackup`, `BackupDamaged`, `OutboxTooNew`, `OutboxUnreachable` or `DiskFull`.
    """
    with closing(sqlite3.connect("", isolation_level=None)) as copy:  # SQLite's own temporary file, gone with us
        with _understood(file):
            _read(file, copy)
            facts = _checked(copy, file)
        yield Backup(copy, facts, file)


@contextmanager
def _understood(file: Path) -> Iterator[None]:
    try:
        with translate_errors(file):
            yield
    except OutboxMissing:
        raise NotABackup(msg("There is no file {path}.", path=str(file))) from None
    except DiskFull:
        raise DiskFull(msg("There is no room on this computer for temporary files, to check the backup in.")) from None
    except (OutboxDamaged, ValueError, TypeError, KeyError, OverflowError) as exc:
        raise broken(file) from exc


def broken(file: Path) -> BackupDamaged:
    """The error for a backup that is not whole."""
    return BackupDamaged(msg("The backup {path} is damaged.", path=str(file)))


def _no_backup(file: Path) -> NotABackup:
    return NotABackup(msg("The file {path} is not a backup of apoa-client.", path=str(file)))


def _read(file: Path, copy: sqlite3.Connection) -> None:
    if not stat.S_ISREG(file.stat().st_mode):
        raise _no_backup(file)
    with file.open("rb") as opened:
        if opened.read(len(_MAGIC)) != _MAGIC:
            raise _no_backup(file)
        # Page size, then the versions of SQLite's format: a later one it would open for reading alone.
        if not {1, 2}.issuperset(opened.read(4)[2:]):
            raise broken(file)
    with closing(_opened(file)) as db:
        db.backup(copy)


def _opened(file: Path) -> sqlite3.Connection:
    """For reading alone, and without a lock: whoever gave the file may have put it where nothing can be written."""
    db = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)
    with suppress(sqlite3.Error):  # read from the file: the caller will meet the same error
        for setting in _UNTRUSTED:
            db.execute(setting)
    return db


def _checked(db: sqlite3.Connection, file: Path) -> BackupInfo:
    for setting in _UNTRUSTED:
        db.execute(setting)
    if db.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,) or '"backup"' not in tables(db):
        raise _no_backup(file)
    check_ours(db, file)
    if not _whole(db):
        raise broken(file)
    facts = _facts(db, file)
    migrate(db)
    for row in db.execute(f"SELECT {COLUMNS}, content, errors, warnings FROM reports"):  # noqa: S608  constants
        _check_row(row)
    return facts


def _facts(db: sqlite3.Connection, file: Path) -> BackupInfo:
    said: dict[str, Any] = dict(db.execute("SELECT key, value FROM backup").fetchall())
    if said["format"] > FORMAT:
        raise OutboxTooNew(msg("The file {path} was written by a newer version of apoa-client.", path=str(file)))
    db.execute("DELETE FROM backup WHERE key = 'sha256'")
    if digest(db) != said["sha256"]:
        raise broken(file)
    created_at = moment(said["created_at"])
    texts = [said[key] for key in ("program", "property", "settings")]
    if created_at is None or not all(isinstance(text, str) for text in texts):
        raise broken(file)
    return BackupInfo(texts[0], created_at, texts[1], texts[2])


def _check_row(row: tuple[Any, ...]) -> None:
    """`ValueError` or `TypeError` for what we never wrote."""
    entry = entry_of(row)
    content, *findings = row[-3:]
    if not all(sealed is None or isinstance(sealed, bytes) for sealed in (content, *findings)):
        message = "not sealed"
        raise TypeError(message)
    if (content is None) != (entry.erased_at is not None):
        message = "no content"
        raise ValueError(message)
