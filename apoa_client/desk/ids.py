"""Ids of reports and stays: UUID version 7, which sort by the time they were made (RFC 9562 section 5.7)."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

RandomBytes = Callable[[int], bytes]

_VERSION_7 = 0x7
_VARIANT = 0b10


def new_id(now: datetime, random: RandomBytes) -> str:
    """Return a new id as text. `random` returns the given number of unpredictable bytes."""
    milliseconds = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    random_bits = int.from_bytes(random(10), "big")
    a = random_bits >> 68
    b = random_bits & ((1 << 62) - 1)
    return str(UUID(int=milliseconds << 80 | _VERSION_7 << 76 | a << 64 | _VARIANT << 62 | b))
