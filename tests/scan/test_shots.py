"""Several shots of one page: put together character by character, and never two guests."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from passport_helpers import Lines, composed, fitted, put, reading

from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate
from apoa_client.scan.photo_reading import PhotoReading, pages_of

LINES: Lines = ("P<SWELINDQVIST<<ASTRID<<<<<<<<<<<<<<<<<<<<<<", "AB12049762SWE9202298F3203282<<<<<<<<<<<<<<00")
SISTER: Lines = fitted("TD3", put(put(LINES, 0, 16, "INGRID"), 1, 7, "8"))
"""The next passport: one digit of the number and the given name are others."""


def pages(*shots: PhotoReading) -> list[PhotoReading]:
    """Return the pages of these shots."""
    return [page for page, _files in pages_of((Path(str(number)), shot) for number, shot in enumerate(shots))]


def test_the_files_of_each_page() -> None:
    """Two shots of the first page and one of another are two guests, in the order of the first shots."""
    files = [Path("a"), Path("b"), Path("c")]
    shots = [reading(LINES), reading(SISTER), reading(LINES, [(0, 5)])]
    assert [(page.lines, of) for page, of in pages_of(zip(files, shots, strict=True))] == [
        (LINES, [Path("a"), Path("c")]),
        (SISTER, [Path("b")]),
    ]


def test_a_sure_shot_is_enough() -> None:
    """The other one, which has doubts where it reads the same or another character, takes nothing from it."""
    for other in (reading(LINES, [(0, 5), (1, 2)]), reading(put(LINES, 0, 5, "I"), [(0, 5)])):
        for shots in ([reading(LINES), other], [other, reading(LINES)]):
            [page] = pages(*shots)
            assert page.lines == LINES
            assert page.sure == (other.lines == LINES)


def test_doubts_in_different_places() -> None:
    """What one shot reads without doubt, and the other alike, is not asked; but two unsure shots are never sure."""
    [page] = pages(reading(LINES, [(0, 5), (0, 9)]), reading(LINES, [(0, 9), (1, 4)]))
    assert (page.lines, page.doubtful, page.sure) == (LINES, ((0, 9),), False)
    [page] = pages(reading(LINES, [(0, 5)]), reading(LINES, [(1, 4)]))
    assert (page.doubtful, page.sure) == ((), False)
    assert page.hint is not None


def test_a_character_that_is_read_differently() -> None:
    """It is said as the shot without doubt reads it, and asked about."""
    [page] = pages(reading(put(LINES, 0, 5, "I"), [(0, 5), (0, 9)]), reading(LINES, [(0, 9)]))
    assert (page.lines, page.doubtful, page.sure) == (LINES, ((0, 5), (0, 9)), False)


def test_one_number_with_two_names() -> None:
    """A number with its check digit is one document's: two sure shots that differ elsewhere are one page in doubt."""
    other = put(LINES, 0, 16, "K")
    [page] = pages(reading(LINES), reading(other))
    assert (page.doubtful, page.sure) == (((0, 16),), False)


def test_the_number_is_not_read_in_one_shot() -> None:
    """The rest is the same: it is one page. Where names differ without doubt, it is another passport."""
    misread = put(LINES, 1, 4, "7")
    [page] = pages(reading(misread, [(1, 4)]), reading(LINES))
    assert (page.lines, page.doubtful) == (LINES, ((1, 4),))
    assert len(pages(reading(misread, [(1, 4)]), reading(SISTER))) == 2


@pytest.mark.parametrize(("form", "numbers"), [("TD1", ("592211692174", "592211692185")), ("TD3", ("", ""))])
def test_a_long_number_counts_whole_and_an_empty_one_not(form: str, numbers: tuple[str, str]) -> None:
    """Two cards whose numbers differ at the end alone are two guests, as are two documents without a number."""
    details = Details("BEL", "PEETERS", "", "", "BEL", PartialDate(1990, 1, 2), "F", date(2030, 1, 1))
    people = zip(("ANNA", "LISA"), numbers, strict=True)
    lines = [compose(form, details._replace(given_names=name, document_number=number)) for name, number in people]
    assert len(pages(*map(reading, lines))) == 2


def test_what_is_never_put_together() -> None:
    """Pictures without lines, other formats, and a picture of several documents."""
    two = replace(reading(LINES, sure=False), others=(reading(SISTER, sure=False),))
    garbage = reading(("<" * 44, "<" * 44), [(line, column) for line in range(2) for column in range(44)])
    for other in (reading(()), reading(("A" * 30,) * 3, sure=False), two, garbage):
        assert len(pages(reading(LINES), other)) == 2
    assert len(pages(reading(()), reading(()))) == 2


@given(document=composed(), other=composed(), doubts=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 29))))
def test_documents_are_never_mixed(
    document: tuple[str, Lines], other: tuple[str, Lines], doubts: list[tuple[int, int]]
) -> None:
    """A page that is sure is one of its shots as it was read, and sure before."""
    shots = [reading(document[1], doubts), reading(other[1])]
    for page in pages(*shots):
        assert not page.sure or any(page.lines == shot.lines and shot.sure for shot in shots)
