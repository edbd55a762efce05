"""Check digits: what they are computed from, and nothing about where they stand.

Source: ICAO Doc 9303-3 §4.9: weights 7, 3, 1 over the values of the characters, modulo 10. The digit cannot tell apart
characters whose values are equal modulo 10 (6 and G, 1 and L, K and the filler), nor does it prove anything.
"""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
"""Every character that an MRZ may hold. The filler counts as 0."""

_VALUES = bytes(max(ALPHABET.find(chr(code)), 0) % 36 for code in range(256))


def values(line: str) -> bytes:
    """The values of a line's characters: 0 to 35, the filler's 0. The line holds characters of `ALPHABET` alone."""
    return line.encode("ascii").translate(_VALUES)


def weighted(numbers: bytes) -> int:
    """The sum of values under the weights 7, 3, 1, modulo 10."""
    return (7 * sum(numbers[::3]) + 3 * sum(numbers[1::3]) + sum(numbers[2::3])) % 10


def check_digit(text: str) -> str:
    """The check digit of characters of `ALPHABET`."""
    return str(weighted(values(text)))
