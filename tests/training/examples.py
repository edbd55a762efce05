"""Makes examples for the networks: strips of lines for the reader, pieces of pictures for the zone finder."""

import numpy as np
from cameras import Example, View, damaged, homography, seen, with_glare
from numpy.random import Generator
from printing import CUTS, OTHERS, Canvas, Line, noise, print_page, print_zone, table

from apoa_client.passport.check_digits import ALPHABET
from apoa_client.scan.line_reader import NONE, ROWS
from apoa_client.scan.line_reader import PITCH as STRIP_PITCH
from apoa_client.scan.line_reader import STEP as STRIP_STEP
from apoa_client.scan.line_reader import normalised as normalised_strip
from apoa_client.scan.pictures import Pyramid, straight
from apoa_client.scan.zone_finder import PITCH, STEP, normalised

# Strips of a line, with what the reader is to say of each column.

LINE_PITCH = 24
WIDTH = 192
UNKNOWN = -1
"""The class of a column between a character and its neighbour, which may be either."""


def line_view(rng: Generator, canvas: Canvas, pitch: float) -> tuple[View, tuple[int, int]]:
    """Return a view of a zone at `pitch` pixels a character, a little turned and askew, and the picture's size.

    Some are cut at the picture's edge, a third of a character from the middle of a line at the closest.
    """
    height, width = canvas.grey.shape
    scale = pitch / LINE_PITCH
    corners = np.asarray([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    angle = rng.normal(0, 0.06)
    turn = np.asarray([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    stretched = (corners - corners.mean(0)) * [scale * rng.uniform(0.92, 1.08), scale]
    targets = stretched @ turn.T
    targets += rng.normal(0, 0.02, (4, 2)) * scale * height
    cut = rng.uniform(0, 1.3 * pitch, 4) if rng.random() < 0.25 else np.zeros(4)
    targets -= targets.min(0) - 2 + cut[:2]
    size = np.ceil(targets.max(0) - cut[2:]).astype(int) + 3
    curl = rng.normal(0, 0.12) * LINE_PITCH if rng.random() < 0.4 else 0.0
    view = View(homography(corners, targets), curl, LINE_PITCH * rng.uniform(15, 60), rng.uniform(0, 6.28))
    return view, (int(size[1]), int(size[0]))


def line_examples(rng: Generator) -> list[Example]:
    """Return strips of one picture: each with the class of each column, and how far the line is below the middle.

    One picture of six is printed in another font than OCR-B.
    """
    faces = OTHERS if rng.random() < 1 / 6 else CUTS
    canvas = print_zone(rng, 14, int(rng.integers(2, 4)), LINE_PITCH, faces)
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
    right = right * np.exp(rng.normal(0, 0.09)) / STRIP_PITCH
    angle = rng.normal(0, 0.03)
    right = np.asarray(
        [right[0] * np.cos(angle) - right[1] * np.sin(angle), right[0] * np.sin(angle) + right[1] * np.cos(angle)]
    )
    down = np.asarray([-right[1], right[0]])
    at = rng.integers(len(line.x))
    middle = np.asarray([line.x[at], line.y[at]]) + down * rng.normal(0, 2.5)
    if rng.random() < 0.06:  # between two lines, or outside: no character is in the middle
        middle = middle + down * rng.choice([-1, 1]) * STRIP_PITCH * rng.uniform(1.0, 1.4)
    start = middle - right * rng.uniform(0.1, 0.9) * WIDTH
    path = straight((float(start[0]), float(start[1])), (float(right[0]), float(right[1])), WIDTH)
    strip = normalised_strip(path.strip(pyramid, ROWS))
    classes = np.full(WIDTH // STRIP_STEP, NONE, np.int8)
    below = np.zeros(WIDTH // STRIP_STEP, np.float32)
    for printed in lines:
        _mark(printed, start, right, down, classes, below)
    return strip.astype(np.float16), classes, below


def _mark(
    line: Line, start: np.ndarray, right: np.ndarray, down: np.ndarray, classes: np.ndarray, below: np.ndarray
) -> None:
    size = float(right @ right)
    offset = np.stack([line.x - start[0], line.y - start[1]], 1)
    u, v = offset @ right / size, offset @ down / size
    local = np.abs(np.gradient(u)) if len(u) > 1 else np.full(1, float(STRIP_PITCH))
    for character, x, y, pitch in zip(line.text, u, v, local, strict=True):
        if abs(y) > 9:
            continue
        far = np.abs(np.arange(len(classes)) * STRIP_STEP - x)
        classes[far <= 0.34 * pitch] = np.where(
            classes[far <= 0.34 * pitch] == NONE, UNKNOWN, classes[far <= 0.34 * pitch]
        )
        classes[far <= 0.22 * pitch] = ALPHABET.index(character)
        below[far <= 0.34 * pitch] = y


# Pieces of pictures of documents, with where the lines of the zone run.

ZONE_PITCH = 11
CROP = 256


def page_view(rng: Generator, canvas: Canvas, frame: tuple[int, int]) -> tuple[View, float]:
    """Return a view of a page in a frame of (height, width), turned by any angle, and its pitch."""
    height, width = canvas.grey.shape
    corners = np.asarray([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    quarter = rng.integers(4) * np.pi / 2
    angle = quarter + rng.normal(0, 0.12) if rng.random() < 0.6 else rng.uniform(0, 2 * np.pi)
    turn = np.asarray([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    targets = (corners - corners.mean(0)) @ turn.T
    fits = min(frame[1] / np.ptp(targets[:, 0]), frame[0] / np.ptp(targets[:, 1]))
    scale = min(fits * rng.uniform(0.5, 1.08), 14 / ZONE_PITCH)
    targets *= scale
    targets += rng.normal(0, 0.025, (4, 2)) * scale * width
    room = np.maximum(np.asarray([frame[1], frame[0]]) - np.ptp(targets, axis=0), 0)
    targets += np.asarray([frame[1], frame[0]]) / 2 + room * rng.uniform(-0.5, 0.5, 2)
    curl = rng.normal(0, 0.15) * ZONE_PITCH if rng.random() < 0.3 else 0.0
    return View(homography(corners, targets), curl, ZONE_PITCH * rng.uniform(20, 60), rng.uniform(0, 6.28)), scale


def zone_examples(rng: Generator) -> list[Example]:
    """Return pieces of one picture, each with its truth of shape (rows, columns, 4).

    The truth's channels: whether a line runs there (1, 0, or -1 for either), the direction's cosine and sine, and the
    logarithm of the pitch.
    """
    frame = (384, 512) if rng.random() < 0.65 else (512, 384)
    canvas = print_page(rng, ZONE_PITCH)
    view, scale = page_view(rng, canvas, frame)
    picture, lines = seen(canvas, view, table(rng, frame))
    if rng.random() < 0.06:
        picture, lines = table(rng, frame), ()
    picture = normalised(damaged(rng, picture, ZONE_PITCH * scale))
    truth = _truth(frame, lines)
    return [_piece(rng, picture, truth, frame) for _ in range(2)]


def _piece(rng: Generator, picture: np.ndarray, truth: np.ndarray, frame: tuple[int, int]) -> Example:
    marked = np.argwhere(truth[..., 0] == 1)
    middle = marked[rng.integers(len(marked))] if len(marked) and rng.random() < 0.8 else rng.integers(0, 128, 2)
    corner = [int(np.clip(middle[i] - rng.integers(0, CROP // STEP), 0, (frame[i] - CROP) // STEP)) for i in (0, 1)]
    rows, columns = (slice(c, c + CROP // STEP) for c in corner)
    pixels = tuple(slice(c * STEP, c * STEP + CROP) for c in corner)
    return picture[pixels].astype(np.float16), truth[rows, columns].astype(np.float16)


def _truth(frame: tuple[int, int], lines: tuple[Line, ...]) -> np.ndarray:
    shape = (frame[0] // STEP, frame[1] // STEP)
    truth = np.zeros((*shape, 4), np.float32)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]] * STEP
    for line in lines:
        right = np.stack([np.gradient(line.x), np.gradient(line.y)], 1)
        pitch = np.hypot(right[:, 0], right[:, 1])
        dx, dy = x[..., None] - line.x, y[..., None] - line.y
        nearest = np.argmin(dx * dx + dy * dy, -1)
        along = right[nearest] / pitch[nearest][..., None]
        nx, ny = (
            np.take_along_axis(dx, nearest[..., None], -1)[..., 0],
            np.take_along_axis(dy, nearest[..., None], -1)[..., 0],
        )
        u = (nx * along[..., 0] + ny * along[..., 1]) / pitch[nearest]
        v = (ny * along[..., 0] - nx * along[..., 1]) / pitch[nearest]
        on = (np.abs(u) <= 0.7) & (np.abs(v) <= 0.42)
        near = (np.abs(u) <= 1.2) & (np.abs(v) <= 0.7) & ~on & (truth[..., 0] != 1)
        truth[near, 0] = -1
        truth[on, 0] = 1
        truth[on, 1:3] = along[on]
        truth[on, 3] = np.log(pitch[nearest][on] / PITCH)
    return truth
