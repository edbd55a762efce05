"""Issuing states and nationalities: every code of ICAO Doc 9303-3 §5, with English and Indonesian names.

ICAO is not ISO 3166 (D, GBO, RKS, UNO, XXA …), and loading a library of countries costs a start-up that the staff would
notice. The table is `states.tsv` beside this module, and tests compare it with independent ones.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_GERMANY_OF_ISO = "DEU"
"""Seen on genuine documents beside ICAO's D; a name always means D."""

_LIKE = 0.7
_SAME_BEGINNING = 0.1
"""People mistype the first letter least."""


@dataclass(frozen=True, slots=True)
class State:
    """A state, or whatever else issues documents: its ICAO code, its ISO 3166-1 alpha-2 code or None, its names."""

    code: str
    alpha2: str | None
    english: str
    indonesian: str


def by_code(code: str) -> State | None:
    """The state of an ICAO code, written as ICAO does: capitals, and no fillers."""
    return _table().get(code)


def find(text: str) -> State | None:
    """The state that a person means: an ICAO code, an English or Indonesian name, or an ISO alpha-2 code.

    Case, accents, spaces and punctuation do not matter. ``AS`` is Amerika Serikat, as Indonesians write it, and not
    American Samoa, which issues no passports. Germany is ``D``, unless it is asked for as ``DEU``.
    """
    folded = _fold(text)
    return _table().get(folded.upper()) or _names().get(folded) or _alpha2().get(folded.upper())


def close_matches(text: str, limit: int = 3) -> list[State]:
    """States whose code or name is like `text`, the likest first: what a person may have meant."""
    import difflib  # only a mistyped state needs it, and no command should wait for it

    folded = _fold(text)
    if not folded:
        return []
    likeness: dict[str, float] = {}
    for name, state in _everything():
        ratio = difflib.SequenceMatcher(None, name, folded).ratio()
        if len(folded) > len(state.code) and name.startswith(folded):
            ratio += 1
        if name[0] == folded[0]:
            ratio += _SAME_BEGINNING
        likeness[state.code] = max(ratio, likeness.get(state.code, _LIKE))
    ranked = sorted((code for code in likeness if likeness[code] > _LIKE), key=lambda code: (-likeness[code], code))
    return [_table()[code] for code in ranked[:limit]]


def all_states() -> list[State]:
    """Every entry of the table, by code."""
    return list(_table().values())


@cache
def _rows() -> tuple[tuple[State, tuple[str, ...]], ...]:
    lines = Path(__file__).with_name("states.tsv").read_text(encoding="utf-8").splitlines()
    return tuple(_row(line) for line in lines[1:])


def _row(line: str) -> tuple[State, tuple[str, ...]]:
    code, alpha2, english, indonesian, aliases = line.split("\t")
    return State(code, alpha2 or None, english, indonesian), tuple(filter(None, aliases.split("|")))


@cache
def _table() -> dict[str, State]:
    return {state.code: state for state, _ in _rows()}


@cache
def _alpha2() -> dict[str, State]:
    return {state.alpha2: state for state, _ in reversed(_rows()) if state.alpha2 is not None}


@cache
def _names() -> dict[str, State]:
    return {
        _fold(name): state
        for state, aliases in _rows()
        if state.code != _GERMANY_OF_ISO
        for name in (state.english, state.indonesian, *aliases)
    }


def _everything() -> Iterator[tuple[str, State]]:
    yield from _names().items()
    yield from ((code.casefold(), state) for code, state in _table().items() if code != _GERMANY_OF_ISO)


def _fold(text: str) -> str:
    """Only what two people would write alike: letters and digits, without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    return "".join(character for character in plain if character.isalnum())
