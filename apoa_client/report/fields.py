"""The fields of a check-in: what people call them, and where the contract puts them.

The table's order is that of APOA's own form, which is the order in which staff are asked and shown.
"""

from dataclasses import dataclass

from apoa_client.messages import Message, literal, msg


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `name` as an option and as a key of typed values, `path` in the contract's JSON."""

    name: str
    path: str
    label: Message


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
"""Those that are shown and changed one by one. Nights are another way to type a day, lines one to type many fields."""

OTHER_LABELS = {
    "": msg("The whole report"),
    "check_out": msg("Check-out"),
    "reason": msg("Reason"),
}
"""What people call the parts of a report that are on no check-in's form."""


def label_of(path: str) -> Message:
    """What people call the field at a path of the contract; the path itself where they have no word for it."""
    if path in OTHER_LABELS:
        return OTHER_LABELS[path]
    return next((field.label for field in FIELDS if field.path == path), literal(path))
