"""Departures that a table states: when the guest left, if they have left."""

from datetime import datetime, time, tzinfo
from typing import NamedTuple, Self

from apoa_client.messages import Message, msg
from apoa_client.report.deadline import instant
from apoa_client.report.fields import label_of
from apoa_client.report.findings import Finding, Unreadable
from apoa_client.report.parse_dates import full_date
from apoa_client.report.parse_times import date_and_time

_PATH = "check_out"
_USUAL = time(12)
"""The time of a departure of which only the day is known, unless the guest arrived later."""


class Departure(NamedTuple):
    """When a guest left. `content` is what the table says, always the same bytes for the same day or time."""

    at: datetime
    content: bytes

    @classmethod
    def at_time(cls, at: datetime) -> Self:
        """Return the departure at a time that is known."""
        return cls(at, f"check_out {instant(at)}".encode())


def read_departure(
    text: str, check_in: datetime, zone: tzinfo, now: datetime
) -> tuple[Departure | None, tuple[Finding, ...]]:
    """Return the departure that a text says, and what is wrong with the text.

    There is none if that time is still to come: the guest is in house.
    """
    try:
        at = date_and_time(text, zone, now=now)
    except Unreadable as exc:
        return None, (_finding(exc.code, exc.message),)
    local_now = now.astimezone(zone).replace(microsecond=0)
    day_alone = _is_day_alone(text)
    if at > local_now:
        return None, ()
    if at.date() < check_in.date() or (at < check_in and not day_alone):
        return None, (_finding("order", msg("it is before the check-in. Compare the two cells.")),)
    if not day_alone:
        return Departure.at_time(at), ()
    at = min(datetime.combine(at.date(), _USUAL, at.tzinfo), local_now)
    return Departure(max(at, check_in), f"check_out {at.date().isoformat()}".encode()), ()


def departure_day(text: str, zone: tzinfo, now: datetime) -> str:
    """Return the day of a departure in ISO 8601; empty if the text is no time."""
    try:
        return date_and_time(text, zone, now=now).date().isoformat()
    except Unreadable:
        return ""


def _is_day_alone(text: str) -> bool:
    try:
        full_date(text)
    except Unreadable:
        return False
    return True


def _finding(code: str, problem: Message) -> Finding:
    return Finding(_PATH, code, msg("{field}: {remark}", field=label_of(_PATH), remark=problem))
