"""Dates of an MRZ, and their centuries."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.passport.dates import PartialDate, mrz_date, read_birth_date, read_expiry_date

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("740812", "1974-08-12"),
        ("300101", "1930-01-01"),
        ("261124", "2026-11-24"),
        ("261125", "1926-11-25"),
        ("000229", "2000-02-29"),
        ("74<<<<", "1974"),
        ("7408<<", "1974-08"),
        ("74<<12", "1974"),
        ("26<<<<", "2026"),
        ("2612<<", "1926-12"),
    ],
)
def test_births(text: str, expected: str) -> None:
    """The latest date that is not in the future; unknown parts are left out."""
    assert str(read_birth_date(text, TODAY)) == expected


def test_a_leap_day_may_be_of_the_century_before() -> None:
    """2100 has no 29 February, and 2000 has one."""
    assert str(read_birth_date("000229", date(2101, 1, 1))) == "2000-02-29"


@pytest.mark.parametrize("text", ["<<<<<<", "<<0812"])
def test_births_of_an_unknown_year(text: str) -> None:
    """Without a year there is no date."""
    assert read_birth_date(text, TODAY) is None


@pytest.mark.parametrize("text", ["740431", "741301", "740000", "7<0812", "7408 1", "74O812", "", "\u0667\u06640812"])
def test_invalid_births(text: str) -> None:
    """Dates that do not exist, and text that is not digits."""
    with pytest.raises(ValueError, match=r"."):
        read_birth_date(text, TODAY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("161124", date(2016, 11, 24)),
        ("120415", date(2012, 4, 15)),
        ("360101", date(2036, 1, 1)),
        ("700101", date(2070, 1, 1)),
        ("760101", date(2076, 1, 1)),
        ("961210", date(1996, 12, 10)),
        ("<<<<<<", None),
    ],
)
def test_expiries(text: str, expected: date | None) -> None:
    """At most 50 years ahead, otherwise in the past."""
    assert read_expiry_date(text, TODAY) == expected


@pytest.mark.parametrize("text", ["300231", "30<<<<", "<<0101", "30O101"])
def test_invalid_expiries(text: str) -> None:
    """No part of a date of expiry may be unknown."""
    with pytest.raises(ValueError, match=r"."):
        read_expiry_date(text, TODAY)


@given(st.dates(date(1926, 11, 25), TODAY))
def test_a_birth_is_read_as_it_was_written(birth: date) -> None:
    """For each day of a hundred years."""
    known = PartialDate(birth.year, birth.month, birth.day)
    assert read_birth_date(mrz_date(known), TODAY) == known


@given(st.dates(date(2016, 1, 1), date(2076, 12, 31)))
def test_an_expiry_is_read_as_it_was_written(expiry: date) -> None:
    """From ten years before today to fifty years after it."""
    assert read_expiry_date(mrz_date(expiry), TODAY) == expiry


def test_partial_dates_are_iso_8601() -> None:
    """Written and read with the known parts; a day without a month is refused."""
    for text in ("1974", "1974-08", "1974-08-12"):
        partial = PartialDate.from_iso(text)
        assert str(partial) == text
        assert partial.earliest.year == 1974
        assert repr(partial) == "PartialDate(…)"
    assert mrz_date(PartialDate(2005, 8)) == "0508<<"
    assert mrz_date(None) == "<<<<<<"
    for month, day in ((0, 0), (4, 31), (13, None)):
        with pytest.raises(ValueError, match=r"."):
            PartialDate(1974, month, day)
    with pytest.raises(ValueError, match="without a month"):
        PartialDate(1974, None, 12)
    with pytest.raises(ValueError, match="ISO"):
        PartialDate.from_iso("12.08.1974")
