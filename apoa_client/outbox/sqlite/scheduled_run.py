"""When automatic sending last ran, how it ended, and how long after the run before: one value of the metadata."""

import sqlite3
from datetime import datetime

from apoa_client.outbox.rows import MILLISECOND, from_millis, millis
from apoa_client.outbox.sqlite.metadata import read_metadata, write_metadata
from apoa_client.ports.state import ScheduledRun

KEY = "scheduled_run"


def record_scheduled_run(db: sqlite3.Connection, at: datetime, exit_code: int) -> None:
    """Record a run that ended at this time with this exit code, inside a transaction."""
    last = last_scheduled_run(db)
    interval = (at - last.at) // MILLISECOND if last is not None and last.at < at else 0
    write_metadata(db, KEY, f"{millis(at)} {int(exit_code)} {interval}")


def last_scheduled_run(db: sqlite3.Connection) -> ScheduledRun | None:
    """Return the last run; None if there was none, or nothing readable: the next run replaces it."""
    try:
        at, exit_code, interval = map(int, str(read_metadata(db, KEY)).split(" "))
        return ScheduledRun(from_millis(at), exit_code, interval * MILLISECOND if interval else None)
    except (ValueError, OverflowError):
        return None


def forget_scheduled_runs(db: sqlite3.Connection) -> None:
    """Forget the last run, inside a transaction."""
    write_metadata(db, KEY, None)
