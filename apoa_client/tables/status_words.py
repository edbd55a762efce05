"""Words in the cells of booking systems: the status of a reservation, the title and the sex of a guest, documents."""

from functools import lru_cache

from apoa_client.matching import fold
from apoa_client.messages import msg
from apoa_client.report.findings import Unreadable

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
_SEXES = {
    **dict.fromkeys(("man", "boy", "laki", "laki2", "lk", "m male"), "M"),
    **dict.fromkeys(("woman", "girl"), "F"),
}
_PASSPORTS = ("paspor", "passport", "passaporto", "pas", "cestovnipas", "reisepass", "passeport", "pasaporte")
_PASSPORT_CODES = frozenset({"p", "pp", "psp", "pass", "pasor", "pasdi", "passe", "ppt"})


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


@lru_cache(_CACHED)
def sex_text(text: str) -> str:
    """Return M or F for words of exports; any other text as it is."""
    return _SEXES.get(fold(text), text)


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
