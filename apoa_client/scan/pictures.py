"""Opens a picture file, or the photo in a PDF, upright as its camera says, in bounded memory.

It is read as grey values, and copied as a small JPEG, the evidence that is kept with a report.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from apoa_client.messages import msg
from apoa_client.ports.authority import MAX_PHOTO_BYTES
from apoa_client.scan.errors import PictureRefused
from apoa_client.scan.pdf_photos import SIGNATURE, first_photo
from apoa_client.scan.sampling import Picture

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
        from pillow_heif import register_heif_opener
    except ImportError:
        raise PictureRefused(
            msg("The photo is in Apple's format HEIC, which this computer cannot read."),
            msg('Send it from the phone as JPEG, or install: pip install "apoa-client[heic]".'),
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
