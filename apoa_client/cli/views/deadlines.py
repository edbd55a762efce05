"""Deadlines on the screen: how much time is left or how late it is, and in which style.

Imports no module that is slow to load, for `apoa status`.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo

from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import plain, side_by_side, style_error, style_warning
from apoa_client.cli.views.labels import day_text
from apoa_client.messages import nmsg, time_message
from apoa_client.ports.entries import Entry
from apoa_client.report.deadline import SOON
from apoa_client.report.kinds import short_id

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_FEW_DAYS = 2
"""Up to so many days, lateness is given in hours."""


def deadline_text(due: datetime, now: datetime, zone: tzinfo) -> str:
    """Return how late a deadline is, how much time is left, or, if it is not soon, its day and time in the zone.

    Times are rounded down, so that they never show more time than is left.
    """
    if due < now:
        return _late_text(now - due)
    left = due - now
    if left < _MINUTE:
        return _("due now")
    if left < SOON:
        minutes = nmsg("{count} minute left", "{count} minutes left", left // _MINUTE)
        hours = nmsg("{count} hour left", "{count} hours left", left // _HOUR)
        return text(minutes if left < _HOUR else hours)
    local, today = due.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return _("today {time}").format(time=text(time_message(local)))
    if local.date() == today + _DAY:
        return _("tomorrow {time}").format(time=text(time_message(local)))
    return f"{day_text(local)} {text(time_message(local))}"


def deadline_style(due: datetime | None, now: datetime) -> Callable[[str], str]:
    """Return the style of a deadline: an error if it has passed, a warning if it is soon, else plain text."""
    if due is None or due - now >= SOON:
        return str
    return style_error if due < now else style_warning


def deadline_lines(
    entries: Sequence[Entry], now: datetime, zone: tzinfo, describe: Callable[[Entry], str]
) -> Iterator[str]:
    """Yield one line per report, in columns: its deadline in its style, its short id, and its description."""
    texts = [deadline_text(entry.due_at, now, zone) if entry.due_at is not None else "-" for entry in entries]
    width = 0 if plain() else max(map(len, texts), default=0)
    for entry, words in zip(entries, texts, strict=True):
        styled = deadline_style(entry.due_at, now)(words) + " " * (width - len(words))
        yield "  " + side_by_side([styled, short_id(entry.id), describe(entry)])


def _late_text(time: timedelta) -> str:
    if time < _MINUTE:
        return _("late just now")
    if time < _HOUR:
        return text(nmsg("{count} minute late", "{count} minutes late", time // _MINUTE))
    if time < _FEW_DAYS * _DAY:
        return text(nmsg("{count} hour late", "{count} hours late", time // _HOUR))
    return text(nmsg("{count} day late", "{count} days late", time // _DAY))
