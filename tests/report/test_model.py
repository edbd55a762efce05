"""A report as the contract's JSON, its room, the table of its fields, and reports of other programs."""

import functools
import json
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from basics import search
from hypothesis import given
from report_helpers import GUESTS, NOW, OPENAPI, STAYS, WIB, contract_errors, draft, examined, reports

from apoa_client.passport.dates import PartialDate
from apoa_client.report import parse_fields
from apoa_client.report.fields import BY_NAME, FIELDS, as_typed, field_values, label_of
from apoa_client.report.findings import ReportRefused
from apoa_client.report.kinds import Kind, Purpose, Receipt
from apoa_client.report.model import (
    Document,
    Guest,
    Report,
    Stay,
    StayPermit,
    from_json,
    normalized_room,
    part_value,
    report_value,
    room_name,
    to_json,
)
from apoa_client.report.parse_fields import PARSERS, Draft
from apoa_client.report.report_input import parse_report_input
from apoa_client.report.rules import examine

SCHEMAS: dict[str, Any] = OPENAPI["components"]["schemas"]
EXAMPLE: dict[str, Any] = OPENAPI["components"]["requestBodies"]["Reports"]["content"]["application/json"]["examples"][
    "check_in"
]["value"]["reports"][0]
"""The contract's example."""

REPORT = Report(
    id=EXAMPLE["id"],
    stay_id=EXAMPLE["stay_id"],
    kind=Kind.CHECK_IN,
    created_at=datetime(2026, 11, 24, 20, 14, 3, tzinfo=WIB),
    guest=Guest(
        surname="SMITH",
        given_names="JANE ANN",
        sex="F",
        birth_date=PartialDate(1985, 9, 12),
        birth_place="LONDON",
        nationality="GBR",
        document=Document(
            type="P",
            number="925076473",
            issuing_state="GBR",
            expiry_date=date(2030, 3, 30),
            mrz=tuple(EXAMPLE["guest"]["document"]["mrz"]),
        ),
        stay_permit=StayPermit("B1", None, date(2026, 12, 20), date(2026, 11, 21)),
    ),
    stay=Stay(datetime(2026, 11, 24, 19, 50, tzinfo=WIB), date(2026, 11, 27), "7", Purpose.TOURISM),
)


def test_the_contracts_example() -> None:
    """Member by member, with explicit nulls."""
    assert json.loads(to_json(REPORT)) == EXAMPLE
    assert from_json(to_json(REPORT)) == REPORT


@given(reports())
def test_write_and_read(report: Report) -> None:
    """The same report, in the contract's form, and the same bytes when it is written again."""
    assert contract_errors(report) == []
    assert from_json(to_json(report)) == report
    assert to_json(from_json(to_json(report))) == to_json(report)


PURPOSELESS = to_json(REPORT).replace(b'"purpose":"tourism",', b"")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id": 1}', PURPOSELESS])
def test_other_bytes_are_refused(body: bytes) -> None:
    """With the errors that the outbox expects of a damaged record; no report gets a purpose that no user gave."""
    with pytest.raises((ValueError, KeyError, TypeError)):
        from_json(body)


NO_OBJECTS: tuple[object, ...] = ("B1", 5, [], True)
DAMAGED: list[tuple[str, object]] = [
    *(("guest.stay_permit", other) for other in NO_OBJECTS),
    *(("guest.document", other) for other in (*NO_OBJECTS, None)),
    ("guest.birth_date", None),
    *((f"stay.{name}", None) for name in ("check_in", "planned_check_out", "purpose")),
    *((name, None) for name in ("kind", "created_at")),
]


@pytest.mark.parametrize(("path", "other"), DAMAGED)
def test_a_damaged_member_is_refused(path: str, other: object) -> None:
    """Nothing takes the place of a required value, and a part is an object."""
    value = json.loads(to_json(REPORT))
    *parents, name = path.split(".")
    functools.reduce(dict.__getitem__, parents, value)[name] = other
    test_other_bytes_are_refused(json.dumps(value).encode())


def longest(schema: str, name: str) -> int:
    most: int = SCHEMAS[schema]["properties"][name]["maxLength"]
    return most


GROWS_TO = 3
"""How many times longer a text may become in capitals: one ligature becomes three letters."""


def test_no_typed_text_is_longer_than_the_contract_allows() -> None:
    """Also where capitals make it longer, and where a note is added."""
    for name in ("surname", "given_names", "birth_place"):
        assert longest("Guest", name) >= GROWS_TO * parse_fields.MAX_TEXT_LENGTH
    for schema, name in (("Guest", "phone"), ("Guest", "email"), ("StayPermit", "code"), ("StayPermit", "number")):
        assert longest(schema, name) >= parse_fields.MAX_TEXT_LENGTH
    assert longest("Stay", "room") >= parse_fields.MAX_TEXT_LENGTH
    assert longest("Stay", "note") >= 2 * parse_fields.MAX_NOTE_LENGTH
    assert longest("Document", "number") >= 20


def test_the_contract_has_our_purposes() -> None:
    """Each authority's table has them, so that none is refused."""
    text = SCHEMAS["Stay"]["properties"]["purpose"]["description"]
    assert re.findall(r"\w+", text.partition("at least ")[2].replace(" and", "")) == [each.value for each in Purpose]


@pytest.mark.parametrize(
    ("number", "typed", "trains"),
    [("LATIHAN-2026-000001", False, True), ("LATIHAN-2026-000001", True, False), ("STT-1", False, False)],
)
def test_a_receipt_of_the_training_authority(number: str, *, typed: bool, trains: bool) -> None:
    """Its number says so, unless staff typed it. A report with any other receipt is never practice."""
    assert Receipt(number, NOW, typed=typed).is_training is trains


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *(
            (text, "3")
            for text in ("3", " 3 ", "kamar 3", "KAMAR 3", "Kamar no. 3", "kmr.3", "Kamar3", "Room 3", "rm 3")
        ),
        *((text, "3") for text in ("no 3", "No.3", "nomor 3", "Nomor: 3", "#3", "room #3", "Kamar-3", "number 3")),
        ("room 12 A", "12 A"),
        ("Kamar Melati", "Melati"),
        ("Melati 9", "Melati 9"),
        ("Roomy", "Roomy"),
        ("No Name", "No Name"),
        ("Nomad", "Nomad"),
        ("Kamar", "Kamar"),
        ("#", "#"),
        ("", ""),
    ],
)
def test_the_words_for_room_are_left_out(text: str, name: str) -> None:
    """In both languages and any case; a room that is only such a word keeps it."""
    assert room_name(text) == name


def test_one_room_in_several_spellings() -> None:
    """Words, capitals and blanks make no difference, digits and letters do."""
    assert {normalized_room(text) for text in ("7a", "Kamar 7A", "no.  7a", "ROOM 7a")} == {"7a"}
    assert normalized_room("kamar 7") != normalized_room("kamar 7a")


# The table of fields.


@given(reports())
def test_every_field_has_a_value_or_none(report: Report) -> None:
    """Each path of the table exists in a report."""
    values = {field.name: field.value_in(report) for field in FIELDS}
    whole = report.guest is not None and report.stay is not None
    assert values["surname"] == (report.guest.surname if report.guest is not None else None)
    assert values["purpose"] == (report.stay.purpose if report.stay is not None else None)
    assert whole or not field_values(report)


def test_values_are_in_the_order_of_the_form() -> None:
    """Empty values, nights and lines are left out."""
    report = Report("1", "2", Kind.CHECK_IN, NOW, *examined(draft()))
    names = list(field_values(report))
    assert names == [field.name for field in FIELDS if field.name in names]
    assert {"nights", "mrz", "room", "email"}.isdisjoint(names)
    assert {"surname", "stay_permit", "purpose"} <= set(names)


def test_a_typed_value_is_read_again() -> None:
    """A report's values, typed again, give the same guest and the same stay."""
    guest, stay = examined(draft({"room": "12", "phone": "+62 812 3456", "stay_until": "2026-12-24"}))
    report = Report("1", "2", Kind.CHECK_IN, NOW, guest, stay)
    typed = {name: as_typed(value) for name, value in field_values(report).items()}
    again = examine(Draft(typed), now=NOW + timedelta(hours=1), zone=WIB)
    assert (again.guest, again.stay) == (guest, stay)


def test_the_table_and_the_model_have_the_same_fields() -> None:
    """Each member of the model that a person gives has a row, so that it is asked, read, exported and shown."""
    parts: dict[str, Any] = {"guest": Guest, "guest.document": Document, "guest.stay_permit": StayPermit, "stay": Stay}
    members = {f"{path}.{name}" for path, part in parts.items() for name in part._fields}
    paths = members - parts.keys() - {"guest.document.type"}
    assert paths == {field.path for field in FIELDS}


def test_every_row_is_complete() -> None:
    """Each field has a parser of its type and the help of an option; each but a day of departure has a question."""
    fields = [field for field in FIELDS if field.type != "mrz"]
    assert {field.type for field in fields} == PARSERS.keys()
    assert all(field.option.template != "{text}" for field in fields)
    assert [field.name for field in fields if field.question.template == "{text}"] == ["planned_check_out"]


def test_an_older_report_lacks_a_new_field() -> None:
    """A report that was stored by an earlier version can be read without an optional member."""
    report = Report("1", "2", Kind.CHECK_IN, NOW, *examined(draft()))
    value = report_value(report)
    del value["guest"]["phone"]
    assert from_json(json.dumps(value).encode()) == report


def test_labels() -> None:
    """A field's label, a label of another part, and a path that has none."""
    assert label_of("guest.document.number") == BY_NAME["document_number"].label
    assert label_of("reason").template == "Reason"
    assert label_of("guest.shoe_size").render() == "guest.shoe_size"


# Reports of other programs.


def report_of(guest: dict[str, Any] | None = None) -> Any:
    return {"guest": guest or {}, "stay": {}}


@search(100)
@given(GUESTS, STAYS)
def test_every_field_of_the_contract(guest: Guest, stay: Stay) -> None:
    """A report in the contract's form is read whole, as if its values had been typed, with its lines."""
    guest = guest._replace(document=guest.document._replace(type="P"))
    read = parse_report_input(json.loads(json.dumps({"guest": part_value(guest), "stay": part_value(stay)})))
    report = Report("", "", Kind.CHECK_IN, stay.check_in, guest, stay, None, None)
    typed = {name: as_typed(found) for name, found in field_values(report).items()}
    if guest.document.mrz and guest.document.expiry_date is None:  # the lines say it
        del typed["expiry_date"]
    assert read.typed == typed
    assert read.lines == list(guest.document.mrz or [])
    assert repr(read) == "ReportInput(…)"


def test_what_is_left_out_is_not_given() -> None:
    """Members that are missing or null are no fields; a number is read as its digits."""
    value = {"guest": {"surname": "DOE", "given_names": None, "stay_permit": None}, "stay": {"room": 7}}
    assert parse_report_input(value) == ({"surname": "DOE", "room": "7"}, [])
    assert parse_report_input({}) == ({}, [])


def test_an_expiry_of_null_is_read_from_the_lines() -> None:
    """So a wrong check digit there is an error; without lines, null says that the date cannot be read."""
    document = {"expiry_date": None, "mrz": ["A", "B"]}
    assert parse_report_input(report_of({"document": document})) == ({}, ["A", "B"])
    assert parse_report_input(report_of({"document": {"expiry_date": None}})).typed == {"expiry_date": "?"}


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (None, ""),
        (["SECRET"], ""),
        ({"SECRET": "SECRET"}, ""),
        ({"guest": "SECRET"}, "guest"),
        ({"stay": []}, "stay"),
        (report_of({"SECRET": "SECRET"}), "guest"),
        (report_of({"surname": ["SECRET"]}), "guest.surname"),
        (report_of({"surname": True}), "guest.surname"),
        (report_of({"document": {"mrz": "SECRET"}}), "guest.document.mrz"),
        (report_of({"document": {"mrz": ["SECRET", 1]}}), "guest.document.mrz"),
        (report_of({"document": {"mrz": ["A", "B", "C", "D"]}}), "guest.document.mrz"),
        (report_of({"document": {"type": "ID"}}), "guest.document.type"),
        (report_of({"document": {"nomor": "SECRET"}}), "guest.document"),
    ],
)
def test_another_form(value: object, path: str) -> None:
    """Each part of another form is named by the path to it, and no finding repeats what was given."""
    with pytest.raises(ReportRefused) as refused:
        parse_report_input(value)
    [finding] = refused.value.errors
    assert (finding.field, finding.code) == (path, "unknown_format")
    assert "SECRET" not in str(finding.message.as_json())


def test_all_problems_at_once() -> None:
    """A programmer sees every problem in the first answer."""
    with pytest.raises(ReportRefused) as refused:
        parse_report_input({"guest": {"surname": 1.5, "sex": {}}, "stay": {"kamar": "7"}})
    assert [finding.field for finding in refused.value.errors] == ["guest.surname", "guest.sex", "stay"]


def test_the_type_of_a_document_with_lines() -> None:
    """The lines say what the document is, wherever they stand in the object."""
    lines = ["I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"]
    assert parse_report_input(report_of({"document": {"type": "I", "mrz": lines}})).lines == lines
