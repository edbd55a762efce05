"""Prints whole data pages, cards and visas, with all that stands on them beside the zone, and what they lie on."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw
from printing import CUTS, Canvas, Face, Grey, compose, font, noise, paper, print_lines, some_text, worn

from apoa_client.passport.check_digits import ALPHABET

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
