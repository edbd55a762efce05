"""Typed text into values, one kind a function. Each raises `Unreadable` with a sentence on how to mend it."""

import re
import unicodedata
from datetime import date, datetime, time, timedelta, tzinfo

from apoa_client.passport import states
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.mrz import plain_document_number, valid_document_number
from apoa_client.report.kinds import Purpose
from apoa_client.texts import Message, msg

LONGEST_TEXT = 100
LONGEST_NOTE = 500
MOST_NIGHTS = 366
YEARS = range(1001, 2999)
"""The contract writes years from 1000 to 2999; the margin is for zones and nights."""

_DAY_FIRST = re.compile(r"(\d{1,2})[/. -](\d{1,2})[/. -](\d{4})", re.ASCII)
_PUNCTUATION_OF_NAMES = frozenset(" '’`-.,")  # noqa: RUF001  the typographic apostrophe is what keyboards send
# Whole words: "pria" is a man, and "P" alone is perempuan.
_SEXES = {
    **dict.fromkeys(("M", "L", "MALE", "LAKI-LAKI", "LAKI LAKI", "PRIA"), "M"),
    **dict.fromkeys(("F", "P", "FEMALE", "PEREMPUAN", "WANITA"), "F"),
    **dict.fromkeys(("X", "<"), "X"),
}
_NIGHTS = re.compile(r"\d{1,3}", re.ASCII)
_PURPOSES = {
    "wisata": Purpose.TOURISM,
    "bisnis": Purpose.BUSINESS,
    "keluarga": Purpose.FAMILY,
    "kerja": Purpose.WORK,
    "belajar": Purpose.STUDY,
    "transit": Purpose.TRANSIT,
    "pemerintahan": Purpose.GOVERNMENT,
    "lainnya": Purpose.OTHER,
}


class Unreadable(ValueError):
    """Text that is no value of its kind. `code` is one of the command line's; `suggestion` may be offered."""

    def __init__(self, code: str, message: Message, suggestion: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.suggestion = suggestion


def one_line(text: str, longest: int = LONGEST_TEXT) -> str:
    """Text with its spaces folded and its accents composed (NFC); no control characters, at most `longest` long."""
    folded = " ".join(unicodedata.normalize("NFC", text).split())
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in folded):
        raise Unreadable("bad_character", msg("there are invisible characters in it; type it again, without pasting."))
    if len(folded) > longest:
        raise Unreadable("bad_length", msg("It is longer than {longest} characters.", longest=longest))
    return folded


def person_name(text: str) -> str:
    """A name in capital Latin letters, as passports print it (ICAO Doc 9303-3 §6)."""
    name = one_line(text).upper()
    strange = [c for c in name if not _of_a_name(c)]
    if strange:
        raise Unreadable(
            "bad_character",
            msg(
                "{characters} cannot stand in a name. Write it in Latin letters, as the passport does.",
                characters=", ".join(dict.fromkeys(strange)),
            ),
        )
    if not any(c.isalpha() for c in name):
        raise Unreadable("bad_character", msg("A name has letters. Leave it empty if the passport has no such name."))
    return name


def _of_a_name(character: str) -> bool:
    if character in _PUNCTUATION_OF_NAMES:
        return True
    return character.isalpha() and unicodedata.name(character, "").startswith("LATIN")


def sex(text: str) -> str:
    """M, F or X; also L and P, as Indonesian forms have it, and the words in both languages."""
    try:
        return _SEXES[text.strip().upper()]
    except KeyError:
        raise Unreadable("bad_character", msg("Write L (male), P (female) or X.")) from None


def state(text: str) -> str:
    """An ICAO code, from a code or from a name in English or Indonesian (Doc 9303-3 §5)."""
    found = states.find(text)
    if found is not None:
        return found.code
    near = states.close_matches(text)
    if not near:
        raise Unreadable(
            "unknown_state", msg("No country has this code or name. Look for the three letters in the passport.")
        )
    raise Unreadable(
        "unknown_state",
        msg(
            "No country has this code or name. Did you mean {states}?",
            states=", ".join(f"{s.indonesian} / {s.english} ({s.code})" for s in near),
        ),
        near[0].code,
    )


def document_number(text: str) -> str:
    """A document number: capital letters and digits; spaces and hyphens are left out, as in the MRZ."""
    number = "".join(text.split())
    if not valid_document_number(number):  # before capitals are made, which turn an ß into two letters
        raise Unreadable(
            "bad_character", msg("A passport number has only the letters A to Z and digits, at most 20 of them.")
        )
    return plain_document_number(number)


def day(text: str) -> date:
    """A calendar date: ISO 8601, or day/month/year."""
    partial = partial_date(text)
    if partial.day is None:
        raise Unreadable("bad_date", msg("The day is missing. Write it as 2026-11-24 or 24/11/2026."))
    return partial.earliest


def partial_date(text: str) -> PartialDate:
    """A date of which the day, or the day and month, may be unknown: ISO 8601, or day/month/year."""
    match = _DAY_FIRST.fullmatch(text.strip())
    try:
        if match is not None:
            value = PartialDate(int(match[3]), int(match[2]), int(match[1]))
        else:
            value = PartialDate.from_iso(text.strip())
    except ValueError:
        raise _no_date() from None
    if value.year not in YEARS:
        raise _no_date()
    return value


def _no_date() -> Unreadable:
    return Unreadable("bad_date", msg("This is not a date of the calendar. Write it as 1985-09-12 or 12/09/1985."))


def moment(text: str, zone: tzinfo) -> datetime:
    """An instant to the second, in the property's zone: ISO 8601, with or without an offset, or a date for midnight."""
    try:
        value = datetime.fromisoformat(text.strip())
    except ValueError:
        value = datetime.combine(day(text), time())
    if value.year not in YEARS:
        raise _no_date()
    local = value.replace(tzinfo=zone) if value.tzinfo is None else value.astimezone(zone)
    return local.replace(microsecond=0)


def nights(text: str, check_in: datetime) -> date:
    """The planned check-out so many nights after a check-in."""
    if not _NIGHTS.fullmatch(text.strip()) or not 1 <= int(text) <= MOST_NIGHTS:
        raise Unreadable("bad_character", msg("give a number from 1 to {most}.", most=MOST_NIGHTS))
    return check_in.date() + timedelta(days=int(text))


def purpose(text: str) -> Purpose:
    """Why the guest came: the contract's word, or the Indonesian one."""
    word = text.strip().casefold()
    try:
        return _PURPOSES[word] if word in _PURPOSES else Purpose(word)
    except ValueError:
        words = ", ".join(f"{p.value} ({indonesian})" for indonesian, p in _PURPOSES.items())
        raise Unreadable("bad_character", msg("Choose one of: {words}.", words=words)) from None


def email(text: str) -> str:
    """An e-mail address, as far as a form needs to check one."""
    address = one_line(text)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", address):
        raise Unreadable("bad_character", msg("This is not an e-mail address. Leave it empty if the guest gave none."))
    return address


def phone(text: str) -> str:
    """A telephone number: digits, spaces and the usual signs."""
    number = one_line(text)
    if not re.fullmatch(r"\+?[0-9 ().-]{4,30}", number):
        raise Unreadable("bad_character", msg("This is not a telephone number. Leave it empty if the guest gave none."))
    return number
