"""When this computer's clock was last found right, as metadata of the outbox, and whether it has jumped since.

Guests' data are erased by age, and a clock that jumps ahead would erase those of guests in house. A jump leaves a gap
between two audit events, or between the last one and now.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING

from apoa_client.outbox.rows import MILLISECOND, from_millis, millis
from apoa_client.outbox.sql.metadata import read_metadata, write_metadata
from apoa_client.report.kinds import CLOCK_TOLERANCE

if TYPE_CHECKING:
    from apoa_client.outbox.database import Database

KEY = "clock_checked"
"""The metadata's key: our clock's time at the check, and the number of the last audit event before it."""

_LONGEST_STEP = timedelta(days=1) // MILLISECOND
_LONGEST_STEP_BACK = CLOCK_TOLERANCE // MILLISECOND


def record_clock_check(db: Database, at: datetime) -> None:
    """Record, inside a transaction, that the clock, which shows this time, is right or its error is known."""
    (last,) = db.execute("SELECT COALESCE(max(n), 0) FROM audit").fetchone()
    write_metadata(db, KEY, f"{millis(at)} {last}")


def clock_checked_at(db: Database, now: datetime) -> datetime | None:
    """Return what `interface.Outbox` describes. For use within `Database.read_errors`."""
    value = read_metadata(db, KEY)
    if value is None:
        return None
    checked, last = (int(part) for part in str(value).split(" "))
    before = checked
    events = db.execute("SELECT at FROM audit WHERE n > ? ORDER BY n", [last])
    for (at,) in chain(events, [(millis(now),)]):
        if not -_LONGEST_STEP_BACK <= at - before <= _LONGEST_STEP:
            return None
        before = at
    return from_millis(checked)
