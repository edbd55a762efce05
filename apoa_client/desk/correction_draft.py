"""What was reported, as if staff had typed it: a correction begins with it, and what is typed now goes on top.

So a correction is examined by the same rules as an arrival. Where nothing is typed, the same comes out that went in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from apoa_client.passport.mrz import Mrz, read_mrz
from apoa_client.report.deadline import instant
from apoa_client.report.draft import Draft
from apoa_client.report.model import Guest, Report, Stay, StayPermit
from apoa_client.report.rules import CHECK_DIGIT_NOTE, Examination

_IN_AN_MRZ = (
    *("surname", "given_names", "sex", "birth_date", "nationality"),
    *("document_number", "issuing_state", "expiry_date"),
)
"""What new machine readable lines say anew."""


@dataclass(frozen=True, slots=True)
class CorrectionDraft:
    """A report, and what was typed to correct it. Raises `ValueError` for a report without guest and stay."""

    before: Report
    typed: Mapping[str, str] = field(default_factory=dict, repr=False)
    mrz: Mrz | None = field(default=None, repr=False)
    """New lines; None where none were read."""
    accept_check_digit: bool = False

    def draft(self, today: date) -> Draft:
        """The whole as a draft. Lines that were reported are read again, as evidence, as of `today`."""
        texts = typed_texts(self.before)
        if self.mrz is not None:
            texts = {name: text for name, text in texts.items() if name not in _IN_AN_MRZ}
            texts["note"] = texts.get("note", "").removesuffix(CHECK_DIGIT_NOTE).strip()  # it was about other lines
        if self.typed.get("nights"):
            texts.pop("planned_check_out", None)
        return Draft({**texts, **self.typed}, self.mrz or self._lines(today), self.accept_check_digit)

    def _lines(self, today: date) -> Mrz | None:
        lines = self.before.guest.document.mrz if self.before.guest is not None else None
        mrz = read_mrz(lines, today=today) if lines else None
        return mrz if mrz is not None and mrz.valid else None  # what held then does not stand in the way now

    def with_document_type(self, examination: Examination) -> Examination:
        """The examination, with the kind of document that no field tells and that only new lines change."""
        guest, known = examination.guest, self.before.guest
        if guest is None or known is None or self.mrz is not None:
            return examination
        return replace(examination, guest=replace(guest, document=replace(guest.document, type=known.document.type)))


def typed_texts(report: Report) -> dict[str, str]:
    """Each field of a report that has a value, as somebody would type it. Only for one with guest and stay."""
    if report.guest is None or report.stay is None:
        message = "neither a check-in nor a correction"
        raise ValueError(message)
    guest, permit, stay = report.guest, report.guest.stay_permit, report.stay
    texts = {**_texts_of_guest(guest), **_texts_of_permit(permit), **_texts_of_stay(stay)}
    return {name: text for name, text in texts.items() if text}


def _texts_of_guest(guest: Guest) -> dict[str, str | None]:
    return {
        "surname": guest.surname,
        "given_names": guest.given_names,
        "sex": guest.sex,
        "birth_place": guest.birth_place,
        "birth_date": str(guest.birth_date),
        "nationality": guest.nationality,
        "document_number": guest.document.number,
        "issuing_state": guest.document.issuing_state,
        "expiry_date": guest.document.expiry_date.isoformat(),
        "phone": guest.phone,
        "email": guest.email,
    }


def _texts_of_permit(permit: StayPermit | None) -> dict[str, str | None]:
    if permit is None:
        return {}
    return {
        "stay_permit": permit.code,
        "stay_permit_number": permit.number,
        "stay_until": permit.valid_until.isoformat() if permit.valid_until is not None else None,
        "entry_date": permit.entry_date.isoformat() if permit.entry_date is not None else None,
    }


def _texts_of_stay(stay: Stay) -> dict[str, str | None]:
    return {
        "check_in": instant(stay.check_in),
        "planned_check_out": stay.planned_check_out.isoformat(),
        "room": stay.room,
        "purpose": stay.purpose.value,
        "note": stay.note,
    }
