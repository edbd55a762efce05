"""The rules of a check-in that need no history: each error and warning with its code."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_helpers import NOW, PRINTED, TYPED, WIB, codes_of, contract_errors, draft, look, mrz, scanned, spoilt

from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.mrz import Mrz, read_mrz
from apoa_client.report.fields import FIELDS
from apoa_client.report.kinds import Kind, Purpose
from apoa_client.report.model import Report, StayPermit, from_json, to_json
from apoa_client.report.parse_fields import Draft
from apoa_client.report.rules import Examination, examine

LONG = "CHRISTOPHER BARTHOLOMEW MAXIMILIAN ALEXANDER"
FULL = "JONATHON WARREN TREVOR ALEXANDER"


def card(form: str, **changes: Any) -> Mrz:
    """Return the lines of the guest's other document."""
    return read_mrz(compose(form, Details(**PRINTED | changes)), today=NOW.date())


def report_of(examination: Examination) -> Report:
    return Report(
        str(UUID(int=1)), str(UUID(int=2)), Kind.CHECK_IN, NOW.astimezone(WIB), examination.guest, examination.stay
    )


def test_a_typed_guest() -> None:
    """No findings, and every default."""
    seen = look(draft({"given_names": "", "room": " Kamar No. 7 "}))
    assert (seen.errors, seen.warnings) == ((), ())
    assert seen.guest is not None
    assert seen.stay is not None
    assert (seen.guest.surname, seen.guest.given_names, seen.guest.birth_place) == ("SMITH", "", "LONDON")
    document = seen.guest.document
    assert (document.type, document.issuing_state, document.mrz) == ("P", "GBR", None)
    assert seen.guest.stay_permit == StayPermit("B1")
    assert seen.stay.check_in == datetime(2026, 11, 24, 20, 30, tzinfo=WIB)
    assert (seen.stay.planned_check_out, seen.stay.room) == (date(2026, 11, 27), "7")
    assert (seen.stay.purpose, seen.stay.note) == (Purpose.TOURISM, None)


def test_a_scanned_guest() -> None:
    """The MRZ has the other fields, and its lines go with the report."""
    seen = look(scanned(mrz()))
    assert (seen.errors, seen.warnings) == ((), ())
    assert seen.guest is not None
    assert seen.guest.document.mrz == mrz().lines
    typed = look(draft()).guest
    assert typed is not None
    assert (seen.guest.surname, seen.guest.given_names, seen.guest.sex) == ("SMITH", "JANE ANN", "F")
    assert seen.guest.birth_date == typed.birth_date


# Errors.

REQUIRED = {"surname", "sex", "birth_place", "birth_date", "nationality", "number", "expiry_date", "planned_check_out"}


@pytest.mark.parametrize("given_draft", [Draft(), Draft({item.name: "  " for item in FIELDS if item.name != "mrz"})])
def test_all_missing_fields_are_named_at_once(given_draft: Draft) -> None:
    """In the order of the form; blanks are no value."""
    seen = look(given_draft)
    assert codes_of(seen.errors) == {(field, "missing") for field in REQUIRED}
    assert [finding.field for finding in seen.errors] == [
        item.path
        for item in FIELDS
        if item.path in {finding.field for finding in seen.errors} and item.name != "nights"
    ]
    assert (seen.guest, seen.stay) == (None, None)


def test_a_stay_needs_its_end() -> None:
    """A date or a number of nights."""
    assert codes_of(look(draft(without="nights")).errors) == {("planned_check_out", "missing")}
    assert look(draft({"planned_check_out": "27/11/2026"}, without="nights")).errors == ()
    both = look(draft({"planned_check_out": "2026-11-30"})).stay
    assert both is not None
    assert both.planned_check_out == date(2026, 11, 30)
    nights = look(draft({"nights": "2", "planned_check_out": "-"})).stay
    assert nights is not None
    assert nights.planned_check_out == date(2026, 11, 26)


def test_a_guest_may_have_one_name() -> None:
    """Only a surname or only given names, typed or in the MRZ; not neither."""
    for without in ("surname", "given_names"):
        assert look(draft(without=without)).errors == ()
    assert codes_of(look(draft(without="surname given_names")).errors) == {("surname", "missing")}
    single = look(scanned(mrz(surname="SUKARNO", given_names=""))).guest
    assert single is not None
    assert (single.surname, single.given_names) == ("SUKARNO", "")


SPOILT: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("birth_date", "bad_date"): (("birth_date", "1985-02-30"), ("birth_date", "12/24/85"), ("birth_date", "12/9")),
    ("expiry_date", "bad_date"): (("expiry_date", "2032-13-01"),),
    ("check_in", "bad_date"): (("check_in", "entah"), ("check_in", "24 nov 1950")),
    ("planned_check_out", "bad_date"): (("planned_check_out", "2026-11-31"),),
    # A wrong guess would warn of an overstay, or hide one.
    ("valid_until", "bad_date"): (("stay_until", "2026"), ("stay_until", "24/12")),
    ("entry_date", "bad_date"): (("entry_date", "31/11/2026"),),
    ("purpose", "bad_character"): (("purpose", "k"), ("purpose", "fun")),
    ("nationality", "unknown_state"): (("nationality", "Atlantis"),),
    ("issuing_state", "unknown_state"): (("issuing_state", "ZZZ"),),
    ("number", "bad_character"): (("document_number", "AB*123"),),
    ("surname", "bad_character"): (("surname", "Иванов"),),
    ("sex", "bad_character"): (("sex", "Q"),),
    ("planned_check_out", "bad_character"): (("nights", "many"),),
    ("phone", "bad_character"): (("phone", "ask her"),),
    ("email", "bad_character"): (("email", "ask her"),),
    ("room", "bad_length"): (("room", "x" * 101),),
    ("note", "bad_length"): (("note", "x" * 501),),
    ("birth_place", "bad_length"): (("birth_place", "x" * 101),),
    ("code", "bad_character"): (("stay_permit", "B\x001"),),
    ("birth_date", "order"): (("birth_date", "2026-11-25"), ("birth_date", "2026-12")),  # the earliest day counts
    ("planned_check_out", "order"): (("planned_check_out", "2026-11-24"), ("planned_check_out", "2026-11-01")),
    ("nationality", "not_foreign"): (("nationality", "Indonesia"),),
    ("check_in", "implausible"): (("check_in", "2026-11-26T20:31"),),
}


@pytest.mark.parametrize(("finding", "typed"), [(finding, each) for finding, rows in SPOILT.items() for each in rows])
def test_one_error(finding: tuple[str, str], typed: tuple[str, str]) -> None:
    """It has the documented code, it is the only one, and there is no guest."""
    name, text = typed
    stay_and_nights = {"planned_check_out": "2026-12-01"} if name == "check_in" else {}
    seen = look(draft({**stay_and_nights, name: text}))
    assert codes_of(seen.errors) == {finding}
    assert (seen.guest, seen.stay) == (None, None)
    assert all(each.message.render() for each in seen.errors)


def test_all_errors_are_named_at_once() -> None:
    """A wrong check-in does not hide other errors of the stay."""
    wrong = {"check_in": "soon", "nights": "x", "purpose": "fun", "sex": "z", "nationality": "Q", "room": "x" * 101}
    assert codes_of(look(draft(wrong)).errors) == {
        ("check_in", "bad_date"),
        ("planned_check_out", "bad_character"),
        ("purpose", "bad_character"),
        ("sex", "bad_character"),
        ("nationality", "unknown_state"),
        ("room", "bad_length"),
    }


def test_an_indonesian_guest_has_one_error() -> None:
    """Missing fields are not asked for."""
    [error] = look(Draft({"nationality": "idn"})).errors
    assert (error.code, error.field) == ("not_foreign", "guest.nationality")
    assert "Nothing needs to be done" in error.message.render()
    [error] = look(Draft({}, mrz(nationality="IDN", issuing_state="IDN"))).errors
    assert error.code == "not_foreign"


# Dates and times.


@pytest.mark.parametrize(
    ("seconds", "errors", "warnings"),
    [
        (timedelta(days=1), set(), set()),
        (timedelta(days=1, seconds=1), {("check_in", "implausible")}, set()),
        (-timedelta(hours=24), set(), set()),
        (-timedelta(hours=24, seconds=1), set(), {("check_in", "late")}),
        (-timedelta(days=60), set(), {("check_in", "late")}),
        (-timedelta(days=60, seconds=1), set(), {("check_in", "late"), ("check_in", "implausible")}),
        (timedelta(days=731), {("check_in", "bad_date")}, set()),
    ],
)
def test_check_in_is_near_now(seconds: timedelta, errors: set[tuple[str, str]], warnings: set[tuple[str, str]]) -> None:
    """At most a day ahead, and up to 24 hours ago without a warning; 60 days ago, the date may be wrong."""
    seen = look(draft({"check_in": (NOW + seconds).isoformat()}))
    assert (codes_of(seen.errors), codes_of(seen.warnings)) == (errors, warnings)


@pytest.mark.parametrize(("hours", "day"), [(7, 24), (8, 24), (9, 25)])
def test_the_day_is_the_propertys_own(hours: int, day: int) -> None:
    """At 23:30 in Jakarta it is the next day in Jayapura, and three nights end there a day later."""
    zone = timezone(timedelta(hours=hours))
    now = datetime(2026, 11, 24, 15, 59, tzinfo=UTC)
    seen = examine(draft(), now=now, zone=zone)
    assert seen.stay is not None
    assert (seen.stay.check_in, seen.stay.check_in.day) == (now, day)
    assert seen.stay.planned_check_out == date(2026, 11, day + 3)


# Warnings.

WARNED = [
    ({"expiry_date": "2026-11-23"}, "expiry_date", "expired"),
    ({"expiry_date": "2026-11-24"}, "expiry_date", "expires_during_stay"),
    ({"expiry_date": "2026-11-26"}, "expiry_date", "expires_during_stay"),
    ({"expiry_date": "2027-05-19", "entry_date": "2026-11-20"}, "expiry_date", "implausible"),
    ({"expiry_date": "2026-11-27"}, "expiry_date", "implausible"),
    ({"expiry_date": "2027-05-23"}, "expiry_date", "implausible"),
    ({"stay_until": "2026-11-26"}, "valid_until", "permit_ends_during_stay"),
    ({"stay_permit": ""}, "code", "missing"),
    ({"stay_permit": "", "entry_date": "2026-11-20"}, "code", "missing"),
    ({"issuing_state": "UNO"}, "issuing_state", "implausible"),
    ({"birth_date": "1915-11-24"}, "birth_date", "implausible"),
    ({"nights": "61"}, "planned_check_out", "implausible"),
    ({"birth_date": "1914"}, "birth_date", "implausible"),
    ({"expiry_date": "2016-11-25"}, "expiry_date", "expired"),
    ({"document_number": "KOREASELATAN"}, "number", "implausible"),
    ({"stay_permit": "asdf"}, "code", "implausible"),
    ({"stay_permit": "1/1/2030"}, "code", "implausible"),
]

RIGHT: list[Mapping[str, str]] = [
    {"expiry_date": "2027-05-24"},
    {"expiry_date": "2027-05-20", "entry_date": "2026-11-20"},
    {"stay_until": "2026-11-27"},
    {"birth_date": "1915-11-25"},
    {"nights": "60"},
    {"birth_date": "1916"},
    {"issuing_state": "Inggris"},
    {"nationality": "D", "issuing_state": "DEU"},
    {"nationality": "DEU", "issuing_state": "D"},
    *({"birth_date": born} for born in ("2026-11-24", "2026-11", "2026")),
    *({"stay_permit": code} for code in ("B1", "C99", "e-33x", "211A", "317", "KITAS", "visa on arrival")),
]
"""Limits, and codes that may be of a permit: the index of visas changes by decree."""


@pytest.mark.parametrize("changes", RIGHT)
def test_no_warning(changes: Mapping[str, str]) -> None:
    """One day more, and there is one."""
    seen = look(draft(changes))
    assert (seen.errors, seen.warnings) == ((), ())


@pytest.mark.parametrize("expiry", ["2016-11-24", "1935-03-30"])
def test_a_passport_that_expired_long_ago(expiry: str) -> None:
    """No passport is valid for so long that a guest would still carry it: the year may be wrong."""
    warnings = look(draft({"expiry_date": expiry})).warnings
    assert [finding.code for finding in warnings] == ["expired", "implausible"]


@pytest.mark.parametrize(("changes", "field", "code"), WARNED)
def test_warnings(changes: Mapping[str, str], field: str, code: str) -> None:
    """The report is made anyway."""
    seen = look(draft(changes))
    assert (codes_of(seen.warnings), seen.errors) == ({(field, code)}, ())
    assert seen.guest is not None
    assert all(finding.message.render() for finding in seen.warnings)


@pytest.mark.parametrize(
    ("entered", "last"),
    [
        ("2026-08-31", "2027-02-28"),
        ("2027-08-31", "2028-02-29"),
        ("2026-10-31", "2027-04-30"),
        ("2026-06-30", "2026-12-30"),
        ("2026-07-01", "2027-01-01"),
        ("2026-12-31", "2027-06-30"),
    ],
)
def test_six_months_end_where_the_month_does(entered: str, last: str) -> None:
    """31 August and six months is the last day of February."""
    now = datetime.fromisoformat(f"{entered}T12:00:00+07:00")
    changes = {"entry_date": entered, "nights": "1"}
    assert look(draft({**changes, "expiry_date": last}), now=now).warnings == ()
    day_before = (date.fromisoformat(last) - timedelta(days=1)).isoformat()
    assert codes_of(look(draft({**changes, "expiry_date": day_before}), now=now).warnings) == {
        ("expiry_date", "implausible")
    }


def test_a_permit_that_ends_names_the_fee_and_who_to_ask() -> None:
    """Fees by PP 45/2024, deportation also where they are not paid, and the immigration office."""
    [warning] = look(draft({"stay_until": "2026-11-26"})).warnings
    words = warning.message.render()
    assert all(part in words for part in ("PP 45/2024", "if it is not paid", "ask your immigration office"))


@pytest.mark.parametrize(("typed", "codes"), [("turis", "A1, B1, C1, D1"), ("medis", "A1, B1, C3")])
def test_a_word_for_several_permits(typed: str, codes: str) -> None:
    """It is reported as any other text, with a warning that names the likely permits."""
    seen = look(draft({"stay_permit": typed}))
    assert seen.guest is not None
    assert seen.guest.stay_permit == StayPermit(typed)
    assert codes_of(seen.warnings) == {("code", "implausible")}
    assert seen.warnings[0].message.values["codes"] == codes


# Typed values and the MRZ.


@pytest.mark.parametrize(
    ("name", "text", "field"),
    [
        ("surname", "Smythe", "surname"),
        ("given_names", "Jane", "given_names"),
        ("sex", "L", "sex"),
        ("birth_date", "1985-09-13", "birth_date"),
        ("birth_date", "1985", "birth_date"),
        ("document_number", "925076474", "number"),
        ("expiry_date", "2032-03-31", "expiry_date"),
    ],
)
def test_a_typed_value_replaces_the_mrzs_with_a_warning(name: str, text: str, field: str) -> None:
    """The warning has both values, and the report has the typed one."""
    alone, seen = look(draft({name: text})), look(scanned(mrz(), {name: text}))
    [warning] = seen.warnings
    assert (codes_of(seen.warnings), seen.errors) == ({(field, "conflict")}, ())
    assert alone.guest is not None
    assert seen.guest is not None
    typed, printed = warning.message.values["typed"], warning.message.values["read"]
    assert typed != printed
    for part in ("surname", "given_names", "sex", "birth_date"):
        assert getattr(seen.guest, part) == getattr(alone.guest, part)
    assert seen.guest.document.number == alone.guest.document.number


def test_a_document_number_with_a_blank_inside() -> None:
    """It is sent without the blank, typed or printed."""
    for seen in (look(scanned(mrz(document_number="AB 12345"))), look(draft({"document_number": "AB 12345"}))):
        assert seen.guest is not None
        assert seen.guest.document.number == "AB12345"


SAME: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"surname": "MUNOZ"}, {"surname": "Muñoz"}),
    ({"surname": "MUELLER"}, {"surname": "Müller"}),
    ({"surname": "OESTERGAARD"}, {"surname": "Østergård"}),
    ({"surname": "LUKASZ"}, {"surname": "Łukasz"}),
    ({"surname": "SMITH JONES"}, {"surname": "Smith-Jones"}),
    ({"surname": "OBRIEN"}, {"surname": "O'Brien"}),
    ({"given_names": "JANE ANN"}, {"given_names": "jane  ann"}),
    ({"nationality": "D", "issuing_state": "D"}, {"nationality": "DEU", "issuing_state": "DEU"}),
    ({"nationality": "D", "issuing_state": "D"}, {"nationality": "Jerman"}),
    ({"document_number": "AB 12345"}, {"document_number": "ab-12345"}),
    ({"sex": "X"}, {"sex": "x"}),
    ({"birth_date": PartialDate(1985)}, {"birth_date": "1985"}),
]

# A wrong MRZ.

WRONG_NUMBER = spoilt(1, 0, "8")
CUT, CUT_WORDS = mrz(surname="MONTGOMERY", given_names=LONG), mrz(surname="PAPANDROPOULOU", given_names=FULL)
CUT_SURNAME = mrz(surname=LONG, given_names="")
EMPTY_DATES = mrz(expiry_date=None, birth_date=None)
DIGIT_IN_SURNAME, DIGIT_IN_GIVEN_NAMES = spoilt(0, 6, "1"), spoilt(0, 13, "4")
FRENCH = card("FRA-ID", issuing_state="FRA", nationality="FRA", document_number="050995201874")
FILLERS, ALONE = (mrz(given_names=given).lines for given in ("JANE ANN", ""))
FILLERS_AS_K, ALONE_AS_K = (
    read_mrz([lines[0].rstrip("<").ljust(44, "K"), lines[1]], today=NOW.date()) for lines in (FILLERS, ALONE)
)
LAST_DIGIT, OPTIONAL_DATA = spoilt(1, 43, "9"), spoilt(1, 30, "A", optional_data="ZE184226B")

SCANNED: list[tuple[str, Draft, str, str]] = [
    ("a name that is cut off", scanned(CUT), "", "given_names name_truncated"),
    ("typed in full", scanned(CUT, {"given_names": LONG}), "", ""),
    ("another name", scanned(CUT, {"given_names": "JOHN"}), "", "given_names conflict"),
    ("typed as it is cut", scanned(CUT, {"given_names": CUT.given_names.title()}), "", "given_names name_truncated"),
    ("cut word by word", scanned(CUT_WORDS, {"given_names": FULL.replace(" ", "-", 1)}), "", ""),
    ("in another order", scanned(CUT_WORDS, {"given_names": " ".join(FULL.split()[::-1])}), "", "given_names conflict"),
    ("a single name that is cut off", scanned(CUT_SURNAME), "", "surname name_truncated"),
    ("a single name typed in full", scanned(CUT_SURNAME, {"surname": LONG}), "", ""),
    (
        "both states may differ, also from each other",
        scanned(mrz(), {"nationality": "Irlandia", "issuing_state": "FRA"}),
        "",
        "nationality conflict, issuing_state conflict, issuing_state implausible",
    ),
    ("a letter without a rule", scanned(mrz(surname="ALIYEV"), {"surname": "Əliyev"}), "", "surname conflict"),
    ("no field can be typed for the composite", scanned(LAST_DIGIT), "mrz check_digit", ""),
    ("nor for the optional data", scanned(OPTIONAL_DATA), "mrz check_digit", ""),
    ("a wrong field is not missing", scanned(spoilt(1, 20, "Q")), "sex bad_character", ""),
    ("nor is a wrong date", scanned(spoilt(1, 21, "A")), "expiry_date bad_character", ""),
    ("an empty date is missing", scanned(EMPTY_DATES), "birth_date missing, expiry_date missing", ""),
    ("a typed date", scanned(EMPTY_DATES, {"expiry_date": "2032-03-30", "birth_date": "1985"}), "", ""),
    ("a digit in a surname", scanned(DIGIT_IN_SURNAME), "surname bad_character", ""),
    ("typed", scanned(DIGIT_IN_SURNAME, {"surname": "Smith"}), "", "surname conflict"),
    ("a digit in given names", scanned(DIGIT_IN_GIVEN_NAMES, {"surname": "Smith"}), "given_names bad_character", ""),
    ("typed, too", scanned(DIGIT_IN_GIVEN_NAMES, {"given_names": "Jane Ann"}), "", "given_names conflict"),
    *((f"a visa, {form}", scanned(card(form), TYPED), "mrz unknown_format", "") for form in ("MRV-A", "MRV-B")),
    ("a visa, and nothing typed", scanned(card("MRV-A")), "mrz unknown_format", ""),
    ("a passport card has the code P", scanned(card("TD1", document_type="P")), "", ""),
    ("a French card prints its expiry elsewhere", scanned(FRENCH), "expiry_date missing", "mrz implausible"),
    ("that is typed", scanned(FRENCH, {"expiry_date": "2032-03-30"}), "", "mrz implausible"),
    ("fillers read as K", scanned(FILLERS_AS_K), "given_names bad_character", "given_names name_truncated"),
    ("with the right name beside them", scanned(FILLERS_AS_K, {"given_names": "Jane Ann"}), "", "given_names conflict"),
    ("the fillers of a single name", scanned(ALONE_AS_K), "surname bad_character", "surname name_truncated"),
    ("a wrong document code", scanned(spoilt(0, 0, "0")), "mrz bad_character", "mrz implausible"),
    *((f"no conflict: {typed}", scanned(mrz(**printed), typed), "", "") for printed, typed in SAME),
]


@pytest.mark.parametrize(
    ("given_draft", "errors", "warnings"), [row[1:] for row in SCANNED], ids=[row[0] for row in SCANNED]
)
def test_a_scanned_document(given_draft: Draft, errors: str, warnings: str) -> None:
    """What is wrong in the lines, and what was typed beside them."""
    seen = look(given_draft)
    assert (seen.guest is None) == bool(errors)
    for found, expected in ((seen.errors, errors), (seen.warnings, warnings)):
        assert codes_of(found) == {tuple(each.split()) for each in expected.split(", ") if each}


def test_a_wrong_check_digit_is_an_error_with_a_correction() -> None:
    """The composite is not reported, too; alone it is an error of the lines, for which a digit is no value.

    A typed field replaces the wrong one, and the lines are not sent.
    """
    [error] = look(scanned(WRONG_NUMBER)).errors
    assert (error.field, error.code) == ("guest.document.number", "check_digit")
    assert error.suggestion is not None
    [error] = look(scanned(spoilt(1, 43, "A"))).errors
    assert (error.field, error.code, error.suggestion) == ("guest.document.mrz", "check_digit", None)
    seen = look(scanned(WRONG_NUMBER, {"document_number": "925076473"}))
    assert (codes_of(seen.warnings), seen.errors) == ({("number", "conflict")}, ())
    assert seen.guest is not None
    assert seen.guest.document.mrz is None


# Any input.

WORDS = st.sampled_from(["", "-", "2026-11-24", "D", "GBR", "Müller", "7", "X1", "24/11/2026", "9999-12-31T23:59"])
ANYTHING = st.dictionaries(st.sampled_from([item.name for item in FIELDS]), WORDS | st.text(max_size=30))
PASSPORTS = st.none() | st.sampled_from([mrz(), WRONG_NUMBER, spoilt(1, 20, "Q"), mrz(given_names="")])
NOWS = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  zone beside it


@given(st.builds(Draft, ANYTHING, PASSPORTS), NOWS)
def test_any_typed_texts_give_errors_or_a_report(anything: Draft, now: datetime) -> None:
    """And a report is read again from its JSON."""
    seen = look(anything, now=now)
    assert (seen.guest is None) == (seen.stay is None) == bool(seen.errors)
    if not seen.errors:
        assert from_json(to_json(report_of(seen))) == report_of(seen)


@given(st.dictionaries(st.sampled_from(sorted(TYPED)), WORDS | st.text(max_size=30), max_size=2), NOWS)
def test_any_changed_guest_gives_errors_or_a_report(changes: dict[str, str], now: datetime) -> None:
    """Starting from a valid guest, so that reports are made."""
    seen = look(draft(changes), now=now)
    assert (seen.guest is None) == bool(seen.errors)
    if not seen.errors:
        assert from_json(to_json(report_of(seen))) == report_of(seen)
        assert contract_errors(report_of(seen)) == []
