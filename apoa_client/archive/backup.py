"""A backup: one file with a property's outbox as it was at one moment, and the settings to set the property up again.

It is a copy of the database, every record sealed as it is, with one more table: the time, the program's version, the
property's settings, a digest of every row, and a message authentication code over that. The digest reveals a bit that
flipped on a cheap stick inside a sealed record, which SQLite's own check cannot see and the seal reveals only with the
key. The code proves that a holder of the private key wrote the backup; without the key at hand it is left out. A
backup holds no secret and no draft.

In a folder for backups, such as a stick, a name is ``apoa-PROPERTY-DATE-TIME-SERIES.db``. The series is an id of the
outbox, so that properties of one name on several computers share a folder without deleting each other's backups; the
desks of a shared outbox have one series. Nothing is replaced, and nothing is deleted but older backups of the same
series, after the new one is on the disk.
"""

import logging
import os
import re
import sqlite3
import stat
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from apoa_client import file_lock
from apoa_client.archive.backup_check import (
    FORMAT,
    OWN_TABLE,
    BackupInfo,
    backup_code,
    digest,
    open_read_only,
)
from apoa_client.errors import SettingsProblem, UsageProblem
from apoa_client.files import (
    create_private,
    draft_inside,
    full_path,
    make_draft_folder,
    remove_abandoned,
    remove_draft,
    replace_file,
    sync_file,
    sync_folder,
    wait_while_in_use,
)
from apoa_client.messages import msg
from apoa_client.outbox.database import Database
from apoa_client.outbox.errors import damaged
from apoa_client.outbox.rows import NAMES, millis
from apoa_client.outbox.sql import audit
from apoa_client.outbox.sql.audit import COLUMNS as EVENT_COLUMNS
from apoa_client.outbox.sql.metadata import LAST_BACKUP, write
from apoa_client.outbox.sqlite.database import SqliteDatabase, connect, publish, translate_errors
from apoa_client.outbox.sqlite.migrations import APPLICATION_ID, migrate
from apoa_client.outbox.sqlite.store import is_sound
from apoa_client.ports.state import Actor, AuditEvent

_log = logging.getLogger(__name__)

_REPORTS = ", ".join(NAMES)
_PAGE = 100
"""Rows read at a time from a server; each report may have a photo of 300 KiB."""
_PAGED = (
    f"SELECT {_REPORTS} FROM reports WHERE seq > ? ORDER BY seq LIMIT {_PAGE}",  # noqa: S608  constants
    f"SELECT {EVENT_COLUMNS} FROM audit WHERE n > ? ORDER BY n LIMIT {_PAGE}",  # noqa: S608  constants
)
_METADATA = "SELECT key, value FROM memo"
_BEFORE_ALL = -(1 << 63)
_BATCH_PAGES = 4096
"""Pages copied in one step of SQLite's backup: 16 MiB, after which Ctrl-C takes effect."""

DescribeBackup: TypeAlias = Callable[[], tuple[BackupInfo, bytes | None]]
"""Returns what a new backup says about itself, and the private key that fits its settings, if that is at hand."""


class BackupResult(NamedTuple):
    """A backup that was written: the number of reports in it, and its size."""

    reports: int
    bytes: int
    created_at: datetime
    proved: bool
    """Whether it has a message authentication code."""


def back_up(db: Database, file: Path, describe: DescribeBackup, actor: Actor, *, force: bool) -> BackupResult:
    """Copy the outbox into a new file, durable when this returns, while other processes go on reading and writing.

    `describe` is called after the reports are copied: when the key pair changes, the settings name the new one before a
    report is sealed to it, so these settings fit. With `force` it replaces an earlier backup, and nothing else.

    Raises `UsageProblem` for a file that is in the way or a folder that is missing, and `StorageProblem`; the outbox
    and `file` are then as before.
    """
    with translate_errors(file):
        _check_target(file, force=force)
        draft_folder = make_draft_folder(file)
        draft = draft_inside(draft_folder)
        try:
            with file_lock.running(draft_folder):
                remove_abandoned(draft_folder, is_running=file_lock.is_running)
                result = _write_draft(db, draft, describe)
                sync_file(draft)
                if force:
                    replace_file(draft, file)
                else:
                    try:
                        publish(draft, file)
                    except FileExistsError:
                        raise _name_taken(file) from None
                sync_folder(file.parent)
        finally:
            remove_draft(draft_folder)
        with db.transaction():
            write(db, LAST_BACKUP, result.created_at)
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
    if stat.S_ISREG(status.st_mode) and status.st_size:
        # Else a file that another program has open would not be known for a backup.
        wait_while_in_use(file, lambda: os.close(os.open(file, os.O_RDONLY)))
        return is_backup(file)
    return stat.S_ISREG(status.st_mode)


def is_backup(file: Path, property_name: str = "") -> bool:
    """Return whether it is a backup, of a property of this name if one is given, as far as its first pages show.

    Raises nothing.
    """
    try:
        if not stat.S_ISREG(file.lstat().st_mode):
            return False
        with closing(open_read_only(file)) as db:
            if db.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,) or not _has_own_table(db):
                return False
            name = db.execute("SELECT value FROM backup WHERE key = 'property'").fetchone()
            return bool(name == (property_name,)) or not property_name
    except (OSError, sqlite3.Error):
        return False


def _has_own_table(db: sqlite3.Connection) -> bool:
    """Return whether the table is as we make it: a view of this name could compute for ever."""
    found = db.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'backup'").fetchone()
    return found is not None and str(found[0]).split() == OWN_TABLE.split()


def _write_draft(db: Database, draft: Path, describe: DescribeBackup) -> BackupResult:
    """Write the whole backup into `draft`; return the result without its size."""
    os.close(create_private(draft))
    with closing(connect(draft)) as copy:
        if isinstance(db, SqliteDatabase):
            _copy_snapshot(db, copy)
        else:
            _copy_rows(db, SqliteDatabase(copy, draft))
        # One file, without another beside it. It becomes durable as a whole, before it gets its name.
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("PRAGMA synchronous = OFF")
        # The drafts of guests who are being typed at this moment do not belong into a backup that is kept for years:
        # they are overwritten, and a journal in memory leaves no trace of them.
        copy.execute("PRAGMA secure_delete = ON")
        copy.execute("PRAGMA journal_mode = MEMORY")
        copy.execute("DELETE FROM drafts")
        info, private_key = describe()
        values = {
            "format": FORMAT,
            "program": info.program,
            "created_at": millis(info.created_at),
            "property": info.property_name,
            "settings": info.settings,
        }
        copy.execute("BEGIN")
        copy.execute(OWN_TABLE)
        copy.executemany("INSERT INTO backup VALUES (?, ?)", values.items())
        found = digest(copy)
        copy.execute("INSERT INTO backup VALUES ('sha256', ?)", [found])
        if private_key is not None:
            copy.execute("INSERT INTO backup VALUES ('mac', ?)", [backup_code(private_key, found)])
        copy.execute("COMMIT")
        if not is_sound(copy):
            raise damaged(db.place)
        (reports,) = copy.execute("SELECT count(*) FROM reports").fetchone()
        return BackupResult(int(reports), 0, info.created_at, private_key is not None)


def _copy_snapshot(db: SqliteDatabase, copy: sqlite3.Connection) -> None:
    """Copy one moment. Without the transaction, each write of another process would restart the copying."""
    try:
        with db.snapshot():
            db.execute("SELECT 1 FROM reports LIMIT 1").fetchone()
            db.connection.backup(copy, pages=_BATCH_PAGES, progress=lambda *_: None)
    except sqlite3.DatabaseError as exc:
        if getattr(exc, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise damaged(db.path) from exc
        raise


def _copy_rows(db: Database, copy: SqliteDatabase) -> None:
    """Copy one moment of an outbox on a server, but for its drafts, into an empty file that is not durable yet."""
    copy.execute("PRAGMA synchronous = OFF")
    copy.execute("PRAGMA journal_mode = MEMORY")
    migrate(copy.connection)
    with db.errors(), db.snapshot(), copy.transaction():
        for query in _PAGED:
            after = _BEFORE_ALL
            while rows := db.execute(query, [after]).fetchall():
                _insert(copy, query, rows)
                after = rows[-1][0]
        _insert(copy, _METADATA, db.execute(_METADATA).fetchall())


def _insert(copy: SqliteDatabase, query: str, rows: Sequence[Sequence[Any]]) -> None:
    """Insert the rows that a query has selected into the same table."""
    columns, table = query.removeprefix("SELECT ").split(" FROM ")
    places = ", ".join("?" * (columns.count(",") + 1))
    copy.executemany(f"INSERT INTO {table.split()[0]} ({columns}) VALUES ({places})", rows)  # noqa: S608  queries of ours


MISSING = "backup_folder_missing"
"""The name of the error about a folder, or the disk that it was on, that is not there."""


def is_same_disk(folder: Path, place: Path) -> bool:
    """Return whether the folder is on the disk of this place: a file or a folder. Raises `OSError`."""
    return folder.stat().st_dev == place.stat().st_dev


class FolderBackup(NamedTuple):
    """A backup that was written into a folder."""

    file: Path
    written: BackupResult
    kept: int
    """How many backups of the series are there now."""
    deleted: int
    undeletable: int
    """How many older ones could not be deleted."""
    same_disk: bool
    """Whether it is on the disk of the property's files on this computer."""


class BackupFolder(NamedTuple):
    """The backups of one outbox in a folder; `keep` of them are kept.

    `on_other_disk` says that the folder is known to be on another disk than the property's files on this computer.
    """

    path: Path
    property_name: str
    series: str
    keep: int
    on_other_disk: bool = False

    def write(
        self, db: Database, place: Path, moment: datetime, describe: DescribeBackup, actor: Actor
    ) -> FolderBackup:
        """Write a backup, named after the moment, then delete the oldest ones.

        `place` is a file or the folder of the property on this computer.
        Raises `SettingsProblem` if the folder is not there, and as `back_up`; then nothing is deleted.
        """
        try:
            if not (self.path.is_absolute() and self.path.is_dir()):
                raise FileNotFoundError
            same_disk = is_same_disk(self.path, place)
        except OSError:  # also as of a share whose server is gone, or a disk that another user has mounted
            raise SettingsProblem(
                msg("The folder for backups is not there: {path}", path=str(self.path)),
                msg("Plug in the disk that it is on, or make the folder, then try again."),
                name=MISSING,
            ) from None
        if same_disk and self.on_other_disk:  # the folder that a stick is mounted on exists without the stick, too
            raise SettingsProblem(
                msg(
                    "The disk of the backups is missing: {path} is on the disk of the reports now.", path=str(self.path)
                ),
                msg(
                    "Plug it in, then run: apoa backup. If this is where the backups belong: apoa backup --to {path}",
                    path=str(self.path),
                ),
                name=MISSING,
            )
        while os.path.lexists(file := self.path / f"apoa-{self.property_name}-{moment:%Y%m%d-%H%M%S}-{self.series}.db"):
            moment += timedelta(seconds=1)
        written = back_up(db, file, describe, actor, force=False)
        return self._rotated(FolderBackup(file, written, kept=1, deleted=0, undeletable=0, same_disk=same_disk))

    def _rotated(self, new: FolderBackup) -> FolderBackup:
        """Delete the oldest backups beyond those to keep. Nothing is raised: the new one is on the disk."""
        older = self._older_than(new.file)
        surplus = older[self.keep - 1 :]
        undeletable = 0
        for file in surplus:
            try:
                file.unlink()
            except OSError as exc:  # another program has it open, or the disk is protected now
                undeletable += 1
                _log.warning("an old backup was not deleted: %s", type(exc).__name__)
        deleted = len(surplus) - undeletable
        return new._replace(kept=1 + len(older) - deleted, deleted=deleted, undeletable=undeletable)

    def _older_than(self, new: Path) -> list[Path]:
        """Return the backups of the series with an earlier time in their names than this one, the latest first.

        Times in names do not depend on the disk: FAT keeps odd seconds away from time stamps, and copying changes them.
        Backups with a later time, of a clock that was wrong, are left alone, as is what only has such a name.
        """
        name = re.compile(rf"apoa-{re.escape(self.property_name)}-\d{{8}}-\d{{6}}-{re.escape(self.series)}\.db")
        try:
            names = [file.name for file in self.path.iterdir()]
        except OSError as exc:
            _log.warning("the folder for backups cannot be listed: %s", type(exc).__name__)
            return []
        earlier = sorted((each for each in names if name.fullmatch(each) and each < new.name), reverse=True)
        return [file for file in map(self.path.joinpath, earlier) if is_backup(file, self.property_name)]
