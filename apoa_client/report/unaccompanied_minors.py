"""Guests who come together, and whether each child among them has an adult in the room, on every night.

Only foreigners are reported, so that a child may well be here with parents who are not: it is worth a warning, and no
more. And it is said where it is certain: a date of birth that leaves it open makes nobody a child, and may be that of
an adult.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypeAlias

from apoa_client.messages import msg
from apoa_client.report.fields import BY_NAME
from apoa_client.report.findings import Finding
from apoa_client.report.model import Guest, Stay
from apoa_client.report.rules import Examination, years_between

UNACCOMPANIED_MINOR = "child_alone"
ADULT_YEARS = 18

GuestStay: TypeAlias = tuple[Guest, Stay]
"""One of a party, and when and where they stay."""


def unaccompanied_minor_warnings(party: Sequence[GuestStay]) -> list[tuple[Finding, ...]]:
    """The warning about each of a party, in their order: none for adults, nor for children who have one with them.

    Whose room was not given counts as being with everyone.
    """
    adults = [stay for guest, stay in party if not _is_child(guest, stay)]
    return [(_warning(),) if _is_child(guest, stay) and _alone(stay, adults) else () for guest, stay in party]


def unaccompanied_minor_warning(examination: Examination) -> tuple[Finding, ...]:
    """The same about a guest who is reported alone; nothing where errors stand in the way of that."""
    if examination.guest is None or examination.stay is None:
        return ()
    return unaccompanied_minor_warnings([(examination.guest, examination.stay)])[0]


def _is_child(guest: Guest, stay: Stay) -> bool:
    """Whether they are under age on the day of arrival, for certain: even born on the first day that it can mean."""
    return years_between(guest.birth_date.earliest, stay.check_in.date()) < ADULT_YEARS


def _alone(child: Stay, adults: Iterable[Stay]) -> bool:
    """Whether there is a night on which none of the adults is in the child's room."""
    night = child.check_in.date()
    for arrival, departure in sorted(_nights(adult) for adult in adults if _share(child, adult)):
        if arrival <= night:
            night = max(night, departure)
    return night < child.planned_check_out


def _nights(stay: Stay) -> tuple[date, date]:
    """The first night, and the morning of departure."""
    return stay.check_in.date(), stay.planned_check_out


def _share(one: Stay, other: Stay) -> bool:
    return one.room is None or other.room is None or one.room.casefold() == other.room.casefold()


def _warning() -> Finding:
    message = msg(
        "The guest is under 18, and no adult is reported along with them for the same room and nights. Make sure that "
        "an adult is there; Indonesian parents, for one, are not reported."
    )
    return Finding(BY_NAME["birth_date"].path, UNACCOMPANIED_MINOR, message)
