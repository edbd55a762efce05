"""The lines of a zone: found at any angle, and read by networks in plain numpy."""

import numpy as np
import pytest
from basics import search
from hypothesis import given
from hypothesis import strategies as st
from photo_helpers import CANVAS_PITCH, Shot, photo, photo_and_places, photographed, valid_lines
from PIL import Image
from printing import compose, print_lines, print_page

from apoa_client.passport.check_digits import ALPHABET
from apoa_client.scan import zone_reader
from apoa_client.scan.line_reader import LAYERS, NONE, PITCH, ROWS, STEP, Answer
from apoa_client.scan.network import Array, Network
from apoa_client.scan.pictures import Picture, Points
from apoa_client.scan.zone_finder import FoundLine
from apoa_client.scan.zone_finder import search as search_zone
from apoa_client.scan.zone_reader import Networks, ReadLine, aligned, read_zones


def _zone(networks: Networks, picture: Picture) -> list[ReadLine]:
    """Return the first zone."""
    return next(read_zones(networks, picture), [])


STRIP_PITCH = 20.0
"""Columns of a strip for each character."""


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


@pytest.mark.parametrize("kind", ["perspective", "curled"])
def test_the_path_runs_through_each_character(networks: Networks, kind: str) -> None:
    """On a slanting and a bent page, a character stands every `PITCH` columns, the first after 1.5 `PITCH`."""
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


@pytest.mark.parametrize("turns", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
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
