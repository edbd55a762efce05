"""What is wrong with an MRZ, and what may mend it: the values in which the reader speaks. No ``repr`` shows data."""

import dataclasses
from dataclasses import dataclass
from enum import Enum

from apoa_client.errors import DataRefused
from apoa_client.messages import Message, msg
from apoa_client.passport.layouts import Span


class FieldState(Enum):
    """How far one field of an MRZ can be believed. A fitting check digit is no proof: see `check_digits`."""

    OK = "ok"
    """A check digit vouches for it, and it can be read."""
    UNPROTECTED = "unprotected"
    """No check digit vouches for it. Compare it with the page."""
    REPAIRED = "repaired"
    """A date that does not hold, and one smallest correction stands out. A person may take it."""
    AMBIGUOUS = "ambiguous"
    """It does not hold, and several corrections are as likely, or nothing but the page can decide between them."""
    BAD = "bad"
    """It does not hold, and no small correction is known."""


@dataclass(frozen=True, slots=True)
class Correction:
    """Something that would make the check digits agree. Never applied without a person's word.

    At `position` (from 0) of line `line` (from 0) stands `old`, and perhaps it should be `new`. Both are one character,
    or a few neighbouring ones; `old` is empty where a character was lost, and `new` where one is too many. `value` is
    what the field would then say: a date in ISO 8601, names with the fillers that part them, a whole line where one is
    too short or too long, otherwise the characters without fillers. `others` is how many other corrections are as
    likely as this one, or likelier.
    """

    field: str
    line: int = dataclasses.field(repr=False)
    position: int = dataclasses.field(repr=False)
    old: str = dataclasses.field(repr=False)
    new: str = dataclasses.field(repr=False)
    value: str = dataclasses.field(repr=False)
    others: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    `field` is "mrz", "document_type", "issuing_state", "names", "given_names" (where it is a field of its own),
    "document_number", "nationality", "birth_date", "sex", "expiry_date", "optional_data", "optional_data_2" or
    "composite"; `code` is one of the codes that the command line promises. `spans` are the characters to mark,
    `corrections` the smallest ones, best first.
    """

    field: str
    code: str
    message: Message = dataclasses.field(repr=False)
    spans: tuple[Span, ...] = ()
    corrections: tuple[Correction, ...] = ()


class MrzUnreadable(DataRefused):
    """What was given is no MRZ at all; `problem` says why."""

    advice: Message | None = msg(
        "Copy the two lines at the foot of the passport's photo page, 44 characters each, every < included. Or leave "
        "them out, and type the details."
    )

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class CannotCompose(DataRefused):
    """Details that no MRZ can hold; `field` names the one at fault."""

    def __init__(self, field: str, message: Message) -> None:
        super().__init__(message)
        self.field = field
