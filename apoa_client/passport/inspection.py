"""What is wrong with each field of an MRZ of the right shape."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from apoa_client.passport import wording
from apoa_client.passport.dates import read_birth_date, read_expiry_date
from apoa_client.passport.layouts import Field, Kind, Layout, Span
from apoa_client.passport.problems import Correction, Problem
from apoa_client.passport.repair import composite_correction, confusions, corrections
from apoa_client.passport.states import by_code, find
from apoa_client.passport.verify import COMPOSITE, failing_checks

SEXES = {"M": "M", "F": "F", "X": "X", "<": "X"}
"""What each character of the sex field means; a filler is "unspecified" (Doc 9303-4 §4.2.2)."""


_DIGIT = re.compile("[0-9]")


@dataclass(frozen=True, slots=True, repr=False)
class _Page:
    """What is inspected, and what its check digits say."""

    layout: Layout
    lines: tuple[str, ...]
    today: date
    failing: set[str]
    undated: tuple[str, ...]


def find_problems(layout: Layout, lines: tuple[str, ...], today: date, undated: tuple[str, ...]) -> tuple[Problem, ...]:
    """Every problem, in the order in which the fields stand; the composite's only where no field's own digit fails.

    `undated` names the date fields of which no date could be made.
    """
    page = _Page(layout, lines, today, failing_checks(layout, lines), undated)
    found = [problem for field in layout.fields if (problem := _INSPECTORS[field.kind](page, field)) is not None]
    if page.failing == {COMPOSITE} and not any(problem.code == "bad_date" for problem in found):
        found.append(_composite(page))
    return tuple(found)


def _composite(page: _Page) -> Problem:
    best = composite_correction(page.layout, page.lines)
    return Problem(COMPOSITE, "check_digit", wording.composite_fails(best), (page.layout.composite,), (best,))


def _code(page: _Page, field: Field) -> Problem | None:
    text = field.span.of(page.lines)
    if text[0] not in page.layout.codes:
        return _wrong_character(page, field, 0)
    return None if text[1] == "<" or text[1].isalpha() else _wrong_character(page, field, 1)


def _state(page: _Page, field: Field) -> Problem | None:
    text = field.span.of(page.lines)
    code = text.rstrip("<")
    if not code or by_code(code) is not None:
        return None
    mended = _state_corrections(field, text)
    message = wording.unknown_state(field.name, code, next(iter(mended), None))
    return Problem(field.name, "unknown_state", message, (field.span,), mended)


def _state_corrections(field: Field, text: str) -> tuple[Correction, ...]:
    """Known codes that are one confusion away, or that the two letters of another standard mean."""
    line, start = field.span.line, field.span.start
    near = [
        Correction(field.name, line, start + index, character, new, code)
        for index, character in enumerate(text)
        for new in confusions(character)
        if by_code(code := (text[:index] + new + text[index + 1 :]).rstrip("<")) is not None
    ]
    state = find(text.rstrip("<"))
    if state is not None:
        near.insert(0, Correction(field.name, line, start, text, state.code.ljust(len(text), "<"), state.code))
    return tuple(near)


def _names(page: _Page, field: Field) -> Problem | None:
    """Names have letters only (Doc 9303-3 §4.6: a number in a name is written in Roman numerals)."""
    wrong = _DIGIT.search(field.span.of(page.lines))
    return None if wrong is None else _wrong_character(page, field, wrong.start())


def _sex(page: _Page, field: Field) -> Problem | None:
    return None if field.span.of(page.lines) in SEXES else _wrong_character(page, field, 0)


def _protected(page: _Page, field: Field) -> Problem | None:
    if field.name not in page.failing or field.digit is None:
        return None
    mended = corrections(page.layout, page.lines, field, page.today)
    best = next(iter(mended), None)
    message = wording.check_digit_fails(field.name, field.span, best, field.digit)
    return Problem(field.name, "check_digit", message, (field.span, field.digit), mended)


def _birth(page: _Page, field: Field) -> Problem | None:
    return _date(page, field, read_birth_date)


def _expiry(page: _Page, field: Field) -> Problem | None:
    return _date(page, field, read_expiry_date)


def _date(page: _Page, field: Field, read: Callable[[str, date], object]) -> Problem | None:
    if field.name not in page.undated:
        return _protected(page, field)
    text = field.span.of(page.lines)
    wrong = next((index for index, character in enumerate(text) if character.isalpha()), None)
    if wrong is not None:
        return _wrong_character(page, field, wrong)
    if field.name in page.failing:
        return _protected(page, field)
    try:
        read(text, page.today)
    except ValueError:
        mended = corrections(page.layout, page.lines, field, page.today)
        message = wording.not_a_date(field.name, field.span, next(iter(mended), None))
        return Problem(field.name, "bad_date", message, (field.span,), mended)
    return None


def _wrong_character(page: _Page, field: Field, index: int) -> Problem:
    """Character `index` of a field cannot stand there."""
    start = field.span.start + index
    span = Span(field.span.line, start, start + 1)
    mended = corrections(page.layout, page.lines, field, page.today) or _lookalikes(page, field, span)
    message = wording.wrong_character(field.name, span.of(page.lines), span, next(iter(mended), None))
    return Problem(field.name, "bad_character", message, (span,), mended)


def _lookalikes(page: _Page, field: Field, span: Span) -> tuple[Correction, ...]:
    """In a field without a check digit: what the character looks like, where that may stand."""
    old = span.of(page.lines)
    before, after = (
        page.lines[span.line][field.span.start : span.start],
        page.lines[span.line][span.end : field.span.end],
    )
    return tuple(
        Correction(field.name, span.line, span.start, old, new, (before + new + after).rstrip("<"))
        for new in confusions(old)
        if _may_stand(page.layout, field, span, new)
    )


def _may_stand(layout: Layout, field: Field, span: Span, new: str) -> bool:
    if field.kind is Kind.NAMES:
        return new.isalpha()
    if field.kind is Kind.CODE:
        return new in layout.codes if span.start == field.span.start else new.isalpha()
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
