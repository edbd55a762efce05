"""Where each format keeps what: positions as data, so that a further format is a further table.

Positions count from 0, and an end is excluded. Where lines are joined into one text, a position counts from its start.
Source: ICAO Doc 9303-4 §4.2 (TD3, passports), 9303-5 §4.2 (TD1, cards), 9303-6 §4.2 (TD2), 9303-7 §4.2 and §5.2 (MRV-A
and MRV-B, visas). The French national identity card of before 2021 is no format of ICAO's; its positions are those that
its specimens show.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from operator import itemgetter

from apoa_client.passport.check_digits import DigitCheck


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


def joined(spans: tuple[slice, ...]) -> Callable[[bytes], bytes]:
    """Takes the bytes of several places together."""
    if len(spans) == 1:
        return itemgetter(spans[0])
    take = itemgetter(*spans)
    return lambda numbers: b"".join(take(numbers))


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """A check digit at position `digit` of the joined lines, over the positions of `spans`, in their order.

    It also fits where it is the digit over `otherwise`, and where `filler_allowed`, if all that it covers is fillers
    and it is one itself.
    """

    name: str
    digit: int
    spans: tuple[slice, ...]
    filler_allowed: bool = False
    otherwise: tuple[slice, ...] = ()
    take: Callable[[bytes], bytes] = field(init=False)
    """Takes what it covers from the values of all characters."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "take", joined(self.spans))

    @property
    def positions(self) -> list[int]:
        """Every position that it covers."""
        return [position for span in self.spans for position in range(span.start, span.stop)]


_SECOND = "<ABCDEFGHIJKLMNOPQRSTUVWXYZ"

COMPOSITE = "composite"
"""The name of the check digit over several fields."""

_READ = (
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


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """One format: `line_count` lines of `length` characters.

    `codes` is what the document code may begin with; a letter or a filler follows. The composite check digit, where
    there is one, is computed over `composite_of`. Where `overflows`, a number longer than its field goes on in the
    optional data. What follows is derived: `document_codes` by what an MRZ writes for them, `checks` in the order of
    the fields with the composite last, `check` by name, `digit_checks`, which are the same for a quick look, `covered`,
    the positions that any of them looks at, and `cut`, which splits the joined lines into the texts of `_READ`, empty
    where the format has no such field.
    """

    name: str
    line_count: int
    length: int
    codes: str
    fields: tuple[Field, ...]
    composite: Span | None = None
    composite_of: tuple[Span, ...] = ()
    overflows: bool = False
    document_codes: dict[str, str] = field(init=False)
    by_name: dict[str, Field] = field(init=False)
    checks: tuple[Check, ...] = field(init=False)
    check: dict[str, Check] = field(init=False)
    digit_checks: tuple[DigitCheck, ...] = field(init=False)
    covered: frozenset[int] = field(init=False)
    cut: Callable[[str], tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        own = [
            Check(f.name, self.at(f.digit).start, (self.at(f.span),), f.filler_digit)
            for f in self.fields
            if f.digit is not None
        ]
        if self.composite is not None:
            own.append(Check(COMPOSITE, self.at(self.composite).start, tuple(map(self.at, self.composite_of))))
        by_name = {f.name: f for f in self.fields}
        nowhere = slice(0, 0)
        slices = [self.at(by_name[name].span) if name in by_name else nowhere for name in _READ]
        object.__setattr__(self, "document_codes", {a + b: (a + b).rstrip("<") for a in self.codes for b in _SECOND})
        object.__setattr__(self, "by_name", by_name)
        object.__setattr__(self, "checks", tuple(own))
        object.__setattr__(self, "digit_checks", tuple((check.name, check.digit, check.take) for check in own))
        covered = frozenset(position for check in own for position in (*check.positions, check.digit))
        object.__setattr__(self, "covered", covered)
        object.__setattr__(self, "cut", itemgetter(*slices))
        object.__setattr__(self, "check", {check.name: check for check in own})

    def at(self, span: Span) -> slice:
        """Where a span is in the joined lines."""
        start = span.line * self.length
        return slice(start + span.start, start + span.end)

    def lines(self, text: str) -> tuple[str, ...]:
        """The lines of a joined text."""
        return tuple(text[start : start + self.length] for start in range(0, len(text), self.length))


def _second_line_of_two(optional_end: int, *, optional_digit: bool = False) -> tuple[Field, ...]:
    """The second line as TD2, TD3 and both visas begin it; only the end of the optional data differs."""
    digit = Span(1, optional_end, optional_end + 1) if optional_digit else None
    return (
        Field("document_number", Kind.NUMBER, Span(1, 0, 9), Span(1, 9, 10), filler_digit=True),
        Field("nationality", Kind.STATE, Span(1, 10, 13)),
        Field("birth_date", Kind.BIRTH, Span(1, 13, 19), Span(1, 19, 20)),
        Field("sex", Kind.SEX, Span(1, 20, 21)),
        Field("expiry_date", Kind.EXPIRY, Span(1, 21, 27), Span(1, 27, 28)),
        Field("optional_data", Kind.OPTIONAL, Span(1, 28, optional_end), digit, filler_digit=optional_digit),
    )


def _first_line_of_two(length: int) -> tuple[Field, ...]:
    return (
        Field("document_type", Kind.CODE, Span(0, 0, 2)),
        Field("issuing_state", Kind.STATE, Span(0, 2, 5)),
        Field("names", Kind.NAMES, Span(0, 5, length)),
    )


# P is the passport's, and A, C and I are those of other official documents (Doc 9303-5, -6); specimens of each exist in
# each size.
_CODES = "PACI"

TD3 = Layout(
    name="TD3",
    line_count=2,
    length=44,
    codes=_CODES,
    fields=_first_line_of_two(44) + _second_line_of_two(42, optional_digit=True),
    composite=Span(1, 43, 44),
    composite_of=(Span(1, 0, 10), Span(1, 13, 20), Span(1, 21, 43)),
)

TD2 = Layout(
    name="TD2",
    line_count=2,
    length=36,
    codes=_CODES,
    fields=_first_line_of_two(36) + _second_line_of_two(35),
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

MRV_A = Layout(
    name="MRV-A", line_count=2, length=44, codes="V", fields=_first_line_of_two(44) + _second_line_of_two(44)
)

MRV_B = Layout(
    name="MRV-B", line_count=2, length=36, codes="V", fields=_first_line_of_two(36) + _second_line_of_two(36)
)

FRENCH_ID = Layout(
    name="FRA-ID",
    line_count=2,
    length=36,
    codes="I",
    fields=(
        Field("document_type", Kind.CODE, Span(0, 0, 2)),
        Field("issuing_state", Kind.STATE, Span(0, 2, 5)),
        Field("names", Kind.NAMES, Span(0, 5, 30)),
        # The department and the office that issued it.
        Field("optional_data", Kind.OPTIONAL, Span(0, 30, 36)),
        Field("document_number", Kind.NUMBER, Span(1, 0, 12), Span(1, 12, 13)),
        Field("given_names", Kind.NAMES, Span(1, 13, 27)),
        Field("birth_date", Kind.BIRTH, Span(1, 27, 33), Span(1, 33, 34)),
        Field("sex", Kind.SEX, Span(1, 34, 35)),
        # Only the French have one, so that it names no nationality but its issuing state.
        Field("nationality", Kind.STATE, Span(0, 2, 5)),
    ),
    composite=Span(1, 35, 36),
    composite_of=(Span(0, 0, 36), Span(1, 0, 35)),
)

LAYOUTS = (TD3, TD2, TD1, MRV_A, MRV_B, FRENCH_ID)

SIZES = {layout.line_count * layout.length: layout for layout in (TD1, TD2, TD3)}
"""By the number of all characters, which alone tells the sizes apart: one format of each size."""

_FRENCH = "IDFRA"
_VISA = "V"


def layout_of(lines: Sequence[str], text: str) -> Layout | None:
    """The format of lines, by their number, their lengths, and how the joined `text` begins; None where it is none."""
    size = SIZES.get(len(text))
    if size is None or len(lines) != size.line_count or len(lines[0]) != size.length or len(lines[-1]) != size.length:
        return None
    return size if size is TD3 and text[0] != _VISA else format_of(size, text)


def format_of(size: Layout, text: str) -> Layout:
    """Which of the formats of one size it is, by how the joined lines begin."""
    if text.startswith(_VISA) and size is not TD1:
        return MRV_A if size is TD3 else MRV_B
    return FRENCH_ID if size is TD2 and text.startswith(_FRENCH) else size
