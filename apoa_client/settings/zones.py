"""Indonesia's three time zones.

Written out rather than looked up: they have had no daylight saving and no change since 1988 (Keppres 41/1987), and
three lines start faster than ``zoneinfo`` and spare Windows the ``tzdata`` package. A property lies in Indonesia.
"""

from datetime import timedelta, timezone

WIB = timezone(timedelta(hours=7), "WIB")
WITA = timezone(timedelta(hours=8), "WITA")
WIT = timezone(timedelta(hours=9), "WIT")

ZONES = {
    "Asia/Jakarta": WIB,
    "Asia/Pontianak": WIB,
    "Asia/Makassar": WITA,
    "Asia/Jayapura": WIT,
}
"""IANA names of Indonesia's zones."""

_SHORT = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}


def zone_name(text: str) -> str | None:
    """The IANA name for an IANA name or for WIB, WITA or WIT, in any case; None for any other text."""
    if text.strip().upper() in _SHORT:
        return _SHORT[text.strip().upper()]
    return next((name for name in ZONES if name.casefold() == text.strip().casefold()), None)
