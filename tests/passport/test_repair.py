"""Suggestions where a check digit does not fit."""

import random
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from conftest import search
from hypothesis import assume, given
from hypothesis import strategies as st

from apoa_client.passport.check_digits import ALPHABET, character_values
from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.mrz import Correction, Mrz, read_mrz

TODAY = date(2026, 11, 24)
CONFUSED = ("O0", "I1", "Z2", "S5", "B8", "G6", "D0", "Q0", "UV", "YV", "K<")
"""Characters that are often confused."""

PROTECTED = [*range(10), *range(13, 20), *range(21, 44)]
"""Positions of a TD3's second line that have a check digit, or that one covers."""

LETTERS, DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
GERMAN = "CFGHJKLMNPRTVWXYZ"
SHAPES = (
    [DIGITS] * 9,
    [DIGITS] * 8,
    [LETTERS, *[DIGITS] * 8],
    [LETTERS, *[DIGITS] * 7],
    [LETTERS, LETTERS, *[DIGITS] * 7],
    [DIGITS, DIGITS, LETTERS, LETTERS, *[DIGITS] * 5],
    [GERMAN + DIGITS] * 9,
)
"""Patterns of passport numbers: digits, one or two letters before them, the French and the German pattern."""

numbers = st.from_regex(r"[A-Z]{0,2}[0-9]{7}", fullmatch=True)
births = st.builds(PartialDate.of, st.dates(date(1927, 1, 1), TODAY))
expiries = st.dates(date(2025, 1, 1), date(2036, 12, 31))


def lines(
    number: str = "L898902C3",
    birth: PartialDate | None = None,
    expiry: date | None = None,
    optional: str = "ZE184226B",
    state: str = "UTO",
) -> tuple[str, ...]:
    details = Details(
        issuing_state=state,
        surname="ERIKSSON",
        given_names="ANNA",
        document_number=number,
        nationality=state,
        birth_date=birth or PartialDate(1974, 8, 12),
        sex="F",
        expiry_date=expiry or date(2032, 4, 15),
        optional_data=optional,
    )
    return compose("TD3", details)


def suggested(mrz: Mrz, field: str) -> tuple[Correction, ...]:
    return next(problem.corrections for problem in mrz.problems if problem.field == field)


def applied(line: str, correction: Correction) -> str:
    return line[: correction.position] + correction.new + line[correction.position + len(correction.old) :]


def suggested_lines(first: str, second: str, field: str) -> list[str]:
    """Return the second lines that the suggestions for a field would make, best first."""
    return [applied(second, one) for one in suggested(read_mrz([first, second], today=TODAY), field)]


def passports(seed: int) -> Iterator[tuple[str, ...]]:
    """Yield realistic passports without end."""
    chance = random.Random(seed)  # noqa: S311  a sample, and no secret
    while True:
        shape = chance.choice(SHAPES)
        yield lines(
            "".join(map(chance.choice, shape)),
            PartialDate.of(date(1940, 1, 1) + timedelta(chance.randrange(26_000))),
            TODAY + timedelta(chance.randrange(-300, 3650)),
            chance.choice(["", "", "".join(chance.choices(DIGITS, k=chance.randrange(6, 15)))]),
            "D" if GERMAN + DIGITS in shape else "UTO",
        )


def mistakes(seed: int, *, look_alikes: bool) -> Iterator[tuple[str, str, str]]:
    """Yield lines with one mistake that a check digit detects: the first line, the second before and after."""
    chance = random.Random(seed)  # noqa: S311  a sample, and no secret
    for first, second in passports(seed):
        position = chance.choice(PROTECTED)
        old = second[position]
        looks = [pair[1 - pair.index(old)] for pair in CONFUSED if old in pair] if look_alikes else list(ALPHABET)
        new = chance.choice(
            [look for look in looks if (character_values(look)[0] - character_values(old)[0]) % 10] or [old]
        )
        if new != old:
            yield first, second, second[:position] + new + second[position + 1 :]


def share_found(seed: int, count: int, *, look_alikes: bool) -> float:
    """Return the share of mistakes whose original is among the first three suggestions for some field."""
    found = 0
    for (first, second, wrong), _number in zip(mistakes(seed, look_alikes=look_alikes), range(count), strict=False):
        mrz = read_mrz([first, wrong], today=TODAY)
        found += any(second in suggested_lines(first, wrong, problem.field)[:3] for problem in mrz.problems)
    return found / count


def test_a_look_alike_is_corrected_by_the_first_three_suggestions() -> None:
    """At least 95 % of single look-alikes in the protected characters of realistic passports are corrected."""
    assert share_found(1, 600, look_alikes=True) >= 0.95


def test_any_wrong_character_is_corrected_by_the_first_three_suggestions() -> None:
    """At least 80 % of arbitrary single substitutions are corrected.

    Of wrong digits in a number it is at most three in ten: for each of the ten characters one digit makes the check
    digit fit, and nothing else distinguishes them. A wrong letter among digits is easy to find.
    """
    assert share_found(2, 600, look_alikes=False) >= 0.80


@given(birth=births, position=st.integers(13, 18), data=st.data())
@search(60)
def test_a_misread_date_is_the_first_suggestion(birth: PartialDate, position: int, data: st.DataObject) -> None:
    """A digit read as a letter that looks like it."""
    first, second = lines(birth=birth)
    looks = [pair[0] for pair in CONFUSED if pair[1] == second[position]]
    assume(looks)
    wrong = second[:position] + data.draw(st.sampled_from(looks)) + second[position + 1 :]
    assert suggested_lines(first, wrong, "birth_date")[0] == second


@given(expiry=expiries, position=st.integers(21, 26), digit=st.sampled_from("0123456789"))
@search(60)
def test_a_wrong_digit_in_an_expiry_is_among_five_suggestions(expiry: date, position: int, digit: str) -> None:
    """The composite and the calendar leave few dates."""
    first, second = lines(expiry=expiry)
    assume(digit != second[position])
    wrong = second[:position] + digit + second[position + 1 :]
    assert second in suggested_lines(first, wrong, "expiry_date")


@given(number=numbers, data=st.data())
@search(100)
def test_a_misread_number_is_among_three_suggestions(number: str, data: st.DataObject) -> None:
    """One confusion that a check digit detects."""
    first, second = lines(number)
    places = [
        (p, pair[1 - pair.index(number[p])]) for p in range(len(number)) for pair in CONFUSED if number[p] in pair
    ]
    seen = [(p, new) for p, new in places if (character_values(new)[0] - character_values(number[p])[0]) % 10]
    assume(seen)
    position, new = data.draw(st.sampled_from(seen))
    wrong = second[:position] + new + second[position + 1 :]
    assert second in suggested_lines(first, wrong, "document_number")[:3]


def test_swapped_neighbours_are_suggested() -> None:
    """The most common typing mistake."""
    first, second = lines()
    assert second in suggested_lines(first, second.replace("740812", "740182"), "birth_date")[:2]
    assert second in suggested_lines(first, second.replace("L898902", "L898092"), "document_number")


def test_every_suggestion_fits_and_is_a_date_that_exists() -> None:
    """No suggestion would be refused when it is used."""
    first, second = lines()
    for digit in "0134567":
        wrong = second[:18] + digit + second[19:]
        for corrected_line in suggested_lines(first, wrong, "birth_date"):
            assert read_mrz([first, corrected_line], today=TODAY).problems == ()


def test_suggestions_stay_possible_where_the_composite_is_wrong_too() -> None:
    """Where no correction fits the composite, the field's own digit decides."""
    first, second = lines()
    wrong = second.replace("L898902C3", "L8989O2C3")[:43] + ("1" if second[43] != "1" else "2")
    assert any(
        corrected_line[:43] == second[:43] for corrected_line in suggested_lines(first, wrong, "document_number")
    )


@pytest.mark.parametrize(("written", "meant"), [("740000", "1974"), ("740800", "1974-08")])
def test_zeros_for_an_unknown_part_of_a_birth(written: str, meant: str) -> None:
    """Fillers are suggested (Doc 9303-3 §4.8); no check digit detects the difference."""
    first, second = lines()
    known = PartialDate.from_iso(meant)
    unknown = lines(birth=known)[1]
    mrz = read_mrz([first, unknown[:13] + written + unknown[19:]], today=TODAY)
    assert [(found.field, found.code) for found in mrz.problems] == [("birth_date", "bad_date")]
    assert suggested(mrz, "birth_date")[0].value == meant
    assert second != unknown


def test_others_counts_equally_likely_corrections() -> None:
    """It is 0 for a correction that is likelier than all others."""
    first, second = lines(number="925076473")
    certain = suggested(read_mrz([first, second.replace("740812", "74O812")], today=TODAY), "birth_date")
    assert certain[0].others == 0
    doubtful = suggested(read_mrz([first, "925976473" + second[9:]], today=TODAY), "document_number")
    assert doubtful[0].others > 0
    assert [one.others for one in doubtful] == sorted(one.others for one in doubtful)


def test_a_letter_among_digits_is_corrected_first() -> None:
    """Numbers mix letters and digits in few ways."""
    first, second = lines(number="925076473")
    wrong = second[:4] + "W" + second[5:]
    assert suggested_lines(first, wrong, "document_number")[0] == second


def test_a_german_number_has_no_letters_that_look_like_digits() -> None:
    """A suggestion with such a letter comes last."""
    first, second = lines(number="C01X0006H", state="D")
    wrong = second[:2] + "I" + second[3:]
    assert suggested_lines(first, wrong, "document_number")[0] == second


def test_the_number_of_suggestions_is_limited() -> None:
    """Five, and the number of corrections that are as likely as the last."""
    first, second = lines(number="C01X0006H")
    found = suggested(read_mrz([first, "C01X8006H" + second[9:]], today=TODAY), "document_number")
    assert len(found) == 5
    assert found[-1].others >= 4
