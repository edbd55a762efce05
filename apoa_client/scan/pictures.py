"""Opens a picture file, or the photo in a PDF, as grey values, upright as its camera says, in bounded memory."""

import warnings
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from apoa_client.messages import msg
from apoa_client.scan.errors import PictureRefused
from apoa_client.scan.pdf_photos import SIGNATURE, first_photo
from apoa_client.scan.sampling import Picture

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF", "PPM", "JPEG2000", "AVIF", "HEIF")
MOST_PIXELS = 110_000_000
"""More than any telephone takes; a file that unfolds to more is refused before it is unfolded."""
LONGEST_SIDE = 4096
"""A picture is read with at most so many pixels a side: a page that fills it has more than 60 for each character."""
SHORTEST_SIDE = 40
_HEIC = (b"heic", b"heix", b"mif1", b"msf1")
"""What stands in a file of HEIC at byte 8, behind "ftyp" (ISO/IEC 23008-12, 10)."""
_ORIENTATION = ExifTags.Base.Orientation

_CHECK_THE_PATH = msg("Check the path, and that this user may read the file.")


def open_picture(path: Path) -> Picture:
    """Return the picture in a file as grey values, the first if the file has several. Raises `PictureRefused`.

    Of a PDF it is the first photo, as scanners write it.
    """
    formats = _formats()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged metadata, and of a size below our bound, MOST_PIXELS
            with Image.open(_photo(path), formats=formats) as image:
                return _grey(image)
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
    if not path.is_file():  # a folder, a device, or nothing: Pillow says so
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


def _grey(image: Image.Image) -> Picture:
    if image.width * image.height > MOST_PIXELS:
        raise PictureRefused(msg("The picture is too large: it has more than 110 megapixels."))
    if min(image.size) < SHORTEST_SIDE:
        raise PictureRefused(msg("The picture is too small."))
    image.draft("L", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is decoded in a half, a quarter or an eighth of its size
    grey = _in_eight_bits(image, -(-max(image.size) // LONGEST_SIDE))
    grey.getexif()[_ORIENTATION] = image.getexif().get(_ORIENTATION, 1)  # not every conversion keeps it
    return np.asarray(ImageOps.exif_transpose(grey), np.float32)


def _in_eight_bits(image: Image.Image, factor: int) -> Image.Image:
    """Return a picture in shades of grey, `factor` times smaller, with white behind what is transparent.

    Each step holds as few copies of the whole picture as possible: it may have a hundred megapixels.
    """
    if image.mode.startswith(("I", "F")):
        values = np.nan_to_num(np.asarray(image.convert("F").reduce(factor)))
        low, high = (float(value) for value in np.percentile(values, (0.5, 99.5)))
        values = np.clip(values, low, high)  # before the difference, which may exceed the largest number
        return Image.fromarray(((values - low) * (255 / max(high - low, 1))).astype(np.uint8))
    if image.has_transparency_data:
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        cover = image.getchannel("A").reduce(factor)
        return Image.composite(image.convert("L").reduce(factor), Image.new("L", cover.size, "white"), cover)
    return image.convert("L").reduce(factor)
