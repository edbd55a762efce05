"""The position of each field in each format of an MRZ. A new format is a new `Layout`.

Positions count from 0, and an end is excluded. A position in joined lines counts from the start of the first line.
Source: ICAO Doc 9303-4 §4.2 (TD3, passports), 9303-5 §4.2 (TD1, cards), 9303-6 §4.2 (TD2), 9303-7 §4.2 and §5.2 (MRV-A
and MRV-B, visas). The French national identity card issued before 2021 is not a format of ICAO; its positions are taken
from specimens.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from functools import cached_property
from operator import itemgetter
from typing import NamedTuple

DigitCheck = tuple[str, int, Callable[[bytes], bytes]]
"""A check digit's name, its position, and a function that selects the covered ones of all characters' values."""


class Kind(Enum):
    """How the characters of a field are read."""

    CODE = "document code"
    STATE = "state"
    NAMES = "names"
    NUMBER = "number"
    BIRTH = "birth"
    SEX = "sex"
    EXPIRY = "expiry"
    OPTIONAL = "optional"


class Span(NamedTuple):
    """A range of characters in one line."""

    line: int
    start: int
    end: int

    def of(self, lines: tuple[str, ...]) -> str:
        """Return the characters."""
        return lines[self.line][self.start : self.end]


class Field(NamedTuple):
    """One field, and the position of its check digit. With `filler_digit`, an empty field may have a filler there."""

    name: str
    kind: Kind
    span: Span
    digit: Span | None = None
    filler_digit: bool = False


def joined(spans: tuple[slice, ...]) -> Callable[[bytes], bytes]:
    """Return a function that selects the bytes of these spans and joins them."""
    if len(spans) == 1:
        return itemgetter(spans[0])
    take = itemgetter(*spans)
    return lambda numbers: b"".join(take(numbers))


class _Check(NamedTuple):
    name: str
    digit: int
    spans: tuple[slice, ...]
    filler_allowed: bool = False
    otherwise: tuple[slice, ...] = ()


class Check(_Check):  # no dataclass, as in `dates`
    """A check digit at position `digit` of the joined lines, over the positions of `spans`, in their order.

    A digit over `otherwise` is also correct. With `filler_allowed`, a filler is correct where all of `spans` is
    fillers.
    """

    @cached_property
    def take(self) -> Callable[[bytes], bytes]:
        """A function that selects the values of the covered characters from the values of all characters."""
        return joined(self.spans)

    @property
    def positions(self) -> list[int]:
        """Every position that it covers."""
        return [position for span in self.spans for position in range(span.start, span.stop)]


COMPOSITE = "composite"
"""The name of the check digit over several fields."""

_SECOND_OF_CODE = "<ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_CUT_ORDER = (
    "document_type",
    "issuing_state",
    "names",
    "given_names",
    "document_number",
    "nationality",
    "birth_date",
    "sex",
    "expiry_date",
    "optional_data",
    "optional_data_2",
)


class _Layout(NamedTuple):
    name: str
    line_count: int
    length: int
    codes: str
    fields: tuple[Field, ...]
    composite: Span | None = None
    composite_of: tuple[Span, ...] = ()
    overflows: bool = False


class Layout(_Layout):
    """One format: `line_count` lines of `length` characters.

    The document code begins with one of `codes`; a letter or a filler follows. The composite check digit, where the
    format has one, is computed over `composite_of`. With `overflows`, a document number that is longer than its field
    continues in the optional data.
    """

    @cached_property
    def document_codes(self) -> frozenset[str]:
        """Each possible document code, as the two characters in the MRZ."""
        return frozenset(first + second for first in self.codes for second in _SECOND_OF_CODE)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """The fields by name."""
        return {field.name: field for field in self.fields}

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """The check digits in the order of the fields, the composite last."""
        checks = [
            Check(field.name, self.at(field.digit).start, (self.at(field.span),), field.filler_digit)
            for field in self.fields
            if field.digit is not None
        ]
        if self.composite is not None:
            checks.append(Check(COMPOSITE, self.at(self.composite).start, tuple(map(self.at, self.composite_of))))
        return tuple(checks)

    @cached_property
    def check(self) -> dict[str, Check]:
        """The check digits by name."""
        return {check.name: check for check in self.checks}

    @cached_property
    def digit_checks(self) -> tuple[DigitCheck, ...]:
        """The check digits in the form that `failing_digits` takes."""
        return tuple((check.name, check.digit, check.take) for check in self.checks)

    @cached_property
    def covered(self) -> frozenset[int]:
        """The positions of all check digits and of the characters that they cover."""
        return frozenset(position for check in self.checks for position in (*check.positions, check.digit))

    @cached_property
    def cut(self) -> Callable[[str], tuple[str, ...]]:
        """A function that cuts the joined lines into the texts of `_CUT_ORDER`, empty for fields the format lacks."""
        nowhere = slice(0, 0)
        return itemgetter(
            *[self.at(self.by_name[name].span) if name in self.by_name else nowhere for name in _CUT_ORDER]
        )

    def at(self, span: Span) -> slice:
        """Return the position of a span in the joined lines."""
        start = span.line * self.length
        return slice(start + span.start, start + span.end)

    def lines(self, text: str) -> tuple[str, ...]:
        """Cut a joined text into lines."""
        return tuple(text[start : start + self.length] for start in range(0, len(text), self.length))


def _two_lines(length: int, optional_end: int, *, optional_digit: bool = False) -> tuple[Field, ...]:
    """Return the fields of TD2, TD3 and both visas: only the end of the names and of the optional data differ."""
    digit = Span(1, optional_end, optional_end + 1) if optional_digit else None
    return (
        Field("document_type", Kind.CODE, Span(0, 0, 2)),
        Field("issuing_state", Kind.STATE, Span(0, 2, 5)),
        Field("names", Kind.NAMES, Span(0, 5, length)),
        Field("document_number", Kind.NUMBER, Span(1, 0, 9), Span(1, 9, 10), filler_digit=True),
        Field("nationality", Kind.STATE, Span(1, 10, 13)),
        Field("birth_date", Kind.BIRTH, Span(1, 13, 19), Span(1, 19, 20)),
        Field("sex", Kind.SEX, Span(1, 20, 21)),
        Field("expiry_date", Kind.EXPIRY, Span(1, 21, 27), Span(1, 27, 28)),
        Field("optional_data", Kind.OPTIONAL, Span(1, 28, optional_end), digit, filler_digit=optional_digit),
    )


# P is for passports; A, C and I are for other official documents (Doc 9303-5, -6). Specimens of each exist in each
# size.
_CODES = "PACI"

TD3 = Layout(
    name="TD3",
    line_count=2,
    length=44,
    codes=_CODES,
    fields=_two_lines(44, 42, optional_digit=True),
    composite=Span(1, 43, 44),
    composite_of=(Span(1, 0, 10), Span(1, 13, 20), Span(1, 21, 43)),
)

TD2 = Layout(
    name="TD2",
    line_count=2,
    length=36,
    codes=_CODES,
    fields=_two_lines(36, 35),
    composite=Span(1, 35, 36),
    composite_of=(Span(1, 0, 10), Span(1, 13, 20), Span(1, 21, 35)),
    overflows=True,
)

TD1 = Layout(
    name="TD1",
    line_count=3,
    length=30,
    codes=_CODES,
    fields=(
        Field("document_type", Kind.CODE, Span(0, 0, 2)),
        Field("issuing_state", Kind.STATE, Span(0, 2, 5)),
        Field("document_number", Kind.NUMBER, Span(0, 5, 14), Span(0, 14, 15), filler_digit=True),
        Field("optional_data", Kind.OPTIONAL, Span(0, 15, 30)),
        Field("birth_date", Kind.BIRTH, Span(1, 0, 6), Span(1, 6, 7)),
        Field("sex", Kind.SEX, Span(1, 7, 8)),
        Field("expiry_date", Kind.EXPIRY, Span(1, 8, 14), Span(1, 14, 15)),
        Field("nationality", Kind.STATE, Span(1, 15, 18)),
        Field("optional_data_2", Kind.OPTIONAL, Span(1, 18, 29)),
        Field("names", Kind.NAMES, Span(2, 0, 30)),
    ),
    composite=Span(1, 29, 30),
    composite_of=(Span(0, 5, 30), Span(1, 0, 7), Span(1, 8, 15), Span(1, 18, 29)),
    overflows=True,
)

MRV_A = Layout(name="MRV-A", line_count=2, length=44, codes="V", fields=_two_lines(44, 44))

MRV_B = Layout(name="MRV-B", line_count=2, length=36, codes="V", fields=_two_lines(36, 36))

FRENCH_ID = Layout(
    name="FRA-ID",
    line_count=2,
    length=36,
    codes="I",
    fields=(
        Field("document_type", Kind.CODE, Span(0, 0, 2)),
        Field("issuing_state", Kind.STATE, Span(0, 2, 5)),
        Field("names", Kind.NAMES, Span(0, 5, 30)),
        # The department and the office of issue.
        Field("optional_data", Kind.OPTIONAL, Span(0, 30, 36)),
        Field("document_number", Kind.NUMBER, Span(1, 0, 12), Span(1, 12, 13)),
        Field("given_names", Kind.NAMES, Span(1, 13, 27)),
        Field("birth_date", Kind.BIRTH, Span(1, 27, 33), Span(1, 33, 34)),
        Field("sex", Kind.SEX, Span(1, 34, 35)),
        # The card has no field for the nationality, which is always that of the issuing state.
        Field("nationality", Kind.STATE, Span(0, 2, 5)),
    ),
    composite=Span(1, 35, 36),
    composite_of=(Span(0, 0, 36), Span(1, 0, 35)),
)

LAYOUTS = (TD3, TD2, TD1, MRV_A, MRV_B, FRENCH_ID)

SIZES = {layout.line_count * layout.length: layout for layout in (TD1, TD2, TD3)}
"""One format of each size, by the number of all characters."""

_FRENCH = "IDFRA"
_VISA = "V"


def layout_of(lines: Sequence[str], text: str) -> Layout | None:
    """Return the format of lines, from their number, their lengths and the beginning of the joined `text`; or None."""
    size = SIZES.get(len(text))
    if size is None or len(lines) != size.line_count or len(lines[0]) != size.length or len(lines[-1]) != size.length:
        return None
    return size if size is TD3 and text[0] != _VISA else format_of(size, text)


def format_of(size: Layout, text: str) -> Layout:
    """Return the format among those of one size, from the beginning of the joined lines."""
    if text.startswith(_VISA) and size is not TD1:
        return MRV_A if size is TD3 else MRV_B
    return FRENCH_ID if size is TD2 and text.startswith(_FRENCH) else size
