"""Lines of a zone, found at any angle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import print_page
from photo_helpers import CANVAS_PITCH, Shot, photo_and_places, photographed, valid_lines

from apoa_client.scan.pictures import Points
from apoa_client.scan.zone_finder import FoundLine, find_lines
from apoa_client.scan.zone_reader import Networks

PITCH = 20.0
"""Columns of a strip for each character."""


def _points(line: FoundLine) -> Points:
    """Return points of a line, from its first character to its last."""
    return line.path(PITCH / 10, margin=0).centre.astype(np.float64)


def _far(points: Points, line: FoundLine) -> Points:
    """Return how far each point is from a line, in characters of the line."""
    apart = points[:, None] - line.path(PITCH, margin=3).centre[None]
    return np.asarray(np.hypot(apart[..., 0], apart[..., 1]).min(1) / line.pitch)


ANGLES = [quarter + degrees for quarter in (0, 90, 180, 270) for degrees in (-30, -15, 0, 15, 30)]


@pytest.mark.usefixtures("_fonts")
@pytest.mark.parametrize("degrees", ANGLES)
def test_the_lines_run_through_the_characters(networks: Networks, degrees: int) -> None:
    """Each printed character is within half a character of a found line, at every angle of the page."""
    rng = np.random.default_rng(degrees % 360)
    canvas = print_page(rng, CANVAS_PITCH, valid_lines)
    picture, printed = photographed(rng, canvas, Shot(angle=np.radians(degrees)))
    found = find_lines(networks.finder, picture)
    for line in printed:
        points = np.stack([line.x, line.y], 1)
        assert min(float(np.percentile(_far(points, one), 95)) for one in found) < 0.5
    turn = np.angle(np.exp(1j * (found[0].angle - np.radians(degrees))))
    assert min(abs(turn), np.pi - abs(turn)) < np.radians(3)


@pytest.mark.usefixtures("_fonts")
def test_a_striped_table_does_not_turn_the_lines(networks: Networks) -> None:
    """Before stripes, the finder's directions are 20 degrees off; the lines run through the characters all the same."""
    picture, printed = photo_and_places("turned", 0)
    found = find_lines(networks.finder, picture)
    for line in printed:
        assert min(float(_far(np.stack([line.x, line.y], 1), one).max()) for one in found) < 0.5


def test_a_picture_without_a_zone_has_no_lines(networks: Networks) -> None:
    """Darkness, a plain surface, one in uneven light, and a chequered cloth give no line."""
    y, x = np.mgrid[0:300, 0:400].astype(np.float32)
    plain = [np.full((300, 400), shade, np.float32) for shade in (0, 128, 255)]
    for picture in (*plain, x / 2 + y / 8, (x // 40 + y // 40) % 2 * 200):
        assert find_lines(networks.finder, picture) == []


found_lines = st.builds(
    FoundLine,
    angle=st.floats(-4, 4),
    bend=st.tuples(st.floats(-1e-4, 1e-4), st.floats(-0.2, 0.2), st.floats(-500, 500)),
    start=st.floats(-500, 0),
    end=st.floats(200, 800),
    pitch=st.floats(5, 30),
    weight=st.just(1.0),
)


@given(line=found_lines)
def test_a_turned_line_has_the_same_points(line: FoundLine) -> None:
    """Read the other way, a line begins at its end and runs through the same points."""
    turned = line.turned()
    assert _far(_points(line), turned).max() < 0.1
    assert np.cos(turned.angle - line.angle) == pytest.approx(-1)
    assert _points(turned)[0] == pytest.approx(_points(line.turned().turned().turned())[0], abs=0.1)


@given(line=found_lines, scale=st.floats(0.5, 8))
def test_a_scaled_line_has_the_same_points(line: FoundLine, scale: float) -> None:
    """The centre of pixel 0 of a small picture is the centre of its `scale` pixels in the large one."""
    scaled = line.scaled(scale)
    assert scaled.pitch == pytest.approx(line.pitch * scale)
    assert _far((_points(line) + 0.5) * scale - 0.5, scaled).max() < 0.1


@given(line=found_lines, characters=st.integers(2, 44))
def test_a_line_of_some_characters_has_their_pitch(line: FoundLine, characters: int) -> None:
    """From the first to the last character there are one fewer steps than characters."""
    pitched = line.of(characters)
    assert pitched.pitch * (characters - 1) == pytest.approx(line.end - line.start)
    assert (pitched.start, pitched.end, pitched.bend) == (line.start, line.end, line.bend)


@given(line=found_lines, characters=st.floats(-3, 3))
def test_a_moved_line_runs_beside(line: FoundLine, characters: float) -> None:
    """Each point moves straight down, seen in the direction of reading, by so many characters."""
    down = np.asarray([-np.sin(line.angle), np.cos(line.angle)]) * characters * line.pitch
    assert _far(_points(line) + down, line.moved(characters)).max() < 0.1
