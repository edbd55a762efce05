"""Words for what the outbox knows: states, kinds, days and times. Light, because `apoa status` loads it."""

from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import plain
from apoa_client.messages import nmsg
from apoa_client.report.kinds import Kind, State
from apoa_client.report.wording import day_message, month

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

RECEIPT_SOURCES = {False: N_("number from the reporting server"), True: N_("number typed in by staff")}
"""Whose a receipt's number is, by whether staff typed it in."""

SEXES = {"M": N_("male"), "F": N_("female"), "X": N_("not stated")}

PURPOSES = {
    "tourism": N_("tourism"),
    "business": N_("business"),
    "family": N_("family"),
    "work": N_("work"),
    "study": N_("study"),
    "transit": N_("transit"),
    "government": N_("government"),
    "other": N_("other"),
}


def room_heading() -> str:
    """What stands above rooms: short, where a column is narrow."""
    return _("Room") if plain() else _("Rm.")


def nationality_heading() -> str:
    """What stands above nationalities, likewise."""
    return _("Nationality") if plain() else _("Nat.")


def day_text(day: date, say: Callable[[str], str] = _) -> str:
    """A date in words: no order of numbers to mistake. `say` puts the month's name into a language, or into two."""
    return day_message(day).render(say)


def partial_text(value: "PartialDate") -> str:
    """A date in words as far as it is known: a year, a month of a year, or a day."""
    if value.month is None:
        return str(value.year)
    if value.day is None:
        return f"{text(month(value.earliest))} {value.year}"
    return day_text(value.earliest)


def short_day_text(day: date, today: date) -> str:
    """A date in words, without the year where that is this one: for a table that must be narrow."""
    return day_text(day) if day.year != today.year else f"{day.day} {text(month(day))}"


def nights_text(count: int) -> str:
    """How long a stay is."""
    return text(nmsg("{count} night", "{count} nights", count))


def moment_text(moment: datetime, zone: tzinfo, say: Callable[[str], str] = _) -> str:
    """An instant in the property's zone, which is named (WIB, WITA, WIT)."""
    local = moment.astimezone(zone)
    return f"{day_text(local, say)} {local:%H:%M} {local.tzname()}"


def seconds(time: timedelta | None) -> int | None:
    """Whole seconds, as JSON has them."""
    return None if time is None else round(time.total_seconds())


def clock_skew_text(skew: timedelta) -> str:
    """That this computer's clock is wrong; `skew` is by how much the authority's is ahead."""
    minutes = max(abs(round(skew.total_seconds() / 60)), 1)
    if skew > timedelta():
        return text(
            nmsg(
                "This computer's clock is {count} minute slow by the authority's. Set it: deadlines depend on it.",
                "This computer's clock is {count} minutes slow by the authority's. Set it: deadlines depend on it.",
                minutes,
            )
        )
    return text(
        nmsg(
            "This computer's clock is {count} minute fast by the authority's. Set it: deadlines depend on it.",
            "This computer's clock is {count} minutes fast by the authority's. Set it: deadlines depend on it.",
            minutes,
        )
    )
