"""Words for states, kinds, days and times. Imports no module that is slow to load, for `apoa status`."""

from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import plain, style_error
from apoa_client.messages import day_message, duration_message, moment_message, month_name, nmsg
from apoa_client.ports.entries import Entry
from apoa_client.report.kinds import MAX_BELIEVED_SKEW, Kind, Receipt, State

if TYPE_CHECKING:
    from apoa_client.passport.dates import PartialDate  # `apoa status` reads no passport

STATES = {
    State.QUEUED: N_("waiting"),
    State.SENDING: N_("being sent"),
    State.PENDING: N_("waiting for a decision"),
    State.REJECTED: N_("refused"),
    State.ACCEPTED: N_("sent"),
    State.SUPERSEDED: N_("replaced"),
    State.WITHDRAWN: N_("withdrawn"),
}

KINDS = {
    Kind.CHECK_IN: N_("check-in"),
    Kind.CHECK_OUT: N_("check-out"),
    Kind.AMEND: N_("correction"),
    Kind.CANCEL: N_("cancellation"),
}

RECEIPT_SOURCES = {False: N_("number from the authority"), True: N_("number typed in by staff")}
"""Where a receipt's number comes from, by whether staff typed it in."""

WITHOUT_NUMBER = N_("typed into APOA by staff, without a number")

SEXES = {"M": N_("male"), "F": N_("female"), "X": N_("not stated")}


def receipt_source(receipt: Receipt) -> str:
    """Return where a receipt's number comes from, or that there is none, as a sentence of the catalogue."""
    return RECEIPT_SOURCES[receipt.typed] if receipt.has_number else WITHOUT_NUMBER


def state_text(entry: Entry, translate: Callable[[str], str] = _) -> str:
    """Return a report's state in words. One that staff typed into APOA was reported, but not sent."""
    typed = entry.state is State.ACCEPTED and entry.receipt is not None and entry.receipt.typed
    return translate(N_("reported") if typed else STATES[entry.state])


def state_cell(entry: Entry) -> str:
    """Return a report's state for a table. The one that the user must do something about is coloured."""
    word = state_text(entry)
    return style_error(word) if entry.state is State.REJECTED else word


def room_heading() -> str:
    """Return the heading of a column of rooms: short, unless the output is plain lines."""
    return _("Room") if plain() else _("Rm.")


def nationality_heading() -> str:
    """Return the heading of a column of nationalities: short, unless the output is plain lines."""
    return _("Nationality") if plain() else _("Nat.")


def day_text(day: date, translate: Callable[[str], str] = _) -> str:
    """Return a date with the name of its month, such as 24 Nov 2026. `translate` translates the name."""
    return day_message(day).render(translate)


def partial_text(value: "PartialDate") -> str:
    """Return a date as far as it is known: the year, month and year, or the day."""
    if value.month is None:
        return str(value.year)
    if value.day is None:
        return f"{text(month_name(value.earliest))} {value.year}"
    return day_text(value.earliest)


def short_day_text(day: date, today: date) -> str:
    """Return a date for a narrow table: without the year if that is the current one."""
    return day_text(day) if day.year != today.year else f"{day.day} {text(month_name(day))}"


def nights_text(count: int) -> str:
    """Return a number of nights in words."""
    return text(nmsg("{count} night", "{count} nights", count))


def moment_text(moment: datetime, zone: tzinfo, translate: Callable[[str], str] = _) -> str:
    """Return an instant in the property's zone, with the zone's name (WIB, WITA, WIT)."""
    return moment_message(moment.astimezone(zone)).render(translate)


def whole_seconds(time: timedelta | None) -> int | None:
    """Return a time in whole seconds, for JSON."""
    return None if time is None else round(time.total_seconds())


def lease_text(count: int, until: datetime, zone: tzinfo) -> str:
    """Return that reports are being sent, and when they can be sent again if that run was broken off."""
    message = nmsg(
        "{count} report is being sent. If that was broken off, it can be sent again after {until}.",
        "{count} reports are being sent. If that was broken off, they can be sent again after {until}.",
        count,
        until=moment_text(until, zone),
    )
    return text(message)


def rebuilt_text() -> str:
    """Return that a damaged file was repaired, and what to do about its cause."""
    return _(
        "The file of the reports was damaged on this computer's disk. Its index was rebuilt, and no report was lost by "
        "that. Ask your IT admin to make a backup (apoa backup) and to check the disk."
    )


def duration_text(time: timedelta) -> str:
    """Return a length of time, at least a minute, in the largest unit of which there are two: 119 minutes, 2 days."""
    return text(duration_message(time))


def time_over_text() -> str:
    """Return why reports still wait, although the authority answered."""
    return _("The authority answered too slowly: the time for sending was over before everything was sent.")


def clock_skew_text(skew: timedelta) -> str:
    """Return that this computer's clock is wrong. `skew` is positive if the authority's clock is ahead."""
    if abs(skew) > MAX_BELIEVED_SKEW:
        sentence = _(
            "The clocks of this computer and of the authority differ by {time}, so old guest data are not erased. If "
            "this computer's date is right, tell the authority."
        )
        return sentence.format(time=duration_text(abs(skew)))
    sentence = _("This computer's clock is {time} ahead of the authority's. Set it: deadlines depend on it.")
    if skew > timedelta():
        sentence = _("This computer's clock is {time} behind the authority's. Set it: deadlines depend on it.")
    return sentence.format(time=duration_text(abs(skew)))
