"""Readings of photos: a stand-in for the reader, whose answers a test chooses, and a printed page for the real one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from basics import needs_tool
from PIL import Image, ImageDraw, ImageFont

from apoa_client.messages import Message, msg
from apoa_client.scan.photo_process import PhotoProcess
from apoa_client.scan.photo_reading import PhotoReading

_FONT = Path("/usr/share/fonts/opentype/ocr-b/OCRB.otf")
PAGE_PITCH, PAGE_MARGIN, PAGE_SECOND_LINE = 20, 60, 550
"""Where the characters of a printed page are, in pixels."""
PAGE_GREY = 225
_LINE_HEIGHT = 50
EVIDENCE = b"\xff\xd8\xff\xe0 the photo of a page \xff\xd9"
"""What the stand-in returns for a photo that is kept."""
TOO_DARK = msg("The picture is too dark. Photograph the page in more light.")


def reading(
    lines: Sequence[str],
    doubtful: Sequence[tuple[int, int]] = (),
    *,
    sure: bool | None = None,
    hint: Message | None = None,
) -> PhotoReading:
    """Return a reading with these doubtful places, from 0; it is sure if there are none and `sure` does not say."""
    is_sure = (bool(lines) and not doubtful) if sure is None else sure
    return PhotoReading(tuple(lines), tuple(doubtful), is_sure, 120, hint or (None if is_sure else TOO_DARK))


def answer_with(monkeypatch: pytest.MonkeyPatch, readings: Mapping[str, PhotoReading | Exception]) -> None:
    """Let the reader answer with these readings, or raise these errors, by the names of the files."""

    def read(_process: PhotoProcess, path: Path, today: date, *, with_evidence: bool = False) -> PhotoReading:
        assert today.year == 2026
        answer = readings[path.name]
        if isinstance(answer, Exception):
            raise answer
        return replace(answer, evidence=EVIDENCE) if with_evidence else answer

    monkeypatch.setattr(PhotoProcess, "read", read)


def print_page(path: Path, lines: Sequence[str]) -> Path:
    """Write a picture of a page with these lines at its foot. Skips the test without Debian's fonts-ocr-b."""
    needs_tool("fonts-ocr-b", found=_FONT.is_file())
    font = ImageFont.truetype(str(_FONT), 28)
    page = Image.new("L", (len(lines[0]) * PAGE_PITCH + 2 * PAGE_MARGIN, 640), PAGE_GREY)
    draw = ImageDraw.Draw(page)
    for row, line in enumerate(lines):
        top = PAGE_SECOND_LINE + _LINE_HEIGHT * (row - 1)
        for position, character in enumerate(line):
            draw.text((PAGE_MARGIN + position * PAGE_PITCH, top), character, fill=30, font=font)
    page.save(path, quality=92)
    return path
