"""A minor without an adult in the room at night: a warning where this is certain."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_helpers import GUESTS, STAYS, WIB, contract_errors, draft, look

from apoa_client.passport.dates import PartialDate
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import Kind
from apoa_client.report.model import Guest, Report, Stay
from apoa_client.report.unaccompanied_minors import unaccompanied_minor_warning, unaccompanied_minor_warnings

ARRIVAL = datetime(2026, 11, 24, 20, 30, tzinfo=WIB)
DAY = timedelta(days=1)

ADULT, CHILD = "1985-09-12", "2015-03-01"
OPEN = "2008"
"""Eighteen at some time in the year of arrival, or already."""


def guest(born: str) -> Guest:
    examination = look(draft({"birth_date": born}))
    assert examination.guest is not None
    return examination.guest


def guest_stay(born: str, room: str | None = "7", first: int = 0, nights: int = 3) -> tuple[Guest, Stay]:
    """Return a guest with a date of birth, in a room, from some days after the first arrival."""
    check_in = ARRIVAL + first * DAY
    return guest(born), Stay(check_in, check_in.date() + nights * DAY, room)


def have_warning(*group: tuple[Guest, Stay]) -> list[bool]:
    """Return for each guest whether there is a warning."""
    return [bool(warnings) for warnings in unaccompanied_minor_warnings(group)]


@pytest.mark.parametrize(
    ("born", "warned"),
    [
        ("2008-11-24", False),  # eighteen on the day of arrival
        ("2008-11-25", True),  # a day later
        ("2008-11", False),  # may be eighteen
        ("2008-12", True),
        ("2008", False),
        ("2009", True),
        ("2026-11-24", True),
        ("1990", False),
        ("1985-09-12", False),
    ],
)
def test_under_eighteen_on_the_day_of_arrival(born: str, *, warned: bool) -> None:
    """A partly known date of birth makes a minor only where there is no doubt."""
    assert have_warning(guest_stay(born)) == [warned]


def test_the_day_is_the_propertys_own() -> None:
    """Half past eight in the evening in London is the next morning here."""
    stay = Stay(datetime(2026, 11, 25, 3, 30, tzinfo=WIB), date(2026, 11, 27))
    assert have_warning((guest("2008-11-25"), stay)) == [False]


@pytest.mark.parametrize(
    ("child", "adult", "warned"),
    [
        ("7", "7", False),
        ("7", "8", True),
        ("7a", "7A", False),
        ("kamar 7", "7", False),
        (None, "8", False),
        ("7", None, False),
        (None, None, False),
    ],
)
def test_in_the_same_room(child: str | None, adult: str | None, *, warned: bool) -> None:
    """A guest without a room counts as being in every room."""
    assert have_warning(guest_stay(CHILD, child), guest_stay(ADULT, adult)) == [warned, False]


@pytest.mark.parametrize(
    ("adults", "warned"),
    [
        ([(0, 3)], False),
        ([(0, 9)], False),
        ([(-1, 4)], False),
        ([(0, 2)], True),  # the last night
        ([(1, 2)], True),  # the first one
        ([(0, 1), (2, 1)], True),  # the one between
        ([(0, 1), (1, 2)], False),
        ([(1, 2), (0, 1)], False),
        ([(0, 3), (0, 1)], False),
        ([(3, 2)], True),
    ],
)
def test_on_each_night(adults: list[tuple[int, int]], *, warned: bool) -> None:
    """One adult or several in turn, in any order; no night may be without one."""
    group = [guest_stay(CHILD), *(guest_stay(ADULT, first=first, nights=nights) for first, nights in adults)]
    assert have_warning(*group) == [warned] + [False] * len(adults)


def test_a_guest_who_may_be_an_adult_counts_as_one() -> None:
    """A minor does not, however close to eighteen."""
    assert have_warning(guest_stay(CHILD), guest_stay(OPEN)) == [False, False]
    assert have_warning(guest_stay(CHILD), guest_stay("2009")) == [True, True]


def test_an_empty_group() -> None:
    """It has no warnings."""
    assert unaccompanied_minor_warnings([]) == []


def test_the_warning() -> None:
    """In the contract's terms, without personal data."""
    [[warning]] = unaccompanied_minor_warnings([guest_stay(CHILD)])
    assert isinstance(warning, Finding)
    assert (warning.field, warning.code, warning.suggestion) == ("guest.birth_date", "child_alone", None)
    assert warning.message.render().startswith("The guest is under 18, and no adult is reported along with them")
    assert warning.message.values == {}
    assert "2015" not in repr(warning)


def test_a_guest_who_is_reported_alone() -> None:
    """The same from an examination; nothing where it has errors, or for an adult."""
    assert [warning.code for warning in unaccompanied_minor_warning(look(draft({"birth_date": CHILD})))] == [
        "child_alone"
    ]
    assert unaccompanied_minor_warning(look(draft())) == ()
    assert unaccompanied_minor_warning(look(draft({"birth_date": CHILD}, without="nights"))) == ()


def test_the_warning_does_not_prevent_a_report() -> None:
    """The report can be sent."""
    child, stay = guest_stay(CHILD)
    stay = stay._replace(check_in=stay.check_in.replace(microsecond=0))
    one = "0199c2a4-7d1f-7a3b-9c55-0a4f1c2e8b11"
    assert contract_errors(Report(one, one, Kind.CHECK_IN, ARRIVAL, child, stay)) == []


ROOMS = st.sampled_from([None, "7", "8"])
BIRTHS = st.sampled_from([ADULT, CHILD, OPEN, "2009"])
GUEST_STAYS = st.builds(guest_stay, BIRTHS, ROOMS, st.integers(0, 4), st.integers(1, 5))


@given(st.lists(GUEST_STAYS, max_size=6))
def test_night_by_night(group: list[tuple[Guest, Stay]]) -> None:
    """The result equals a check of every room on every night."""
    born_children = {PartialDate.from_iso(CHILD), PartialDate(2009)}

    def nights(stay: Stay) -> set[date]:
        first = stay.check_in.date()
        return {first + number * DAY for number in range((stay.planned_check_out - first).days)}

    def watched(child: Stay) -> set[date]:
        others = [stay for guest, stay in group if guest.birth_date not in born_children]
        near = [stay for stay in others if stay.room in {None, child.room} or child.room is None]
        return set[date]().union(*(nights(stay) for stay in near))

    expected = [guest.birth_date in born_children and bool(nights(stay) - watched(stay)) for guest, stay in group]
    assert have_warning(*group) == expected


@given(st.lists(st.tuples(GUESTS, STAYS), max_size=4))
def test_any_group_has_a_result_for_each_guest(group: list[tuple[Guest, Stay]]) -> None:
    """For any guests and lengths of stay, in order."""
    found = unaccompanied_minor_warnings(group)
    assert len(found) == len(group)
    assert all(len(warnings) <= 1 for warnings in found)
