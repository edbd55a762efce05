"""Where each format keeps what: positions as data, so that a further format is a further table.

Positions count from 0, and an end is excluded. Source: ICAO Doc 9303-4 §4.2 for TD3 (passports, two lines of 44).
"""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """How a field's characters are to be read."""

    CODE = "document code"
    STATE = "state"
    NAMES = "names"
    NUMBER = "number"
    BIRTH = "birth"
    SEX = "sex"
    EXPIRY = "expiry"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class Span:
    """Neighbouring characters of one line."""

    line: int
    start: int
    end: int

    def of(self, lines: tuple[str, ...]) -> str:
        """The characters."""
        return lines[self.line][self.start : self.end]


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `digit` is its check digit's position; where `filler_digit`, an empty field's may be a filler."""

    name: str
    kind: Kind
    span: Span
    digit: Span | None = None
    filler_digit: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """One format. The composite check digit is computed over the spans of `composite_of`, in their order."""

    name: str
    line_count: int
    length: int
    codes: str
    """What the document code may begin with."""
    fields: tuple[Field, ...]
    composite: Span
    composite_of: tuple[Span, ...]


TD3 = Layout(
    name="TD3",
    line_count=2,
    length=44,
    # P is the passport's. A, C and I are for official documents of other sizes (Doc 9303-5, -6), and seen here too.
    codes="PACI",
    fields=(
        Field("document_type", Kind.CODE, Span(0, 0, 2)),
        Field("issuing_state", Kind.STATE, Span(0, 2, 5)),
        Field("names", Kind.NAMES, Span(0, 5, 44)),
        Field("document_number", Kind.NUMBER, Span(1, 0, 9), Span(1, 9, 10)),
        Field("nationality", Kind.STATE, Span(1, 10, 13)),
        Field("birth_date", Kind.BIRTH, Span(1, 13, 19), Span(1, 19, 20)),
        Field("sex", Kind.SEX, Span(1, 20, 21)),
        Field("expiry_date", Kind.EXPIRY, Span(1, 21, 27), Span(1, 27, 28)),
        Field("optional_data", Kind.OPTIONAL, Span(1, 28, 42), Span(1, 42, 43), filler_digit=True),
    ),
    composite=Span(1, 43, 44),
    composite_of=(Span(1, 0, 10), Span(1, 13, 20), Span(1, 21, 43)),
)
