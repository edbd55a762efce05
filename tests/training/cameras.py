"""Takes pictures of canvases as scanners and telephones do: from the side, out of focus, badly lit, compressed."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from printing import Canvas, Grey, Line, noise

from apoa_client.scan.pictures import Picture, Pyramid, sample

Example = tuple[NDArray[Any], ...]
"""What a network sees, and what it is to say of it."""


@dataclass(frozen=True)
class View:
    """Where a point of a canvas is in the picture: the paper curls, then a homography of shape (3, 3) is applied.

    Args:
        matrix: From the curled canvas to the picture, in homogeneous coordinates.
        curl: How far a point moves down, in pixels of the canvas, at the crest of the wave.
        wave: The length of the wave, in pixels of the canvas.
        phase: Where the wave begins, in radians.

    """

    matrix: NDArray[np.float64]
    curl: float = 0.0
    wave: float = 1000.0
    phase: float = 0.0

    def _moved(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(self.curl * np.sin(x * (2 * np.pi / self.wave) + self.phase), np.float32)

    def to_picture(self, x: NDArray[np.float32], y: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return the points of the picture for points of the canvas."""
        return _mapped(self.matrix, x, y + self._moved(x))

    def to_canvas(self, x: NDArray[np.float32], y: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return the points of the canvas for points of the picture."""
        x, y = _mapped(np.linalg.inv(self.matrix).astype(np.float64), x, y)
        return x, y - self._moved(x)


def _mapped(
    matrix: NDArray[np.float64], x: NDArray[np.float32], y: NDArray[np.float32]
) -> tuple[NDArray[np.float32], ...]:
    m = matrix.astype(np.float32)
    depth = m[2, 0] * x + m[2, 1] * y + m[2, 2]
    return (m[0, 0] * x + m[0, 1] * y + m[0, 2]) / depth, (m[1, 0] * x + m[1, 1] * y + m[1, 2]) / depth


def homography(corners: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix that moves four corners, an array of shape (4, 2), to four targets."""
    rows = []
    for (x, y), (u, v) in zip(corners, targets, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    return np.append(np.linalg.solve(np.asarray(rows), targets.ravel()), 1).reshape(3, 3)


def seen(canvas: Canvas, view: View, background: Grey) -> tuple[Picture, tuple[Line, ...]]:
    """Return the picture of a canvas before a background of the picture's size, and its lines' places in it."""
    height, width = background.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    canvas_x, canvas_y = view.to_canvas(x, y)
    inside = (canvas_x >= 0) & (canvas_y >= 0)
    inside &= (canvas_x <= canvas.grey.shape[1] - 1) & (canvas_y <= canvas.grey.shape[0] - 1)
    step = 1 / np.sqrt(abs(np.linalg.det(view.matrix[:2, :2])))
    grey, scale = Pyramid(canvas.grey).at(max(1.0, float(step)))
    offset = (scale - 1) / 2
    picture = sample(grey, (canvas_x - offset) / scale, (canvas_y - offset) / scale)
    lines = tuple(Line(line.text, *view.to_picture(line.x, line.y)) for line in canvas.lines)
    return np.where(inside, picture, background).astype(np.float32), lines


def damaged(rng: Generator, picture: Picture, pitch: float) -> Picture:
    """Return a picture as a camera delivers it.

    Args:
        rng: What chooses the damage.
        picture: The picture before it.
        pitch: How many pixels a character takes; blur is in proportion to it.

    """
    return _delivered(rng, _focused(rng, _lit(rng, picture, pitch), pitch))


def _lit(rng: Generator, picture: Picture, pitch: float) -> Picture:
    """Return a picture with uneven light, a shadow, a reflection, or little contrast."""
    if rng.random() < 0.5:
        longer = max(picture.shape)
        picture = picture * (1 - rng.uniform(0.1, 0.6) * noise(rng, picture.shape, longer * rng.uniform(0.3, 1.5)))
    if rng.random() < 0.15:
        picture = shaded(rng, picture)
    if rng.random() < 0.2:
        picture = with_glare(rng, picture, pitch)
    if rng.random() < 0.3:
        picture = picture * rng.uniform(0.35, 1) + rng.uniform(0, 60)
    return np.asarray(picture, np.float32)


def _focused(rng: Generator, picture: Picture, pitch: float) -> Picture:
    """Return a picture out of focus, or moved."""
    if rng.random() < 0.6:
        picture = blurred(picture, pitch * rng.beta(1.2, 3) * 0.28)
    if rng.random() < 0.15:
        picture = _moved(rng, picture, pitch * rng.uniform(0.1, 0.35))
    return picture


def _delivered(rng: Generator, picture: Picture) -> Picture:
    """Return a picture with noise, sharpened, or compressed."""
    if rng.random() < 0.6:
        grain = min(rng.exponential(0.04), 0.2) * float(np.ptp(picture))
        picture = np.asarray(picture + rng.normal(0, grain, picture.shape), np.float32)
    picture = np.clip(picture, 0, 255)
    if rng.random() < 0.1:
        shown = Image.fromarray(picture.astype(np.uint8)).filter(ImageFilter.UnsharpMask(2, int(rng.uniform(50, 200))))
        picture = np.asarray(shown, np.float32)
    if rng.random() < 0.6:
        picture = compressed(picture, int(rng.integers(20, 95)))
    return picture


def shaded(rng: Generator, picture: Picture) -> Picture:
    """Return a picture with the edge of a shadow across it."""
    height, width = picture.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle, soft = rng.uniform(0, 2 * np.pi), rng.uniform(0.01, 0.2) * width
    edge = (x - rng.uniform(0, width)) * np.cos(angle) + (y - rng.uniform(0, height)) * np.sin(angle)
    return np.asarray(picture * (1 - rng.uniform(0.2, 0.6) / (1 + np.exp(np.clip(-edge / soft, -30, 30)))), np.float32)


def with_glare(rng: Generator, picture: Picture, pitch: float) -> Picture:
    """Return a picture with the reflection of a lamp, a few characters wide."""
    height, width = picture.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    wide, high = pitch * rng.uniform(1, 8), pitch * rng.uniform(0.5, 4)
    far = ((x - rng.uniform(0, width)) / wide) ** 2 + ((y - rng.uniform(0, height)) / high) ** 2
    return np.asarray(picture + rng.uniform(40, 160) * np.exp(-far), np.float32)


def blurred(picture: Picture, sigma: float) -> Picture:
    """Return a picture out of focus by `sigma` pixels."""
    return np.asarray(Image.fromarray(picture).convert("L").filter(ImageFilter.GaussianBlur(float(sigma))), np.float32)


def _moved(rng: Generator, picture: Picture, length: float) -> Picture:
    angle = rng.uniform(0, np.pi)
    height, width = picture.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    steps = max(2, round(length) + 1)
    shifts = np.linspace(-length / 2, length / 2, steps)
    return np.asarray(
        sum(sample(picture, x + shift * np.cos(angle), y + shift * np.sin(angle)) for shift in shifts) / steps,
        np.float32,
    )


def compressed(picture: Picture, quality: int) -> Picture:
    """Return a picture as JPEG of a quality from 1 to 95 keeps it."""
    file = io.BytesIO()
    Image.fromarray(picture.astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), np.float32)
