"""A report as the contract's JSON: the same bytes each time, the same report back, and valid; and its room."""

import functools
import json
import re
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from report_helpers import OPENAPI, contract_errors, draft, examined, reports

from apoa_client.passport.dates import PartialDate
from apoa_client.report import parse_fields
from apoa_client.report.kinds import Kind, Purpose, short_id
from apoa_client.report.model import (
    Document,
    Guest,
    Report,
    Stay,
    StayPermit,
    from_json,
    normalized_room,
    room_name,
    to_json,
)

WIB = timezone(timedelta(hours=7))
SCHEMAS: dict[str, Any] = OPENAPI["components"]["schemas"]
EXAMPLE = {
    "id": "0199c2a4-7d1e-7b3c-9d55-0a4f1c2e8b11",
    "stay_id": "0199c2a4-7d1e-7001-8a11-5f0f4f0be001",
    "kind": "check_in",
    "created_at": "2026-11-24T20:14:03+07:00",
    "guest": {
        "surname": "SMITH",
        "given_names": "JANE ANN",
        "sex": "F",
        "birth_date": "1985-09",
        "birth_place": "LONDON",
        "nationality": "GBR",
        "document": {
            "type": "P",
            "number": "925076473",
            "issuing_state": "GBR",
            "expiry_date": "2030-03-30",
            "mrz": ["P<GBRSMITH<<JANE<ANN<<<<<<<<<<<<<<<<<<<<<<<<", "9250764733GBR8509129F3003301<<<<<<<<<<<<<<00"],
        },
        "stay_permit": {"code": "B1", "number": None, "valid_until": "2026-12-20", "entry_date": "2026-11-21"},
        "phone": None,
        "email": None,
    },
    "stay": {
        "check_in": "2026-11-24T19:50:00+07:00",
        "planned_check_out": "2026-11-27",
        "room": "7",
        "purpose": "tourism",
        "note": None,
    },
}
"""The contract's example."""

REPORT = Report(
    id=str(EXAMPLE["id"]),
    stay_id=str(EXAMPLE["stay_id"]),
    kind=Kind.CHECK_IN,
    created_at=datetime(2026, 11, 24, 20, 14, 3, tzinfo=WIB),
    guest=Guest(
        surname="SMITH",
        given_names="JANE ANN",
        sex="F",
        birth_date=PartialDate(1985, 9),
        birth_place="LONDON",
        nationality="GBR",
        document=Document(
            type="P",
            number="925076473",
            issuing_state="GBR",
            expiry_date=date(2030, 3, 30),
            mrz=("P<GBRSMITH<<JANE<ANN<<<<<<<<<<<<<<<<<<<<<<<<", "9250764733GBR8509129F3003301<<<<<<<<<<<<<<00"),
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
    """The same report, and the same bytes when it is written again."""
    assert from_json(to_json(report)) == report
    assert to_json(from_json(to_json(report))) == to_json(report)


@given(reports())
def test_every_report_keeps_the_contract(report: Report) -> None:
    """It is valid by the contract's schema."""
    assert contract_errors(report) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id": 1}', to_json(REPORT).replace(b"check_in", b"arrival")])
def test_other_bytes_are_refused(body: bytes) -> None:
    """With the errors that the outbox expects of a damaged record."""
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


def test_a_purpose_is_required() -> None:
    """Only a member that may be null may be missing, so that no report gets a purpose that no user gave."""
    test_other_bytes_are_refused(to_json(REPORT).replace(b'"purpose":"tourism",', b""))


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


def test_a_short_id_is_the_end_of_an_id() -> None:
    """Two reports of the same minute have the same beginning, and another end."""
    assert short_id(REPORT.id) == "1c2e8b11"


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


def test_a_report_has_the_room_without_the_word() -> None:
    """The authority's form says "room" already."""
    assert examined(draft({"room": "Kamar No. 3"}))[1].room == "3"
