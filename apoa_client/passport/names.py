"""Names in an MRZ.

Source: ICAO Doc 9303-3 §4.6 (the name field) and §6.A (transliteration), and 9303-4 §4.2.2 and §4.2.3 (truncation).
"""

import re
import unicodedata

from apoa_client.passport.problems import cannot_compose

FILLER = "<"

_SPECIAL = {
    "Ä": "AE", "Å": "AA", "Æ": "AE", "Ð": "D", "Đ": "D", "Ħ": "H", "Ĳ": "IJ", "Ŀ": "L", "Ł": "L", "Ŋ": "N",
    "Ö": "OE", "Ø": "OE", "Œ": "OE", "ẞ": "SS", "ß": "SS", "Ŧ": "T", "Þ": "TH", "Ü": "UE",
}  # fmt: skip
"""Doc 9303-3 §6.A, for letters that do not just lose their accent; the usual one where several are allowed."""

_DROPPED = "'\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}`\N{MODIFIER LETTER APOSTROPHE}.,"
"""Characters that an MRZ leaves out (§4.6)."""

BETWEEN = re.compile(r"[\s<\u2010-\u2015-]+")
"""Blanks and hyphens become one filler (§4.6)."""

_LETTERS = re.compile(r"[A-Z<]*")


def transliterate(name: str) -> str:
    """Return a name in the MRZ's letters, with fillers for blanks and hyphens. `CannotCompose` for other scripts."""
    capitals = "".join(_SPECIAL.get(c) or c.upper() for c in unicodedata.normalize("NFC", name) if c not in _DROPPED)
    special = "".join(_SPECIAL.get(character, character) for character in capitals)
    bare = "".join(c for c in unicodedata.normalize("NFD", special) if not unicodedata.combining(c))
    fillers = BETWEEN.sub("<", bare).strip("<")
    if not _LETTERS.fullmatch(fillers):
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
