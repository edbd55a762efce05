"""Characters of one line, from a strip."""

import numpy as np
import pytest
from basics import search
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from printing import compose, print_lines

from apoa_client.passport.check_digits import ALPHABET
from apoa_client.scan.line_reader import LAYERS, NONE, PITCH, ROWS, STEP, Answer, normalised
from apoa_client.scan.network import Array, Network
from apoa_client.scan.pictures import Picture
from apoa_client.scan.zone_reader import Networks, aligned

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


@pytest.mark.usefixtures("_fonts")
@pytest.mark.parametrize("pitch", [12, 18, 30])
def test_a_printed_line_is_read(networks: Networks, pitch: int) -> None:
    """Each character is read where it was printed."""
    reading = Answer(networks.readers[0], _strip(TEXT, pitch)).reading(len(TEXT))
    assert reading.text == TEXT
    assert reading.columns == pytest.approx(2.5 * PITCH + PITCH * np.arange(len(TEXT)), abs=0.4 * PITCH)


@pytest.mark.usefixtures("_fonts")
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
