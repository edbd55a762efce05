"""The night that is handed over: its dates in the property's time zone, and its guests."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import pytest

from apoa_client.desk.stay_history import Night, NightGuests, StayHistory, guests_of_night, night_at
from apoa_client.ports.entries import Entry
from apoa_client.report.kinds import Kind, State
from apoa_client.settings.zones import WIB, WIT, WITA

EVENING, MORNING = date(2026, 11, 24), date(2026, 11, 25)
DAY = timedelta(days=1)
AT_EIGHT = night_at(datetime(2026, 11, 24, 20, 0, tzinfo=WIB), WIB)
AT_SEVEN = night_at(datetime(2026, 11, 25, 7, 0, tzinfo=WIB), WIB)


def entry(number: int, kind: Kind = Kind.CHECK_IN, state: State = State.ACCEPTED, **more: Any) -> Entry:
    created_at = datetime(2026, 11, 20, tzinfo=UTC)
    plain = Entry(number, f"report-{number}", "stay", kind, state, created_at, None)
    return plain._replace(**more)


def stay(first: date | None, last: date | None, *more: Kind) -> StayHistory:
    """A stay from its first night to its last morning, with the kinds of its later reports."""
    reports = [entry(0, first_night=first, last_morning=last)]
    return StayHistory((*reports, *(entry(number, kind) for number, kind in enumerate(more, 1))))


@pytest.mark.parametrize(
    ("now", "zone", "evening", "in_the_morning"),
    [
        ("2026-11-24T12:00+07:00", WIB, date(2026, 11, 24), False),
        ("2026-11-24T11:59+07:00", WIB, date(2026, 11, 23), True),
        ("2026-11-24T23:59+07:00", WIB, date(2026, 11, 24), False),
        ("2026-11-25T00:00+07:00", WIB, date(2026, 11, 24), True),
        # Noon comes to Jayapura two hours before Jakarta, and midnight too.
        ("2026-11-24T10:00+07:00", WIT, date(2026, 11, 24), False),
        ("2026-11-24T10:00+07:00", WITA, date(2026, 11, 23), True),
        ("2026-11-24T22:30+07:00", WIT, date(2026, 11, 24), True),
        ("2026-11-24T22:30+07:00", WITA, date(2026, 11, 24), False),
        # Month ends and leap days.
        ("2026-12-01T06:00+07:00", WIB, date(2026, 11, 30), True),
        ("2027-01-01T06:00+09:00", WIT, date(2026, 12, 31), True),
        ("2028-02-29T21:00+08:00", WITA, date(2028, 2, 29), False),
        ("2028-03-01T09:00+08:00", WITA, date(2028, 2, 29), True),
        ("2027-03-01T09:00+08:00", WITA, date(2027, 2, 28), True),
    ],
)
def test_which_night_it_is(now: str, zone: tzinfo, evening: date, *, in_the_morning: bool) -> None:
    """From noon to noon in the property's time zone, whatever the computer's zone is."""
    night = night_at(datetime.fromisoformat(now).astimezone(UTC), zone)
    assert (night.evening, night.morning, night.is_morning) == (evening, evening + DAY, in_the_morning)
    assert night.ends_at == datetime(night.morning.year, night.morning.month, night.morning.day, 12, tzinfo=zone)


def lists(guests: NightGuests, history: StayHistory) -> set[str]:
    """Return the names of the lists that a stay is in."""
    return {name for name in ("in_house", "arrived", "leaving", "overdue") if history in getattr(guests, name)}


@pytest.mark.parametrize(
    ("night", "history", "expected"),
    [
        (AT_EIGHT, stay(EVENING, MORNING + DAY), {"in_house", "arrived"}),
        (AT_EIGHT, stay(EVENING, MORNING), {"in_house", "arrived", "leaving"}),
        (AT_EIGHT, stay(EVENING - DAY, MORNING + DAY), {"in_house"}),
        (AT_EIGHT, stay(EVENING - DAY, MORNING), {"in_house", "leaving"}),
        (AT_EIGHT, stay(EVENING - DAY, EVENING), {"in_house", "overdue"}),
        (AT_EIGHT, stay(EVENING - 9 * DAY, EVENING - 3 * DAY), {"in_house", "overdue"}),
        (AT_EIGHT, stay(MORNING, MORNING + DAY), set()),
        (AT_EIGHT, stay(EVENING, MORNING, Kind.CHECK_OUT), {"arrived"}),
        (AT_EIGHT, stay(EVENING - DAY, MORNING, Kind.CHECK_OUT), set()),
        (AT_EIGHT, stay(EVENING, MORNING, Kind.CANCEL), set()),
        (AT_EIGHT, stay(None, None), {"in_house"}),
        # The morning after: who came past midnight belongs to this night, and leaves another day.
        (AT_SEVEN, stay(EVENING, MORNING), {"in_house", "arrived", "leaving"}),
        (AT_SEVEN, stay(MORNING, MORNING + DAY), {"in_house", "arrived"}),
        (AT_SEVEN, stay(EVENING - DAY, MORNING), {"in_house", "leaving"}),
        (AT_SEVEN, stay(EVENING - DAY, EVENING), {"in_house", "overdue"}),
        (AT_SEVEN, stay(EVENING - DAY, MORNING, Kind.CHECK_OUT), set()),
        (AT_SEVEN, stay(MORNING + DAY, MORNING + 2 * DAY), set()),
    ],
)
def test_guests_of_the_night(night: Night, history: StayHistory, expected: set[str]) -> None:
    """In house, arrived, leaving or overdue, in the evening and on the next morning."""
    assert lists(guests_of_night([history], night), history) == expected


def test_a_withdrawn_stay_is_in_no_list() -> None:
    """It never was."""
    gone = StayHistory((entry(0, state=State.WITHDRAWN, first_night=EVENING, last_morning=MORNING),))
    assert lists(guests_of_night([gone], AT_EIGHT), gone) == set()
