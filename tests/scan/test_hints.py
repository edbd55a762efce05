"""How to photograph a page better, by a picture with each fault."""

from dataclasses import replace

import numpy as np
import pytest
from cameras import blurred
from pages import print_page
from photo_helpers import CANVAS_PITCH, Shot, photo_and_places, photographed, valid_lines

from apoa_client.scan.hints import hint
from apoa_client.scan.line_reader import ROWS
from apoa_client.scan.sampling import Picture, Pyramid
from apoa_client.scan.zone_reader import Networks, ReadLine, read_zone

pytestmark = pytest.mark.usefixtures("_fonts")


def _page(pitch: float = 14.0) -> Picture:
    """Return a picture of a page in good light, without a table around it."""
    rng = np.random.default_rng(11)
    picture, _ = photographed(rng, print_page(rng, CANVAS_PITCH, valid_lines), Shot(pitch))
    return picture


def _hint_at(lines: list[ReadLine], picture: Picture) -> str:
    """Return the hint for a picture in which the lines of another one run at the same places."""
    pyramid = Pyramid(picture)
    return hint(picture, [replace(line, strip=line.path.strip(pyramid, ROWS)) for line in lines]).template


def _hint(networks: Networks, picture: Picture) -> str:
    return hint(picture, read_zone(networks, picture)).template


def test_a_dark_page(networks: Networks) -> None:
    """A page in the dark needs more light."""
    assert "too dark" in _hint(networks, _page() * np.float32(0.15))


def test_a_dark_picture_without_lines(networks: Networks) -> None:
    """A picture in which nothing was found is too dark if it is, and not one without lines."""
    assert "too dark" in _hint(networks, np.full((300, 400), 20, np.float32))


def test_a_picture_without_lines(networks: Networks) -> None:
    """A picture of something else."""
    assert "No machine-readable lines" in _hint(networks, np.full((300, 400), 180, np.float32))


@pytest.mark.parametrize("side", ["left", "right", "bottom"])
def test_lines_that_leave_the_picture(networks: Networks, side: str) -> None:
    """The first or the last characters of the lines, or the lower half of the last line, are outside the picture."""
    picture, lines = photo_and_places("clean", 2)
    left, right, lower = min(line.x[0] for line in lines), max(line.x[-1] for line in lines), max(lines[-1].y)
    rows = slice(0, int(lower) if side == "bottom" else None)
    columns = slice(int(left) + 35 if side == "left" else 0, int(right) - 35 if side == "right" else None)
    assert "cut off" in _hint(networks, np.ascontiguousarray(picture[rows, columns]))


def test_a_page_that_fills_the_picture_is_not_cut_off(networks: Networks) -> None:
    """Lines that end a little more than a character from the edge are whole."""
    picture, lines = photo_and_places("clean", 2)
    left, right = int(min(line.x[0] for line in lines)), int(max(line.x[-1] for line in lines))
    assert "cut off" not in _hint(networks, np.ascontiguousarray(picture[:, left - 23 : right + 23]))


def test_glare(networks: Networks) -> None:
    """A lamp's reflection covers several characters of a line."""
    picture = _page()
    lines = read_zone(networks, picture)
    x, y = (int(value) for value in lines[0].path.centre[300])
    picture[y - 30 : y + 60, x - 50 : x + 60] = 255
    assert "reflected" in _hint_at(lines, picture)


def test_a_bright_page_has_no_glare(networks: Networks) -> None:
    """A scanner's white page is no reflection."""
    picture = _page()
    lines = read_zone(networks, picture)
    white = np.clip(picture + 120, 0, 255).astype(np.float32)
    assert "reflected" not in _hint_at(lines, white)


def test_a_page_that_is_far_away(networks: Networks) -> None:
    """A character takes fewer pixels than are needed."""
    assert "too far away" in _hint(networks, _page(pitch=5.5))


def test_a_blurred_page(networks: Networks) -> None:
    """What is neither dark nor small nor covered was not held still."""
    assert "not clear enough" in _hint(networks, blurred(_page(), 3.2))
