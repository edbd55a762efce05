"""Dates in MRZ lines: centuries, unknown parts, and dates that do not exist."""

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
    """Never in the future, with the known parts; an unknown year is no problem of the MRZ."""
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
    """At most fifty years ahead, otherwise in the past; an empty date is no problem of the MRZ."""
    mrz = read(write(form, "expiry_date", text))
    assert (mrz.expiry_date, mrz.valid) == (expiry, True)


def test_today_decides_the_century() -> None:
    """The same lines, a few years later."""
    lines = write("TD3", "birth_date", "300101")
    assert str(read_mrz(lines, today=TODAY).birth_date) == "1930-01-01"
    assert str(read_mrz(lines, today=date(2030, 1, 1)).birth_date) == "2030-01-01"


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


@pytest.mark.parametrize("form", WITH_EXPIRY)
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
@pytest.mark.parametrize("text", ["74<<1A", "<<AB12", "<<08X2", "ABCDEF"])
def test_letters_beside_an_unknown_part_are_no_date(form: str, text: str) -> None:
    """Also where the year is known or unknown, and the check digit fits."""
    assert problem(form, "birth_date", text).code == "bad_character"


@each_format
def test_half_of_an_unknown_part_is_no_date(form: str) -> None:
    """One filler is a lost digit."""
    assert problem(form, "birth_date", "740<12").code == "bad_date"
    assert problem(form, "birth_date", "<<0<12").code == "bad_date"
