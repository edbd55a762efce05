"""Prints machine-readable zones, whole pages, cards and visas on canvases, with the place of each character.

A canvas is a grey picture; its pitch is how many of its pixels a character of the zone takes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from apoa_client.passport.check_digits import ALPHABET

LINE_SPACING = 2.5
"""From one line to the next, in characters: 6.35 mm; a character takes 2.54 mm (ICAO Doc 9303-3, 4.2)."""


@dataclass(frozen=True)
class Face:
    """A font in which zones are printed.

    Args:
        path: Its file.
        width: How much of the em a character takes in a line.
        closest: The least distance of two lines, in parts of `LINE_SPACING`.

    """

    path: Path
    width: float
    closest: float = 0.9


FONTS = Path("/usr/share/fonts/opentype/ocr-b")
CUTS = tuple(
    Face(FONTS / f"{cut}.otf", 0.723) for cut in ("OCRB", "OCRB", "OCRB", "OCRB", "OCRBS", "OCRBS", "OCRBS", "OCRBL")
)
"""The cuts that are printed as ink on paper, as often as they are used; the others are outlines and inversions."""
OTHERS = tuple(
    Face(Path("/usr/share/fonts/truetype", f"{name}.ttf"), width, 0.75)
    for name, width in (
        ("dejavu/DejaVuSansMono", 0.602),
        ("dejavu/DejaVuSansMono", 0.602),
        ("dejavu/DejaVuSansMono-Bold", 0.602),
        ("liberation/LiberationMono-Regular", 0.6),
        ("liberation/LiberationMono-Bold", 0.6),
        ("dejavu/DejaVuSans", 0.74),
        ("dejavu/DejaVuSans-Bold", 0.8),
        ("liberation/LiberationSans-Regular", 0.72),
        ("liberation/LiberationSans-Bold", 0.74),
    )
)
"""Other fonts than OCR-B, which a document should not have, but some specimens and some visas do."""

Grey = NDArray[np.float32]


@dataclass(frozen=True)
class Line:
    """One printed line: its text, and the middle of each character on the canvas."""

    text: str
    x: NDArray[np.float32]
    y: NDArray[np.float32]


@dataclass(frozen=True)
class Canvas:
    """A printed picture and the lines of its zone."""

    grey: Grey
    lines: tuple[Line, ...]


@cache
def font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    """Return a font whose em has `size` pixels."""
    return ImageFont.truetype(str(path), size)


@cache
def glyph(path: Path, size: int, character: str) -> tuple[Image.Image, tuple[float, float]]:
    """Return a character's ink, and where its middle is in it: of its width, and of a capital's height."""
    face = font(path, size)
    left, top, right, bottom = face.getbbox(character, anchor="ls")
    picture = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4))
    ImageDraw.Draw(picture).text((2 - left, 2 - top), character, fill=255, font=face, anchor="ls")
    _, capital, _, _ = face.getbbox("H", anchor="ls")
    return picture, (face.getlength(character) / 2 - left + 2, capital / 2 - top + 2)


def print_lines(
    rng: Generator,
    texts: list[str],
    start: tuple[float, float],
    ink: Image.Image,
    pitch: float,
    faces: tuple[Face, ...] = CUTS,
) -> tuple[Line, ...]:
    """Print lines on a layer of ink, and return them; the middle of the first line's left edge is at `start`."""
    face = faces[rng.integers(len(faces))]
    size = round(pitch / face.width * rng.uniform(0.9, 1.08))
    spacing = pitch * LINE_SPACING * rng.uniform(face.closest, 1.1)
    jitter = rng.choice([0.0, 0.3, 0.8])
    lines = []
    for number, text in enumerate(texts):
        x = (
            start[0]
            + pitch * (np.arange(len(text)) + 0.5)
            + rng.normal(0, jitter, len(text))
            + rng.normal(0, pitch * 0.1)
        )
        y = start[1] + spacing * number + rng.normal(0, jitter / 2, len(text))
        for character, middle_x, middle_y in zip(text, x, y, strict=True):
            picture, (across, down) = glyph(face.path, size, character)
            place = (round(float(middle_x) - across), round(float(middle_y) - down))
            ink.paste(255, (*place, place[0] + picture.width, place[1] + picture.height), picture)
        lines.append(Line(text, x.astype(np.float32), y.astype(np.float32)))
    return tuple(lines)


def worn(rng: Generator, ink: Image.Image, pitch: float) -> Grey:
    """Return a layer of ink as a printer leaves it: spread or thin, worn in places, from 0 to 1."""
    kind = rng.random()
    if kind < 0.2 and pitch > 16:
        ink = ink.filter(ImageFilter.MaxFilter(3))
    elif kind < 0.3 and pitch > 16:
        ink = ink.filter(ImageFilter.MinFilter(3))
    if rng.random() < 0.3:
        soft = (
            np.asarray(ink.filter(ImageFilter.GaussianBlur(float(pitch * rng.uniform(0.02, 0.08)))), np.float32) / 255
        )
        threshold = rng.uniform(0.3, 0.65)
        layer = np.clip((soft - threshold) * rng.uniform(3, 8) + 0.5, 0, 1)
    else:
        layer = np.asarray(ink, np.float32) / 255
    if rng.random() < 0.25:
        layer = layer * (1 - rng.uniform(0.2, 0.8) * noise(rng, layer.shape, pitch * rng.uniform(0.1, 1.6)))
    return layer.astype(np.float32)


def noise(rng: Generator, shape: tuple[int, ...], grain: float) -> Grey:
    """Return smooth noise from 0 to 1 whose grains are about `grain` pixels wide."""
    height, width = shape[:2]
    small = rng.random((max(2, int(height / grain) + 2), max(2, int(width / grain) + 2))).astype(np.float32)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def paper(rng: Generator, shape: tuple[int, int], pitch: float) -> Grey:
    """Return a security background: waves of fine lines, soft stains, ghosts of text, in shades of grey."""
    height, width = shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    grey = np.full(shape, rng.uniform(150, 252), np.float32)
    strength = rng.choice([0.0, 6.0, 14.0, 28.0], p=[0.25, 0.35, 0.25, 0.15])
    for _ in range(rng.integers(0, 4)):
        angle, length = rng.uniform(0, np.pi), pitch * rng.uniform(0.12, 3)
        bend = pitch * rng.uniform(0, 0.5) * np.sin((x / rng.uniform(0.8, 4) + y / rng.uniform(0.8, 4)) / pitch)
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle) + bend) * 2 * np.pi / length)
        if rng.random() < 0.5:
            wave = np.where(wave > rng.uniform(0.3, 0.9), 1, 0)
        grey += strength * rng.uniform(0.3, 1) * wave * rng.choice([-1, 1])
    if rng.random() < 0.5:
        grey += rng.uniform(0, 2) * strength * (noise(rng, shape, pitch * rng.uniform(0.4, 5)) - 0.5)
    if rng.random() < 0.2:
        layer = Image.new("L", (width, height))
        text = "".join(rng.choice(list(ALPHABET), 6))
        ImageDraw.Draw(layer).text(
            (rng.uniform(-0.2, 0.8) * width, rng.uniform(-0.2, 0.8) * height),
            text,
            fill=255,
            font=font(CUTS[0].path, int(pitch * rng.uniform(0.5, 3.3))),
        )
        grey -= np.asarray(layer, np.float32) / 255 * rng.uniform(5, 40)
    return np.clip(grey, 0, 255)


def some_text(rng: Generator, length: int) -> str:
    """Return characters for a line: of every kind alike, of numbers, of names, or fillers, in runs."""
    text = ""
    while len(text) < length:
        run = int(rng.integers(1, 10))
        kind = rng.random()
        if kind < 0.4:
            letters = ALPHABET
        elif kind < 0.65:
            letters = ALPHABET[:10]
        elif kind < 0.85:
            letters = ALPHABET[10:36]
        else:
            letters = "<"
        text += "".join(rng.choice(list(letters), run))
    return text[:length]


def print_zone(rng: Generator, characters: int, lines: int, pitch: float, faces: tuple[Face, ...] = CUTS) -> Canvas:
    """Return a piece of a zone with margins, of random text; specks of some are worn away."""
    margin = 1.6 * pitch
    shape = (int(2 * margin + pitch * LINE_SPACING * (lines - 0.6) * 1.1), int(2 * margin + pitch * characters))
    ink = Image.new("L", (shape[1], shape[0]))
    first = characters if rng.random() < 0.75 else int(rng.integers(2, characters))
    left = margin if rng.random() < 0.5 else margin + pitch * (characters - first)
    texts = [some_text(rng, first) for _ in range(lines)]
    printed = print_lines(rng, texts, (left, margin + 0.4 * pitch), ink, pitch, faces)
    layer = worn(rng, ink, pitch)
    if rng.random() < 0.15:
        layer = layer * (noise(rng, layer.shape, pitch * rng.uniform(0.08, 0.4)) > rng.uniform(0.15, 0.4))
    return Canvas(compose(rng, paper(rng, shape, pitch), layer), printed)


def compose(rng: Generator, background: Grey, ink: Grey) -> Grey:
    """Return the background with ink on it: black or grey, now and then faint."""
    black = rng.uniform(0, 70)
    strength = rng.uniform(0.75, 1) if rng.random() < 0.8 else rng.uniform(0.35, 0.75)
    share = ink * strength
    return np.asarray(background * (1 - share) + black * share, np.float32)


# Pages, with all that stands on them beside the zone, and what they lie on.

MILLIMETRES = 2.54
"""A character's width."""
LABELS = tuple(Path("/usr/share/fonts/truetype").glob("dejavu/*.ttf")) + tuple(
    Path("/usr/share/fonts/truetype").glob("liberation/*.ttf")
)

FORMATS = (
    # width and height in mm, lines, characters, and how often it is printed
    ((125, 88), 2, 44, 0.6),
    ((120, 80), 2, 44, 0.1),
    ((105, 74), 2, 36, 0.12),
    ((85.6, 54), 3, 30, 0.18),
)


def words(rng: Generator, length: int) -> str:
    """Return letters and digits that look like a word, a date or a label."""
    kinds = ("abcdefghijklmnopqrstuvwxyz /.", ALPHABET[10:36] + " ", ALPHABET[:10] + " .-/")
    return "".join(rng.choice(list(kinds[rng.integers(3)]), length))


def zone_texts(rng: Generator, lines: int, characters: int) -> list[str]:
    """Return lines as documents have them: one of names, which ends in fillers, and others of letters and digits."""
    texts = [_some_line(rng, characters) for _ in range(lines)]
    if rng.random() < 0.8:
        texts[0 if lines == 2 else 2] = _names(rng, characters)
    return texts


def _some_line(rng: Generator, characters: int) -> str:
    written = characters if rng.random() < 0.6 else int(rng.integers(6, characters))
    return some_text(rng, written).ljust(characters, "<")


def _names(rng: Generator, characters: int) -> str:
    code = "P<" + "".join(rng.choice(list(ALPHABET[10:36]), 3)) if characters > 30 and rng.random() < 0.9 else ""
    parts = ["".join(rng.choice(list(ALPHABET[10:36]), rng.integers(2, 12))) for _ in range(rng.integers(2, 5))]
    return (code + parts[0] + "<<" + "<".join(parts[1:])).ljust(characters, "<")[:characters]


def print_page(
    rng: Generator,
    pitch: float,
    texts_of: Callable[[Generator, int, int], list[str]] = zone_texts,
    faces: tuple[Face, ...] = CUTS,
) -> Canvas:
    """Return a document at `pitch` pixels a character of its zone, which is printed in one of some fonts.

    `texts_of` gives the zone's lines from their number and their number of characters.
    """
    (wide, high), lines, characters, _ = FORMATS[rng.choice(len(FORMATS), p=[share for *_, share in FORMATS])]
    scale = pitch / MILLIMETRES
    width, height = round(wide * scale), round(high * scale)
    zone = (7.5 + 6.35 * (lines - 1) + rng.uniform(0, 4)) * scale
    background = _decorated(rng, paper(rng, (height, width), pitch), height - zone - 1.2 * pitch, scale)
    ink = Image.new("L", (width, height))
    free = width - characters * pitch
    texts = texts_of(rng, lines, characters)
    printed = print_lines(rng, texts, (free * rng.uniform(0.3, 0.7), height - zone), ink, pitch, faces)
    return Canvas(compose(rng, background, worn(rng, ink, pitch)), printed)


def _decorated(rng: Generator, grey: Grey, bottom: float, scale: float) -> Grey:
    """Put a portrait, labels, stamps, bars and lines on a page above `bottom`."""
    picture = Image.fromarray(grey).convert("L")
    draw = ImageDraw.Draw(picture)
    width = picture.width
    if rng.random() < 0.85:
        left, top = rng.uniform(0.02, 0.6) * width, rng.uniform(0.1, 0.3) * bottom
        box = [int(left), int(top), int(left + rng.uniform(0.15, 0.3) * width), int(bottom * rng.uniform(0.7, 0.98))]
        if box[3] > box[1] + 4:
            portrait = noise(rng, (box[3] - box[1], box[2] - box[0]), scale * rng.uniform(1, 12)) * 255
            picture.paste(Image.fromarray(np.clip(portrait, 0, 255).astype(np.uint8)), (box[0], box[1]))
    for _ in range(rng.integers(4, 26)):
        size = max(3, int(scale * rng.uniform(1.2, 4.5)))
        place = (rng.uniform(-0.05, 0.8) * width, rng.uniform(0, max(1, bottom - 1.1 * size)))
        face = font(LABELS[rng.integers(len(LABELS))], size)
        draw.text(place, words(rng, int(rng.integers(2, 40))), fill=int(rng.uniform(0, 140)), font=face)
    for _ in range(rng.integers(0, 4)):
        y = rng.uniform(0, bottom)
        draw.line([(0, y), (width, y + rng.normal(0, 4))], fill=int(rng.uniform(0, 255)), width=int(rng.integers(1, 4)))
    if rng.random() < 0.15:
        _bars(rng, draw, width, bottom)
    if rng.random() < 0.2:
        draw.line([tuple(p) for p in rng.uniform(0, 1, (8, 2)) * [width, picture.height]], fill=60, width=1)
    return np.asarray(picture, np.float32)


def _bars(rng: Generator, draw: ImageDraw.ImageDraw, width: int, bottom: float) -> None:
    if rng.random() < 0.5:
        draw.rectangle([0, bottom * 0.2, width, bottom * rng.uniform(0.3, 0.6)], fill=int(rng.uniform(0, 60)))
        return
    left, top = rng.uniform(0, 0.6) * width, rng.uniform(0, 0.7) * bottom
    for x in range(int(left), int(left + rng.uniform(0.2, 0.5) * width), 2):
        if rng.random() < 0.5:
            draw.line([(x, top), (x, top + bottom * 0.2)], fill=20)


def table(rng: Generator, shape: tuple[int, int]) -> Grey:
    """Return what a document lies on: a plain or grained surface, a cloth, a sheet of print."""
    base = rng.uniform(10, 245)
    grey = np.full(shape, base, np.float32)
    for _ in range(rng.integers(0, 4)):
        grey += rng.uniform(5, 70) * (noise(rng, shape, np.exp(rng.uniform(0.7, 5))) - 0.5)
    if rng.random() < 0.25:
        y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
        angle, length = rng.uniform(0, np.pi), rng.uniform(3, 40)
        grey += rng.uniform(5, 50) * np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / length)
    if rng.random() < 0.3:
        picture = Image.fromarray(np.clip(grey, 0, 255)).convert("L")
        draw = ImageDraw.Draw(picture)
        size = int(rng.integers(5, 30))
        face = font(LABELS[rng.integers(len(LABELS))], size)
        fill = int(rng.uniform(0, 255))
        for y in range(int(rng.uniform(0, 60)), shape[0], int(size * rng.uniform(1.1, 3))):
            draw.text((rng.uniform(0, 80), y), words(rng, int(rng.integers(5, 120))), fill=fill, font=face)
        picture = picture.rotate(rng.uniform(-180, 180), fillcolor=int(base)) if rng.random() < 0.5 else picture
        grey = np.asarray(picture, np.float32)
    return np.clip(grey, 0, 255)
