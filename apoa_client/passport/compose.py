"""Composition of MRZ lines from fields, for tests, the demonstration and the comparison with typed names.

Source: ICAO Doc 9303-3 §4.6 and §6 (names and transliteration), and 9303-4 to -7 for each format.
"""

import re
from datetime import date
from typing import NamedTuple

from apoa_client.messages import msg
from apoa_client.passport.check_digits import check_digit, composite_digit
from apoa_client.passport.dates import PartialDate, mrz_date
from apoa_client.passport.field_problems import SEXES
from apoa_client.passport.layouts import LAYOUTS, Kind, Layout, layout_of
from apoa_client.passport.names import BETWEEN, transliterate
from apoa_client.passport.problems import LABELS, CannotCompose, cannot_compose
from apoa_client.passport.states import by_code
from apoa_client.texts import repr_with

_NUMBER = r"[A-Z0-9<]*"

_USUAL_TYPE = {"TD1": "I", "TD2": "I", "TD3": "P", "MRV-A": "V", "MRV-B": "V", "FRA-ID": "ID"}

_SECONDARY_MINIMUM = 3
"""Characters: two fillers and at least one of the given names."""


@repr_with("document_type")
class Details(NamedTuple):
    """The fields of an MRZ. Names may have Latin letters of any kind; states are ICAO codes; `sex` is M, F or X.

    The default of `document_type` is the format's most common one. A field that a format lacks is left out: only TD1
    has `optional_data_2`, and the French identity card has no expiry date.
    """

    issuing_state: str
    surname: str
    given_names: str
    document_number: str
    nationality: str
    birth_date: PartialDate | None
    sex: str
    expiry_date: date | None = None
    document_type: str | None = None
    optional_data: str = ""
    optional_data_2: str = ""


def compose(form: str, details: Details) -> tuple[str, ...]:
    """Return the lines of a document of a format ("TD1", "TD2", "TD3", "MRV-A", "MRV-B" or "FRA-ID").

    Names are transliterated and, where they are too long, truncated as ICAO specifies. A number that is too long for
    its field continues in the optional data where the format allows it. Raises `CannotCompose` where a field cannot be
    written.
    """
    layout = next(layout for layout in LAYOUTS if layout.name == form)
    code = _USUAL_TYPE[layout.name] if details.document_type is None else details.document_type
    if code.ljust(2, "<") not in layout.document_codes:
        raise cannot_compose("document_type", code)
    if details.sex not in SEXES:
        raise cannot_compose("sex", details.sex)
    texts = {
        "document_type": code,
        "issuing_state": _state("issuing_state", details.issuing_state),
        "nationality": _state("nationality", details.nationality),
        "birth_date": mrz_date(details.birth_date),
        "sex": "<" if details.sex == "X" else details.sex,
        "expiry_date": mrz_date(details.expiry_date),
        "document_number": _number("document_number", details.document_number),
        "optional_data": _number("optional_data", details.optional_data),
        "optional_data_2": _number("optional_data_2", details.optional_data_2),
        **_names(layout, details),
    }
    lines = _lines(layout, texts)
    if not lines[0][2:].startswith(details.issuing_state):  # the French card has one field for both
        raise cannot_compose("nationality", details.nationality)
    if layout_of(lines, "".join(lines)) is not layout:
        raise cannot_compose("document_type", code)
    return lines


def _lines(layout: Layout, texts: dict[str, str]) -> tuple[str, ...]:
    """Return the lines with each text in its field, filled up with fillers, and with the check digits."""
    written = list("<" * layout.line_count * layout.length)
    texts, digits = _with_long_number(layout, texts)
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


def _with_long_number(layout: Layout, texts: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Move the rest of a long number and its check digit to the optional data.

    Returns the texts, and the filler that stands in place of the number's check digit.
    """
    number, span = texts["document_number"], layout.by_name["document_number"].span
    width = span.end - span.start
    if not layout.overflows or len(number) <= width:
        return texts, {}
    if "<" in number:  # the number would end there
        raise cannot_compose("document_number", number)
    rest = f"{number[width:]}{check_digit(number)}"
    optional = f"{rest}<{texts['optional_data']}" if texts["optional_data"] else rest
    return texts | {"document_number": number[:width], "optional_data": optional}, {"document_number": "<"}


def _names(layout: Layout, details: Details) -> dict[str, str]:
    """Return both identifiers in one field; names that are too long end in a letter (9303-4 §4.2.3).

    The French card has a field for each identifier.
    """
    primary, secondary = transliterate(details.surname), transliterate(details.given_names)
    width = {f.name: f.span.end - f.span.start for f in layout.fields if f.kind is Kind.NAMES}
    if "given_names" in width:
        given = _cut(secondary.replace("<", "<<"), width["given_names"])
        return {"names": _cut(primary, width["names"]), "given_names": given}
    if not secondary:
        return {"names": _cut(primary, width["names"])}
    if len(primary) + _SECONDARY_MINIMUM > width["names"]:
        primary = _cut(primary, width["names"] - _SECONDARY_MINIMUM)
    return {"names": _cut(f"{primary}<<{secondary}", width["names"])}


def _cut(text: str, width: int) -> str:
    """Return at most `width` characters; a part is shortened where the cut would be at a filler."""
    while len(text) > width and text[width - 1] == "<":
        shorter = re.sub(r"(?<=[A-Z])[A-Z](?=[^A-Z]*$)", "", text[:width])
        if shorter == text[:width]:
            break
        text = shorter + text[width:]
    return text[:width]


def _state(field: str, code: str) -> str:
    if code and by_code(code) is None:
        raise cannot_compose(field, code)
    return code


def _number(field: str, text: str) -> str:
    fillers = re.sub(BETWEEN, "<", text.strip()).upper()
    if not re.fullmatch(_NUMBER, fillers):
        raise cannot_compose(field, text)
    return fillers
