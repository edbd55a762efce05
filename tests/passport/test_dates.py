"""Dates of an MRZ: their centuries, unknown parts, and dates that do not exist."""

from datetime import date

import pytest
from passport_helpers import FORMATS, LAYOUT, TODAY, read, write

from apoa_client.passport.dates import PartialDate, mrz_date, read_birth_date, read_expiry_date
from apoa_client.passport.layouts import Span
from apoa_client.passport.mrz import Problem


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
        ("<<<<<<", "None"),
        ("<<0812", "None"),
    ],
)
def test_births(text: str, expected: str) -> None:
    """The latest date that is not in the future; unknown parts are left out, and without a year there is no date."""
    assert str(read_birth_date(text, TODAY)) == expected


def test_today_decides_the_century() -> None:
    """The same digits, some years later; 2100 has no 29 February, and 2000 has one."""
    assert str(read_birth_date("300101", date(2030, 1, 1))) == "2030-01-01"
    assert str(read_birth_date("000229", date(2101, 1, 1))) == "2000-02-29"


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


each_format = pytest.mark.parametrize("form", FORMATS)


def problem(form: str, field: str, text: str) -> Problem:
    (found,) = read(write(form, field, text)).problems
    assert found.field == field
    return found


@each_format
@pytest.mark.parametrize("text", ["740431", "741301", "760230", "750229"])
def test_a_date_that_does_not_exist_is_a_problem(form: str, text: str) -> None:
    """Also where its check digit fits."""
    found = problem(form, "birth_date", text)
    span = LAYOUT[form].by_name["birth_date"].span
    assert (found.code, found.spans) == ("bad_date", (span,))
    assert "The date of birth" in found.message.render()
    assert read(write(form, "birth_date", text)).birth_date is None


@each_format
@pytest.mark.parametrize(("text", "meant"), [("740000", "1974"), ("740800", "1974-08")])
def test_zeros_for_an_unknown_part_are_a_problem(form: str, text: str, meant: str) -> None:
    """Doc 9303-3 §4.8: fillers are suggested. No check digit detects the difference."""
    found = problem(form, "birth_date", text)
    assert (found.code, found.corrections[0].value) == ("bad_date", meant)
    assert found.corrections[0].new.strip("<") == ""


@pytest.mark.parametrize("form", [form for form in FORMATS if "expiry_date" in LAYOUT[form].by_name])
@pytest.mark.parametrize("text", ["300231", "300400", "30<<<<", "3004<<"])
def test_an_expiry_has_no_unknown_part(form: str, text: str) -> None:
    """It is complete or empty."""
    found = problem(form, "expiry_date", text)
    assert found.code == "bad_date"
    assert "date of expiry" in found.message.render()


def test_a_swap_that_makes_an_impossible_date() -> None:
    """No check digit detects a swap of digits that differ by 5, but month 00 does not exist."""
    assert problem("TD3", "birth_date", "740051").corrections[0].value == "1974-05-01"


@each_format
def test_letters_in_a_date_get_digits_as_a_suggestion(form: str) -> None:
    """Several at once: the suggestion is the whole date, and nothing is applied."""
    right = write(form, "birth_date", "740812")
    span = LAYOUT[form].by_name["birth_date"].span
    mrz = read(write(form, "birth_date", "74O8I2", lines=right, fit=False))
    (found,) = mrz.problems
    assert mrz.birth_date is None
    assert (found.field, found.code) == ("birth_date", "bad_character")
    assert found.spans == (Span(span.line, span.start + 2, span.start + 3),)
    assert found.corrections[0].value == "1974-08-12"


@each_format
@pytest.mark.parametrize("text", ["74<<1A", "<<AB12", "<<08X2", "ABCDEF", "740<12", "<<0<12"])
def test_what_is_beside_an_unknown_part_is_no_date(form: str, text: str) -> None:
    """Letters, and one filler, which is a lost digit; also where the check digit fits."""
    code = "bad_date" if text.endswith("<12") else "bad_character"
    assert problem(form, "birth_date", text).code == code
