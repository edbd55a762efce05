"""Lines that lost or gained characters: they are read with suggestions, and never valid."""

from collections.abc import Sequence

import pytest
from conftest import search
from hypothesis import assume, given
from hypothesis import strategies as st
from passport_helpers import FORMATS, LAYOUT, SPECIMENS, Lines, composed, read, read_or_refuse, refused

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
    assert mrz == read(SPECIMENS[form])._replace(valid=False, length_problem=mrz.problems[0])
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
    words = f"Perhaps {new} was left out" if new else f"Perhaps {old} at character {position + 1} is too many"
    assert words in mrz.problems[0].message.render()


def test_a_filler_lost_after_the_document_code_is_found() -> None:
    """Otherwise no state would have the code; the line still ends in fillers."""
    line = "PUTO" + FIRST[5:]
    (best,) = read([line, SECOND]).problems[0].corrections
    assert (best.value, best.position, best.new) == (FIRST, 1, "<")


def test_several_likely_lines_are_only_suggested() -> None:
    """Only the page can decide between them."""
    found = refused([FIRST, SECOND[:40] + SECOND[41:]])
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
        [FIRST + "<<<<<", SECOND],  # too long for a typing mistake
        [FIRST, "hello"],
        [FIRST, SECOND[:41]],
    ],
)
def test_no_suggestion_where_nothing_is_likely(lines: list[str]) -> None:
    """The message has the length, and says that every filler counts."""
    found = refused(lines)
    assert (found.code, found.corrections) == ("bad_length", ())
    assert "including every <" in found.message.render()


@pytest.mark.parametrize("form", FORMATS)
def test_two_lines_of_a_wrong_length_are_refused(form: str) -> None:
    """The first of them is named."""
    lines = SPECIMENS[form]
    for change in (slice(None, -1), slice(1, None)):
        found = refused([line[change] for line in lines[:2]] + list(lines[2:]))
        assert (found.code, found.corrections) == ("bad_length", ())
        assert found.spans == (Span(0, 0, len(lines[0]) - 1),)
    assert refused([line + "<" for line in lines]).code == "bad_length"


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
