"""Ids of reports and stays: UUID version 7, which sort by the time they were made (RFC 9562 section 5.7)."""

from collections.abc import Callable
from datetime import datetime

RandomBytes = Callable[[int], bytes]

_VERSION_7 = 0x7
_VARIANT = 0b10
_TIME_BITS = (1 << 48) - 1
_LAST_BITS = (1 << 62) - 1


def new_id(now: datetime, random: RandomBytes) -> str:
    """Return a new id as text. `random` returns the given number of unpredictable bytes."""
    random_bits = int.from_bytes(random(10), "big")
    return uuid7(int(now.timestamp() * 1000), (random_bits >> 68) << 62 | random_bits & _LAST_BITS)


def uuid7(milliseconds: int, bits: int) -> str:
    """Return a UUID of version 7 with this time in milliseconds since 1970, and with these 74 bits after it."""
    head, tail = bits >> 62, bits & _LAST_BITS
    number = (milliseconds & _TIME_BITS) << 80 | _VERSION_7 << 76 | head << 64 | _VARIANT << 62 | tail
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def uuid7_bits(text: str) -> int:
    """Return the 74 bits of a UUID of version 7 that `uuid7` was given."""
    number = int(text.replace("-", ""), 16)
    return (number >> 64 & 0xFFF) << 62 | number & _LAST_BITS
