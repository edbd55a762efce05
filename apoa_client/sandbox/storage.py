"""The training authority's storage, in one SQLite file: verdicts, receipts and hashes of photos, and no personal data.

Every transaction is on disk before the call is answered. Several processes may have the file open at once: each
`apoa report` in training starts its own authority.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from apoa_client.errors import StorageProblem
from apoa_client.files import FILE_MODE, create_private, make_private_folder
from apoa_client.messages import msg

BUSY_SECONDS = 30.0

_FIRST_SCHEMA = """
CREATE TABLE reports (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    stay_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    content TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    status TEXT NOT NULL,
    received_at TEXT NOT NULL,
    errors TEXT NOT NULL,
    warnings TEXT NOT NULL,
    number INTEGER UNIQUE,
    issued_at TEXT,
    covered_by TEXT
);
CREATE INDEX reports_of_stay ON reports (stay_id);
"""
_WITH_PHOTOS = """
CREATE TABLE photos (id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, received_at TEXT NOT NULL) WITHOUT ROWID;
"""
_STEPS = (_FIRST_SCHEMA, _WITH_PHOTOS)
"""The statements that make each schema version from the one before."""
SCHEMA_VERSION = len(_STEPS)


@dataclass(frozen=True, slots=True)
class Record:
    """One report's verdict. `content` and `sha256` are hexadecimal hashes of the report; nothing else is personal."""

    id: str
    stay_id: str
    kind: str
    content: str
    """SHA-256 of the report's canonical form: equal content has an equal hash."""
    sha256: str
    """What the receipt states: the same, or, from before version 1.3 of the contract, of the report as it was sent."""
    status: str
    received_at: str
    errors: str = "[]"
    """JSON, as are the warnings: fields, codes and fixed sentences."""
    warnings: str = "[]"
    number: int | None = None
    issued_at: str | None = None
    covered_by: str | None = None
    """For a duplicate that an earlier version found: the id of the report whose receipt it gets."""


_COLUMNS = ", ".join(field.name for field in fields(Record))
_SAVE = (
    f"INSERT INTO reports ({_COLUMNS}) VALUES ({', '.join('?' * len(fields(Record)))}) "  # noqa: S608  names of our own
    "ON CONFLICT (id) DO UPDATE SET status = excluded.status, errors = excluded.errors, number = excluded.number, "
    "issued_at = excluded.issued_at"
)
_FIND = f"SELECT {_COLUMNS} FROM reports WHERE id = ?"  # noqa: S608  names of our own
_ACCEPTED = (
    f"SELECT {_COLUMNS} FROM reports WHERE status = 'accepted' "  # noqa: S608  names of our own
    "AND substr(issued_at, 1, 10) BETWEEN ? AND ? ORDER BY number"
)


class Records:
    """The stored reports within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, report_id: str) -> Record | None:
        """The record of one report."""
        row = self._connection.execute(_FIND, (report_id,)).fetchone()
        return Record(*row) if row is not None else None

    def save(self, record: Record) -> None:
        """Store a new record, or the new verdict of a known one."""
        self._connection.execute(_SAVE, astuple(record))

    def accepted_between(self, first: str, last: str) -> list[Record]:
        """The accepted reports whose receipts state a day from `first` to `last`, in the order of their numbers."""
        return [Record(*row) for row in self._connection.execute(_ACCEPTED, (first, last))]

    def photo(self, report_id: str) -> str | None:
        """The SHA-256 of a report's photo; None where none arrived."""
        row = self._connection.execute("SELECT sha256 FROM photos WHERE id = ?", (report_id,)).fetchone()
        return str(row[0]) if row is not None else None

    def save_photo(self, report_id: str, sha256: str, received_at: str) -> None:
        """Store that a photo arrived, and not the photo."""
        self._connection.execute("INSERT INTO photos VALUES (?, ?, ?)", (report_id, sha256, received_at))

    def of_stay(self, stay_id: str) -> list[tuple[str, str]]:
        """The kind and the status of each report of a stay, in the order in which they came."""
        return self._connection.execute(
            "SELECT kind, status FROM reports WHERE stay_id = ? ORDER BY seq", (stay_id,)
        ).fetchall()

    def next_number(self) -> int:
        """The next receipt's number. It is used up when a record with it is saved and the transaction is committed."""
        (highest,) = self._connection.execute("SELECT max(number) FROM reports").fetchone()
        return int(highest or 0) + 1


class Storage:
    """The file, or memory if `path` is None. Safe to use from several threads.

    Raises `StorageProblem` where it cannot be read or written.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        if path is not None:
            _create(path)
        with self._sqlite_errors():
            self._connection = sqlite3.connect(
                path or ":memory:", timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[Records]:
        """Read and write exclusively. Commits at the end of the block; rolls back on an error or with `keep` False."""
        with self._lock, self._sqlite_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Records(self._connection)
                self._connection.execute("COMMIT" if keep else "ROLLBACK")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _prepare(self) -> None:
        """Set the durability, and make the tables that a new file, or one of an earlier version, does not have."""
        with self._sqlite_errors():
            # EXTRA, not FULL: a transaction ends when the journal is removed, and FULL does not make that durable.
            self._connection.execute("PRAGMA synchronous = EXTRA")
            self._connection.execute("PRAGMA fullfsync = ON")
        with self.transaction():
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if not 0 <= version <= SCHEMA_VERSION:
                raise _unusable(self._path)
            for number, step in enumerate(_STEPS[version:], version + 1):
                for statement in step.split(";"):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {number}")

    @contextmanager
    def _sqlite_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise _unusable(self._path) from exc


def _create(path: Path) -> None:
    """Create the file if it is missing, and make it private."""
    try:
        make_private_folder(path.parent)
        with suppress(FileExistsError):
            os.close(create_private(path))
        path.chmod(FILE_MODE)  # an existing file may be readable by others
    except OSError as exc:
        raise _unusable(path) from exc


def _unusable(path: Path | None) -> StorageProblem:
    return StorageProblem(
        msg("The training authority cannot use its file: {path}", path=str(path or "-")),
        msg(
            "Check that the folder is writable and the disk is not full. The file holds no real reports: if it is "
            "damaged, move it away and training starts with an empty one."
        ),
    )
