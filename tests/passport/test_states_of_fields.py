"""How reliable each field of an MRZ is."""

import pytest
from basics import search
from hypothesis import given
from passport_helpers import FORMATS, LAYOUT, SPECIMENS, Lines, composed, put, read, spoilt, write

from apoa_client.passport.check_digits import DIGITS
from apoa_client.passport.mrz import FieldState, Mrz

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

each_format = pytest.mark.parametrize("form", FORMATS)

with_composite = pytest.mark.parametrize("form", BY_COMPOSITE_ALONE)


def changed(form: str, mrz: Mrz) -> dict[str, FieldState]:
    """Return the states that differ from those of a correct document."""
    clean = read(SPECIMENS[form]).states
    return {name: state for name, state in mrz.states.items() if state is not clean[name]}


def other(digit: str, by: int) -> str:
    return DIGITS[(int(digit) + by) % 10]


@each_format
def test_every_field_has_a_state(form: str) -> None:
    """Each field of the format, and the composite where there is one."""
    states = read(SPECIMENS[form]).states
    layout = LAYOUT[form]
    assert set(states) == set(layout.by_name) | ({"composite"} if layout.composite else set())
    assert {name for name, state in states.items() if state is UNPROTECTED} == UNSEEN[form]
    assert set(states.values()) <= {OK, UNPROTECTED}


@with_composite
def test_a_wrong_composite_leaves_fields_unprotected(form: str) -> None:
    """Those without a check digit: optional data of TD1 and TD2, nearly all of a French card."""
    span = LAYOUT[form].composite
    assert span is not None
    digit = span.of(SPECIMENS[form])
    mrz = read(put(SPECIMENS[form], span.line, span.start, other(digit, 1)))
    assert mrz.failing == ("composite",)
    assert changed(form, mrz) == {"composite": BAD} | dict.fromkeys(BY_COMPOSITE_ALONE[form], UNPROTECTED)


@each_format
def test_a_date_with_one_likely_correction_is_repaired(form: str) -> None:
    """A letter that looks like a digit has no other likely meaning; a user may accept it."""
    span = LAYOUT[form].by_name["birth_date"].span
    text = span.of(SPECIMENS[form]).replace("0", "O", 1)
    mrz = read(write(form, "birth_date", text, fit=False))
    (found,) = mrz.problems
    assert found.corrections[0].value == str(read(SPECIMENS[form]).birth_date)
    assert mrz.states["birth_date"] is REPAIRED


@each_format
def test_a_wrong_number_is_always_ambiguous(form: str) -> None:
    """Only the page can decide."""
    span = LAYOUT[form].by_name["document_number"].span
    first = span.of(SPECIMENS[form])[0]
    mrz = read(put(SPECIMENS[form], span.line, span.start, other(first, 3) if first.isdigit() else "0"))
    (found,) = mrz.problems
    assert found.corrections
    assert mrz.states["document_number"] is AMBIGUOUS


@each_format
def test_a_field_without_a_small_correction_is_bad(form: str) -> None:
    """No correction is suggested."""
    mrz = read(write(form, "birth_date", "999999", fit=False))
    (found,) = mrz.problems
    assert (found.field, found.corrections) == ("birth_date", ())
    assert mrz.states["birth_date"] is BAD
    assert mrz.birth_date is None


@pytest.mark.parametrize(
    ("field", "text", "state"),
    [
        ("document_type", "0<", BAD),
        ("document_type", "1<", AMBIGUOUS),
        ("issuing_state", "UT0", AMBIGUOUS),
        ("nationality", "QQQ", BAD),
        ("names", "ER9KSSON", BAD),
        ("names", "ER1KSSON", AMBIGUOUS),
        ("names", "ERIKSSONKKANNAKKKKKKK", AMBIGUOUS),
        ("sex", "Q", BAD),
        ("sex", "K", AMBIGUOUS),
    ],
)
@pytest.mark.parametrize("form", ["TD1", "TD2", "TD3"])
def test_a_guess_without_a_check_digit_is_never_a_repair(form: str, field: str, text: str, state: FieldState) -> None:
    """The allowed characters are known, the original one is not."""
    assert changed(form, read(write(form, field, text))) == {field: state}


def test_a_state_on_a_french_card_is_one_field_with_two_names() -> None:
    """The card has one field for issuing state and nationality; another state makes another format."""
    assert read(write("FRA-ID", "issuing_state", "FR4")).format == "TD2"


def test_only_a_passport_has_a_check_digit_of_optional_data() -> None:
    """Only there can they be wrong by themselves."""
    mrz = read(put(SPECIMENS["TD3"], 1, 28, "X"))
    assert mrz.states["optional_data"] is AMBIGUOUS
    assert mrz.states["document_number"] is OK


def test_a_date_that_does_not_exist_is_not_ok() -> None:
    """A correct check digit is no proof."""
    assert read(write("TD3", "birth_date", "740000")).states["birth_date"] is REPAIRED
    assert read(write("TD3", "birth_date", "740431")).states["birth_date"] in {AMBIGUOUS, BAD}


def test_a_wrong_length_leaves_the_states_of_the_fields() -> None:
    """They are those of the corrected lines."""
    first, second = SPECIMENS["TD2"]
    assert read([first[:-1], second]).states == read([first, second]).states


@given(composed())
@search(60)
def test_a_valid_mrz_has_no_doubtful_field(document: tuple[str, Lines]) -> None:
    """With any field values."""
    assert set(read(document[1]).states.values()) <= {OK, UNPROTECTED}


@given(spoilt())
@search(150)
def test_states_agree_with_the_problems(document: tuple[str, Lines]) -> None:
    """Exactly the fields with problems are doubtful; only a date with a suggestion is repaired."""
    mrz = read(document[1])
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
