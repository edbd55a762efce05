"""The audit trail: who did what to which report when, and what the authority answered, as a chain of hashes.

Every entry's link is the SHA-256 of the link before it and of the entry itself, so that none can be changed, cut out,
put in or moved without breaking the chain from there on; the last link and number also stand in `memo`, so that a cut
at the end shows too. Nothing personal of a guest's and no words of an authority's stand here: codes, ids, times.

What it cannot do: the hash needs no secret, so whoever may write the file and knows this format can rewrite the whole
chain from any entry on, `memo` included. Only a last link that was noted elsewhere (`apoa log --verify` shows it, a
backup holds it) shows that. And the trail tells what this program did, not what another one did to the file.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from apoa_client.outbox.errors import damaged, translate_errors
from apoa_client.outbox.sqlite.rows import millis, moment
from apoa_client.ports import Actor, AuditEvent, Change
from apoa_client.report.kinds import State

HEAD = "audit_head"
"""The key in `memo` of the last entry's number and link."""

_START = sha256(b"apoa-client audit trail 1").digest()
"""What the first link is taken over, in place of a link before it."""

_COLUMNS = "n, at, who, action, report, detail, link"
_LONGEST_NAME = 64
_DEFERRED = "deferred"
_Row = Sequence[Any]


class AuditEntry(NamedTuple):
    """An act in the audit trail. `link` is its hash in the chain, in hexadecimal."""

    n: int
    at: datetime
    who: str
    action: str
    report: str | None
    detail: str | None
    link: str


class TrailCheck(NamedTuple):
    """The audit trail, recomputed: `entries` hold, from the first one on, and `link` is the last of theirs."""

    entries: int
    link: str
    wrong: int | None = None
    """The number of the first entry that is not as it was written; None where the whole trail is."""
    missing: bool = False
    """Whether that entry is gone, rather than changed, moved or put in."""


class _Head(NamedTuple):
    n: int
    link: bytes


def link_of(before: bytes, fields: _Row) -> bytes:
    """The link over the one before and (n, at, who, action, report, detail), which as compact ASCII JSON has one form.

    `TypeError` for a value that no entry of ours has.
    """
    return sha256(before + json.dumps(list(fields), separators=(",", ":"), allow_nan=False).encode("ascii")).digest()


def event_of(change: Change) -> AuditEvent:
    """A report's change as an act: its new state, and the class of error or the authority's status."""
    deferred = change.state is State.QUEUED and change.last_error == _DEFERRED
    action = _DEFERRED if deferred else change.state.value
    return AuditEvent(action, change.id, None if change.last_error == action else change.last_error)


def append(db: sqlite3.Connection, actor: Actor, acts: Iterable[AuditEvent]) -> None:
    """Add entries, inside the transaction that makes the changes which they tell of."""
    at, who = millis(actor.now()), actor.who()[:_LONGEST_NAME]
    n, link = _next(db)
    entries = []
    for act in acts:
        fields = (n, at, who, act.action, act.report, act.detail)
        link = link_of(link, fields)
        entries.append((*fields, link))
        n += 1
    if entries:
        db.executemany("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)", entries)
        db.execute("INSERT OR REPLACE INTO memo VALUES (?, ?)", [HEAD, f"{n - 1} {link.hex()}"])


def _next(db: sqlite3.Connection) -> tuple[int, bytes]:
    """The next entry's number, and the link before it.

    Where `memo` was meddled with, the trail goes on all the same, because no report may fail for it; and its links do
    not fit any more, so that this shows for ever.
    """
    head = _head(db) or _Head(0, _START)
    (last,) = db.execute("SELECT max(n) FROM audit").fetchone()
    return max(head.n, last or 0) + 1, head.link


def _head(db: sqlite3.Connection) -> _Head | None:
    """What `memo` says of the last entry; None where it says nothing of use."""
    row = db.execute("SELECT value FROM memo WHERE key = ?", [HEAD]).fetchone()
    try:
        n, link = row[0].split(" ")
        return _Head(int(n), bytes.fromhex(link))
    except (TypeError, ValueError, AttributeError):
        return None


class AuditTrail:
    """Reads and checks the trail of one database."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self._path = path

    def entries(self, *, reports: Sequence[str] | None = None, since: datetime | None = None) -> list[AuditEntry]:
        """The trail in its order: of some reports alone, and at or after a time, where that is asked for."""
        terms, values = ["TRUE"], list[Any]()
        if reports is not None:
            terms.append(f"report IN ({', '.join('?' * len(reports))})")
            values.extend(reports)
        if since is not None:
            terms.append("at >= ?")
            values.append(millis(since))
        query = f"SELECT {_COLUMNS} FROM audit WHERE {' AND '.join(terms)} ORDER BY n"  # noqa: S608  constants
        with self._understood():
            return [_entry(row) for row in self._db.execute(query, values).fetchall()]

    def verify(self) -> TrailCheck:
        """Recompute the chain as it stands at one moment, and find the first entry that is not as it was written."""
        with self._understood():
            self._db.execute("BEGIN")
            try:
                rows = self._db.execute(f"SELECT {_COLUMNS} FROM audit ORDER BY n")  # noqa: S608  constants
                return _verified(rows, _head(self._db), _highest(self._db))
            finally:
                self._db.execute("ROLLBACK")

    @contextmanager
    def _understood(self) -> Iterator[None]:
        """Within it a text that is no UTF-8, which we never wrote, is read as something else than any that we did."""
        before: Callable[[bytes], Any] = self._db.text_factory
        self._db.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        try:
            with translate_errors(self._path):
                yield
        except (TypeError, ValueError, OverflowError) as exc:
            raise damaged(self._path) from exc
        finally:
            self._db.text_factory = before


def _entry(row: _Row) -> AuditEntry:
    """`TypeError` for what we never wrote."""
    at = moment(row[1])
    texts = (*row[2:4], *(value for value in row[4:6] if value is not None))
    if at is None or not isinstance(row[6], bytes) or not all(isinstance(value, str) for value in texts):
        message = "not an entry"
        raise TypeError(message)
    return AuditEntry(row[0], at, row[2], row[3], row[4], row[5], row[6].hex())


def _verified(rows: Iterable[_Row], head: _Head | None, highest: int) -> TrailCheck:
    last = _Head(0, _START)
    for row in rows:
        if row[0] > last.n + 1:
            return TrailCheck(last.n, last.link.hex(), last.n + 1, missing=True)
        if row[0] != last.n + 1 or not _fits(last.link, row):
            return TrailCheck(last.n, last.link.hex(), row[0])
        last = _Head(row[0], row[6])
    told = max(head.n if head is not None else 0, highest)
    if told > last.n:
        return TrailCheck(last.n, last.link.hex(), last.n + 1, missing=True)
    whole = last.n == 0 or head == last
    return TrailCheck(last.n, last.link.hex(), None if whole else last.n)


def _fits(before: bytes, row: _Row) -> bool:
    try:
        return bool(link_of(before, row[:6]) == row[6])
    except (TypeError, ValueError):  # a blob or an infinity, which JSON does not have
        return False


def _highest(db: sqlite3.Connection) -> int:
    """The highest number that an entry ever had, as SQLite itself remembers it for AUTOINCREMENT."""
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'audit'").fetchone()
    return row[0] if row is not None and isinstance(row[0], int) else 0
