"""Check digits, and the corrections that they allow."""

from datetime import date

import pytest
from conftest import search
from hypothesis import assume, given
from hypothesis import strategies as st

from apoa_client.passport.check_digits import ALPHABET, check_digit, values
from apoa_client.passport.compose import compose_td3
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.layouts import TD3
from apoa_client.passport.mrz import read_mrz
from apoa_client.passport.verify import composite_fits, failing_checks, field_fits

TODAY = date(2026, 11, 24)
CONFUSED = ("O0", "I1", "Z2", "S5", "B8", "G6", "D0", "Q0", "UV", "YV", "K<")
PROTECTED = [*range(10), *range(13, 20), *range(21, 44)]

numbers = st.from_regex(r"[A-Z]{0,2}[0-9]{7}", fullmatch=True)
births = st.builds(lambda day: PartialDate(day.year, day.month, day.day), st.dates(date(1927, 1, 1), TODAY))
expiries = st.dates(date(2025, 1, 1), date(2036, 12, 31))


def lines(number: str = "L898902C3", birth: PartialDate | None = None, expiry: date | None = None) -> tuple[str, str]:
    return compose_td3(
        issuing_state="UTO",
        surname="ERIKSSON",
        given_names="ANNA",
        document_number=number,
        nationality="UTO",
        birth_date=birth or PartialDate(1974, 8, 12),
        sex="F",
        expiry_date=expiry or date(2032, 4, 15),
        optional_data="ZE184226B",
    )


def offered(first: str, second: str, field: str) -> list[str]:
    """The second lines that the suggestions for a field would make, best first."""
    found = next(problem for problem in read_mrz([first, second], today=TODAY).problems if problem.field == field)
    return [second[: c.position] + c.new + second[c.position + len(c.old) :] for c in found.corrections]


@pytest.mark.parametrize(
    ("text", "digit"),
    [("L898902C3", "6"), ("740812", "2"), ("120415", "9"), ("ZE184226B<<<<<", "1"), ("<<<<", "0"), ("520727", "3")],
)
def test_the_examples_of_doc_9303(text: str, digit: str) -> None:
    """Doc 9303-3 §4.9, and 9303-4's specimen."""
    assert check_digit(text) == digit


def test_the_values_of_all_characters() -> None:
    """0 to 9, A to Z as 10 to 35, and the filler as 0."""
    assert list(values(ALPHABET)) == [*range(36), 0]


@given(position=st.sampled_from(PROTECTED), new=st.sampled_from(ALPHABET))
@search(150)
def test_every_substitution_that_changes_a_value_is_detected(position: int, new: str) -> None:
    """A single wrong character is unseen only where its value is the same modulo 10."""
    first, second = lines()
    assume((values(new)[0] - values(second[position])[0]) % 10)
    wrong = second[:position] + new + second[position + 1 :]
    assert failing_checks(TD3, (first, wrong))
    assert read_mrz([first, wrong], today=TODAY).problems


@given(birth=births, position=st.integers(13, 18), data=st.data())
@search(60)
def test_a_date_that_was_misread_is_offered_first(birth: PartialDate, position: int, data: st.DataObject) -> None:
    """A digit taken for a letter that looks like it: the true date is the first suggestion."""
    first, second = lines(birth=birth)
    looks = [pair[0] for pair in CONFUSED if pair[1] == second[position]]
    assume(looks)
    wrong = second[:position] + data.draw(st.sampled_from(looks)) + second[position + 1 :]
    assert offered(first, wrong, "birth_date")[0] == second


@given(expiry=expiries, position=st.integers(21, 26), digit=st.sampled_from("0123456789"))
@search(60)
def test_a_wrong_digit_in_a_date_of_expiry_is_offered_among_the_first_five(
    expiry: date, position: int, digit: str
) -> None:
    """Any one wrong digit: the composite and the calendar leave few dates, and the true one is among them."""
    first, second = lines(expiry=expiry)
    assume(digit != second[position])
    wrong = second[:position] + digit + second[position + 1 :]
    assert second in offered(first, wrong, "expiry_date")


@given(number=numbers, data=st.data())
@search(100)
def test_a_number_that_was_misread_is_offered_among_the_first_three(number: str, data: st.DataObject) -> None:
    """One confusion that a digit can see: the true number is among the first three, to be compared with the page."""
    first, second = lines(number)
    places = [
        (p, pair[1 - pair.index(number[p])]) for p in range(len(number)) for pair in CONFUSED if number[p] in pair
    ]
    seen = [(p, new) for p, new in places if (values(new)[0] - values(number[p])[0]) % 10]
    assume(seen)
    position, new = data.draw(st.sampled_from(seen))
    wrong = second[:position] + new + second[position + 1 :]
    assert second in offered(first, wrong, "document_number")[:3]


def test_swapped_neighbours_are_offered() -> None:
    """The commonest slip of typing fingers."""
    first, second = lines()
    assert second in offered(first, second.replace("740812", "740182"), "birth_date")[:2]
    assert second in offered(first, second.replace("L898902", "L898092"), "document_number")


def test_every_suggestion_fits_and_is_a_date_that_exists() -> None:
    """Nothing is suggested that would be refused in its turn."""
    first, second = lines()
    for digit in "0134567":
        wrong = second[:18] + digit + second[19:]
        for mended in offered(first, wrong, "birth_date"):
            assert read_mrz([first, mended], today=TODAY).problems == ()


def test_suggestions_stay_possible_where_the_composite_is_wrong_too() -> None:
    """Where nothing agrees with the composite, the field's own digit alone decides."""
    first, second = lines()
    wrong = second.replace("L898902C3", "L8989O2C3")[:43] + ("1" if second[43] != "1" else "2")
    assert any(mended[:43] == second[:43] for mended in offered(first, wrong, "document_number"))


def test_fields_one_by_one() -> None:
    """A field without a check digit always fits."""
    good = lines()
    wrong = (good[0], good[1].replace("740812", "740813"))
    assert {field.name for field in TD3.fields if not field_fits(field, wrong)} == {"birth_date"}
    assert composite_fits(TD3, good)
    assert not composite_fits(TD3, wrong)
