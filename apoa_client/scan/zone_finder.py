"""Finds the lines of a zone in a picture, at any angle.

The network sees a small picture of the whole page. For each place in it, it says how likely a line of a zone runs
there, and in which direction that line is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from apoa_client.scan.network import Layer, Network
from apoa_client.scan.pictures import LinePath, Picture, Points, resized

SIDE = 512
"""The longer side of the pictures that the finder was trained with."""
PITCH = 6.0
"""The pitch in that picture whose logarithm is zero."""
STEP = 4
"""How many of its pixels one place of the answer stands for."""

LAYERS = (
    Layer((3, 3), 12, (2, 2)),
    Layer((3, 3), 24, (2, 2)),
    Layer((3, 3), 24),
    Layer((3, 3), 24, dilation=2),
    Layer((3, 3), 24, dilation=4),
    Layer((3, 3), 24, dilation=8),
    Layer((3, 3), 24),
    Layer((1, 1), 4),
)
"""The last layer's channels: a line's likelihood (a logit), the direction's cosine and sine, the pitch's logarithm."""


def normalised(picture: Picture) -> NDArray[np.float32]:
    """Return a picture without its brightness and contrast."""
    return np.asarray((picture - picture.mean()) / (picture.std() + 8), np.float32)


@dataclass(frozen=True)
class FoundLine:
    """A line of a zone, in pixels of the picture: a curve from its first character to its last.

    Args:
        angle: The direction of reading, in radians, clockwise from the right.
        bend: The coefficients of v as a polynomial of u, highest power first, where u counts along the direction and v
            across it.
        start: The u of the first character.
        end: The u of the last character.
        pitch: About how many pixels a character takes.
        weight: How sure the finder is: the sum of the likelihoods along the line.

    """

    angle: float
    bend: tuple[float, ...]
    start: float
    end: float
    pitch: float
    weight: float

    def of(self, characters: int) -> "FoundLine":
        """Return the line with the pitch that a number of characters gives."""
        return replace(self, pitch=(self.end - self.start) / (characters - 1))

    def scaled(self, scale: float) -> "FoundLine":
        """Return the same line in a picture that is `scale` times as large."""
        shift = (scale - 1) / 2  # the centre of the first pixel stays at zero
        shift_u = shift * (np.cos(self.angle) + np.sin(self.angle))
        shift_v = shift * (np.cos(self.angle) - np.sin(self.angle))
        base = np.poly1d(self.bend)(np.poly1d([1 / scale, -shift_u / scale])) * scale + shift_v
        start, end = (value * scale + shift_u for value in (self.start, self.end))
        return replace(self, bend=tuple(base.coeffs), start=start, end=end, pitch=self.pitch * scale)

    def moved(self, characters: float) -> "FoundLine":
        """Return a line that runs beside this one, `characters` further down."""
        return replace(self, bend=(*self.bend[:-1], self.bend[-1] + characters * self.pitch))

    def turned(self) -> "FoundLine":
        """Return the same line read the other way."""
        bend = tuple(-np.poly1d(self.bend)(np.poly1d([-1, 0])).coeffs)
        return replace(self, angle=self.angle + np.pi, bend=bend, start=-self.end, end=-self.start)

    def path(self, pitch: float, margin: float) -> LinePath:
        """Return the path of a strip in which a character takes `pitch` columns, with a margin in characters."""
        step = self.pitch / pitch
        u = np.arange(self.start - margin * self.pitch, self.end + margin * self.pitch, step)
        return LinePath(*_turned(self.angle, u, self.bend, step))


def _turned(angle: float, u: Points, bend: tuple[float, ...], step: float) -> tuple[Points, Points]:
    v, slope = np.polyval(bend, u), np.polyval(np.polyder(np.asarray(bend)), u)
    cosine, sine = np.cos(angle), np.sin(angle)
    centre = np.stack([u * cosine - v * sine, u * sine + v * cosine], 1)
    across = np.stack([-sine - slope * cosine, cosine - slope * sine], 1)
    across /= np.hypot(across[:, 0], across[:, 1])[:, None]
    return centre.astype(np.float32), (across * step).astype(np.float32)


@dataclass(frozen=True)
class Search:
    """The places of a small picture of the page in which a line runs.

    Args:
        places: The places, in pixels of the small picture.
        scale: How many pixels of the picture one pixel of the small one stands for.

    """

    places: "_Places"
    scale: float

    def lines(self) -> list[FoundLine]:
        """Return the lines of the zone, from the first to the last; empty if there is none.

        The lines of the strongest direction are returned. Their order and their direction may be the wrong way round
        where characters are too small to be distinguished.
        """
        if len(self.places.x) < _FEWEST_PLACES:
            return []
        return [line.scaled(self.scale) for line in _lines(self.places)]

    @property
    def weight(self) -> float:
        """The weight of the zone's lines, whatever their size: their lengths in characters, about, in tens."""
        lines = _lines(self.places) if len(self.places.x) >= _FEWEST_PLACES else []
        return sum(line.weight / line.pitch**2 for line in lines)

    def without(self, paths: Sequence[LinePath]) -> "Search":
        """Return the places that are not near these lines, which are read already: those of other zones."""
        every = slice(None, None, _SPARSE)
        read = (np.concatenate([path.centre[every] for path in paths]) - (self.scale - 1) / 2) / self.scale
        x, y = self.places.x[:, None] - read[:, 0], self.places.y[:, None] - read[:, 1]
        return replace(self, places=self.places.where(np.hypot(x, y).min(1) > _BESIDE * self.places.pitch))


def search(network: Network, picture: Picture, side: int = SIDE, border: float = 0.0) -> Search:
    """Search a picture with `side` pixels on its longer side.

    `border` is how far its edges are continued on each side, in parts of its longer side: a line that ends there is
    seen to its end.
    """
    scale = max(picture.shape) / side
    width = round(border * side)
    small = np.pad(resized(picture, scale), width, mode="edge")
    answer = network(normalised(small)[..., None])
    likelihood = 1 / (1 + np.exp(-np.clip(answer[..., 0], -30, 30)))
    rows, columns = np.nonzero(likelihood > _LIKELY)
    places = _Places(
        x=columns * float(STEP) - width,
        y=rows * float(STEP) - width,
        weight=likelihood[rows, columns],
        direction=np.arctan2(answer[rows, columns, 2], answer[rows, columns, 1]),
        pitch=np.exp(answer[rows, columns, 3]) * PITCH,
    )
    return Search(places, scale)


_LIKELY = 0.4
"""A line runs where the network says so with this likelihood."""
_FEWEST_PLACES = 10
_BESIDE = 2.0
"""How far from a line, in characters, its places are: its zone's other lines are read, too."""
_SPARSE = 9
"""Of how many columns of a line that was read one is compared with the places."""
_SAME_DIRECTION = 0.85
"""The cosine of the angle between two directions that count as one."""
_REACHES = (0.9, 0.7, 0.6)
"""How far from a line its places are, in characters, in each round of the fit."""
_WHOLE = 0.7
"""A line of which a smaller part was seen may run elsewhere in the rest."""
_STRAIGHT = 8
"""A line of so few characters has no bend that could be seen."""
_MOST_LINES = 5
"""A zone has three lines at most; other print above and below it may look like two more."""
_FEWEST_SEEN = 3
"""A line that was seen at fewer characters has no bend either, however far apart they are."""
_FAINTEST = 0.12
"""How much of the strongest line's weight a line has at least."""


class _Places(NamedTuple):
    """The places of a small picture in which a line runs: arrays of the same length."""

    x: Points
    y: Points
    weight: Points
    direction: Points
    pitch: Points

    def where(self, chosen: NDArray[np.bool_]) -> "_Places":
        """Return some of the places."""
        return _Places(*(values[chosen] for values in self))

    def turned(self, angle: float) -> tuple[Points, Points]:
        """Return how far each place is along a direction, and across it."""
        cosine, sine = np.cos(angle), np.sin(angle)
        return self.x * cosine + self.y * sine, self.y * cosine - self.x * sine


def _lines(places: _Places) -> list[FoundLine]:
    angles = np.linspace(-np.pi, np.pi, 36, endpoint=False)
    votes = [(places.weight * (np.cos(places.direction - angle) > _SAME_DIRECTION)).sum() for angle in angles]
    angle = float(angles[int(np.argmax(votes))])
    places = places.where(np.cos(places.direction - angle) > _SAME_DIRECTION)
    pitch = float(np.median(places.pitch))
    sine, cosine = (float((places.weight * of(places.direction)).sum()) for of in (np.sin, np.cos))
    angle = _best_angle(places, float(np.arctan2(sine, cosine)), pitch)
    _, across = places.turned(angle)
    lines = [_fitted(places, angle, pitch, peak) for peak in _peaks(across, places.weight, pitch)]
    return _whole(_best_zone(lines, pitch))


def _best_angle(places: _Places, angle: float, pitch: float) -> float:
    """Return the angle near `angle` at which the lines lie most densely on few distances across it.

    The directions of the places say it only roughly: before a striped table their mean may be 20 degrees off.
    """
    tries = angle + np.radians(np.arange(-30, 30.1, 0.5))
    return float(max(tries, key=lambda one: (_profile(places.turned(one)[1], places.weight, pitch)[0] ** 2).sum()))


def _fitted(places: _Places, angle: float, pitch: float, peak: float) -> FoundLine:
    """Return the curve through the places near a peak."""
    along, across = places.turned(angle)
    near = np.abs(across - peak) < _REACHES[0] * pitch
    bend: Points = np.asarray([peak])
    for reach in _REACHES:
        seen = np.unique(np.round(along[near] / pitch))
        degree = 2 if len(seen) >= _FEWEST_SEEN and np.ptp(seen) > _STRAIGHT else 0
        curve = np.polynomial.Polynomial.fit(along[near], across[near], degree, w=places.weight[near])
        bend = np.asarray(curve.convert().coef[::-1], np.float64)
        near = np.abs(across - np.polyval(bend, along)) < reach * pitch
    start, end = (float(value) for value in np.percentile(along[near], (1, 99)))
    weight, pitch = float(places.weight[near].sum()), float(np.median(places.pitch[near]))
    return FoundLine(angle, tuple(float(each) for each in bend), start, end, pitch, weight)


def _profile(v: Points, weight: Points, pitch: float) -> tuple[Points, float]:
    """Return how much weight lies on each value of v, smoothed over a part of the pitch, and the first value."""
    low = float(v.min()) - 2 * pitch
    counts = np.bincount(np.round(v - low).astype(int), weight, minlength=int(np.ptp(v) + 4 * pitch))
    reach = np.arange(-int(pitch), int(pitch) + 1)
    bell = np.exp(-0.5 * (reach / (0.35 * pitch)) ** 2)
    return np.convolve(counts, bell, "same").astype(np.float64), low


def _peaks(v: Points, weight: Points, pitch: float) -> list[float]:
    """Return the values of v on which lines lie."""
    profile, low = _profile(v, weight, pitch)
    peaks: list[int] = []
    for at in np.argsort(-profile):
        if profile[at] < _FAINTEST * profile.max():
            break
        if all(abs(at - peak) > 1.3 * pitch for peak in peaks):
            peaks.append(int(at))
    return sorted(peak + low for peak in peaks)


def _best_zone(lines: list[FoundLine], pitch: float) -> list[FoundLine]:
    """Return the neighbouring lines that weigh most, about 2.5 characters apart: a few of them, on a page of print."""
    zones: list[list[FoundLine]] = []
    for line in lines:
        middle = (line.start + line.end) / 2
        if zones:
            last = zones[-1][-1]
            apart = np.polyval(line.bend, middle) - np.polyval(last.bend, middle)
            if apart < 3.6 * pitch and min(line.end, last.end) > max(line.start, last.start):
                zones[-1].append(line)
                continue
        zones.append([line])
    parts = [
        zone[first : first + _MOST_LINES] for zone in zones for first in range(max(1, len(zone) - _MOST_LINES + 1))
    ]
    return max(parts, key=lambda part: sum(line.weight for line in part))


def _whole(lines: list[FoundLine]) -> list[FoundLine]:
    """Return the lines of a zone, each as long as all together; one that was seen in part runs as the longest does."""
    start, end = min(line.start for line in lines), max(line.end for line in lines)
    longest = max(lines, key=lambda line: (line.end - line.start) * line.weight)
    bends = [
        line.bend if line.end - line.start > _WHOLE * (end - start) else _beside(longest.bend, line) for line in lines
    ]
    pitch = float(np.average([line.pitch for line in lines], weights=[line.weight for line in lines]))
    return [
        replace(line, start=start, end=end, bend=bend, pitch=pitch) for line, bend in zip(lines, bends, strict=True)
    ]


def _beside(bend: tuple[float, ...], line: FoundLine) -> tuple[float, ...]:
    """Return a bend moved to where a line was seen."""
    middle = (line.start + line.end) / 2
    return (*bend[:-1], bend[-1] + float(np.polyval(line.bend, middle) - np.polyval(bend, middle)))
