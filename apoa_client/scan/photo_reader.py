"""Reads the machine-readable zone from a picture file, judges what was read, and says how to photograph it better.

The picture is read on this computer and is not changed. Source: ICAO Doc 9303-3 §4.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from apoa_client.messages import Message, msg
from apoa_client.passport.check_digits import ALPHABET, DIGITS, character_values, failing_checks
from apoa_client.passport.field_problems import SEXES
from apoa_client.passport.layouts import Check, Kind, Layout, Span, layout_of
from apoa_client.passport.mrz import read_mrz
from apoa_client.passport.problems import MrzUnreadable
from apoa_client.scan.line_reader import LAYERS as READER_LAYERS
from apoa_client.scan.line_reader import MARGIN, PITCH, ROWS
from apoa_client.scan.network import load
from apoa_client.scan.photo_reading import PhotoReading
from apoa_client.scan.pictures import Picture, evidence, open_picture
from apoa_client.scan.zone_finder import LAYERS as FINDER_LAYERS
from apoa_client.scan.zone_reader import Networks, ReadLine, is_checked, read_zones

_DARK = 60.0
"""The brightness, from 0 to 255, below which a page is too dark."""
_FEWEST_PIXELS = 7.0
"""How many pixels a character needs to be read well."""
_WHITE, _WHOLLY = 250, 0.95
_GLARE = 0.1
"""The part of a line that a reflection may cover."""
_END = round(MARGIN * PITCH)
"""The column of a strip in which the first character has its middle."""
_ROWS_OF_PRINT = slice((ROWS - PITCH) // 2, (ROWS + PITCH) // 2)
"""The rows of a strip without the paper above and below the characters."""


def hint(picture: Picture, lines: Sequence[ReadLine]) -> Message:
    """Return the most useful hint for a picture and its lines, if any were found."""
    strips = [line.strip[_ROWS_OF_PRINT] for line in lines]
    if max(float(np.percentile(part, 90)) for part in strips or [picture]) < _DARK:
        return msg("The picture is too dark. Photograph the page in more light.")
    if not lines:
        return msg("No machine-readable lines were found. Photograph the whole page with the lines at its lower edge.")
    if _are_cut_off(picture, lines):
        return msg("The lines are cut off at the edge of the picture. Photograph the whole page.")
    if any(_has_glare(strip) for strip in strips):
        return msg("A light is reflected on the lines. Tilt the page a little, and photograph it again.")
    if min(line.path.step for line in lines) * PITCH < _FEWEST_PIXELS:
        return msg("The picture was taken from too far away. Let the page fill the picture.")
    return msg("The lines are not clear enough. Lay the page flat, hold the phone still, and photograph it again.")


def _are_cut_off(picture: Picture, lines: Sequence[ReadLine]) -> bool:
    """Return whether a line ends less than a character from the picture's edge: a page has a wider margin."""
    height, width = picture.shape
    ends = [(*line.path.centre[at], line.path.step * PITCH) for line in lines for at in (_END, -1 - _END)]
    return any(not (margin <= x < width - margin and margin <= y < height - margin) for x, y, margin in ends)


def _has_glare(strip: Picture) -> bool:
    """Return whether a white spot covers several characters from top to bottom beside others that are darker."""
    white = (strip > _WHITE).mean(0) > _WHOLLY
    return float(white[_END:-_END].mean()) > _GLARE and float(np.percentile(strip, 75)) < _WHITE


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
_DIGIT_WEIGHTS = (7, 3, 1)


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
    # 0 for each character that a position may have, and a large negative number for the others.
    mask = np.full((layout.line_count * layout.length, len(ALPHABET)), -50.0)
    for span, characters in _alphabets(layout):
        for character in characters:
            mask[layout.at(span), ALPHABET.index(character)] = 0
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
        weight = _DIGIT_WEIGHTS[number % 3]
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


_WEIGHTS = Path(__file__).resolve().parent / "weights"
_READERS = (("first", "second"), ("third", "fourth"))
"""The two passes of each try: the readers of OCR-B alone, and those of other fonts too."""
_TRIES = ((0, 0.0), (0, 0.1), (1, 0.0))
"""The tries of a picture, each made only where none before is sure: which readers, and how far the picture's edges are
continued, in parts of its longer side."""


class PhotoReader:
    """Reads pictures, one after the other; the networks are loaded once."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        """Use `seconds`, a clock that only goes forward, for `PhotoReading.elapsed_ms`."""
        self._seconds = seconds
        finder = load(_WEIGHTS / "finder.npz", FINDER_LAYERS)
        self._networks = [
            Networks(finder, tuple(load(_WEIGHTS / f"{name}.npz", READER_LAYERS) for name in names))
            for names in _READERS
        ]

    def read(self, content: bytes, today: date, *, with_evidence: bool = False) -> PhotoReading:
        """Return what the picture in a file says, given its content. Raises `PictureRefused` if it cannot be read."""
        began = self._seconds()
        picture = open_picture(content)
        first, *others = zones = self._zones(picture, today)
        sure = first.judgement.sure and not others
        advice = None if sure else several(len(zones)) if others else hint(picture, first.lines)
        elapsed_ms = round((self._seconds() - began) * 1000)
        reading, *rest = [
            PhotoReading(each.judgement.lines, each.judgement.doubtful, sure, elapsed_ms, advice) for each in zones
        ]
        return replace(reading, evidence=evidence(content) if with_evidence else None, others=tuple(rest))

    def _zones(self, picture: Picture, today: date) -> list["_Zone"]:
        """Return the zone in a picture, without lines if there is none, and those of other documents.

        Another document counts, too, if it is not read well: it may be a guest's.

        Where it is not sure, the picture's edges are continued: lines that end there are found to their ends. Then
        print in another font than OCR-B is tried.
        """
        tries = []
        for readers, border in _TRIES:
            zones = read_zones(self._networks[readers], picture, border)
            tries.append((_judged(next(zones, []), today), zones))
            if tries[-1][0].judgement.sure:
                break
        first, rest = max(tries, key=lambda each: each[0].merit)
        others = [_judged(lines, today) for lines in rest] if first.is_checked else []
        return [first, *(each for each in others if each.judgement.lines != first.judgement.lines)]


def several(count: int) -> Message:
    """Return the hint for a picture of more than one document."""
    return msg("The picture shows {count} documents. Photograph each page by itself.", count=count)


@dataclass(frozen=True)
class _Zone:
    """The lines of a zone, and what they say."""

    lines: list[ReadLine]
    judgement: Judgement

    @property
    def is_checked(self) -> bool:
        """Whether it is a document's zone, with right check digits."""
        return is_checked(self.judgement.lines)

    @property
    def merit(self) -> tuple[bool, bool, int]:
        """What makes one reading of a picture better than another."""
        return self.judgement.sure, self.is_checked, -len(self.judgement.doubtful)


def _judged(lines: list[ReadLine], today: date) -> _Zone:
    if not lines:
        return _Zone(lines, Judgement((), (), sure=False))
    likelihoods = np.asarray([[reading.likelihoods for reading in line.passes] for line in lines], np.float64)
    return _Zone(lines, judge(likelihoods, today))
