"""Which check digits of an MRZ fit. Source: ICAO Doc 9303-3 §4.9.

Everywhere here the lines have the layout's length, and hold characters of the MRZ's alphabet.
"""

from apoa_client.passport.check_digits import values, weighted
from apoa_client.passport.layouts import Field, Layout

COMPOSITE = "composite"

_DIGITS = "0123456789"


def failing_checks(layout: Layout, lines: tuple[str, ...]) -> set[str]:
    """The names of the fields whose check digit does not fit, with "composite" for the one over all of them."""
    numbers = [values(line) for line in lines]
    failing = {field.name for field in layout.fields if field.digit is not None and not _fits(field, lines, numbers)}
    if not _composite_fits(layout, lines, numbers):
        failing.add(COMPOSITE)
    return failing


def field_fits(field: Field, lines: tuple[str, ...]) -> bool:
    """Whether a field's own check digit fits; a field without one fits."""
    return _fits(field, lines, [values(line) for line in lines])


def composite_fits(layout: Layout, lines: tuple[str, ...]) -> bool:
    """Whether the composite check digit fits."""
    return _composite_fits(layout, lines, [values(line) for line in lines])


def composite_digit(layout: Layout, lines: tuple[str, ...]) -> str:
    """The composite check digit as it should be."""
    return _DIGITS[_composite(layout, [values(line) for line in lines])]


def _fits(field: Field, lines: tuple[str, ...], numbers: list[bytes]) -> bool:
    if field.digit is None:
        return True
    span, given = field.span, lines[field.digit.line][field.digit.start]
    if given == _DIGITS[weighted(numbers[span.line][span.start : span.end])]:
        return True
    return given == "<" and field.filler_digit and not span.of(lines).strip("<")


def _composite_fits(layout: Layout, lines: tuple[str, ...], numbers: list[bytes]) -> bool:
    return layout.composite.of(lines) == _DIGITS[_composite(layout, numbers)]


def _composite(layout: Layout, numbers: list[bytes]) -> int:
    return weighted(b"".join([numbers[span.line][span.start : span.end] for span in layout.composite_of]))
