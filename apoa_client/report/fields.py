"""The table of the fields of a check-in, and what other code derives from it.

One row a field, with all that is said of it: its type, its label, where the contract and a `Report` have it, the
question at a terminal, the option, and what a guest's form suggests. Parsers (`report.parse_fields`, by type), options,
questions, forms, columns of tables, exports and pages derive from the rows. A new field is a row here and a member of
its class in `report.model`, from which its JSON derives.

The order of the table is ours, in which staff are asked and shown: the passport, the permit, the stay. No description
of APOA's form was found.

- `FIELDS` and `BY_NAME` describe each field; `Field.value_in(report)` returns its value.
- `field_values(report)` returns all values that a report has, by name, in the order of the table.
- `as_typed(value)` returns a value as a user would type it; the parsers read the same value from it.
"""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, get_args

from apoa_client.messages import Message, literal, msg
from apoa_client.report.kinds import instant

if TYPE_CHECKING:
    from apoa_client.passport.dates import PartialDate
    from apoa_client.report.kinds import Purpose
    from apoa_client.report.model import Report

UNREADABLE = "?"
"""The value of the passport's expiry where the page cannot be read; the contract has null."""

FieldValue: TypeAlias = "str | date | datetime | PartialDate | Purpose"
"""The value of one field: a `PartialDate` is a date of birth."""

DateType: TypeAlias = Literal["birth_date", "date", "past_date", "stay_date", "moment"]
FreeType: TypeAlias = Literal["name", "place", "room", "permit", "text", "note"]
FieldType: TypeAlias = (
    DateType | FreeType | Literal["sex", "state", "number", "nights", "purpose", "phone", "email", "mrz"]
)
"""What the values of a field are. A ``date`` may be in the future, a ``stay_date`` is near the check-in."""

DATE_TYPES: frozenset[str] = frozenset(get_args(DateType))
"""The types of fields with a date."""


class Field(NamedTuple):
    """One field: `name` as an option and as a key of typed values, `path` in the contract's JSON and in a `Report`."""

    name: str
    path: str
    type: FieldType
    label: Message
    question: Message = literal("")
    """The help beside the question."""
    option: Message = literal("")
    """The help of the option."""
    missing: Message | None = None
    """What to give, for a field that a report needs; None for an optional one. One of the two names may be empty."""
    in_mrz: bool = False
    is_asked: bool = False
    """Whether the field is always asked. The user can fill the others on the review card."""
    is_shared: bool = False
    """Whether the guests of one room have the same value."""
    is_recalled: bool = False
    """Whether the value of a guest's last stay is suggested."""
    usual: str = ""
    """The suggested answer where nothing else is known."""
    width: int = 16
    """The width of the column in an exported workbook, in characters."""

    @property
    def of_guest(self) -> bool:
        """Whether the field is about the guest, and not about the stay."""
        return self.path.startswith("guest.")

    def value_in(self, report: "Report") -> "FieldValue | None":
        """Return the field's value in a report; None where the report does not have it."""
        value: Any = report
        for attribute in self.path.split("."):
            if value is None:
                return None
            value = getattr(value, attribute)
        found: FieldValue | None = value
        return UNREADABLE if found is None and self.name == "expiry_date" else found


NAMES = ("surname", "given_names")
"""The fields of which one may be empty."""

_NAME_MISSING = msg("give the name as in the passport; one of the two names may be empty.")
_DEPARTURE_MISSING = msg("give the number of nights, or the date.")

FIELDS = (
    Field(
        *("surname", "guest.surname", "name", msg("Surname")),
        msg("As on the passport's page, in Latin letters. A single name goes here."),
        msg("Surname; the whole name where there is only one."),
        _NAME_MISSING,
        in_mrz=True,
        is_asked=True,
    ),
    Field(
        *("given_names", "guest.given_names", "name", msg("Given names")),
        msg("All given names, as on the passport's page. Press Enter if there are none."),
        msg("Given names."),
        _NAME_MISSING,
        in_mrz=True,
        is_asked=True,
    ),
    Field(
        *("sex", "guest.sex", "sex", msg("Sex")),
        msg("L for male, P for female, X where the passport says X."),
        msg("L (male), P (female) or X."),
        msg("give L (male), P (female) or X."),
        in_mrz=True,
        is_asked=True,
        width=6,
    ),
    Field(
        *("birth_place", "guest.birth_place", "place", msg("Place of birth")),
        msg("It is printed on the passport's page. Press Enter if it is not stated there."),
        msg("Place of birth, from the passport's page; - if it is not stated."),
        msg("it is printed in the passport but not in its MRZ. Give - if it is not stated."),
        is_asked=True,
        is_recalled=True,
        usual="-",
    ),
    Field(
        *("birth_date", "guest.birth_date", "birth_date", msg("Date of birth")),
        msg("Day first: 12/9/1985, 12 sep 1985 or 12091985. Only the year if the passport gives no more."),
        msg("Date of birth, day first: 12/9/1985; the year alone if no more is known."),
        msg("give it as 1985-09-12 or 12/09/1985; the year alone if the passport says no more."),
        in_mrz=True,
        is_asked=True,
    ),
    Field(
        *("nationality", "guest.nationality", "state", msg("Nationality")),
        msg("The country in Indonesian or English, a part of its name, or the passport's three letters."),
        msg("Nationality: the country's name or its three letters."),
        msg("give the country's name or its three letters."),
        in_mrz=True,
        is_asked=True,
        width=12,
    ),
    Field(
        *("document_number", "guest.document.number", "number", msg("Passport number")),
        msg("As printed on the passport's page: letters and digits, usually 8 or 9 of them."),
        msg("Passport number."),
        msg("give it as printed in the passport."),
        in_mrz=True,
        is_asked=True,
    ),
    Field(
        *("issuing_state", "guest.document.issuing_state", "state", msg("Issuing state")),
        msg("The state that issued the passport; nearly always the state of the nationality."),
        msg("State that issued the passport, if it is not the nationality."),
        in_mrz=True,
    ),
    Field(
        *("expiry_date", "guest.document.expiry_date", "date", msg("Passport expiry")),
        msg("The day on which the passport expires, day first: 30/3/2030; unknown if the page cannot be read."),
        msg("Passport expiry, day first: 30/3/2030; unknown if it cannot be read."),
        msg("give it as 2030-03-30 or 30/03/2030; unknown if it cannot be read."),
        in_mrz=True,
        is_asked=True,
    ),
    Field(
        *("stay_permit", "guest.stay_permit.code", "permit", msg("Visa / stay permit")),
        msg("On the visa or the stamp in the passport: B1, C1, KITAS. Press Enter if you do not know it."),
        msg("Visa or stay permit, such as B1 or C1."),
        is_asked=True,
        is_recalled=True,
    ),
    Field(
        *("stay_permit_number", "guest.stay_permit.number", "text", msg("Permit number")),
        msg("The number printed on the visa or stay permit."),
        msg("Number of the visa or stay permit."),
    ),
    Field(  # with its year, because a wrong guess would warn of an overstay
        *("stay_until", "guest.stay_permit.valid_until", "date", msg("Permitted until")),
        msg("The last day on which the guest may stay in Indonesia, day first."),
        msg("The stay permit ends on this date, such as 24/12/2026."),
    ),
    Field(
        *("entry_date", "guest.stay_permit.entry_date", "past_date", msg("Date of entry")),
        msg("The date of the stamp of arrival in Indonesia, day first."),
        msg("Date of entry to Indonesia, such as 24/11 or 24/11/2026."),
    ),
    Field(
        *("check_in", "stay.check_in", "moment", msg("Check-in")),
        msg("The date and time of arrival: 24/11/2026 19:50, or a time alone, 19.50, for today."),
        msg("Check-in: 24/11/2026 19:50, or 19.50 for today."),
        msg("give the day on which the guest arrived."),
        is_shared=True,
        width=26,
    ),
    Field(
        *("planned_check_out", "stay.planned_check_out", "stay_date", msg("Planned check-out")),
        option=msg("Planned check-out, in place of the nights: 27/11, tomorrow or +3."),
        missing=_DEPARTURE_MISSING,
        is_shared=True,
    ),
    Field(
        *("nights", "stay.planned_check_out", "nights", msg("Nights")),
        msg("How many nights, such as 2; or the date of departure, such as 27/11."),
        msg("Number of nights."),
        _DEPARTURE_MISSING,
        is_asked=True,
        is_shared=True,
        usual="1",
    ),
    Field(
        *("room", "stay.room", "room", msg("Room")),
        msg("The room's number or name. Press Enter if rooms have none."),
        msg("Room."),
        is_asked=True,
        is_shared=True,
    ),
    Field(
        *("purpose", "stay.purpose", "purpose", msg("Purpose of stay")),
        msg("tourism, business, family, work, study, transit, government or other; the beginning is enough."),
        msg("Purpose: tourism (wisata), business (bisnis), family (keluarga), ..."),
        is_shared=True,
    ),
    Field(
        *("phone", "guest.phone", "phone", msg("Phone")),
        msg("The guest's telephone number, if they gave one."),
        msg("Phone."),
        is_recalled=True,
    ),
    Field(
        *("email", "guest.email", "email", msg("E-mail")),
        msg("The guest's e-mail address, if they gave one."),
        msg("E-mail."),
        width=26,
    ),
    Field(
        *("note", "stay.note", "note", msg("Note")),
        msg("Anything that the officer should know. It is sent with the report."),
        msg("Note that is sent with the report."),
        width=40,
    ),
    Field("mrz", "guest.document.mrz", "mrz", msg("Machine readable lines")),
)

BY_NAME = {field.name: field for field in FIELDS}

ON_THE_FORM = tuple(field for field in FIELDS if field.type not in {"nights", "mrz"})
"""The fields that are shown and changed one by one. Nights are another way to type the check-out, lines many fields."""

IN_AN_MRZ = tuple(field.name for field in FIELDS if field.in_mrz)
"""The names of the fields that an MRZ has."""

OTHER_LABELS = {
    "": msg("The whole report"),
    "check_out": msg("Check-out"),
    "reason": msg("Reason"),
    "stay_id": msg("Stay"),
    "kind": msg("Kind of report"),
}
"""Labels of the parts of a report that are not on the form of a check-in."""


def field_values(report: "Report") -> "dict[str, FieldValue]":
    """Return the values of a report's guest and stay by field name, in the order of the table, without empty values.

    The result is empty for a check-out or a cancellation, which has no guest and no stay.
    """
    return {field.name: value for field in ON_THE_FORM if (value := field.value_in(report))}


def typed_texts(report: "Report") -> dict[str, str]:
    """Return the values of a report's fields as a user would type them, without empty ones."""
    return {name: as_typed(value) for name, value in field_values(report).items()}


def as_typed(value: "FieldValue") -> str:
    """Return a value as a user would type it: ISO 8601 for dates and times, the contract's word for a purpose."""
    return instant(value) if isinstance(value, datetime) else str(value)


def with_label(label: Message, problem: Message | None) -> Message:
    """Return a problem, such as what is `missing`, with the label of its field before it."""
    return msg("{field}: {problem}", field=label, problem=problem or "")


def label_of(path: str) -> Message:
    """Return the label of the field at a path of the contract; the path itself where it has no label."""
    if path in OTHER_LABELS:
        return OTHER_LABELS[path]
    return next((field.label for field in FIELDS if field.path == path), literal(path))
