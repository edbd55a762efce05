"""Words that say that a value is not stated or not known, and words in front of a room, as people write them.

The first are no data for the authority: an optional field with such a word is empty, and a required one is missing.
"kamar 3", "Room 3", "No. 3" and "3" are one room. A report has the room without such words, because the authority's
form says "room" already. Reports that were saved with them are compared and shown without them.
"""

import re
from functools import lru_cache

BIRTH_PLACE_NOT_STATED = "-"
"""What the contract has for a place of birth that the passport does not state."""

_NAMES = frozenset({"surname", "given_names", "nationality"})
"""Fields in which a short word may be a name or a code: No and Null are surnames, NA is Namibia."""
_WITH_DEFAULTS = frozenset({"check_in", "purpose", "issuing_state"})
"""Fields with a usual value. A user who does not know the value does not mean the usual one."""

_UNSPECIFIED_SEX = "<"
"""What the MRZ has for X (ICAO Doc 9303-3 §4.6): it is stated, and is no sign for a missing value."""

_PHRASE = re.compile(
    r"(?:tidak|tdk|tak|gak|gk|ga|g|nggak|ngga|enggak|engga|ndak|belum|blm)\s?"
    r"(?:ada|tahu|tau|diketahui|tercantum|tertulis|disebut(?:kan)?|dinyatakan|punya|jelas|diisi)"
    r"(?: (?:di|pada|dalam) paspor(?:nya)?)?"
    r"|none|unknown|n/a|n\.a|no idea|(?:don'?t|do not) know"
    r"|not (?:known|stated|given|available|applicable)(?: (?:in|on)(?: the)? passport)?"
)
_SHORT = frozenset({"no", "nil", "null", "na", "tidak", "tdk", "belum", "blm", "kosong", "nihil", "entah"})
_SIGNS = " .,;:!?()[]<>/_-\N{EN DASH}\N{EM DASH}"


def is_not_stated(name: str, text: str) -> bool:
    """Return whether a text says that a field, with a name of `report.fields`, has no known value.

    Signs without a letter or a digit say so, too; an empty text does not.
    """
    if name in _WITH_DEFAULTS or not text.strip() or (name, text.strip()) == ("sex", _UNSPECIFIED_SEX):
        return False
    words = " ".join(text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split()).strip(_SIGNS)
    return not words or _PHRASE.fullmatch(words) is not None or (name not in _NAMES and words in _SHORT)


@lru_cache(maxsize=1024)  # a table has the same texts in thousands of rows
def without_not_stated(name: str, text: str) -> str:
    """Return the text of a field, stripped; empty if it says that the value is not stated.

    A place of birth that is not stated is ``-``, because the contract requires one.
    """
    if not text or not is_not_stated(name, text):
        return text.strip()
    return BIRTH_PLACE_NOT_STATED if name == "birth_place" else ""


_WORDS = re.compile(
    r"(?:kamar|kmr|room|rm|nomor|nomer|number)(?![^\W\d_])[\s.:#-]*"  # not the beginning of a longer word
    r"|no\b\.[\s:#]*|no[\s:#]*(?=\d)"  # "No Name" is a name
    r"|\#\s*",
    re.IGNORECASE,
)


def room_name(text: str) -> str:
    """Return the number or name of a room without "kamar", "room", "no." and the like in front of it, in any case.

    The text itself is returned, with single blanks, if nothing else is left.
    """
    whole = rest = " ".join(text.split())
    while (match := _WORDS.match(rest)) is not None:
        rest = rest[match.end() :]
    return rest or whole


def normalized_room(text: str) -> str:
    """Return a room in the form in which rooms are compared: words for "room", capitals and blanks do not matter."""
    return room_name(text).casefold()
