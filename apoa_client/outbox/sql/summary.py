"""The state of the outbox as a whole, read without a key."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from apoa_client.outbox import rows
from apoa_client.outbox.rows import millis
from apoa_client.outbox.sql import queries
from apoa_client.outbox.sql.metadata import (
    CLOCK_SKEW,
    CODE_CONFIRMED,
    DOUBTS,
    HOLD,
    LAST_CONTACT,
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
    from collections.abc import Mapping
    from datetime import datetime

    from apoa_client.outbox.database import Database

_VALUES: tuple[Value[Any], ...] = (
    *(SUSPENSION, HOLD, REGISTER, DOUBTS, LAST_CONTACT, CLOCK_SKEW, PURGE_SKIPPED, CODE_CONFIRMED, PUBLIC_KEY),
)
KEYS = tuple(value.key for value in _VALUES)
"""The keys of the metadata that a summary is made of."""
_METADATA = f"SELECT key, value FROM memo WHERE key IN ({', '.join('?' * len(KEYS))})"  # noqa: S608  constants

_STATES = tuple(State)

_LONG_AGO = -(1 << 62)
"""Milliseconds before any deadline."""


class StoredSummary(NamedTuple):
    """What a `Summary` is made of, as the database has it: instants are milliseconds."""

    tally: Mapping[str, int]
    """The number of reports in each state."""
    metadata: Mapping[str, object]
    """The stored values, by their keys in `KEYS`."""
    overdue: int = 0
    due_soon: int = 0
    next_due: object = None
    lease_until: object = None
    drafts: int = 0
    without_number: int = 0
    uncoded: int = 0
    """How many reports have no code."""


def read_summary(db: Database, now: datetime, soon: datetime) -> Summary:
    """Return what `ports.DeliveryState.summary` describes. For use within `Database.read_errors`."""
    metadata = dict(db.execute(_METADATA, KEYS).fetchall())
    overdue, due_soon = (
        int(db.execute(queries.DUE, bounds).fetchone()[0])
        for bounds in ((_LONG_AGO, millis(now)), (millis(now), millis(soon)))
    )
    summary = summary_from(
        StoredSummary(
            tally=dict(db.execute(queries.TALLY).fetchall()),
            metadata=metadata,
            overdue=overdue,
            due_soon=due_soon,
            next_due=db.execute(queries.NEXT_DUE).fetchone()[0],
            lease_until=db.execute(queries.LAST_LEASE).fetchone()[0],
            drafts=int(db.execute(queries.WAITING_DRAFTS, [millis(now)]).fetchone()[0]),
            without_number=int(db.execute(queries.WITHOUT_NUMBER).fetchone()[0]),
            uncoded=int(db.execute(queries.UNCODED).fetchone()[0]),
        )
    )
    [summary] = by_own_clock(db, lambda: now, [summary])
    return summary


def summary_from(stored: StoredSummary) -> Summary:
    """Return the summary, with the times to wait for as they are stored. For use within `Database.read_errors`."""
    metadata = stored.metadata
    counts = {state: int(stored.tally[state]) for state in _STATES}
    actual = Counts(sum(counts[state] for state in OPEN_STATES), sum(counts.values()))
    restrictions = restrictions_from(metadata)
    return Summary(
        counts=counts,
        overdue=stored.overdue,
        due_soon=stored.due_soon,
        next_due_at=rows.from_millis_or_none(stored.next_due),
        last_contact_at=LAST_CONTACT.of(metadata),
        suspension=restrictions.suspension,
        hold_until=restrictions.hold_until,
        clock_skew=CLOCK_SKEW.of(metadata),
        purge_skipped_at=PURGE_SKIPPED.of(metadata),
        lease_until=rows.from_millis_or_none(stored.lease_until),
        drafts=stored.drafts,
        without_number=stored.without_number,
        code_confirmed_for=CODE_CONFIRMED.of(metadata),
        public_key=None if PUBLIC_KEY.key not in metadata else str(metadata[PUBLIC_KEY.key]),
        contradicted=contradicts(metadata.get(REGISTER.key), actual, stored.uncoded),
        doubts=DOUBTS.of(metadata) or (),
        unauthenticated=stored.uncoded if REGISTER.key in metadata else None,
    )
