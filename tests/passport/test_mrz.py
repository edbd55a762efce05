"""Reading an MRZ: names, dates, no error but `MrzUnreadable`, and no value shown, for input of any length and kind."""

from collections.abc import Callable
from datetime import date
from itertools import product
from typing import Any

import pytest
from basics import search
from hypothesis import given
from hypothesis import strategies as st
from passport_helpers import (
    FORMATS,
    LAYOUT,
    SPECIMENS,
    TODAY,
    corrected,
    put,
    read,
    read_or_refuse,
    refused,
    sketch,
    spoilt,
    write,
)

from apoa_client.passport.check_digits import ALPHABET, failing_checks
from apoa_client.passport.compose import Details
from apoa_client.passport.dates import PartialDate, mrz_date, read_birth_date, read_expiry_date
from apoa_client.passport.layouts import Span
from apoa_client.passport.mrz import FieldState, Mrz, MrzUnreadable, plain_document_number, valid_document_number

FIRST, SECOND = SPECIMENS["TD3"]

NEARLY = st.text(ALPHABET + "<<<KKK \n\r\tabc(«*&lt;\u200b\uff1c\u3000", max_size=100)
"""Text that is often read as lines of some kind."""


def check_outcome(outcome: Any) -> None:
    """Check that every problem has a message, and that each correction of a field makes its check fit."""
    problems = outcome.problems if isinstance(outcome, Mrz) else (outcome,)
    for found in problems:
        assert found.message.render()
        for correction in found.corrections:
            if isinstance(outcome, Mrz) and found.field != "mrz":
                assert found.field not in failing_checks(outcome.layout, corrected(outcome, correction))
            else:
                assert correction.value


SCANNED = st.binary(max_size=200)
ENCODINGS = st.sampled_from(["utf-8", "utf-16", "latin-1", "cp437"])


def decoded(data: bytes, encoding: str) -> str:
    """Return the noise of a scanner as a terminal gives it, with lone surrogates."""
    return data.decode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")


@st.composite
def broken(draw: st.DrawFn) -> list[str]:
    """Draw lines with lost, doubled and foreign characters together."""
    lines = list(draw(spoilt())[1])
    index, place = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, 43))
    lines[index] = lines[index][:place] + draw(st.text("<K*\u00e9 \n\uff2b", max_size=3)) + lines[index][place:]
    return lines


@given(
    st.text()
    | st.lists(st.text(max_size=60), max_size=4)
    | NEARLY
    | st.lists(NEARLY, max_size=3)
    | st.builds(decoded, SCANNED, ENCODINGS)
    | broken()
)
@search(500)
def test_any_text_is_an_mrz_or_unreadable(text: str | list[str]) -> None:
    """For any text that is pasted, or that a scanner types in any encoding, and for broken lines."""
    check_outcome(read_or_refuse(text))


@pytest.mark.parametrize("form", FORMATS)
def test_illegal_characters_are_named_with_their_positions(form: str) -> None:
    """Each character once, each position."""
    found = refused(put(put(SPECIMENS[form], 0, 7, "*"), 1, 3, "*É"))
    assert (found.field, found.code) == ("mrz", "bad_character")
    assert found.spans == (Span(0, 7, 8), Span(1, 3, 4), Span(1, 4, 5))
    assert "* É. The first is at character 8 of line 1." in found.message.render()


@pytest.mark.parametrize("text", ["ß", "\u0131", "\u212a", "\u0660", "\u0410", "\u00b2", "\ud800", "\x00", "-", "_"])
def test_lookalikes_of_other_scripts_are_illegal(text: str) -> None:
    """A dotless i, a Kelvin sign, other digits and a Cyrillic A become no letter."""
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
    """Single names, empty primary identifiers, prefixes, and truncation by Doc 9303-4 §4.2.3."""
    mrz = read(["P<UTO" + names, SECOND])
    assert (mrz.surname, mrz.given_names, mrz.names_truncated) == (surname, given_names, truncated)
    assert mrz.valid


def test_names_of_the_other_formats() -> None:
    """A card has them in its third line, and a French card in two fields, with fillers between given names."""
    first, second, _third = SPECIMENS["TD1"]
    mrz = read([first, second, "CACADOR<DE<ARAUJO<<ANDRE<ESTEV"])
    assert (mrz.surname, mrz.given_names, mrz.names_truncated) == ("CACADOR DE ARAUJO", "ANDRE ESTEV", True)
    french = read(["IDFRAPETE<<<<<<<<<<<<<<<<<<<<<952042", "0509952018746NICOLAS<<PAUL<8206152M3"])
    assert (french.surname, french.given_names, french.optional_data) == ("PETE", "NICOLAS PAUL", "952042")


@pytest.mark.parametrize(
    ("texts", "allowed"),
    [
        (("L898902C3", "l898902c3", "X 1234567", "12-345-678", "A", "A" * 20), True),
        (("", " ", "A" * 21, "A<1", "Ä1", "A/1", "\u04101234567", "1\u06623", "A\u00a01"), False),
    ],
)
def test_document_numbers(texts: tuple[str, ...], *, allowed: bool) -> None:
    """Letters and digits, with blanks and hyphens as some passports print them; no signs, fillers or look-alikes."""
    assert [valid_document_number(text) for text in texts] == [allowed] * len(texts)
    assert plain_document_number("123456 aa") == plain_document_number("123456-AA") == "123456AA"


SECRETS = (
    *("ERIKSSON", "BERTHIER", "ANNA", "CORINNE"),
    *("D23145890", "L8988901C", "L898902C3", "880692310285", "ZE184226B"),
    *("740812", "1974", "400907", "1940", "651206", "1965", "120415", "2012", "961210", "1996"),
)
"""All values of the specimens, in both spellings, except states and sexes, which are words of the code."""

each_format = pytest.mark.parametrize("form", FORMATS)


def all_of(mrz: Mrz) -> str:
    """Return everything of an MRZ and its problems that may be shown."""
    corrections = [correction for found in mrz.problems for correction in found.corrections]
    values = (mrz, mrz.problems, mrz.states, mrz.changes, mrz.failing, *mrz.problems)
    texts = map(sketch, [*values, *corrections, *[found.message for found in mrz.problems]])
    return repr(mrz.birth_date) + "".join(texts)


@each_format
def test_no_values_are_shown(form: str) -> None:
    """An MRZ shows its format and whether it is valid, its details their type, and an error its message's template."""
    mrz = read(SPECIMENS[form])
    assert sketch(mrz) == f"Mrz({form}, valid)" * 2
    assert repr(read(put(SPECIMENS[form], 1, 1, "<"))) == f"Mrz({form}, not valid)"
    texts = [all_of(mrz), sketch(Details(*[getattr(mrz, name) for name in Details._fields]))]
    for (line, old), new in product(enumerate(SPECIMENS[form]), ["*", "9", "O", "<", ""]):
        for place in range(0, len(old), 9):
            lines = (*SPECIMENS[form][:line], old[:place] + new + old[place + 1 :], *SPECIMENS[form][line + 1 :])
            outcome = read_or_refuse(lines)
            if isinstance(outcome, Mrz):
                texts.append(all_of(outcome))
            else:
                texts.append(sketch(MrzUnreadable(outcome)) + sketch(outcome.corrections))
    assert [secret for secret in SECRETS if any(secret in text for text in texts)] == []


# Dates: their centuries, unknown parts, and dates that do not exist.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("740812", "1974-08-12"),
        ("300101", "1930-01-01"),
        ("261124", "2026-11-24"),
        ("261125", "1926-11-25"),
        ("000229", "2000-02-29"),
        ("74<<<<", "1974"),
        ("7408<<", "1974-08"),
        ("74<<12", "1974"),
        ("26<<<<", "2026"),
        ("2612<<", "1926-12"),
        ("<<<<<<", "None"),
        ("<<0812", "None"),
    ],
)
def test_births(text: str, expected: str) -> None:
    """The latest date that is not in the future; unknown parts are left out, and without a year there is no date."""
    assert str(read_birth_date(text, TODAY)) == expected


def test_today_decides_the_century() -> None:
    """The same digits, some years later; 2100 has no 29 February, and 2000 has one."""
    assert str(read_birth_date("300101", date(2030, 1, 1))) == "2030-01-01"
    assert str(read_birth_date("000229", date(2101, 1, 1))) == "2000-02-29"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("161124", date(2016, 11, 24)),
        ("120415", date(2012, 4, 15)),
        ("360101", date(2036, 1, 1)),
        ("700101", date(2070, 1, 1)),
        ("760101", date(2076, 1, 1)),
        ("961210", date(1996, 12, 10)),
        ("<<<<<<", None),
    ],
)
def test_expiries(text: str, expected: date | None) -> None:
    """At most 50 years ahead, otherwise in the past."""
    assert read_expiry_date(text, TODAY) == expected


BIRTHS = ["740431", "741301", "740000", "7<0812", "7408 1", "74O812", "7408X2", "<<08X2", "", "\u0667\u06640812"]
EXPIRIES = ["300231", "30<<<<", "<<0101", "30O101", "740431", "<<08X2"]


@pytest.mark.parametrize(
    ("read_date", "text"),
    [*((read_birth_date, text) for text in BIRTHS), *((read_expiry_date, text) for text in EXPIRIES)],
)
def test_invalid_dates(read_date: Callable[[str, date], object], text: str) -> None:
    """Dates that do not exist, other text than digits, a part of an expiry that is unknown; the error shows no date."""
    with pytest.raises(ValueError, match=r".") as caught:
        read_date(text, TODAY)
    assert not text or text not in str(caught.value)


def test_partial_dates_are_iso_8601() -> None:
    """Written and read with the known parts; a day without a month is refused."""
    for text in ("1974", "1974-08", "1974-08-12"):
        partial = PartialDate.from_iso(text)
        assert str(partial) == text
        assert partial.earliest.year == 1974
        assert repr(partial) == "PartialDate(…)"
    assert mrz_date(PartialDate(2005, 8)) == "0508<<"
    assert mrz_date(None) == "<<<<<<"
    for month, day in ((0, 0), (4, 31), (13, None)):
        with pytest.raises(ValueError, match=r"."):
            PartialDate(1974, month, day)
    with pytest.raises(ValueError, match="without a month"):
        PartialDate(1974, None, 12)
    with pytest.raises(ValueError, match="ISO"):
        PartialDate.from_iso("12.08.1974")


@each_format
@pytest.mark.parametrize(
    ("field", "texts", "code", "suggestions"),
    [
        ("birth_date", ("740431", "741301", "760230", "750229", "740<12", "<<0<12"), "bad_date", None),
        ("birth_date", ("740000", "740800", "740051"), "bad_date", ["1974", "1974-08", "1974-05-01"]),
        ("birth_date", ("74<<1A", "<<AB12", "<<08X2", "ABCDEF"), "bad_character", None),
        ("expiry_date", ("300231", "300400", "30<<<<", "3004<<"), "bad_date", None),
    ],
)
def test_a_date_that_does_not_exist_is_a_problem(
    form: str, field: str, texts: tuple[str, ...], code: str, suggestions: list[str] | None
) -> None:
    """Also where its check digit fits; fillers are suggested for zeros, and no part of an expiry is unknown.

    A swap of digits that differ by 5 satisfies each check digit, and month 00 does not exist (Doc 9303-3 §4.8).
    """
    if field not in LAYOUT[form].by_name:
        return
    read_of = [read(write(form, field, text)) for text in texts]
    found = [one for mrz in read_of for one in mrz.problems]
    assert [(one.field, one.code) for one in found] == [(field, code)] * len(texts)
    assert {getattr(mrz, field) for mrz in read_of} == {None}
    if code == "bad_date":
        assert {one.spans for one in found} == {(LAYOUT[form].by_name[field].span,)}
    assert suggestions is None or [one.corrections[0].value for one in found] == suggestions


@each_format
def test_letters_in_a_date_get_digits_as_a_suggestion(form: str) -> None:
    """Several at once: the suggestion is the whole date, and nothing is applied."""
    right = write(form, "birth_date", "740812")
    span = LAYOUT[form].by_name["birth_date"].span
    mrz = read(write(form, "birth_date", "74O8I2", lines=right, fit=False))
    (found,) = mrz.problems
    assert (mrz.birth_date, mrz.states["birth_date"]) == (None, FieldState.REPAIRED)  # a user may accept it
    assert (found.field, found.code) == ("birth_date", "bad_character")
    assert found.spans == (Span(span.line, span.start + 2, span.start + 3),)
    assert found.corrections[0].value == "1974-08-12"
