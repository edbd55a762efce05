"""Check digits: their values, the mistakes that they detect, and those of long document numbers."""

import pytest
from basics import search
from hypothesis import assume, given
from hypothesis import strategies as st
from passport_helpers import SPECIMENS, Lines, read

from apoa_client.passport.check_digits import (
    ALPHABET,
    ILLEGAL,
    character_values,
    check_digit,
    failing_digits,
    weighted_sum,
)

VALUES = {character: value % 36 for value, character in enumerate(ALPHABET)}
WEIGHTS = (7, 3, 1)

texts = st.text(ALPHABET, max_size=84)


def by_definition(text: str) -> int:
    """Return the check digit by the definition of Doc 9303-3 §4.9, character by character."""
    return sum(VALUES[character] * WEIGHTS[place % 3] for place, character in enumerate(text)) % 10


@pytest.mark.parametrize(
    ("text", "digit"),
    [("L898902C3", "6"), ("740812", "2"), ("120415", "9"), ("ZE184226B<<<<<", "1"), ("<<<<", "0"), ("520727", "3")],
)
def test_the_examples_of_doc_9303(text: str, digit: str) -> None:
    """Doc 9303-3 §4.9, and the specimen of 9303-4."""
    assert check_digit(text) == digit


def test_the_values_of_all_characters() -> None:
    """0 to 9, A to Z as 10 to 35, and the filler as 0, all modulo 10."""
    assert list(character_values(ALPHABET)) == [*(value % 10 for value in range(36)), 0]


@given(st.characters())
def test_other_characters_have_no_value(character: str) -> None:
    """Other scripts, small letters, signs and lone surrogates."""
    assert (character_values(character) == bytes([ILLEGAL])) is (character not in ALPHABET)


@given(texts)
@search(200)
def test_the_fast_sum_equals_the_definition(text: str) -> None:
    """For texts up to the longest that any format covers."""
    assert weighted_sum(character_values(text)) == by_definition(text)
    assert weighted_sum(character_values("9" * 84)) == by_definition("9" * 84)  # the largest sum


@given(texts.filter(bool), st.integers(0, 83), st.sampled_from(ALPHABET))
@search(150)
def test_every_substitution_that_changes_a_value_is_detected(text: str, position: int, new: str) -> None:
    """A wrong character is undetected only where its value is the same modulo 10."""
    place = position % len(text)
    assume((character_values(new)[0] - character_values(text[place])[0]) % 10)
    wrong = text[:place] + new + text[place + 1 :]
    assert check_digit(wrong) != check_digit(text)


def test_failing_digits_are_named_in_order() -> None:
    """A check has a name, a position, and a function that selects the covered values."""
    text = "123" + check_digit("123") + "456" + "0"
    digit_checks = [("first", 3, lambda numbers: numbers[:3]), ("second", 7, lambda numbers: numbers[4:7])]
    assert failing_digits(digit_checks, text, character_values(text)) == ["second"]


@pytest.mark.parametrize(
    ("form", "lines"),
    [
        ("TD1", ("I<UTOD23145890<7349<<<<<<<<<<<", *SPECIMENS["TD1"][1:])),
        ("TD2", (SPECIMENS["TD2"][0], "D23145890<UTO7408122F12041597349<<<8")),
    ],
)
def test_a_number_longer_than_its_field_is_never_valid(form: str, lines: Lines) -> None:
    """Only cards have such numbers (Doc 9303-5 §4.2.2): they are not read, and the guest's details are typed."""
    mrz = read(lines)
    assert (mrz.format, mrz.valid, "document_number" in mrz.failing) == (form, False, True)
