"""Dates and times as people write them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_helpers import WIB, ZONES

from apoa_client.passport.dates import PartialDate
from apoa_client.report import parse_dates
from apoa_client.report.findings import Unreadable
from apoa_client.report.parse_dates import date_and_time

TODAY = date(2026, 11, 25)

NAMES: tuple[tuple[str, ...], ...] = (
    ("jan", "januari", "january"),
    ("feb", "februari", "february", "peb", "pebruari"),
    ("mar", "maret", "march"),
    ("apr", "april"),
    ("mei", "may"),
    ("jun", "juni", "june"),
    ("jul", "juli", "july"),
    ("agu", "agt", "ags", "agus", "agustus", "aug", "august"),
    ("sep", "sept", "september"),
    ("okt", "oct", "oktober", "october"),
    ("nov", "nop", "nopember", "november"),
    ("des", "dec", "desember", "december"),
)
SIGNS = ("/", "-", ".", " ", " / ", " - ", ". ")
FORMS: dict[str, Callable[[date, str, str], str]] = {
    "day/month/year": lambda d, sign, _name: f"{d.day}{sign}{d.month}{sign}{d.year}",
    "dd/mm/year": lambda d, sign, _name: f"{d.day:02}{sign}{d.month:02}{sign}{d.year}",
    "day month year": lambda d, _sign, name: f"{d.day} {name} {d.year}",
    "day month. year": lambda d, _sign, name: f"{d.day} {name}. {d.year}",
    "day-month-year": lambda d, _sign, name: f"{d.day:02}-{name}-{d.year}",
    "daymonthyear": lambda d, _sign, name: f"{d.day}{name}{d.year}",
    "month day, year": lambda d, _sign, name: f"{name} {d.day}, {d.year}",
    "ddmmyear": lambda d, _sign, _name: f"{d.day:02}{d.month:02}{d.year}",
    "ISO 8601": lambda d, _sign, _name: d.isoformat(),
    "ISO 8601, basic": lambda d, _sign, _name: f"{d:%Y%m%d}",
    "year/month/day": lambda d, sign, _name: f"{d.year}{sign}{d.month}{sign}{d.day}",
}
SHORT: dict[str, Callable[[date, str, str], str]] = {
    "day/month/yy": lambda d, sign, _name: f"{d.day}{sign}{d.month}{sign}{d.year % 100:02}",
    "day month yy": lambda d, _sign, name: f"{d.day} {name} {d.year % 100:02}",
    "ddmmyy": lambda d, _sign, _name: f"{d:%d%m}{d.year % 100:02}",
}
PARTS: dict[str, Callable[[date, str], str]] = {
    "ISO 8601": lambda d, _name: f"{d:%Y-%m}",
    "month/year": lambda d, _name: f"{d.month}/{d.year}",
    "mm-year": lambda d, _name: f"{d.month:02}-{d.year}",
    "month year": lambda d, name: f"{name} {d.year}",
}
NO_YEAR: dict[str, Callable[[date, str], str]] = {
    "day/month": lambda d, _name: f"{d.day}/{d.month}",
    "dd.mm": lambda d, _name: f"{d:%d.%m}",
    "day month": lambda d, name: f"{d.day} {name}",
    "month day": lambda d, name: f"{name} {d.day}",
}

CENTURIES = st.dates(date(1900, 1, 1), date(2099, 12, 31))
CAPITALS = st.sampled_from([str.lower, str.upper, str.title])


def name_of(day: date, data: st.DataObject) -> str:
    return data.draw(CAPITALS)(data.draw(st.sampled_from(NAMES[day.month - 1])))


def refusal(read: Callable[[], object]) -> str:
    with pytest.raises(Unreadable) as caught:
        read()
    assert caught.value.code == "bad_date"
    return caught.value.message.render()


@given(CENTURIES, st.sampled_from(sorted(FORMS)), st.sampled_from(SIGNS), st.data())
def test_every_form_of_a_date(day: date, form: str, sign: str, data: st.DataObject) -> None:
    """With any sign, language and capitals, on any day."""
    text = FORMS[form](day, sign, name_of(day, data))
    assert parse_dates.full_date(text) == day
    assert parse_dates.partial_date(f" {text} ", today=TODAY) == PartialDate.of(day)
    assert parse_dates.stay_date(text, today=TODAY) == parse_dates.past_date(text, today=TODAY) == day


@given(CENTURIES, st.integers(0, 36523), st.sampled_from(sorted(SHORT)), st.sampled_from(SIGNS), st.data())
def test_two_digits_of_a_birth_year(today: date, age: int, form: str, sign: str, data: st.DataObject) -> None:
    """Everybody younger than a hundred years gets the right century."""
    born = today - timedelta(days=age)
    assert parse_dates.partial_date(SHORT[form](born, sign, name_of(born, data)), today=today) == PartialDate.of(born)


@given(CENTURIES, st.integers(-49 * 365, 49 * 365), st.sampled_from(sorted(SHORT)), st.sampled_from(SIGNS), st.data())
def test_two_digits_of_an_expiry_year(today: date, days_left: int, form: str, sign: str, data: st.DataObject) -> None:
    """An expiry within fifty years of today gets the right century."""
    expiry = today + timedelta(days=days_left)
    text = SHORT[form](expiry, sign, name_of(expiry, data))
    assert parse_dates.full_date(text, today=today) == expiry
    assert parse_dates.stay_date(text, today=today) == expiry


@given(CENTURIES, st.sampled_from(sorted(PARTS)), st.data())
def test_a_month_of_a_year_is_a_birth_date(day: date, form: str, data: st.DataObject) -> None:
    """As some passports print; a date of a stay needs a day."""
    text = PARTS[form](day, name_of(day, data))
    assert parse_dates.partial_date(text) == PartialDate(day.year, day.month)
    assert parse_dates.partial_date(str(day.year)) == PartialDate(day.year)
    assert refusal(lambda: parse_dates.full_date(text)).startswith("The day is missing.")


@given(CENTURIES, st.integers(-180, 180), st.sampled_from(sorted(NO_YEAR)), st.data())
def test_a_date_of_a_stay_needs_no_year(today: date, away: int, form: str, data: st.DataObject) -> None:
    """It is the nearest one, also across New Year."""
    day = today + timedelta(days=away)
    assert parse_dates.stay_date(NO_YEAR[form](day, name_of(day, data)), today=today) == day


@given(CENTURIES, st.integers(0, 364), st.sampled_from(sorted(NO_YEAR)), st.data())
def test_a_past_date_needs_no_year(today: date, ago: int, form: str, data: st.DataObject) -> None:
    """It is the latest one, at most a year ago."""
    day = today - timedelta(days=ago)
    assert parse_dates.past_date(NO_YEAR[form](day, name_of(day, data)), today=today) == day


def test_a_departure_is_near_its_arrival() -> None:
    """A stay of last March that is corrected in November does not end next March."""
    assert parse_dates.stay_date("27/3", today=TODAY) == date(2027, 3, 27)
    assert parse_dates.stay_date("27/3", today=TODAY, near=date(2026, 3, 24)) == date(2026, 3, 27)


@pytest.mark.parametrize(
    ("text", "ahead"),
    [
        *(("hari ini", 0), ("Today", 0), ("besok", 1), ("TOMORROW", 1), ("lusa", 2), ("+3", 3), ("+ 3", 3)),
        *((" kemarin ", -1), ("yesterday", -1), ("kemarin  dulu", -2), ("+366", 366), ("+0", 0)),
    ],
)
def test_words_for_a_date_count_from_today(text: str, ahead: int) -> None:
    """In both languages; none of them is a date of birth."""
    assert parse_dates.stay_date(text, today=TODAY) == TODAY + timedelta(days=ahead)
    assert parse_dates.past_date(text, today=TODAY) == TODAY + timedelta(days=ahead)
    refusal(lambda: parse_dates.partial_date(text, today=TODAY))


@pytest.mark.parametrize(
    ("text", "example"), [("12/9", "12/09"), ("3 sep", "03/09"), ("sep 12", "12/09"), ("1.2", "01/02")]
)
def test_a_birth_date_needs_its_year(text: str, example: str) -> None:
    """No year of birth is guessed. The example has the day and the month that were written."""
    said = f"The year is missing. Write it as {example}/1985."
    assert refusal(lambda: parse_dates.partial_date(text, today=TODAY)) == said
    assert refusal(lambda: parse_dates.full_date(text, today=TODAY)) == said


@pytest.mark.parametrize(
    ("text", "example"), [("11/2026", "24/11/2026"), ("sep 2027", "24/09/2027"), ("2026", "24/11/2026")]
)
def test_a_date_of_a_stay_needs_its_day(text: str, example: str) -> None:
    """The example has the month and the year that were written."""
    said = f"The day is missing. Write it as {example}."
    assert refusal(lambda: parse_dates.full_date(text, today=TODAY)) == said


@pytest.mark.parametrize("text", ["12/24/85", "12/24/1985", "12-24-1985", "12241985", "122485", "12 24 85"])
def test_a_month_in_front_is_an_error(text: str) -> None:
    """The day comes first; the order is never reversed. The example is the date that was meant."""
    said = "There is no month 24. Write the day first, as in 24/12"
    year = "1985" if text.endswith("1985") else "85"
    assert refusal(lambda: parse_dates.partial_date(text, today=TODAY)) == f"{said}/{year}."
    assert refusal(lambda: parse_dates.stay_date("12/24", today=TODAY)) == f"{said}."
    assert refusal(lambda: parse_dates.stay_date("12/31", today=TODAY)).endswith("as in 31/12.")


@pytest.mark.parametrize("text", ["13/24/1985", "1/32/1985", "24/1985"])
def test_a_month_that_was_not_the_day_has_a_general_example(text: str) -> None:
    """No date can be made of it by reading the day first."""
    assert refusal(lambda: parse_dates.partial_date(text, today=TODAY)).endswith("as in 24/09/1985.")


@pytest.mark.parametrize("text", ["9/85", "sep 85", "12/99"])
def test_a_short_year_without_a_day_is_an_error(text: str) -> None:
    """Two digits next to a month look like a day."""
    said = "Write the year with four digits, as in 12/09/1985."
    assert refusal(lambda: parse_dates.partial_date(text, today=TODAY)) == said
    for read in (parse_dates.full_date, parse_dates.partial_date):  # without today there is no century to choose
        assert refusal(lambda: read("12/9/85")) == said  # noqa: B023  called at once


@pytest.mark.parametrize("text", ["12 SEP/SEPT 1985", "12 sep / sep 1985", "12 MÄRZ/MAR 1985", "12 Sept./Sep. 1985"])
def test_months_in_two_languages(text: str) -> None:
    """As passports print them; one of the two is known."""
    assert parse_dates.full_date(text).day == 12


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "entah", "12", "12 se 1985", "12 foo 1985", "12 sep/nov 1985", "31/4/1985", "29/2/1985", "29/2/85"),
        *("0/1985", "0/9/1985", "12/0/1985", "1985-13-01", "1985-00", "0012-09-12", "9999-12-31", "32 jan 1985"),
        *("12//9/1985", "12/9-1985", "٣/9/1985", "12/9/985", "+367", "-3", "1/2/3/4"),
    ],
)
def test_invalid_dates(text: str) -> None:
    """By every parser, with a message on how to write a date."""
    said = "This is not a date of the calendar. Write it as 1985-09-12 or 12/09/1985."
    assert refusal(lambda: parse_dates.partial_date(text, today=TODAY)) == said
    assert refusal(lambda: parse_dates.full_date(text, today=TODAY)) == said
    assert refusal(lambda: parse_dates.stay_date(text, today=TODAY)) == said
    assert refusal(lambda: parse_dates.past_date(text, today=TODAY)) == said


@pytest.mark.parametrize("text", ["29/2", "31/4", "31 sep", "0/9"])
def test_a_date_that_exists_in_no_near_year_is_an_error(text: str) -> None:
    """It is not read as a date in two years."""
    refusal(lambda: parse_dates.stay_date(text, today=TODAY))
    refusal(lambda: parse_dates.past_date(text, today=TODAY))


def test_a_leap_day_is_found_in_its_year() -> None:
    """Where a leap year is near."""
    assert parse_dates.stay_date("29/2", today=date(2028, 1, 30)) == date(2028, 2, 29)
    assert parse_dates.past_date("29 feb", today=date(2029, 1, 30)) == date(2028, 2, 29)


DAYLIKE = st.text("0123456789/-. +,'abcdefjlmnoprstuvy", max_size=16) | st.text(max_size=30)


@given(DAYLIKE, CENTURIES)
def test_any_text_is_a_date_or_unreadable(text: str, today: date) -> None:
    """And the same text on the same day always gives the same result."""
    readers: list[Callable[[], object]] = [
        lambda: parse_dates.partial_date(text, today=today),
        lambda: parse_dates.full_date(text, today=today),
        lambda: parse_dates.stay_date(text, today=today),
        lambda: parse_dates.past_date(text, today=today),
    ]
    for read in readers:
        assert outcome(read) == outcome(read)


def outcome(read: Callable[[], object]) -> object:
    try:
        return read()
    except Unreadable as exc:
        return exc.message


NOW = datetime(2026, 11, 25, 13, 30, 45, tzinfo=UTC)
"""20:30:45 WIB."""
NO_TIME = "This is not a time. Write it as 19:50, or with its day: 24/11/2026 19:50."


def time_refusal(text: str, *, now: datetime | None = NOW) -> str:
    with pytest.raises(Unreadable) as caught:
        date_and_time(text, WIB, now=now)
    assert caught.value.code == "bad_date"
    return caught.value.message.render()


MIDNIGHT = datetime(2026, 11, 25, 0, 10, tzinfo=WIB)
LATE = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
"""The next day in Jakarta."""
MOMENTS = {
    (NOW, "2026-11-24T19:50"): (
        *("24/11/2026 19:50", "24/11/2026 7:50 PM", "24/11 7.50 p.m.", "24/11/2026 19.50", "24/11/26 1950"),
        *("24/11 19:50", "24.11 19.50", "24 nov 19.50"),
        *("24/11 1950", "24112026 1950", "241126 19.50", "kemarin 19:50", "Kemarin, jam 19.50", "yesterday 1950"),
        *("24/11/2026, 19:50", "24/11/2026 pukul 19.50", "24/11 pkl. 19.50", "24/11/2026 19:50:00", "Nov 24, 19:50"),
        *("2026-11-24T19:50", "2026-11-24 19:50", "20261124T1950", "2026-11-24 19.50", "2026-11-24T12:50Z"),
        *("2026-W48-2T19:50", "2026-11-24t19:50:00.999"),
    ),
    (NOW, "2026-11-25T19:50"): ("19:50", "7:50 pm", "19.50", "1950", " jam 19.50 ", "Pukul 19:50"),
    (NOW, "2026-11-24T00:00"): (
        *("kemarin", "24/11", "24 nov", "24 nov 2026", "24 11 2026", "24/11/2026", "2026-11-24"),
    ),
    (NOW, "2026-11-24T20:26"): ("kemarin 20:26",),
    (MIDNIGHT, "2026-11-24T23:50"): ("23.50",),
    (MIDNIGHT, "2026-11-25T00:05"): ("0:05",),
    (LATE, "2026-11-25T06:15"): ("6.15",),
}
"""By now and by the moment: the texts."""


@pytest.mark.parametrize(
    ("text", "now", "moment"), [(text, now, moment) for (now, moment), texts in MOMENTS.items() for text in texts]
)
def test_every_form_of_a_time(text: str, now: datetime, moment: str) -> None:
    """A time alone is today's, and just after midnight an evening's is yesterday's; a date alone is its midnight.

    ISO 8601, which scripts write, is one of the forms. Digits that look like a time are a year near this year.
    """
    assert date_and_time(text, WIB, now=now) == datetime.fromisoformat(f"{moment}+07:00")


@given(st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)), ZONES, st.times())  # noqa: DTZ001
def test_a_time_alone_is_within_a_day_of_now(now: datetime, zone: tzinfo, clock: time) -> None:
    """At most half a day ahead; otherwise it is yesterday's."""
    aware = now.replace(tzinfo=zone)
    minute = clock.replace(second=0, microsecond=0)
    read = date_and_time(f"{minute:%H:%M}", zone, now=aware)
    assert timedelta(hours=-24) < read - aware <= timedelta(hours=12)
    assert read.time() == minute


@pytest.mark.parametrize(
    "text",
    [
        "",
        "entah",
        "7 malam",
        "25:00",
        "13:50 pm",
        "24:00",
        "24.11",
        "2460",
        "19:5",
        "19:50:60",
        "hello 19:50",
        "kemarin 25.00",
        *("24 nov 1950", "24 11 1950", "24/11 2026", "kemarin 2026"),  # with a colon it would be a time
    ],
)
def test_invalid_times(text: str) -> None:
    """With a message on how to write a time; a year may be one."""
    assert time_refusal(text) == NO_TIME


def test_a_date_that_does_not_exist() -> None:
    """The message is about the date and not about the time."""
    assert time_refusal("12/24 19.50").startswith("There is no month 24.")
    assert time_refusal("31/4 19.50").startswith("This is not a date of the calendar.")
    assert time_refusal("nov 2026 19.50").startswith("The day is missing.")


def test_without_now_a_time_needs_its_date() -> None:
    """The parser does not read the clock."""
    assert time_refusal("19.50", now=None) == NO_TIME
    assert time_refusal("kemarin 19.50", now=None) == NO_TIME
    assert time_refusal("24/11 19.50", now=None).startswith("The year is missing.")
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
