"""Pictures of invented documents, rendered as tests/training renders its examples, with lines that are valid."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import product
from pathlib import Path

import numpy as np
from basics import needs_tool
from cameras import View, blurred, compressed, damaged, homography, seen, shaded, with_glare
from numpy.random import Generator
from PIL import Image
from printing import CUTS, FONTS, LABELS, OTHERS, Canvas, Line, print_page, table

from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate
from apoa_client.scan.pictures import Picture

TODAY = date(2026, 11, 24)

_FORMATS = {(2, 44): ("TD3", "TD3", "MRV-A"), (2, 36): ("TD2", "MRV-B"), (3, 30): ("TD1",)}
_SURNAMES = [
    *("HARTLEY", "LINDQVIST", "NGUYEN", "MUELLER", "ZHANG", "SATO"),
    *("BERNARD", "JANSEN", "SHARMA", "KIM", "KOWALSKA", "ABDULLAH"),
]
_GIVEN = [
    *("OLIVER", "ASTRID", "LUKAS", "MIA", "WEI", "YUI", "CAMILLE"),
    *("PIETER", "ANANYA", "JIHOON", "BEATA", "SITI", "JACK", "EMILY"),
]
_STATES = ["GBR", "SWE", "AUS", "D", "CHN", "JPN", "FRA", "NLD", "IND", "KOR", "POL", "MYS", "USA"]
_OPTIONAL = {"TD3": 14, "MRV-A": 16, "TD2": 7, "MRV-B": 8, "TD1": 15}
_CHARACTERS = list("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def needs_fonts() -> None:
    """Skip the test where the fonts are missing with which pages are printed; fail where tools are required."""
    needs_tool("fonts-ocr-b", found=FONTS.is_dir())
    needs_tool("fonts-dejavu fonts-liberation", found={"dejavu", "liberation"} == {path.parent.name for path in LABELS})


def valid_lines(rng: Generator, lines: int, characters: int) -> list[str]:
    """Return the lines of an invented document of a format with so many lines and characters."""
    form = str(rng.choice(_FORMATS[lines, characters]))
    state = str(rng.choice(_STATES))
    number = "".join(rng.choice(_CHARACTERS, 9))
    born = date.fromordinal(int(rng.integers(date(1945, 1, 1).toordinal(), date(2015, 1, 1).toordinal())))
    expires = date.fromordinal(TODAY.toordinal() + int(rng.integers(1, 3600)))
    optional = "".join(rng.choice(_CHARACTERS, _OPTIONAL[form])) if rng.random() < 0.4 else ""
    given = " ".join(rng.choice(_GIVEN, rng.integers(1, 3), replace=False))
    sex = str(rng.choice(["M", "F"]))
    details = Details(
        state, str(rng.choice(_SURNAMES)), given, number, state, PartialDate.of(born), sex, expires, None, optional
    )
    return list(compose(form, details))


@dataclass(frozen=True)
class Shot:
    """How a page is photographed.

    Args:
        pitch: How many pixels of the picture a character takes.
        angle: How far the page is turned, in radians.
        skew: How far its corners are from a rectangle's, in parts of its width.
        curl: How far the paper bends up and down, in characters.
        harm: What the light and the camera do to the picture, given the pitch.
        fills: Whether the page fills the picture exactly, as in a scan that was cut to it.

    """

    pitch: float = 14.0
    angle: float = 0.0
    skew: float = 0.0
    curl: float = 0.0
    harm: Callable[[Generator, Picture, float], Picture] = lambda _rng, picture, _pitch: picture
    fills: bool = False


def _dark(rng: Generator, picture: Picture, pitch: float) -> Picture:
    lit = with_glare(rng, shaded(rng, picture), pitch)
    return np.clip(lit * np.float32(0.45) + rng.normal(0, 3, picture.shape), 0, 255).astype(np.float32)


def _any_turn(rng: Generator) -> float:
    return float(rng.integers(4) * np.pi / 2 + rng.uniform(-np.pi / 6, np.pi / 6))


OTHER_FONT = "another font than OCR-B"

SHOTS: dict[str, Callable[[Generator], Shot]] = {
    "clean": lambda _rng: Shot(),
    "turned": lambda rng: Shot(angle=_any_turn(rng)),
    "perspective": lambda rng: Shot(skew=0.05, angle=float(rng.normal(0, 0.05))),
    "curled": lambda rng: Shot(curl=float(rng.choice([-1, 1]) * rng.uniform(0.2, 0.4))),
    "blurred": lambda rng: Shot(
        angle=float(rng.normal(0, 0.05)), harm=lambda _rng, picture, pitch: blurred(picture, 0.16 * pitch)
    ),
    "far": lambda rng: Shot(pitch=7.0, angle=float(rng.normal(0, 0.05))),
    "dark": lambda rng: Shot(angle=float(rng.normal(0, 0.05)), harm=_dark),
    "compressed": lambda _rng: Shot(harm=lambda rng, picture, _pitch: compressed(picture, int(rng.integers(12, 25)))),
    "everything": lambda rng: Shot(
        float(rng.uniform(8, 16)), _any_turn(rng), 0.03, float(rng.normal(0, 0.15)), harm=damaged
    ),
    "scanned": lambda _rng: Shot(fills=True),
    OTHER_FONT: lambda rng: Shot(angle=_any_turn(rng)),
}
"""The classes of pictures: each has one fault, but for "everything", which has several."""

CANVAS_PITCH = 16


def photographed(rng: Generator, canvas: Canvas, shot: Shot) -> tuple[Picture, tuple[Line, ...]]:
    """Return the picture of a page on a table, a little larger than the page, and the lines' places in it."""
    height, width = canvas.grey.shape
    corners = np.asarray([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    turn = np.asarray([[np.cos(shot.angle), -np.sin(shot.angle)], [np.sin(shot.angle), np.cos(shot.angle)]])
    scale = shot.pitch / CANVAS_PITCH
    targets = (corners * scale) @ turn.T + rng.normal(0, shot.skew / 2, (4, 2)) * scale * width
    border = 0 if shot.fills else scale * width * rng.uniform(0.03, 0.12)
    targets -= targets.min(0) - border
    size = np.ceil(targets.max(0) + border).astype(int)
    wave = CANVAS_PITCH * float(rng.uniform(30, 60))
    view = View(homography(corners, targets), shot.curl * CANVAS_PITCH, wave, float(rng.uniform(0, 6.28)))
    picture, lines = seen(canvas, view, table(rng, (int(size[1]), int(size[0]))))
    return np.clip(shot.harm(rng, picture, shot.pitch), 0, 255).astype(np.float32), lines


def photo(kind: str, number: int) -> tuple[Picture, tuple[str, ...]]:
    """Return a picture of a class, and the texts in it. The same `kind` and `number` give the same picture."""
    picture, lines = photo_and_places(kind, number)
    return picture, tuple(line.text for line in lines)


@lru_cache(maxsize=8)
def photo_and_places(kind: str, number: int) -> tuple[Picture, tuple[Line, ...]]:
    """Return a picture of a class, and its lines with the place of each character."""
    needs_fonts()
    rng = np.random.default_rng((list(SHOTS).index(kind), number))
    canvas = print_page(rng, CANVAS_PITCH, valid_lines, OTHERS if kind == OTHER_FONT else CUTS)
    return photographed(rng, canvas, SHOTS[kind](rng))


def photos(each: int) -> Iterator[tuple[str, Picture, tuple[str, ...]]]:
    """Yield `each` pictures of every class as (class, picture, lines)."""
    for kind, number in product(SHOTS, range(each)):
        yield kind, *photo(kind, number)


def write(path: Path, picture: Picture) -> Path:
    """Write a picture to a file as JPEG of a high quality, or as its name says, and return the file's path."""
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(path, quality=92)
    return path
