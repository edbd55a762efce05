"""Surname and given names from one column, in the order that a user said.

The surname is the first word, or the last word. A comma behind the surname says where it ends, in any order. A name in
which the surname may have more words is refused: those with a particle such as *van* or *bin*, and those of states
where people have two surnames.
"""

from apoa_client.messages import msg
from apoa_client.passport import states
from apoa_client.report.findings import Unreadable
from apoa_client.settings.column_mappings import SURNAME_FIRST

_PARTICLES = frozenset(
    {"al", "ap", "av", "af", "bin", "binti", "bint", "bte", "ben", "da", "das", "de", "del", "della", "der", "des"}
    | {"di", "do", "dos", "du", "el", "ibn", "la", "las", "le", "los", "mac", "mc", "san", "santa", "st", "ten", "ter"}
    | {"van", "vander", "vom", "von", "y", "e", "zu", "zum", "zur", "'t", "a/l", "a/p", "s/o", "d/o"}
)
_TWO_SURNAMES = frozenset(
    {"AGO", "ARG", "BOL", "BRA", "CHL", "COL", "CPV", "CRI", "CUB", "DOM", "ECU", "ESP", "GNQ", "GTM", "HND", "MEX"}
    | {"MOZ", "NIC", "PAN", "PER", "PRI", "PRT", "PRY", "SLV", "TLS", "URY", "VEN"}
)
_SEVERAL_GUESTS = frozenset({"&", "+", "and", "dan", "und", "et"})
_SEPARATORS = (";", "\n", " / ", " & ", " + ")
_TWO_WORDS = 2

_ORDER_UNKNOWN = msg(
    "The names are in one column. Say which names come first, or give surname and given names a column each."
)
_BORDER_UNKNOWN = msg("The surname may have more than one word. Write a comma behind it: SURNAME, GIVEN NAMES.")
_SEVERAL = msg("There are several guests in one row. Each guest needs a row, because each has a passport.")


def split_full_name(text: str, name_order: str, nationality: str = "") -> tuple[str, str]:
    """Return the surname and the given names; a name of one word is the surname.

    Raises `Unreadable` without an order, and where the order does not say where the surname ends.
    """
    words = text.split()
    if any(separator in text for separator in _SEPARATORS) or _SEVERAL_GUESTS & {word.casefold() for word in words}:
        raise Unreadable("bad_character", _SEVERAL)
    if not name_order:
        raise Unreadable("missing", _ORDER_UNKNOWN)
    surname, comma, given = text.partition(",")
    if comma:
        if "," in given or not surname.strip() or not given.strip():
            raise Unreadable("bad_character", _BORDER_UNKNOWN)
        return " ".join(surname.split()), " ".join(given.split())
    if len(words) > _TWO_WORDS and _may_have_long_surname(words, nationality):
        raise Unreadable("bad_character", _BORDER_UNKNOWN)
    if len(words) == 1:
        return words[0], ""
    if name_order == SURNAME_FIRST:
        return words[0], " ".join(words[1:])
    return words[-1], " ".join(words[:-1])


def _may_have_long_surname(words: list[str], nationality: str) -> bool:
    state = states.find(nationality)
    return bool(_PARTICLES & {word.casefold().strip(".") for word in words}) or (
        state is not None and state.code in _TWO_SURNAMES
    )
