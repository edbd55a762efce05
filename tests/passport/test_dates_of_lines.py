"""Dates in machine readable lines: centuries, unknown parts, and days that no calendar has."""

from datetime import date

import pytest
from passport_helpers import FORMATS, LAYOUT, TODAY, read, write

from apoa_client.passport.layouts import Span
from apoa_client.passport.mrz import Problem, read_mrz

each_format = pytest.mark.parametrize("form", FORMATS)

WITH_EXPIRY = [form for form in FORMATS if "expiry_date" in LAYOUT[form].by_name]


def problem(form: str, field: str, text: str) -> Problem:
    (found,) = read(write(form, field, text)).problems
    assert found.field == field
    return found


@each_format
@pytest.mark.parametrize(
    ("text", "birth"),
    [
        ("300101", "1930-01-01"),
        ("261124", "2026-11-24"),
        ("261125", "1926-11-25"),
        ("000229", "2000-02-29"),
        ("74<<<<", "1974"),
        ("7408<<", "1974-08"),
        ("<<<<<<", "None"),
        ("<<0812", "None"),
    ],
)
def test_births(form: str, text: str, birth: str) -> None:
    """Never in the future, and as far as they are known; one of no known year is no problem, and the caller asks."""
    mrz = read(write(form, "birth_date", text))
    assert (str(mrz.birth_date), mrz.valid) == (birth, True)


@pytest.mark.parametrize("form", WITH_EXPIRY)
@pytest.mark.parametrize(
    ("text", "expiry"),
    [
        ("700101", date(2070, 1, 1)),
        ("761231", date(2076, 12, 31)),
        ("770101", date(1977, 1, 1)),
        ("120415", date(2012, 4, 15)),
        ("<<<<<<", None),
    ],
)
def test_expiries(form: str, text: str, expiry: date | None) -> None:
    """At most fifty years ahead, otherwise in the past; an empty one is no problem, and the caller reports it."""
    mrz = read(write(form, "expiry_date", text))
    assert (mrz.expiry_date, mrz.valid) == (expiry, True)


def test_today_decides_the_century() -> None:
    """The same lines, a few years later."""
    lines = write("TD3", "birth_date", "300101")
    assert str(read_mrz(lines, today=TODAY).birth_date) == "1930-01-01"
    assert str(read_mrz(lines, today=date(2030, 1, 1)).birth_date) == "2030-01-01"


@each_format
@pytest.mark.parametrize("text", ["740431", "741301", "760230", "750229"])
def test_a_day_that_no_calendar_has_is_refused_although_its_digit_fits(form: str, text: str) -> None:
    """A check digit proves no date."""
    found = problem(form, "birth_date", text)
    span = LAYOUT[form].by_name["birth_date"].span
    assert (found.code, found.spans) == ("bad_date", (span,))
    assert "The date of birth" in found.message.render()
    assert read(write(form, "birth_date", text)).birth_date is None


@each_format
@pytest.mark.parametrize(("text", "meant"), [("740000", "1974"), ("740800", "1974-08")])
def test_zeros_for_an_unknown_part_are_refused_and_its_fillers_suggested(form: str, text: str, meant: str) -> None:
    """Doc 9303-3 §4.8: two fillers. No check digit knows the difference."""
    found = problem(form, "birth_date", text)
    assert (found.code, found.corrections[0].value) == ("bad_date", meant)
    assert found.corrections[0].new.strip("<") == ""


@pytest.mark.parametrize("form", WITH_EXPIRY)
@pytest.mark.parametrize("text", ["300231", "300400", "30<<<<", "3004<<"])
def test_an_expiry_is_known_whole_or_not_at_all(form: str, text: str) -> None:
    """No part of it may be unknown."""
    found = problem(form, "expiry_date", text)
    assert found.code == "bad_date"
    assert "date of expiry" in found.message.render()


def test_a_swap_that_no_check_digit_sees_is_found_by_the_calendar() -> None:
    """Digits that differ by 5 may change places unseen by every check digit, but the month 00 is none."""
    assert problem("TD3", "birth_date", "740051").corrections[0].value == "1974-05-01"


@each_format
def test_letters_in_a_date_are_named_and_read_as_digits_by_suggestion_only(form: str) -> None:
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
@pytest.mark.parametrize("text", ["74<<1A", "<<AB12", "<<08X2", "ABCDEF"])
def test_letters_beside_an_unknown_part_are_no_date(form: str, text: str) -> None:
    """Even where the year is known, or nothing is, and the digit fits."""
    assert problem(form, "birth_date", text).code == "bad_character"


@each_format
def test_half_of_an_unknown_part_is_no_date(form: str) -> None:
    """One filler is a digit that was lost."""
    assert problem(form, "birth_date", "740<12").code == "bad_date"
    assert problem(form, "birth_date", "<<0<12").code == "bad_date"
