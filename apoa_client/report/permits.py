"""Visas and stay permits, as suggestions: the index of visas changes by decree, so a report takes any other text, too.

The table is `permits.tsv` beside this module. It has a header and a line for each permit, with columns separated by
tabs: code, kind, a name for each language (``name:TAG``), days, how often it can be extended by as many days, the
source (empty for a name as others report it: the decree itself was not read), the source's own date (a year, a month or
a day), the day on which the line was last compared with its source, and other words that people write, separated by
``|``. What is unknown is empty.

`entry_rules.tsv` lists whose citizens need no visa (A1) or get one on arrival (B1): permit, source, the source's own
date, first day of the rule, the day on which the line was last compared with its source, and the ICAO codes of the
states, separated by blanks. A nationality may have both. It is the only list of what is likely for a nationality: the
questions at the desk, the facts and the sandbox read it. The visa or the stamp in the passport decides.
"""

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from apoa_client.passport.states import canonical_code
from apoa_client.texts import fold, similarity

_MIN_SIMILARITY = 0.7
_MUCH_LESS_SIMILAR = 0.1
"""A permit whose similarity is less than the best one's by more than this is not meant."""
_MORE_THAN_ANY_RANK = 10
_CODE = r"(?ai)[A-Z]{0,2}[ -]?[0-9]{1,3}[A-Z]{0,2}"
"""Codes of the index of visas, and of the index before it."""
_MIN_MISTYPED = 4
"""Characters; shorter texts are similar to too many words."""


class PermitKind(StrEnum):
    """The kind of a permit: a visa for a visit or a limited stay, one of the Foreign Ministry, or a stay permit."""

    VISIT = "visit"
    LIMITED = "limited"
    OFFICIAL = "official"
    STAY_PERMIT = "stay-permit"


class Permit(NamedTuple):
    """A visa or stay permit: its code, which a report contains, and its name by language tag.

    `days` is the permitted length of a stay, and `extensions` is how often it can be extended by as many days; None
    where this is unknown. `source` is empty for a name as others report it, `dated` is its own date (ISO 8601, also a
    year or a month; empty where unknown), and `as_of` is the day on which the permit was last compared with it. `words`
    are the folded words that people write for it, with its names and its code.
    """

    code: str
    kind: PermitKind
    names: Mapping[str, str]
    days: int | None
    extensions: int | None
    source: str
    dated: str
    as_of: date
    words: tuple[str, ...]

    def __hash__(self) -> int:
        return hash(self.code)

    def name(self, language: str) -> str:
        """Return the name in this language, or in English where the table has none."""
        return self.names.get(language) or self.names["en"]

    @property
    def multiple_entry(self) -> bool:
        """Whether it is valid for several visits, each of `days` at most: the codes that begin with D."""
        return self.code.startswith("D") and not self.code.isalpha()


VISA_FREE, ON_ARRIVAL = "A1", "B1"
"""The permits of `entry_rules`."""


class EntryRule(NamedTuple):
    """A rule on how citizens of some states may enter: the permit that they get, the states' ICAO codes, the source.

    `since` is the rule's first day, None where it is unknown. `dated` and `as_of` are as those of a `Permit`.
    """

    permit: str
    states: tuple[str, ...]
    source: str
    dated: str
    since: date | None
    as_of: date


@cache
def entry_rules() -> tuple[EntryRule, ...]:
    """Return every rule, in the order of the table: visa-free visits (A1), then visas on arrival (B1)."""
    return tuple(
        EntryRule(
            row["permit"],
            tuple(row["states"].split()),
            row["source"],
            row["dated"],
            date.fromisoformat(row["since"]) if row["since"] else None,
            date.fromisoformat(row["as_of"]),
        )
        for row in _rows("entry_rules.tsv")
    )


def likely(nationality: str) -> list[Permit]:
    """Return the permits that most visitors with a nationality hold, the likeliest first; empty if no rule has it."""
    code = canonical_code(nationality)
    codes = dict.fromkeys(rule.permit for rule in entry_rules() if code in rule.states)
    return [permit for permit in permits() if permit.code in codes]


def is_unlikely(permit: str, nationality: str) -> bool:
    """Return whether the rules give a permit to some nationalities, and not to this one."""
    states = [code for rule in entry_rules() if rule.permit == permit for code in rule.states]
    return bool(states) and canonical_code(nationality) not in states


@cache
def as_of() -> date:
    """Return the day on which every line of both tables had been compared with its source."""
    return min([*(each.as_of for each in permits()), *(each.as_of for each in entry_rules())])


@cache
def permits() -> tuple[Permit, ...]:
    """Return every permit, in the order of the table."""
    found = []
    for row in _rows("permits.tsv"):
        names = {column.removeprefix("name:"): text for column, text in row.items() if column.startswith("name:")}
        permit = Permit(
            code=row["code"],
            kind=PermitKind(row["kind"]),
            names=names,
            days=int(row["days"]) if row["days"] else None,
            extensions=int(row["extensions"]) if row["extensions"] else None,
            source=row["source"],
            dated=row["dated"],
            as_of=date.fromisoformat(row["as_of"]),
            words=tuple(fold(word) for word in (row["code"], *names.values(), *row["words"].split("|")) if word),
        )
        found.append(permit)
    return tuple(found)


def by_code(text: str) -> Permit | None:
    """Return the permit with a code in any spelling: ``b1``, ``E-33G``, ``Kitas``."""
    folded = fold(text)
    return next((permit for permit in permits() if fold(permit.code) == folded), None)


@lru_cache(maxsize=64)  # a table has the same few codes in thousands of rows
def find(text: str) -> Permit | None:
    """Return the permit that a text means: its code in any spelling, or a word that no other permit has; else None."""
    folded = fold(text)
    found = [permit for permit in permits() if folded and folded in permit.words]
    return by_code(text) or (found[0] if len(found) == 1 else None)


def suggest(text: str, limit: int = 5, *, nationality: str = "") -> list[Permit]:
    """Return the permits that a text may mean, the likeliest first: by code, by words of two languages, by similarity.

    With a nationality, the permits that are likely for it come first, and those that only other nationalities get are
    left out unless the text is the beginning of their code. The result is empty for an empty text and for one that is
    similar to none; a report takes such a text, too.
    """
    folded = fold(text)
    if not folded:
        return []
    ranked = [(rank, permit) for permit in permits() if (rank := _rank(permit, folded)) is not None]
    if not ranked and len(folded) >= _MIN_MISTYPED:
        scores = [(similarity(folded, permit.words), permit) for permit in permits()]
        least = max(_MIN_SIMILARITY, max(score for score, _permit in scores) - _MUCH_LESS_SIMILAR)
        ranked = [(-score, permit) for score, permit in scores if score > least]
    if nationality:
        usual = likely(nationality)
        others = {rule.permit for rule in entry_rules()} - {permit.code for permit in usual}
        ranked = [
            (rank - _MORE_THAN_ANY_RANK * (permit in usual), permit)
            for rank, permit in ranked
            if permit.code not in others or fold(permit.code).startswith(folded)
        ]
    ranked.sort(key=lambda pair: pair[0])  # stable: equal ranks stay in the order of the table
    return [permit for _rank_of_it, permit in ranked[:limit]]


def is_ambiguous(text: str) -> bool:
    """Return whether a text is a word that several permits have, such as "wisata"."""
    folded = fold(text)
    return find(text) is None and any(folded in permit.words for permit in permits() if folded)


def may_be_code(text: str) -> bool:
    """Return whether a text is a permit of the table, or may be the code of another one: ``C99``, ``211A``."""
    return re.fullmatch(_CODE, text) is not None or find(text) is not None


def _rows(file: str) -> list[dict[str, str]]:
    """Return the lines of a table beside this module, each by the names of its columns."""
    columns, *lines = (
        line.split("\t") for line in Path(__file__).with_name(file).read_text(encoding="utf-8").splitlines()
    )
    return [dict(zip(columns, line, strict=True)) for line in lines]


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
