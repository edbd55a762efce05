"""Reading machine readable lines: nothing but the room's own error, however long, however odd."""

import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from conftest import search
from hypothesis import given
from hypothesis import strategies as st
from passport_helpers import FORMATS, SPECIMENS, TODAY, Lines, corrected, put, read, read_or_refuse, refused, spoilt

from apoa_client.errors import DataRefused, Exit
from apoa_client.passport.check_digits import ALPHABET
from apoa_client.passport.layouts import Span
from apoa_client.passport.mrz import Mrz, MrzUnreadable, plain_document_number, read_mrz, valid_document_number
from apoa_client.passport.verify import failing_checks

FIRST, SECOND = SPECIMENS["TD3"]

NEARLY = st.text(ALPHABET + "<<<KKK \n\r\tabc(«*&lt;\u200b\uff1c\u3000", max_size=100)
"""Text that is often taken for lines of some kind."""


def sound(outcome: Any) -> None:
    """Every problem can be said, and each correction of a field makes its check fit."""
    problems = outcome.problems if isinstance(outcome, Mrz) else (outcome,)
    for found in problems:
        assert found.message.render()
        for correction in found.corrections:
            if isinstance(outcome, Mrz) and found.field != "mrz":
                assert found.field not in failing_checks(outcome.layout, corrected(outcome, correction))
            else:
                assert correction.value


@given(st.text() | st.lists(st.text(max_size=60), max_size=4) | NEARLY | st.lists(NEARLY, max_size=3))
@search(300)
def test_no_text_raises_anything_but_the_rooms_own_error(text: str | list[str]) -> None:
    """Whatever is pasted, the answer is an MRZ or `MrzUnreadable`."""
    sound(read_or_refuse(text))


@given(st.binary(max_size=200), st.sampled_from(["utf-8", "utf-16", "latin-1", "cp437"]))
@search(100)
def test_no_bytes_raise_anything_but_the_rooms_own_error(data: bytes, encoding: str) -> None:
    """A reader's noise, in whatever it is taken for; lone surrogates are what a terminal makes of it."""
    sound(read_or_refuse(data.decode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")))


@given(spoilt(), st.integers(0, 2), st.integers(0, 43), st.text("<K*\u00e9 \n\uff2b", max_size=3))
@search(150)
def test_broken_lines_with_something_between_raise_nothing_else(
    document: tuple[str, Lines], line: int, place: int, more: str
) -> None:
    """Lost, doubled and foreign characters together."""
    lines = list(document[1])
    index = line % len(lines)
    lines[index] = lines[index][:place] + more + lines[index][place:]
    sound(read_or_refuse(lines))


def test_what_is_no_mrz_is_data_refused() -> None:
    """With the exit code and the advice of all data that must be mended first."""
    with pytest.raises(MrzUnreadable) as caught:
        read("hello")
    assert isinstance(caught.value, DataRefused)
    assert caught.value.exit_code is Exit.DATA_REFUSED
    assert caught.value.advice is not None


@pytest.mark.parametrize("form", FORMATS)
def test_characters_that_no_mrz_holds_are_named_with_their_places(form: str) -> None:
    """Every illegal character is named once, and each place is given."""
    found = refused(put(put(SPECIMENS[form], 0, 7, "*"), 1, 3, "*É"))
    assert (found.field, found.code) == ("mrz", "bad_character")
    assert found.spans == (Span(0, 7, 8), Span(1, 3, 4), Span(1, 4, 5))
    assert "* É. The first is at character 8 of line 1." in found.message.render()


@pytest.mark.parametrize("text", ["ß", "\u0131", "\u212a", "\u0660", "\u0410", "\u00b2", "\ud800", "\x00", "-", "_"])
def test_lookalikes_of_other_scripts_are_no_characters_of_an_mrz(text: str) -> None:
    """A dotless i, a Kelvin sign, other digits and a Cyrillic A: none becomes a letter, and none makes two."""
    assert refused(put(SPECIMENS["TD3"], 0, 10, text)).code == "bad_character"


@pytest.mark.parametrize(
    ("names", "surname", "given_names", "truncated"),
    [
        ("ERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "ERIKSSON", "ANNA MARIA", False),
        ("ARKFREITH<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<", "ARKFREITH", "", False),
        ("<<FIRST<NAME<<<<<<<<<<<<<<<<<<<<<<<<<<<", "", "FIRST NAME", False),
        ("DE<LA<CRUZ<<JUAN<<CARLOS<<<<<<<<<<<<<<<", "DE LA CRUZ", "JUAN CARLOS", False),
        ("VAN<DER<MUELLEN<<MARIANNE<LOUISE<<<<<<<", "VAN DER MUELLEN", "MARIANNE LOUISE", False),
        ("OCONNOR<<ENYA<SIOBHAN<<<<<<<<<<<<<<<<<<", "OCONNOR", "ENYA SIOBHAN", False),
        ("MARTIN<LINDA<<<<<<<<<<<<<<<<<<<<<<<<<<<", "MARTIN LINDA", "", False),
        ("NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K", "NILAVADHANANANDA", "CHAYAPA DEJTHAMRONG K", True),
        ("PAPANDROPOULOUS<<JONATHON<WARREN<TREVOR", "PAPANDROPOULOUS", "JONATHON WARREN TREVOR", True),
        ("<" * 39, "", "", False),
    ],
)
def test_names(names: str, surname: str, given_names: str, *, truncated: bool) -> None:
    """Single names, empty primary identifiers, prefixes, and truncation as Doc 9303-4 §4.2.3 tells it."""
    mrz = read(["P<UTO" + names, SECOND])
    assert (mrz.surname, mrz.given_names, mrz.names_truncated) == (surname, given_names, truncated)
    assert mrz.valid


def test_names_of_the_other_formats() -> None:
    """A card has them in its third line, and a French card in two fields of which fillers part the given names."""
    first, second, _third = SPECIMENS["TD1"]
    mrz = read([first, second, "CACADOR<DE<ARAUJO<<ANDRE<ESTEV"])
    assert (mrz.surname, mrz.given_names, mrz.names_truncated) == ("CACADOR DE ARAUJO", "ANDRE ESTEV", True)
    french = read(["IDFRAPETE<<<<<<<<<<<<<<<<<<<<<952042", "0509952018746NICOLAS<<PAUL<8206152M3"])
    assert (french.surname, french.given_names, french.optional_data) == ("PETE", "NICOLAS PAUL", "952042")


def calls(work: Callable[[], Any]) -> int:
    """How many functions are called."""
    count = 0

    def counted(_frame: FrameType, event: str, _value: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    gc.disable()  # Hypothesis listens to it
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(before)
        gc.enable()
    return count


@pytest.mark.parametrize("form", FORMATS)
def test_the_work_grows_as_the_number_of_records(form: str) -> None:
    """A hundred valid ones are ten times the work of ten, a few dozen calls each; so are broken ones, with advice."""
    lines = SPECIMENS[form]
    broken = put(put(lines, 0, 2, "UT0"), 1, 1, "<")

    def work(count: int, given_lines: Lines = lines) -> int:
        return calls(lambda: [read_mrz(given_lines, today=TODAY).problems for _ in range(count)])

    work(1)  # what is made once
    one, ten, hundred = work(1), work(10), work(100)
    assert hundred - ten == 10 * (ten - one)
    assert (hundred - ten) // 90 < 150
    work(1, broken)
    one, two, six = work(1, broken), work(2, broken), work(6, broken)
    assert six - two == 4 * (two - one)


def test_the_work_is_bounded_whatever_the_length() -> None:
    """Input is cut before it is looked at: a megabyte takes as many calls as two kilobytes."""

    def work(text: str | list[str]) -> int:
        return calls(lambda: read_or_refuse(text))

    for piece in ("x", "<\n", "(", "«", "&lt;"):
        assert work(piece * 2_000) == work(piece * 200_000)


@pytest.mark.parametrize("text", ["L898902C3", "l898902c3", "X 1234567", "12-345-678", "A", "A" * 20, "A\u00a01"])
def test_document_numbers_that_icao_allows(text: str) -> None:
    """Letters and digits, with the blanks and hyphens that some passports print."""
    assert valid_document_number(text) is text.isascii()


@pytest.mark.parametrize("text", ["", " ", "A" * 21, "A<1", "Ä1", "A/1", "\u04101234567", "1\u06623"])
def test_document_numbers_that_icao_does_not_allow(text: str) -> None:
    """Signs, fillers, other scripts' lookalikes, nothing at all, and more than 20 characters."""
    assert not valid_document_number(text)


def test_plain_document_numbers_compare() -> None:
    """What the page prints apart and the MRZ fills up is one number."""
    assert plain_document_number("123456 aa") == plain_document_number("123456-AA") == "123456AA"
