"""Check digits: what they are computed from, and nothing about where they stand.

Source: ICAO Doc 9303-3 §4.9: weights 7, 3, 1 over the values of the characters, modulo 10. The digit cannot tell apart
characters whose values are equal modulo 10 (6 and G, 1 and L, K and the filler), nor does it prove anything.
"""

from collections.abc import Callable, Iterable

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
"""Every character that an MRZ may hold. The filler counts as 0."""

DIGITS = "0123456789"

DigitCheck = tuple[str, int, Callable[[bytes], bytes]]
"""A check digit's name, its position, and what takes the values that it is computed from out of all values."""

ILLEGAL = 255
"""In place of a value: the character is none of `ALPHABET`."""

_VALUES = bytes(ALPHABET.find(chr(code)) % 36 % 10 if chr(code) in ALPHABET else ILLEGAL for code in range(256))


def values(text: str) -> bytes:
    """The values of characters modulo 10, and `ILLEGAL` for those that are none of `ALPHABET`."""
    return text.encode("ascii", "replace").translate(_VALUES)


_integer = int.from_bytes


def weighted_sum(numbers: bytes) -> int:
    """The sum of values, each below 10, under the weights 7, 3, 1, modulo 10. At most 84 values.

    Modulo 2**24 - 1 an integer of base 256 is the sum of its groups of three bytes: one division adds up the first, the
    second and the third of each group at once, each in a byte of its own. It is twice as fast as three sums of slices.
    """
    sums = _integer(numbers, "little") % 0xFFFFFF
    return (7 * (sums & 255) + 3 * (sums >> 8 & 255) + (sums >> 16)) % 10


def failing_digits(digit_checks: Iterable[DigitCheck], text: str, numbers: bytes) -> list[str]:
    """The names of the check digits of `text`, whose values are `numbers`, that are not what they should be.

    This is `weighted_sum` for each, written out: every MRZ passes here, and the calls would cost more than the sums.
    """
    wrong = []
    for name, position, take in digit_checks:
        sums = _integer(take(numbers), "little") % 0xFFFFFF
        if text[position] != DIGITS[(7 * (sums & 255) + 3 * (sums >> 8 & 255) + (sums >> 16)) % 10]:
            wrong.append(name)
    return wrong


def check_digit(text: str) -> str:
    """The check digit of at most 84 characters of `ALPHABET`."""
    return DIGITS[weighted_sum(values(text))]
