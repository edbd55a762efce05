"""Grey values along curves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.scan.sampling import LinePath, Picture, Pyramid, halved, resized, sample, straight

SLOPE = (np.mgrid[0:40, 0:60] * np.asarray([3.0, 1.0])[:, None, None]).sum(0).astype(np.float32)
"""A picture whose grey value is x + 3 y, so that the value of every point is known."""


@given(x=st.floats(0, 58.9), y=st.floats(0, 38.9))
def test_a_value_between_pixels_is_interpolated(x: float, y: float) -> None:
    """Between four pixels the value is theirs, each weighted by how near it is."""
    assert sample(SLOPE, np.asarray([x]), np.asarray([y]))[0] == pytest.approx(x + 3 * y, abs=1e-3)


@pytest.mark.parametrize(
    ("x", "y", "nearest"),
    [(-9, 5, SLOPE[5, 0]), (90, 5, SLOPE[5, -1]), (7, -2, SLOPE[0, 7]), (7, 1e6, SLOPE[-1, 7]), (-1, 99, SLOPE[-1, 0])],
)
def test_outside_the_picture_the_nearest_pixel_counts(x: float, y: float, nearest: float) -> None:
    """A strip may leave the picture on each side: its edge continues."""
    assert sample(SLOPE, np.asarray([x]), np.asarray([y]))[0] == pytest.approx(nearest, abs=0.01)


@pytest.mark.parametrize("shape", [(8, 8), (9, 13)])
def test_half_a_picture_is_the_mean_of_each_four_pixels(shape: tuple[int, int]) -> None:
    """An odd last row or column is left out."""
    picture = np.random.default_rng(1).uniform(0, 255, shape).astype(np.float32)
    rows, columns = shape[0] // 2, shape[1] // 2
    plain = [[picture[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean() for j in range(columns)] for i in range(rows)]
    assert halved(picture) == pytest.approx(np.asarray(plain), rel=1e-5)


@pytest.mark.parametrize(("step", "scale"), [(0.5, 1), (1.9, 1), (2, 2), (3.9, 2), (4, 4), (1000, 16)])
def test_a_coarse_sample_uses_a_smaller_picture(step: float, scale: int) -> None:
    """The picture is halved while two samples are further apart than two of its pixels, and no smaller than four."""
    picture, pixels = Pyramid(SLOPE).at(step)
    assert pixels == scale
    height, width = SLOPE.shape[0] // scale * scale, SLOPE.shape[1] // scale * scale
    blocks = SLOPE[:height, :width].reshape(height // scale, scale, width // scale, scale)
    assert picture == pytest.approx(blocks.mean((1, 3)), rel=1e-5)


@pytest.mark.parametrize("step", [0.5, 2.0, 3.0])
def test_a_resized_picture_has_the_same_content(step: float) -> None:
    """Each pixel stands for `step` pixels: the mean stays, the shape is divided."""
    smaller = resized(SLOPE, step)
    assert smaller.shape == (round(40 / step), round(60 / step))
    assert smaller.mean() == pytest.approx(SLOPE.mean(), rel=0.02)


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


def test_a_curved_strip_straightens_the_line() -> None:
    """Along a ring each row of the strip has one radius, so that rings become straight lines."""
    y, x = np.mgrid[0:201, 0:201]
    picture: Picture = np.hypot(x - 100, y - 100).astype(np.float32)
    angle = np.linspace(0, 1.5, 60)
    outwards = np.stack([np.cos(angle), np.sin(angle)], 1)
    path = LinePath(100 + 60 * outwards, outwards)
    assert path.step == pytest.approx(1)
    strip = path.strip(Pyramid(picture), 10)
    assert strip == pytest.approx(np.repeat(60 + np.arange(10)[:, None] - 4.5, 60, 1), abs=0.05)
