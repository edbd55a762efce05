"""What is wrong with each field of an MRZ of the right shape."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from apoa_client.passport import wording
from apoa_client.passport.dates import read_birth_date, read_expiry_date
from apoa_client.passport.layouts import COMPOSITE, Field, Kind, Layout, Span
from apoa_client.passport.lookalikes import lookalikes
from apoa_client.passport.problems import Correction, FieldState, Problem
from apoa_client.passport.repair import composite_correction, corrections
from apoa_client.passport.states import all_states, by_code, find
from apoa_client.passport.verify import checks_of

SEXES = {"M": "M", "F": "F", "X": "X", "<": "X"}
"""What each character of the sex field means; a filler is "unspecified" (Doc 9303-4 §4.2.2)."""

_DIGIT = re.compile("[0-9]")

LETTERS = re.compile("[A-Z<]*")
"""What names may be made of."""

_MASKED = re.compile("(?<=[A-Z])K{3,}<*$")
"""Fillers at the end of a name field that were read as K; the first may be the name's own."""

_DATES = frozenset({Kind.BIRTH, Kind.EXPIRY})


@dataclass(frozen=True, slots=True, repr=False)
class _Page:
    """What is inspected, and what its check digits say."""

    layout: Layout
    text: str
    today: date
    failing: frozenset[str]

    def of(self, field: Field) -> str:
        """A field's characters."""
        return self.text[self.layout.at(field.span)]


def find_problems(layout: Layout, text: str, today: date, failing: Sequence[str]) -> tuple[Problem, ...]:
    """Every problem, in the order in which the fields stand; the composite's only where no field's own digit fails.

    `failing` names the checks that do not fit.
    """
    page = _Page(layout, text, today, frozenset(failing))
    found = [problem for field in layout.fields if (problem := _INSPECTORS[field.kind](page, field)) is not None]
    if page.failing == {COMPOSITE} and not any(problem.code == "bad_date" for problem in found):
        found.append(_composite(page))
    return tuple(found)


@cache
def state_codes() -> Mapping[str, str]:
    """The codes of all states by what an MRZ writes for them, with the empty field, which says nothing wrong."""
    return {"<<<": ""} | {state.code.ljust(3, "<"): state.code for state in all_states()}


@cache
def undamaged_states(layout: Layout) -> Mapping[str, FieldState]:
    """How far each field can be believed where nothing is wrong."""
    states = {
        field.name: FieldState.OK if layout.at(field.span).start in layout.covered else FieldState.UNPROTECTED
        for field in layout.fields
    }
    return states if layout.composite is None else states | {COMPOSITE: FieldState.OK}


def field_states(layout: Layout, failing: Sequence[str], problems: tuple[Problem, ...]) -> Mapping[str, FieldState]:
    """How far each field can be believed. One that only the composite covers falls with it."""
    states = dict(undamaged_states(layout))
    if COMPOSITE in failing:
        states |= {field.name: FieldState.UNPROTECTED for field in layout.fields if field.digit is None}
        states[COMPOSITE] = FieldState.BAD
    for problem in problems:
        if problem.field in layout.by_name:
            states[problem.field] = _state_of(layout.by_name[problem.field], problem.corrections)
    return states


def _state_of(field: Field, mended: tuple[Correction, ...]) -> FieldState:
    if not mended:
        return FieldState.BAD
    stands_out = not mended[0].others and (len(mended) == 1 or mended[1].others > 1)
    return FieldState.REPAIRED if field.kind in _DATES and stands_out else FieldState.AMBIGUOUS


def _composite(page: _Page) -> Problem:
    best = composite_correction(page.layout, page.text)
    span = Span(best.line, best.position, best.position + 1)
    return Problem(COMPOSITE, "check_digit", wording.composite_fails(best), (span,), (best,))


def _code(page: _Page, field: Field) -> Problem | None:
    text = page.of(field)
    if text[0] not in page.layout.codes:
        return _wrong_character(page, field, 0)
    return None if text[1] == "<" or text[1].isalpha() else _wrong_character(page, field, 1)


def _state(page: _Page, field: Field) -> Problem | None:
    text = page.of(field)
    code = text.rstrip("<")
    if not code or by_code(code) is not None:
        return None
    mended = _state_corrections(field, text)
    message = wording.unknown_state(wording.label(page.layout, field.name), code, next(iter(mended), None))
    return Problem(field.name, "unknown_state", message, (field.span,), mended)


def _state_corrections(field: Field, text: str) -> tuple[Correction, ...]:
    """Known codes that are one confusion away, or that the two letters of another standard mean."""
    line, start = field.span.line, field.span.start
    near = [
        Correction(field.name, line, start + index, character, new, code)
        for index, character in enumerate(text)
        for new in lookalikes(character)
        if by_code(code := (text[:index] + new + text[index + 1 :]).rstrip("<")) is not None
    ]
    state = find(text.rstrip("<"))
    if state is not None:
        near.insert(0, Correction(field.name, line, start, text, state.code.ljust(len(text), "<"), state.code))
    return _as_likely(near)


def _names(page: _Page, field: Field) -> Problem | None:
    """Names have letters only (Doc 9303-3 §4.6: a number in a name is written in Roman numerals)."""
    text = page.of(field)
    wrong = _DIGIT.search(text)
    if wrong is not None:
        return _wrong_character(page, field, wrong.start())
    masked = _MASKED.search(text)
    return None if masked is None else _masked(page, field, text, masked.start())


def _masked(page: _Page, field: Field, text: str, start: int) -> Problem:
    """K stands in place of the fillers at the end; where no two fillers part the names, KK does."""
    names = text[:start]
    unmasked = names if "<<" in names else names.replace("KK", "<<", 1)
    span = Span(field.span.line, field.span.start + start, field.span.end)
    new = unmasked.ljust(len(text), "<")
    best = Correction(field.name, field.span.line, field.span.start, text, new, unmasked)
    message = wording.fillers_read_as_letters(wording.label(page.layout, field.name), best)
    return Problem(field.name, "bad_character", message, (span,), (best,))


def _sex(page: _Page, field: Field) -> Problem | None:
    return None if page.of(field) in SEXES else _wrong_character(page, field, 0)


def _protected(page: _Page, field: Field) -> Problem | None:
    if field.name not in page.failing:
        return None
    mended = corrections(page.layout, page.text, field.name, page.today)
    spans = _checked_spans(page, field)
    message = wording.check_digit_fails(wording.label(page.layout, field.name), spans, next(iter(mended), None))
    return Problem(field.name, "check_digit", message, spans, mended)


def _checked_spans(page: _Page, field: Field) -> tuple[Span, ...]:
    """What the field's check digit covers, wherever a long number goes on, and the digit itself last."""
    check = next(check for check in checks_of(page.layout, page.text) if check.name == field.name)
    places = [(span.start, span.stop) for span in check.spans] + [(check.digit, check.digit + 1)]
    length = page.layout.length
    return tuple(Span(start // length, start % length, start % length + end - start) for start, end in places)


def _birth(page: _Page, field: Field) -> Problem | None:
    return _date(page, field, read_birth_date)


def _expiry(page: _Page, field: Field) -> Problem | None:
    return _date(page, field, read_expiry_date)


def _date(page: _Page, field: Field, read: Callable[[str, date], object]) -> Problem | None:
    text = page.of(field)
    try:
        read(text, page.today)
    except ValueError:
        wrong = next((index for index, character in enumerate(text) if character.isalpha()), None)
        if wrong is not None:
            return _wrong_character(page, field, wrong)
        return _protected(page, field) or _no_date(page, field)
    return _protected(page, field)


def _no_date(page: _Page, field: Field) -> Problem:
    """The check digit fits, and yet no calendar has the day."""
    mended = corrections(page.layout, page.text, field.name, page.today)
    message = wording.not_a_date(wording.label(page.layout, field.name), field.span, next(iter(mended), None))
    return Problem(field.name, "bad_date", message, (field.span,), mended)


def _wrong_character(page: _Page, field: Field, index: int) -> Problem:
    """Character `index` of a field cannot stand there."""
    start = field.span.start + index
    span = Span(field.span.line, start, start + 1)
    mended = corrections(page.layout, page.text, field.name, page.today) or _lookalikes(page, field, index)
    label = wording.label(page.layout, field.name)
    message = wording.wrong_character(label, page.of(field)[index], span, next(iter(mended), None))
    return Problem(field.name, "bad_character", message, (span,), mended)


def _lookalikes(page: _Page, field: Field, index: int) -> tuple[Correction, ...]:
    """In a field without a check digit: what the character looks like, where that may stand."""
    text = page.of(field)
    old, position = text[index], field.span.start + index
    return _as_likely(
        Correction(
            field.name, field.span.line, position, old, new, (text[:index] + new + text[index + 1 :]).rstrip("<")
        )
        for new in lookalikes(old)
        if _may_stand(page.layout, field, index, new)
    )


def _as_likely(found: Iterable[Correction]) -> tuple[Correction, ...]:
    """Guesses of which none is likelier than another."""
    guesses = tuple(found)
    return tuple(replace(guess, others=len(guesses) - 1) for guess in guesses)


def _may_stand(layout: Layout, field: Field, index: int, new: str) -> bool:
    if field.kind is Kind.NAMES:
        return new.isalpha()
    if field.kind is Kind.CODE:
        return new in layout.codes if index == 0 else new.isalpha()
    return field.kind is Kind.SEX and new in SEXES


_INSPECTORS: dict[Kind, Callable[[_Page, Field], Problem | None]] = {
    Kind.CODE: _code,
    Kind.STATE: _state,
    Kind.NAMES: _names,
    Kind.NUMBER: _protected,
    Kind.BIRTH: _birth,
    Kind.SEX: _sex,
    Kind.EXPIRY: _expiry,
    Kind.OPTIONAL: _protected,
}
