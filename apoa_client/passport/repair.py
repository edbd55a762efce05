"""The smallest corrections that would make the check digits agree: advice, never applied.

A check digit sees that something is wrong, and not what. Of a wrong date little can be meant, since its own digit and
the composite weigh its characters differently and few dates exist; of a wrong number much can be, and only the page can
tell. So the candidates are ranked by how often people and cameras make the mistake, and all are only suggestions.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from apoa_client.passport.check_digits import ALPHABET, DIGITS
from apoa_client.passport.dates import UNKNOWN, read_birth_date, read_expiry_date
from apoa_client.passport.layouts import COMPOSITE, Check, Kind, Layout
from apoa_client.passport.lookalikes import confusion_cost
from apoa_client.passport.names import plain
from apoa_client.passport.problems import Correction
from apoa_client.passport.verify import checks_of, composite_digit, digit_is_correct, failing_checks

LIMIT = 5
"""More suggestions than anyone compares with a page."""

_DIGIT_FOR = str.maketrans("OQDUILZSBGATK", "000011258647<")
"""What a letter in a date stands for."""

_USUAL_NUMBER = re.compile("([A-Z]{0,3})[0-9]*")
"""What most states make of a number: digits, perhaps after a letter or a few."""

_AVOIDED = dict.fromkeys(("D<<", "DEU"), "ABDEIOQSU")
"""Letters that a state never puts in its numbers: German ones have no vowels, and none that look like digits."""

_LETTERS_AS_DIGITS, _SWAPPED, _UNKNOWN_AS_ZEROS = 0.5, 2.0, 0.5
_ODD_SHAPE, _EACH_LETTER = 1.5, 0.25
_AVOIDED_LETTER = 9.0
_UNLIKELY_EXPIRY = 1.0
_COMPOSITE_DISAGREES = 10.0


@dataclass(frozen=True, slots=True, repr=False)
class _Edit:
    """`old` at `position` of the joined lines becomes `new`; the lower its cost, the likelier."""

    position: int
    old: str
    new: str
    cost: float


@dataclass(frozen=True, slots=True, repr=False)
class _Patient:
    """A field that does not hold: its check, and each of its positions with what may stand there."""

    layout: Layout
    text: str
    name: str
    kind: Kind
    check: Check
    positions: tuple[tuple[int, str], ...]
    today: date


def corrections(layout: Layout, text: str, name: str, today: date) -> tuple[Correction, ...]:
    """Corrections of one field of the joined lines, best first, at most `LIMIT`; none for one without a check digit.

    Each makes the field's own check digit fit, a date real, and the composite agree unless another field is wrong too.
    """
    check = next((check for check in checks_of(layout, text) if check.name == name), None)
    if check is None:
        return ()
    kind = layout.by_name[name].kind
    anything = ALPHABET if check.otherwise == () else ALPHABET.replace("<", "")  # a filler would end a long number
    allowed = {Kind.BIRTH: DIGITS + "<", Kind.EXPIRY: DIGITS}.get(kind, anything)
    positions = (*((position, allowed) for position in check.positions), (check.digit, DIGITS))
    patient = _Patient(layout, text, name, kind, check, positions, today)
    return tuple(_correction(patient, *ranked) for ranked in _ranked(patient)[:LIMIT])


def composite_correction(layout: Layout, text: str) -> Correction:
    """Where every field's own digit fits and the composite does not, the composite itself is most likely wrong."""
    at = layout.checks[-1].digit
    new = composite_digit(layout, text) or ""
    return Correction(COMPOSITE, at // layout.length, at % layout.length, text[at], new, new)


def field_value(layout: Layout, text: str, name: str, today: date) -> str | None:
    """What a field says: a date in ISO 8601 (None where it is no date that exists), otherwise its text."""
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
    return plain(text)


def _ranked(patient: _Patient) -> list[tuple[_Edit, str, int]]:
    """Edits with the text that each makes and how many others are as likely, the likeliest first."""
    weigh_composite = not set(failing_checks(patient.layout, patient.text)) - {patient.name, COMPOSITE}
    cheapest: dict[str, tuple[float, _Edit]] = {}
    for edit in _edits(patient):
        mended = patient.text[: edit.position] + edit.new + patient.text[edit.position + len(edit.old) :]
        if digit_is_correct(patient.check, mended) and (content := _content(patient, mended)) is not None:
            disagrees = weigh_composite and COMPOSITE in failing_checks(patient.layout, mended)
            cost = edit.cost + _oddity(patient, content) + (_COMPOSITE_DISAGREES if disagrees else 0)
            if mended not in cheapest or cost < cheapest[mended][0]:
                cheapest[mended] = (cost, edit)
    found = sorted(cheapest.items(), key=lambda item: item[1][0])
    if found and found[0][1][0] < _COMPOSITE_DISAGREES:
        found = [item for item in found if item[1][0] < _COMPOSITE_DISAGREES]
    costs = [cost for _mended, (cost, _edit) in found]
    return [(edit, mended, sum(c <= cost for c in costs) - 1) for mended, (cost, edit) in found]


def _content(patient: _Patient, text: str) -> str | None:
    """The characters that the check covers; None where they are to be a date and are none that exists."""
    content = "".join([text[position] for position in patient.check.positions])
    return content if _value(patient.kind, content, patient.today) is not None else None


def _edits(patient: _Patient) -> Iterator[_Edit]:
    for position, allowed in patient.positions:
        yield from _substitutions(patient.text, position, allowed)
    yield from _swaps(patient)
    yield from _letters_in_digits(patient)
    yield from _zeros_for_unknown(patient)


def _substitutions(text: str, position: int, allowed: str) -> Iterator[_Edit]:
    old = text[position]
    for new in allowed:
        if new != old:
            yield _Edit(position, old, new, confusion_cost(old, new))


def _swaps(patient: _Patient) -> Iterator[_Edit]:
    for (left, allowed_left), (right, allowed_right) in pairwise(patient.positions):
        old = patient.text[left : right + 1]
        swapped = old[::-1]
        if right - left == 1 and old != swapped and swapped[0] in allowed_left and swapped[1] in allowed_right:
            yield _Edit(left, old, swapped, _SWAPPED)


def _letters_in_digits(patient: _Patient) -> Iterator[_Edit]:
    """All letters that stand where only digits may, each as the digit it looks like."""
    wrong = [p for p, allowed in patient.positions if len(allowed) < len(ALPHABET) and patient.text[p] not in allowed]
    if wrong:
        start, end = wrong[0], wrong[-1] + 1
        old = patient.text[start:end]
        new = "".join(c.translate(_DIGIT_FOR) if p in wrong else c for p, c in enumerate(old, start))
        yield _Edit(start, old, new, _LETTERS_AS_DIGITS)


def _zeros_for_unknown(patient: _Patient) -> Iterator[_Edit]:
    """An unknown day or month of birth written as 00, of which no check digit knows: a filler counts as 0, too."""
    if patient.kind is not Kind.BIRTH:
        return
    start = patient.positions[0][0]
    if patient.text[start + 4 : start + 6] == "00":
        yield _Edit(start + 4, "00", UNKNOWN, _UNKNOWN_AS_ZEROS)
    if patient.text[start + 2 : start + 6] == "0000":
        yield _Edit(start + 2, "0000", UNKNOWN * 2, _UNKNOWN_AS_ZEROS)


def _oddity(patient: _Patient, content: str) -> float:
    """How unlikely a corrected value is in itself."""
    if patient.kind is Kind.EXPIRY:
        expiry = read_expiry_date(content, patient.today)
        near = expiry is not None and -10 <= expiry.year - patient.today.year <= 10  # noqa: PLR2004  years
        return 0 if near else _UNLIKELY_EXPIRY
    shown = content.rstrip("<")
    avoided = _AVOIDED.get(patient.text[2:5], "") if patient.kind is Kind.NUMBER else ""
    if any(character in avoided for character in shown):
        return _AVOIDED_LETTER
    usual = _USUAL_NUMBER.fullmatch(shown)
    if usual is not None:
        return _EACH_LETTER * len(usual[1])
    return _ODD_SHAPE * (sum(_changes_class(*pair) for pair in pairwise(shown)) + shown.startswith("<"))


def _correction(patient: _Patient, edit: _Edit, mended: str, others: int) -> Correction:
    line, position = divmod(edit.position, patient.layout.length)
    content = _content(patient, mended) or ""
    value = _value(patient.kind, content, patient.today) or ""
    return Correction(patient.name, line, position, edit.old, edit.new, value, others)


def _changes_class(one: str, other: str) -> bool:
    return one.isdigit() != other.isdigit() or (one == "<") != (other == "<")
