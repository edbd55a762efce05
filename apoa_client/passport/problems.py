"""Problems of an MRZ and their possible corrections, as the reader returns them. No ``repr`` shows personal data."""

from enum import Enum
from typing import NamedTuple

from apoa_client.errors import DataRefused
from apoa_client.messages import Message, msg
from apoa_client.passport.layouts import Span


class FieldState(Enum):
    """How reliable one field of an MRZ is. A correct check digit is no proof: see `check_digits`."""

    OK = "ok"
    """It can be read, and its check digit is correct."""
    UNPROTECTED = "unprotected"
    """No check digit covers it. Compare it with the page."""
    REPAIRED = "repaired"
    """A date that is wrong, and one correction is the likeliest. A user may accept it."""
    AMBIGUOUS = "ambiguous"
    """It is wrong, and only the page can decide between the corrections."""
    BAD = "bad"
    """It is wrong, and no small correction is known."""


class Correction(NamedTuple):
    """A change that makes the check digits fit. It is applied only when a user agrees.

    At `position` (from 0) of line `line` (from 0) the lines have `old`, and perhaps it should be `new`: one or a few
    characters. `old` is empty where a character was lost, and `new` where one is too many. `value` is the corrected
    value of the field: a date in ISO 8601, names with the fillers between them, a whole line where one is too short or
    too long, otherwise the characters without fillers. `others` is the number of other corrections that are at least as
    likely.
    """

    field: str
    line: int
    position: int
    old: str
    new: str
    value: str
    others: int = 0

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return f"Correction({self.field!r}, …)"


class Problem(NamedTuple):
    """One problem of an MRZ.

    `field` is "mrz", "document_type", "issuing_state", "names", "given_names" (where it is a field of its own),
    "document_number", "nationality", "birth_date", "sex", "expiry_date", "optional_data", "optional_data_2" or
    "composite"; `code` is one of the codes that the command line documents. `spans` are the characters to mark,
    `corrections` the smallest ones, best first.
    """

    field: str
    code: str
    message: Message
    spans: tuple[Span, ...] = ()
    corrections: tuple[Correction, ...] = ()

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return f"Problem({self.field!r}, {self.code!r}, …)"


class MrzUnreadable(DataRefused):
    """The input is no MRZ; `problem` says why."""

    advice: Message | None = msg(
        "Copy the two lines at the bottom of the passport's photo page, 44 characters each, including every <. Or "
        "leave them out, and type the details."
    )

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class CannotCompose(DataRefused):
    """A field cannot be written in an MRZ; `field` is its name."""

    def __init__(self, field: str, message: Message) -> None:
        super().__init__(message)
        self.field = field
