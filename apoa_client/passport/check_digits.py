"""Check digits of machine readable lines (ICAO Doc 9303-3 §4.9).

A check digit is the sum of the characters' values under the weights 7, 3, 1, modulo 10. It does not detect a mistake
between characters whose values are equal modulo 10 (6 and G, 1 and L, K and the filler), and it proves nothing.
"""

from collections.abc import Callable, Iterable

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
"""Every character that an MRZ may contain. The filler counts as 0."""

DIGITS = "0123456789"

DigitCheck = tuple[str, int, Callable[[bytes], bytes]]
"""A check digit's name, its position, and a function that selects the covered ones of all characters' values."""

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
