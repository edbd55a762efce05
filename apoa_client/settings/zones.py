"""Indonesia's three time zones.

They are constants because they have had no daylight saving time and no change since 1988 (Keppres 41/1987), which
starts faster than ``zoneinfo`` and needs no ``tzdata`` package on Windows. A property is always in Indonesia.
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

_ABBREVIATIONS = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}


def zone_name(text: str) -> str | None:
    """Return the IANA name for an IANA name or for WIB, WITA or WIT, in any case; None for any other text."""
    if text.strip().upper() in _ABBREVIATIONS:
        return _ABBREVIATIONS[text.strip().upper()]
    return next((name for name in ZONES if name.casefold() == text.strip().casefold()), None)
