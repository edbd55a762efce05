"""The smallest corrections that make the check digits fit: suggestions, which are never applied.

A check digit shows that something is wrong, and not what. A wrong date has few possible corrections, because its own
check digit and the composite weigh its characters differently and few dates exist. A wrong number has many, and only
the passport's page can decide. The candidates are ranked by how often people and cameras make each mistake.
"""

import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from apoa_client.passport.check_digits import ALPHABET, DIGITS
from apoa_client.passport.dates import UNKNOWN, read_birth_date, read_expiry_date
from apoa_client.passport.layouts import COMPOSITE, Check, Kind, Layout
from apoa_client.passport.lookalikes import confusion_cost
from apoa_client.passport.names import without_fillers
from apoa_client.passport.problems import Correction
from apoa_client.passport.states import GERMANY, canonical_code
from apoa_client.passport.verify import checks_of, composite_digit, digit_is_correct, failing_checks

LIMIT = 5
"""More suggestions than a person compares with a page."""

_DIGIT_FOR = str.maketrans("OQDUILZSBGATK", "000011258647<")
"""The digit that a letter in a date stands for."""

_USUAL_NUMBER = re.compile("([A-Z]{0,3})[0-9]*")
"""The form of most document numbers: digits, perhaps after a few letters."""

_NOT_IN_GERMAN_NUMBERS = frozenset("ABDEIOQSU")
"""German document numbers have no vowels and no letters that look like digits."""

_LETTERS_AS_DIGITS, _SWAPPED, _UNKNOWN_AS_ZEROS = 0.5, 2.0, 0.5
_ODD_SHAPE, _EACH_LETTER = 1.5, 0.25
_IMPOSSIBLE_LETTER = 9.0
_UNLIKELY_EXPIRY = 1.0
_COMPOSITE_DISAGREES = 10.0


class _Edit(NamedTuple):
    """`old` at `position` of the joined lines becomes `new`; the lower the cost, the likelier the edit."""

    position: int
    old: str
    new: str
    cost: float

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return "_Edit(…)"

    def apply(self, text: str) -> str:
        """Return the edited text."""
        return text[: self.position] + self.new + text[self.position + len(self.old) :]


class _DamagedField(NamedTuple):
    """A field whose check digit is wrong or whose date does not exist.

    `positions` has each position that the check digit covers, and its own, with the characters that are allowed there.
    """

    layout: Layout
    text: str
    name: str
    kind: Kind
    check: Check
    positions: tuple[tuple[int, str], ...]
    today: date

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return f"_DamagedField({self.name!r}, …)"

    def content(self, text: str) -> str:
        """Return the covered characters of an edited text."""
        return "".join([text[position] for position in self.check.positions])

    def value(self, text: str) -> str | None:
        """Return what the field of an edited text says; None for a date that does not exist."""
        return _value(self.kind, self.content(text), self.today)


def corrections(layout: Layout, text: str, name: str, today: date) -> tuple[Correction, ...]:
    """Return at most `LIMIT` corrections of one field of the joined lines, best first.

    Each makes the field's own check digit fit and a date exist. The composite must also fit, unless another field is
    wrong too. The result is empty for a field without a check digit.
    """
    check = next((check for check in checks_of(layout, text) if check.name == name), None)
    if check is None:
        return ()
    kind = layout.by_name[name].kind
    anything = ALPHABET if check.otherwise == () else ALPHABET.replace("<", "")  # a filler would end a long number
    allowed = {Kind.BIRTH: DIGITS + "<", Kind.EXPIRY: DIGITS}.get(kind, anything)
    positions = (*((position, allowed) for position in check.positions), (check.digit, DIGITS))
    field = _DamagedField(layout, text, name, kind, check, positions, today)

    ranked = _ranked_edits(field)
    found = []
    for edit, cost in ranked[:LIMIT]:
        line, position = divmod(edit.position, layout.length)
        value = field.value(edit.apply(text)) or ""
        others = sum(other <= cost for _edit, other in ranked) - 1
        found.append(Correction(name, line, position, edit.old, edit.new, value, others))
    return tuple(found)


def composite_correction(layout: Layout, text: str) -> Correction:
    """Return the correction of the composite itself, which is most likely wrong where every other check digit fits."""
    line, position = divmod(layout.checks[-1].digit, layout.length)
    new = composite_digit(layout, text) or ""
    return Correction(COMPOSITE, line, position, text[layout.checks[-1].digit], new, new)


def field_value(layout: Layout, text: str, name: str, today: date) -> str | None:
    """Return what a field says: a date in ISO 8601 (None for one that does not exist), or its text."""
    field = layout.by_name[name]
    return _value(field.kind, text[layout.at(field.span)], today)


def _value(kind: Kind, text: str, today: date) -> str | None:
    try:
        if kind is Kind.BIRTH:
            return str(read_birth_date(text, today) or "")
        if kind is Kind.EXPIRY:
            return str(read_expiry_date(text, today) or "")
    except ValueError:
        return None
    return without_fillers(text)


def _ranked_edits(field: _DamagedField) -> list[tuple[_Edit, float]]:
    """Return the edits that repair the field, with their costs, the likeliest first; one for each edited text."""
    others_fit = not set(failing_checks(field.layout, field.text)) - {field.name, COMPOSITE}
    cheapest: dict[str, tuple[_Edit, float]] = {}
    for edit in _edits(field):
        edited = edit.apply(field.text)
        if not digit_is_correct(field.check, edited) or field.value(edited) is None:
            continue
        cost = edit.cost + _implausibility(field, field.content(edited))
        if others_fit and COMPOSITE in failing_checks(field.layout, edited):
            cost += _COMPOSITE_DISAGREES
        if edited not in cheapest or cost < cheapest[edited][1]:
            cheapest[edited] = (edit, cost)
    found = sorted(cheapest.values(), key=lambda pair: pair[1])
    return [pair for pair in found if pair[1] < _COMPOSITE_DISAGREES] or found


def _edits(field: _DamagedField) -> Iterator[_Edit]:
    for position, allowed in field.positions:
        old = field.text[position]
        yield from (_Edit(position, old, new, confusion_cost(old, new)) for new in allowed if new != old)
    for (left, allowed_left), (right, allowed_right) in pairwise(field.positions):
        old = field.text[left : right + 1]
        new = old[::-1]
        if right - left == 1 and old != new and new[0] in allowed_left and new[1] in allowed_right:
            yield _Edit(left, old, new, _SWAPPED)
    yield from _letters_to_digits(field)
    yield from _zeros_to_unknown(field)


def _letters_to_digits(field: _DamagedField) -> Iterator[_Edit]:
    """Replace all letters where only digits are allowed, each by the digit it looks like."""
    wrong = [p for p, allowed in field.positions if len(allowed) < len(ALPHABET) and field.text[p] not in allowed]
    if wrong:
        start, end = wrong[0], wrong[-1] + 1
        old = field.text[start:end]
        new = "".join(c.translate(_DIGIT_FOR) if p in wrong else c for p, c in enumerate(old, start))
        yield _Edit(start, old, new, _LETTERS_AS_DIGITS)


def _zeros_to_unknown(field: _DamagedField) -> Iterator[_Edit]:
    """Replace 00 for an unknown day or month of birth, which no check digit detects: a filler counts as 0, too."""
    if field.kind is not Kind.BIRTH:
        return
    start = field.positions[0][0]
    if field.text[start + 4 : start + 6] == "00":
        yield _Edit(start + 4, "00", UNKNOWN, _UNKNOWN_AS_ZEROS)
    if field.text[start + 2 : start + 6] == "0000":
        yield _Edit(start + 2, "0000", UNKNOWN * 2, _UNKNOWN_AS_ZEROS)


def _implausibility(field: _DamagedField, content: str) -> float:
    """Return the cost of a corrected value that is unlikely in itself."""
    if field.kind is Kind.EXPIRY:
        expiry = read_expiry_date(content, field.today)
        is_near = expiry is not None and -10 <= expiry.year - field.today.year <= 10  # noqa: PLR2004  years
        return 0 if is_near else _UNLIKELY_EXPIRY
    shown = content.rstrip("<")
    is_german_number = field.kind is Kind.NUMBER and canonical_code(field.text[2:5].rstrip("<")) == GERMANY
    if is_german_number and not _NOT_IN_GERMAN_NUMBERS.isdisjoint(shown):
        return _IMPOSSIBLE_LETTER
    usual = _USUAL_NUMBER.fullmatch(shown)
    if usual is not None:
        return _EACH_LETTER * len(usual[1])
    changes = sum(one.isdigit() != other.isdigit() or (one == "<") != (other == "<") for one, other in pairwise(shown))
    return _ODD_SHAPE * (changes + shown.startswith("<"))
