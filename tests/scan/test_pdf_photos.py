"""The photo in a PDF."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from apoa_client.scan.errors import PictureRefused
from apoa_client.scan.pdf_photos import first_photo
from apoa_client.scan.pictures import open_picture

ROW, COLUMN = np.mgrid[0:90, 0:120]
GREY = (ROW + COLUMN).astype(np.uint8)


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


def test_a_damaged_photo_in_a_pdf_is_refused() -> None:
    """A photo of which a part is missing is a damaged picture, and no traceback."""
    stream = b"\xff\xd8\xff\xe0" + bytes(30)
    with pytest.raises(PictureRefused):
        open_picture(b"%PDF-1.7\n<< /Filter /DCTDecode >>\nstream\n" + stream + b"\nendstream")
