"""A registration slip: what has been noted of one guest so far, what is asked next, and how it waits if nobody goes on.

What was typed is kept as it was understood, a date as the date itself: "besok" means another day tomorrow.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from apoa_client.passport.mrz import FieldState, Mrz
from apoa_client.report.deadline import instant
from apoa_client.report.draft import Draft
from apoa_client.report.rules import INDONESIA

ASKED_FIELDS = (
    *("surname", "given_names", "sex", "birth_place", "birth_date", "nationality"),
    *("document_number", "expiry_date", "stay_permit", "nights", "room"),
)
"""What is asked, in the order of APOA's form. Everything else is on the card, and is asked where somebody wants it."""

_OF_THE_STAY = ("check_in", "planned_check_out", "nights", "room", "purpose")
"""What guests who share a room have in common."""

_NOT_STATED = "-"
_PROPOSED = {"birth_place": _NOT_STATED, "nights": "1"}
_BELIEVED = frozenset({FieldState.OK, FieldState.UNPROTECTED})


@dataclass(slots=True)
class GuestForm:
    """One guest's slip. `typed` has texts by the names of `apoa_client.report.fields`, empty where one was left open.

    `mrz` are lines that hold, or that were accepted. `read` is what can be believed of others: it is proposed, not
    taken. `requested_fields` are fields to ask for beside the usual ones, `asked` those that were answered, in order.
    `begun` says whether the passport's lines were asked for, `again` whether the guest is to be reported although they
    were before.
    """

    typed: dict[str, str] = field(default_factory=dict, repr=False)
    mrz: Mrz | None = field(default=None, repr=False)
    read: Mapping[str, str] = field(default_factory=dict, repr=False)
    requested_fields: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    begun: bool = False
    again: bool = False

    def next_field(self) -> str | None:
        """The field to ask for; None where nothing is left."""
        given = {*self.typed, *(("nights",) if self.typed.get("planned_check_out") else ())}
        if self.mrz is not None:
            on_the_lines = {"surname", "given_names", *mrz_texts(self.mrz)}  # one of the two names may be empty
            given |= on_the_lines - _cut_off(self.mrz) - set(self.requested_fields)
        return next((name for name in (*self.requested_fields, *ASKED_FIELDS) if name not in given), None)

    def request_fields(self, *names: str) -> None:
        """Have fields asked for, again where they were answered."""
        for name in names:
            self.typed.pop(name, None)
        if "nights" in names:
            self.typed.pop("planned_check_out", None)
        self.requested_fields = list(names)

    def begin(self, mrz: Mrz | None, read: Mapping[str, str]) -> bool:
        """Note what the passport's lines gave; whether it is another guest than the slip was about.

        Another passport is: nothing but the stay is left of what was typed before. Without lines, what was read before
        is still proposed.
        """
        before = self.mrz
        another = mrz is not None and (
            before.lines != mrz.lines if before is not None else bool(self.asked or self.read)
        )
        if another:
            self._keep(_OF_THE_STAY)
        if mrz is None and not read:
            read = mrz_texts(before) if before is not None else self.read
        self.mrz, self.read, self.begun = mrz, read, True
        return another

    def _keep(self, names: Sequence[str]) -> None:
        """Forget what was typed for any other field."""
        for name in self.typed.keys() - names:
            del self.typed[name]
        self.asked[:] = [name for name in self.asked if name in names]
        self.requested_fields, self.again = [], False

    def proposal(self, name: str) -> str:
        """What may well be the answer: what was read of it, or what is usual; empty where nothing is."""
        read = mrz_texts(self.mrz) if self.mrz is not None else self.read
        return read.get(name) or _PROPOSED.get(name, "")

    def take(self, given: Mapping[str, str]) -> None:
        """Write down what was given of the stay, and only that; nights and a day of departure replace each other."""
        self.typed.update({name: text for name, text in given.items() if name in _OF_THE_STAY})
        for name, other in (("nights", "planned_check_out"), ("planned_check_out", "nights")):
            if given.get(name):
                self.typed.pop(other, None)

    def draft(self) -> Draft:
        """The slip as a draft to be examined. Lines that do not hold stand on it only where a person accepted them."""
        return Draft(self.typed, self.mrz, accept_check_digit=self.mrz is not None and not self.mrz.valid)

    def for_companion(self) -> "GuestForm":
        """A slip for another guest of the same room: the details of the stay are kept."""
        return GuestForm({name: self.typed[name] for name in _OF_THE_STAY if name in self.typed})

    @property
    def name(self) -> str:
        """The guest's name and document number, as far as they are known; not safe for a screen yet."""
        known = {**self.read, **(mrz_texts(self.mrz) if self.mrz is not None else {}), **self.typed}
        parts = [known.get("given_names", ""), known.get("surname", ""), known.get("document_number", "")]
        return " ".join(filter(None, parts)) or "-"

    @property
    def may_be_foreign(self) -> bool:
        """Whether there may be something to report: Indonesians are not."""
        return INDONESIA not in {self.typed.get("nationality"), self.mrz.nationality if self.mrz is not None else ""}

    @property
    def has_guest_data(self) -> bool:
        """Whether anything of a guest stands on it."""
        return self.mrz is not None or bool(self.read) or any(name not in _OF_THE_STAY for name in self.typed)


def mrz_texts(mrz: Mrz) -> dict[str, str]:
    """The fields that an MRZ gives, as somebody would type them; those that it leaves empty are left out."""
    texts = {
        "surname": mrz.surname,
        "given_names": mrz.given_names,
        "sex": mrz.sex,
        "birth_date": str(mrz.birth_date or ""),
        "nationality": mrz.nationality,
        "document_number": mrz.document_number,
        "issuing_state": mrz.issuing_state,
        "expiry_date": mrz.expiry_date.isoformat() if mrz.expiry_date is not None else "",
    }
    return {name: text for name, text in texts.items() if text}


def trusted_texts(mrz: Mrz) -> dict[str, str]:
    """What of `mrz_texts` can be believed although the MRZ does not hold."""
    states = dict(mrz.states)
    states["surname"] = states["given_names"] = states.get("names", FieldState.BAD)
    return {name: text for name, text in mrz_texts(mrz).items() if states.get(name) in _BELIEVED}


def _cut_off(mrz: Mrz) -> set[str]:
    """The name that has no room in the lines, and must be completed from the page."""
    if not mrz.names_truncated:
        return set()
    return {"given_names" if mrz.given_names else "surname"}


def forms_to_json(slips: Sequence[GuestForm], began: datetime) -> str:
    """Slips as a text to be kept; whoever did not say when a guest came meant `began`, when the first was begun."""
    arrived = {"check_in": instant(began)}
    guests = [
        {
            "typed": arrived | slip.typed,
            "lines": slip.mrz.lines if slip.mrz is not None else (),
            "read": slip.read,
            "asked": slip.asked,
        }
        for slip in slips
    ]
    return json.dumps({"guests": guests})


def forms_from_json(text: str, read_lines: Callable[[Sequence[str]], Mrz]) -> list[GuestForm]:
    """The slips that `forms_to_json` kept, at least one. Raises `ValueError` for a text that is none of its."""
    try:
        guests = [_slip(guest, read_lines) for guest in json.loads(text)["guests"]]
    except (LookupError, TypeError, AttributeError) as exc:
        message = "not slips"
        raise ValueError(message) from exc
    return guests or [GuestForm()]


def _slip(guest: Mapping[str, Mapping[str, str]], read_lines: Callable[[Sequence[str]], Mrz]) -> GuestForm:
    lines = tuple(guest["lines"])
    slip = GuestForm(
        typed=dict(guest["typed"].items()),
        mrz=read_lines(lines) if lines else None,
        read=dict(guest["read"].items()),
        asked=[name for name in guest["asked"] if name in ASKED_FIELDS],
    )
    slip.begun = slip.has_guest_data
    return slip
