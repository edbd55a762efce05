"""Visas and stay permits, as suggestions: the index of visas changes by decree, so a report takes any other text, too.

The table is `permits.tsv` beside this module. It has a header and a line for each permit, with columns separated by
tabs: code, kind of stay permit, a name for each language (``name:TAG``), days (empty where unknown), whether it can be
extended by as many days (``yes``, ``no``, empty), and other words that people write, separated by ``|``. `VISA_FREE`
lists the states whose citizens need no visa (A1), with the source and the first day of each rule.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from apoa_client.matching import fold, similarity

AS_OF = date(2026, 11, 24)
"""The day on which the table was last compared with its sources."""

_MIN_SIMILARITY = 0.7
_MIN_MISTYPED = 4
"""Characters; shorter texts are similar to too many words."""


class PermitKind(StrEnum):
    """The kind of stay permit that a visa leads to: kunjungan (ITK), terbatas (ITAS, KITAS) or tetap (ITAP, KITAP)."""

    VISIT = "visit"
    LIMITED = "limited"
    PERMANENT = "permanent"


class Permit(NamedTuple):
    """A visa or stay permit: its code, which a report contains, and its name by language tag.

    `days` is the permitted length of a stay, and `extended` says whether it can be extended once by as many days; None
    where this is unknown. `words` are the folded words that people write for it, with its names and its code.
    """

    code: str
    kind: PermitKind
    names: Mapping[str, str]
    days: int | None
    extended: bool | None
    words: tuple[str, ...]

    def __hash__(self) -> int:
        return hash(self.code)

    def name(self, language: str) -> str:
        """Return the name in this language, or in English where the table has none."""
        return self.names.get(language) or self.names["en"]


class VisaFree(NamedTuple):
    """States whose citizens need no visa for a visit: their ICAO codes, the rule, and its first day.

    `since` is None where the day is unknown.
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


@cache
def permits() -> tuple[Permit, ...]:
    """Return every permit, in the order of the table."""
    columns, *lines = (
        line.split("\t") for line in Path(__file__).with_name("permits.tsv").read_text(encoding="utf-8").splitlines()
    )
    found = []
    for line in lines:
        row = dict(zip(columns, line, strict=True))
        names = {column.removeprefix("name:"): row[column] for column in columns if column.startswith("name:")}
        permit = Permit(
            code=row["code"],
            kind=PermitKind(row["kind"]),
            names=names,
            days=int(row["days"]) if row["days"] else None,
            extended=row["extended"] == "yes" if row["extended"] else None,
            words=tuple(fold(word) for word in (row["code"], *names.values(), *row["words"].split("|"))),
        )
        found.append(permit)
    return tuple(found)


def by_code(text: str) -> Permit | None:
    """Return the permit with a code in any spelling: ``b1``, ``E-33G``, ``Kitas``."""
    folded = fold(text)
    return next((permit for permit in permits() if fold(permit.code) == folded), None)


def find(text: str) -> Permit | None:
    """Return the permit that a text means: its code in any spelling, or a word that no other permit has; else None."""
    folded = fold(text)
    found = [permit for permit in permits() if folded and folded in permit.words]
    return by_code(text) or (found[0] if len(found) == 1 else None)


def suggest(text: str, limit: int = 5) -> list[Permit]:
    """Return the permits that a text may mean, the likeliest first: by code, by words of two languages, by similarity.

    The result is empty for an empty text and for one that is similar to none; a report takes such a text, too.
    """
    folded = fold(text)
    if not folded:
        return []
    ranked = [(rank, permit) for permit in permits() if (rank := _rank(permit, folded)) is not None]
    if not ranked and len(folded) >= _MIN_MISTYPED:
        scores = ((similarity(folded, permit.words), permit) for permit in permits())
        ranked = [(-score, permit) for score, permit in scores if score > _MIN_SIMILARITY]
    ranked.sort(key=lambda pair: pair[0])  # stable: equal ranks stay in the order of the table
    return [permit for _rank_of_it, permit in ranked[:limit]]


def _rank(permit: Permit, folded: str) -> float | None:
    """Return how well a folded text fits a permit: 0 is best, None is not at all."""
    code = fold(permit.code)
    if code == folded:
        return 0
    if folded in permit.words:
        return 1
    if code.startswith(folded):
        return 2
    return 3 if any(word.startswith(folded) for word in permit.words) else None
