"""From fields to the lines of an MRZ: what tests, the demonstration and "does it look like this?" need.

Source: ICAO Doc 9303-3 §4.6 and §6 (names and transliteration), and 9303-4 to -7 for each format.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date

from apoa_client.messages import msg
from apoa_client.passport.check_digits import check_digit
from apoa_client.passport.dates import PartialDate, mrz_date
from apoa_client.passport.field_problems import SEXES
from apoa_client.passport.layouts import LAYOUTS, Kind, Layout, layout_of
from apoa_client.passport.problems import CannotCompose
from apoa_client.passport.states import by_code
from apoa_client.passport.verify import composite_digit
from apoa_client.passport.wording import LABELS

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

_USUAL_TYPE = {"TD1": "I", "TD2": "I", "TD3": "P", "MRV-A": "V", "MRV-B": "V", "FRA-ID": "ID"}

_SECONDARY_ROOM = 3
"""Two fillers and at least one character of the given names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What an MRZ is made of. Names may have Latin letters of any kind; states are ICAO codes; `sex` is M, F or X.

    Without a `document_type` it is the format's commonest. What a format has no room for is left out:
    `optional_data_2` has one in TD1 alone, and the French identity card has none for an expiry date.
    """

    issuing_state: str = field(repr=False)
    surname: str = field(repr=False)
    given_names: str = field(repr=False)
    document_number: str = field(repr=False)
    nationality: str = field(repr=False)
    birth_date: PartialDate | None = field(repr=False)
    sex: str = field(repr=False)
    expiry_date: date | None = field(default=None, repr=False)
    document_type: str | None = None
    optional_data: str = field(default="", repr=False)
    optional_data_2: str = field(default="", repr=False)


def compose(form: str, details: Details) -> tuple[str, ...]:
    """The lines that a document of a format ("TD1", "TD2", "TD3", "MRV-A", "MRV-B", "FRA-ID") has with these details.

    Names are transliterated and, where they are too long, truncated as ICAO does; a number too long for its field goes
    on in the optional data where the format allows it. Raises `CannotCompose` where a field cannot be written.
    """
    layout = next(layout for layout in LAYOUTS if layout.name == form)
    code = _code(layout, _USUAL_TYPE[layout.name] if details.document_type is None else details.document_type)
    texts = {
        "document_type": code,
        "issuing_state": _state("issuing_state", details.issuing_state),
        "nationality": _state("nationality", details.nationality),
        "birth_date": mrz_date(details.birth_date),
        "sex": _sex(details.sex),
        "expiry_date": mrz_date(details.expiry_date),
        "document_number": _number("document_number", details.document_number),
        "optional_data": _number("optional_data", details.optional_data),
        "optional_data_2": _number("optional_data_2", details.optional_data_2),
        **_names(layout, details),
    }
    lines = _laid_out(layout, texts)
    if not lines[0][2:].startswith(details.issuing_state):  # the French card has one place for both
        raise _cannot("nationality", details.nationality)
    if layout_of(lines, "".join(lines)) is not layout:
        raise _cannot("document_type", code)
    return lines


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
    written = list("<" * layout.line_count * layout.length)
    texts, digits = _overflown(layout, texts)
    for item in layout.fields:
        place, text = layout.at(item.span), texts[item.name]
        if len(text) > place.stop - place.start:
            message = msg("The {field} is too long for the machine readable lines.", field=LABELS[item.name])
            raise CannotCompose(item.name, message)
        written[place] = text.ljust(place.stop - place.start, "<")
        if item.digit is not None:
            written[layout.at(item.digit).start] = digits.get(item.name) or check_digit(text)
    if layout.composite is not None:
        written[layout.at(layout.composite).start] = composite_digit(layout, "".join(written)) or "<"
    return layout.lines("".join(written))


def _overflown(layout: Layout, texts: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """A long number's rest and its check digit, moved to the optional data; a filler is then the number's digit."""
    number, room = texts["document_number"], layout.by_name["document_number"].span
    width = room.end - room.start
    if not layout.overflows or len(number) <= width:
        return texts, {}
    if "<" in number:  # it would end there
        raise _cannot("document_number", number)
    rest = f"{number[width:]}{check_digit(number)}"
    optional = f"{rest}<{texts['optional_data']}" if texts["optional_data"] else rest
    return texts | {"document_number": number[:width], "optional_data": optional}, {"document_number": "<"}


def _names(layout: Layout, details: Details) -> dict[str, str]:
    """Both identifiers in one field, cut so that the last position holds a letter if they are too long (9303-4 §4.2.3).

    The French card has a field for each.
    """
    primary, secondary = transliterate(details.surname), transliterate(details.given_names)
    room = {f.name: f.span.end - f.span.start for f in layout.fields if f.kind is Kind.NAMES}
    if "given_names" in room:
        given = _cut(secondary.replace("<", "<<"), room["given_names"])
        return {"names": _cut(primary, room["names"]), "given_names": given}
    if not secondary:
        return {"names": _cut(primary, room["names"])}
    if len(primary) + _SECONDARY_ROOM > room["names"]:
        primary = _cut(primary, room["names"] - _SECONDARY_ROOM)
    return {"names": _cut(f"{primary}<<{secondary}", room["names"])}


def _cut(text: str, room: int) -> str:
    """The text, or its first `room` characters; a part is shortened where the cut would fall on a filler."""
    while len(text) > room and text[room - 1] == "<":
        shorter = re.sub(r"(?<=[A-Z])[A-Z](?=[^A-Z]*$)", "", text[:room])
        if shorter == text[:room]:
            break
        text = shorter + text[room:]
    return text[:room]


def _code(layout: Layout, text: str) -> str:
    if text.ljust(2, "<") not in layout.document_codes:
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
    message = msg("The {field} {text} cannot be written in machine readable lines.", field=LABELS[field], text=text)
    return CannotCompose(field, message)
