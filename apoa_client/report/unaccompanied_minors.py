"""Warnings about minors who stay without an adult in the room.

Only foreigners are reported, so a child's Indonesian parents are not in the data: this is a warning and no error. A
guest is a child only where the date of birth leaves no doubt; with a partly unknown date the guest may be an adult.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from apoa_client.messages import msg
from apoa_client.report.fields import BY_NAME
from apoa_client.report.findings import Finding
from apoa_client.report.model import Guest, Stay
from apoa_client.report.rooms import normalized_room
from apoa_client.report.rules import Examination, years_between

UNACCOMPANIED_MINOR = "child_alone"
ADULT_YEARS = 18

WARNING = Finding(
    BY_NAME["birth_date"].path,
    UNACCOMPANIED_MINOR,
    msg(
        "The guest is under 18, and no adult is reported along with them for the same room and nights. Make sure that "
        "an adult is there; Indonesian parents, for example, are not reported."
    ),
)

GuestStay: TypeAlias = tuple[Guest, Stay]
"""A guest of a group, and the guest's stay."""

Nights: TypeAlias = tuple[int, int]
"""A stay's first night and its morning of departure, as ordinals of dates."""


def unaccompanied_minor_warnings(group: Sequence[GuestStay]) -> list[tuple[Finding, ...]]:
    """Return the warnings about each guest of a group, in their order: one for a minor without an adult, else none.

    A guest without a room counts as being in every room.
    """
    are_minors = [is_minor(guest, stay) for guest, stay in group]
    adults = [stay for (_guest, stay), minor in zip(group, are_minors, strict=True) if not minor]
    return [
        (WARNING,) if minor and is_alone(_nights(stay), sorted(_nights(each) for each in _with(stay, adults))) else ()
        for (_guest, stay), minor in zip(group, are_minors, strict=True)
    ]


def unaccompanied_minor_warning(examination: Examination) -> tuple[Finding, ...]:
    """Return the warning about a guest who is reported alone; empty where the examination has errors."""
    if examination.guest is None or examination.stay is None:
        return ()
    return unaccompanied_minor_warnings([(examination.guest, examination.stay)])[0]


def is_minor(guest: Guest, stay: Stay) -> bool:
    """Return whether a guest is certainly under 18 at the check-in."""
    # The earliest day that the date of birth can mean makes the guest oldest.
    return years_between(guest.birth_date.earliest, stay.check_in.date()) < ADULT_YEARS


def is_alone(minor: Nights, adults: Iterable[Nights]) -> bool:
    """Return whether there is a night of a minor on which no adult is there. The adults' nights are sorted."""
    night, end = minor
    for arrival, departure in adults:
        if arrival > night or night >= end:
            break
        night = max(night, departure)
    return night < end


def _nights(stay: Stay) -> Nights:
    return stay.check_in.date().toordinal(), stay.planned_check_out.toordinal()


def _with(minor: Stay, adults: Iterable[Stay]) -> Iterator[Stay]:
    """Yield the stays of the adults who are in the minor's room, or may be."""
    for adult in adults:
        if minor.room is None or adult.room is None or normalized_room(minor.room) == normalized_room(adult.room):
            yield adult
