"""The lines of a zone: found at any angle, and read by networks in plain numpy."""

from pathlib import Path

import numpy as np
import pytest
from basics import search
from hypothesis import given
from hypothesis import strategies as st
from pages import print_page
from photo_helpers import CANVAS_PITCH, Shot, photo, photo_and_places, photographed, valid_lines
from PIL import Image
from printing import compose, print_lines

from apoa_client.passport.check_digits import ALPHABET
from apoa_client.scan import zone_reader
from apoa_client.scan.line_reader import LAYERS, NONE, PITCH, ROWS, STEP, Answer, normalised
from apoa_client.scan.network import Array, Layer, Network, load, save
from apoa_client.scan.pictures import Picture, Points
from apoa_client.scan.zone_finder import FoundLine
from apoa_client.scan.zone_finder import search as search_zone
from apoa_client.scan.zone_reader import Networks, ReadLine, aligned, read_zones


def _zone(networks: Networks, picture: Picture) -> list[ReadLine]:
    """Return the first zone."""
    return next(read_zones(networks, picture), [])


MADE_UP = (Layer((3, 3), 4, (2, 1)), Layer((3, 3), 3, dilation=2), Layer((4, 3), 2, whole_height=True))


def _network() -> Network:
    rng, channels, weights = np.random.default_rng(1), 1, []
    for layer in MADE_UP:
        kernel = rng.normal(0, 0.5, (*layer.size, channels, layer.channels)).astype(np.float16).astype(np.float32)
        weights.append((kernel, rng.normal(0, 0.5, layer.channels).astype(np.float16).astype(np.float32)))
        channels = layer.channels
    return Network(MADE_UP, tuple(weights))


def _slowly(layer: Layer, kernel: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the convolution by its definition, one product after the other."""
    high, wide = layer.padding
    values = np.pad(values, ((high, high), (wide, wide), (0, 0)))
    rows = (values.shape[0] - (kernel.shape[0] - 1) * layer.dilation - 1) // layer.stride[0] + 1
    columns = (values.shape[1] - (kernel.shape[1] - 1) * layer.dilation - 1) // layer.stride[1] + 1
    made = np.zeros((rows, columns, kernel.shape[3]))
    for row, column, i, j in np.ndindex(rows, columns, *kernel.shape[:2]):
        y, x = row * layer.stride[0] + i * layer.dilation, column * layer.stride[1] + j * layer.dilation
        made[row, column] += values[y, x] @ kernel[i, j]
    return made


def test_a_network_is_its_layers_one_after_the_other() -> None:
    """Strides, dilation, margins and rectifiers are those of the definition of a convolution."""
    network, values = _network(), np.random.default_rng(2).normal(0, 1, (8, 11, 1)).astype(np.float32)
    expected = values.astype(np.float64)
    for number, (layer, (kernel, bias)) in enumerate(zip(MADE_UP, network.weights, strict=True)):
        expected = _slowly(layer, kernel, expected) + bias
        if number < len(MADE_UP) - 1:
            expected = np.maximum(expected, 0)
    assert network(values) == pytest.approx(expected, abs=1e-4)


def test_weights_are_kept(tmp_path: Path) -> None:
    """A network that is saved and loaded says the same."""
    network, values = _network(), np.random.default_rng(3).normal(0, 1, (8, 20, 1)).astype(np.float32)
    save(tmp_path / "weights.npz", network)
    assert load(tmp_path / "weights.npz", MADE_UP)(values) == pytest.approx(network(values), abs=1e-6)


STRIP_PITCH = 20.0
"""Columns of a strip for each character."""


def _points(line: FoundLine) -> Points:
    """Return points of a line, from its first character to its last."""
    return line.path(STRIP_PITCH / 10, margin=0).centre.astype(np.float64)


def _far(points: Points, line: FoundLine) -> Points:
    """Return how far each point is from a line, in characters of the line."""
    apart = points[:, None] - line.path(STRIP_PITCH, margin=3).centre[None]
    return np.asarray(np.hypot(apart[..., 0], apart[..., 1]).min(1) / line.pitch)


ANGLES = [
    pytest.param(quarter + degrees, marks=[] if degrees in {0, 30} else pytest.mark.long)
    for quarter in (0, 90, 180, 270)
    for degrees in (-30, -15, 0, 15, 30)
]


@pytest.mark.parametrize("degrees", ANGLES)
def test_the_lines_run_through_the_characters(networks: Networks, degrees: int) -> None:
    """Each printed character is within half a character of a found line, at every angle of the page."""
    rng = np.random.default_rng(degrees % 360)
    canvas = print_page(rng, CANVAS_PITCH, valid_lines)
    picture, printed = photographed(rng, canvas, Shot(angle=np.radians(degrees)))
    found = search_zone(networks.finder, picture).lines()
    for line in printed:
        points = np.stack([line.x, line.y], 1)
        assert min(float(np.percentile(_far(points, one), 95)) for one in found) < 0.5
    turn = np.angle(np.exp(1j * (found[0].angle - np.radians(degrees))))
    assert min(abs(turn), np.pi - abs(turn)) < np.radians(3)


def test_a_striped_table_does_not_turn_the_lines(networks: Networks) -> None:
    """Before stripes, the finder's directions are 20 degrees off; the lines run through the characters all the same."""
    picture, printed = photo_and_places("turned", 0)
    found = search_zone(networks.finder, picture).lines()
    for line in printed:
        assert min(float(_far(np.stack([line.x, line.y], 1), one).max()) for one in found) < 0.5


@pytest.mark.slow
def test_a_picture_without_a_zone_has_no_lines(networks: Networks) -> None:
    """Darkness, a plain surface, one in uneven light, and a chequered cloth give no line."""
    y, x = np.mgrid[0:300, 0:400].astype(np.float32)
    plain = [np.full((300, 400), shade, np.float32) for shade in (0, 128, 255)]
    for picture in (*plain, x / 2 + y / 8, (x // 40 + y // 40) % 2 * 200):
        assert search_zone(networks.finder, picture).lines() == []
        assert list(read_zones(networks, picture)) == []


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


@given(line=found_lines, characters=st.floats(-3, 3), count=st.integers(2, 44), scale=st.floats(0.5, 8))
def test_a_line_is_moved_scaled_and_divided(line: FoundLine, characters: float, count: int, scale: float) -> None:
    """Moved, each point goes straight down, seen in the direction of reading, by so many characters.

    Scaled, the centre of pixel 0 of a small picture is the centre of its `scale` pixels in the large one. Divided,
    there is one step fewer than characters.
    """
    scaled, pitched = line.scaled(scale), line.of(count)
    assert scaled.pitch == pytest.approx(line.pitch * scale)
    assert _far((_points(line) + 0.5) * scale - 0.5, scaled).max() < 0.1
    assert pitched.pitch * (count - 1) == pytest.approx(line.end - line.start)
    assert (pitched.start, pitched.end, pitched.bend) == (line.start, line.end, line.bend)
    down = np.asarray([-np.sin(line.angle), np.cos(line.angle)]) * characters * line.pitch
    assert _far(_points(line) + down, line.moved(characters)).max() < 0.1


TEXT = "AB12049762SWE9202298F3203282<<<<<<<<<<<<<<00"


class _Scripted(Network):
    """A network that gives one answer, whatever it sees."""

    def __init__(self, answer: Array) -> None:
        super().__init__(LAYERS, ())
        object.__setattr__(self, "_answer", answer)

    def __call__(self, values: Array) -> Array:
        answer: Array = self._answer  # type: ignore[attr-defined]  # the class is frozen
        assert values.shape == (ROWS, answer.shape[0] * STEP, 1)
        return answer[None]


def _answer(text: str, middles: np.ndarray, columns: int) -> Array:
    """Return what a network says of characters whose middles are at these columns of a strip."""
    made = np.full((columns // STEP, NONE + 2), -6.0, np.float32)
    made[:, NONE] = 3
    made[:, -1] = 0.25
    for character, middle in zip(text, middles, strict=True):
        near = np.abs(np.arange(len(made)) * STEP - middle) < 0.3 * PITCH
        made[near, NONE] = -6
        made[near, ALPHABET.index(character)] = 4
    return made


@st.composite
def _printed(draw: st.DrawFn) -> tuple[str, np.ndarray, int]:
    """Draw a text, the middle of each character with uneven distances, and how many columns the strip has."""
    text = draw(st.text(ALPHABET, min_size=2, max_size=44))
    pitch = draw(st.floats(0.93, 1.07)) * PITCH
    uneven = draw(st.lists(st.floats(-1.2, 1.2), min_size=len(text), max_size=len(text)))
    middles = draw(st.floats(1, 5)) * PITCH + np.arange(len(text)) * pitch + np.asarray(uneven)
    return text, middles, int(middles[-1] + draw(st.floats(1, 5)) * PITCH) // STEP * STEP


@search(100)
@given(printed=_printed())
def test_a_text_with_uneven_distances_comes_out_the_same(printed: tuple[str, np.ndarray, int]) -> None:
    """Whatever stands beside the line, each character is read once, at its place."""
    text, middles, columns = printed
    strip = np.full((ROWS, columns), 200, np.float32)
    reading = Answer(_Scripted(_answer(text, middles, columns)), strip).reading(len(text))
    assert reading.text == text
    assert reading.columns == pytest.approx(middles, abs=0.35 * PITCH)
    assert reading.below == pytest.approx(np.full(len(text), 2.0))
    assert reading.likelihoods.shape == (len(text), len(ALPHABET))
    assert np.exp(reading.likelihoods).sum(1) == pytest.approx(np.ones(len(text)), rel=1e-4)


def _strip(text: str, pitch: float) -> Picture:
    """Return a printed line as a strip, its first character's middle in column 2.5 `PITCH`."""
    rng = np.random.default_rng(4)
    ink = Image.new("L", (round(pitch * (len(text) + 4)), round(ROWS * pitch / PITCH)))
    print_lines(rng, [text], (2 * pitch, ink.height / 2), ink, pitch)
    page = compose(
        rng, np.full((ink.height, ink.width), 220, np.float32), np.asarray(ink, np.float32) / np.float32(255)
    )
    shape = (round(ink.width * PITCH / pitch), ROWS)
    return np.asarray(Image.fromarray(page).resize(shape), np.float32)


@pytest.mark.parametrize("pitch", [12, 18, 30])
def test_a_printed_line_is_read(networks: Networks, pitch: int) -> None:
    """Each character is read where it was printed."""
    reading = Answer(networks.readers[0], _strip(TEXT, pitch)).reading(len(TEXT))
    assert reading.text == TEXT
    assert reading.columns == pytest.approx(2.5 * PITCH + PITCH * np.arange(len(TEXT)), abs=0.4 * PITCH)


def test_a_line_gains_more_than_an_empty_strip(networks: Networks) -> None:
    """The gain tells the right number of characters from a wrong one, and print from none."""
    answer = Answer(networks.readers[0], _strip(TEXT, 18))
    empty = Answer(networks.readers[0], np.full((ROWS, 48 * PITCH), 200, np.float32))
    assert answer.reading(44).gain > max(answer.reading(36).gain, answer.reading(30).gain, 0)
    assert empty.reading(44).gain < 0


@pytest.mark.parametrize(("columns", "length"), [(16, 1), (16, 2), (300, 22), (304, 22), (608, 43), (616, 44)])
def test_a_strip_has_room_so_many_characters(columns: int, length: int) -> None:
    """A strip that has room is read; one character more than it has room for is not asked for."""
    strip = np.zeros((ROWS, columns), np.float32)
    answer = Answer(_Scripted(_answer("", np.empty(0), columns)), strip)
    assert answer.has_room(length) == (len(answer._likelihoods) > 7 * (length - 1))  # in steps of two columns
    if answer.has_room(length):
        assert len(answer.reading(length).text) == length


def test_a_strip_is_read_in_any_light() -> None:
    """Brightness, contrast and a slow shade do not change what the network sees."""
    strip = np.random.default_rng(2).uniform(60, 120, (ROWS, 200)).astype(np.float32)
    shade = np.linspace(0, 25, 200, dtype=np.float32)
    plain = normalised(strip)
    assert np.abs(plain).mean() > 0.5
    assert normalised(strip * 1.8 + 20) == pytest.approx(plain, abs=0.35)
    assert normalised(strip + shade) == pytest.approx(plain, abs=0.15)


def _seen(text: str, unread: int = 0) -> Answer:
    """Return the answer for a line of which the first `unread` characters are blurred: any is as likely as none."""
    middles = (3 + np.arange(len(text))) * float(PITCH)
    columns = 24 * PITCH
    answer = _answer(text[unread:], middles[unread:], columns)
    answer[: int(middles[unread] - PITCH / 2) // STEP, :-1] = 0
    return Answer(_Scripted(answer), np.full((ROWS, columns), 200, np.float32))


def test_a_line_that_begins_at_a_place_is_read_from_there() -> None:
    """Where the first character is blurred, a line alone is read one place too far; with its start it is not."""
    text = "P<UTOERIKSSON"
    answer = _seen(text + "<<", 1)
    assert answer.reading(len(text)).text == text[1:] + "<"
    reading = answer.reading(len(text), 3.0 * PITCH)
    assert reading.text[1:] == text[1:]
    assert reading.columns[0] == pytest.approx(3 * PITCH, abs=0.6 * PITCH)


def test_the_lines_of_a_zone_begin_one_below_the_other() -> None:
    """A line that is seen whole says where one begins whose first character is blurred."""
    texts = "P<UTOERIKSSON", "L898902C36UTO"
    readings = aligned([_seen(texts[0] + "<<", 1), _seen(texts[1])], len(texts[0]))
    assert [reading.text[1:] for reading in readings] == [text[1:] for text in texts]
    assert readings[1].text == texts[1]


def _texts(lines: list[ReadLine]) -> tuple[str, ...]:
    return tuple(line.passes[0].text for line in lines)


@pytest.mark.parametrize("kind", ["clean", "perspective", "curled"])
def test_the_path_runs_through_each_character(networks: Networks, kind: str) -> None:
    """On a flat, a slanting and a bent page, a character stands every `PITCH` columns, the first after 1.5 `PITCH`."""
    picture, printed = photo_and_places(kind, 2)
    read = _zone(networks, picture)
    assert _texts(read) == tuple(line.text for line in printed)
    for line, truth in zip(read, printed, strict=True):
        middles = line.path.centre[round(1.5 * PITCH) + PITCH * np.arange(len(truth.text))]
        apart = np.hypot(middles[:, 0] - truth.x, middles[:, 1] - truth.y)
        assert apart.max() < 0.3 * PITCH * line.path.step


def test_each_network_reads_each_line_once(networks: Networks) -> None:
    """There are as many passes as readers, and each gives a likelihood to every character of every place."""
    twice = Networks(networks.finder, networks.readers[:1] * 2)
    picture, texts = photo("clean", 2)
    read = _zone(twice, picture)
    assert _texts(read) == texts
    assert [[one.likelihoods.shape for one in line.passes] for line in read] == [
        [(len(text), 37)] * 2 for text in texts
    ]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_page_in_any_position_is_read_from_its_first_line(networks: Networks, turns: int) -> None:
    """A page on its side and upside down gives the same lines in the same order."""
    picture, texts = photo("clean", 3)
    assert _texts(_zone(networks, np.ascontiguousarray(np.rot90(picture, turns)))) == texts


@pytest.mark.slow
def test_small_characters_are_searched_in_a_larger_size(networks: Networks, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that takes a small part of a large picture is read in the second size, and not in the first."""
    picture, texts = photo("clean", 2)
    large = np.full((1300, 2000), 120, np.float32)
    large[300 : 300 + picture.shape[0], 500 : 500 + picture.shape[1]] = picture
    assert _texts(_zone(networks, large)) == texts
    monkeypatch.setattr(zone_reader, "_SIDES", zone_reader._SIDES[:1])
    assert _texts(_zone(networks, large)) != texts
