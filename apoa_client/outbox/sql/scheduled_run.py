"""When automatic sending last ran, how it ended, and how long after the run before: one value of the metadata."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING

from apoa_client.outbox.rows import MILLISECOND, from_millis, millis
from apoa_client.outbox.sql.metadata import read_metadata, write_metadata
from apoa_client.ports.state import ScheduledRun

if TYPE_CHECKING:
    from datetime import datetime

    from apoa_client.outbox.database import Database

KEY = "scheduled_run"


def record_scheduled_run(db: Database, at: datetime, exit_code: int) -> None:
    """Record a run that ended at this time with this exit code, inside a transaction."""
    last = last_scheduled_run(db)
    interval = (at - last.at) // MILLISECOND if last is not None and last.at < at else 0
    write_metadata(db, KEY, f"{millis(at)} {int(exit_code)} {interval}")


def last_scheduled_run(db: Database) -> ScheduledRun | None:
    """Return the last run; None if there was none, or nothing readable: the next run replaces it."""
    return scheduled_run_from(read_metadata(db, KEY))


def scheduled_run_from(value: object) -> ScheduledRun | None:
    """Return what `last_scheduled_run` does, from the value of `KEY`."""
    try:
        at, exit_code, interval = map(int, str(value).split(" "))
        return ScheduledRun(from_millis(at), exit_code, interval * MILLISECOND if interval else None)
    except (ValueError, OverflowError):
        return None


def forget_scheduled_runs(db: Database) -> None:
    """Forget the last run, inside a transaction."""
    write_metadata(db, KEY, None)
