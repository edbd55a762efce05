"""Check digits: what they are, and what they see."""

import pytest
from conftest import search
from hypothesis import assume, given
from hypothesis import strategies as st

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


def plainly(text: str) -> int:
    """The check digit by the letter of Doc 9303-3 §4.9, character by character."""
    return sum(VALUES[character] * WEIGHTS[place % 3] for place, character in enumerate(text)) % 10


@pytest.mark.parametrize(
    ("text", "digit"),
    [("L898902C3", "6"), ("740812", "2"), ("120415", "9"), ("ZE184226B<<<<<", "1"), ("<<<<", "0"), ("520727", "3")],
)
def test_the_examples_of_doc_9303(text: str, digit: str) -> None:
    """Doc 9303-3 §4.9, and 9303-4's specimen."""
    assert check_digit(text) == digit


def test_the_values_of_all_characters() -> None:
    """0 to 9, A to Z as 10 to 35, and the filler as 0; modulo 10, since nothing else matters."""
    assert list(character_values(ALPHABET)) == [*(value % 10 for value in range(36)), 0]


@given(st.characters())
def test_a_character_that_no_mrz_holds_has_no_value(character: str) -> None:
    """Other scripts, small letters, signs and lone surrogates alike."""
    assert (character_values(character) == bytes([ILLEGAL])) is (character not in ALPHABET)


@given(texts)
@search(200)
def test_the_quick_sum_is_the_documents_own(text: str) -> None:
    """Sums by one division are the sums by weights, up to the longest text that any format covers."""
    assert weighted_sum(character_values(text)) == plainly(text)


def test_the_quick_sum_holds_where_it_is_largest() -> None:
    """84 nines fill the three sums as far as they can be filled."""
    assert weighted_sum(character_values("9" * 84)) == plainly("9" * 84)


@given(texts.filter(bool), st.integers(0, 83), st.sampled_from(ALPHABET))
@search(150)
def test_every_substitution_that_changes_a_value_is_detected(text: str, position: int, new: str) -> None:
    """A single wrong character is unseen only where its value is the same modulo 10."""
    place = position % len(text)
    assume((character_values(new)[0] - character_values(text[place])[0]) % 10)
    wrong = text[:place] + new + text[place + 1 :]
    assert check_digit(wrong) != check_digit(text)


def test_misfits_are_named_in_order() -> None:
    """A guard is a name, a position, and what takes the covered values."""
    text = "123" + check_digit("123") + "456" + "0"
    digit_checks = [("first", 3, lambda numbers: numbers[:3]), ("second", 7, lambda numbers: numbers[4:7])]
    assert failing_digits(digit_checks, text, character_values(text)) == ["second"]
