"""Visas and stay permits, as suggestions: the index of visas changes by decree, so any other text is taken as well.

The table is `permits.tsv` beside this module, a header and a line for each, its columns apart by tabs: code, kind of
stay permit, Indonesian name, English name, days (empty where they were not found), whether they can be extended by as
many (``yes``, ``no``, empty), and further words that people write, apart by ``|``. `VISA_FREE` says whose citizens need
no visa (A1), each group with its source and the day from which it is so.
"""

import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

AS_OF = date(2026, 11, 24)
"""The day on which the table was last compared with what is known. What changed since is not in it."""

_LIKE = 0.7
_CAN_BE_MISTYPED = 4
"""Fewer characters are like too much."""


class PermitKind(StrEnum):
    """The kind of stay permit that a visa leads to: kunjungan (ITK), terbatas (ITAS, KITAS) or tetap (ITAP, KITAP)."""

    VISIT = "visit"
    LIMITED = "limited"
    PERMANENT = "permanent"


@dataclass(frozen=True, slots=True)
class Permit:
    """A visa or stay permit: what is written in a report (`code`), and its name in both languages.

    `days` is how long it lets its holder stay, and `extended` whether it can be extended once by as many; None where
    that was not found. Each permit's `words` are those that people write for it, folded, its names and code included.
    """

    code: str
    kind: PermitKind
    indonesian: str
    english: str
    days: int | None
    extended: bool | None
    words: tuple[str, ...]


class VisaFree(NamedTuple):
    """States whose citizens need no visa for a visit: their ICAO codes, the rule that says so, and since when.

    `since` is None where the day was not found.
    """

    states: tuple[str, ...]
    source: str
    since: date | None


VISA_FREE = (
    VisaFree(
        ("BRN", "PHL", "KHM", "LAO", "MYS", "MMR", "SGP", "THA", "VNM", "TLS", "SUR", "COL", "HKG"),
        "Perpres 95/2024",
        None,
    ),
    VisaFree(("BRA", "TUR"), "Permenimipas 9/2025", date(2025, 7, 3)),
)


def permits() -> tuple[Permit, ...]:
    """Every permit of the table, in its order."""
    return _table()


def by_code(text: str) -> Permit | None:
    """The permit of a code, however it is spelt: ``b1``, ``E-33G``, ``Kitas``."""
    folded = fold(text)
    return next((permit for permit in _table() if fold(permit.code) == folded), None)


def suggest(text: str, limit: int = 5) -> list[Permit]:
    """What a person may mean, the likest first: by code, by name or other words in two languages, or nearly so.

    Nothing for an empty text, nor for one that is like none; such a text is a permit's name all the same.
    """
    folded = fold(text)
    if not folded:
        return []
    ranked = [(rank, permit) for permit in _table() if (rank := _rank(permit, folded)) is not None]
    if not ranked and len(folded) >= _CAN_BE_MISTYPED:
        ranked = _mistyped(folded)
    ranked.sort(key=lambda pair: pair[0])  # stable: in the table's order among equals
    return [permit for _rank_of_it, permit in ranked[:limit]]


def _rank(permit: Permit, folded: str) -> float | None:
    code = fold(permit.code)
    if code == folded:
        return 0
    if folded in permit.words:
        return 1
    if code.startswith(folded):
        return 2
    return 3 if any(word.startswith(folded) for word in permit.words) else None


def _mistyped(folded: str) -> list[tuple[float, Permit]]:
    import difflib  # only a mistyped permit needs it

    likeness = (
        (max(difflib.SequenceMatcher(None, word, folded).ratio() for word in permit.words), permit)
        for permit in _table()
    )
    return [(-ratio, permit) for ratio, permit in likeness if ratio > _LIKE]


@cache
def _table() -> tuple[Permit, ...]:
    lines = Path(__file__).with_name("permits.tsv").read_text(encoding="utf-8").splitlines()
    return tuple(_permit(*line.split("\t")) for line in lines[1:])


def _permit(code: str, kind: str, indonesian: str, english: str, *more: str) -> Permit:
    days, extended, words = more
    return Permit(
        code=code,
        kind=PermitKind(kind),
        indonesian=indonesian,
        english=english,
        days=int(days) if days else None,
        extended=extended == "yes" if extended else None,
        words=tuple(fold(word) for word in (code, indonesian, english, *words.split("|"))),
    )


def fold(text: str) -> str:
    """Only letters and digits, without case and accents: what two people would write alike."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in plain if character.isalnum())
