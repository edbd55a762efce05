"""The figures of a month: nights, punctuality and nationalities."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.tables.statistics import (
    Figures,
    Group,
    Month,
    StayFacts,
    by_nationality,
    parse_month,
)

NOVEMBER = Month(2026, 11)
TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 13, tzinfo=UTC)


def figures(*stays: StayFacts, month: Month = NOVEMBER) -> Figures:
    counted = Figures(month)
    for stay in stays:
        counted.count(stay, NOW, TODAY)
    return counted


def stay(first: str, leaves: str, **more: Any) -> StayFacts:
    return StayFacts(date.fromisoformat(first), date.fromisoformat(leaves))._replace(**more)


@pytest.mark.parametrize(
    "text", ["2026-1", "2026-13", "2026-00", "0000-01", "26-10", "2026/10", "2026-10-01", "", "٢٠٢٦-10"]
)
def test_a_text_that_is_no_month(text: str) -> None:
    """Only a year and a month with a hyphen are a month."""
    assert parse_month(text) is None


def test_a_month() -> None:
    """A month knows its days, in a leap year too, and is written as it is read."""
    month = parse_month("2028-02")
    assert month is not None
    assert (str(month), month.last, len(month.days)) == ("2028-02", date(2028, 2, 29), 29)
    assert Month(2026, 12).last == date(2026, 12, 31)


def test_nights_to_come() -> None:
    """Nights after tonight are counted, and said to be planned."""
    assert figures(stay("2026-11-23", "2026-11-28")).planned_nights == 3


@pytest.mark.parametrize(
    ("due", "accepted", "counts"),
    [
        (24, 23, (1, 0, 0)),
        (24, 24, (1, 0, 0)),
        (24, 25, (0, 1, 0)),
        (24, None, (0, 1, 0)),
        (500, None, (0, 0, 1)),
        (None, 3, (0, 0, 0)),
    ],
    ids=["early", "at the deadline", "late", "overdue", "waiting", "no deadline"],
)
def test_punctuality(due: int | None, accepted: int | None, counts: tuple[int, int, int]) -> None:
    """What decides is the receipt's time; a report that waits and is not due is neither on time nor late."""
    arrival = datetime(2026, 11, 10, 7, tzinfo=UTC)
    times = [arrival + timedelta(hours=hours) if hours is not None else None for hours in (due, accepted)]
    counted = figures(stay("2026-11-10", "2026-11-12", due_at=times[0], accepted_at=times[1]))
    week = next(week for week in counted.weeks if week.first == date(2026, 11, 9))
    for found in (counted.punctuality, week.punctuality):
        assert (found.on_time, found.late, found.waiting) == counts
        assert found.share == (counts[0] / sum(counts[:2]) if any(counts[:2]) else None)


@given(st.dates(date(1990, 1, 1), date(2060, 1, 1)))
def test_the_weeks_are_the_month(day: date) -> None:
    """Each day is in one week, and each week but the first begins on a Monday."""
    month = Month(day.year, day.month)
    weeks = figures(month=month).weeks
    days = [each for week in weeks for each in month.days if week.first <= each <= week.last]
    assert days == month.days
    assert all(week.first.weekday() == 0 for week in weeks[1:])


def test_the_order_of_nationalities() -> None:
    """Most nights first; data that were erased last."""
    guests = (Group(state, 1, 1, nights) for state, nights in ((None, 9), ("POL", 2), ("AUS", 1), ("AUS", 3)))
    assert by_nationality(guests) == [Group("AUS", 2, 2, 4), Group("POL", 1, 1, 2), Group(None, 1, 1, 9)]
