"""Issuing states and nationalities: every code of ICAO Doc 9303-3 §5, with English and Indonesian names.

ICAO codes are not ISO 3166 codes (D, GBO, RKS, UNO, XXA …), and a library of countries would slow down each start. The
table is `states.tsv` beside this module; tests compare it with independent tables.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from apoa_client.matching import fold, similarity

GERMANY = "D"
_GERMANY_IN_ISO = "DEU"
"""Genuine documents have it as well as ICAO's D."""

_MIN_SIMILARITY = 0.7
_SAME_FIRST_LETTER = 0.1
"""Added to the similarity, because people mistype the first letter least."""


class State(NamedTuple):
    """A state or another issuer of documents: its ICAO code, its ISO 3166-1 alpha-2 code or None, and its names."""

    code: str
    alpha2: str | None
    names: Mapping[str, str]
    """By language tag, from the table's columns ``name:TAG``."""

    def __hash__(self) -> int:
        return hash(self.code)

    def name(self, language: str) -> str:
        """Return the name in this language, or in English where the table has none."""
        return self.names.get(language) or self.names["en"]


def by_code(code: str) -> State | None:
    """Return the state with an ICAO code, which is written in capitals and without fillers."""
    return _by_code().get(code)


def find(text: str) -> State | None:
    """Return the state that a text names: an ICAO code, an English or Indonesian name, or an ISO alpha-2 code.

    Case, accents, spaces and punctuation do not matter. ``AS`` is Amerika Serikat, as Indonesians write it, and not
    American Samoa, which issues no passports. Germany is ``D``, except for the text ``DEU``.
    """
    folded = _fold(text)
    return _by_code().get(folded.upper()) or _by_name().get(folded) or _by_alpha2().get(folded.upper())


def close_matches(text: str, limit: int = 3) -> list[State]:
    """Return the states whose code or name is similar to `text`, the most similar first."""
    folded = _fold(text)
    if not folded:
        return []
    best: dict[str, float] = {}
    codes = ((code.casefold(), state) for code, state in _by_code().items() if code != _GERMANY_IN_ISO)
    for name, state in (*_by_name().items(), *codes):
        score = similarity(folded, [name])
        if len(folded) > len(state.code) and name.startswith(folded):
            score += 1
        if name[0] == folded[0]:
            score += _SAME_FIRST_LETTER
        best[state.code] = max(score, best.get(state.code, _MIN_SIMILARITY))
    ranked = sorted((code for code in best if best[code] > _MIN_SIMILARITY), key=lambda code: (-best[code], code))
    return [_by_code()[code] for code in ranked[:limit]]


def all_states() -> list[State]:
    """Return every state of the table, by code."""
    return list(_by_code().values())


def canonical_code(code: str) -> str:
    """Return one code for each state: German documents have D or DEU, and both mean D."""
    return GERMANY if code == _GERMANY_IN_ISO else code


@cache
def _rows() -> tuple[tuple[State, tuple[str, ...]], ...]:
    """Return each state of the table with its other names."""
    columns, *lines = (
        line.split("\t") for line in Path(__file__).with_name("states.tsv").read_text(encoding="utf-8").splitlines()
    )
    rows = []
    for line in lines:
        row = dict(zip(columns, line, strict=True))
        names = {column.removeprefix("name:"): row[column] for column in columns if column.startswith("name:")}
        state = State(row["code"], row["alpha2"] or None, names)
        rows.append((state, tuple(filter(None, row["aliases"].split("|")))))
    return tuple(rows)


@cache
def _by_code() -> dict[str, State]:
    return {state.code: state for state, _aliases in _rows()}


@cache
def _by_alpha2() -> dict[str, State]:
    return {state.alpha2: state for state, _aliases in reversed(_rows()) if state.alpha2 is not None}


@cache
def _by_name() -> dict[str, State]:
    return {
        _fold(name): state
        for state, aliases in _rows()
        if state.code != _GERMANY_IN_ISO
        for name in (*state.names.values(), *aliases)
    }


def _fold(text: str) -> str:
    return fold(text.replace("&", " and "))
