"""The parser of times as people write them: ``24/11/2026 19:50``, ``24/11 19.50``, ``kemarin 21:00``, ``1950``.

Times are in the property's zone. ISO 8601, which scripts write, is tried first. A time without a date is today's. If it
is more than half a day ahead, it is yesterday's, because after midnight staff write down who came before midnight.
"""

import re
from datetime import date, datetime, time, timedelta, tzinfo

from apoa_client.messages import msg
from apoa_client.report.findings import Unreadable
from apoa_client.report.parse_dates import YEARS, UnknownDateForm, full_date, no_such_date, stay_date

_MAX_AHEAD = timedelta(hours=12)
# Narrower than `datetime.fromisoformat`, which reads 19.50 as 19 hours and ignores the rest.
_ISO = re.compile(r"[0-9]{4}-?(?:[0-9]{2}-?[0-9]{2}|W[0-9]{2}-?[0-9])(?:[T ][0-9]{2}(?::?[0-9]{2}.*)?)?", re.IGNORECASE)
_DATE_AND_CLOCK = re.compile(
    r"(?:(?P<date>.*?)(?:\s*,\s*|\s+|^))(?:(?:jam|pukul|pkl\.?)\s+)?"
    r"(?:(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?|(?P<hours>[0-9]{2})(?P<minutes>[0-9]{2}))",
    re.IGNORECASE | re.DOTALL,
)


def date_and_time(text: str, zone: tzinfo, *, now: datetime | None = None) -> datetime:
    """Read a time to the second, in the property's zone; a date alone is its midnight. Raises `Unreadable`.

    `now` is aware. Without it, a text must have a date with its year.
    """
    value = _read(text.strip(), None if now is None else now.astimezone(zone).replace(tzinfo=None))
    if value.year not in YEARS:
        raise no_such_date()
    local = value.replace(tzinfo=zone) if value.tzinfo is None else value.astimezone(zone)
    return local.replace(microsecond=0)


def _read(text: str, now: datetime | None) -> datetime:
    """Return a time that is aware only where the text has an offset; `now` is local and naive."""
    if _ISO.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    match = _DATE_AND_CLOCK.fullmatch(text)
    if match is None:
        return datetime.combine(_date(text, now), time())
    hour, minute = match["hour"] or match["hours"], match["minute"] or match["minutes"]
    try:
        clock = time(int(hour), int(minute), int(match["second"] or 0))
    except ValueError:
        raise _no_time() from None
    if match["date"]:
        year = int(hour + minute) if match["hours"] else 0
        return _time_or_year(text, match["date"], clock, year, now)
    if now is None:
        raise _no_time()
    today = datetime.combine(now.date(), clock)
    return today - timedelta(days=1) if today - now > _MAX_AHEAD else today


def _time_or_year(text: str, before: str, clock: time, year: int, now: datetime | None) -> datetime:
    """Decide whether the last digits are a time, or the `year` of a date (``24 nov 2026``). Refuse what may be both."""
    try:
        whole = full_date(text)
    except Unreadable:
        whole = None
    could_be_year = now is not None and abs(year - now.year) <= 1
    if whole is None and not could_be_year:
        return datetime.combine(_date(before, now), clock)
    if whole is not None and (could_be_year or now is None):
        return datetime.combine(whole, time())
    raise _no_time()


def _date(text: str, now: datetime | None) -> date:
    try:
        return full_date(text) if now is None else stay_date(text, today=now.date())
    except UnknownDateForm:
        raise _no_time() from None


def _no_time() -> Unreadable:
    return Unreadable("bad_date", msg("This is not a time. Write it as 19:50, or with its day: 24/11/2026 19:50."))
