"""The audit trail's entries, and the chain of hashes over them.

Each entry's link is the SHA-256 of the link before it and of the entry itself, so that no entry can be changed,
removed, inserted or moved without breaking the chain from there on. The last number and link are also kept as metadata,
so that removing entries at the end is visible too. Entries hold codes, ids and times, no personal data and no text of a
server.

Limit: the hash needs no secret. Someone who can write the database and knows this format can rewrite the whole chain,
metadata included. Only a last link that was noted elsewhere reveals that (`apoa log --verify` shows it, and a backup
holds it). And the trail records what this program did, not what another one did to the file.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from apoa_client.outbox.rows import from_millis, millis
from apoa_client.ports.audit import Actor, AuditEvent
from apoa_client.ports.entries import Change
from apoa_client.report.kinds import PhotoState, State

COLUMNS = "n, at, who, action, report, detail, link"
"""The columns of an entry, in the order that `entry_from_row` and `check_chain` read."""

LARGEST = 1 << 62
"""Above every number of an entry: what a manipulated file says beyond that must not stop the numbering."""

_START = sha256(b"apoa-client audit trail 1").digest()
"""The first entry's link is computed over this, in place of a link before it."""

_LONGEST_NAME = 64
_DEFERRED = "deferred"
_Row = Sequence[Any]


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
        n, link = value.split(" ")  # type: ignore[attr-defined]  # caught below
        return Head(int(n), bytes.fromhex(link)) if 0 <= int(n) < LARGEST else None
    except (TypeError, ValueError, AttributeError):
        return None


def link_of(before: bytes, fields: _Row) -> bytes:
    """Return the hash over the link before and (n, at, who, action, report, detail), as compact ASCII JSON.

    Raises `TypeError` for a value that is not part of any entry.
    """
    return sha256(before + json.dumps(list(fields), separators=(",", ":"), allow_nan=False).encode("ascii")).digest()


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
