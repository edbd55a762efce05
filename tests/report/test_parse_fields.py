"""Typed texts: the values they give, the errors with their messages, and words that say that a value is not stated."""

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_helpers import TYPED, WIB, codes_of, contract_errors, draft, examined, look, mrz, scanned

from apoa_client.report import parse_fields
from apoa_client.report.checking import check
from apoa_client.report.fields import field_values
from apoa_client.report.findings import Unreadable
from apoa_client.report.kinds import Kind, Purpose
from apoa_client.report.model import Report, from_json, to_json
from apoa_client.report.parse_fields import Draft, is_not_stated

CHECK_IN = datetime(2026, 11, 24, 20, 30, tzinfo=WIB)

READERS: dict[str, Callable[[str], object]] = {
    "one_line": parse_fields.one_line,
    "person_name": parse_fields.person_name,
    "sex": parse_fields.sex,
    "state": parse_fields.state,
    "document_number": parse_fields.document_number,
    "nights": lambda text: parse_fields.nights(text, CHECK_IN.date()),
    "purpose": parse_fields.purpose,
    "reason": parse_fields.reason,
    "email": parse_fields.email,
    "phone": parse_fields.phone,
}

UNDERSTOOD = [
    ("one_line", "  Jl. Melati \t 7 ", "Jl. Melati 7"),
    ("one_line", "a\u2028b\u00a0c\nd", "a b c d"),
    ("one_line", "x" * 100, "x" * 100),
    ("reason", " pindah \t kamar 8", "pindah kamar 8"),
    ("reason", "房间错误", "房间错误"),
    ("person_name", "smith-jones", "SMITH-JONES"),
    ("person_name", "O\u2019Brien, Jr.", "O\u2019BRIEN, JR."),
    ("person_name", "Mun\u0303oz", "MUÑOZ"),
    ("person_name", "Groß", "GROSS"),
    ("person_name", "Łukasz Żółć", "ŁUKASZ ŻÓŁĆ"),
    *(("sex", text, "M") for text in ("m", "L", "Male", "laki-laki", "Laki laki", "pria", "Boy", "Laki2", "M/Male")),
    *(("sex", text, "F") for text in ("F", "p", "female", "Perempuan", "WANITA", "Woman", "F/Female")),
    *(("sex", text, "X") for text in ("x", "<")),
    ("state", "gbr", "GBR"),
    ("state", "Jerman", "D"),
    ("state", "Germany", "D"),
    ("state", "Inggris", "GBR"),
    ("state", "Kosovo", "RKS"),
    ("document_number", "ab 12-34 56", "AB123456"),
    ("document_number", "A" * 20, "A" * 20),
    ("nights", "1", date(2026, 11, 25)),
    ("nights", " 366 ", date(2027, 11, 25)),
    ("purpose", "Tourism", Purpose.TOURISM),
    ("purpose", "wisata", Purpose.TOURISM),
    ("purpose", "pemerintahan", Purpose.GOVERNMENT),
    ("email", " a.b@example.co.id ", "a.b@example.co.id"),
    ("phone", "+62 (361) 700-800", "+62 (361) 700-800"),
]

REFUSED = {
    ("one_line", "bad_character"): ("a\N{REPLACEMENT CHARACTER}b", "a\x00b", "a\u200bb", "a\ud800", "\u202eabc"),
    ("one_line", "bad_length"): ("x" * 101,),
    ("person_name", "bad_character"): ("Анна", "R2D2", "<script>", "-"),
    ("person_name", "bad_length"): ("x" * 101,),
    ("reason", "bad_character"): ("?", "-", "tidak ada", "n/a", "unknown"),  # a reason says something
    ("reason", "bad_length"): ("x" * (parse_fields.MAX_NOTE_LENGTH + 1),),
    ("sex", "bad_character"): ("?", "F?", "Person", "Mrs"),
    ("state", "unknown_state"): ("Atlantis", "X"),
    ("document_number", "bad_character"): ("AB/123", "straße", "A" * 21, "-"),
    ("nights", "bad_character"): ("0", "367", "-1", "9" * 5000, "٣"),
    ("purpose", "bad_character"): ("fun",),
    ("email", "bad_character"): ("a@b", "a b@example.com"),
    ("phone", "bad_character"): ("call me", "123"),
}


@pytest.mark.parametrize(
    ("typed", "nights"),
    [("+1", "3"), ("-1", "1"), ("+ 2 malam", "4"), (" -3", "-1"), ("2", "2"), ("27/11", "27/11"), ("-", "-"), ("", "")],
)
def test_nights_more_or_less_than_reported(typed: str, nights: str) -> None:
    """Two nights were reported; other texts stay as they are."""
    assert parse_fields.changed_nights(typed, 2) == nights


@pytest.mark.parametrize(("kind", "text", "value"), UNDERSTOOD)
def test_valid_texts(kind: str, text: str, value: object) -> None:
    """In Indonesian, in English, and as keyboards and clipboards write them."""
    assert READERS[kind](text) == value


@pytest.mark.parametrize(
    ("kind", "text", "code"), [(kind, text, code) for (kind, code), texts in REFUSED.items() for text in texts]
)
def test_invalid_texts(kind: str, code: str, text: str) -> None:
    """With a code, and a message on how to correct the text."""
    with pytest.raises(Unreadable) as caught:
        READERS[kind](text)
    assert caught.value.code == code
    assert caught.value.message.render()


@given(st.sampled_from(sorted(READERS)), st.text(max_size=60))
def test_any_text_is_a_value_or_unreadable(kind: str, text: str) -> None:
    """No other error is raised, and no message shows the text."""
    try:
        READERS[kind](text)
    except Unreadable as exc:
        assert repr(exc).endswith(f"({exc.code!r})")  # noqa: PT017  either outcome is right


def test_a_mistyped_state_is_suggested() -> None:
    """The most similar state, by its code."""
    with pytest.raises(Unreadable) as caught:
        parse_fields.state("Germny")
    assert caught.value.suggestion == "D"
    assert "(D)" in caught.value.message.render()


def test_each_wrong_character_is_named_once() -> None:
    """A name in another script does not repeat a letter in the message."""
    with pytest.raises(Unreadable) as caught:
        parse_fields.person_name("ЖДЖ")
    assert caught.value.message.values["characters"] == "Ж, Д"


# Not stated.

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
    """They are a guest's name, NO is Norway; in other fields they are no data."""
    guest, stay = examined(
        draft({"surname": text, "room": text, "stay_permit": text, "nationality": "no", "sex": " < "})
    )
    assert (guest.surname, guest.stay_permit, stay.room) == (text.upper(), None, None)
    assert (guest.nationality, guest.sex) == ("NOR", "X")  # the MRZ has `<` for an unspecified sex


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


@pytest.mark.parametrize(
    "text", ["", " ", "Nonette", "Adanya", "Tidak Ada Guesthouse", "Unknown Street 7", *TYPED.values()]
)
def test_other_texts_are_data(text: str) -> None:
    """Only a whole text says "not stated"."""
    assert not is_not_stated("note", text)
