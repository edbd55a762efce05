"""Document numbers that are too long for their field and continue in the optional data.

A filler stands in place of the number's check digit. The optional data begin with the rest of the number, then its
check digit, then a filler unless they are full (ICAO Doc 9303-5 §4.2.2 for TD1, 9303-6 §4.2.2 for TD2). Specimens of
Belgian cards show two conventions: the check digit covers the number alone, or also the filler between its two parts.
Both are accepted, and `LongNumber.convention` says which one was used.
"""

from enum import Enum
from typing import NamedTuple

from apoa_client.passport.check_digits import DIGITS, character_values, weighted_sum
from apoa_client.passport.layouts import Check, Layout, joined

_MIN_REST = 2
"""One character and the check digit."""


class Convention(Enum):
    """What the check digit of a long number covers."""

    NUMBER_ALONE = "number_alone"
    WITH_FILLER = "with_filler"
    EITHER = "either"
    NEITHER = "neither"


class LongNumber(NamedTuple):
    """The whole number, the rest of the optional data, and the check digit of the number."""

    number: str
    optional_data: str
    convention: Convention
    check: Check

    def __repr__(self) -> str:
        """Return the convention only, because the number is personal data."""
        return f"LongNumber({self.convention})"


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
