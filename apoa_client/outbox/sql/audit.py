"""The audit trail: its events, its entries in the database, and the chain of hashes over them.

Each entry's link is the SHA-256 of the link before it and of the entry itself, so that no entry can be changed,
removed, inserted or moved without breaking the chain from there on. The last number and link are also kept as metadata,
so that removing entries at the end is visible too. Entries hold codes, ids and times, no personal data and no text of a
server.

Limit: the hash needs no secret. Someone who can write the database and knows this format can rewrite the whole chain,
metadata included. Only a last link that was noted elsewhere reveals that (`apoa log --verify` shows it, and a backup
holds it). And the trail records what this program did, not what another one did to the file.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from json import JSONEncoder
from typing import TYPE_CHECKING, Any, NamedTuple

from apoa_client.outbox.errors import damaged
from apoa_client.outbox.rows import from_millis, millis
from apoa_client.outbox.sql.metadata import AUDIT_HEAD, read_metadata, write
from apoa_client.outbox.sql.queries import places
from apoa_client.ports.entries import Change
from apoa_client.ports.state import Actor, AuditEvent
from apoa_client.report.kinds import PhotoState, State

if TYPE_CHECKING:
    from apoa_client.outbox.database import Database


AGAIN = "again"
"""The detail of a receipt number that was typed in place of an earlier one: the report was closed already."""

VOUCHED = "vouched"
"""A person takes a report as it is, or the outbox as a whole, after something was found wrong with it."""

REPAIRED, REOPENED = "repaired", "reopened"
"""A report is again as the authority has it, or as another outbox has it; one that was closed here is open again."""

MOVED_IN, MOVED_OUT = "moved_in", "moved_out"
"""A report was moved into this outbox, or from it into another one of the property. The detail is its
state, or "practice" if it was moved to the outbox of practice."""


COLUMNS = "n, at, who, action, report, detail, link"
"""The columns of an entry, in the order that `entry_from_row` and `check_chain` read."""

LARGEST = 1 << 62
"""Above every number of an entry: what a manipulated file says beyond that must not stop the numbering."""

_START = sha256(b"apoa-client audit trail 1").digest()
"""The first entry's link is computed over this, in place of a link before it."""

_LONGEST_NAME = 64
_DEFERRED = "deferred"
_Row = Sequence[Any]
_encode = JSONEncoder(separators=(",", ":"), allow_nan=False).encode  # one for all: making it takes longer than a row


class AuditEntry(NamedTuple):
    """A stored audit event. `link` is its hash in the chain, in hexadecimal."""

    n: int
    at: datetime
    who: str
    action: str
    report: str | None
    detail: str | None
    link: str


class AuditCheck(NamedTuple):
    """The result of recomputing the chain: the first `entries` entries are intact, and `link` is the last of these."""

    entries: int
    link: str
    wrong: int | None = None
    """The number of the first entry that is not as it was written; None if the whole trail is intact."""
    missing: bool = False
    """Whether that entry is missing, rather than changed, moved or inserted."""


class Head(NamedTuple):
    """The number and link of the last entry."""

    n: int = 0
    link: bytes = _START

    def text(self) -> str:
        """Return it as it is kept in the metadata."""
        return f"{self.n} {self.link.hex()}"


_BEFORE_ALL = Head()


def head_from_text(value: object) -> Head | None:
    """Return the head that `Head.text` wrote; None for anything else."""
    try:
        n, link = value.split(" ")  # type: ignore[attr-defined]  # AttributeError if it is no text
        return Head(int(n), bytes.fromhex(link)) if 0 <= int(n) < LARGEST else None
    except (TypeError, ValueError, AttributeError):
        return None


def link_of(before: bytes, fields: _Row) -> bytes:
    """Return the hash over the link before and (n, at, who, action, report, detail), as compact ASCII JSON.

    Raises `TypeError` for a value that is not part of any entry.
    """
    return sha256(before + _encode(fields).encode("ascii")).digest()


def linked_rows(head: Head, actor: Actor, events: Iterable[AuditEvent]) -> Iterator[_Row]:
    """Yield the rows of `COLUMNS` that continue the chain after `head`."""
    at, who = millis(actor.now()), actor.who()[:_LONGEST_NAME]
    link = head.link
    for n, event in enumerate(events, head.n + 1):
        fields = (n, at, who, event.action, event.report, event.detail)
        link = link_of(link, fields)
        yield (*fields, link)


def event_of(change: Change) -> AuditEvent:
    """Return the event of a report's change: its new state, and the class of error or the authority's status."""
    deferred = change.state is State.QUEUED and change.last_error == _DEFERRED
    action = _DEFERRED if deferred else change.state.value
    return AuditEvent(action, change.id, None if change.last_error == action else change.last_error)


def photo_event(report_id: str, state: PhotoState, detail: str | None = None) -> AuditEvent:
    """Return the event of a photo's new state. It says nothing about the state of the report."""
    return AuditEvent(f"photo_{state.value}", report_id, detail)


def entry_from_row(row: _Row) -> AuditEntry:
    """Return the entry of a row of `COLUMNS`. Raises `TypeError` for values that this program never wrote."""
    texts = (*row[2:4], *(value for value in row[4:6] if value is not None))
    if not isinstance(row[6], bytes) or not all(isinstance(value, str) for value in texts):
        message = "not an entry"
        raise TypeError(message)
    return AuditEntry(row[0], from_millis(row[1]), row[2], row[3], row[4], row[5], row[6].hex())


def check_chain(rows: Iterable[_Row], head: Head | None, highest: int, last: Head = _BEFORE_ALL) -> AuditCheck:
    """Recompute the chain after `last`, and find the first entry that is not as it was written.

    `head` is what the metadata say of the last entry, `highest` the highest number that an entry ever had.
    """
    for row in rows:
        if row[0] > last.n + 1:
            return AuditCheck(last.n, last.link.hex(), last.n + 1, missing=True)
        if row[0] != last.n + 1 or not _fits(last.link, row):
            return AuditCheck(last.n, last.link.hex(), row[0])
        last = Head(row[0], row[6])
    if max(head.n if head is not None else 0, highest) > last.n:
        return AuditCheck(last.n, last.link.hex(), last.n + 1, missing=True)
    intact = last.n == 0 or head == last
    return AuditCheck(last.n, last.link.hex(), None if intact else last.n)


def _fits(before: bytes, row: _Row) -> bool:
    try:
        return bool(link_of(before, row[:6]) == row[6])
    except (TypeError, ValueError):  # a blob or an infinity, which JSON does not have
        return False


_BATCH = 500
"""Entries read at a time."""

_LOWEST = -(1 << 63)
"""The lowest number that an entry can have, also one that this program never wrote."""
_FROM = f"SELECT {COLUMNS} FROM audit WHERE {{condition}} ORDER BY n LIMIT {_BATCH}"  # noqa: S608  constants


def append(db: Database, actor: Actor, events: Iterable[AuditEvent]) -> None:
    """Add entries, inside the transaction that makes the changes.

    If the metadata were manipulated, the trail continues all the same, because no report may fail for it; the links
    then do not fit any more, so that the manipulation stays visible.
    """
    head = head_from_text(read_metadata(db, AUDIT_HEAD.key)) or Head()
    (last,) = db.execute("SELECT max(n) FROM audit WHERE n < ?", [LARGEST]).fetchone()
    rows = list(linked_rows(head._replace(n=max(head.n, last or 0)), actor, events))
    if rows:
        db.executemany(f"INSERT INTO audit ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)  # noqa: S608  constants
        write(db, AUDIT_HEAD, Head(rows[-1][0], rows[-1][-1]).text())


def rows_from(db: Database, n: int) -> Iterator[Any]:
    """Yield the entries from this number on, in batches: an engine may hold a whole result in memory."""
    rows = db.execute(_FROM.format(condition="n >= ?"), [n]).fetchall()
    while rows:
        yield from rows
        rows = db.execute(_FROM.format(condition="n > ?"), [rows[-1][0]]).fetchall()


class AuditTrail:
    """Reads and checks the audit trail. Raises `StorageProblem`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def entries(self, *, reports: Sequence[str] | None = None, since: datetime | None = None) -> Iterator[AuditEntry]:
        """Yield the entries in their order: those about these reports, and at or after this time, if given.

        No transaction stays open between the batches.
        """
        terms, values = ["n > :after"], dict[str, Any]()
        if reports is not None:
            among, names = places("report", reports)
            terms.append(f"report IN ({among})" if names else "FALSE")
            values.update(names)
        if since is not None:
            terms.append("at >= :since")
            values["since"] = millis(since)
        query = f"SELECT {COLUMNS} FROM audit WHERE {' AND '.join(terms)} ORDER BY n LIMIT {_BATCH}"  # noqa: S608  constants
        after = _LOWEST
        while True:
            with self._reading():
                rows = self._db.execute(query, {**values, "after": after}).fetchall()
                batch = [entry_from_row(row) for row in rows]
            yield from batch
            if len(batch) < _BATCH:
                return
            after = batch[-1].n

    def verify(self) -> AuditCheck:
        """Recompute the chain of hashes at one moment, and find the first entry that is not as it was written."""
        with self._reading(), self._db.snapshot():
            head = head_from_text(read_metadata(self._db, AUDIT_HEAD.key))
            return check_chain(rows_from(self._db, _LOWEST), head, self._db.highest_event())

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Translate errors, and read text that is not UTF-8 without failing: it breaks the chain where it is."""
        try:
            with self._db.errors(), self._db.any_text():
                yield
        except (TypeError, ValueError, OverflowError) as exc:
            raise damaged(self._db.place) from exc
