"""Words that say that a value is not stated."""

from uuid import UUID

import pytest
from report_helpers import TYPED, codes_of, contract_errors, draft, examined, look, mrz, scanned

from apoa_client.report import parse_fields
from apoa_client.report.checking import check
from apoa_client.report.fields import field_values
from apoa_client.report.findings import Unreadable
from apoa_client.report.kinds import Kind
from apoa_client.report.model import Report, from_json, to_json
from apoa_client.report.parse_fields import Draft, is_not_stated

WORDS = [
    "-", "--", "\N{EM DASH}", "...", "?", "n/a", "N/A", "N.A.", "none", "None.", "unknown", "Unknown", "not stated",
    "not known", "don't know", "don\N{RIGHT SINGLE QUOTATION MARK}t know", "tidak ada", "Tidak  Ada", "(tidak ada)",
    "tdk ada", "gak ada", "ga ada", "tidak tahu", "TIDAK TAU", "tdk tau", "tidak diketahui", "tidak tercantum",
    "belum tahu", "tidak ada di paspor", "tidakada", "kurang tahu", "tidak ingat",
]  # fmt: skip

OPTIONAL = (
    "given_names",
    "stay_permit",
    "stay_permit_number",
    "stay_until",
    "entry_date",
    "room",
    "phone",
    "email",
    "note",
)


@pytest.mark.parametrize("text", WORDS)
def test_words_are_no_data(text: str) -> None:
    """In both languages, whatever the case and the signs: "-" is the place of birth, optional fields are empty."""
    guest, stay = examined(draft({"birth_place": text, **dict.fromkeys(OPTIONAL, text)}))
    assert (guest.birth_place, guest.given_names, guest.stay_permit) == ("-", "", None)
    assert (guest.phone, guest.email, stay.room, stay.note) == (None, None, None, None)


@pytest.mark.parametrize(
    ("text", "codes"), [("lupa", {("birth_place", "missing")}), ("?", {("birth_place", "missing")}), ("-", set())]
)
def test_a_warning_says_that_a_place_is_not_stated(text: str, codes: set[tuple[str, str]]) -> None:
    """A word in place of the place of birth is reported as another text; a user who writes that text means it."""
    found = codes_of(look(draft({"birth_place": text})).warnings)
    assert {each for each in found if each[0] == "birth_place"} == codes


@pytest.mark.parametrize("name", ["sex", "birth_date", "nationality", "document_number", "expiry_date", "nights"])
@pytest.mark.parametrize("text", ["tidak tahu", "tidak ada", "none", "n/a", "-"])
def test_a_required_field_is_missing(name: str, text: str) -> None:
    """TIDAK ADA is no passport number; the MRZ's value counts where there is one."""
    assert [code for _field, code in codes_of(look(draft({name: text})).errors)] == ["missing"]
    if name != "nights":
        assert look(scanned(mrz(), {name: text})).errors == ()


@pytest.mark.parametrize("text", ["?", "unknown", "not readable", "Tidak  terbaca", "tidak-terbaca", "tdk jelas"])
def test_an_expiry_that_cannot_be_read(text: str) -> None:
    """It is reported as null with a warning, also after a correction; a date that its check digit confirms is used."""
    given = draft({"expiry_date": text})
    seen, (guest, stay) = look(given), examined(given)
    assert guest.document.expiry_date is None
    assert codes_of(seen.warnings) == {("expiry_date", "missing")}
    report = Report(str(UUID(int=1)), str(UUID(int=2)), Kind.CHECK_IN, stay.check_in, guest, stay)
    assert contract_errors(report) == []
    assert look(Draft({"room": "7"}, values=field_values(from_json(to_json(report))))).guest == guest
    checked = check({**TYPED, "expiry_date": text}, (), today=stay.check_in.date())
    assert (checked.guest["document"]["expiry_date"], checked.warnings) == (None, seen.warnings)
    passport = look(scanned(mrz(), {"expiry_date": text}))
    assert passport.guest == look(scanned(mrz())).guest
    assert passport.warnings == ()


def test_a_guest_has_a_name() -> None:
    """One of the two names may be empty, not both."""
    assert look(draft({"surname": "tidak ada"})).errors == ()
    assert codes_of(look(draft({"surname": "none", "given_names": "-"})).errors) == {("surname", "missing")}


@pytest.mark.parametrize(("name", "code"), [("check_in", "bad_date"), ("issuing_state", "unknown_state")])
def test_no_usual_value_in_place_of_an_unknown_one(name: str, code: str) -> None:
    """Now, and the state of the nationality, are for fields that were left out."""
    assert [finding.code for finding in look(draft({name: "tidak tahu"})).errors] == [code]
    assert [finding.code for finding in look(draft({"purpose": "tidak tahu"})).errors] == ["bad_character"]


@pytest.mark.parametrize("text", ["No", "Null", "Nil", "Na", "Belum"])
def test_short_words_may_be_names(text: str) -> None:
    """They are a guest's name; in other fields they are no data."""
    guest, stay = examined(draft({"surname": text, "room": text, "stay_permit": text}))
    assert (guest.surname, guest.stay_permit, stay.room) == (text.upper(), None, None)


def test_short_words_may_be_countries() -> None:
    """NO is Norway."""
    assert examined(draft({"nationality": "no"}))[0].nationality == "NOR"


@pytest.mark.parametrize("name", ["nationality", "issuing_state"])
def test_not_available_is_no_country(name: str) -> None:
    """NA is not guessed to be Namibia: its three letters are suggested."""
    (error,) = look(draft({name: "NA"})).errors
    assert (error.code, error.suggestion) == ("unknown_state", "NAM")


@pytest.mark.parametrize("name", [name for name in TYPED if name != "given_names"])
@pytest.mark.parametrize("text", ["#N/A", "#REF!", "Err:502"])
def test_an_error_of_a_spreadsheet_is_no_value(name: str, text: str) -> None:
    """Also where a program gives it as text, or where it was pasted."""
    assert "spreadsheet_error" in {error.code for error in look(draft({name: text})).errors}


def test_the_sign_of_the_mrz_for_an_unspecified_sex() -> None:
    """`<` is X, as in the MRZ."""
    assert examined(draft({"sex": " < "}))[0].sex == "X"


@pytest.mark.parametrize(
    "text", ["", " ", "Nonette", "Adanya", "Tidak Ada Guesthouse", "Unknown Street 7", *TYPED.values()]
)
def test_other_texts_are_data(text: str) -> None:
    """Only a whole text says "not stated"."""
    assert not is_not_stated("note", text)


@pytest.mark.parametrize("text", ["tidak ada", "n/a", "unknown", "-"])
def test_a_reason_says_something(text: str) -> None:
    """A word such as "unknown" is no reason of a change for the authority."""
    with pytest.raises(Unreadable):
        parse_fields.reason(text)
