"""The deadline of a report, and the text form of its times.

The Directorate General asks for a report within 24 hours from the start of the stay (Kantor Imigrasi Kediri, 18 Apr
2017), which the program counts from the check-in. No statute that we know sets the hours, so they are a setting of the
property, and the authority may have its own.
"""

from datetime import datetime, timedelta

SOON = timedelta(hours=6)
"""The time before its deadline in which a waiting report is urgent."""

CLOCK_TOLERANCE = timedelta(minutes=2)
"""The difference between this computer's clock and the authority's up to which times of reports are trusted."""

MAX_BELIEVED_SKEW = timedelta(days=366)
"""The difference up to which the authority's clock counts. At a larger one, a user must say what day it is."""


def due_at(check_in: datetime, window_hours: int) -> datetime:
    """Return the deadline, in the zone of the check-in."""
    return check_in + timedelta(hours=window_hours)


def instant(moment: datetime) -> str:
    """Return a time as the contract writes it: RFC 3339 with an offset, to the second."""
    return moment.isoformat(timespec="seconds")
