"""Picture files of every kind, and files that are none."""

import io
import struct
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from apoa_client.ports.authority import MAX_PHOTO_BYTES
from apoa_client.scan.photo_reading import PictureRefused
from apoa_client.scan.pictures import (
    EVIDENCE_SIDE,
    LONGEST_SIDE,
    SHORTEST_SIDE,
    Pyramid,
    evidence,
    first_photo,
    open_picture,
    sample,
    straight,
)

HEIGHT, WIDTH = 60, 90
ORIENTATION = 0x0112
"""The number of EXIF's tag for how the camera was held."""

MODES = {"jpg": ["L"], "png": ["RGBA", "I;16"], "webp": ["RGB"]}
"""The modes in which each kind of file is tried."""

_ROWS, _COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH]
GREY = (_COLUMNS + 2 * _ROWS).astype(np.uint8)
"""A picture that is different in every corner."""


def _saved(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def _image(mode: str) -> Image.Image:
    return Image.fromarray(GREY).convert("RGB").convert(mode)


@pytest.mark.parametrize(("kind", "mode"), [(kind, mode) for kind, modes in MODES.items() for mode in modes])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_upright_as_the_camera_says(tmp_path: Path, orientation: int, kind: str, mode: str) -> None:
    """Each of EXIF's eight orientations gives the same upright picture, in each kind of file that has them."""
    stored = {
        1: GREY,
        2: GREY[:, ::-1],
        3: GREY[::-1, ::-1],
        4: GREY[::-1],
        5: GREY.T,
        6: np.rot90(GREY, 1),
        7: GREY[::-1, ::-1].T,
        8: np.rot90(GREY, -1),
    }[orientation]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    if mode == "I;16":
        image = Image.fromarray(np.ascontiguousarray(stored).astype(np.uint16))
    else:
        image = Image.fromarray(np.ascontiguousarray(stored)).convert("RGB").convert(mode)
    picture = open_picture(_saved(tmp_path / f"a.{kind}", image, exif=exif, quality=95).read_bytes())
    assert picture.shape == GREY.shape
    assert np.corrcoef(picture.ravel(), GREY.ravel())[0, 1] > 0.99


KINDS: dict[str, Callable[[Path], Path]] = {
    "grey.png": lambda path: _saved(path, _image("L")),
    "colours.png": lambda path: _saved(path, _image("RGB")),
    "palette.png": lambda path: _saved(path, _image("RGB").quantize(256)),
    "transparent.png": lambda path: _saved(path, _image("RGBA")),
    "grey-and-transparent.png": lambda path: _saved(path, _image("LA")),
    "cmyk.jpg": lambda path: _saved(path, _image("CMYK"), quality=95),
    "progressive.jpg": lambda path: _saved(path, _image("RGB"), quality=95, progressive=True),
    "colours.webp": lambda path: _saved(path, _image("RGB"), lossless=True),
    "two.mpo": lambda path: _saved(path, _image("RGB"), save_all=True, append_images=[_image("RGB")], quality=95),
    "name-of-another-kind.jpg": lambda path: _saved(path, _image("L"), format="PNG"),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_picture_of_any_kind(tmp_path: Path, name: str) -> None:
    """Colours, palettes, transparency and several pictures give grey values, and a JPEG, of the first picture."""
    path, grey = KINDS[name](tmp_path / name), GREY.astype(np.float32)
    picture = open_picture(path.read_bytes())
    assert picture.dtype == np.float32
    assert picture == pytest.approx(grey, abs=6)
    copy = _evidence(path)
    assert copy.mode == "RGB"
    assert np.asarray(copy.convert("L"), np.float32) == pytest.approx(grey, abs=24)


def test_sixteen_bits_are_spread_over_all_greys(tmp_path: Path) -> None:
    """A scanner's sixteen bits become eight: the darkest is black and the lightest white."""
    values = (GREY.astype(np.uint16) * 40) + 9000
    picture = open_picture(_saved(tmp_path / "a.png", Image.fromarray(values)).read_bytes())
    assert (picture.min(), picture.max()) == (0, 255)
    assert np.corrcoef(picture.ravel(), GREY.ravel())[0, 1] > 0.999


def test_one_bit_is_black_and_white(tmp_path: Path) -> None:
    """A fax's black and white stay black and white."""
    picture = open_picture(_saved(tmp_path / "a.png", Image.fromarray(GREY > 90)).read_bytes())
    assert picture == pytest.approx(np.where(GREY > 90, 255, 0).astype(np.float32))


def test_behind_what_is_transparent_is_white(tmp_path: Path) -> None:
    """Black text on nothing is black on white, not black on black."""
    image = Image.new("RGBA", (50, 50), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (10, 10, 20, 20))
    picture = open_picture(_saved(tmp_path / "a.png", image).read_bytes())
    assert (picture[0, 0], picture[15, 15]) == (255, 0)


@pytest.mark.parametrize("name", ["large.jpg", "large.png"])
def test_a_large_picture_is_made_smaller(tmp_path: Path, name: str) -> None:
    """More than `LONGEST_SIDE` pixels a side are not needed."""
    side = LONGEST_SIDE + 1000
    picture = open_picture(_saved(tmp_path / name, Image.new("L", (side, 50), 77)).read_bytes())
    assert picture.shape[1] == pytest.approx(side / 2, abs=1)
    assert picture == pytest.approx(np.full(picture.shape, 77, np.float32), abs=1)


def _evidence(path: Path) -> Image.Image:
    content = evidence(path.read_bytes())
    assert len(content) <= MAX_PHOTO_BYTES
    copy = Image.open(io.BytesIO(content))
    assert copy.format == "JPEG"
    return copy


def test_the_evidence_has_no_metadata(tmp_path: Path) -> None:
    """Neither the place, the camera and the comment nor the colour profile of the photo is in the copy."""
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSMapDatum] = "UBUD-HERE"
    exif[ExifTags.Base.Model] = "CAMERA-17"
    options = {"exif": exif, "comment": b"COMMENT-17", "icc_profile": b"PROFILE" * 40, "dpi": (300, 300)}
    path = _saved(tmp_path / "a.jpg", _image("RGB"), **options)
    secrets = (b"UBUD-HERE", b"CAMERA-17", b"COMMENT-17", b"PROFILE", b"Exif")
    assert all(secret in path.read_bytes() for secret in secrets)
    content = evidence(path.read_bytes())
    assert not [secret for secret in secrets if secret in content]
    copy = Image.open(io.BytesIO(content))
    assert not copy.getexif()
    assert copy.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive"}


@pytest.mark.parametrize("size", [(6000, 300), (1601, 1600)])
def test_the_evidence_of_a_large_photo_is_small(tmp_path: Path, size: tuple[int, int]) -> None:
    """At most 1600 pixels a side and 300 KiB, also of a picture that hardly becomes smaller as a JPEG."""
    noise = np.random.default_rng(7).integers(0, 256, (size[1], size[0], 3), np.uint8)
    copy = _evidence(_saved(tmp_path / "a.jpg", Image.fromarray(noise), quality=90))
    assert max(copy.size) <= EVIDENCE_SIDE
    assert copy.width / copy.height == pytest.approx(size[0] / size[1], rel=0.02)


def _png_header(width: int, height: int) -> bytes:
    """Return the beginning of a PNG of this size, with a few bytes of content."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))


def _bytes_of(kind: str) -> bytes:
    file = io.BytesIO()
    _image("L").save(file, kind)
    return file.getvalue()


def _half(content: bytes) -> bytes:
    return content[: len(content) // 2]


BROKEN = {
    "empty.jpg": b"",
    "text.jpg": b"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n",
    "page.pdf": b"%PDF-1.7\n1 0 obj\n",
    "start.jpg": b"\xff\xd8\xff\xe0",
    "half.jpg": _half(_bytes_of("JPEG")),
    "half.png": _half(_bytes_of("PNG")),
    "half.webp": _half(_bytes_of("WEBP")),
    **{f"picture.{kind}": _bytes_of(kind) for kind in ("GIF", "TIFF", "BMP", "PPM", "JPEG2000", "ICO", "AVIF")},
    "51-megapixels.png": _png_header(8_000, 6_400),
    "bomb.png": _png_header(60_000, 60_000),
    "no-width.png": _png_header(0, 100),
    "dot.png": _png_header(1, 1),
    "thin.png": _png_header(SHORTEST_SIDE - 1, 10_000),
}


@pytest.mark.parametrize("use", [open_picture, evidence])
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_picture_is_refused(name: str, use: Callable[[bytes], object]) -> None:
    """Nothing, a part of a file, another format, too many or too few pixels: one error, in little memory."""
    tracemalloc.start()
    with pytest.raises(PictureRefused) as caught:
        use(BROKEN[name])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.advice is not None
    assert caught.value.__cause__ is None
    assert peak < 20_000_000


MEASURED = """
import re, sys
from pathlib import Path
from typing import Any
from apoa_client.scan.pictures import {function}

def peak() -> int:  # `ru_maxrss` would begin with that of the parent
    return int(re.search("VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

content = Path(sys.argv[1]).read_bytes()
before = peak()
result = {function}(content)
print(peak() - before, *getattr(result, "shape", ()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems measure in other units, or have no such call")
@pytest.mark.parametrize(
    "mode", ["RGBA", *(pytest.param(mode, marks=pytest.mark.slow) for mode in ("L", "RGB", "I;16"))]
)
def test_an_unfolded_picture_takes_bounded_memory(tmp_path: Path, mode: str) -> None:
    """A small file of 36 megapixels takes at most 8 bytes for each of them, whatever its mode."""
    path = _saved(tmp_path / "large.png", Image.new(mode, (6000, 6000)), compress_level=1)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED.format(function="open_picture"), path],
        check=True,
        capture_output=True,
        text=True,
    )
    kilobytes, *shape = map(int, done.stdout.split())
    assert shape == [3000, 3000]
    assert kilobytes * 1024 < 8 * 36_000_000 + 60_000_000  # and the result with its copies


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems measure in other units, or have no such call")
def test_the_evidence_of_a_large_photo_needs_no_second_copy_of_it(tmp_path: Path) -> None:
    """A picture in colours takes 4 bytes for each of its 36 megapixels once, besides the smaller copies."""
    path = _saved(tmp_path / "large.png", Image.new("RGB", (6000, 6000)), compress_level=1)
    command = [sys.executable, "-c", MEASURED.format(function="evidence"), str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert int(done.stdout) * 1024 < 4 * 36_000_000 + 110_000_000


def test_a_photo_of_an_iphone(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its plug-in, HEIC is read as any other format; without it the file is named as such, with the pip line."""
    content = Path(__file__).with_name("photo.heic").read_bytes()  # `GREY`, in quality 95
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "pi_heif", None)
        with pytest.raises(PictureRefused) as refused:
            open_picture(content)
    assert "HEIC" in refused.value.message.template
    assert 'pip install "apoa-client[heic]"' in str(refused.value.advice and refused.value.advice.render())
    pytest.importorskip("pi_heif")
    assert np.abs(open_picture(content) - GREY.astype(np.float32)).mean() < 6


SLOPE = (np.mgrid[0:40, 0:60] * np.asarray([3.0, 1.0])[:, None, None]).sum(0).astype(np.float32)
"""A picture whose grey value is x + 3 y, so that the value of every point is known."""


@given(x=st.floats(0, 58.9), y=st.floats(0, 38.9))
def test_a_value_between_pixels_is_interpolated(x: float, y: float) -> None:
    """Between four pixels the value is theirs, each weighted by how near it is."""
    assert sample(SLOPE, np.asarray([x]), np.asarray([y]))[0] == pytest.approx(x + 3 * y, abs=1e-3)


@pytest.mark.parametrize(("step", "scale"), [(0.5, 1), (1.9, 1), (2, 2), (3.9, 2), (4, 4), (1000, 16)])
def test_a_coarse_sample_uses_a_smaller_picture(step: float, scale: int) -> None:
    """The picture is halved while two samples are further apart than two of its pixels, and no smaller than four."""
    picture, pixels = Pyramid(SLOPE).at(step)
    assert pixels == scale
    height, width = SLOPE.shape[0] // scale * scale, SLOPE.shape[1] // scale * scale
    blocks = SLOPE[:height, :width].reshape(height // scale, scale, width // scale, scale)
    assert picture == pytest.approx(blocks.mean((1, 3)), rel=1e-5)


@pytest.mark.parametrize("angle", [0.0, 0.3, np.pi / 2, 2.5, -np.pi])
@pytest.mark.parametrize("step", [0.4, 1.0, 2.3])
def test_a_straight_strip_follows_its_direction(angle: float, step: float) -> None:
    """A row of the strip goes along the line, a column across it, at the line's scale and angle."""
    picture = (np.mgrid[0:201, 0:201] * np.asarray([2.0, 0.5])[:, None, None]).sum(0).astype(np.float32)
    along = step * np.cos(angle), step * np.sin(angle)
    strip = straight((100, 100), along, 30).strip(Pyramid(picture), 8)
    column, row = np.arange(30), np.arange(8)[:, None] - 3.5
    x = 100 + along[0] * column - along[1] * row
    y = 100 + along[1] * column + along[0] * row
    assert strip == pytest.approx(0.5 * x + 2 * y, abs=0.05)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_the_page_of_a_scanner_is_read(tmp_path: Path, mode: str) -> None:
    """The first page's photo is read as the same photo alone is."""
    pages = [Image.fromarray(values).convert("RGB").convert(mode) for values in (GREY, 255 - GREY)]
    pages[0].save(tmp_path / "scan.pdf", save_all=True, append_images=pages[1:], quality=95)
    expected = np.asarray(pages[0].convert("L"), np.float32)
    assert np.abs(open_picture((tmp_path / "scan.pdf").read_bytes()) - expected).mean() < 4


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n1 0 obj\n<</Length 4>>\nstream\nq Q\nendstream\nendobj\n%%EOF",
        b"%PDF-1.7\n<< /Filter /DCTDecode /Length 9 >>\nstream\n\xff\xd8\xff\xe0 no end",
        b"%PDF-1.7\n<< /Filter /DCTDecode >>\nstream\nno JPEG\nendstream",
        b"%PDF-",
    ],
    ids=["drawn", "cut short", "no JPEG", "empty"],
)
def test_a_pdf_without_a_photo_is_refused(content: bytes) -> None:
    """A PDF from which no photo can be taken is named as that, with what to do."""
    assert first_photo(content) is None
    with pytest.raises(PictureRefused, match="PDF") as refused:
        open_picture(content)
    assert refused.value.advice is not None
    stream = b"\xff\xd8\xff\xe0" + bytes(30)  # a photo of which a part is missing is a damaged picture
    with pytest.raises(PictureRefused):
        open_picture(b"%PDF-1.7\n<< /Filter /DCTDecode >>\nstream\n" + stream + b"\nendstream")
