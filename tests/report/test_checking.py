"""The check of one document: only the given data are checked, all errors at once, whatever the MRZ is of."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from basics import search
from hypothesis import example, given
from hypothesis import strategies as st
from report_helpers import NOW, PRINTED, TYPED, WIB, codes_of, contract_errors, look, mrz, scanned, spoilt

from apoa_client.passport.check_digits import ALPHABET
from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.mrz import Mrz, MrzUnreadable, read_mrz
from apoa_client.report.checking import CheckedDocument, check, documents
from apoa_client.report.fields import FIELDS, Field
from apoa_client.report.kinds import Kind
from apoa_client.report.model import Report

TODAY = NOW.date()
PASSPORT = mrz().lines
WRONG = PASSPORT[0].replace("S", "*"), PASSPORT[1][:-2]
CARD = compose("TD1", Details(**PRINTED))
VISA = compose("MRV-A", Details(**PRINTED))
SPECIMENS = [
    tuple(json.loads(line)["lines"])
    for line in (Path(__file__).parent.parent / "passport" / "mrz_specimens.jsonl").read_text("utf-8").splitlines()
]


def inspect(lines: Mrz | tuple[str, ...] = (), **typed: str) -> CheckedDocument:
    return check(typed, lines.lines if isinstance(lines, Mrz) else lines, today=TODAY)


class TestGuest:
    """The guest, in the contract's form."""

    def test_a_correct_passport(self) -> None:
        """All that its lines contain, and null for the rest."""
        checked = inspect(PASSPORT)
        assert (checked.valid, checked.errors, checked.warnings, checked.problems) == (True, (), (), ())
        assert checked.lines == PASSPORT
        assert checked.guest == {
            "surname": "SMITH",
            "given_names": "JANE ANN",
            "sex": "F",
            "birth_date": "1985-09-12",
            "birth_place": None,
            "nationality": "GBR",
            "document": {
                "type": "P",
                "number": "925076473",
                "issuing_state": "GBR",
                "expiry_date": "2032-03-30",
                "mrz": list(PASSPORT),
            },
            "stay_permit": None,
            "phone": None,
            "email": None,
        }

    def test_typed_details_alone(self) -> None:
        """As in a report; missing fields are no errors here."""
        checked = inspect(surname="Muñoz", sex="perempuan", nationality="Spanyol", birth_date="1985", phone="08123456")
        assert (checked.valid, checked.warnings, checked.mrz) == (True, (), None)
        known = {key: value for key, value in checked.guest.items() if value is not None and key != "document"}
        assert known == {
            "surname": "MUÑOZ",
            "sex": "F",
            "nationality": "ESP",
            "birth_date": "1985",
            "phone": "08123456",
        }
        assert set(checked.guest["document"].values()) == {None}

    def test_a_single_name(self) -> None:
        """An empty name next to another one is known to be empty."""
        assert inspect(mrz(given_names="")).guest["given_names"] == ""
        assert inspect(surname="Smith").guest["given_names"] is None

    def test_printed_spellings(self) -> None:
        """They are only a hint: the name stays as it was read."""
        checked = inspect(mrz(surname="MUELLER", issuing_state="D", nationality="D"))
        assert checked.printed == {"surname": ("MÜLLER",), "given_names": ()}
        assert checked.guest["surname"] == "MUELLER"


class TestErrors:
    """Data that can only be wrong."""

    def test_empty_input(self) -> None:
        """Blanks count as empty, too."""
        for checked in (inspect(), inspect(surname=" "), inspect(("", " "))):
            assert codes_of(checked.errors) == {("mrz", "missing")}
            assert not checked.valid

    def test_lines_that_are_no_mrz(self) -> None:
        """The guest has only the typed values; the lines can be marked."""
        checked = inspect((PASSPORT[0].replace("S", "*"), PASSPORT[1]), surname="Smith")
        assert codes_of(checked.errors) == {("mrz", "bad_character")}
        assert (checked.mrz, checked.guest["surname"], checked.guest["sex"]) == (None, "SMITH", None)
        assert checked.guest["document"]["mrz"] is None
        assert [span.start for span in checked.problems[0].spans] == [5]
        assert checked.lines[0][5] == "*"

    def test_a_typed_value_replaces_a_wrong_one(self) -> None:
        """And the two are compared; the error that it replaces had the field's path, and the correction."""
        checked = inspect(spoilt(1, 14, "6"))
        [error] = checked.errors
        assert (error.field, error.code, error.suggestion) == ("guest.birth_date", "check_digit", "1985-09-12")
        assert [problem.field for problem in checked.problems] == ["birth_date"]
        checked = inspect(spoilt(1, 14, "6"), birth_date="12/09/1985")
        assert (checked.valid, checked.problems) == (True, ())
        assert checked.guest["birth_date"] == "1985-09-12"
        assert codes_of(checked.warnings) == {("birth_date", "conflict")}
        assert checked.typed == {"birth_date"}

    def test_a_birth_date_in_the_future(self) -> None:
        """There is no check-in with which it could be compared."""
        assert codes_of(inspect(birth_date="2026-11-26").errors) == {("birth_date", "order")}

    def test_all_errors_in_the_order_of_the_form(self) -> None:
        """Not one after the other."""
        checked = inspect(spoilt(1, 14, "6"), sex="z", expiry_date="x")
        assert [error.field for error in checked.errors] == [
            "guest.sex",
            "guest.birth_date",
            "guest.document.expiry_date",
        ]


class TestWarnings:
    """Data that may be right all the same."""

    @pytest.mark.parametrize(
        ("details", "expected"),
        [
            ({"expiry_date": date(2027, 5, 24)}, set()),
            ({"expiry_date": date(2027, 5, 23)}, {("expiry_date", "implausible")}),
            ({"expiry_date": TODAY}, {("expiry_date", "implausible")}),
            ({"expiry_date": TODAY - timedelta(days=1)}, {("expiry_date", "expired")}),
            ({"birth_date": PartialDate(1926, 11, 25)}, set()),
            ({"nationality": "IND"}, {("issuing_state", "implausible")}),
            ({"nationality": "D", "issuing_state": "DEU"}, set()),
            ({"nationality": "IDN", "issuing_state": "IDN"}, {("nationality", "not_foreign")}),
            ({"surname": "A" * 20, "given_names": "B" * 30}, {("given_names", "name_truncated")}),
        ],
    )
    def test_warnings_about_a_passport(self, details: dict[str, Any], expected: set[tuple[str, str]]) -> None:
        """The passport stays valid."""
        checked = inspect(mrz(**details))
        assert codes_of(checked.warnings) == expected
        assert checked.valid

    def test_a_short_validity_is_said_as_in_a_report(self) -> None:
        """At entry if its date is known; not of an identity card, which needs no six months."""
        [warning] = inspect(mrz(expiry_date=date(2027, 1, 25))).warnings
        assert "is valid until 25 Jan 2027 only" in warning.message.render()
        [warning] = inspect(mrz(expiry_date=date(2027, 1, 25)), entry_date="20/11/2026").warnings
        assert "was valid until 25 Jan 2027 only" in warning.message.render()
        card = compose("TD1", Details(**{**PRINTED, "expiry_date": date(2027, 1, 25)}))
        assert codes_of(inspect(card).warnings) == {("mrz", "implausible")}

    def test_a_card_and_a_visa(self) -> None:
        """Both may be valid; a warning says that they are no passport."""
        for lines, code in ((CARD, "implausible"), (VISA, "unknown_format")):
            checked = inspect(lines)
            assert checked.valid
            assert codes_of(checked.warnings) == {("mrz", code)}


class TestDocuments:
    """The lines of each document in a text."""

    @pytest.mark.parametrize(
        "text",
        [
            "{0}\n{1}\n\n{2}\n{3}\n{4}",
            "{0}\r\n{1}\r\n\r\n\r\n{2}\r\n{3}\r\n{4}\r\n",
            "\n\n{0}\n{1}\n \t \n{2}\n{3}\n{4}\n\n",
            "{0}\r\n\r\n{1}\r\n\r\n{2}\r\n\r\n{3}\r\n\r\n{4}\r\n\r\n",
            "{0}\n{1}\n\n{2}\n\n{3}\n\n{4}",
        ],
    )
    def test_two_documents(self, text: str) -> None:
        """Blank lines separate them; the blank lines of a scanner that ends each line twice do not."""
        assert documents(text.format(*PASSPORT, *CARD)) == [PASSPORT, CARD]

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("\n\n".join(["".join(PASSPORT)] * 3), [("".join(PASSPORT),)] * 3),
            (f"{WRONG[0]}\n\n{WRONG[1]}\n", [WRONG]),
            *((text, []) for text in ("", " \n\t\r\n")),
            ("a\n\nb\n\nc\nd", [("a",), ("b",), ("c", "d")]),
        ],
    )
    def test_other_texts(self, text: str, found: list[tuple[str, ...]]) -> None:
        """One long line is a document by itself; one wrong character makes one wrong document, and not two."""
        assert documents(text) == found

    @given(st.lists(st.text(ALPHABET[:12] + " ", max_size=50), max_size=12))
    def test_no_line_is_lost(self, lines: list[str]) -> None:
        """Each line once, in order."""
        found = [line for document in documents("\n".join(lines)) for line in document]
        assert found == [line for line in lines if line.strip()]


@pytest.mark.parametrize("lines", SPECIMENS, ids="".join)
def test_the_specimens(lines: tuple[str, ...]) -> None:
    """Valid agrees with the MRZ reader, and every problem is an error with a path of the contract."""
    checked = inspect(lines)
    try:
        read = read_mrz(lines, today=TODAY)
    except MrzUnreadable:
        assert checked.mrz is None
        assert [error.field for error in checked.errors] == ["guest.document.mrz"]
        return
    assert checked.valid == read.valid
    assert checked.problems == read.problems
    assert {problem.code for problem in read.problems} == {error.code for error in checked.errors}
    assert all(error.field.startswith("guest.") for error in checked.errors)


@search(50)
@given(
    st.lists(st.text(ALPHABET, min_size=28, max_size=46) | st.text(max_size=50), max_size=4),
    st.fixed_dictionaries({}, optional={name: st.text(max_size=12) for name in TYPED}),
    st.dates(date(2000, 1, 1), date(2060, 12, 31)),
)
@example([PASSPORT[0].replace("M", "1"), PASSPORT[1].replace("F", "1")], {}, TODAY)
def test_any_input_gives_json(lines: list[str], typed: dict[str, str], today: date) -> None:
    """For any lines and details; no ``repr`` shows them."""
    checked = check(typed, lines, today=today)
    assert json.loads(json.dumps(checked.guest)) == checked.guest
    assert checked.valid == (not checked.errors)
    for value in checked.guest.values():
        assert not isinstance(value, str) or len(value) < 6 or value not in repr(checked)


@pytest.mark.parametrize("text", ["A " * 50_000, "1/" * 50_000])
@pytest.mark.parametrize(
    "field",
    [field for field in FIELDS if field.path.startswith("guest.") and field.name != "mrz"],
    ids=lambda f: f.name,
)
def test_a_very_long_text_is_refused_at_once(field: Field, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its length is the error, and it is not compared with the names of all states first."""
    monkeypatch.setattr("apoa_client.passport.states.close_matches", lambda _text: pytest.fail("compared"))
    result = check({field.name: text}, [], today=NOW.date())
    assert [error.code for error in result.errors if error.field == field.path] == ["bad_length"]


# Which document the MRZ is of.


def lines_of(form: str, **changes: Any) -> Mrz:
    """Return the guest's document in another format."""
    return read_mrz(compose(form, Details(**PRINTED | changes)), today=NOW.date())


@pytest.mark.parametrize(
    ("form", "changes"),
    [("TD1", {}), ("TD2", {}), ("TD3", {"document_type": "I"}), ("TD1", {"document_number": "925076473AB12"})],
)
def test_a_card_is_reported_with_a_warning(form: str, changes: dict[str, Any]) -> None:
    """The guest may have no passport; all its lines go with the report, as the contract allows."""
    card = lines_of(form, **changes)
    seen = look(scanned(card))
    assert seen.errors == ()
    assert codes_of(seen.warnings) == {("mrz", "implausible")}
    assert seen.guest is not None
    assert seen.guest.document.mrz == card.lines
    report = Report(str(UUID(int=1)), str(UUID(int=2)), Kind.CHECK_IN, NOW.astimezone(WIB), seen.guest, seen.stay)
    assert contract_errors(report) == []


def test_a_line_that_lost_a_filler_is_an_error() -> None:
    """The correction is suggested, and only a user may apply it."""
    lines = compose("TD3", Details(**PRINTED))
    seen = look(scanned(read_mrz([lines[0][:-1], lines[1]], today=NOW.date())))
    assert codes_of(seen.errors) == {("mrz", "bad_length")}
    assert seen.errors[0].suggestion == lines[0]
