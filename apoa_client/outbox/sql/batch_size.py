"""The size of batches that delivery learned: one value of the metadata."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING

from apoa_client.outbox.rows import from_millis, millis
from apoa_client.outbox.sql.metadata import read_metadata, write_metadata
from apoa_client.ports.state import LearnedBatchSize

if TYPE_CHECKING:
    from apoa_client.outbox.database import Database

KEY = "batch_size"
_LARGEST = 10_000
"""No authority allows a call of so many reports, so no larger size was learned."""


def record_batch_size(db: Database, learned: LearnedBatchSize) -> None:
    """Store it as four parts without blanks, inside a transaction. 0 stands for no limit."""
    until = 0 if learned.limited_until is None else millis(learned.limited_until)
    write_metadata(db, KEY, f"{learned.size} {learned.settings} {learned.limit or 0} {until}")


def batch_size(db: Database) -> LearnedBatchSize | None:
    """Return what is stored; None if there is nothing, or nothing readable: no report waits for it."""
    try:
        size, settings, limit, until = str(read_metadata(db, KEY)).split(" ")
        learned = LearnedBatchSize(
            int(size), settings, int(limit) or None, from_millis(int(until)) if int(until) else None
        )
    except (ValueError, OverflowError):
        return None
    return learned if 1 <= learned.size <= _LARGEST and (learned.limit or 1) >= 1 else None
