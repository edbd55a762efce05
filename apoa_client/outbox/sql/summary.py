"""The state of the outbox as a whole, read without a key."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apoa_client.outbox import rows
from apoa_client.outbox.rows import millis
from apoa_client.outbox.sql import queries
from apoa_client.outbox.sql.metadata import (
    CLOCK_SKEW,
    CODE_CONFIRMED,
    DOUBTS,
    HOLD,
    LAST_CONTACT,
    PRACTICE_MOVED,
    PRACTICE_UNDECIDED,
    PUBLIC_KEY,
    PURGE_SKIPPED,
    REGISTER,
    SUSPENSION,
    Counts,
    Value,
    restrictions_from,
)
from apoa_client.outbox.sql.queries import by_own_clock
from apoa_client.outbox.sql.register import contradicts
from apoa_client.ports.state import Summary
from apoa_client.report.kinds import OPEN_STATES, State

if TYPE_CHECKING:
    from datetime import datetime

    from apoa_client.outbox.database import Cursor, Database

_VALUES: tuple[Value[Any], ...] = (
    *(PRACTICE_MOVED, PRACTICE_UNDECIDED),
    *(SUSPENSION, HOLD, REGISTER, DOUBTS, LAST_CONTACT, CLOCK_SKEW, PURGE_SKIPPED, CODE_CONFIRMED, PUBLIC_KEY),
)
KEYS = tuple(value.key for value in _VALUES)
"""The keys of the metadata that a summary is made of."""
_METADATA = f"SELECT key, value FROM memo WHERE key IN ({', '.join('?' * len(KEYS))})"  # noqa: S608  constants

_STATES = tuple(State)

_LONG_AGO = -(1 << 62)
"""Milliseconds before any deadline."""


def read_summary(db: Database, now: datetime, soon: datetime) -> Summary:
    """Return what `Outbox.summary` describes. For use within `Database.read_errors`."""
    # A server is asked once: it answers when the first result is looked at.
    values = db.execute(_METADATA, KEYS)
    tally = db.execute(queries.TALLY)
    overdue, due_soon, next_due, lease_until, drafts, without_number, uncoded = (
        db.execute(*each)
        for each in (
            (queries.DUE, (_LONG_AGO, millis(now))),
            (queries.DUE, (millis(now), millis(soon))),
            (queries.NEXT_DUE,),
            (queries.LAST_LEASE,),
            (queries.WAITING_DRAFTS, [millis(now)]),
            (queries.WITHOUT_NUMBER,),
            (queries.UNCODED,),
        )
    )
    metadata, reports = dict(values.fetchall()), dict(tally.fetchall())
    without_code = _one(uncoded)
    counts = {state: int(reports[state]) for state in _STATES}
    actual = Counts(sum(counts[state] for state in OPEN_STATES), sum(counts.values()))
    restrictions = restrictions_from(metadata)
    summary = Summary(
        counts=counts,
        overdue=_one(overdue),
        due_soon=_one(due_soon),
        next_due_at=rows.from_millis_or_none(_one(next_due)),
        last_contact_at=LAST_CONTACT.of(metadata),
        suspension=restrictions.suspension,
        hold_until=restrictions.hold_until,
        clock_skew=CLOCK_SKEW.of(metadata),
        purge_skipped_at=PURGE_SKIPPED.of(metadata),
        lease_until=rows.from_millis_or_none(_one(lease_until)),
        drafts=_one(drafts),
        without_number=_one(without_number),
        code_confirmed_for=CODE_CONFIRMED.of(metadata),
        public_key=None if PUBLIC_KEY.key not in metadata else str(metadata[PUBLIC_KEY.key]),
        contradicted=contradicts(metadata.get(REGISTER.key), actual, without_code),
        doubts=DOUBTS.of(metadata) or (),
        practice_moved=PRACTICE_MOVED.of(metadata) or 0,
        practice_undecided=tuple(PRACTICE_UNDECIDED.of(metadata) or ()),
        unauthenticated=without_code if REGISTER.key in metadata else None,
    )
    [summary] = by_own_clock(db, lambda: now, [summary])
    return summary


def _one(cursor: Cursor) -> Any:  # noqa: ANN401  a value, as both engines give it
    return cursor.fetchone()[0]
