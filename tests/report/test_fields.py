"""The table of a check-in's fields."""

import json
from datetime import timedelta
from typing import Any

from hypothesis import given
from report_helpers import NOW, WIB, draft, examined, reports

from apoa_client.report.fields import BY_NAME, FIELDS, as_typed, field_values, label_of
from apoa_client.report.kinds import Kind
from apoa_client.report.model import Document, Guest, Report, Stay, StayPermit, from_json, report_value
from apoa_client.report.parse_fields import PARSERS, Draft
from apoa_client.report.rules import examine


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
