"""Makes examples for the line reader: strips of a line, with what the reader is to say of each column."""

import numpy as np
from cameras import Example, View, damaged, homography, seen, with_glare
from numpy.random import Generator
from printing import CUTS, OTHERS, Canvas, Line, noise, print_zone

from apoa_client.passport.check_digits import ALPHABET
from apoa_client.scan.line_reader import NONE, PITCH, ROWS, STEP, normalised
from apoa_client.scan.pictures import Pyramid, straight

CANVAS_PITCH = 24
WIDTH = 192
UNKNOWN = -1
"""The class of a column between a character and its neighbour, which may be either."""


def line_view(rng: Generator, canvas: Canvas, pitch: float) -> tuple[View, tuple[int, int]]:
    """Return a view of a zone at `pitch` pixels a character, a little turned and askew, and the picture's size.

    Some are cut at the picture's edge, a third of a character from the middle of a line at the closest.
    """
    height, width = canvas.grey.shape
    scale = pitch / CANVAS_PITCH
    corners = np.asarray([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    angle = rng.normal(0, 0.06)
    turn = np.asarray([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    stretched = (corners - corners.mean(0)) * [scale * rng.uniform(0.92, 1.08), scale]
    targets = stretched @ turn.T
    targets += rng.normal(0, 0.02, (4, 2)) * scale * height
    cut = rng.uniform(0, 1.3 * pitch, 4) if rng.random() < 0.25 else np.zeros(4)
    targets -= targets.min(0) - 2 + cut[:2]
    size = np.ceil(targets.max(0) - cut[2:]).astype(int) + 3
    curl = rng.normal(0, 0.12) * CANVAS_PITCH if rng.random() < 0.4 else 0.0
    view = View(homography(corners, targets), curl, CANVAS_PITCH * rng.uniform(15, 60), rng.uniform(0, 6.28))
    return view, (int(size[1]), int(size[0]))


def examples(rng: Generator) -> list[Example]:
    """Return strips of one picture: each with the class of each column, and how far the line is below the middle.

    One picture of six is printed in another font than OCR-B.
    """
    faces = OTHERS if rng.random() < 1 / 6 else CUTS
    canvas = print_zone(rng, 14, int(rng.integers(2, 4)), CANVAS_PITCH, faces)
    pitch = float(np.exp(rng.uniform(np.log(4.3), np.log(34))))
    view, size = line_view(rng, canvas, pitch)
    surroundings = noise(rng, size, rng.uniform(2, 60)) * rng.uniform(0, 255)
    picture, lines = seen(canvas, view, surroundings.astype(np.float32))
    if rng.random() < 0.15:
        picture = with_glare(rng, picture, pitch)
    pyramid = Pyramid(damaged(rng, picture, pitch))
    return [_strip(rng, pyramid, line, lines) for line in lines for _ in range(2)]


def _strip(rng: Generator, pyramid: Pyramid, line: Line, lines: tuple[Line, ...]) -> Example:
    right = np.asarray([line.x[-1] - line.x[0], line.y[-1] - line.y[0]]) / max(1, len(line.x) - 1)
    right = right * np.exp(rng.normal(0, 0.09)) / PITCH
    angle = rng.normal(0, 0.03)
    right = np.asarray(
        [right[0] * np.cos(angle) - right[1] * np.sin(angle), right[0] * np.sin(angle) + right[1] * np.cos(angle)]
    )
    down = np.asarray([-right[1], right[0]])
    at = rng.integers(len(line.x))
    middle = np.asarray([line.x[at], line.y[at]]) + down * rng.normal(0, 2.5)
    if rng.random() < 0.06:  # between two lines, or outside: no character is in the middle
        middle = middle + down * rng.choice([-1, 1]) * PITCH * rng.uniform(1.0, 1.4)
    start = middle - right * rng.uniform(0.1, 0.9) * WIDTH
    path = straight((float(start[0]), float(start[1])), (float(right[0]), float(right[1])), WIDTH)
    strip = normalised(path.strip(pyramid, ROWS))
    classes = np.full(WIDTH // STEP, NONE, np.int8)
    below = np.zeros(WIDTH // STEP, np.float32)
    for printed in lines:
        _mark(printed, start, right, down, classes, below)
    return strip.astype(np.float16), classes, below


def _mark(
    line: Line, start: np.ndarray, right: np.ndarray, down: np.ndarray, classes: np.ndarray, below: np.ndarray
) -> None:
    size = float(right @ right)
    offset = np.stack([line.x - start[0], line.y - start[1]], 1)
    u, v = offset @ right / size, offset @ down / size
    local = np.abs(np.gradient(u)) if len(u) > 1 else np.full(1, float(PITCH))
    for character, x, y, pitch in zip(line.text, u, v, local, strict=True):
        if abs(y) > 9:
            continue
        far = np.abs(np.arange(len(classes)) * STEP - x)
        classes[far <= 0.34 * pitch] = np.where(
            classes[far <= 0.34 * pitch] == NONE, UNKNOWN, classes[far <= 0.34 * pitch]
        )
        classes[far <= 0.22 * pitch] = ALPHABET.index(character)
        below[far <= 0.34 * pitch] = y
