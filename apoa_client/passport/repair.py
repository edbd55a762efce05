"""The smallest corrections that make the check digits fit: suggestions, which are never applied.

A check digit shows that something is wrong, and not what. A wrong date has few possible corrections, because its own
check digit and the composite weigh its characters differently and few dates exist. A wrong number has many, and only
the passport's page can decide. The candidates are ranked by how often people and cameras make each mistake.

Lines may also be too short or too long. Fillers are miscounted most, and any number of them. In a line without check
digits only fillers can be guessed, at its end or after the document code. In a line with check digits the lost or
doubled characters are found by trying, because all check digits must fit again.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import combinations, pairwise
from typing import NamedTuple

from apoa_client.passport.check_digits import (
    ALPHABET,
    DIGITS,
    checks_of,
    composite_digit,
    confusion_cost,
    digit_is_correct,
    failing_checks,
)
from apoa_client.passport.dates import UNKNOWN, read_birth_date, read_expiry_date
from apoa_client.passport.layouts import COMPOSITE, Check, Kind, Layout
from apoa_client.passport.names import without_fillers
from apoa_client.passport.problems import Correction
from apoa_client.passport.states import GERMANY, by_code, canonical_code
from apoa_client.texts import repr_with

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


@repr_with()
class _Edit(NamedTuple):
    """`old` at `position` of the joined lines becomes `new`; the lower the cost, the likelier the edit."""

    position: int
    old: str
    new: str
    cost: float

    def apply(self, text: str) -> str:
        """Return the edited text."""
        return text[: self.position] + self.new + text[self.position + len(self.old) :]


@repr_with("name")
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


_MAX_DIFFERENCE = 4
"""How many characters other than fillers may be doubled, or how short a name's line without << may be."""

_FILLERS = re.compile("<+")


def repaired_line(layout: Layout, lines: Sequence[str], index: int, today: date) -> tuple[Correction, ...]:
    """Return corrections that give line `index` its length, best first; empty where none is likely.

    All characters are in the alphabet. Other lines of a wrong length are not looked at; where a check digit covers one
    of them and line `index`, no correction can be found. The corrections' values are whole lines.
    """
    line, missing = lines[index], layout.length - len(lines[index])
    known = [line if len(line) == layout.length else "" for line in lines]
    covered = [covered for check in layout.checks if index in (covered := _lines_of(layout, check))]
    if any(other != index and not known[other] for others in covered for other in others):
        return ()
    protected = bool(covered)
    if not protected and missing > _MAX_DIFFERENCE and "<<" not in line:
        return ()  # the rest of the names may be missing
    attempts = (
        _attempts(line, index, missing) if protected or missing < 0 else _fillers_at_the_end(line, index, missing)
    )
    for edits in attempts:
        found: dict[str, Correction] = {}
        for edit in edits:
            known[index] = edit.value
            is_likely = protected or edit.value.endswith("<")
            if edit.value not in found and is_likely and _is_consistent(layout, known, today):
                found[edit.value] = edit
        if found:
            return _best(tuple(found.values()), protected=protected)
    return ()


def _best(found: tuple[Correction, ...], *, protected: bool) -> tuple[Correction, ...]:
    """Return the guess nearest to the end for a line without check digits, otherwise all unless they are too many.

    Many corrections fit where no check digit covers the line's end; then fillers at the end are the likeliest.
    """
    if not protected:
        return found[:1]
    if len(found) <= LIMIT:
        return tuple(each._replace(others=len(found) - 1) for each in found)
    first = found[0]
    only_fillers = not (first.old + first.new + first.value[first.position :]).strip("<")
    return (first,) if only_fillers and first.value.endswith("<") else ()


def _attempts(line: str, index: int, missing: int) -> Iterator[Iterator[Correction]]:
    """Yield groups of edits, the likeliest group first.

    Rows of fillers have the wrong length: one, or two. Otherwise characters were doubled, or fillers were left out in
    another place, or there and in a row, or one other character was left out.
    """
    rows = [row.span() for row in _FILLERS.finditer(line)][::-1]
    yield _changed_rows(line, index, missing, [(row,) for row in rows])
    yield _changed_rows(line, index, missing, [(first, second) for second, first in combinations(rows, 2)])
    if missing < 0:
        if -missing <= _MAX_DIFFERENCE:
            starts = range(len(line) + missing, -1, -1)
            yield (_edit(line, index, start, line[start : start - missing], "") for start in starts)
        return
    places = [(position, position) for position in range(len(line), -1, -1)]
    yield _changed_rows(line, index, missing, [(place,) for place in places])
    within = {position for start, end in rows for position in range(start, end + 1)}
    others = [place for place in places if place[0] not in within]
    pairs = [(min(row, other), max(row, other)) for row in rows for other in others]
    yield _changed_rows(line, index, missing, pairs)
    if missing == 1:
        yield (_edit(line, index, place[0], "", new) for new in ALPHABET[:-1] for place in places)


def _changed_rows(
    line: str, index: int, missing: int, choices: Iterable[tuple[tuple[int, int], ...]]
) -> Iterator[Correction]:
    """Yield the edits that make rows of fillers longer, or shorter, each choice of one row or of two in turn."""
    sign = 1 if missing > 0 else -1
    for (start, end), *others in choices:
        if not others:
            change = "<" * abs(missing)
            if missing > 0:
                yield _edit(line, index, end, "", change)
            elif end - start >= len(change):
                yield _edit(line, index, end - len(change), change, "")
        for second, second_end in others:
            between = line[end:second]
            for count in range(1, abs(missing)):
                lengths = end - start + sign * count, second_end - second + missing - sign * count
                if min(lengths) >= 0:
                    new = "<" * lengths[0] + between + "<" * lengths[1]
                    yield _edit(line, index, start, line[start:second_end], new)


def _fillers_at_the_end(line: str, index: int, missing: int) -> Iterator[Iterator[Correction]]:
    """Yield the edits that add fillers to a line without check digits: at its end, and also after the document code."""
    yield iter([_edit(line, index, len(line), "", "<" * missing)])
    if missing == 1:
        yield iter([_edit(line, index, 1, "", "<")])
    else:
        yield iter([_edit(line, index, 1, line[1:], "<" + line[1:] + "<" * (missing - 1))])


def _edit(line: str, index: int, position: int, old: str, new: str) -> Correction:
    return Correction("mrz", index, position, old, new, line[:position] + new + line[position + len(old) :])


def _lines_of(layout: Layout, check: Check) -> frozenset[int]:
    """Return the lines in which a check digit and the characters that it covers are, without a long number's rest."""
    return frozenset(position // layout.length for position in (*check.positions, check.digit))


def _is_consistent(layout: Layout, lines: Sequence[str], today: date) -> bool:
    """Return whether all check digits fit, the dates exist, there are names, and document code and states are known.

    Empty lines are unknown.
    """
    text = "".join([line or "<" * layout.length for line in lines])
    failing = failing_checks(layout, text)
    if any(all(lines[line] for line in _lines_of(layout, layout.check[name])) for name in failing):
        return False
    for field in layout.fields:
        if not lines[field.span.line]:
            continue
        value = field_value(layout, text, field.name, today)
        is_unknown_state = field.kind is Kind.STATE and value and by_code(value) is None
        if value is None or is_unknown_state or (field.name == "names" and not value):
            return False
    return not lines[0] or text[0] in layout.codes
