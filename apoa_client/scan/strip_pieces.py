"""Pieces of the strips of a reading, small enough for a screen of characters."""

import numpy as np
from PIL import Image

from apoa_client.scan.line_reader import MARGIN, PITCH, ROWS

WIDTH = 8
"""How many pixels of a piece a character takes: with fewer, 8 and B look alike."""
HEIGHT = 10
_TOP, _BOTTOM = 5.0, 27.5
"""The rows of a strip that become a piece's rows: in proportion to its columns, and with the whole characters."""


def piece(strip: bytes, first: int, characters: int) -> list[list[int]]:
    """Return the picture of some characters of a line, from the character `first` on: `HEIGHT` rows of grey values.

    The values are from 0 (black) to 255 (white), with all the contrast that the piece has.
    """
    left = (first + MARGIN - 0.5) * PITCH
    box = (left, _TOP, left + characters * PITCH, _BOTTOM)
    picture = Image.fromarray(np.frombuffer(strip, np.uint8).reshape(ROWS, -1))
    small = picture.resize((characters * WIDTH, HEIGHT), Image.Resampling.BOX, box=box)
    values = np.asarray(small, np.float32)
    low, high = (float(value) for value in np.percentile(values, (2, 98)))
    stretched = np.clip((values - low) * (255 / max(high - low, 1)), 0, 255)
    return [[int(value) for value in row] for row in stretched]
