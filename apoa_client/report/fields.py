"""The fields of a check-in: their names, their labels, and where the contract and a `Report` have them.

The order of the table is ours, in which staff are asked and shown: the passport, the permit, the stay. No description
of APOA's form was found. Code that lists the fields of a report (forms, corrections, pages) uses this table:

- `FIELDS` and `BY_NAME` describe each field; `Field.value_in(report)` returns its value.
- `field_values(report)` returns all values that a report has, by name, in the order of the table.
- `as_typed(value)` returns a value as a user would type it; the parsers read the same value from it.
"""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from apoa_client.messages import Message, literal, msg
from apoa_client.report.deadline import instant

if TYPE_CHECKING:
    from apoa_client.passport.dates import PartialDate
    from apoa_client.report.kinds import Purpose
    from apoa_client.report.model import Report

FieldValue: TypeAlias = "str | date | datetime | PartialDate | Purpose"
"""The value of one field: a `PartialDate` is a date of birth."""


class Field(NamedTuple):
    """One field: `name` as an option and as a key of typed values, `path` in the contract's JSON and in a `Report`."""

    name: str
    path: str
    label: Message

    def value_in(self, report: "Report") -> "FieldValue | None":
        """Return the field's value in a report; None where the report does not have it."""
        value: Any = report
        for attribute in self.path.split("."):
            if value is None:
                return None
            value = getattr(value, attribute)
        found: FieldValue | None = value
        return found


FIELDS = (
    Field("surname", "guest.surname", msg("Surname")),
    Field("given_names", "guest.given_names", msg("Given names")),
    Field("sex", "guest.sex", msg("Sex")),
    Field("birth_place", "guest.birth_place", msg("Place of birth")),
    Field("birth_date", "guest.birth_date", msg("Date of birth")),
    Field("nationality", "guest.nationality", msg("Nationality")),
    Field("document_number", "guest.document.number", msg("Passport number")),
    Field("issuing_state", "guest.document.issuing_state", msg("Issuing state")),
    Field("expiry_date", "guest.document.expiry_date", msg("Passport expiry")),
    Field("stay_permit", "guest.stay_permit.code", msg("Visa / stay permit")),
    Field("stay_permit_number", "guest.stay_permit.number", msg("Permit number")),
    Field("stay_until", "guest.stay_permit.valid_until", msg("Permitted until")),
    Field("entry_date", "guest.stay_permit.entry_date", msg("Date of entry")),
    Field("check_in", "stay.check_in", msg("Check-in")),
    Field("planned_check_out", "stay.planned_check_out", msg("Planned check-out")),
    Field("nights", "stay.planned_check_out", msg("Nights")),
    Field("room", "stay.room", msg("Room")),
    Field("purpose", "stay.purpose", msg("Purpose of stay")),
    Field("phone", "guest.phone", msg("Phone")),
    Field("email", "guest.email", msg("E-mail")),
    Field("note", "stay.note", msg("Note")),
    Field("mrz", "guest.document.mrz", msg("Machine readable lines")),
)

BY_NAME = {field.name: field for field in FIELDS}

ON_THE_FORM = tuple(field for field in FIELDS if field.name not in {"nights", "mrz"})
"""The fields that are shown and changed one by one. Nights are another way to type the check-out, lines many fields."""

IN_AN_MRZ = (
    *("surname", "given_names", "sex", "birth_date", "nationality"),
    *("document_number", "issuing_state", "expiry_date"),
)
"""The fields that an MRZ has."""

OTHER_LABELS = {
    "": msg("The whole report"),
    "check_out": msg("Check-out"),
    "reason": msg("Reason"),
}
"""Labels of the parts of a report that are not on the form of a check-in."""


def field_values(report: "Report") -> "dict[str, FieldValue]":
    """Return the values of a report's guest and stay by field name, in the order of the table, without empty values.

    The result is empty for a check-out or a cancellation, which has no guest and no stay.
    """
    return {field.name: value for field in ON_THE_FORM if (value := field.value_in(report))}


def as_typed(value: "FieldValue") -> str:
    """Return a value as a user would type it: ISO 8601 for dates and times, the contract's word for a purpose."""
    return instant(value) if isinstance(value, datetime) else str(value)


def label_of(path: str) -> Message:
    """Return the label of the field at a path of the contract; the path itself where it has no label."""
    if path in OTHER_LABELS:
        return OTHER_LABELS[path]
    return next((field.label for field in FIELDS if field.path == path), literal(path))
