"""The problems of each field of an MRZ whose lines have the right shape, and how reliable each field is."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import NamedTuple

from apoa_client.messages import Message
from apoa_client.passport.check_digits import checks_of, lookalikes
from apoa_client.passport.dates import read_birth_date, read_expiry_date
from apoa_client.passport.layouts import COMPOSITE, Field, Kind, Layout, Span
from apoa_client.passport.problems import (
    CHECK_DIGIT,
    COMPOSITE_DIGIT,
    FILLERS_READ_AS_K,
    NO_DATE,
    THE_DIGIT_ITSELF,
    UNKNOWN_STATE,
    WRONG_CHARACTER,
    Correction,
    FieldState,
    Problem,
    field_label,
)
from apoa_client.passport.states import all_states, by_code, find
from apoa_client.texts import repr_with

SEXES = {"M": "M", "F": "F", "X": "X", "<": "X"}
"""The meaning of each character of the sex field; a filler is "unspecified" (Doc 9303-4 §4.2.2)."""

NAME_CHARACTERS = "[A-Z<]*"

_DIGIT = "[0-9]"

_FILLERS_READ_AS_K = "(?<=[A-Z])K{3,}<*$"
"""Fillers at the end of a name field that were read as K; the first K may be part of the name."""


@repr_with()
class _Lines(NamedTuple):
    """The joined lines that are inspected, and the names of the check digits that are wrong."""

    layout: Layout
    text: str
    today: date
    failing: frozenset[str]

    def of(self, field: Field) -> str:
        """Return a field's characters."""
        return self.text[self.layout.at(field.span)]

    def label(self, field: Field) -> Message:
        """Return a field's name for users."""
        return field_label(self.layout, field.name)

    def corrections(self, field: Field) -> tuple[Correction, ...]:
        """Return the corrections that make a field's check digit fit."""
        from apoa_client.passport.repair import corrections  # start-up: most passports are read correctly

        return corrections(self.layout, self.text, field.name, self.today)


def find_problems(layout: Layout, text: str, today: date, failing: Sequence[str]) -> tuple[Problem, ...]:
    """Return every problem, in the order of the fields. `failing` names the check digits that are wrong.

    The composite check digit is a problem only where no field's own check digit is wrong.
    """
    lines = _Lines(layout, text, today, frozenset(failing))
    found = [problem for field in layout.fields if (problem := _INSPECTORS[field.kind](lines, field)) is not None]
    if lines.failing == {COMPOSITE} and not any(problem.code == "bad_date" for problem in found):
        from apoa_client.passport.repair import composite_correction  # start-up

        best = composite_correction(layout, text)
        span = Span(best.line, best.position, best.position + 1)
        found.append(COMPOSITE_DIGIT.problem(COMPOSITE, (span,), (best,)))
    return tuple(found)


@cache
def state_codes() -> Mapping[str, str]:
    """Return the code of each state by the characters of an MRZ; an empty field has an empty code."""
    return {"<<<": ""} | {state.code.ljust(3, "<"): state.code for state in all_states()}


def field_states(layout: Layout, failing: Sequence[str], problems: tuple[Problem, ...]) -> Mapping[str, FieldState]:
    """Return how reliable each field is. A wrong composite leaves the fields that only it covers unprotected."""
    states = {
        field.name: FieldState.OK if layout.at(field.span).start in layout.covered else FieldState.UNPROTECTED
        for field in layout.fields
    }
    if layout.composite is not None:
        states[COMPOSITE] = FieldState.OK
    if COMPOSITE in failing:
        states |= {field.name: FieldState.UNPROTECTED for field in layout.fields if field.digit is None}
        states[COMPOSITE] = FieldState.BAD
    for problem in problems:
        field, found = layout.by_name.get(problem.field), problem.corrections
        if field is None:
            continue
        states[field.name] = FieldState.AMBIGUOUS if found else FieldState.BAD
        one_is_best = found and not found[0].others and (len(found) == 1 or found[1].others > 1)
        if one_is_best and field.kind in {Kind.BIRTH, Kind.EXPIRY}:
            states[field.name] = FieldState.REPAIRED
    return states


def _code(lines: _Lines, field: Field) -> Problem | None:
    text = lines.of(field)
    if text[0] not in lines.layout.codes:
        return _wrong_character(lines, field, 0)
    return None if text[1] == "<" or text[1].isalpha() else _wrong_character(lines, field, 1)


def _state(lines: _Lines, field: Field) -> Problem | None:
    """Suggest known codes that differ by one look-alike, or the code of a state that the letters name otherwise."""
    text = lines.of(field)
    code = text.rstrip("<")
    if not code or by_code(code) is not None:
        return None
    line, start = field.span.line, field.span.start
    similar = [
        Correction(field.name, line, start + index, character, new, other)
        for index, character in enumerate(text)
        for new in lookalikes(character)
        if by_code(other := (text[:index] + new + text[index + 1 :]).rstrip("<")) is not None
    ]
    state = find(code)
    if state is not None:
        similar.insert(0, Correction(field.name, line, start, text, state.code.ljust(len(text), "<"), state.code))
    found = _equally_likely(similar)
    return UNKNOWN_STATE.problem(field.name, (field.span,), found, field=lines.label(field), code=code)


def _names(lines: _Lines, field: Field) -> Problem | None:
    """Names have letters only (Doc 9303-3 §4.6: a number in a name is written in Roman numerals)."""
    text = lines.of(field)
    wrong = re.search(_DIGIT, text)
    if wrong is not None:
        return _wrong_character(lines, field, wrong.start())
    k_run = re.search(_FILLERS_READ_AS_K, text)
    if k_run is None:
        return None
    names = text[: k_run.start()]
    if "<<" not in names:  # the fillers between surname and given names were read as K, too
        names = names.replace("KK", "<<", 1)
    span = Span(field.span.line, field.span.start + k_run.start(), field.span.end)
    best = Correction(field.name, field.span.line, field.span.start, text, names.ljust(len(text), "<"), names)
    return FILLERS_READ_AS_K.problem(field.name, (span,), (best,), field=lines.label(field))


def _sex(lines: _Lines, field: Field) -> Problem | None:
    return None if lines.of(field) in SEXES else _wrong_character(lines, field, 0)


def _protected(lines: _Lines, field: Field) -> Problem | None:
    if field.name not in lines.failing:
        return None
    check = next(check for check in checks_of(lines.layout, lines.text) if check.name == field.name)
    places = [(span.start, span.stop) for span in check.spans] + [(check.digit, check.digit + 1)]
    length = lines.layout.length
    spans = tuple(Span(start // length, start % length, start % length + end - start) for start, end in places)
    found = lines.corrections(field)
    digit = (spans[-1].line, spans[-1].start, 1)
    is_digit = bool(found) and (found[0].line, found[0].position, len(found[0].new)) == digit
    kind = THE_DIGIT_ITSELF if is_digit else CHECK_DIGIT
    return kind.problem(field.name, spans, found, field=lines.label(field))


def _date(lines: _Lines, field: Field) -> Problem | None:
    text, read = lines.of(field), read_birth_date if field.kind is Kind.BIRTH else read_expiry_date
    try:
        read(text, lines.today)
    except ValueError:
        wrong = next((index for index, character in enumerate(text) if character.isalpha()), None)
        if wrong is not None:
            return _wrong_character(lines, field, wrong)
        wrong_digit = _protected(lines, field)
        if wrong_digit is not None:
            return wrong_digit
    else:
        return _protected(lines, field)
    found = lines.corrections(field)  # the check digit is correct, but the date does not exist
    return NO_DATE.problem(field.name, (field.span,), found, field=lines.label(field))


def _wrong_character(lines: _Lines, field: Field, index: int) -> Problem:
    """Character `index` of the field is not allowed there. Without a check digit, look-alikes are suggested."""
    text, start = lines.of(field), field.span.start + index
    found = lines.corrections(field) or _equally_likely(
        Correction(
            field.name, field.span.line, start, text[index], new, (text[:index] + new + text[index + 1 :]).rstrip("<")
        )
        for new in lookalikes(text[index])
        if _is_allowed(lines.layout, field, index, new)
    )
    span = Span(field.span.line, start, start + 1)
    return WRONG_CHARACTER.problem(field.name, (span,), found, field=lines.label(field), characters=text[index])


def _is_allowed(layout: Layout, field: Field, index: int, new: str) -> bool:
    if field.kind is Kind.NAMES:
        return new.isalpha()
    if field.kind is Kind.CODE:
        return new in layout.codes if index == 0 else new.isalpha()
    return field.kind is Kind.SEX and new in SEXES


def _equally_likely(found: Iterable[Correction]) -> tuple[Correction, ...]:
    guesses = tuple(found)
    return tuple(guess._replace(others=len(guesses) - 1) for guess in guesses)


_INSPECTORS: dict[Kind, Callable[[_Lines, Field], Problem | None]] = {
    Kind.CODE: _code,
    Kind.STATE: _state,
    Kind.NAMES: _names,
    Kind.NUMBER: _protected,
    Kind.BIRTH: _date,
    Kind.SEX: _sex,
    Kind.EXPIRY: _date,
    Kind.OPTIONAL: _protected,
}
