"""Suggestions where a check digit does not fit."""

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import islice

import pytest
from basics import search
from hypothesis import assume, given
from hypothesis import strategies as st
from passport_helpers import FORMATS, LAYOUT, SPECIMENS, Lines, composed, fitted, read, read_or_refuse, refused, write

from apoa_client.passport.check_digits import ALPHABET, character_values, failing_checks
from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.layouts import Span
from apoa_client.passport.mrz import Correction, Mrz, Problem, read_mrz

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


@pytest.mark.parametrize(("look_alikes", "least"), [(True, 0.95), (False, 0.80)])
def test_a_mistake_is_corrected_by_the_first_three_suggestions(*, look_alikes: bool, least: float) -> None:
    """At least 95 % of single look-alikes and 80 % of arbitrary substitutions in realistic passports are corrected.

    Of wrong digits in a number it is at most three in ten: for each of the ten characters one digit makes the check
    digit fit, and nothing else distinguishes them. A wrong letter among digits is easy to find.
    """
    found = 0
    for first, second, wrong in islice(mistakes(1, look_alikes=look_alikes), 200):
        mrz = read_mrz([first, wrong], today=TODAY)
        found += any(second in suggested_lines(first, wrong, problem.field)[:3] for problem in mrz.problems)
    assert found >= least * 200


def test_swapped_neighbours_are_suggested() -> None:
    """The most common typing mistake."""
    first, second = lines()
    assert second in suggested_lines(first, second.replace("740812", "740182"), "birth_date")[:2]
    assert second in suggested_lines(first, second.replace("L898902", "L898092"), "document_number")


@given(expiry=expiries, position=st.integers(21, 26), digit=st.sampled_from("0123456789"))
@search(60)
def test_a_wrong_digit_in_an_expiry_is_among_five_suggestions(expiry: date, position: int, digit: str) -> None:
    """The composite and the calendar leave few dates."""
    first, second = lines(expiry=expiry)
    assume(digit != second[position])
    wrong = second[:position] + digit + second[position + 1 :]
    assert second in suggested_lines(first, wrong, "expiry_date")


def test_suggestions_stay_possible_where_the_composite_is_wrong_too() -> None:
    """Where no correction fits the composite, the field's own digit decides."""
    first, second = lines()
    wrong = second.replace("L898902C3", "L8989O2C3")[:43] + ("1" if second[43] != "1" else "2")
    assert any(
        corrected_line[:43] == second[:43] for corrected_line in suggested_lines(first, wrong, "document_number")
    )


def test_others_counts_equally_likely_corrections() -> None:
    """It is 0 for a correction that is likelier than all others."""
    first, second = lines(number="925076473")
    certain = suggested(read_mrz([first, second.replace("740812", "74O812")], today=TODAY), "birth_date")
    assert certain[0].others == 0
    doubtful = suggested(read_mrz([first, "925976473" + second[9:]], today=TODAY), "document_number")
    assert doubtful[0].others > 0
    assert [one.others for one in doubtful] == sorted(one.others for one in doubtful)


@pytest.mark.parametrize(
    ("number", "state", "place", "letter"), [("925076473", "UTO", 4, "W"), ("C01X0006H", "D", 2, "I")]
)
def test_a_letter_among_digits_is_corrected_first(number: str, state: str, place: int, letter: str) -> None:
    """Numbers mix letters and digits in few ways, and a German one has no letters that look like digits."""
    first, second = lines(number, state=state)
    wrong = second[:place] + letter + second[place + 1 :]
    assert suggested_lines(first, wrong, "document_number")[0] == second


def test_the_number_of_suggestions_is_limited() -> None:
    """Five, and the number of corrections that are as likely as the last."""
    first, second = lines(number="C01X0006H")
    found = suggested(read_mrz([first, "C01X8006H" + second[9:]], today=TODAY), "document_number")
    assert len(found) == 5
    assert found[-1].others >= 4


FIRST, SECOND = SPECIMENS["TD3"]

EACH_LINE = [(form, index) for form in FORMATS for index in range(len(SPECIMENS[form]))]

each_line = pytest.mark.parametrize(("form", "index"), EACH_LINE)


def with_line(form: str, index: int, line: str) -> Lines:
    lines = SPECIMENS[form]
    return (*lines[:index], line, *lines[index + 1 :])


def length_problem(lines: Sequence[str]) -> Problem:
    """Return the problem of the length; an MRZ with it is not valid, and has it first."""
    found = read_or_refuse(lines)
    if isinstance(found, Mrz):
        assert not found.valid
        found = found.problems[0]
    assert (found.field, found.code) == ("mrz", "bad_length")
    return found


@each_line
def test_a_filler_too_few_or_too_many_is_found(form: str, index: int) -> None:
    """In each line of each format, the original line is the first suggestion."""
    line = SPECIMENS[form][index]
    place = line.rindex("<")
    for spoilt in (line[:place] + line[place + 1 :], line[:place] + "<" + line[place:]):
        found = length_problem(with_line(form, index, spoilt))
        best = found.corrections[0]
        assert (best.field, best.value, best.line) == ("mrz", line, index)
        assert spoilt[: best.position] + best.new + spoilt[best.position + len(best.old) :] == line
        assert found.spans == (Span(index, 0, len(spoilt)),)
        assert f"Line {index + 1} has {len(spoilt)} characters and must have {len(line)}" in found.message.render()


@each_line
def test_a_lost_or_doubled_last_character_is_found(form: str, index: int) -> None:
    """A check digit at the end of a line can be computed, a filler there can be guessed."""
    line = SPECIMENS[form][index]
    for spoilt in (line[:-1], line + line[-1]):
        offered = [correction.value for correction in length_problem(with_line(form, index, spoilt)).corrections]
        assert line in offered


@pytest.mark.parametrize("form", FORMATS)
def test_the_only_likely_line_is_read(form: str) -> None:
    """The fields are those of the corrected lines, and the problem shows the correction."""
    line = SPECIMENS[form][1]
    mrz = read(with_line(form, 1, line[:-1]))
    assert mrz == read(SPECIMENS[form])._replace(valid=False, length_problems=mrz.problems)
    assert [(found.field, found.code) for found in mrz.problems] == [("mrz", "bad_length")]
    assert mrz.states == read(SPECIMENS[form]).states


@pytest.mark.parametrize(
    ("lines", "line", "position", "old", "new"),
    [
        ([FIRST[:-1], SECOND], 0, 43, "", "<"),
        (["PUTO" + FIRST[5:], SECOND], 0, 1, "", "<"),  # after the document code, where no state would have it
        ([FIRST, SECOND[:37] + SECOND[40:]], 1, 39, "", "<<<"),  # a row is likelier than fillers elsewhere
        ([FIRST[:-3], SECOND], 0, 41, "", "<<<"),
        ([FIRST[:-4], SECOND], 0, 40, "", "<<<<"),
        ([FIRST + "<", SECOND], 0, 44, "<", ""),
        ([FIRST + "<<<<", SECOND], 0, 44, "<<<<", ""),
        ([FIRST, SECOND[:41] + "<" + SECOND[41:]], 1, 42, "<", ""),
        ([FIRST, SECOND[:26] + SECOND[27:]], 1, 26, "", "5"),
        ([FIRST, SECOND[:14] + "7" + SECOND[14:]], 1, 14, "7", ""),
    ],
)
def test_the_position_of_a_lost_or_doubled_character(
    lines: list[str], line: int, position: int, old: str, new: str
) -> None:
    """From the check digits that fit again, or at the end of a line without check digits."""
    mrz = read(lines)
    assert mrz.lines == (FIRST, SECOND)
    (best,) = mrz.problems[0].corrections
    assert best == Correction("mrz", line, position, old, new, (FIRST, SECOND)[line])
    assert mrz.corrected(best) == mrz.lines
    shown = mrz.problems[0].message.render()
    words = f"{new} was left out at" if new else f"{old} at character {position + 1} is too many"
    assert f"Perhaps {words}" in shown


NUMBER_OF_SIX = fitted("TD3", write("TD3", "document_number", "L89890"))[1]


@pytest.mark.parametrize(("number", "rest"), [("L89890<", 2), ("L89890<<", 3), ("L89890<<<<<", 7), ("L89890<<<", 2)])
def test_fillers_miscounted_in_two_places_are_found(number: str, rest: int) -> None:
    """After a short document number and in the optional data, at once."""
    typed = number + NUMBER_OF_SIX[9:37] + "<" * rest + NUMBER_OF_SIX[42:]
    mrz = read([FIRST, typed])
    assert mrz.lines == (FIRST, NUMBER_OF_SIX)
    assert [(found.field, found.code) for found in mrz.problems] == [("mrz", "bad_length")]
    assert mrz.document_number == "L89890"
    assert read(["PUTO" + FIRST[5:30], SECOND]).lines == (FIRST, SECOND)  # after the code, and at the end


def test_a_passport_is_never_read_as_a_card() -> None:
    """Its lines have 44 characters, however many were typed."""
    first = "P<UTOERIKSSON<<ANNA<MARIA<<<<<"
    assert len(first) == 30
    assert read([first, SECOND[:38] + SECOND[42:]]).format == "TD3"


def test_several_likely_lines_are_only_suggested() -> None:
    """Only the page can decide between them."""
    found = refused([FIRST, SECOND[:11] + SECOND[12:]])
    assert found.code == "bad_length"
    assert [correction.others for correction in found.corrections] == [1, 1]
    assert SECOND in [correction.value for correction in found.corrections]


@pytest.mark.parametrize(
    "lines",
    [
        ["Q" + FIRST[1:-1], SECOND],  # no document begins so
        ["P<QQQ" + FIRST[5:-1], SECOND],  # no state's code
        [FIRST[:-1] + "*<", SECOND],  # no character of an MRZ
        [FIRST, SECOND[:2] + SECOND[3:]],  # too many would fit
        [FIRST, SECOND[:-2]],  # two digits
        [FIRST + "<<<<A", SECOND],  # too long for a typing mistake
        [FIRST[:8], SECOND],  # the rest of the names may be missing
        ["P<UTO<<<<<<", SECOND],  # no names
        [FIRST, "hello"],
        [FIRST, SECOND[:41]],
    ],
)
def test_no_suggestion_where_nothing_is_likely(lines: list[str]) -> None:
    """The message has the length, and says that every filler counts."""
    found = refused(lines)
    assert (found.code, found.corrections) == ("bad_length", ())
    assert "including every <" in found.message.render()


@pytest.mark.parametrize("form", ["TD1", "FRA-ID"])
def test_two_lines_of_a_wrong_length_are_refused_if_a_check_digit_covers_both(form: str) -> None:
    """The first of them is named."""
    lines = SPECIMENS[form]
    for change in (slice(None, -1), slice(1, None)):
        found = refused([line[change] for line in lines[:2]] + list(lines[2:]))
        assert (found.code, found.corrections) == ("bad_length", ())
        assert found.spans == (Span(0, 0, len(lines[0]) - 1),)
    assert refused([line + "<" for line in lines]).code == "bad_length"


@pytest.mark.parametrize("form", ["TD2", "TD3", "MRV-A"])
@pytest.mark.parametrize(("missing", "extra"), [(2, 0), (0, 2), (3, 1), (6, 1), (10, 0)])
def test_miscounted_fillers_in_both_lines_are_found(form: str, missing: int, extra: int) -> None:
    """Each line has its own problem, and the lines are read as they must have been."""
    first, second = SPECIMENS[form]
    place = second.rindex("<")
    spoilt = (first[: len(first) - missing], second[:place] + "<" * extra + second[place:])
    mrz = read(spoilt)
    assert mrz.lines == (first, second)
    wrong = [index for index, line in enumerate(spoilt) if len(line) != len(first)]
    assert [(problem.code, problem.spans[0].line) for problem in mrz.problems] == [("bad_length", i) for i in wrong]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([FIRST], "1 line with 44 characters was given"),
        ([FIRST, SECOND, "X"], "3 lines with 89 characters were given"),
        (["X" * 41, "X" * 41], "Line 1 has 41 characters and must have 44"),
        (["X" * 50, "X" * 50], "2 lines with 100 characters were given"),
        (["X" * 32, "X" * 31, "X" * 28], "Line 1 has 32 characters and must have 30"),
        ([SPECIMENS["TD1"][0], "X" * 7, "X"], "Line 2 has 7 characters and must have 30"),
    ],
)
def test_lines_of_no_format(lines: list[str], words: str) -> None:
    """The message has their number, and the nearest size where there is one."""
    found = refused(lines)
    assert found.code == "bad_length"
    assert words in found.message.render()


@given(composed(), st.data())
@search(150)
def test_a_character_lost_or_doubled_anywhere_is_never_valid(document: tuple[str, Lines], data: st.DataObject) -> None:
    """Each suggestion has the right length and fits every check digit, and no two are equal."""
    form, lines = document
    index = data.draw(st.integers(0, len(lines) - 1))
    line = lines[index]
    place = data.draw(st.integers(0, len(line) - 1))
    spoilt = data.draw(st.sampled_from([line[:place] + line[place + 1 :], line[:place] + line[place] + line[place:]]))
    assume("KKK" not in spoilt)
    given_lines = (*lines[:index], spoilt, *lines[index + 1 :])
    found = length_problem(given_lines)
    assert found.message.render()
    offered = [correction.value for correction in found.corrections]
    assert len(set(offered)) == len(offered) <= 5
    for value in offered:
        whole = "".join((*lines[:index], value, *lines[index + 1 :]))
        assert failing_checks(LAYOUT[form], whole) == []
