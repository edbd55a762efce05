"""Makes examples for the zone finder: pieces of pictures of documents, with where the lines of the zone run."""

import numpy as np
from cameras import Example, View, damaged, homography, seen
from numpy.random import Generator
from pages import print_page, table
from printing import Canvas, Line

from apoa_client.scan.zone_finder import PITCH, STEP, normalised

CANVAS_PITCH = 11
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
    scale = min(fits * rng.uniform(0.5, 1.08), 14 / CANVAS_PITCH)
    targets *= scale
    targets += rng.normal(0, 0.025, (4, 2)) * scale * width
    room = np.maximum(np.asarray([frame[1], frame[0]]) - np.ptp(targets, axis=0), 0)
    targets += np.asarray([frame[1], frame[0]]) / 2 + room * rng.uniform(-0.5, 0.5, 2)
    curl = rng.normal(0, 0.15) * CANVAS_PITCH if rng.random() < 0.3 else 0.0
    return View(homography(corners, targets), curl, CANVAS_PITCH * rng.uniform(20, 60), rng.uniform(0, 6.28)), scale


def examples(rng: Generator) -> list[Example]:
    """Return pieces of one picture, each with its truth of shape (rows, columns, 4).

    The truth's channels: whether a line runs there (1, 0, or -1 for either), the direction's cosine and sine, and the
    logarithm of the pitch.
    """
    frame = (384, 512) if rng.random() < 0.65 else (512, 384)
    canvas = print_page(rng, CANVAS_PITCH)
    view, scale = page_view(rng, canvas, frame)
    picture, lines = seen(canvas, view, table(rng, frame))
    if rng.random() < 0.06:
        picture, lines = table(rng, frame), ()
    picture = normalised(damaged(rng, picture, CANVAS_PITCH * scale))
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
