"""A report in JSON from another program."""

import json
from typing import Any

import pytest
from basics import search
from hypothesis import given
from report_helpers import GUESTS, STAYS

from apoa_client.report.fields import as_typed, field_values
from apoa_client.report.findings import ReportRefused
from apoa_client.report.kinds import Kind
from apoa_client.report.model import Guest, Report, Stay, part_value
from apoa_client.report.report_input import parse_report_input


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
