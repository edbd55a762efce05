"""Problems of an MRZ and their possible corrections, as the reader returns them, with messages for a user.

No ``repr`` shows personal data. The user has the passport at hand. Lines and characters count from 1 in messages, and
from 0 in the code.
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from apoa_client.errors import DataRefused
from apoa_client.messages import Message, msg, nmsg
from apoa_client.passport.layouts import TD3, Layout, Span
from apoa_client.texts import repr_with


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


@repr_with("field")
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


@repr_with("field", "code")
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


class MrzUnreadable(DataRefused):
    """The input is no MRZ; `problem` says why."""

    name = "mrz_unreadable"
    advice: Message | None = msg(
        "Copy the two lines at the bottom of the passport's photo page, 44 characters each, including every <. Or "
        "leave them out, and type the details."
    )

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class CannotCompose(DataRefused):
    """A field cannot be written in an MRZ; `field` is its name."""

    name = "cannot_compose"

    def __init__(self, field: str, message: Message) -> None:
        super().__init__(message)
        self.field = field


LABELS = {
    "document_type": msg("kind of document"),
    "issuing_state": msg("issuing state"),
    "names": msg("name"),
    "document_number": msg("passport number"),
    "nationality": msg("nationality"),
    "birth_date": msg("date of birth"),
    "sex": msg("sex"),
    "expiry_date": msg("date of expiry"),
    "optional_data": msg("optional data"),
    "optional_data_2": msg("optional data"),
    "given_names": msg("given names"),
}


def cannot_compose(field: str, text: str) -> CannotCompose:
    """Return the error for a text that cannot be written in a field."""
    message = msg("The {field} {text} cannot be written in machine readable lines.", field=LABELS[field], text=text)
    return CannotCompose(field, message)


_OTHER_NUMBER = msg("document number")


def field_label(layout: Layout, field: str) -> Message:
    """Return a field's name for users: the number of a card or a visa is not called a passport number."""
    return _OTHER_NUMBER if field == "document_number" and layout is not TD3 else LABELS[field]


class ProblemKind(NamedTuple):
    """One row of the table of problems: its code, and what is said where a correction is likely, or else none is.

    The sentences have places for the `field`, for the `line`, `start` and `end` (or `position`) of what is wrong, and
    for a correction: `new` in place of `old` at `position` of `line`, and the corrected `value`.
    """

    code: str
    likely: Message
    unknown: Message

    def problem(
        self,
        name: str,
        spans: tuple[Span, ...],
        found: tuple[Correction, ...] = (),
        **details: str | int | Message,
    ) -> Problem:
        """Return a problem of this kind with the field `name`; `details` are further values for the sentence."""
        first, last = spans[0], spans[-1]
        end = last.end if last.line == first.line else first.end
        places = {"line": first.line + 1, "start": first.start + 1, "position": first.start + 1, "end": end}
        sentence = self.likely if found else self.unknown
        return Problem(name, self.code, _filled(sentence, {**places, **details}, *found[:1]), spans, found)


def _filled(sentence: Message, values: Mapping[str, str | int | Message], best: Correction | None = None) -> Message:
    """Return a sentence of the table with those of the values that it has places for."""
    if best is not None:
        position = {"position": best.position + 1, "line": best.line + 1}
        values = {**values, **position, "new": best.new, "old": best.old, "value": best.value}
    template = sentence.template
    return Message(template, {name: value for name, value in values.items() if f"{{{name}}}" in template})


CHECK_DIGIT = ProblemKind(
    "check_digit",
    msg(
        "The check digit of the {field} does not fit. Compare it with the page: perhaps {new} in place of {old}, at "
        "character {position} of line {line}."
    ),
    msg(
        "The check digit of the {field} does not fit. Compare line {line}, characters {start} to {end}, with the page."
    ),
)
THE_DIGIT_ITSELF = CHECK_DIGIT._replace(
    likely=msg(
        "The check digit of the {field} does not fit. Compare the {field} with the page. If it is right, the check "
        "digit itself is wrong: perhaps {new} in place of {old}, at character {position} of line {line}."
    )
)
COMPOSITE_DIGIT = CHECK_DIGIT._replace(
    likely=msg(
        "Only the last check digit, which covers all the others, does not fit. Compare line {line} with the page: "
        "perhaps {new} in place of {old}, at character {position}."
    )
)
"""Each field's own check digit fits; a correction is always known."""
NO_DATE = ProblemKind(
    "bad_date",
    msg(
        "The {field} is a date that does not exist. Compare it with the page: perhaps {new} in place of {old}, at "
        "character {position} of line {line}."
    ),
    msg(
        "The {field} in line {line}, characters {start} to {end}, is a date that does not exist. Compare it with the "
        "page."
    ),
)
WRONG_CHARACTER = ProblemKind(
    "bad_character",
    msg(
        "The {field} cannot contain {characters}. Compare it with the page: perhaps {new} in place of {old}, at "
        "character {position} of line {line}."
    ),
    msg("The {field} in line {line} cannot contain {characters}, at character {position}. Compare it with the page."),
)
FILLERS_READ_AS_K = WRONG_CHARACTER._replace(
    likely=msg(
        "The {field} ends in a row of K, which a scanner reads in place of <. Compare it with the page: perhaps "
        "{value}."
    )
)
UNKNOWN_STATE = ProblemKind(
    "unknown_state",
    msg("No country has the code {code}, given as the {field}. Compare it with the page: perhaps {value}."),
    msg("No country has the code {code}, given as the {field}. Compare it with the page."),
)
ILLEGAL_CHARACTERS = WRONG_CHARACTER._replace(
    unknown=msg(
        "The lines contain characters that a passport's lines never have: {characters}. The first is at character "
        "{position} of line {line}. Only A to Z, 0 to 9 and < are allowed."
    )
)

_LENGTH = msg("Line {line} has {found} characters and must have {length}. Compare it with the page, including every <.")
_TOO_SHORT = msg(
    "Line {line} has {found} characters and must have {length}. Perhaps {new} was left out at character {position}."
)
_TOO_LONG = msg(
    "Line {line} has {found} characters and must have {length}. Perhaps {old} at character {position} is too many."
)


def wrong_length(span: Span, length: int, found: tuple[Correction, ...]) -> Problem:
    """Return the problem of a line, given as a span, that must have another length."""
    values = {"line": span.line + 1, "found": span.end, "length": length}
    best, sentence = next(iter(found), None), _LENGTH
    if best is not None and bool(best.new) is not bool(best.old):
        sentence = _TOO_SHORT if best.new else _TOO_LONG
    return Problem("mrz", "bad_length", _filled(sentence, values, best), (span,), found)


def wrong_line_count(found: int, characters: int) -> Problem:
    """Return the problem of lines whose number and characters are those of no format."""
    message = nmsg(
        "{count} line with {characters} characters was given. A passport has two lines of 44, which makes 88.",
        "{count} lines with {characters} characters were given. A passport has two lines of 44, which makes 88.",
        found,
        characters=characters,
    )
    return Problem("mrz", "bad_length", message)
