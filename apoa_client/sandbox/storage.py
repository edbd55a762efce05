"""What the training authority remembers, in one SQLite file: verdicts and receipts, and nothing about a guest.

Every transaction is on disk before the call is answered. Several processes may hold the file open at once: each
`apoa report` in training starts an authority of its own.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from apoa_client.errors import StorageProblem
from apoa_client.files import FILE_MODE, create_private, make_private_folder
from apoa_client.messages import msg

SCHEMA_VERSION = 1
BUSY_SECONDS = 30.0

_SCHEMA = """
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
CREATE TABLE marks (mark BLOB NOT NULL, stay_id TEXT NOT NULL, PRIMARY KEY (mark, stay_id)) WITHOUT ROWID;
CREATE INDEX marks_of_stay ON marks (stay_id);
"""


@dataclass(frozen=True, slots=True)
class Record:
    """One report's verdict. `content` and `sha256` are of the report, hexadecimal; the rest holds no personal data."""

    id: str
    stay_id: str
    kind: str
    content: str
    """SHA-256 of the report with its members sorted: equal for equal content, however it was written."""
    sha256: str
    """SHA-256 of the report as it came, without white space: what the receipt states."""
    status: str
    received_at: str
    errors: str = "[]"
    """JSON, as are the warnings: fields and codes and fixed sentences."""
    warnings: str = "[]"
    number: int | None = None
    issued_at: str | None = None
    covered_by: str | None = None
    """The id of the report whose receipt a duplicate gets."""


_COLUMNS = ", ".join(field.name for field in fields(Record))
_SAVE = (
    f"INSERT INTO reports ({_COLUMNS}) VALUES ({', '.join('?' * len(fields(Record)))}) "  # noqa: S608  names of our own
    "ON CONFLICT (id) DO UPDATE SET status = excluded.status, errors = excluded.errors, number = excluded.number, "
    "issued_at = excluded.issued_at"
)
_FIND = f"SELECT {_COLUMNS} FROM reports WHERE id = ?"  # noqa: S608  names of our own
_COVERING = (
    f"SELECT {', '.join(f'r.{field.name}' for field in fields(Record))} FROM marks m "  # noqa: S608  names of our own
    "JOIN reports r ON r.stay_id = m.stay_id WHERE m.mark = ? AND m.stay_id <> ? AND r.kind = 'check_in' "
    "AND r.status = 'accepted' ORDER BY r.seq LIMIT 1"
)


class Records:
    """The memory within one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, report_id: str) -> Record | None:
        """The record of one report."""
        row = self._connection.execute(_FIND, (report_id,)).fetchone()
        return Record(*row) if row is not None else None

    def save(self, record: Record) -> None:
        """Keep a new record, or the new verdict of a known one."""
        self._connection.execute(_SAVE, astuple(record))

    def kinds_of_stay(self, stay_id: str) -> list[str]:
        """The kinds of the stay's reports that count, in the order in which they came."""
        rows = self._connection.execute(
            "SELECT kind FROM reports WHERE stay_id = ? AND status <> 'rejected' ORDER BY seq", (stay_id,)
        )
        return [kind for (kind,) in rows]

    def next_number(self) -> int:
        """The next receipt's number. It is used up when a record with it is saved, and the transaction is kept."""
        (highest,) = self._connection.execute("SELECT max(number) FROM reports").fetchone()
        return int(highest or 0) + 1

    def cover(self, stay_id: str, marks: Sequence[bytes]) -> None:
        """The stay's nights are these, and no others any more."""
        self._connection.execute("DELETE FROM marks WHERE stay_id = ?", (stay_id,))
        self._connection.executemany("INSERT OR IGNORE INTO marks VALUES (?, ?)", [(mark, stay_id) for mark in marks])

    def covering(self, stay_id: str, marks: Sequence[bytes]) -> Record | None:
        """The accepted check-in of another stay that has one of these nights."""
        for mark in marks:
            row = self._connection.execute(_COVERING, (mark, stay_id)).fetchone()
            if row is not None:
                return Record(*row)
        return None


class Storage:
    """The file. Safe to use from several threads. Raises `StorageProblem` where it cannot be read or written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        _make_private(path)
        with self._guarded():
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[Records]:
        """Look and write, alone. On disk when the block ends; as if it never happened where it fails or not `keep`."""
        with self._lock, self._guarded():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield Records(self._connection)
                self._connection.execute("COMMIT" if keep else "ROLLBACK")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _prepare(self) -> None:
        """Make the tables in a new file."""
        with self._guarded():
            # EXTRA, not FULL: a transaction ends with the journal's removal, which FULL does not make durable.
            self._connection.execute("PRAGMA synchronous = EXTRA")
            self._connection.execute("PRAGMA fullfsync = ON")
        with self.transaction():
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                self._create()
            elif version != SCHEMA_VERSION:
                raise _unusable(self._path)

    def _create(self) -> None:
        for statement in _SCHEMA.split(";"):
            self._connection.execute(statement)
        self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise _unusable(self._path) from exc


def _make_private(path: Path) -> None:
    try:
        make_private_folder(path.parent)
        with suppress(FileExistsError):
            os.close(create_private(path))
        path.chmod(FILE_MODE)  # an older file may have been anyone's
    except OSError as exc:
        raise _unusable(path) from exc


def _unusable(path: Path) -> StorageProblem:
    return StorageProblem(
        msg("The training authority cannot use its memory: {path}", path=str(path)),
        msg(
            "Check that the folder may be written to and the disk is not full. It holds no real reports: if it is "
            "damaged, move it away and training starts afresh."
        ),
    )
