"""Check digits of machine readable lines (ICAO Doc 9303-3 §4.9), and which characters people and cameras confuse.

A check digit is the sum of the characters' values under the weights 7, 3, 1, modulo 10. It does not detect a mistake
between characters whose values are equal modulo 10 (6 and G, 1 and L, K and the filler), and it proves nothing. So
look-alikes are also listed for the fields that have no check digit.

The `text` of a layout is its joined lines: it has the layout's length and only characters of the alphabet.
"""

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from apoa_client.passport.layouts import COMPOSITE, Check, DigitCheck, Layout, joined
from apoa_client.texts import repr_with

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
"""Every character that an MRZ may contain. The filler counts as 0."""

DIGITS = "0123456789"

ILLEGAL = 255
"""The value of a character that is not in `ALPHABET`."""

_VALUES = bytes(ALPHABET.find(chr(code)) % 36 % 10 if chr(code) in ALPHABET else ILLEGAL for code in range(256))


def character_values(text: str) -> bytes:
    """Return the value of each character modulo 10; `ILLEGAL` for characters that are not in `ALPHABET`."""
    return text.encode("ascii", "replace").translate(_VALUES)


def weighted_sum(numbers: bytes) -> int:
    """Return the sum of at most 84 values, each below 10, under the weights 7, 3, 1, modulo 10.

    Modulo 2**24 - 1 an integer of base 256 is the sum of its groups of three bytes. So one division adds up the first,
    the second and the third value of each group, each in its own byte. This is twice as fast as three sums of slices.
    """
    sums = int.from_bytes(numbers, "little") % 0xFFFFFF
    return (7 * (sums & 255) + 3 * (sums >> 8 & 255) + (sums >> 16)) % 10


def failing_digits(digit_checks: Iterable[DigitCheck], text: str, numbers: bytes) -> list[str]:
    """Return the names of the check digits in `text` that are wrong; `numbers` are the values of `text`."""
    return [name for name, position, take in digit_checks if text[position] != DIGITS[weighted_sum(take(numbers))]]


def check_digit(text: str) -> str:
    """Return the check digit of at most 84 characters of `ALPHABET`."""
    return DIGITS[weighted_sum(character_values(text))]


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


_MISREAD = ("O0", "I1", "Z2", "S5", "B8", "G6", "D0", "Q0", "QO", "DO", "UV", "YV", "K<", "IL", "1L")
_MISREAD_SOMETIMES = ("17", "27", "38", "A4", "T7", "56", "69", "5G", "09", "68", "89")
_MISREAD_COST, _ARBITRARY_COST = 1.0, 4.0
"""The cost of each kind of mistake: the higher, the rarer it is."""

_COSTS = {
    both: cost
    for pairs, cost in ((_MISREAD_SOMETIMES, 2.0), (_MISREAD, _MISREAD_COST))
    for pair in pairs
    for both in (pair, pair[::-1])
}


def confusion_cost(one: str, other: str) -> float:
    """Return the cost of the assumption that one of two characters was written in place of the other."""
    return _COSTS.get(one + other, _ARBITRARY_COST)


def lookalikes(character: str) -> list[str]:
    """Return the characters that are usually confused with `character`."""
    return [new for new in ALPHABET if confusion_cost(character, new) == _MISREAD_COST]
