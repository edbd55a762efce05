"""When a report is due, and how its times are written.

The Directorate General asks for a report within 24 hours of check-in (Kantor Imigrasi Kediri, 2017). No
statute seen sets the hours, so they are a setting of the property and the authority may name its own.
"""

from datetime import datetime, timedelta

SOON = timedelta(hours=6)
"""How long before its deadline a report that still waits becomes urgent."""


CLOCK_TOLERANCE = timedelta(minutes=2)
"""How far this computer's clock may be from the authority's before deadlines and times of check-in are in doubt."""


def due_at(check_in: datetime, window_hours: int) -> datetime:
    """The deadline, in the check-in's own zone."""
    return check_in + timedelta(hours=window_hours)


def instant(moment: datetime) -> str:
    """An instant as the contract writes it: RFC 3339 with an offset, to the second."""
    return moment.isoformat(timespec="seconds")
