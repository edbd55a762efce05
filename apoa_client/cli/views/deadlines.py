"""Deadlines in the words of a front desk: how long is left, how late it is, and how loud to say it.

Light, because `apoa status` loads it. The clock is passed in; days are the property's.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo

from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import plain, side_by_side, style_error, style_warning
from apoa_client.cli.views.labels import day_text
from apoa_client.messages import nmsg
from apoa_client.ports import Entry
from apoa_client.report.deadline import SOON
from apoa_client.report.kinds import short_id

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_FEW_DAYS = 2
"""So long is counted in hours; what is later, in days."""


def deadline_text(due: datetime, now: datetime, zone: tzinfo) -> str:
    """How far a deadline is: late by so much, so much left, and further off the day and time in the property's zone.

    Rounded down: nobody is told that there is more time than there is.
    """
    if due < now:
        return _late(now - due)
    if due - now < SOON:
        return _left(due - now)
    local, today = due.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return _("today {time}").format(time=f"{local:%H:%M}")
    if local.date() == today + _DAY:
        return _("tomorrow {time}").format(time=f"{local:%H:%M}")
    return f"{day_text(local)} {local:%H:%M}"


def deadline_style(due: datetime | None, now: datetime) -> Callable[[str], str]:
    """How a deadline looks on a screen: late ones in red, near ones in yellow."""
    if due is None or due - now >= SOON:
        return str
    return style_error if due < now else style_warning


def deadline_lines(
    entries: Sequence[Entry], now: datetime, zone: tzinfo, what: Callable[[Entry], str]
) -> Iterator[str]:
    """A line a report, in columns: its deadline, as loud as it is near; its short id; and what is to be said of it."""
    said = [deadline_text(entry.due_at, now, zone) if entry.due_at is not None else "-" for entry in entries]
    wide = 0 if plain() else max(map(len, said), default=0)
    for entry, words in zip(entries, said, strict=True):
        styled = deadline_style(entry.due_at, now)(words) + " " * (wide - len(words))
        yield "  " + side_by_side([styled, short_id(entry.id), what(entry)])


def _late(time: timedelta) -> str:
    if time < _MINUTE:
        return _("late just now")
    if time < _HOUR:
        return text(nmsg("{count} minute late", "{count} minutes late", time // _MINUTE))
    if time < _FEW_DAYS * _DAY:
        return text(nmsg("{count} hour late", "{count} hours late", time // _HOUR))
    return text(nmsg("{count} day late", "{count} days late", time // _DAY))


def _left(time: timedelta) -> str:
    if time < _MINUTE:
        return _("due now")
    if time < _HOUR:
        return text(nmsg("{count} minute left", "{count} minutes left", time // _MINUTE))
    return text(nmsg("{count} hour left", "{count} hours left", time // _HOUR))
