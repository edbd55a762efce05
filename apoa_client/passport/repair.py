"""The smallest corrections that would make the check digits agree: advice, never applied.

A check digit sees that something is wrong, and not what. Of a wrong date little can be meant, since its own digit and
the composite weigh its characters differently and few dates exist; of a wrong number much can be, and only the page can
tell. So the candidates are ranked by how often people and cameras make the mistake, and all are only suggestions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from apoa_client.passport.check_digits import ALPHABET
from apoa_client.passport.dates import read_birth_date, read_expiry_date
from apoa_client.passport.layouts import Field, Kind, Layout
from apoa_client.passport.names import plain
from apoa_client.passport.problems import Correction
from apoa_client.passport.verify import COMPOSITE, composite_digit, composite_fits, failing_checks, field_fits

LIMIT = 5
"""More suggestions than anyone compares with a page."""

_DIGITS = "0123456789"

_CONFUSED = (
    "O0",
    "I1",
    "Z2",
    "S5",
    "B8",
    "G6",
    "D0",
    "Q0",
    "QO",
    "DO",
    "UV",
    "YV",
    "K<",
    "IL",
    "1L",
    "17",
    "38",
    "A4",
    "T7",
)

_DIGIT_FOR = str.maketrans("OQDUILZSBGATK", "000011258647<")
"""What a letter in a date stands for."""

_MISREAD, _MISTYPED_DIGIT, _SWAPPED, _MISTYPED = 1.0, 2.0, 2.0, 4.0
_ODD_SHAPE = 0.75
_UNLIKELY_EXPIRY = 1.0
_COMPOSITE_DISAGREES = 10.0


@dataclass(frozen=True, slots=True)
class _Edit:
    """`old` at `position` of the field's line becomes `new`; the lower its cost, the likelier."""

    position: int
    old: str
    new: str
    cost: float


def corrections(layout: Layout, lines: tuple[str, ...], field: Field, today: date) -> tuple[Correction, ...]:
    """Corrections of one protected field, best first, at most `LIMIT`.

    Each makes the field's own check digit fit, a date real, and the composite agree unless another field is wrong too.
    """
    if field.digit is None:
        return ()
    weigh_composite = not failing_checks(layout, lines) - {field.name, COMPOSITE}
    found = []
    for edit in _edits(field, lines):
        mended = _apply(lines, field.span.line, edit)
        cost = _cost(layout, field, edit, mended, today, weigh_composite=weigh_composite)
        if cost is not None:
            found.append((cost, mended, edit))
    found.sort(key=lambda candidate: candidate[0])
    if found and found[0][0] < _COMPOSITE_DISAGREES:
        found = [candidate for candidate in found if candidate[0] < _COMPOSITE_DISAGREES]
    cheapest: dict[tuple[str, ...], _Edit] = {}
    for _, mended, edit in found:
        cheapest.setdefault(mended, edit)
    ranked = list(cheapest.items())[:LIMIT]
    return tuple(_correction(field, edit, mended, today) for mended, edit in ranked)


def composite_correction(layout: Layout, lines: tuple[str, ...]) -> Correction:
    """Where every field's own digit fits and the composite does not, the composite itself is most likely wrong."""
    span, new = layout.composite, composite_digit(layout, lines)
    return Correction(COMPOSITE, span.line, span.start, span.of(lines), new, new)


def confusions(character: str) -> list[str]:
    """What people and cameras take for `character`, and the other way round."""
    return [new for new in ALPHABET if _confusable(character, new)]


def _edits(field: Field, lines: tuple[str, ...]) -> Iterator[_Edit]:
    for position, allowed in _positions(field):
        yield from _substitutions(lines[field.span.line], position, allowed)
    yield from _swaps(field, lines[field.span.line])
    yield from _letters_in_digits(field, lines[field.span.line])


def _positions(field: Field) -> list[tuple[int, str]]:
    """Each position of the field and its digit, with what may stand there."""
    allowed = {Kind.BIRTH: _DIGITS + "<", Kind.EXPIRY: _DIGITS}.get(field.kind, ALPHABET)
    digit = field.digit or field.span
    return [
        *((position, allowed) for position in range(field.span.start, field.span.end)),
        *((position, _DIGITS) for position in range(digit.start, digit.end)),
    ]


def _substitutions(line: str, position: int, allowed: str) -> Iterator[_Edit]:
    old = line[position]
    usual = _MISTYPED_DIGIT if allowed == _DIGITS else _MISTYPED
    for new in allowed:
        if new != old:
            yield _Edit(position, old, new, _MISREAD if _confusable(old, new) else usual + _changes_class(old, new))


def _swaps(field: Field, line: str) -> Iterator[_Edit]:
    positions = _positions(field)
    for (left, allowed_left), (right, allowed_right) in pairwise(positions):
        swapped = line[right] + line[left]
        apart = right - left != 1 or line[left] == line[right]
        if not apart and swapped[0] in allowed_left and swapped[1] in allowed_right:
            yield _Edit(left, line[left : right + 1], swapped, _SWAPPED)


def _letters_in_digits(field: Field, line: str) -> Iterator[_Edit]:
    """All letters that stand where only digits may, each as the digit it looks like."""
    wrong = [p for p, allowed in _positions(field) if len(allowed) < len(ALPHABET) and line[p] not in allowed]
    if wrong:
        start, end = wrong[0], wrong[-1] + 1
        new = "".join(c.translate(_DIGIT_FOR) if p in wrong else c for p, c in enumerate(line[start:end], start))
        yield _Edit(start, line[start:end], new, _MISREAD / 2)


def _cost(
    layout: Layout, field: Field, edit: _Edit, mended: tuple[str, ...], today: date, *, weigh_composite: bool
) -> float | None:
    """What a candidate costs, or None where it is none."""
    if not field_fits(field, mended) or value_of(field, mended, today) is None:
        return None
    disagrees = weigh_composite and not composite_fits(layout, mended)
    return edit.cost + _oddity(field, mended, today) + (_COMPOSITE_DISAGREES if disagrees else 0)


def _oddity(field: Field, lines: tuple[str, ...], today: date) -> float:
    """How unlikely the corrected value is in itself."""
    text = field.span.of(lines)
    if field.kind is Kind.EXPIRY:
        expiry = read_expiry_date(text, today)
        return 0 if expiry is not None and -10 <= expiry.year - today.year <= 10 else _UNLIKELY_EXPIRY  # noqa: PLR2004  years
    content = text.rstrip("<")
    return _ODD_SHAPE * sum(_changes_class(*pair) for pair in pairwise(content))


def value_of(field: Field, lines: tuple[str, ...], today: date) -> str | None:
    """What a field says: a date in ISO 8601 (None where it is no date that exists), otherwise its text."""
    text = field.span.of(lines)
    try:
        if field.kind is Kind.BIRTH:
            return str(read_birth_date(text, today) or "")
        if field.kind is Kind.EXPIRY:
            return str(read_expiry_date(text, today) or "")
    except ValueError:
        return None
    return plain(text)


def _apply(lines: tuple[str, ...], line: int, edit: _Edit) -> tuple[str, ...]:
    mended = lines[line][: edit.position] + edit.new + lines[line][edit.position + len(edit.old) :]
    return (*lines[:line], mended, *lines[line + 1 :])


def _correction(field: Field, edit: _Edit, mended: tuple[str, ...], today: date) -> Correction:
    value = value_of(field, mended, today) or ""
    return Correction(field.name, field.span.line, edit.position, edit.old, edit.new, value)


def _confusable(one: str, other: str) -> bool:
    return one + other in _PAIRS


def _changes_class(one: str, other: str) -> int:
    return int(one.isdigit() != other.isdigit() or (one == "<") != (other == "<"))


_PAIRS = frozenset(_CONFUSED) | {pair[::-1] for pair in _CONFUSED}
