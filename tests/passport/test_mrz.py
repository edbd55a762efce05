"""Reading the MRZ of passports."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from conftest import search
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.passport import layouts
from apoa_client.passport.check_digits import check_digit
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.layouts import Span
from apoa_client.passport.mrz import (
    Mrz,
    MrzUnreadable,
    Problem,
    plain_document_number,
    read_mrz,
    valid_document_number,
)
from apoa_client.passport.verify import composite_digit

TODAY = date(2026, 11, 24)
FIRST = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"
SECOND = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"


def read(first: str = FIRST, second: str = SECOND) -> Mrz:
    return read_mrz([first, second], today=TODAY)


def problem(first: str = FIRST, second: str = SECOND) -> Problem:
    """The only problem of two lines."""
    (found,) = read(first, second).problems
    return found


def read_or_refuse(text: str | Sequence[str]) -> Mrz | Problem:
    try:
        return read_mrz(text, today=TODAY)
    except MrzUnreadable as error:
        return error.problem


def born(text: str) -> str:
    """The second line with another date of birth, and the digits that fit it."""
    line = SECOND[:13] + text + check_digit(text) + SECOND[20:]
    return line[:43] + composite_digit(layouts.TD3, (FIRST, line))


def refused(text: str | Sequence[str]) -> Problem:
    """Why `text` is no MRZ."""
    with pytest.raises(MrzUnreadable) as caught:
        read_mrz(text, today=TODAY)
    assert caught.value.advice is not None
    assert str(caught.value) == caught.value.problem.message.template
    return caught.value.problem


def specimens() -> list[dict[str, Any]]:
    """Specimens from the test suites of public MRZ projects (each names its own), with an independent audit of digits.

    `icao.all` says whether every check digit fits; the suites themselves disagree with ICAO here and there.
    """
    lines = Path(__file__).with_name("mrz_specimens.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


SPECIMENS = specimens()
TD3 = [specimen for specimen in SPECIMENS if specimen["icao"].get("format") == "TD3"]


def test_the_specimen_of_doc_9303_is_read_whole() -> None:
    """Doc 9303-4, appendix B: every field of ICAO's own specimen."""
    mrz = read()
    assert mrz == Mrz(
        format="TD3",
        lines=(FIRST, SECOND),
        document_type="P",
        issuing_state="UTO",
        surname="ERIKSSON",
        given_names="ANNA MARIA",
        document_number="L898902C3",
        nationality="UTO",
        birth_date=PartialDate(1974, 8, 12),
        sex="F",
        expiry_date=date(2012, 4, 15),
        optional_data="ZE184226B",
        names_truncated=False,
        problems=(),
    )


@pytest.mark.parametrize("specimen", TD3, ids=lambda specimen: specimen["source"])
def test_check_digits_agree_with_an_independent_audit(specimen: dict[str, Any]) -> None:
    """No good specimen has a failing check, and no bad one passes."""
    if specimen["icao"].get("why") == "illegal char":
        assert refused(specimen["lines"]).code == "bad_character"
        return
    mrz = read_mrz(specimen["lines"], today=TODAY)
    assert (not any(found.code in ("check_digit", "bad_character") for found in mrz.problems)) is specimen["icao"][
        "all"
    ]


@pytest.mark.parametrize("specimen", [s for s in TD3 if s["icao"]["all"]], ids=lambda s: s["source"])
def test_fields_agree_with_what_the_specimens_suites_expect(specimen: dict[str, Any]) -> None:
    """Names, numbers, states, sexes and dates are what other projects expect of the same lines."""
    mrz = read_mrz(specimen["lines"], today=TODAY)
    for name in ("surname", "given_names", "document_number", "nationality", "issuing_state", "sex"):
        expected = specimen["expected"].get(name)
        assert expected in (None, getattr(mrz, name))
    for name, found in (("birth_date", str(mrz.birth_date)), ("expiry", str(mrz.expiry_date))):
        assert (specimen["expected"].get(name) or found).replace("-", "")[-6:] == found.replace("-", "")[-6:]


@pytest.mark.parametrize(
    "specimen", [s for s in SPECIMENS if s not in TD3], ids=lambda specimen: specimen["source"] + specimen["lines"][0]
)
def test_what_is_no_passport_is_refused_and_never_guessed(specimen: dict[str, Any]) -> None:
    """Identity cards, visas and broken lines are refused by name, even where a peer reads something from them."""
    assert refused(specimen["lines"]).field == "mrz"


@pytest.mark.parametrize(
    "text",
    [
        FIRST + SECOND,
        f"{FIRST}\n{SECOND}\n",
        f"{FIRST}\r{SECOND}\r",
        f"\r\n{FIRST}\r\n\r\n{SECOND}\r\n",
        f"{FIRST.lower()}\n{SECOND.lower()}",
        f"  {FIRST[:20]} {FIRST[20:]}\t\n{SECOND[:10]}  {SECOND[10:]} ",
        f"{FIRST}{SECOND[:36]}\n{SECOND[36:]}",
        "\n".join((FIRST + SECOND)[start : start + 40] for start in range(0, 88, 40)),
        f"\x1b[200~{FIRST}\n{SECOND}\x1b[201~",
        f"\ufeff{FIRST}\n\u200b{SECOND}",
        f"{FIRST}\n{SECOND}".replace("<", "\u2039"),
        f"{FIRST}\n{SECOND}".replace("<", "«"),
        f"{FIRST}\n{SECOND}".replace("<<", "«"),
        f"{FIRST}\n{SECOND}".replace("<", "("),
        "".join(chr(ord(c) + 0xFEE0) for c in FIRST + SECOND),
        (FIRST, SECOND),
        [FIRST + SECOND],
        [FIRST.lower(), "", SECOND + "\n"],
    ],
)
def test_input_as_it_comes_is_read(text: str | list[str]) -> None:
    """One string or two, wrapped, in any case, from a paste or a keyboard-wedge reader: the same two lines."""
    assert read_mrz(text, today=TODAY) == read()


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", "missing", "No machine readable lines"),
        ([], "missing", "No machine readable lines"),
        (" \r\n\t", "missing", "No machine readable lines"),
        (FIRST, "bad_length", "1 line with 44 characters was given"),
        ([FIRST, SECOND, "X"], "bad_length", "3 lines with 89 characters were given"),
        ([FIRST, "hello"], "bad_length", "Line 2 has 5 characters and must have 44"),
        (["I<UTO" + "<" * 25] * 3, "unknown_format", "identity card"),
        (["I<UTO" + "<" * 25, "<" * 30, "<" * 28], "unknown_format", "identity card"),
        (["I<UTO" + "<" * 31] * 2, "unknown_format", "identity card"),
        (["V" + FIRST[1:], SECOND], "unknown_format", "visa"),
        ("x" * 100_000, "bad_length", "1 line with 1000 characters"),
    ],
)
def test_what_is_no_mrz_is_refused_with_the_reason(text: str | list[str], code: str, words: str) -> None:
    """The code is the command line's, and the sentence names lines, lengths or the other kind of document."""
    found = refused(text)
    assert found.code == code
    assert words in found.message.render()


@pytest.mark.parametrize(
    ("lines", "line", "position", "old", "new"),
    [
        ([FIRST[:-1], SECOND], 0, 43, "", "<"),
        ([FIRST[:-3], SECOND], 0, 41, "", "<<<"),
        ([FIRST + "<", SECOND], 0, 44, "<", ""),
        (["PUTO" + FIRST[5:], SECOND], 0, 1, "", "<"),
        ([FIRST, SECOND[:40] + SECOND[41:]], 1, 41, "", "<"),
        ([FIRST, SECOND[:41] + "<" + SECOND[41:]], 1, 42, "<", ""),
        ([FIRST, SECOND[:26] + SECOND[27:]], 1, 26, "", "5"),
        ([FIRST, SECOND[:14] + "7" + SECOND[14:]], 1, 14, "7", ""),
    ],
)
def test_a_line_too_short_or_too_long_says_what_is_probably_lost(
    lines: list[str], line: int, position: int, old: str, new: str
) -> None:
    """A lost or doubled character is found by the check digits that fit again, or at the end of the first line."""
    found = refused(lines)
    assert found.code == "bad_length"
    assert found.spans == (Span(line, 0, len(lines[line])),)
    whole = {0: FIRST, 1: SECOND}[line]
    best = next(correction for correction in found.corrections if correction.value == whole)
    assert (best.line, best.position, best.old, best.new) == (line, position, old, new)
    assert f"Line {line + 1} has {len(lines[line])} characters" in found.message.render()


def test_two_wrong_lines_or_unknown_letters_are_not_guessed_at() -> None:
    """Where nothing is likely, nothing is offered."""
    assert refused([FIRST[:-1], SECOND[:-1]]).corrections == ()
    assert refused(["Q" + FIRST[1:-1], SECOND]).corrections == ()
    assert refused([FIRST[:-1] + "*<", SECOND]).corrections == ()
    assert refused([FIRST, SECOND[:2] + SECOND[3:]]).corrections == ()
    assert refused([FIRST, SECOND[:-2]]).corrections == ()


def test_two_lines_of_which_one_lost_what_the_other_won_are_not_cut_anew() -> None:
    """43 and 45 characters are 88 together, and still two wrong lines."""
    assert refused([FIRST[:-1], SECOND + "0"]).code == "bad_length"


def test_characters_that_no_mrz_holds_are_named_with_their_places() -> None:
    """Every illegal character is named once, and each place is given."""
    found = refused([FIRST.replace("ERI", "E*I"), SECOND.replace("ZE", "*É")])
    assert found.code == "bad_character"
    assert found.spans == (Span(0, 6, 7), Span(1, 28, 29), Span(1, 29, 30))
    assert "* É. The first is at character 7 of line 1." in found.message.render()


@given(st.text() | st.lists(st.text(max_size=60), max_size=4))
@search(200)
def test_no_text_raises_anything_but_the_rooms_own_error(text: str | list[str]) -> None:
    """Whatever is pasted, the answer is an MRZ or `MrzUnreadable`."""
    outcome = read_or_refuse(text)
    assert isinstance(outcome, Mrz) or outcome.message.render()


@given(st.text(alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<", min_size=88, max_size=88))
@search(60)
def test_any_88_legal_characters_are_read_and_their_problems_named(text: str) -> None:
    """The right shape is always read, unless it is a visa's, and every problem can be said."""
    outcome = read_or_refuse(text)
    if isinstance(outcome, Problem):
        assert outcome.code == "unknown_format"
    else:
        assert "".join(outcome.lines) == text
        assert all(found.message.render() for found in outcome.problems)


@pytest.mark.parametrize(
    ("field", "surname", "given_names", "truncated"),
    [
        ("ERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "ERIKSSON", "ANNA MARIA", False),
        ("ARKFREITH<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<", "ARKFREITH", "", False),
        ("<<FIRST<NAME<<<<<<<<<<<<<<<<<<<<<<<<<<<", "", "FIRST NAME", False),
        ("DE<LA<CRUZ<<JUAN<<CARLOS<<<<<<<<<<<<<<<", "DE LA CRUZ", "JUAN CARLOS", False),
        ("NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K", "NILAVADHANANANDA", "CHAYAPA DEJTHAMRONG K", True),
        ("<" * 39, "", "", False),
    ],
)
def test_names(field: str, surname: str, given_names: str, *, truncated: bool) -> None:
    """Single names, empty primary identifiers, prefixes, and truncation as Doc 9303-4 §4.2.3 tells it."""
    mrz = read("P<UTO" + field)
    assert (mrz.surname, mrz.given_names, mrz.names_truncated) == (surname, given_names, truncated)
    assert mrz.problems == ()


def test_a_failing_number_is_kept_and_explained() -> None:
    """The rest is still read; the mark covers the number and its digit; the composite is not reported as well."""
    mrz = read(second=SECOND.replace("L898902C3", "L8989O2C3"))
    (found,) = mrz.problems
    assert mrz.document_number == "L8989O2C3"
    assert mrz.surname == "ERIKSSON"
    assert (found.field, found.code) == ("document_number", "check_digit")
    assert found.spans == (Span(1, 0, 9), Span(1, 9, 10))
    assert found.message.render() == (
        "The check digit of the passport number does not fit. Compare it with the page: perhaps 0 in place of O, at "
        "character 6 of line 2."
    )


def test_a_wrong_check_digit_itself_is_suggested() -> None:
    """The number's digit is one of the suspects, and the sentence says so where it is the first."""
    found = problem(second=SECOND.replace("C36", "C3G"))
    assert (found.corrections[0].old, found.corrections[0].new, found.corrections[0].value) == ("G", "6", "L898902C3")
    assert "If it is right, the check digit itself is wrong" in found.message.render()


def test_a_failing_field_without_any_small_correction_is_still_reported() -> None:
    """Two errors at once leave no honest suggestion: only the place to compare."""
    found = problem(second=SECOND.replace("7408122", "9999992"))
    assert found.code == "check_digit"
    assert found.corrections == ()
    assert "Compare line 2, characters 14 to 20" in found.message.render()


def test_the_composite_alone_is_reported_on_its_own() -> None:
    """Every field's digit fits and the last does not: it is itself the first suspect."""
    found = problem(second=SECOND[:-1] + "7")
    assert (found.field, found.code, found.spans) == ("composite", "check_digit", (Span(1, 43, 44),))
    assert (found.corrections[0].old, found.corrections[0].new) == ("7", "0")
    assert "Each check digit fits but the last" in found.message.render()


def test_a_swap_that_no_check_digit_sees_is_found_by_the_calendar() -> None:
    """Digits that differ by 5 may change places unseen by every check digit, but the month 00 is none."""
    found = problem(second=born("740501").replace("740501", "740051"))
    assert (found.field, found.code) == ("birth_date", "bad_date")
    assert found.corrections[0].value == "1974-05-01"


def test_two_failing_fields_are_two_problems() -> None:
    """Each field is judged for itself."""
    found = read(second=SECOND.replace("L89", "L98").replace("7408122", "7408129")).problems
    assert [one.field for one in found] == ["document_number", "birth_date"]


@pytest.mark.parametrize(
    ("second", "birth", "expected"),
    [
        ("L898902C36UTO74<<<<1X1204159ZE184226B<<<<<18", PartialDate(1974), "X"),
        ("L898902C36UTO<<<<<<0<1204159ZE184226B<<<<<1", None, "X"),
    ],
)
def test_unknown_parts_of_a_birth_date(second: str, birth: PartialDate | None, expected: str) -> None:
    """A year alone is read as such; an unknown date is no problem of the MRZ, and the caller asks for it."""
    line = (
        second if len(second) == 44 else next(second + d for d in "0123456789" if not read(second=second + d).problems)
    )
    mrz = read(second=line)
    assert mrz.problems == ()
    assert mrz.birth_date == birth
    assert mrz.sex == expected


def test_an_empty_expiry_date_is_no_problem_and_no_date() -> None:
    """The caller reports it as missing."""
    line = next(d for d in "0123456789" if not read(second=SECOND.replace("1204159", "<<<<<<0")[:43] + d).problems)
    assert read(second=SECOND.replace("1204159", "<<<<<<0")[:43] + line).expiry_date is None


def test_31_april_with_a_fitting_digit_is_refused() -> None:
    """A check digit proves no date."""
    found = problem(second=born("740431"))
    assert (found.field, found.code) == ("birth_date", "bad_date")
    assert found.spans == (Span(1, 13, 19),)
    assert "The date of birth" in found.message.render()


def test_letters_in_a_date_are_named_and_read_as_digits_by_suggestion_only() -> None:
    """Several at once: the suggestion is the whole date, and nothing is applied."""
    mrz = read(second=SECOND.replace("740812", "74O8I2"))
    (found,) = mrz.problems
    assert mrz.birth_date is None
    assert (found.field, found.code, found.spans) == ("birth_date", "bad_character", (Span(1, 15, 16),))
    assert found.corrections[0].value == "1974-08-12"


@pytest.mark.parametrize(
    ("first", "second", "field", "code", "suggestion"),
    [
        (FIRST.replace("UTO", "UT0"), SECOND, "issuing_state", "unknown_state", "UTO"),
        (FIRST, SECOND.replace("6UTO", "6CH<"), "nationality", "unknown_state", "CHE"),
        (FIRST, SECOND.replace("6UTO", "6QQQ"), "nationality", "unknown_state", None),
        (FIRST.replace("ERIK", "ER1K"), SECOND, "names", "bad_character", "ERIKSSON<<ANNA<MARIA"),
        (FIRST.replace("ERIK", "ER9K"), SECOND, "names", "bad_character", None),
        ("0" + FIRST[1:], SECOND, "document_type", "bad_character", None),
        ("1" + FIRST[1:], SECOND, "document_type", "bad_character", "I"),
        ("P0" + FIRST[2:], SECOND, "document_type", "bad_character", "PD"),
        (FIRST, SECOND.replace("2F1", "2Q1"), "sex", "bad_character", None),
        (FIRST, SECOND.replace("2F1", "2K1"), "sex", "bad_character", ""),
    ],
)
def test_what_has_no_check_digit_is_judged_by_what_may_stand_there(
    first: str, second: str, field: str, code: str, suggestion: str | None
) -> None:
    """States are known ones, names have letters, and lookalikes are offered where they may stand."""
    found = problem(first, second)
    assert (found.field, found.code) == (field, code)
    assert next((correction.value for correction in found.corrections), None) == suggestion
    assert found.message.render()


def test_an_unreadable_sex_is_empty() -> None:
    """Nothing is invented."""
    assert read(second=SECOND.replace("2F1", "2Q1")).sex == ""


def test_empty_states_are_left_to_the_caller() -> None:
    """A field of fillers says nothing, and what is missing is asked for by whoever needs it."""
    mrz = read(FIRST.replace("UTO", "<<<"), SECOND.replace("6UTO", "6<<<"))
    assert (mrz.issuing_state, mrz.nationality, mrz.problems) == ("", "", ())


def test_germany_is_d_or_deu() -> None:
    """Both are seen on genuine documents."""
    for code in ("D<<", "DEU"):
        assert read(FIRST.replace("UTO", code), SECOND.replace("6UTO", "6" + code)).problems == ()


def test_the_digit_of_empty_optional_data_may_be_a_filler() -> None:
    """Doc 9303-4 §4.2.2: `<` or `0`, and only where the field is empty."""
    empty = "C01X0006H1D<<6408125F1710319<<<<<<<<<<<<<<"
    assert read(second=empty + "<0").problems == ()
    assert read(second=empty + "00").problems == ()
    assert [found.field for found in read(second=SECOND[:42] + "<0").problems] == ["optional_data"]


def test_nothing_shows_personal_data_in_its_repr() -> None:
    """Logs and tracebacks may hold a repr."""
    mrz = read(second=SECOND.replace("L898902C3", "L8989O2C3"))
    text = repr(mrz) + repr(mrz.problems)
    assert "document_number" in text
    for secret in ("ERIKSSON", "L8989", "740812", "1974", "ANNA"):
        assert secret not in text


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
