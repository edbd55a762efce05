"""Names in an MRZ, and how the passport's page may print them.

Source: ICAO Doc 9303-3 §4.6 (the name field) and §6.A (transliteration), and 9303-4 §4.2.2 and §4.2.3 (truncation).
"""

import re
import unicodedata
from functools import cache
from typing import NamedTuple

from apoa_client.passport.problems import cannot_compose

FILLER = "<"

_SPECIAL = {
    "Ä": "AE", "Å": "AA", "Æ": "AE", "Ð": "D", "Đ": "D", "Ħ": "H", "Ĳ": "IJ", "Ŀ": "L", "Ł": "L", "Ŋ": "N",
    "Ö": "OE", "Ø": "OE", "Œ": "OE", "ẞ": "SS", "ß": "SS", "Ŧ": "T", "Þ": "TH", "Ü": "UE",
}  # fmt: skip
"""Doc 9303-3 §6.A, for letters that do not just lose their accent; the usual one where several are allowed."""

_DROPPED = "'\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}`\N{MODIFIER LETTER APOSTROPHE}.,"
"""Characters that an MRZ leaves out (§4.6)."""

BETWEEN = r"[\s<\u2010-\u2015-]+"
"""Blanks and hyphens become one filler (§4.6)."""

_LETTERS = r"[A-Z<]*"

_UMLAUTS = {"AE": "Ä", "OE": "Ö", "UE": "Ü"}

_SHARP_S = {"SS": "ß"}
"""Not ẞ: pages in capitals print WEIß, as Austria's official remark in the passport has it ("WEIß is equal to WEISS").

The MRZ is the same for WEISS and WEIß, and both names are common: it never comes before an umlaut.
"""


class _Rules(NamedTuple):
    """The letters that groups of letters in an MRZ stand for: usually, and in some names only."""

    usual: dict[str, str]
    sometimes: dict[str, str] = {}  # noqa: RUF012  never changed


_RULES = {
    "D DEU AUT": _Rules(_UMLAUTS, _SHARP_S),
    "CHE LIE EST": _Rules(_UMLAUTS),
    "HUN TUR": _Rules({"OE": "Ö", "UE": "Ü"}),
    "DNK FRO GRL NOR": _Rules({"AE": "Æ", "OE": "Ø"}, {"AA": "Å"}),  # most families there kept their AA
    "SWE": _Rules({"AE": "Ä", "OE": "Ö", "AA": "Å"}),
    "FIN": _Rules({"AE": "Ä", "OE": "Ö"}),  # AA is a long A: SAARINEN, AALTO
    "ISL": _Rules({"AE": "Æ", "OE": "Ö", "TH": "Þ"}),
    "ESP AND ARG BOL CHL COL CRI CUB DOM ECU GNQ GTM HND MEX NIC PAN PER PHL PRY SLV URY VEN": _Rules(
        {"NXX": "Ñ", "UXX": "Ü"}
    ),
}

_PLACES = {
    "UE": r"(?<![AEOQ])UE",  # not BAUER, NEUER, QUENTIN
    "TH": r"\bTH",
    "SS": r"(?<=AU|EI|EU|IE)SS|(?<=[A-Z])SS\b",  # not HESSE, LESSING, MELISSA
}
"""Where a group of letters may stand for another letter, if not everywhere."""

_KEPT = (
    r"\b(?:CHLOE|CLOE|COEN|JOE|JOSUE|KLOE|KOEN|MAE|MOE|MONROE|NOE|POE|RAE|ROEL|SUE|ZOE)\b",
    r"AEL\b|(?:ISM|ISR|MICH|MIH|MIK|MIKH|NATAN|NATHAN|RAF|RAPH)AEL|\bMAE(?:LLE|LYS|V)",
    r"\b[JN]OEL(?:A|IA|LE|SEN|SSON)?\b|\bNOEMI|PHOEB",
    r"MANUEL|MIGUEL|SAMUEL|CONSUEL|\bSUEDA\b|GUE(?:RR|S\b|V|Z)|MARGUER",
    r"[AOU]EV(?:A|NA)?\b|AENKO\b",  # NIKOLAEV, ZUEVA, NIKOLAENKO
    r"\bAARON|\bAALIYA|ISAA[CK]|\bSAAD\b",
    r"\bTHE(?:A\b|LM|O)|\bTHOMA",
)
"""Names, or parts of names, whose letters stand for themselves."""


def transliterate(name: str) -> str:
    """Return a name in the MRZ's letters, with fillers for blanks and hyphens. `CannotCompose` for other scripts."""
    capitals = "".join(_SPECIAL.get(c) or c.upper() for c in unicodedata.normalize("NFC", name) if c not in _DROPPED)
    special = "".join(_SPECIAL.get(character, character) for character in capitals)
    bare = "".join(c for c in unicodedata.normalize("NFD", special) if not unicodedata.combining(c))
    fillers = re.sub(BETWEEN, "<", bare).strip("<")
    if not re.fullmatch(_LETTERS, fillers):
        raise cannot_compose("names", fillers)
    return fillers


def split_names(field: str) -> tuple[str, str]:
    """Return surname and given names (primary and secondary identifier), with spaces between their parts.

    One of them may be empty: a single name is in the primary identifier, and some states leave that one empty. Accents,
    apostrophes and hyphens, which the transliteration removed, are not restored.
    """
    primary, _, secondary = field.rstrip(FILLER).partition("<<")
    if "<<" in secondary or secondary[:1] == FILLER or primary[:1] == FILLER:
        return without_fillers(primary), without_fillers(secondary)
    return primary.replace(FILLER, " "), secondary.replace(FILLER, " ")


def without_fillers(text: str) -> str:
    """Return the characters without fillers, with a space where fillers stood between them."""
    bare = text.strip(FILLER)
    return bare if FILLER not in bare else " ".join(bare.replace(FILLER, " ").split())


def printed_spellings(name: str, issuing_state: str) -> tuple[str, ...]:
    """Return how a state's passport page may print a name: at most 3 spellings, the most plausible first.

    `name` is the name in the MRZ, capitals A to Z with a space between parts; `issuing_state` is an ICAO code. The name
    itself is not among the spellings; the result is empty where no rule of the state applies. GOETHE is printed so, but
    GÖTHE has the same MRZ: only the page decides. Each spelling, transliterated (Doc 9303-3 §6.A), gives the name.

    Most differences between page and MRZ cannot be derived and are left out: apostrophes, hyphens, accents, Ñ written
    as N, Ä as A, Ð as D. The Dutch IJ is printed as it is.
    """
    rules = _rules_by_state().get(issuing_state)
    if rules is None:
        return ()
    spellings = (_spelt(name, letters) for letters in (rules.usual, rules.usual | rules.sometimes))
    return tuple(spelling for spelling in dict.fromkeys(spellings) if spelling != name)


def _spelt(name: str, letters: dict[str, str]) -> str:
    """Return the name with each group of letters replaced wherever it may stand for another letter."""
    # A name that is kept comes first, because the first alternative that matches wins.
    pattern = "|".join((*_KEPT, *(_PLACES.get(group, group) for group in letters)))
    return re.sub(pattern, lambda found: letters.get(found[0], found[0]), name)


@cache
def _rules_by_state() -> dict[str, _Rules]:
    return {state: rules for states, rules in _RULES.items() for state in states.split()}
