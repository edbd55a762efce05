"""Lines that lost or gained characters: they are read with suggestions, and never valid."""

from collections.abc import Sequence

import pytest
from conftest import search
from hypothesis import assume, given
from hypothesis import strategies as st
from passport_helpers import FORMATS, LAYOUT, SPECIMENS, Lines, composed, fitted, read, read_or_refuse, refused, write

from apoa_client.passport.layouts import Span
from apoa_client.passport.mrz import Correction, Mrz, Problem
from apoa_client.passport.verify import failing_checks

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
    if len(new + old) > 1:
        words = f"{len(new)} < were left out at" if new else f"{len(old)} < at character {position + 1} are too many"
    else:
        words = f"{new} was left out at" if new else f"{old} at character {position + 1} is too many"
    assert f"Perhaps {words}" in shown


NUMBER_OF_SIX = fitted("TD3", write("TD3", "document_number", "L89890"))[1]


@pytest.mark.parametrize(
    ("number", "rest"),
    [("L89890<", 2), ("L89890<<", 3), ("L89890<<<<", 6), ("L89890<<<<<", 7), ("L89890<<<", 2)],
)
def test_fillers_miscounted_in_two_places_are_found(number: str, rest: int) -> None:
    """After a short document number and in the optional data, at once."""
    typed = number + NUMBER_OF_SIX[9:37] + "<" * rest + NUMBER_OF_SIX[42:]
    mrz = read([FIRST, typed])
    assert mrz.lines == (FIRST, NUMBER_OF_SIX)
    assert [(found.field, found.code) for found in mrz.problems] == [("mrz", "bad_length")]
    assert mrz.document_number == "L89890"


def test_a_row_of_fillers_is_likelier_than_fillers_elsewhere() -> None:
    """Three fillers anywhere in the optional data leave all check digits as they are."""
    mrz = read([FIRST, SECOND[:37] + SECOND[40:]])
    assert mrz.lines == (FIRST, SECOND)


def test_two_rows_of_fillers_have_a_sentence_of_their_own() -> None:
    """No single position can be named."""
    typed = "L89890<" + NUMBER_OF_SIX[9:37] + "<" * 3 + NUMBER_OF_SIX[42:]
    assert "two rows of < have the wrong length" in read([FIRST, typed]).problems[0].message.render()


def test_a_filler_lost_after_the_document_code_and_others_at_the_end_are_found() -> None:
    """A person who leaves out fillers leaves them out everywhere."""
    mrz = read(["PUTO" + FIRST[5:30], SECOND])
    assert mrz.lines == (FIRST, SECOND)


def test_a_passport_is_never_read_as_a_card() -> None:
    """Its lines have 44 characters, however many were typed."""
    first = "P<UTOERIKSSON<<ANNA<MARIA<<<<<"
    assert len(first) == 30
    assert read([first, SECOND[:38] + SECOND[42:]]).format == "TD3"


def test_a_filler_lost_after_the_document_code_is_found() -> None:
    """Otherwise no state would have the code; the line still ends in fillers."""
    line = "PUTO" + FIRST[5:]
    (best,) = read([line, SECOND]).problems[0].corrections
    assert (best.value, best.position, best.new) == (FIRST, 1, "<")


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


@pytest.mark.parametrize("form", ["TD2", "TD3", "MRV-A", "MRV-B"])
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
