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
    """Store it as three parts without blanks, inside a transaction. 0 stands for no time."""
    until = 0 if learned.limited_until is None else millis(learned.limited_until)
    write_metadata(db, KEY, f"{learned.size} {learned.settings} {until}")


def batch_size(db: Database) -> LearnedBatchSize | None:
    """Return what is stored; None if there is nothing, or nothing readable: no report waits for it."""
    try:
        size, settings, until = str(read_metadata(db, KEY)).split(" ")
        learned = LearnedBatchSize(int(size), settings, from_millis(int(until)) if int(until) else None)
    except (ValueError, OverflowError):
        return None
    return learned if 1 <= learned.size <= _LARGEST else None
