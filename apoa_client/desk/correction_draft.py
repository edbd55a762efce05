"""A correction: the reported values as if they had been typed, with the newly typed values on top.

So a correction is checked by the rules of a check-in. If nothing new is typed, the result is what was reported.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from apoa_client.passport.mrz import Mrz, read_mrz
from apoa_client.report.draft import Draft
from apoa_client.report.fields import IN_AN_MRZ, as_typed, field_values
from apoa_client.report.model import Report
from apoa_client.report.parse_fields import changed_nights
from apoa_client.report.rules import CHECK_DIGIT_NOTE, Examination


@dataclass(frozen=True, slots=True)
class CorrectionDraft:
    """A report, and what was typed to correct it. The report must have a guest and a stay.

    A number of nights such as ``+1`` is added to the reported one.
    """

    before: Report
    typed: Mapping[str, str] = field(default_factory=dict, repr=False)
    mrz: Mrz | None = field(default=None, repr=False)
    """New MRZ lines; None if none were given."""
    accept_check_digit: bool = False

    def draft(self, today: date) -> Draft:
        """Return the complete draft. Without new MRZ lines, valid reported lines are read again, as of `today`."""
        texts = typed_texts(self.before)
        mrz = self.mrz
        if mrz is not None:
            texts = {name: text for name, text in texts.items() if name not in IN_AN_MRZ}
            texts["note"] = texts.get("note", "").removesuffix(CHECK_DIGIT_NOTE).strip()  # it was about the old lines
        elif self.before.guest is not None and self.before.guest.document.mrz:
            reported = read_mrz(self.before.guest.document.mrz, today=today)
            mrz = reported if reported.valid else None  # lines that were accepted once must not block a correction
        typed = dict(self.typed)
        if typed.get("nights"):
            texts.pop("planned_check_out", None)
            if self.before.stay is not None:
                typed["nights"] = changed_nights(typed["nights"], self.before.stay.nights)
        return Draft({**texts, **typed}, mrz, self.accept_check_digit)

    def with_reported_values(self, examination: Examination) -> Examination:
        """Return the examination with the values as they were reported that the parsers would write differently.

        These are the type of document, which no field holds and only an MRZ changes, and a room's spelling.
        """
        guest, stay, before = examination.guest, examination.stay, self.before
        if guest is not None and before.guest is not None and self.mrz is None:
            guest = guest._replace(document=guest.document._replace(type=before.guest.document.type))
        if stay is not None and before.stay is not None and "room" not in self.typed:
            stay = stay._replace(room=before.stay.room)
        return examination._replace(guest=guest, stay=stay)


def typed_texts(report: Report) -> dict[str, str]:
    """Return the values of a report's fields as a user would type them, without empty ones.

    Raises `ValueError` for a report without guest and stay.
    """
    if report.guest is None or report.stay is None:
        message = "neither a check-in nor a correction"
        raise ValueError(message)
    return {name: as_typed(value) for name, value in field_values(report).items()}
