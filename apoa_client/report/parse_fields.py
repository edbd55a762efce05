"""Typed text into values, one kind a function. Each raises `Unreadable` with a sentence on how to mend it."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo

from apoa_client.messages import Message, listed, msg
from apoa_client.passport import states
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.mrz import plain_document_number, valid_document_number
from apoa_client.report import choices, parse_dates, parse_times, unreadable
from apoa_client.report.kinds import Purpose

LONGEST_TEXT = 100
LONGEST_NOTE = 500
MOST_NIGHTS = 366

_UNDECODED = "\N{REPLACEMENT CHARACTER}"
"""What stands where text was in another encoding."""
_PUNCTUATION_OF_NAMES = frozenset(" '’`-.,")  # noqa: RUF001  the typographic apostrophe is what keyboards send
# Whole words: "pria" is a man, and "P" alone is perempuan.
_SEXES = {
    **dict.fromkeys(("M", "L", "MALE", "LAKI-LAKI", "LAKI LAKI", "PRIA"), "M"),
    **dict.fromkeys(("F", "P", "FEMALE", "PEREMPUAN", "WANITA"), "F"),
    **dict.fromkeys(("X", "<"), "X"),
}
_NIGHTS = re.compile(r"(\d{1,3})\s*(?:malam|mlm|nights?)?", re.ASCII | re.IGNORECASE)

Unreadable = unreadable.Unreadable
"""What every reader here raises."""


def one_line(text: str, longest: int = LONGEST_TEXT) -> str:
    """Text with its spaces folded and its accents composed (NFC); no control characters, at most `longest` long."""
    folded = " ".join(unicodedata.normalize("NFC", text).split())
    if _UNDECODED in folded:
        raise Unreadable("bad_character", msg("there is a letter in it that could not be read; type it again."))
    if any(unicodedata.category(c) in {"Cc", "Cf", "Cs"} for c in folded):
        hidden = msg("an arrow key or pasting left invisible characters in it; type it again.")
        raise Unreadable("bad_character", hidden)
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


def day(text: str, *, today: date | None = None) -> date:
    """A day of a year, day first, as `days` reads it. Without `today` its year has four digits."""
    return parse_dates.whole(text, today=today)


def partial_date(text: str, *, today: date | None = None) -> PartialDate:
    """A date of birth, of which the day, or the day and month, may be unknown. Years of two digits lie back."""
    return parse_dates.partial(text, today=today)


def stay_day(text: str, *, today: date, near: date | None = None) -> date:
    """A day of a stay: also ``besok``, ``+3``, and without a year the one nearest to `near` (`today` by default)."""
    return parse_dates.nearest(text, today=today, near=near)


def past_day(text: str, *, today: date) -> date:
    """A day that is over: as `stay_day`, but without a year it is the latest that is not after `today`."""
    return parse_dates.latest(text, today=today)


def moment(text: str, zone: tzinfo, *, today: date | None = None, now: datetime | None = None) -> datetime:
    """An instant to the second, in the property's zone: ISO 8601, or as `moments` reads it; a date for its midnight.

    `now` is aware. Without it, and without `today`, only what has a day of a year is read.
    """
    value = parse_times.read(text, _wall(zone, today, now))
    if value.year not in parse_dates.YEARS:
        raise parse_dates.no_date()
    local = value.replace(tzinfo=zone) if value.tzinfo is None else value.astimezone(zone)
    return local.replace(microsecond=0)


def _wall(zone: tzinfo, today: date | None, now: datetime | None) -> parse_times.LocalClock | None:
    if now is not None:
        clock = now.astimezone(zone).replace(tzinfo=None)
        return parse_times.LocalClock(today or clock.date(), clock)
    return parse_times.LocalClock(today) if today is not None else None


def nights(text: str, check_in: datetime) -> date:
    """The planned check-out so many nights after a check-in: ``2``, ``2 malam``."""
    match = _NIGHTS.fullmatch(text.strip())
    if match is None or not 1 <= int(match[1]) <= MOST_NIGHTS:
        raise Unreadable("bad_character", msg("give a number from 1 to {most}.", most=MOST_NIGHTS))
    return check_in.date() + timedelta(days=int(match[1]))


def stay_permit(text: str) -> str:
    """A visa or stay permit: its code where it is surely one of the table, else as it was typed, for there are more."""
    line = one_line(text)
    permit = choices.stay_permit(line)
    return permit.code if permit is not None else line


def purpose(text: str) -> Purpose:
    """Why the guest came: the contract's word, an Indonesian or like one, or the beginning of one alone."""
    sure = choices.purpose(text)
    if sure is not None:
        return sure
    near = choices.purposes(text)
    if near:
        likely = msg("There is no such purpose. Did you mean {words}?", words=_in_words(near))
        raise Unreadable("bad_character", likely, near[0].value)
    raise Unreadable("bad_character", msg("Choose one of: {words}.", words=_in_words(Purpose)))


def _in_words(purposes: Iterable[Purpose]) -> Message:
    """Purposes in the reader's language: the contract's words are English, and the catalogue knows them."""
    return listed([Message(purpose.value) for purpose in purposes])


def reason(text: str) -> str:
    """Why something is changed, in words; a sign alone tells the authority nothing."""
    words = one_line(text, LONGEST_NOTE)
    if not any(c.isalpha() for c in words):
        raise Unreadable("bad_character", msg("A reason is said in words: type one sentence for the authority."))
    return words


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
