"""The form of one guest: what was typed and read so far, what to ask next, and how unfinished forms are stored.

Typed values are kept as they were understood, a date as the date itself: "besok" (tomorrow) means another day tomorrow.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from apoa_client.passport.mrz import FieldState, Mrz
from apoa_client.report.fields import BY_NAME, FIELDS, IN_AN_MRZ, NAMES, as_typed
from apoa_client.report.kinds import instant
from apoa_client.report.parse_fields import Draft
from apoa_client.report.rules import INDONESIA

ASKED_FIELDS = tuple(item.name for item in FIELDS if item.is_asked)
"""The fields that are always asked, in our order. The user can fill the others on the review card."""

_STAY_FIELDS = tuple(item.name for item in FIELDS if item.is_shared)
"""The fields that guests of the same room share."""

TRUNCATED_FIELD = "truncated_field"
"""The key, among suggested texts, of the name of the field that the MRZ may cut off."""

_TRUSTED = frozenset({FieldState.OK, FieldState.UNPROTECTED})


@dataclass(slots=True)
class GuestForm:
    """The form of one guest."""

    typed: dict[str, str] = field(default_factory=dict, repr=False)
    """Texts by the names of `apoa_client.report.fields`; empty for a field that was left open."""
    mrz: Mrz | None = field(default=None, repr=False)
    """The MRZ, if it is valid."""
    suggested: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Trusted fields of an invalid MRZ, which are suggested as answers, and `TRUNCATED_FIELD`."""
    wrong_lines: Sequence[str] = field(default=(), repr=False)
    """The lines of an invalid MRZ, to which the user can go back from the details by hand. A draft has none."""
    permit_of_group: str = field(default="", repr=False)
    """The stay permit of the first guest of the group, which is suggested."""
    recalled: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Values of the guest's last stay, which are suggested as answers."""
    recalled_document: tuple[str, str] = field(default=("", ""), repr=False)
    """The `document` for which `recalled` was looked up."""
    requested_fields: list[str] = field(default_factory=list)
    """Fields to ask for in addition to `ASKED_FIELDS`."""
    answered_fields: list[str] = field(default_factory=list)
    """The fields that were answered, in order."""
    photo: bytes | None = field(default=None, repr=False)
    """The photo of the passport's page, as a JPEG, if it is kept with the report. A draft does not have it."""
    mrz_asked: bool = False
    """Whether the user was asked for the MRZ."""
    allow_duplicate: bool = False
    """Whether the user confirmed that the guest is to be reported although they seem to be reported already."""

    def next_field(self) -> str | None:
        """Return the next field to ask for; None if nothing is left."""
        given = {*self.typed, *(("nights",) if self.typed.get("planned_check_out") else ())}
        if self.mrz is not None:
            in_the_mrz = {*NAMES, *mrz_texts(self.mrz)}  # one of the two names may be empty
            in_the_mrz.discard(self.truncated_field)  # the rest must be completed from the page
            given |= in_the_mrz - set(self.requested_fields)
        asked = (*self.requested_fields, *ASKED_FIELDS, *self.recalled)
        return next((name for name in asked if name not in given), None)

    def request_fields(self, *names: str) -> None:
        """Forget the answers of these fields, so that they are asked next."""
        for name in names:
            self.typed.pop(name, None)
        if "nights" in names:
            self.typed.pop("planned_check_out", None)
        self.requested_fields = list(names)

    def set_passport(self, mrz: Mrz | None, suggested: Mapping[str, str], wrong_lines: Sequence[str] = ()) -> bool:
        """Store the result of the passport question. Return whether the passport is of another guest than before.

        For another guest, only the fields of the stay are kept. Without an MRZ, earlier values are still suggested.
        """
        before = self.mrz
        other_guest = mrz is not None and (
            before.lines != mrz.lines if before is not None else bool(self.answered_fields or self.suggested)
        )
        if other_guest:
            for name in self.typed.keys() - _STAY_FIELDS:
                del self.typed[name]
            self.answered_fields[:] = [name for name in self.answered_fields if name in _STAY_FIELDS]
            self.requested_fields, self.allow_duplicate, self.photo = [], False, None
        if mrz is None and not suggested:
            suggested = suggested_texts(before) if before is not None else self.suggested
        self.mrz, self.suggested, self.wrong_lines, self.mrz_asked = mrz, suggested, wrong_lines, True
        return other_guest

    def suggestion(self, name: str) -> str:
        """Return the likely answer for a field: what the MRZ says, or what is usual; empty if there is none."""
        known = mrz_texts(self.mrz) if self.mrz is not None else self.suggested
        of_group = self.permit_of_group if name == "stay_permit" else ""
        return known.get(name) or self.recalled.get(name) or of_group or BY_NAME[name].usual

    @property
    def truncated_field(self) -> str:
        """The name of the field that the MRZ may cut off; empty if there is none."""
        return self.mrz.truncated_field if self.mrz is not None else self.suggested.get(TRUNCATED_FIELD, "")

    def draft(self) -> Draft:
        """Return the form as a draft."""
        return Draft(self.typed, self.mrz)

    def for_companion(self, given: Mapping[str, str] | None = None) -> "GuestForm":
        """Return a form for another guest of the same room, with the same stay, and what is `given` of the guest."""
        of_guest = {name: text for name, text in (given or {}).items() if name not in _STAY_FIELDS}
        return GuestForm(of_guest | {name: self.typed[name] for name in _STAY_FIELDS if name in self.typed})

    @property
    def name(self) -> str:
        """The guest's name and document number as far as known, not sanitized."""
        known = {**self.suggested, **(mrz_texts(self.mrz) if self.mrz is not None else {}), **self.typed}
        parts = [known.get("given_names", ""), known.get("surname", ""), known.get("document_number", "")]
        return " ".join(filter(None, parts)) or "-"

    @property
    def document(self) -> tuple[str, str]:
        """Number and issuing state of the travel document as far as known. The state is usually the nationality."""
        known = mrz_texts(self.mrz) if self.mrz is not None else {}
        known |= {name: text for name, text in self.typed.items() if text}
        return known.get("document_number", ""), known.get("issuing_state") or known.get("nationality", "")

    @property
    def may_be_foreign(self) -> bool:
        """Whether the nationality is unknown or foreign: Indonesians are not reported."""
        return INDONESIA not in {self.typed.get("nationality"), self.mrz.nationality if self.mrz is not None else ""}

    @property
    def has_guest_data(self) -> bool:
        """Whether anything about a guest is on the form, not only about the stay."""
        return self.mrz is not None or bool(self.suggested) or any(name not in _STAY_FIELDS for name in self.typed)


def mrz_texts(mrz: Mrz) -> dict[str, str]:
    """Return the fields of an MRZ as a user would type them, without empty ones."""
    return {name: as_typed(value) for name in IN_AN_MRZ if (value := getattr(mrz, name))}


def suggested_texts(mrz: Mrz) -> dict[str, str]:
    """Return `mrz_texts`, and the name of the field that may be cut off as `TRUNCATED_FIELD`."""
    texts = mrz_texts(mrz)
    return texts | {TRUNCATED_FIELD: mrz.truncated_field} if mrz.truncated_field in texts else texts


def trusted_texts(mrz: Mrz) -> dict[str, str]:
    """Return the fields of `suggested_texts` that can be trusted although the MRZ as a whole is invalid."""
    states = dict(mrz.states)
    states["surname"] = states["given_names"] = states[TRUNCATED_FIELD] = states.get("names", FieldState.BAD)
    return {name: text for name, text in suggested_texts(mrz).items() if states.get(name) in _TRUSTED}


def forms_to_json(forms: Sequence[GuestForm], started_at: datetime) -> str:
    """Return forms as JSON text, to be stored. `started_at` is the check-in of guests for whom none was typed."""
    arrived = {"check_in": instant(started_at)}
    guests = [
        {
            "typed": arrived | form.typed,
            "lines": form.mrz.lines if form.mrz is not None else (),
            "read": form.suggested,
            "asked": form.answered_fields,
        }
        for form in forms
    ]
    return json.dumps({"guests": guests})


def forms_from_json(text: str, read_lines: Callable[[Sequence[str]], Mrz]) -> list[GuestForm]:
    """Return the forms that `forms_to_json` wrote, at least one. Raises `ValueError` for any other text."""
    try:
        guests = [_form(guest, read_lines) for guest in json.loads(text)["guests"]]
    except (LookupError, TypeError, AttributeError) as exc:
        message = "not guest forms"
        raise ValueError(message) from exc
    return guests or [GuestForm()]


def _form(guest: Mapping[str, Mapping[str, str]], read_lines: Callable[[Sequence[str]], Mrz]) -> GuestForm:
    lines = tuple(guest["lines"])
    mrz = read_lines(lines) if lines else None
    is_wrong = mrz is not None and not mrz.valid  # in a draft of version 0.1.0
    form = GuestForm(
        typed=dict(guest["typed"].items()),
        mrz=None if is_wrong else mrz,
        suggested=trusted_texts(mrz) if mrz is not None and is_wrong else dict(guest["read"].items()),
        answered_fields=[name for name in guest["asked"] if name in ASKED_FIELDS],
    )
    form.mrz_asked = form.has_guest_data
    return form
