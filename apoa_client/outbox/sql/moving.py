"""Moves the reports that wait in one outbox of a property into another one, which both stay complete at every moment.

A desk saves reports in its own file while the server of the shared outbox does not answer. Each is removed there only
after it is durable in the shared outbox, and one that is there already is not added again: a process may be killed, and
the answer to a commit may be lost, at any moment. Sealed bytes are copied as they are, because the key is the same.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apoa_client.outbox.event_states import MOVED_IN, MOVED_OUT
from apoa_client.outbox.rows import millis
from apoa_client.outbox.sql import audit, insertion
from apoa_client.outbox.sql.codes import RowCodes
from apoa_client.outbox.sql.guest_tags import record_missing_tags, tags_are_missing
from apoa_client.outbox.sql.queries import DRAFT_WAITS
from apoa_client.ports.audit import Actor, AuditEvent
from apoa_client.report.kinds import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from apoa_client.outbox.database import Database
    from apoa_client.ports.vault import Sealer

# Stays of which something may have been sent, or was refused or closed, stay where their history is.
_WAITING = """
    state = 'queued' AND calls = 0 AND NOT EXISTS (
        SELECT 1 FROM reports AS other
        WHERE other.stay_id = reports.stay_id AND (other.state <> 'queued' OR other.calls > 0))
"""
_IDS = f"SELECT stay_id, id FROM reports WHERE {_WAITING} ORDER BY seq"  # noqa: S608  constants
_COUNT = f"SELECT count(*) FROM reports WHERE {_WAITING}"  # noqa: S608  constants
_OTHERS = f"SELECT count(*) FROM reports WHERE NOT ({_WAITING})"  # noqa: S608  constants

# What a desk may write into a shared outbox: a new report. It was never sent, so that it has nothing else.
_SELECT = f"SELECT {insertion.COLUMNS}, content_mac, state_mac FROM reports WHERE state = 'queued' AND id = ?"  # noqa: S608  constants
_SET_CODES = "UPDATE reports SET content_mac = ?, state_mac = ? WHERE id = ?"
_DELETE = "DELETE FROM reports WHERE state = 'queued' AND id = ?"

_DRAFTS = f"SELECT id, kept_at, content FROM drafts WHERE {DRAFT_WAITS} ORDER BY kept_at"  # noqa: S608  constants
_INSERT_DRAFT = "INSERT INTO drafts (id, kept_at, content) VALUES (?, ?, ?)"
_DELETE_DRAFT = f"DELETE FROM drafts WHERE id = ? AND {DRAFT_WAITS}"  # noqa: S608  constants

_PIECE = 25
"""Reports moved in one transaction, or the fewest more that complete a stay; each may have a photo of 300 KiB."""


def has_waiting(db: Database, now: datetime) -> bool:
    """Return whether `Moving` would move anything."""
    with db.read_errors():
        return bool(count_waiting(db) or db.execute(_DRAFTS, [millis(now)]).fetchone() is not None)


def count_waiting(db: Database) -> int:
    """Return how many reports `Moving` would move. For use within `Database.read_errors`."""
    return int(db.execute(_COUNT).fetchone()[0])


def count_others(db: Database) -> int:
    """Return how many reports `Moving` would leave. For use within `Database.read_errors`."""
    return int(db.execute(_OTHERS).fetchone()[0])


class Moving:
    """Moves what waits `here` to the outbox `there`, whose codes `sealer` makes if the key is at hand.

    The caller must hold the delivery lock of `here`, so that nothing of it is being sent.
    """

    def __init__(self, here: Database, there: Database, sealer: Sealer, actor: Actor) -> None:
        self._here = here
        self._there = there
        self._codes_here = RowCodes(here, sealer)
        self._codes_there = RowCodes(there, sealer)
        self._actor = actor

    def run(self) -> int:
        """Move every report in its order, and every draft that waits; return how many reports were moved.

        Raises what the transactions of both databases raise: what was moved until then stays moved.
        """
        with self._here.read_errors():
            stays = self._here.execute(_IDS).fetchall()
            drafts = self._here.execute(_DRAFTS, [millis(self._actor.now())]).fetchall()
        moved = sum(self._move(ids) for ids in _pieces(stays))
        if drafts:
            self._move_drafts(drafts)
        if moved or drafts:
            with self._here.errors():
                self._here.empty_log(wait=False)
        return moved

    def _move(self, ids: Sequence[str]) -> int:
        with self._here.read_errors():
            rows = [row for each in ids for row in self._here.execute(_SELECT, [each]).fetchall()]
            authentic = self._codes_here.authentic(ids)
            tags_missing = tags_are_missing(self._here)
        with self._there.transaction():
            self._codes_there.begin()
            if tags_missing:
                record_missing_tags(self._there)
            new = [row for row in rows if not _has(self._there, "reports", row[0])]
            for *row, content_mac, state_mac in new:
                insertion.insert(self._there, tuple(row))
                self._there.execute(_SET_CODES, [content_mac, state_mac, row[0]])
            new_ids = [row[0] for row in new]
            self._codes_there.changed(new_ids, authentic)
            self._record(self._there, MOVED_IN, new_ids)
        return self._remove([row[0] for row in rows])

    def _remove(self, ids: Sequence[str]) -> int:
        """Remove reports here that are durable there, but one that another process has changed meanwhile."""
        with self._here.transaction():
            removed = [each for each in ids if self._here.execute(_DELETE, [each]).rowcount == 1]
            self._record(self._here, MOVED_OUT, removed)
        return len(removed)

    def _record(self, db: Database, action: str, ids: Sequence[str]) -> None:
        audit.append(db, self._actor, [AuditEvent(action, each, State.QUEUED.value) for each in ids])

    def _move_drafts(self, drafts: Sequence[Sequence[Any]]) -> None:
        with self._there.transaction():
            for draft in drafts:
                if not _has(self._there, "drafts", draft[0]):
                    self._there.execute(_INSERT_DRAFT, draft)
        now = millis(self._actor.now())
        with self._here.transaction():
            self._here.executemany(_DELETE_DRAFT, [(draft[0], now) for draft in drafts])


def _pieces(stays: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """Yield the ids of reports in pieces that hold whole stays, in the order of each stay's first report."""
    by_stay: dict[str, list[str]] = {}
    for stay_id, report_id in stays:
        by_stay.setdefault(stay_id, []).append(report_id)
    piece: list[str] = []
    for ids in by_stay.values():
        piece += ids
        if len(piece) >= _PIECE:
            yield piece
            piece = []
    if piece:
        yield piece


def _has(db: Database, table: str, row_id: str) -> bool:
    return db.execute(f"SELECT 1 FROM {table} WHERE id = ?", [row_id]).fetchone() is not None  # noqa: S608  a table of ours
