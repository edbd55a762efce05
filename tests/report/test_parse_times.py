"""Times as people write them: in the property's zone, and today's unless the text says otherwise."""

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
def test_every_form_of_a_time(text: str) -> None:
    """ISO 8601, which scripts write, is one of them."""
    assert date_and_time(text, WIB, now=NOW) == datetime(2026, 11, 24, 19, 50, tzinfo=WIB)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001  the zone follows
    ZONES,
    st.sampled_from(["%d/%m/%Y %H:%M", "%d %b %Y %H.%M", "%d%m%Y %H%M", "%d-%m-%y jam %H.%M", "%d/%m/%Y, %H:%M"]),
)
def test_a_date_and_time_is_read_in_the_propertys_zone(moment: datetime, zone: tzinfo, form: str) -> None:
    """In any zone."""
    minute = moment.replace(second=0, microsecond=0, tzinfo=zone)
    now = datetime(2040, 6, 15, 12, 0, tzinfo=zone)
    if abs(int(f"{minute:%H%M}") - now.year) > 1:
        assert date_and_time(f"{minute:{form}}", zone, now=now) == minute


@pytest.mark.parametrize("text", ["19:50", "19.50", "1950", " jam 19.50 ", "Pukul 19:50"])
def test_a_time_alone_is_todays(text: str) -> None:
    """As a clock in the property shows it."""
    assert date_and_time(text, WIB, now=NOW) == datetime(2026, 11, 25, 19, 50, tzinfo=WIB)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)), ZONES, st.times())  # noqa: DTZ001
def test_a_time_alone_is_within_a_day_of_now(now: datetime, zone: tzinfo, clock: time) -> None:
    """At most half a day ahead; otherwise it is yesterday's."""
    aware = now.replace(tzinfo=zone)
    minute = clock.replace(second=0, microsecond=0)
    read = date_and_time(f"{minute:%H:%M}", zone, now=aware)
    assert timedelta(hours=-24) < read - aware <= timedelta(hours=12)
    assert read.time() == minute


def test_after_midnight_an_evening_time_is_yesterdays() -> None:
    """The night desk writes down who came before midnight."""
    midnight = datetime(2026, 11, 25, 0, 10, tzinfo=WIB)
    assert date_and_time("23.50", WIB, now=midnight) == datetime(2026, 11, 24, 23, 50, tzinfo=WIB)
    assert date_and_time("0:05", WIB, now=midnight) == datetime(2026, 11, 25, 0, 5, tzinfo=WIB)


def test_now_is_read_in_the_propertys_zone() -> None:
    """At 23:30 UTC it is already the next day in Jakarta."""
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    assert date_and_time("6.15", WIB, now=late) == datetime(2026, 11, 25, 6, 15, tzinfo=WIB)


@pytest.mark.parametrize(
    "text", ["kemarin", "24/11", "24 nov", "24 nov 2026", "24 11 2026", "24/11/2026", "2026-11-24"]
)
def test_a_date_alone_is_its_midnight(text: str) -> None:
    """Digits that look like a time are a year where they are near this year."""
    assert date_and_time(text, WIB, now=NOW) == datetime(2026, 11, 24, tzinfo=WIB)


@pytest.mark.parametrize("text", ["24 nov 1950", "24 11 1950", "24/11 2026", "kemarin 2026"])
def test_a_year_that_may_be_a_time_is_an_error(text: str) -> None:
    """A colon makes it a time."""
    assert refusal(text) == NO_TIME
    assert date_and_time("kemarin 20:26", WIB, now=NOW) == datetime(2026, 11, 24, 20, 26, tzinfo=WIB)


@pytest.mark.parametrize(
    "text",
    ["", "entah", "7 malam", "25:00", "24:00", "24.11", "2460", "19:5", "19:50:60", "hello 19:50", "kemarin 25.00"],
)
def test_invalid_times(text: str) -> None:
    """With a message on how to write a time."""
    assert refusal(text) == NO_TIME


def test_a_date_that_does_not_exist() -> None:
    """The message is about the date and not about the time."""
    assert refusal("12/24 19.50").startswith("There is no month 24.")
    assert refusal("31/4 19.50").startswith("This is not a date of the calendar.")
    assert refusal("nov 2026 19.50").startswith("The day is missing.")


def test_without_now_a_time_needs_its_date() -> None:
    """The parser does not read the clock."""
    assert refusal("19.50", now=None) == NO_TIME
    assert refusal("kemarin 19.50", now=None) == NO_TIME
    assert refusal("24/11 19.50", now=None).startswith("The year is missing.")
    assert date_and_time("24/11/2026 19.50", WIB) == datetime(2026, 11, 24, 19, 50, tzinfo=WIB)
    assert date_and_time("24 nov 1950", WIB) == datetime(1950, 11, 24, tzinfo=WIB)


MOMENTLIKE = st.text("0123456789:/-. T+,jampukluehrin", max_size=20) | st.text(max_size=30)


@given(MOMENTLIKE, st.booleans())
def test_any_text_is_a_time_or_unreadable(text: str, known: bool) -> None:  # noqa: FBT001  drawn
    """In the property's zone, to the second, and always the same."""
    now = NOW if known else None
    try:
        read = date_and_time(text, WIB, now=now)
    except Unreadable as exc:
        assert exc.message.render()  # noqa: PT017  either outcome is right
    else:
        assert (read.tzinfo, read.microsecond) == (WIB, 0)
        assert date_and_time(text, WIB, now=now) == read
