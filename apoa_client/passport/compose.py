"""From fields to the lines of an MRZ: what tests, the demonstration and "does it look like this?" need.

Source: ICAO Doc 9303-3 §4.6 and §6 (names and transliteration), 9303-4 §4.2 (TD3).
"""

import re
import unicodedata
from datetime import date

from apoa_client.passport.check_digits import check_digit
from apoa_client.passport.dates import PartialDate, mrz_date
from apoa_client.passport.inspection import SEXES
from apoa_client.passport.layouts import TD3, Layout
from apoa_client.passport.problems import CannotCompose
from apoa_client.passport.states import by_code
from apoa_client.passport.verify import composite_digit
from apoa_client.passport.wording import LABELS
from apoa_client.texts import msg

_SPECIAL = {
    "Ä": "AE", "Å": "AA", "Æ": "AE", "Ð": "D", "Đ": "D", "Ħ": "H", "Ĳ": "IJ", "Ŀ": "L", "Ł": "L", "Ŋ": "N",
    "Ö": "OE", "Ø": "OE", "Œ": "OE", "ẞ": "SS", "ß": "SS", "Ŧ": "T", "Þ": "TH", "Ü": "UE",
}  # fmt: skip
"""Doc 9303-3 §6.A, where a letter does not simply lose its mark; where it allows several, the one in common use."""

_DROPPED = "'\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}`\N{MODIFIER LETTER APOSTROPHE}.,"
"""Left out of an MRZ (§4.6)."""

_BETWEEN = re.compile(r"[\s<\u2010-\u2015-]+")
"""Blanks and hyphens become one filler (§4.6)."""

_LETTERS = re.compile(r"[A-Z<]*")

_NUMBER = re.compile(r"[A-Z0-9<]*")

_SECONDARY_ROOM = 3
"""Two fillers and at least one character of the given names."""


def compose_td3(  # noqa: PLR0913  a passport has ten fields, and each is named where this is called
    *,
    issuing_state: str,
    surname: str,
    given_names: str,
    document_number: str,
    nationality: str,
    birth_date: PartialDate | None,
    sex: str,
    expiry_date: date | None,
    document_type: str = "P",
    optional_data: str = "",
) -> tuple[str, str]:
    """The two lines of 44 characters that a passport with these details has.

    Names may have Latin letters of any kind, and are transliterated and, where they are too long, truncated as ICAO
    does. States are ICAO codes; `sex` is "M", "F" or "X". Raises `CannotCompose` where a field cannot be written.
    """
    texts = {
        "document_type": _code(document_type),
        "issuing_state": _state("issuing_state", issuing_state),
        "names": _name_field(surname, given_names, TD3),
        "document_number": _number("document_number", document_number),
        "nationality": _state("nationality", nationality),
        "birth_date": mrz_date(birth_date),
        "sex": _sex(sex),
        "expiry_date": mrz_date(expiry_date),
        "optional_data": _number("optional_data", optional_data),
    }
    first, second = _laid_out(TD3, texts)
    return first, second


def transliterate(name: str) -> str:
    """A name in the MRZ's letters, with a filler for each blank or hyphen. Raises `CannotCompose` for other scripts."""
    capitals = "".join(_SPECIAL.get(c) or c.upper() for c in unicodedata.normalize("NFC", name) if c not in _DROPPED)
    special = "".join(_SPECIAL.get(character, character) for character in capitals)
    bare = "".join(c for c in unicodedata.normalize("NFD", special) if not unicodedata.combining(c))
    fillers = _BETWEEN.sub("<", bare).strip("<")
    if not _LETTERS.fullmatch(fillers):
        raise _cannot("names", fillers)
    return fillers


def _laid_out(layout: Layout, texts: dict[str, str]) -> tuple[str, ...]:
    """Each text in its field, filled up, with the check digits."""
    lines = [["<"] * layout.length for _ in range(layout.line_count)]
    for field in layout.fields:
        span, text = field.span, texts[field.name]
        if len(text) > span.end - span.start:
            message = msg("The {field} is too long for a passport's machine readable lines.", field=LABELS[field.name])
            raise CannotCompose(field.name, message)
        lines[span.line][span.start : span.end] = text.ljust(span.end - span.start, "<")
        if field.digit is not None:
            lines[field.digit.line][field.digit.start] = check_digit(text)
    written = tuple("".join(line) for line in lines)
    composite = layout.composite
    lines[composite.line][composite.start] = composite_digit(layout, written)
    return tuple("".join(line) for line in lines)


def _name_field(surname: str, given_names: str, layout: Layout) -> str:
    """Both identifiers, cut so that the last position holds a letter if they are too long (Doc 9303-4 §4.2.3)."""
    room = next(field.span.end - field.span.start for field in layout.fields if field.name == "names")
    primary, secondary = transliterate(surname), transliterate(given_names)
    if not secondary:
        return _cut(primary, room)
    if len(primary) + _SECONDARY_ROOM > room:
        primary = _cut(primary, room - _SECONDARY_ROOM)
    return _cut(f"{primary}<<{secondary}", room)


def _cut(text: str, room: int) -> str:
    """The text, or its first `room` characters; a part is shortened where the cut would fall on a filler."""
    while len(text) > room and text[room - 1] == "<":
        shorter = re.sub(r"(?<=[A-Z])[A-Z](?=[^A-Z]*$)", "", text[:room])
        if shorter == text[:room]:
            break
        text = shorter + text[room:]
    return text[:room]


def _code(text: str) -> str:
    if not (text[:1] in TD3.codes and _LETTERS.fullmatch(text)) or not text:
        raise _cannot("document_type", text)
    return text


def _state(field: str, code: str) -> str:
    if code and by_code(code) is None:
        raise _cannot(field, code)
    return code


def _number(field: str, text: str) -> str:
    fillers = _BETWEEN.sub("<", text.strip()).upper()
    if not _NUMBER.fullmatch(fillers):
        raise _cannot(field, text)
    return fillers


def _sex(text: str) -> str:
    if text not in SEXES:
        raise _cannot("sex", text)
    return "<" if text == "X" else text


def _cannot(field: str, text: str) -> CannotCompose:
    message = msg(
        "The {field} {text} cannot be written in a passport's machine readable lines.", field=LABELS[field], text=text
    )
    return CannotCompose(field, message)
