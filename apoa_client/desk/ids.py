"""Ids of reports and stays: UUID version 7, so that they sort by when they were made (RFC 9562 §5.7)."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

RandomBytes = Callable[[int], bytes]

_VERSION_7 = 0x7
_VARIANT = 0b10


def new_id(now: datetime, random: RandomBytes) -> str:
    """A new id, as text in the usual form. `random` gives so many bytes that nobody can guess."""
    milliseconds = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    chance = int.from_bytes(random(10), "big")
    a = chance >> 68
    b = chance & ((1 << 62) - 1)
    return str(UUID(int=milliseconds << 80 | _VERSION_7 << 76 | a << 64 | _VARIANT << 62 | b))
