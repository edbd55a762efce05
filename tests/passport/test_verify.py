"""Check digits: their values, the mistakes that they detect, and those of long document numbers."""

import pytest
from basics import search
from hypothesis import given
from hypothesis import strategies as st
from passport_helpers import ALL_BUT_FILLER, LAYOUT, SPECIMENS, Lines, put, read, sketch

from apoa_client.passport.check_digits import (
    ALPHABET,
    ILLEGAL,
    character_values,
    check_digit,
    failing_checks,
    long_number,
    weighted_sum,
)
from apoa_client.passport.compose import Details, compose
from apoa_client.passport.layouts import Span
from apoa_client.passport.mrz import Convention

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


PLACE = {"TD1": (0, 5), "TD2": (1, 0)}
"""Line and position where the number begins."""

OPTIONAL_DATA = {"TD1": (0, 15, 15), "TD2": (1, 28, 7)}
"""Line, position and length of the optional data."""

overflowing = pytest.mark.parametrize("form", ["TD1", "TD2"])


def number_of(form: str, number: str, digit: str, optional: str = "") -> Lines:
    """Return the format's specimen with a long number and this check digit; the composite is correct."""
    (line, start), (more, rest, room) = PLACE[form], OPTIONAL_DATA[form]
    tail = number[9:] + digit + ("<" + optional if optional else "")
    lines = put(put(SPECIMENS[form], line, start, number[:9] + "<"), more, rest, tail.ljust(room, "<"))
    layout, text = LAYOUT[form], "".join(lines)
    composite = layout.checks[-1]
    fitting = check_digit("".join(text[position] for position in composite.positions))
    return layout.lines(text[: composite.digit] + fitting + text[composite.digit + 1 :])


@overflowing
@pytest.mark.parametrize(
    ("number", "convention"),
    [
        ("615057409939", Convention.NUMBER_ALONE),
        ("592211692174", Convention.WITH_FILLER),
        ("D23145890734", Convention.EITHER),
        ("123456789AB", Convention.NUMBER_ALONE),
        ("1234567890", Convention.EITHER),
    ],
)
def test_both_conventions_are_accepted(form: str, number: str, convention: Convention) -> None:
    """The digit over the number alone, or also over the filler between its parts (Doc 9303-5 §4.2.2, 9303-6).

    What follows it behind a filler is optional data.
    """
    over = number[:9] + "<" + number[9:] if convention is Convention.WITH_FILLER else number
    for optional in ("", "A1"):
        mrz = read(number_of(form, number, check_digit(over), optional))
        assert (mrz.document_number, mrz.long_number, mrz.optional_data) == (number, convention, optional)
        assert (mrz.valid, mrz.problems) == (True, ())
        assert failing_checks(LAYOUT[form], "".join(mrz.lines)) == []


@overflowing
def test_a_digit_of_neither_convention_fails(form: str) -> None:
    """The number is still complete, and everything that the digit covers is marked."""
    number = "615057409939"
    fits = {check_digit(number), check_digit(number[:9] + "<" + number[9:])}
    wrong = next(digit for digit in "0123456789" if digit not in fits)
    mrz = read(number_of(form, number, wrong))
    assert (mrz.document_number, mrz.long_number, mrz.failing) == (number, Convention.NEITHER, ("document_number",))
    (found,) = mrz.problems
    (line, start), (more, rest, _room) = PLACE[form], OPTIONAL_DATA[form]
    assert (found.field, found.code) == ("document_number", "check_digit")
    assert found.spans == (Span(line, start, start + 9), Span(more, rest, rest + 3), Span(more, rest + 3, rest + 4))
    assert found.corrections
    assert "document number" in found.message.render()


@overflowing
def test_a_number_may_fill_the_optional_data_to_their_end(form: str) -> None:
    """No filler follows where there is no room: 23 characters in TD1, 15 in TD2."""
    number = "ABCDEFGHIJKLMNOPQRSTUVW"[: 9 + OPTIONAL_DATA[form][2] - 1]
    mrz = read(number_of(form, number, check_digit(number)))
    assert (mrz.document_number, mrz.optional_data, mrz.valid) == (number, "", True)
    assert mrz.long_number is not None


def test_a_filler_in_front_is_not_part_of_the_number() -> None:
    """A Belgian specimen leaves the first position empty."""
    mrz = read(["IDBEL<12345678<012345678901242", "8001014F3012316BEL<<<<<<<<<<<0", SPECIMENS["TD1"][2]])
    assert (mrz.document_number, mrz.long_number) == ("1234567801234567890124", Convention.WITH_FILLER)
    assert mrz.valid


@pytest.mark.parametrize(
    "lines",
    [
        ("I<UTOD23145890<7<<<<<<<<<<<<<<", *SPECIMENS["TD1"][1:]),
        ("I<UTOD23145890<<<<<<<<<<<<<<<<", *SPECIMENS["TD1"][1:]),
        ("I<UTOD2314589<<<734<<<<<<<<<<<", *SPECIMENS["TD1"][1:]),
        (SPECIMENS["TD2"][0], "D23145890<UTO7408122F12041598<<<<<<6"),
        *(put(SPECIMENS[form], 1, 9, "<") for form in ("TD3", "MRV-A", "MRV-B")),
    ],
)
def test_no_long_number(lines: Lines) -> None:
    """It continues with at least one character and the check digit; passports and visas have none (9303-4 and -7)."""
    mrz = read(lines)
    assert mrz.long_number is None
    assert len(mrz.document_number) <= 9
    assert "document_number" in mrz.failing


DETAILS = Details(
    issuing_state="BEL",
    surname="SPECIMEN",
    given_names="",
    document_number="",
    nationality="BEL",
    birth_date=None,
    sex="X",
)


@given(st.sampled_from(["TD1", "TD2"]), st.text(ALL_BUT_FILLER, min_size=10, max_size=15), st.data())
@search(100)
def test_a_wrong_character_of_a_long_number_is_never_valid(form: str, number: str, data: st.DataObject) -> None:
    """Where it satisfies the other convention, the composite is still wrong."""
    details = {name: getattr(DETAILS, name) for name in DETAILS._fields} | {"document_number": number}
    lines = compose(form, Details(**details))
    more, rest, _room = OPTIONAL_DATA[form]
    position = data.draw(st.integers(rest, rest + len(number) - 9))
    new = data.draw(st.sampled_from([c for c in ALPHABET if check_digit(c) != check_digit(lines[more][position])]))
    assert not read(put(lines, more, position, new)).valid


def test_a_long_number_is_not_shown() -> None:
    """It is personal data; a log may have the convention."""
    long = long_number(LAYOUT["TD1"], "".join(number_of("TD1", "615057409939", "0", "A1")))
    assert long is not None
    assert sketch(long) == "LongNumber(<Convention.NUMBER_ALONE: 'number_alone'>, …)" * 2
