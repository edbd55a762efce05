"""Decides what a zone says and how sure that is, from what two passes read of each character."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from apoa_client.passport.check_digits import ALPHABET, DIGITS, character_values
from apoa_client.passport.field_problems import SEXES
from apoa_client.passport.layouts import Check, Kind, Layout, Span, layout_of
from apoa_client.passport.mrz import read_mrz
from apoa_client.passport.problems import MrzUnreadable
from apoa_client.passport.verify import failing_checks

Likelihoods = NDArray[np.float64]
"""For each position of the joined lines, the logarithm of each character's likelihood: shape (positions, 37)."""

SURE = 0.95
"""A character is doubtful if it is less likely than this by one of the passes."""
CONFIRMED = 0.8
"""A character that check digits confirm is doubtful if it is less likely than this by both passes together: another one
would need a second wrong character to fit the digits."""
BLIND = 0.005
"""A character is doubtful if another of the same value modulo 10, for which check digits are blind, is likelier."""
LEAST_LIKELY = -7.0
"""A correction by check digits takes no character whose likelihood's logarithm is below this."""

_LETTERS, _FILLER = ALPHABET[10:36], ALPHABET[36]
_ALLOWED = {
    Kind.CODE: _LETTERS + _FILLER,
    Kind.STATE: _LETTERS + _FILLER,
    Kind.NAMES: _LETTERS + _FILLER,
    Kind.NUMBER: ALPHABET,
    Kind.BIRTH: DIGITS + _FILLER,
    Kind.SEX: "".join(SEXES),
    Kind.EXPIRY: DIGITS + _FILLER,
    Kind.OPTIONAL: ALPHABET,
}
_VALUES = np.frombuffer(character_values(ALPHABET), np.uint8).astype(int)
_WEIGHTS = (7, 3, 1)


@dataclass(frozen=True)
class Judgement:
    """What a zone says: its lines, the doubtful places as (line, column) from 0, and whether all of it is sure."""

    lines: tuple[str, ...]
    doubtful: tuple[tuple[int, int], ...]
    sure: bool


def judge(lines: Likelihoods, today: date) -> Judgement:
    """Return what lines say: `lines` has the logarithms of likelihoods, of shape (lines, passes, characters, 37)."""
    length = lines.shape[2]
    joined = [np.concatenate(one) for one in lines.swapaxes(0, 1)]
    together = _normalised(np.mean(joined, axis=0))
    plain = _texts(_text(together), length)
    layout = layout_of(plain, "".join(plain))
    if layout is None:
        return Judgement(plain, (), sure=False)
    mask = _mask(layout)
    allowed = [_normalised(one + mask) for one in (together, *joined)]
    text = _text(allowed[0])
    corrected = _corrected(layout, text, allowed[0])
    changed = {position for position, old in enumerate(text) if old != corrected[position]}
    doubtful = sorted(changed.union(_doubts(layout, corrected, allowed)))
    places = tuple(divmod(position, layout.length) for position in doubtful)
    read = _texts(corrected, length)
    return Judgement(read, places, sure=not places and _is_valid(read, today))


def _is_valid(lines: Sequence[str], today: date) -> bool:
    try:
        return read_mrz(lines, today=today).valid
    except MrzUnreadable:
        return False


def _text(likelihoods: Likelihoods) -> str:
    return "".join(ALPHABET[index] for index in likelihoods.argmax(1))


def _texts(text: str, length: int) -> tuple[str, ...]:
    return tuple(text[start : start + length] for start in range(0, len(text), length))


def _normalised(likelihoods: Likelihoods) -> Likelihoods:
    likelihoods = likelihoods - likelihoods.max(1, keepdims=True)
    return np.asarray(likelihoods - np.log(np.exp(likelihoods).sum(1, keepdims=True)))


def _mask(layout: Layout) -> Likelihoods:
    """Return 0 for each character that a position may have, and a large negative number for the others."""
    mask = np.full((layout.line_count * layout.length, len(ALPHABET)), -50.0)
    for span, characters in _alphabets(layout):
        for character in characters:
            mask[layout.at(span), ALPHABET.index(character)] = 0
    return mask


def _alphabets(layout: Layout) -> Iterator[tuple[Span, str]]:
    for field in layout.fields:
        yield field.span, _ALLOWED[field.kind]
        if field.digit is not None:
            yield field.digit, DIGITS + (_FILLER if field.filler_digit else "")
    if layout.composite is not None:
        yield layout.composite, DIGITS


def _doubts(layout: Layout, text: str, allowed: Sequence[Likelihoods]) -> Iterator[int]:
    """Yield the positions where a pass reads another character, or another is likely."""
    together, *passes = allowed
    checked = {position for check in layout.checks for position in check.positions}
    digits = {check.digit for check in layout.checks}
    confirmed: set[int] = set() if failing_checks(layout, text) else checked | digits
    for position, character in enumerate(text):
        index = ALPHABET.index(character)
        unclear = min(one[position, index] for one in passes) < np.log(SURE)
        if position in confirmed:
            unclear = together[position, index] < np.log(CONFIRMED)
        if unclear or any(one[position].argmax() != index for one in passes):
            yield position
        elif position in checked:
            same = (_VALUES[index] == _VALUES) & (np.arange(len(ALPHABET)) != index)
            if together[position, same].max() > np.log(BLIND):
                yield position


def _corrected(layout: Layout, text: str, likelihoods: Likelihoods) -> str:
    """Return the likeliest text whose check digits are right, if it is likely enough; else the text itself."""
    failing = set(failing_checks(layout, text))
    corrected = text
    for check in layout.checks:
        if check.name in failing:
            corrected = _with_right_digit(check, corrected, likelihoods) or corrected
    return corrected if not failing_checks(layout, corrected) else text


def _with_right_digit(check: Check, text: str, likelihoods: Likelihoods) -> str | None:
    """Return the likeliest text in which one check digit is right; None if it takes an unlikely character."""
    positions = check.positions
    best = {0: (0.0, "")}
    for number, position in enumerate(positions):
        weight = _WEIGHTS[number % 3]
        following: dict[int, tuple[float, str]] = {}
        for index in np.flatnonzero(likelihoods[position] > LEAST_LIKELY):
            for rest, (score, chosen) in best.items():
                key = int(rest + weight * _VALUES[index]) % 10
                new = score + float(likelihoods[position, index])
                if key not in following or new > following[key][0]:
                    following[key] = (new, chosen + ALPHABET[index])
        best = following
    digits = likelihoods[check.digit]
    fitting = [
        (score + float(digits[key]), chosen + DIGITS[key])
        for key, (score, chosen) in best.items()
        if digits[key] > LEAST_LIKELY
    ]
    if not fitting:
        return None
    characters = list(text)
    for position, character in zip((*positions, check.digit), max(fitting)[1], strict=True):
        characters[position] = character
    return "".join(characters)
