"""Issuing states and nationalities: every code of ICAO Doc 9303-3 §5, with English and Indonesian names.

ICAO codes are not ISO 3166 codes (D, GBO, RKS, UNO, XXA …), and a library of countries would slow down each start. The
table is `states.tsv` beside this module: code, ISO alpha-2 code, and for each language a name, an official name and
demonyms, and last other names; several are separated by ``|``. Tests compare it with independent tables.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from apoa_client.texts import fold, similarity

GERMANY = "D"
_GERMANY_IN_ISO = "DEU"
"""Genuine documents have it as well as ICAO's D."""

NOT_AVAILABLE = "na"
"""What tables have where they have no value. Namibia's ISO alpha-2 code is read in no form: NA, n/a, N.A."""

_MIN_SIMILARITY = 0.75
_OTHER_FIRST_LETTER = 0.1
_MUCH_LESS_SIMILAR = 0.1
"""A state whose similarity is less than the best one's by more than this is not meant."""
_LONGEST_CODE = 3
_TWO_OF_THREE = 0.66
_CITIZEN = r"(?i)(?:orang|warga(?: ?negara)?|wna?|citizens? of|the)\b[\s.:]+"
"""Words in front of a country's name or a demonym."""
_COMMON_WORDS = frozenset(
    {"the", "of", "republic", "kingdom", "state", "commonwealth", "federal", "democratic", "people", "s", "islamic"}
    | {"republik", "kerajaan", "negara", "kesultanan", "persemakmuran", "federasi", "demokratik", "rakyat", "islam"}
    | {"orang", "warga", "wn", "wna"}
)


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
    """Return the state that a text names; None if it names none, or several.

    That is an ICAO code, a name in English or Indonesian, an official name, an ISO alpha-2 code, or a demonym, also as
    in "orang Jepang". Case, accents, spaces and punctuation do not matter. ``AS`` is Amerika Serikat, as Indonesians
    write it, and not American Samoa, which issues no passports. ``NA`` is no state, because it may say "not available".
    Korea is South Korea. Germany is ``D``, except for the text ``DEU``.
    """
    folded = _fold(text)
    found = (
        _by_code().get(folded.upper())
        or _by_name().get(folded)
        or _by_official_name().get(folded)
        or _by_alpha2().get(folded.upper())
    )
    if found is None and len(citizens := _by_demonym().get(folded, [])) == 1:
        return citizens[0]
    if found is None and (citizen := re.match(_CITIZEN, text.strip())) is not None:
        return find(text.strip()[citizen.end() :])
    return found


def close_matches(text: str, limit: int = 3) -> list[State]:
    """Return the states that a text may mean, the likeliest first; empty if it is similar to none.

    Those are the states with that name or demonym, or else those with a similar code, name or demonym. What many
    official names have in common, such as "Republic of", is similar to none.
    """
    texts = {_fold(text), _without_common_words(text)} - {""}
    exact = [state for folded in texts for state in _by_demonym().get(folded, [])]
    if exact or not texts:
        return exact[:limit]
    best: dict[str, float] = {}
    for name, state in _similar_texts():
        best[state.code] = max(best.get(state.code, 0), *(_score(folded, name) for folded in texts))
    least = max(_MIN_SIMILARITY, max(best.values()) - _MUCH_LESS_SIMILAR)
    ranked = sorted((code for code in best if best[code] >= least), key=lambda code: (-best[code], code))
    return [_by_code()[code] for code in ranked[:limit]]


def all_states() -> list[State]:
    """Return every state of the table, by code."""
    return list(_by_code().values())


def canonical_code(code: str) -> str:
    """Return one code for each state: German documents have D or DEU, and both mean D."""
    return GERMANY if code == _GERMANY_IN_ISO else code


def _score(folded: str, name: str) -> float:
    """Return how similar a text is to a name, or to a code: up to 1, and more for the beginning of a name."""
    score = similarity(folded, [name])
    if len(folded) > _LONGEST_CODE and name.startswith(folded):
        return score + 1
    if name[0] not in folded[:2]:  # people mistype the first letter least, unless they swap it with the second
        return score - _OTHER_FIRST_LETTER
    one_letter_of_a_code = len(name) == len(folded) == _LONGEST_CODE
    return max(score, _MIN_SIMILARITY) if one_letter_of_a_code and score > _TWO_OF_THREE else score


@cache
def _lines() -> list[list[str]]:
    """Return the cells of each line of the table; the first one names the columns."""
    text = Path(__file__).with_name("states.tsv").read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines()]


def _columns(kind: str) -> dict[int, str]:
    """Return the language tags of the columns of a kind, such as ``name``, by their positions."""
    parts = (name.partition(":") for name in _lines()[0])
    return {index: tag for index, (begin, _colon, tag) in enumerate(parts) if begin == kind}


def _rows() -> list[tuple[State, list[str]]]:
    """Return each state with the cells of its line."""
    return list(zip(_by_code().values(), _lines()[1:], strict=True))


def _texts(cell: str) -> list[str]:
    return list(filter(None, cell.split("|")))


@cache
def _by_code() -> dict[str, State]:
    names = _columns("name")
    return {
        line[0]: State(line[0], line[1] or None, {language: line[index] for index, language in names.items()})
        for line in _lines()[1:]
    }


@cache
def _by_alpha2() -> dict[str, State]:
    codes = {state.alpha2: state for state in reversed(all_states()) if state.alpha2 is not None}
    return {code: state for code, state in codes.items() if fold(code) != NOT_AVAILABLE}


@cache
def _by_name() -> dict[str, State]:
    return {
        _fold(name): state
        for state, line in _rows()
        if state.code != _GERMANY_IN_ISO
        for name in (*state.names.values(), *_texts(line[-1]))
    }


@cache
def _by_official_name() -> dict[str, State]:
    columns = _columns("official")
    return {_fold(line[index]): state for state, line in _rows() for index in columns if line[index]}


@cache
def _by_demonym() -> dict[str, list[State]]:
    """Return the states of each demonym: Dominican has two."""
    states: dict[str, list[State]] = {}
    columns = _columns("demonym")
    for state, line in _rows():
        for demonym in dict.fromkeys(_fold(text) for index in columns for text in _texts(line[index])):
            states.setdefault(demonym, []).append(state)
    return states


@cache
def _similar_texts() -> tuple[tuple[str, State], ...]:
    """Return the folded texts that a mistyped text is compared with: names, demonyms and codes."""
    demonyms = ((demonym, state) for demonym, states in _by_demonym().items() for state in states)
    codes = ((code.casefold(), state) for code, state in _by_code().items() if code != _GERMANY_IN_ISO)
    return (*_by_name().items(), *demonyms, *codes)


def _without_common_words(text: str) -> str:
    """Return the folded text without the words that official names have in common, if another word is left."""
    words = [_fold(word) for word in re.split(r"\W+", text)]
    return "".join(word for word in words if word not in _COMMON_WORDS) or _fold(text)


def _fold(text: str) -> str:
    return fold(text.replace("&", " and "))
