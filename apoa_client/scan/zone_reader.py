"""Reads the lines of a zone in a picture: finds them, follows their curve, and reads each in two independent passes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from apoa_client.passport.check_digits import failing_checks
from apoa_client.passport.layouts import layout_of
from apoa_client.scan.line_reader import MARGIN, PITCH, ROWS, Answer, Reading
from apoa_client.scan.network import Network
from apoa_client.scan.pictures import LinePath, Picture, Points, Pyramid
from apoa_client.scan.zone_finder import FoundLine, Search, search

_LENGTHS = {2: (44, 36), 3: (30,)}
"""How many characters a line has, by the number of lines of a zone."""
_SIDES = (512, 896)
"""The sizes in which a picture is searched: the second only if nothing clear is found in the first."""
_SPACING = 2.5
"""From one line to the next, in characters (ICAO Doc 9303-3 §4.2)."""
_CLOSEST = 1.2
"""How far two lines are apart at least, in characters."""
_MARGIN = 7.0
"""How many characters beyond both ends of a found line are looked at."""
_CLEAR = -0.05
"""The clearness of a reading that is surely in the right direction."""
_MOST_ZONES = 4
"""How many documents are looked for in one picture."""
_FILLS = 0.75
"""A zone that takes less of the picture's longer side leaves room for a document that the first search is too coarse
for."""
_LEAST_WEIGHT = 1.5
"""The weight of the lines of another document at least: print that is no zone mostly has less."""
_LEAST_CLEAR = -0.3
"""The clearness of another document's zone at least: what is no zone is far below, even if its check digits fit."""
_UNCLEAR = -0.1
"""The clearness of a reading that is surely not of a zone, or of one that is too damaged."""


@dataclass(frozen=True)
class Networks:
    """What was trained: the finder of the zone, and the readers of its lines, one for each pass."""

    finder: Network
    readers: tuple[Network, ...]


@dataclass(frozen=True)
class ReadLine:
    """One line of a zone: where it is in the picture, its strip with `MARGIN`, and what each pass read."""

    path: LinePath
    strip: Picture
    passes: tuple[Reading, ...]


_Read = tuple[LinePath, Reading]


def read_zones(networks: Networks, picture: Picture, border: float = 0.0) -> Iterator[list[ReadLine]]:
    """Yield the zone in a picture, its lines from the first to the last, and then those of other documents beside it.

    `border` is that of `zone_finder.search`.
    """
    reader, pyramid = networks.readers[0], Pyramid(picture)
    best: list[_Read] = []
    searches: list[Search] = []
    for side in _SIDES[:1] if border else _SIDES:
        searches.append(search(networks.finder, picture, side, border))
        best = max(best, _first_readings(reader, pyramid, searches[-1].lines()), key=_merit)
        if _clearness(best) > _UNCLEAR:
            break
    if not best:
        return
    zone = [_exactly(networks, pyramid, path, reading) for path, reading in best]
    yield zone
    is_small = len(best[0][1].columns) * PITCH * best[0][0].step < _FILLS * max(picture.shape)
    finer = [search(networks.finder, picture, side) for side in _SIDES[len(searches) :] if is_small]
    yield from _others(networks, pyramid, [*searches, *finer], zone)


def _others(
    networks: Networks, pyramid: Pyramid, searches: Sequence[Search], zone: list[ReadLine]
) -> Iterator[list[ReadLine]]:
    """Yield the zones of other documents than that of `zone`, given the searches of the picture, the finest last."""
    zones, unfit = [zone], list[_Read]()
    for rest in searches:
        is_last = rest is searches[-1]
        while len(zones) < _MOST_ZONES:
            others = rest.without([line.path for zone in zones for line in zone])
            best = (
                _first_readings(networks.readers[0], pyramid, others.lines()) if others.weight > _LEAST_WEIGHT else []
            )
            if is_last:
                best, unfit = max(best, unfit, key=_merit), []
            if _clearness(best) < _LEAST_CLEAR:
                break
            if not (is_last or _fits(best)):  # a finer search may read it better
                unfit = best
                break
            zones.append([_exactly(networks, pyramid, path, reading) for path, reading in best])
            yield zones[-1]


def _first_readings(reader: Network, pyramid: Pyramid, found: list[FoundLine]) -> list[_Read]:
    """Return a first reading of lines, in the direction in which their characters are clearer."""
    if len(found) == 1:
        found = [found[0].moved(-_SPACING), found[0], found[0].moved(_SPACING)]
    best: list[_Read] = []
    for lines in (found, [line.turned() for line in reversed(found)]):
        attempts = _attempts(reader, pyramid, lines)
        best = max(best, max(attempts, key=_gain, default=[]), key=_merit)
        if _merit(best) > (True, _CLEAR):
            break
    return best


def _attempts(reader: Network, pyramid: Pyramid, lines: list[FoundLine]) -> Iterator[list[_Read]]:
    """Yield readings of neighbouring lines, with the pitch that was seen and with that of each number of characters."""
    lengths = [(count, length) for count, those in _LENGTHS.items() if count <= len(lines) for length in those]
    for pitched, possible in (
        (lines, lengths),
        *(([line.of(length) for line in lines], [(count, length)]) for count, length in lengths),
    ):
        paths = [line.path(PITCH, _MARGIN) for line in pitched]
        answers = [Answer(reader, path.strip(pyramid, ROWS)) for path in paths]
        for count, length in possible:
            if all(answer.has_room(length) for answer in answers):
                zones = (slice(first, first + count) for first in range(len(lines) - count + 1))
                readings = (list(zip(paths[zone], aligned(answers[zone], length), strict=True)) for zone in zones)
                yield from filter(_are_apart, readings)


def aligned(answers: Sequence[Answer], length: int) -> list[Reading]:
    """Return readings of the lines of a zone, which begin one below the other."""
    readings = [answer.reading(length) for answer in answers]
    starts = {int(reading.columns[0]) for reading in readings}
    if max(starts) - min(starts) <= PITCH / 2:
        return readings
    attempts = [[answer.reading(length, start) for answer in answers] for start in sorted(starts)]
    return max(attempts, key=lambda attempt: sum(reading.gain for reading in attempt))


def _are_apart(readings: Sequence[_Read]) -> bool:
    """Return whether no line was read twice: found lines may lie so close that both lead to the same characters."""
    middles = [np.median(_middles(path, reading), axis=0) for path, reading in readings]
    least = _CLOSEST * PITCH * readings[0][0].step
    return all(float(np.hypot(*(lower - upper))) > least for upper, lower in pairwise(middles))


def _gain(readings: Sequence[_Read]) -> float:
    return sum(reading.gain for _, reading in readings)


def _merit(readings: Sequence[_Read]) -> tuple[bool, float]:
    """Return what makes one reading better than another: right check digits before clear characters."""
    return _fits(readings), _clearness(readings)


def _fits(readings: Sequence[_Read]) -> bool:
    return is_checked([reading.text for _, reading in readings])


def is_checked(lines: Sequence[str]) -> bool:
    """Return whether lines are those of a document's zone, with right check digits."""
    text = "".join(lines)
    layout = layout_of(lines, text)
    return layout is not None and not failing_checks(layout, text)


def _clearness(readings: Sequence[_Read]) -> float:
    """Return the mean of the likelihoods' logarithms of the characters that were read."""
    return float(np.mean([reading.likelihoods.max(1).mean() for _, reading in readings])) if readings else -np.inf


def _exactly(networks: Networks, pyramid: Pyramid, path: LinePath, reading: Reading) -> ReadLine:
    """Return a line as each pass reads it along the curve that the first reading found."""
    middle = _middles(path, reading)
    wanted = np.arange(-MARGIN, len(middle) - 1 + MARGIN, 1 / PITCH)  # `PITCH` columns from one character to the next
    x, y = (_smooth(middle[:, axis], wanted) for axis in (0, 1))
    along = np.stack([np.gradient(x), np.gradient(y)], 1)
    path = LinePath(np.stack([x, y], 1).astype(np.float32), np.stack([-along[:, 1], along[:, 0]], 1).astype(np.float32))
    strip = path.strip(pyramid, ROWS)
    length = len(reading.columns)
    start = MARGIN * PITCH
    return ReadLine(path, strip, tuple(Answer(reader, strip).reading(length, start) for reader in networks.readers))


def _middles(path: LinePath, reading: Reading) -> Points:
    """Return where the middle of each character is in the picture, an array of shape (characters, 2)."""
    column = np.minimum(reading.columns, len(path.centre) - 1)
    return path.centre[column] + path.down[column] * reading.below[:, None]


def _smooth(values: Points, wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a cubic through values at 0, 1, 2 …, at other places; values far from it are left out."""
    number = np.arange(len(values))
    kept = np.ones(len(values), bool)
    curve = np.polynomial.Polynomial.fit(number, values, 3)
    for _ in range(2):
        off = np.abs(values - curve(number))
        kept = off <= max(2.5 * float(np.median(off[kept])), 0.05)
        curve = np.polynomial.Polynomial.fit(number[kept], values[kept], 3)
    return np.asarray(curve(wanted))
