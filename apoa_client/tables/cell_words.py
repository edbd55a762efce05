"""Words in the cells of booking systems: the status of a reservation, titles, sexes, documents, and whole names.

A whole name is split in the order that a user said. The surname is the first word, or the last word. Where the surname
comes first, a comma may be behind it. A name in which the surname may have more words is refused: those with a particle
such as *van* or *bin*, and those of states where people have two surnames. So is a comma where the given names come
first: it may stand between two guests.

In East Asia and Vietnam the surname comes first, and many keep that order abroad: Chen Wei is Mr Chen. So a user's word
that the given names come first is not enough for these guests, nor for those of states where either order is common. A
comma behind the surname is enough, and so is an MRZ in the row.
"""

from functools import lru_cache

from apoa_client.matching import fold
from apoa_client.messages import msg
from apoa_client.passport import states
from apoa_client.report.findings import Unreadable
from apoa_client.settings.column_mappings import BY_NATIONALITY, GIVEN_FIRST, SURNAME_FIRST

_CACHED = 64
"""Texts whose meaning is remembered: a column has few."""

CANCELLED = "cancelled"
NOT_ARRIVED = "not_arrived"
SKIPPED = (CANCELLED, NOT_ARRIVED)
"""The meanings of a status whose row is no guest to report."""
STAYING = "staying"
LEFT = "left"

_WORDS = {
    CANCELLED: (
        *("cancelled", "canceled", "cancel", "cancelled by guest", "canceled by guest", "cancelled by host"),
        *(
            "canceled by host",
            "cancelled by hotel",
            "cancelled_by_guest",
            "cancelled_by_hotel",
            "cancelled_by_property",
        ),
        *("no show", "no-show", "noshow", "void", "voided", "declined", "rejected", "expired", "deleted", "blocked"),
        *("batal", "dibatalkan", "dibatalkan tamu", "tidak datang", "tidak jadi", "ditolak", "hangus"),
    ),
    NOT_ARRIVED: (
        *("not confirmed", "unconfirmed", "tentative", "pending", "confirmation pending", "confirmed pending"),
        *("inquiry", "enquiry", "waitlist", "waiting list", "request", "requested", "option", "on request", "hold"),
        *("awaiting payment", "awaiting confirmation", "due in", "expected", "not arrived", "arriving soon"),
        *("belum datang", "belum check-in", "belum dikonfirmasi", "menunggu", "belum tiba"),
    ),
    STAYING: (
        *("ok", "confirmed", "confirmed reservation", "checked in", "checked-in", "check in", "check-in", "in house"),
        *("in-house", "inhouse", "arrived", "stayover", "stay over", "staying", "currently hosting", "hosting"),
        *("occupied", "guaranteed", "due out", "modified", "new", "paid", "active", "arrival"),
        *("dikonfirmasi", "terkonfirmasi", "menginap", "sudah check-in", "sudah datang", "datang", "lunas"),
    ),
    LEFT: (
        *("checked out", "checked-out", "check out", "check-out", "departed", "past guest", "completed", "stayed"),
        *("sudah check-out", "sudah keluar", "keluar", "pulang", "selesai", "sudah pulang"),
    ),
}
_MEANINGS = {fold(word): meaning for meaning, words in _WORDS.items() for word in words}
_TITLES = {
    **dict.fromkeys(("mr", "mister", "sir", "bapak", "bpk", "tuan", "tn", "herr", "monsieur", "sig", "master"), "M"),
    **dict.fromkeys(("mrs", "ms", "miss", "madam", "mdm", "mme", "ibu", "nyonya", "ny", "nona", "nn", "frau"), "F"),
}
_PASSPORTS = ("paspor", "passport", "passaporto", "pas", "cestovnipas", "reisepass", "passeport", "pasaporte")
_PASSPORT_CODES = frozenset({"p", "pp", "psp", "pass", "pasor", "pasdi", "passe", "ppt"})


_PARTICLES = frozenset(
    {"al", "ap", "av", "af", "bin", "binti", "bint", "bte", "ben", "da", "das", "de", "del", "della", "der", "des"}
    | {"di", "do", "dos", "du", "el", "ibn", "la", "las", "le", "los", "mac", "mc", "san", "santa", "st", "ten", "ter"}
    | {"van", "vander", "vom", "von", "y", "e", "zu", "zum", "zur", "'t", "a/l", "a/p", "s/o", "d/o"}
)
_TWO_SURNAMES = frozenset(
    {"AGO", "ARG", "BOL", "BRA", "CHL", "COL", "CPV", "CRI", "CUB", "DOM", "ECU", "ESP", "GNQ", "GTM", "HND", "MEX"}
    | {"MOZ", "NIC", "PAN", "PER", "PRI", "PRT", "PRY", "SLV", "TLS", "URY", "VEN"}
)
_SURNAME_FIRST = frozenset({"CHN", "HKG", "JPN", "KHM", "KOR", "MAC", "PRK", "TWN", "VNM"})
_EITHER_ORDER = frozenset({"HUN", "MNG", "MYS", "SGP"})
"""States where the surname comes first at home and not abroad, or for a part of the people; many have none at all."""
_PATRONYMICS = frozenset({"bin", "binti", "bint", "bte", "a/l", "a/p", "s/o", "d/o"})
"""The particles that are no syllables of names in these states: Nguyen Van An is Mr Nguyen."""
NAME_ORDER = "name_order"
"""The code of a whole name of which it is not certain where the surname stands."""
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
_ORDER_OF_STATE = msg(
    "In this guest's country the surname often comes first, so it is not certain which name is the surname. Write a "
    "comma behind it: SURNAME, GIVEN NAMES. If all such names have one order: --name-order by-nationality (the surname "
    "first) or given-first-always."
)
_COMMA = msg(
    "The names have a comma. Write one guest in a row, the given names first, without a comma; or give surname and "
    "given names a column each."
)
_SEVERAL = msg("There are several guests in one row. Each guest needs a row, because each has a passport.")


@lru_cache(_CACHED)
def meaning(status: str) -> str:
    """Return what the status of a reservation means: `CANCELLED`, `NOT_ARRIVED`, `STAYING` or `LEFT`.

    Raises `Unreadable` for an unknown status: it may be another language's word for a cancelled reservation.
    """
    found = _MEANINGS.get(fold(status))
    if found is None:
        raise Unreadable(
            "unknown_format",
            msg("This status is not known. Write confirmed, checked in, checked out, cancelled or no-show."),
        )
    return found


@lru_cache(_CACHED)
def sex_of_title(text: str) -> str | None:
    """Return the sex that a title such as Mr suggests; None for another text."""
    return _TITLES.get(fold(text))


def sex_of_code(text: str) -> str:
    """Return the sex of a code: 1 or 2, as Alloggiati web and ISO/IEC 5218 have it. Raises `Unreadable`."""
    found = {"1": "M", "2": "F", "M": "M", "F": "F"}.get(text.upper())
    if found is None:
        raise Unreadable("bad_character", msg("Write 1 (male) or 2 (female)."))
    return found


def is_passport(text: str) -> bool:
    """Return whether the type of a document is a passport."""
    folded = fold(text)
    return folded in _PASSPORT_CODES or any(word in folded for word in _PASSPORTS)


def split_full_name(text: str, name_order: str, nationality: str = "") -> tuple[str, str]:
    """Return the surname and the given names; a name of one word is the surname.

    Raises `Unreadable` without an order, and where the order does not say where the surname ends.
    """
    words = text.split()
    if any(separator in text for separator in _SEPARATORS) or _SEVERAL_GUESTS & {word.casefold() for word in words}:
        raise Unreadable("bad_character", _SEVERAL)
    if not name_order:
        raise Unreadable("missing", _ORDER_UNKNOWN)
    state = states.find(nationality)
    code = state.code if state is not None else ""
    has_other_order = code in _SURNAME_FIRST | _EITHER_ORDER
    is_surname_first = name_order == SURNAME_FIRST or (name_order == BY_NATIONALITY and code in _SURNAME_FIRST)
    if "," in text:
        return _split_at_comma(text, is_surname_first=is_surname_first or has_other_order)
    if len(words) == 1:
        return words[0], ""
    if has_other_order and (name_order == GIVEN_FIRST or (name_order == BY_NATIONALITY and code in _EITHER_ORDER)):
        raise Unreadable(NAME_ORDER, _ORDER_OF_STATE)
    if len(words) > _TWO_WORDS and _may_have_long_surname(words, code):
        raise Unreadable("bad_character", _BORDER_UNKNOWN if is_surname_first else _LAST_BORDER_UNKNOWN)
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


def _may_have_long_surname(words: list[str], code: str) -> bool:
    particles = _PATRONYMICS if code in _SURNAME_FIRST | _EITHER_ORDER - {"HUN"} else _PARTICLES
    return bool(particles & {word.casefold().strip(".") for word in words}) or code in _TWO_SURNAMES
