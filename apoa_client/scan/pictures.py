"""Opens a picture file, or the photo in a PDF, upright as its camera says, in bounded memory.

It is read as grey values, and copied as a small JPEG, the evidence that is kept with a report.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from apoa_client.messages import msg
from apoa_client.ports.authority import MAX_PHOTO_BYTES
from apoa_client.scan.errors import PictureRefused
from apoa_client.scan.pdf_photos import SIGNATURE, first_photo
from apoa_client.scan.sampling import Picture

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF", "PPM", "JPEG2000", "AVIF", "HEIF")
MOST_PIXELS = 110_000_000
"""More than any telephone takes; a file that unfolds to more is refused before it is unfolded."""
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

_CHECK_THE_PATH = msg("Check the path, and that this user may read the file.")


def open_picture(path: Path) -> Picture:
    """Return the picture in a file as grey values, the first if the file has several. Raises `PictureRefused`.

    Of a PDF it is the first photo, as scanners write it.
    """
    with _opened(path) as image:
        return np.asarray(_upright(image, "L", LONGEST_SIDE), np.float32)


def evidence(path: Path) -> bytes:
    """Return the picture in a file as a JPEG of at most `MAX_PHOTO_BYTES`, in colour, without metadata.

    What the camera wrote into the file, such as the place, is not copied. Raises `PictureRefused` as `open_picture`.
    """
    with _opened(path) as image:
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
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open a picture, within the bounds of its size. What its decoder raises becomes `PictureRefused`."""
    formats = _formats()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged metadata, and of a size below our bound, MOST_PIXELS
            with Image.open(_photo(path), formats=formats) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise PictureRefused(msg("The picture is too large: it has more than 110 megapixels."))
                if min(image.size) < SHORTEST_SIDE:
                    raise PictureRefused(msg("The picture is too small."))
                yield image
    except (UnidentifiedImageError, Image.DecompressionBombError):
        raise _unreadable(path) from None
    except FileNotFoundError:
        raise PictureRefused(msg("There is no such file."), _CHECK_THE_PATH) from None
    except (PermissionError, IsADirectoryError):
        raise PictureRefused(msg("The file cannot be opened."), _CHECK_THE_PATH) from None
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError, ArithmeticError, TypeError, LookupError):
        # Pillow's decoders raise any of these for a damaged file.
        raise PictureRefused(msg("The picture is damaged or incomplete.")) from None


def _formats() -> list[str]:
    """Return the formats that this computer can read: HEIC only with its plug-in."""
    Image.init()  # the formats that Pillow does not register at once
    with suppress(ImportError):
        from pillow_heif import register_heif_opener

        register_heif_opener()
    return [name for name in FORMATS if name in Image.OPEN]


def _photo(path: Path) -> Path | BytesIO:
    """Return the file itself, or of a PDF its first photo. Raises `PictureRefused` if it has none."""
    if not path.is_file():
        if path.exists():  # a folder or a device; a pipe would never end
            raise PictureRefused(msg("The file cannot be opened."), _CHECK_THE_PATH)
        return path
    with path.open("rb") as file:
        if file.read(len(SIGNATURE)) != SIGNATURE:
            return path
    photo = first_photo(path)
    if photo is None:
        raise PictureRefused(
            msg("No photo can be taken out of this PDF."), msg("Scan or save the page as JPEG, and try it again.")
        )
    return BytesIO(photo)


def _unreadable(path: Path) -> PictureRefused:
    """Return the error for a file of no format that this computer can read."""
    with path.open("rb") as file:
        start = file.read(12)
    if start[4:8] == b"ftyp" and start[8:12] in _HEIC and "HEIF" not in Image.OPEN:
        return PictureRefused(
            msg("The photo is in Apple's format HEIC, which this computer cannot read."),
            msg('Send it from the phone as JPEG, or install: pip install "apoa-client[heic]".'),
        )
    return PictureRefused(msg("The file is not a picture that can be read."))


def _upright(image: Image.Image, mode: str, longest: int) -> Image.Image:
    """Return a picture in shades of grey ("L") or in colours ("RGB"), upright, its sides at most `longest`."""
    image.draft(mode, (longest, longest))  # a JPEG is decoded in a half, a quarter or an eighth of its size
    plain = _in_eight_bits(image, mode, -(-max(image.size) // longest))
    plain.getexif()[_ORIENTATION] = image.getexif().get(_ORIENTATION, 1)  # not every conversion keeps it
    return ImageOps.exif_transpose(plain)


def _in_eight_bits(image: Image.Image, mode: str, factor: int) -> Image.Image:
    """Return a picture in a mode with eight bits a value, `factor` times smaller, white behind what is transparent.

    Each step holds as few copies of the whole picture as possible: it may have a hundred megapixels.
    """
    if image.mode.startswith(("I", "F")):
        values = np.nan_to_num(np.asarray(image.convert("F").reduce(factor)))
        low, high = (float(value) for value in np.percentile(values, (0.5, 99.5)))
        values = np.clip(values, low, high)  # before the difference, which may exceed the largest number
        return Image.fromarray(((values - low) * (255 / max(high - low, 1))).astype(np.uint8)).convert(mode)
    if image.has_transparency_data:
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        cover = image.getchannel("A").reduce(factor)
        return Image.composite(image.convert(mode).reduce(factor), Image.new(mode, cover.size, "white"), cover)
    return (image if image.mode == mode else image.convert(mode)).reduce(factor)  # `convert` always copies
