"""The state of the outbox as a whole, read without a key."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING

from apoa_client.outbox import rows
from apoa_client.outbox.rows import millis
from apoa_client.outbox.sql import queries
from apoa_client.outbox.sql.metadata import (
    DOUBTS_KEY,
    is_contradicted,
    legacy_rows,
    read_metadata,
    read_number,
    read_restrictions,
)
from apoa_client.ports.state import Summary
from apoa_client.report.kinds import State

if TYPE_CHECKING:
    from datetime import datetime

    from apoa_client.outbox.database import Database

_LONG_AGO = -(1 << 62)
"""Milliseconds before any deadline."""


def read_summary(db: Database, now: datetime, soon: datetime) -> Summary:
    """Return what `ports.DeliveryState.summary` describes. For use within `Database.read_errors`."""
    counts = {State(state): int(number) for state, number in db.execute(queries.TALLY).fetchall()}
    overdue, due_soon = (
        int(db.execute(queries.DUE, bounds).fetchone()[0])
        for bounds in ((_LONG_AGO, millis(now)), (millis(now), millis(soon)))
    )
    restrictions = read_restrictions(db)
    return Summary(
        counts={state: counts[state] for state in State},
        overdue=overdue,
        due_soon=due_soon,
        next_due_at=rows.from_millis_or_none(db.execute(queries.NEXT_DUE).fetchone()[0]),
        last_contact_at=rows.from_millis_or_none(read_number(db, "last_contact")),
        suspension=restrictions.suspension,
        hold_until=restrictions.hold_until,
        clock_skew=rows.duration_or_none(read_number(db, "clock_skew")),
        purge_skipped_at=rows.from_millis_or_none(read_number(db, "purge_skipped")),
        lease_until=rows.from_millis_or_none(db.execute(queries.LAST_LEASE).fetchone()[0]),
        drafts=int(db.execute(queries.WAITING_DRAFTS, [millis(now)]).fetchone()[0]),
        code_confirmed_for=rows.text_or_none(read_metadata(db, "code_confirmed")),
        contradicted=is_contradicted(db),
        doubts=rows.doubts_from_text(read_metadata(db, DOUBTS_KEY)),
        unauthenticated=_count_unauthenticated(db),
    )


def _count_unauthenticated(db: Database) -> int | None:
    legacy = legacy_rows(db)
    return None if legacy is None else int(db.execute(queries.UNAUTHENTICATED, [legacy]).fetchone()[0])
