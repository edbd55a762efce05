"""A child with no adult in the room at night: a warning where it is certain, and silence everywhere else."""

from dataclasses import replace
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
"""Eighteen some time in the year of arrival, or already."""


def guest(born: str) -> Guest:
    examination = look(draft({"birth_date": born}))
    assert examination.guest is not None
    return examination.guest


def lodger(born: str, room: str | None = "7", first: int = 0, nights: int = 3) -> tuple[Guest, Stay]:
    """Somebody born then, in a room, from so many days after the arrival of all."""
    check_in = ARRIVAL + first * DAY
    return guest(born), Stay(check_in, check_in.date() + nights * DAY, room)


def alone(*party: tuple[Guest, Stay]) -> list[bool]:
    """Of whom it is said."""
    return [bool(warnings) for warnings in unaccompanied_minor_warnings(party)]


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
def test_under_eighteen_on_the_day_of_arrival_for_certain(born: str, *, warned: bool) -> None:
    """A date of birth that is known in part makes a child only of whom it cannot be otherwise."""
    assert alone(lodger(born)) == [warned]


def test_the_day_is_the_houses_own() -> None:
    """Half past eight in the evening in London is the next day's morning here."""
    stay = Stay(datetime(2026, 11, 25, 3, 30, tzinfo=WIB), date(2026, 11, 27))
    assert alone((guest("2008-11-25"), stay)) == [False]


@pytest.mark.parametrize(
    ("child", "adult", "warned"),
    [
        ("7", "7", False),
        ("7", "8", True),
        ("7a", "7A", False),
        (None, "8", False),
        ("7", None, False),
        (None, None, False),
    ],
)
def test_in_the_same_room(child: str | None, adult: str | None, *, warned: bool) -> None:
    """Whose room was not given counts as being with everyone."""
    assert alone(lodger(CHILD, child), lodger(ADULT, adult)) == [warned, False]


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
    """One adult or one after the other, in whatever order they are listed; none may be missing on any night."""
    party = [lodger(CHILD), *(lodger(ADULT, first=first, nights=nights) for first, nights in adults)]
    assert alone(*party) == [warned] + [False] * len(adults)


def test_who_may_be_grown_up_counts_as_the_adult() -> None:
    """Silence where it is not certain; a child is none, however close to eighteen."""
    assert alone(lodger(CHILD), lodger(OPEN)) == [False, False]
    assert alone(lodger(CHILD), lodger("2009")) == [True, True]


def test_nobody_is_no_party() -> None:
    """And nothing is said."""
    assert unaccompanied_minor_warnings([]) == []


def test_what_is_said() -> None:
    """In the contract's terms, to be kept with the report, and without a word of who it is."""
    [[warning]] = unaccompanied_minor_warnings([lodger(CHILD)])
    assert isinstance(warning, Finding)
    assert (warning.field, warning.code, warning.suggestion) == ("guest.birth_date", "child_alone", None)
    assert warning.message.render().startswith("The guest is under 18, and no adult is reported along with them")
    assert warning.message.values == {}
    assert "2015" not in repr(warning)


def test_a_guest_who_is_reported_alone() -> None:
    """The same, of what was examined; nothing where something must be corrected first, nor of a grown-up."""
    assert [warning.code for warning in unaccompanied_minor_warning(look(draft({"birth_date": CHILD})))] == [
        "child_alone"
    ]
    assert unaccompanied_minor_warning(look(draft())) == ()
    assert unaccompanied_minor_warning(look(draft({"birth_date": CHILD}, without="nights"))) == ()


def test_a_warning_refuses_nothing() -> None:
    """The report of a child alone is one that may be sent."""
    child, stay = lodger(CHILD)
    stay = replace(stay, check_in=stay.check_in.replace(microsecond=0))
    one = "0199c2a4-7d1f-7a3b-9c55-0a4f1c2e8b11"
    assert contract_errors(Report(one, one, Kind.CHECK_IN, ARRIVAL, child, stay)) == []


ROOMS = st.sampled_from([None, "7", "8"])
BIRTHS = st.sampled_from([ADULT, CHILD, OPEN, "2009"])
LODGERS = st.builds(lodger, BIRTHS, ROOMS, st.integers(0, 4), st.integers(1, 5))


@given(st.lists(LODGERS, max_size=6))
def test_night_by_night(party: list[tuple[Guest, Stay]]) -> None:
    """What is said is what somebody finds who goes from room to room each night."""
    born_children = {PartialDate.from_iso(CHILD), PartialDate(2009)}

    def nights(stay: Stay) -> set[date]:
        first = stay.check_in.date()
        return {first + number * DAY for number in range((stay.planned_check_out - first).days)}

    def watched(child: Stay) -> set[date]:
        others = [stay for guest, stay in party if guest.birth_date not in born_children]
        near = [stay for stay in others if stay.room in {None, child.room} or child.room is None]
        return set[date]().union(*(nights(stay) for stay in near))

    expected = [guest.birth_date in born_children and bool(nights(stay) - watched(stay)) for guest, stay in party]
    assert alone(*party) == expected


@given(st.lists(st.tuples(GUESTS, STAYS), max_size=4))
def test_any_party_has_an_answer_for_each(party: list[tuple[Guest, Stay]]) -> None:
    """Whoever they are and however long they mean to stay, in order and at once."""
    found = unaccompanied_minor_warnings(party)
    assert len(found) == len(party)
    assert all(len(warnings) <= 1 for warnings in found)
