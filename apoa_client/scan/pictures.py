"""Opens a picture file, or the photo in a PDF, in bounded memory, and takes grey values along curves.

A picture is a two-dimensional array of float32, one grey value from 0 (black) to 255 (white) for each pixel; a point is
``(x, y)`` in pixels, and the centre of the first pixel is ``(0, 0)``. A file is opened upright as its camera says, and
is also copied as a small JPEG, the evidence that is kept with a report.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from apoa_client.errors import install_advice
from apoa_client.messages import msg
from apoa_client.ports.authority import MAX_PHOTO_BYTES
from apoa_client.scan.photo_reading import PictureRefused

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


SIGNATURE = b"%PDF-"

_JPEG_STREAM = re.compile(
    rb"/DCTDecode[^<>]{0,200}(?:<<[^<>]{0,200}>>[^<>]{0,200})?>>\s{0,4}stream\r?\n(?=\xff\xd8\xff)"
)


def first_photo(content: bytes) -> bytes | None:
    """Return the JPEG of the first photo in a PDF, as scanners write it; None if it has none that can be taken out.

    Only an image that stands in the file as it is (ISO 32000-1, 7.4.8: DCTDecode) is found. A page that is drawn, or
    whose image is compressed in another way or encrypted, has none.
    """
    begin = _JPEG_STREAM.search(content)
    if begin is None:
        return None
    end = content.find(b"endstream", begin.end())
    return content[begin.end() : end] if end > 0 else None


MOST_PIXELS = 50_000_000
"""A file that unfolds to more is refused before it is unfolded."""
LONGEST_SIDE = 4096
"""A picture is read with at most so many pixels a side: a page that fills it has more than 60 for each character."""
SHORTEST_SIDE = 40
EVIDENCE_SIDE = 1600
"""The evidence has at most so many pixels a side: the smallest print of a page that fills it can be read."""
_QUALITIES = (85, 75, 60, 45)
"""JPEG's qualities from 1 to 95, the best first. A picture that is too large even at the last one is halved."""
_HEIC = (b"heic", b"heix", b"mif1", b"msf1")
"""What stands in a file of HEIC at byte 8, behind "ftyp" (ISO/IEC 23008-12, 10)."""
_ORIENTATION = ExifTags.Base.Orientation


def open_picture(content: bytes) -> Picture:
    """Return the picture in a file as grey values, the first if the file has several. Raises `PictureRefused`.

    Of a PDF it is the first photo, as scanners write it.
    """
    with _opened(content) as image:
        return np.asarray(_upright(image, "L", LONGEST_SIDE), np.float32)


def evidence(content: bytes) -> bytes:
    """Return the picture in a file as a JPEG of at most `MAX_PHOTO_BYTES`, in colour, without metadata.

    What the camera wrote into the file, such as the place, is not copied. Raises `PictureRefused` as `open_picture`.
    """
    with _opened(content) as image:
        picture = _upright(image, "RGB", 2 * EVIDENCE_SIDE)
    picture.thumbnail((EVIDENCE_SIDE, EVIDENCE_SIDE))
    picture.info.clear()  # a comment or a colour profile would be written again
    while True:
        for quality in _QUALITIES:
            file = BytesIO()
            picture.save(file, "JPEG", quality=quality, optimize=True)
            if file.tell() <= MAX_PHOTO_BYTES:
                return file.getvalue()
        picture = picture.reduce(2)


@contextmanager
def _opened(content: bytes) -> Iterator[Image.Image]:
    """Open a picture, within the bounds of its size. What its decoder raises becomes `PictureRefused`."""
    photo = _photo(content)
    kind = _format(photo)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged metadata
            with Image.open(BytesIO(photo), formats=[kind]) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise PictureRefused(msg("The picture is too large: it has more than 50 megapixels."))
                if min(image.size) < SHORTEST_SIDE:
                    raise PictureRefused(msg("The picture is too small."))
                yield image
    except (
        *(UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError, EOFError),
        *(MemoryError, ArithmeticError, TypeError, LookupError),
    ):
        # Pillow's decoders raise any of these for a damaged file.
        raise PictureRefused(msg("The picture is damaged or incomplete.")) from None


def _photo(content: bytes) -> bytes:
    """Return the content itself, or of a PDF its first photo. Raises `PictureRefused` if it has none."""
    photo = first_photo(content) if content.startswith(SIGNATURE) else content
    if photo is None:
        raise PictureRefused(
            msg("No photo can be taken out of this PDF."), msg("Scan or save the page as JPEG, and try it again.")
        )
    return photo


def _format(content: bytes) -> str:
    """Return Pillow's name of a format that telephones and scanners write; no decoder of another one is loaded.

    Raises `PictureRefused` for another format, and for HEIC without its plug-in.
    """
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    if content[4:8] != b"ftyp" or content[8:12] not in _HEIC:
        raise PictureRefused(msg("The file is not a picture that can be read."))
    try:
        from pi_heif import register_heif_opener
    except ImportError:
        raise PictureRefused(
            msg(
                "The photo is in Apple's format HEIC, which this computer cannot read. Send it from the phone as JPEG."
            ),
            install_advice("heic"),
        ) from None
    register_heif_opener()
    return "HEIF"


def _upright(image: Image.Image, mode: str, longest: int) -> Image.Image:
    """Return a picture in shades of grey ("L") or in colours ("RGB"), upright, its sides at most `longest`."""
    image.draft(mode, (longest, longest))  # a JPEG is decoded in a half, a quarter or an eighth of its size
    plain = _in_eight_bits(image, mode, -(-max(image.size) // longest))
    plain.getexif()[_ORIENTATION] = image.getexif().get(_ORIENTATION, 1)  # not every conversion keeps it
    return ImageOps.exif_transpose(plain)


def _in_eight_bits(image: Image.Image, mode: str, factor: int) -> Image.Image:
    """Return a picture in a mode with eight bits a value, `factor` times smaller, white behind what is transparent.

    Each step holds as few copies of the whole picture as possible: it may have fifty megapixels.
    """
    if image.mode.startswith("I"):
        values = np.asarray(image.convert("F").reduce(factor))
        low, high = (float(value) for value in np.percentile(values, (0.5, 99.5)))
        values = np.clip(values, low, high)
        return Image.fromarray(((values - low) * (255 / max(high - low, 1))).astype(np.uint8)).convert(mode)
    if image.has_transparency_data:
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        cover = image.getchannel("A").reduce(factor)
        return Image.composite(image.convert(mode).reduce(factor), Image.new(mode, cover.size, "white"), cover)
    return (image if image.mode == mode else image.convert(mode)).reduce(factor)  # `convert` always copies
