"""How a passport's page may spell a name: for a person who compares, never in place of the MRZ's own spelling.

Source: ICAO Doc 9303-3 §6.A, read backwards. Which of its transliterations a state uses is the state's choice.
"""

import re
from dataclasses import dataclass, field
from functools import cache

_UMLAUTS = {"AE": "Ä", "OE": "Ö", "UE": "Ü"}

_SHARP_S = {"SS": "ß"}
"""Not ẞ: pages in capitals print WEIß, as Austria's official remark in the passport has it ("WEIß is equal to WEISS").

The MRZ cannot tell WEISS from WEIß, and both names are common: it never comes before an umlaut.
"""


@dataclass(frozen=True, slots=True)
class _Rules:
    """What letters of an MRZ may stand for: as a rule, and, beside that, in some names only."""

    usual: dict[str, str]
    sometimes: dict[str, str] = field(default_factory=dict)


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
"""Where letters may stand for another one, if not everywhere."""

_KEPT = (
    r"\b(?:CHLOE|CLOE|COEN|JOE|JOSUE|KLOE|KOEN|MAE|MOE|MONROE|NOE|POE|RAE|ROEL|SUE|ZOE)\b",
    r"AEL\b|(?:ISM|ISR|MICH|MIH|MIK|MIKH|NATAN|NATHAN|RAF|RAPH)AEL|\bMAE(?:LLE|LYS|V)",
    r"\b[JN]OEL(?:A|IA|LE|SEN|SSON)?\b|\bNOEMI|PHOEB",
    r"MANUEL|MIGUEL|SAMUEL|CONSUEL|\bSUEDA\b|GUE(?:RR|S\b|V|Z)|MARGUER",
    r"[AOU]EV(?:A|NA)?\b|AENKO\b",  # NIKOLAEV, ZUEVA, NIKOLAENKO
    r"\bAARON|\bAALIYA|ISAA[CK]|\bSAAD\b",
    r"\bTHE(?:A\b|LM|O)|\bTHOMA",
)
"""Names, or pieces of them, whose letters stand for themselves."""


def printed_spellings(name: str, issuing_state: str) -> tuple[str, ...]:
    """What the page of a state's passport plausibly prints for a name: at most 3 spellings, the most plausible first.

    `name` is what an MRZ has, capitals A to Z with a space between parts; `issuing_state` its ICAO code. The name
    itself is never among the spellings, and there is none where no rule of the state applies. GOETHE wrote himself
    so, but a GÖTHE has the same MRZ: the page decides. Each spelling, transliterated (Doc 9303-3 §6.A), is the name.

    Most of what a page prints leaves no trace in an MRZ and is not guessed at: apostrophes, hyphens, accents, Ñ written
    as N, Ä as A, Ð as D. The Dutch IJ is printed as it is.
    """
    rules = _by_state().get(issuing_state)
    if rules is None:
        return ()
    usual = _spelt(name, rules.usual)
    unlikelier = _spelt(name, rules.usual | rules.sometimes)
    return tuple(form for form in dict.fromkeys((usual, unlikelier)) if form != name)


def _spelt(name: str, letters: dict[str, str]) -> str:
    """The name with each rule applied wherever it can be."""
    return _pattern(tuple(letters)).sub(lambda found: letters.get(found[0], found[0]), name)


@cache
def _pattern(written: tuple[str, ...]) -> re.Pattern[str]:
    """What is kept, or else what a rule is about: the first that fits wins, so that a kept piece hides its letters."""
    return re.compile("|".join((*_KEPT, *(_PLACES.get(letters, letters) for letters in written))))


@cache
def _by_state() -> dict[str, _Rules]:
    return {state: rules for states, rules in _RULES.items() for state in states.split()}
