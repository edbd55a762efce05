"""Surname and given names from one column, in the order that a user said.

The surname is the first word, or the last word. Where the surname comes first, a comma may be behind it. A name in
which the surname may have more words is refused: those with a particle such as *van* or *bin*, and those of states
where people have two surnames. So is a comma where the given names come first: it may stand between two guests.
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
_LAST_BORDER_UNKNOWN = msg(
    "The surname may have more than one word. Give surname and given names a column each, as in the passport."
)
_COMMA = msg(
    "The names have a comma. Write one guest in a row, the given names first, without a comma; or give surname and "
    "given names a column each."
)
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
    is_surname_first = name_order == SURNAME_FIRST
    if "," in text:
        return _split_at_comma(text, is_surname_first=is_surname_first)
    if len(words) > _TWO_WORDS and _may_have_long_surname(words, nationality):
        raise Unreadable("bad_character", _BORDER_UNKNOWN if is_surname_first else _LAST_BORDER_UNKNOWN)
    if len(words) == 1:
        return words[0], ""
    if is_surname_first:
        return words[0], " ".join(words[1:])
    return words[-1], " ".join(words[:-1])


def _split_at_comma(text: str, *, is_surname_first: bool) -> tuple[str, str]:
    surname, given = (" ".join(part.split()) for part in text.split(",", 1))
    if not is_surname_first:
        raise Unreadable("bad_character", _COMMA)
    if "," in given or not surname or not given:
        raise Unreadable("bad_character", _BORDER_UNKNOWN)
    return surname, given


def _may_have_long_surname(words: list[str], nationality: str) -> bool:
    state = states.find(nationality)
    return bool(_PARTICLES & {word.casefold().strip(".") for word in words}) or (
        state is not None and state.code in _TWO_SURNAMES
    )
