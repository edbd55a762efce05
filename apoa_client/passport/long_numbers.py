"""Document numbers too long for their field, which go on in the optional data.

A filler stands in place of the number's check digit, and the optional data begin with the rest of the number, then its
check digit, then a filler unless they are full (ICAO Doc 9303-5 §4.2.2 for TD1, 9303-6 §4.2.2 for TD2). Two conventions
are seen, both on specimens of Belgian cards: the digit over the number alone, and over the filler between its two parts
as well. Either is accepted, and which one it is can be told.
"""

from enum import Enum
from typing import NamedTuple

from apoa_client.passport.check_digits import DIGITS, values, weighted_sum
from apoa_client.passport.layouts import Check, Layout, joined

_SHORTEST_REST = 2
"""One character and the check digit."""


class Convention(Enum):
    """What the check digit of a long number was computed over."""

    NUMBER_ALONE = "number_alone"
    WITH_FILLER = "with_filler"
    EITHER = "either"
    NEITHER = "neither"


class LongNumber(NamedTuple):
    """The number without its fillers' gap, what is left of the optional data, and how it is checked."""

    number: str
    optional_data: str
    convention: Convention
    check: Check

    def __repr__(self) -> str:
        """The number is personal data."""
        return f"LongNumber({self.convention})"


def long_number(layout: Layout, text: str) -> LongNumber | None:
    """The long number of joined lines; None where the number keeps to its field."""
    if not layout.overflows:
        return None
    field, more = layout.at(layout.by_name["document_number"].span), layout.at(layout.by_name["optional_data"].span)
    rest, _filler, left = text[more].partition("<")
    if text[field.stop - 1] == "<" or text[field.stop] != "<" or len(rest) < _SHORTEST_REST:
        return None
    end = more.start + len(rest) - 1
    rest_of_number = slice(more.start, end)
    alone, with_filler = (field, rest_of_number), (slice(field.start, field.stop + 1), rest_of_number)
    check = Check("document_number", end, alone, otherwise=with_filler)
    return LongNumber(text[field] + rest[:-1], left, _convention(check, text), check)


def _convention(check: Check, text: str) -> Convention:
    numbers = values(text)
    alone, with_filler = (
        text[check.digit] == DIGITS[weighted_sum(joined(spans)(numbers))] for spans in (check.spans, check.otherwise)
    )
    return _CONVENTIONS[alone, with_filler]


_CONVENTIONS = {
    (True, True): Convention.EITHER,
    (True, False): Convention.NUMBER_ALONE,
    (False, True): Convention.WITH_FILLER,
    (False, False): Convention.NEITHER,
}
