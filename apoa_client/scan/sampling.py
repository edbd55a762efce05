"""Takes grey values from a picture along curves.

A picture is a two-dimensional array of float32, one grey value from 0 (black) to 255 (white) for each pixel; a point is
``(x, y)`` in pixels, and the centre of the first pixel is ``(0, 0)``.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.float32]
Points = NDArray[np.floating[Any]]

_SMALLEST = 4
"""The shortest side of a picture that is halved."""


def sample(picture: Picture, x: Points, y: Points) -> Picture:
    """Return the grey values at points, each interpolated from four pixels; outside, the nearest pixel counts."""
    height, width = picture.shape
    x = np.clip(x, 0, width - 1.001).astype(np.float32)
    y = np.clip(y, 0, height - 1.001).astype(np.float32)
    left, top = x.astype(np.int32), y.astype(np.int32)
    right_share, lower_share = x - left, y - top
    start = top * width + left
    flat = picture.ravel()
    upper = flat[start] * (1 - right_share) + flat[start + 1] * right_share
    lower = flat[start + width] * (1 - right_share) + flat[start + width + 1] * right_share
    return np.asarray(upper * (1 - lower_share) + lower * lower_share, np.float32)


def halved(picture: Picture) -> Picture:
    """Return a picture of half the width and height: each pixel is the mean of four."""
    height, width = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
    rows = picture[0:height:2] + picture[1:height:2]
    return (rows[:, 0:width:2] + rows[:, 1:width:2]) * np.float32(0.25)


def resized(picture: Picture, step: float) -> Picture:
    """Return a picture in which each pixel stands for `step` pixels of `picture`, in both directions."""
    shape = [max(1, round(length / step)) for length in picture.shape]
    image = Image.fromarray(picture).resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(image, np.float32)


class Pyramid:
    """A picture in its own size, in a half, a quarter, and so on: a coarse sample averages what lies between."""

    def __init__(self, picture: Picture) -> None:
        self._levels = [picture]

    def at(self, step: float) -> tuple[Picture, int]:
        """Return the picture for samples `step` pixels apart, and how many pixels each of its pixels stands for."""
        scale, level = 1, 0
        while step >= 2 * scale and min(self._levels[level].shape) >= _SMALLEST:
            scale, level = scale * 2, level + 1
            if level == len(self._levels):
                self._levels.append(halved(self._levels[-1]))
        return self._levels[level], scale


@dataclass(frozen=True)
class LinePath:
    """Where a line of text runs in a picture: for each column of a strip, its centre and one step down.

    Args:
        centre: The points in the middle of the line, an array of shape (columns, 2).
        down: From one row of the strip to the next, an array of shape (columns, 2), in pixels of the picture.

    """

    centre: Points
    down: Points

    @cached_property
    def step(self) -> float:
        """How many pixels of the picture one row of the strip takes, on average."""
        return float(np.hypot(self.down[:, 0], self.down[:, 1]).mean())

    def strip(self, pyramid: Pyramid, rows: int) -> Picture:
        """Return the line as a straight strip of `rows` rows, its middle between the two middle rows."""
        picture, scale = pyramid.at(self.step)
        row = (np.arange(rows, dtype=np.float32) - (rows - 1) / 2)[:, None]
        x = self.centre[None, :, 0] + row * self.down[None, :, 0]
        y = self.centre[None, :, 1] + row * self.down[None, :, 1]
        offset = (scale - 1) / 2
        return sample(picture, (x - offset) / scale, (y - offset) / scale)


def straight(start: tuple[float, float], along: tuple[float, float], columns: int) -> LinePath:
    """Return a path that begins at `start` and goes `along` for each column; a row is as high as a column is wide."""
    column = np.arange(columns, dtype=np.float32)[:, None]
    centre = np.asarray(start, np.float32) + column * np.asarray(along, np.float32)
    down = np.broadcast_to(np.asarray((-along[1], along[0]), np.float32), (columns, 2))
    return LinePath(centre, down)
