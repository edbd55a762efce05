"""Problems of an MRZ and their possible corrections, as the reader returns them, with messages for a user.

No ``repr`` shows personal data. The user has the passport at hand. Lines and characters count from 1 in messages, and
from 0 in the code.
"""

from enum import Enum
from typing import NamedTuple

from apoa_client.errors import DataRefused
from apoa_client.messages import Message, msg, nmsg
from apoa_client.passport.layouts import TD3, Layout, Span
from apoa_client.privacy import repr_with


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


_OTHER_NUMBER = msg("document number")


def field_label(layout: Layout, field: str) -> Message:
    """Return a field's name for users: the number of a card or a visa is not called a passport number."""
    return _OTHER_NUMBER if field == "document_number" and layout is not TD3 else LABELS[field]


def check_digit_fails(field: Message, spans: tuple[Span, ...], best: Correction | None) -> Message:
    """Say that a field's check digit, the last of `spans`, does not fit."""
    first, digit = spans[0], spans[-1]
    if best is None:
        return msg(
            "The check digit of the {field} does not fit. Compare line {line}, characters {start} to {end}, with the "
            "page.",
            field=field,
            line=first.line + 1,
            start=first.start + 1,
            end=digit.end if digit.line == first.line else first.end,
        )
    if (best.line, best.position, len(best.new)) == (digit.line, digit.start, 1):
        return msg(
            "The check digit of the {field} does not fit. Compare the {field} with the page. If it is right, the check "
            "digit itself is wrong: perhaps {new} in place of {old}, at character {position} of line {line}.",
            field=field,
            **_place(best),
        )
    return msg(
        "The check digit of the {field} does not fit. Compare it with the page: perhaps {new} in place of {old}, at "
        "character {position} of line {line}.",
        field=field,
        **_place(best),
    )


def composite_fails(best: Correction) -> Message:
    """Say that the composite check digit does not fit, although each field's own does."""
    return msg(
        "Only the last check digit, which covers all the others, does not fit. Compare line {line} with the page: "
        "perhaps {new} in place of {old}, at character {position}.",
        **_place(best),
    )


def not_a_date(field: Message, span: Span, best: Correction | None) -> Message:
    """Say that a date does not exist."""
    if best is not None:
        return msg(
            "The {field} is a date that does not exist. Compare it with the page: perhaps {new} in place of {old}, "
            "at character {position} of line {line}.",
            field=field,
            **_place(best),
        )
    return msg(
        "The {field} in line {line}, characters {start} to {end}, is a date that does not exist. Compare it with the "
        "page.",
        field=field,
        line=span.line + 1,
        start=span.start + 1,
        end=span.end,
    )


def wrong_character(field: Message, characters: str, span: Span, best: Correction | None) -> Message:
    """Say that a field contains characters that are not allowed there."""
    if best is None:
        return msg(
            "The {field} in line {line} cannot contain {characters}, at character {position}. Compare it with the "
            "page.",
            field=field,
            characters=characters,
            line=span.line + 1,
            position=span.start + 1,
        )
    return msg(
        "The {field} cannot contain {characters}. Compare it with the page: perhaps {new} in place of {old}, at "
        "character {position} of line {line}.",
        field=field,
        characters=characters,
        **_place(best),
    )


def unknown_state(field: Message, code: str, best: Correction | None) -> Message:
    """Say that no state has this code."""
    if best is None:
        return msg(
            "No country has the code {code}, given as the {field}. Compare it with the page.",
            code=code,
            field=field,
        )
    return msg(
        "No country has the code {code}, given as the {field}. Compare it with the page: perhaps {value}.",
        code=code,
        field=field,
        value=best.value,
    )


def wrong_length(line: int, found: int, length: int, best: Correction | None) -> Message:
    """Say that a line has too few or too many characters."""
    values: dict[str, str | int] = {"line": line + 1, "found": found, "length": length}
    if best is None:
        return msg(
            "Line {line} has {found} characters and must have {length}. Compare it with the page, including every <.",
            **values,
        )
    values |= {"old": best.old, "new": best.new, "position": best.position + 1}
    if best.new and best.old:
        return msg(
            "Line {line} has {found} characters and must have {length}. Perhaps two rows of < have the wrong length.",
            **values,
        )
    changed = best.new or best.old
    if len(changed) > 1 and not changed.strip("<"):
        values["count"] = len(changed)
        if best.new:
            return msg(
                "Line {line} has {found} characters and must have {length}. Perhaps {count} < were left out at "
                "character {position}.",
                **values,
            )
        return msg(
            "Line {line} has {found} characters and must have {length}. Perhaps {count} < at character {position} are "
            "too many.",
            **values,
        )
    if best.new:
        return msg(
            "Line {line} has {found} characters and must have {length}. Perhaps {new} was left out at character "
            "{position}.",
            **values,
        )
    return msg(
        "Line {line} has {found} characters and must have {length}. Perhaps {old} at character {position} is too many.",
        **values,
    )


def fillers_read_as_letters(field: Message, best: Correction) -> Message:
    """Say that a name ends in a row of K."""
    return msg(
        "The {field} ends in a row of K, which a scanner reads in place of <. Compare it with the page: perhaps "
        "{value}.",
        field=field,
        value=best.value,
    )


def wrong_line_count(found: int, characters: int) -> Message:
    """Say that no format has so many lines and characters."""
    return nmsg(
        "{count} line with {characters} characters was given. A passport has two lines of 44, which makes 88.",
        "{count} lines with {characters} characters were given. A passport has two lines of 44, which makes 88.",
        found,
        characters=characters,
    )


def illegal_characters(characters: str, line: int, position: int) -> Message:
    """Say that the lines contain characters that are not in the MRZ's alphabet."""
    return msg(
        "The lines contain characters that a passport's lines never have: {characters}. The first is at character "
        "{position} of line {line}. Only A to Z, 0 to 9 and < are allowed.",
        characters=characters,
        line=line + 1,
        position=position + 1,
    )


def _place(best: Correction) -> dict[str, str | int]:
    return {"new": best.new, "old": best.old, "position": best.position + 1, "line": best.line + 1}
