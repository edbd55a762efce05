"""Warnings about minors who stay without an adult in the room.

Only foreigners are reported, so a child's Indonesian parents are not in the data: this is a warning and no error. A
guest is a child only where the date of birth leaves no doubt; with a partly unknown date the guest may be an adult.
"""

from collections.abc import Sequence
from typing import TypeAlias

from apoa_client.messages import msg
from apoa_client.report.fields import BY_NAME
from apoa_client.report.findings import Finding
from apoa_client.report.model import Guest, Stay
from apoa_client.report.rooms import normalized_room
from apoa_client.report.rules import Examination, years_between

UNACCOMPANIED_MINOR = "child_alone"
ADULT_YEARS = 18

_WARNING = Finding(
    BY_NAME["birth_date"].path,
    UNACCOMPANIED_MINOR,
    msg(
        "The guest is under 18, and no adult is reported along with them for the same room and nights. Make sure that "
        "an adult is there; Indonesian parents, for example, are not reported."
    ),
)

GuestStay: TypeAlias = tuple[Guest, Stay]
"""A guest of a group, and the guest's stay."""


def unaccompanied_minor_warnings(group: Sequence[GuestStay]) -> list[tuple[Finding, ...]]:
    """Return the warnings about each guest of a group, in their order: one for a minor without an adult, else none.

    A guest without a room counts as being in every room.
    """
    are_minors = [
        # The earliest day that the date of birth can mean makes the guest oldest.
        years_between(guest.birth_date.earliest, stay.check_in.date()) < ADULT_YEARS
        for guest, stay in group
    ]
    adults = [stay for (_guest, stay), is_minor in zip(group, are_minors, strict=True) if not is_minor]
    return [
        (_WARNING,) if is_minor and _is_alone(stay, adults) else ()
        for (_guest, stay), is_minor in zip(group, are_minors, strict=True)
    ]


def unaccompanied_minor_warning(examination: Examination) -> tuple[Finding, ...]:
    """Return the warning about a guest who is reported alone; empty where the examination has errors."""
    if examination.guest is None or examination.stay is None:
        return ()
    return unaccompanied_minor_warnings([(examination.guest, examination.stay)])[0]


def _is_alone(minor: Stay, adults: Sequence[Stay]) -> bool:
    """Return whether there is a night on which no adult is in the minor's room."""
    nights = sorted(
        (adult.check_in.date(), adult.planned_check_out)
        for adult in adults
        if minor.room is None or adult.room is None or normalized_room(minor.room) == normalized_room(adult.room)
    )
    night = minor.check_in.date()
    for arrival, departure in nights:
        if arrival <= night:
            night = max(night, departure)
    return night < minor.planned_check_out
