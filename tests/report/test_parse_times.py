"""Moments as people write them: on the clock of the house, today's unless something else is said."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_helpers import WIB, ZONES

from apoa_client.report.findings import Unreadable
from apoa_client.report.parse_times import date_and_time

NOW = datetime(2026, 11, 25, 13, 30, 45, tzinfo=UTC)
"""20:30:45 WIB."""
TODAY = date(2026, 11, 25)
NO_TIME = "This is not a time. Write it as 19:50, or with its day: 24/11/2026 19:50."


def refusal(text: str, *, now: datetime | None = NOW) -> str:
    with pytest.raises(Unreadable) as caught:
        date_and_time(text, WIB, now=now)
    assert caught.value.code == "bad_date"
    return caught.value.message.render()


@pytest.mark.parametrize(
    "text",
    [
        *("24/11/2026 19:50", "24/11/2026 19.50", "24/11/26 1950", "24/11 19:50", "24.11 19.50", "24 nov 19.50"),
        *("24/11 1950", "24112026 1950", "241126 19.50", "kemarin 19:50", "Kemarin, jam 19.50", "yesterday 1950"),
        *("24/11/2026, 19:50", "24/11/2026 pukul 19.50", "24/11 pkl. 19.50", "24/11/2026 19:50:00", "Nov 24, 19:50"),
        *("2026-11-24T19:50", "2026-11-24 19:50", "20261124T1950", "2026-11-24 19.50", "2026-11-24T12:50Z"),
        *("2026-W48-2T19:50", "2026-11-24t19:50:00.999"),
    ],
)
def test_every_form_of_a_moment_is_read_as_that_moment(text: str) -> None:
    """With ISO 8601 among them, as scripts write it."""
    assert date_and_time(text, WIB, now=NOW) == datetime(2026, 11, 24, 19, 50, tzinfo=WIB)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001  the zone follows
    ZONES,
    st.sampled_from(["%d/%m/%Y %H:%M", "%d %b %Y %H.%M", "%d%m%Y %H%M", "%d-%m-%y jam %H.%M", "%d/%m/%Y, %H:%M"]),
)
def test_a_moment_with_its_day_is_that_moment(moment: datetime, zone: tzinfo, form: str) -> None:
    """Whatever the zone of the house, which is the zone it is read in."""
    minute = moment.replace(second=0, microsecond=0, tzinfo=zone)
    now = datetime(2040, 6, 15, 12, 0, tzinfo=zone)
    if abs(int(f"{minute:%H%M}") - now.year) > 1:
        assert date_and_time(f"{minute:{form}}", zone, now=now) == minute


@pytest.mark.parametrize("text", ["19:50", "19.50", "1950", " jam 19.50 ", "Pukul 19:50"])
def test_a_time_alone_is_todays(text: str) -> None:
    """What a clock on the wall shows."""
    assert date_and_time(text, WIB, now=NOW) == datetime(2026, 11, 25, 19, 50, tzinfo=WIB)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)), ZONES, st.times())  # noqa: DTZ001
def test_a_time_alone_is_within_a_day_of_now(now: datetime, zone: tzinfo, clock: time) -> None:
    """Never more than half a day ahead, since past midnight it is yesterday's."""
    aware = now.replace(tzinfo=zone)
    minute = clock.replace(second=0, microsecond=0)
    read = date_and_time(f"{minute:%H:%M}", zone, now=aware)
    assert timedelta(hours=-24) < read - aware <= timedelta(hours=12)
    assert read.time() == minute


def test_past_midnight_the_evening_is_yesterdays() -> None:
    """The night desk writes down who came before twelve."""
    midnight = datetime(2026, 11, 25, 0, 10, tzinfo=WIB)
    assert date_and_time("23.50", WIB, now=midnight) == datetime(2026, 11, 24, 23, 50, tzinfo=WIB)
    assert date_and_time("0:05", WIB, now=midnight) == datetime(2026, 11, 25, 0, 5, tzinfo=WIB)


def test_now_is_read_in_the_propertys_zone() -> None:
    """At 23:30 UTC it is tomorrow already in Jakarta."""
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    assert date_and_time("6.15", WIB, now=late) == datetime(2026, 11, 25, 6, 15, tzinfo=WIB)


@pytest.mark.parametrize(
    "text", ["kemarin", "24/11", "24 nov", "24 nov 2026", "24 11 2026", "24/11/2026", "2026-11-24"]
)
def test_a_day_alone_is_its_midnight(text: str) -> None:
    """A year that looks like a time is a year where it is this one's."""
    assert date_and_time(text, WIB, now=NOW) == datetime(2026, 11, 24, tzinfo=WIB)


@pytest.mark.parametrize("text", ["24 nov 1950", "24 11 1950", "24/11 2026", "kemarin 2026"])
def test_what_may_be_a_year_or_a_time_is_not_guessed(text: str) -> None:
    """A colon makes it a time."""
    assert refusal(text) == NO_TIME
    assert date_and_time("kemarin 20:26", WIB, now=NOW) == datetime(2026, 11, 24, 20, 26, tzinfo=WIB)


@pytest.mark.parametrize(
    "text",
    ["", "entah", "7 malam", "25:00", "24:00", "24.11", "2460", "19:5", "19:50:60", "hello 19:50", "kemarin 25.00"],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    """With a sentence on how to write one."""
    assert refusal(text) == NO_TIME


def test_a_day_that_is_none_is_told_as_such() -> None:
    """The time beside it is not what is wrong."""
    assert refusal("12/24 19.50").startswith("There is no month 24.")
    assert refusal("31/4 19.50").startswith("This is not a date of the calendar.")
    assert refusal("nov 2026 19.50").startswith("The day is missing.")


def test_without_a_now_a_moment_has_its_day() -> None:
    """Nothing here reads the clock by itself."""
    assert refusal("19.50", now=None) == NO_TIME
    assert refusal("kemarin 19.50", now=None) == NO_TIME
    assert refusal("24/11 19.50", now=None).startswith("The year is missing.")
    assert date_and_time("24/11/2026 19.50", WIB) == datetime(2026, 11, 24, 19, 50, tzinfo=WIB)
    assert date_and_time("24 nov 1950", WIB) == datetime(1950, 11, 24, tzinfo=WIB)


MOMENTLIKE = st.text("0123456789:/-. T+,jampukluehrin", max_size=20) | st.text(max_size=30)


@given(MOMENTLIKE, st.booleans())
def test_no_text_is_anything_but_a_moment_or_unreadable(text: str, known: bool) -> None:  # noqa: FBT001  drawn
    """In the zone of the house, to the second, and the same each time."""
    now = NOW if known else None
    try:
        read = date_and_time(text, WIB, now=now)
    except Unreadable as exc:
        assert exc.message.render()  # noqa: PT017  either outcome is right
    else:
        assert (read.tzinfo, read.microsecond) == (WIB, 0)
        assert date_and_time(text, WIB, now=now) == read
