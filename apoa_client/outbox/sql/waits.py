"""The times that senders wait for: backoff and lease of a report, and what the authority asked for (Retry-After).

The database has them by its own clock, so that several computers wait for the same moment, however far their clocks are
apart. They are converted where they are written and read; the clock of a file is that of its computer. Deadlines and
times of what has happened are stored as they were given.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from apoa_client.ports.entries import Change, Entry
from apoa_client.ports.state import Restrictions, Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

    from apoa_client.outbox.database import Database

T = TypeVar("T", Entry, Change, Restrictions, Summary)

_FIELDS = ("next_attempt_at", "not_before", "lease_until", "hold_until")


def clock_lead(db: Database, here: datetime) -> timedelta:
    """Return how far the database's clock is ahead of `here`, this computer's. For use within `Database.errors`."""
    return db.now(here) - here


def by_database_clock(db: Database, now: Callable[[], datetime], values: Sequence[T]) -> list[T]:
    """Return values to be stored; `now` is this computer's clock. For use within `Database.errors`.

    The database is asked for its time only if there is anything to wait for.
    """
    return later(values, clock_lead(db, now())) if any(map(_waits, values)) else list(values)


def by_own_clock(db: Database, now: Callable[[], datetime], values: Sequence[T]) -> list[T]:
    """Return stored values for a reader with the clock `now`, else as `by_database_clock`."""
    return later(values, -clock_lead(db, now())) if any(map(_waits, values)) else list(values)


def later(values: Sequence[T], by: timedelta) -> list[T]:
    """Return values whose times to wait for are later by this."""
    if not by:
        return list(values)
    return [value._replace(**{name: at + by for name, at in _waits(value).items()}) for value in values]


def _waits(value: T) -> dict[str, Any]:
    return {name: at for name in _FIELDS if (at := getattr(value, name, None)) is not None}
