"""Verification of the check digits of an MRZ (ICAO Doc 9303-3 §4.9), also those of long document numbers.

In this module `text` is the joined lines of a layout: it has the layout's length and only characters of the alphabet.
"""

from enum import Enum
from typing import NamedTuple

from apoa_client.passport.check_digits import DIGITS, character_values, failing_digits, weighted_sum
from apoa_client.passport.layouts import COMPOSITE, Check, Layout, joined
from apoa_client.privacy import repr_with

_MIN_REST = 2
"""One character and the check digit."""


class Convention(Enum):
    """What the check digit of a long number covers."""

    NUMBER_ALONE = "number_alone"
    WITH_FILLER = "with_filler"
    EITHER = "either"
    NEITHER = "neither"


@repr_with("convention")
class LongNumber(NamedTuple):
    """A document number that is too long for its field and continues in the optional data.

    It has the whole number, the rest of the optional data, and the check digit of the number. A filler stands in place
    of the number's check digit. The optional data begin with the rest of the number, then its check digit, then a
    filler unless they are full (ICAO Doc 9303-5 §4.2.2 for TD1, 9303-6 §4.2.2 for TD2). Specimens of Belgian cards show
    two conventions: the check digit covers the number alone, or also the filler between its two parts. Both are
    accepted, and `convention` says which one was used.
    """

    number: str
    optional_data: str
    convention: Convention
    check: Check


def long_number(layout: Layout, text: str) -> LongNumber | None:
    """Return the long number in the joined lines; None where the number fits into its field."""
    if not layout.overflows:
        return None
    field, more = layout.at(layout.by_name["document_number"].span), layout.at(layout.by_name["optional_data"].span)
    rest, _filler, optional_data = text[more].partition("<")
    if text[field.stop - 1] == "<" or text[field.stop] != "<" or len(rest) < _MIN_REST:
        return None
    end = more.start + len(rest) - 1
    rest_of_number = slice(more.start, end)
    alone, with_filler = (field, rest_of_number), (slice(field.start, field.stop + 1), rest_of_number)
    numbers = character_values(text)
    convention = _CONVENTIONS[
        text[end] == DIGITS[weighted_sum(joined(alone)(numbers))],
        text[end] == DIGITS[weighted_sum(joined(with_filler)(numbers))],
    ]
    check = Check("document_number", end, alone, otherwise=with_filler)
    return LongNumber(text[field] + rest[:-1], optional_data, convention, check)


_CONVENTIONS = {
    (True, True): Convention.EITHER,
    (True, False): Convention.NUMBER_ALONE,
    (False, True): Convention.WITH_FILLER,
    (False, False): Convention.NEITHER,
}


def checks_of(layout: Layout, text: str) -> tuple[Check, ...]:
    """Return the layout's checks; the check of a long document number covers all of the number."""
    long = long_number(layout, text)
    if long is None:
        return layout.checks
    return tuple(long.check if check.name == long.check.name else check for check in layout.checks)


def failing_checks(layout: Layout, text: str) -> list[str]:
    """Return the names of the fields whose check digit is wrong, with `COMPOSITE` for the one over several fields."""
    numbers = character_values(text)
    wrong = failing_digits(layout.digit_checks, text, numbers)
    return wrong and confirm_failing(layout, text, numbers, wrong)


def confirm_failing(layout: Layout, text: str, numbers: bytes, wrong: list[str]) -> list[str]:
    """Return those of the `wrong` checks that are wrong even where a filler is allowed or a number is long."""
    if layout.overflows:
        return [c.name for c in checks_of(layout, text) if c.name in wrong and not digit_is_correct(c, text, numbers)]
    return [
        name
        for name in wrong
        if text[layout.check[name].digit] != "<" or not digit_is_correct(layout.check[name], text, numbers)
    ]


def digit_is_correct(check: Check, text: str, numbers: bytes | None = None) -> bool:
    """Return whether one check digit is correct. `numbers` are the values of `text`, if the caller has them."""
    if numbers is None:
        numbers = character_values(text)
    given = text[check.digit]
    if given == "<":
        return check.filler_allowed and not any(text[span].strip("<") for span in check.spans)
    if given == DIGITS[weighted_sum(check.take(numbers))]:
        return True
    return check.otherwise != () and given == DIGITS[weighted_sum(joined(check.otherwise)(numbers))]


def composite_digit(layout: Layout, text: str) -> str | None:
    """Return the correct composite check digit; None where the format has none."""
    check = layout.check.get(COMPOSITE)
    return None if check is None else DIGITS[weighted_sum(check.take(character_values(text)))]
