"""The problems of an MRZ: message, position and corrections; and how reliable each field is."""

import pytest
from basics import search
from hypothesis import given
from passport_helpers import FORMATS, LAYOUT, SPECIMENS, Lines, corrected, put, read, spoilt, write

from apoa_client.passport.check_digits import failing_checks
from apoa_client.passport.layouts import Span
from apoa_client.passport.mrz import FieldState, Mrz, Problem

FIRST, SECOND = SPECIMENS["TD3"]

each_format = pytest.mark.parametrize("form", FORMATS)


def passport(first: str = FIRST, second: str = SECOND) -> Mrz:
    return read([first, second])


def problem(lines: Lines) -> Problem:
    """Return the only problem."""
    (found,) = read(lines).problems
    return found


@each_format
def test_every_wrong_check_digit_is_a_problem_of_its_field(form: str) -> None:
    """In each format: field and digit are marked, and each suggestion makes the digit fit."""
    layout = LAYOUT[form]
    for field in layout.fields:
        if field.digit is None:
            continue
        digit = field.digit.of(SPECIMENS[form])
        wrong = put(SPECIMENS[form], field.digit.line, field.digit.start, str((int(digit) + 5) % 10))
        found = problem(wrong)
        assert (found.field, found.code, found.spans) == (field.name, "check_digit", (field.span, field.digit))
        assert found.corrections
        for correction in found.corrections:
            assert field.name not in failing_checks(layout, corrected(read(wrong), correction))
        is_ambiguous = read(wrong).states[field.name] is AMBIGUOUS
        assert is_ambiguous or field.name != "document_number"  # only the page can decide
        assert "does not fit" in found.message.render()
        of_passport = "passport number" in found.message.render()
        assert of_passport is (form == "TD3" and field.name == "document_number")  # a card's number has another name


def test_a_wrong_check_digit_itself_is_suggested() -> None:
    """The check digit may be the wrong character, and the message says so where that is likeliest."""
    found = problem((FIRST, SECOND.replace("C36", "C3G")))
    best = found.corrections[0]
    assert (best.old, best.new, best.value) == ("G", "6", "L898902C3")
    assert "If it is right, the check digit itself is wrong" in found.message.render()


@pytest.mark.parametrize("form", ["TD1", "TD2", "TD3", "FRA-ID"])
def test_a_wrong_composite_alone(form: str) -> None:
    """The composite itself is the first suggestion, and fields without a check digit of their own are unprotected."""
    span = LAYOUT[form].composite
    assert span is not None
    digit = span.of(SPECIMENS[form])
    mrz = read(put(SPECIMENS[form], span.line, span.start, "A"))
    (found,) = mrz.problems
    assert (found.field, found.code, found.spans) == ("composite", "check_digit", (span,))
    assert mrz.failing == ("composite",)
    assert changed(form, mrz) == {"composite": BAD} | dict.fromkeys(BY_COMPOSITE_ALONE[form], UNPROTECTED)
    assert [(best.old, best.new) for best in found.corrections] == [("A", digit)]
    assert f"Compare line {span.line + 1} with the page: perhaps {digit} in place of A" in found.message.render()


@each_format
def test_problems_come_in_the_order_of_the_fields(form: str) -> None:
    """As a person compares them with the page."""
    lines = write(form, "birth_date", "740431", lines=write(form, "sex", "Q"))
    lines = write(form, "names", "ERI9SSON", lines=lines)
    order = [field.name for field in LAYOUT[form].fields if field.name in {"names", "birth_date", "sex"}]
    assert [found.field for found in read(lines).problems] == order


def test_the_digit_of_empty_optional_data_may_be_a_filler() -> None:
    """Doc 9303-4 §4.2.2: `<` or `0`, and only where the field is empty."""
    empty = "C01X0006H1D<<6408125F1710319<<<<<<<<<<<<<<"
    assert passport(second=empty + "<0").valid
    assert passport(second=empty + "00").valid
    assert problem((FIRST, SECOND[:42] + "<0")).field == "optional_data"
    zeros = empty[:28] + "0" * 14
    assert passport(second=zeros + "00").valid
    assert problem((FIRST, zeros + "<0")).field == "optional_data"


@each_format
def test_the_digit_of_an_empty_number_may_be_a_filler(form: str) -> None:
    """As on specimens of cards without a number; no French card is known to have one."""
    digit = LAYOUT[form].by_name["document_number"].digit
    assert digit is not None
    empty = write(form, "document_number", "")
    assert digit.of(empty) == "0"
    assert read(empty).valid
    assert read(put(empty, digit.line, digit.start, "<")).valid is (form != "FRA-ID")


@each_format
def test_the_digit_of_a_date_is_never_a_filler(form: str) -> None:
    """An unknown date has the digit 0."""
    lines = write(form, "birth_date", "")
    digit = LAYOUT[form].by_name["birth_date"].digit
    assert digit is not None
    assert read(lines).valid
    assert problem(put(lines, digit.line, digit.start, "<")).field == "birth_date"


@pytest.mark.parametrize(
    ("field", "text", "code", "suggestion"),
    [
        ("issuing_state", "UT0", "unknown_state", "UTO"),
        ("nationality", "CH<", "unknown_state", "CHE"),
        ("nationality", "QQQ", "unknown_state", None),
        ("nationality", "<<D", "unknown_state", "D"),
        ("names", "ER1KSSON<<ANNA", "bad_character", "ERIKSSON<<ANNA"),
        ("names", "ER9KSSON<<ANNA", "bad_character", None),
        ("document_type", "0<", "bad_character", None),
        ("document_type", "1<", "bad_character", "I"),
        ("document_type", "P0", "bad_character", "PD"),
        ("document_type", "<P", "bad_character", None),
        ("sex", "Q", "bad_character", None),
        ("sex", "K", "bad_character", ""),
    ],
)
@pytest.mark.parametrize("form", ["TD1", "TD2", "TD3"])
def test_fields_without_a_check_digit(form: str, field: str, text: str, code: str, suggestion: str | None) -> None:
    """States must be known, names have letters, and allowed look-alikes are suggested."""
    mrz = read(write(form, field, text))
    (found,) = mrz.problems
    assert (found.field, found.code) == (field, code)
    assert next((correction.value for correction in found.corrections), None) == suggestion
    assert all(read(mrz.corrected(correction)).valid for correction in found.corrections)
    assert found.message.render()
    assert changed(form, mrz) == {field: BAD if suggestion is None else AMBIGUOUS}  # a guess is never a repair


@pytest.mark.parametrize(
    "names", ["ERIKSSON<<ANNAKKKKKKKKKKK", "ERIKSSON<<ANNAKKKKK<<<<<<", "ERIKSSONKKANNAKKKKKKKKKKK"]
)
@each_format
def test_a_row_of_k_after_a_letter_is_a_problem_with_a_suggestion(form: str, names: str) -> None:
    """The first K may be part of the name, so nothing is changed."""
    span = LAYOUT[form].by_name["names"].span
    width = span.end - span.start
    mrz = read(write(form, "names", names.ljust(width, "<" if names.endswith("<") else "K")))
    assert not mrz.valid
    (found,) = mrz.problems
    assert (found.field, found.code, mrz.changes) == ("names", "bad_character", ())
    (best,) = found.corrections
    assert (best.new, best.value) == ("ERIKSSON<<ANNA".ljust(width, "<"), "ERIKSSON<<ANNA")
    assert found.spans == (Span(span.line, span.start + names.index("KKK"), span.end),)
    assert "row of K" in found.message.render()


@pytest.mark.parametrize("form", ["TD1", "TD2", "TD3", "MRV-A", "MRV-B"])
@pytest.mark.parametrize("code", ["D<<", "DEU", ""])
def test_states_that_are_no_problem(form: str, code: str) -> None:
    """Genuine documents of Germany have either code. An empty field is left to the caller."""
    mrz = read(write(form, "issuing_state", code, lines=write(form, "nationality", code)))
    found = (mrz.valid, mrz.issuing_state, mrz.nationality, mrz.problems)
    assert found == (True, code.rstrip("<"), code.rstrip("<"), ())


def test_the_given_names_of_a_french_card_are_a_separate_field() -> None:
    """With separate problems."""
    for names, code in (("CORINNEKKKKKKK", "bad_character"), ("C0RINNE", "bad_character")):
        found = problem(write("FRA-ID", "given_names", names))
        assert (found.field, found.code) == ("given_names", code)
        assert found.corrections
        assert "given names" in found.message.render()


@each_format
def test_sex_x_and_an_empty_one_are_the_same(form: str) -> None:
    """Doc 9303-4 §4.2.2: a filler is unspecified, and X is printed on the page; both are seen in lines."""
    assert [read(write(form, "sex", sex)).sex for sex in "MFX<Q"] == ["M", "F", "X", "X", ""]  # none is invented
    assert all(read(write(form, "sex", sex)).valid for sex in "MFX<")


OK, UNPROTECTED, REPAIRED = FieldState.OK, FieldState.UNPROTECTED, FieldState.REPAIRED
AMBIGUOUS, BAD = FieldState.AMBIGUOUS, FieldState.BAD

UNSEEN = {
    "TD1": {"document_type", "issuing_state", "sex", "nationality", "names"},
    "TD2": {"document_type", "issuing_state", "sex", "nationality", "names"},
    "TD3": {"document_type", "issuing_state", "sex", "nationality", "names"},
    "MRV-A": {"document_type", "issuing_state", "sex", "nationality", "names", "optional_data"},
    "MRV-B": {"document_type", "issuing_state", "sex", "nationality", "names", "optional_data"},
    "FRA-ID": set(),
}
"""Fields that no check digit covers."""

BY_COMPOSITE_ALONE = {
    "TD1": {"optional_data", "optional_data_2"},
    "TD2": {"optional_data"},
    "TD3": set(),
    "FRA-ID": {"document_type", "issuing_state", "names", "given_names", "optional_data", "sex", "nationality"},
}
"""Fields that only the composite check digit covers, in the formats that have one."""


def changed(form: str, mrz: Mrz) -> dict[str, FieldState]:
    """Return the states that differ from those of a correct document."""
    clean = read(SPECIMENS[form]).states
    return {name: state for name, state in mrz.states.items() if state is not clean[name]}


@each_format
def test_every_field_has_a_state(form: str) -> None:
    """Each field of the format, and the composite where there is one."""
    states = read(SPECIMENS[form]).states
    layout = LAYOUT[form]
    assert set(states) == set(layout.by_name) | ({"composite"} if layout.composite else set())
    assert {name for name, state in states.items() if state is UNPROTECTED} == UNSEEN[form]
    assert set(states.values()) <= {OK, UNPROTECTED}


@each_format
def test_a_field_without_a_small_correction_is_bad(form: str) -> None:
    """No correction is suggested."""
    mrz = read(write(form, "birth_date", "999999", fit=False))
    (found,) = mrz.problems
    assert (found.field, found.corrections) == ("birth_date", ())
    if found.code == "check_digit":
        assert "Compare line" in found.message.render()  # only the place is named
    assert mrz.states["birth_date"] is BAD
    assert mrz.birth_date is None


def test_a_date_that_does_not_exist_is_not_ok() -> None:
    """A correct check digit is no proof."""
    assert read(write("TD3", "birth_date", "740000")).states["birth_date"] is REPAIRED
    mrz = read(put(write("TD3", "birth_date", "740431"), 1, 43, "A"))
    assert mrz.states["birth_date"] in {AMBIGUOUS, BAD}
    assert [found.field for found in mrz.problems] == ["birth_date"]  # it explains a wrong composite


@given(spoilt())
@search(200)
def test_states_agree_with_the_problems(document: tuple[str, Lines]) -> None:
    """Each problem marks characters, and its corrections fit; exactly the fields with problems are doubtful."""
    mrz = read(document[1])
    assert mrz.valid is (mrz.problems == ())
    for found in mrz.problems:
        assert found.spans
        assert all(0 <= span.start < span.end <= mrz.layout.length for span in found.spans)
        assert {correction.field for correction in found.corrections} <= {found.field}
        assert all(found.field not in failing_checks(mrz.layout, corrected(mrz, each)) for each in found.corrections)
    problems = {found.field: found for found in mrz.problems}
    for name, state in mrz.states.items():
        if name == "composite":
            assert state is (BAD if name in mrz.failing else OK)
        else:
            assert (state in {BAD, AMBIGUOUS, REPAIRED}) is (name in problems)
        if state is REPAIRED:
            assert name in {"birth_date", "expiry_date"}
        if state in {REPAIRED, AMBIGUOUS}:
            assert problems[name].corrections
