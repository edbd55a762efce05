"""Whole pictures, and what a zone says and how sure that is."""

import io
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from basics import LONG, search
from cameras import blurred
from hypothesis import given
from hypothesis import strategies as st
from passport_helpers import LAYOUT, SPECIMENS, Lines, composed, fitted, put, read
from photo_helpers import (
    CANVAS_PITCH,
    OTHER_FONT,
    SHOTS,
    TODAY,
    Shot,
    photo,
    photo_and_places,
    photographed,
    valid_lines,
    write,
)
from PIL import Image, ImageDraw
from printing import LABELS, font, print_page

from apoa_client.passport.check_digits import ALPHABET, failing_checks
from apoa_client.passport.layouts import Kind
from apoa_client.scan import zone_reader
from apoa_client.scan.line_reader import ROWS, Answer
from apoa_client.scan.network import Network
from apoa_client.scan.photo_reader import BLIND, CONFIRMED, SURE, Judgement, Likelihoods, PhotoReader, hint, judge
from apoa_client.scan.photo_reading import PhotoReading, PictureRefused
from apoa_client.scan.pictures import Picture, Pyramid
from apoa_client.scan.zone_reader import Networks, ReadLine, read_zones

EACH, OF_FAST = 5, 3
"""How many pictures of each class are read, and how many of a class that every run reads."""
FAST = {"perspective", "white", "a negative", "stripes"}
SLOWER = {"everything", "typed text", OTHER_FONT}
"""The pictures that are read in every run, and by `.ci/run` too; `.ci/run --long` reads all."""
LEAST_RIGHT = {"blurred": 3, "dark": 3, "everything": 2, OTHER_FONT: 2}
"""How many of them are exactly right at least; of the other classes all but one."""


def _each(names: Collection[str]) -> list[object]:
    slower = [pytest.param(name, marks=pytest.mark.slow if name in SLOWER else pytest.mark.long) for name in names]
    return [name if name in FAST else param for name, param in zip(names, slower, strict=True)]


@pytest.mark.parametrize("kind", _each(SHOTS))
def test_pictures_of_each_class(reader: PhotoReader, tmp_path: Path, kind: str) -> None:
    """Most pictures of a class are read exactly, and each sure one is: a wrong reading is never sure."""
    right = 0
    count = OF_FAST if kind in FAST and not LONG else EACH
    for number in range(count):
        picture, texts = photo(kind, number)
        reading = reader.read(write(tmp_path / "a.png", picture).read_bytes(), TODAY)
        right += reading.lines == texts
        assert reading.lines == texts or not reading.sure
        assert (reading.hint is None) == reading.sure
    assert right >= LEAST_RIGHT.get(kind, count - 1)


def _read(reader: PhotoReader, folder: Path, picture: Picture) -> PhotoReading:
    return reader.read(write(folder / "a.png", np.ascontiguousarray(picture)).read_bytes(), TODAY)


def test_the_time_is_that_of_the_clock(tmp_path: Path) -> None:
    """`elapsed_ms` is what the given clock shows between the beginning and the end."""
    moments = iter([5.0, 5.1234])
    assert _read(PhotoReader(lambda: next(moments)), tmp_path, ODD["white"]()).elapsed_ms == 123


@pytest.mark.parametrize("number", [0, pytest.param(1, marks=pytest.mark.long)])
def test_a_mirrored_page_is_never_sure(reader: PhotoReader, tmp_path: Path, number: int) -> None:
    """A mirror image is no document."""
    picture, _texts = photo("clean", number)
    for mirrored in (picture[:, ::-1], picture[::-1], picture.T) if LONG else (picture.T,):
        assert not _read(reader, tmp_path, mirrored).sure


@pytest.mark.slow
def test_a_page_that_fills_the_picture(reader: PhotoReader, tmp_path: Path) -> None:
    """Where the lines run to the picture's edges, their ends are found, because the edges are continued."""
    picture, texts = photo("scanned", 34)
    reading = _read(reader, tmp_path, picture)
    assert (reading.lines, reading.sure) == (texts, True)


@pytest.mark.parametrize("turns", [0, *(pytest.param(turns, marks=pytest.mark.long) for turns in (1, 2))])
def test_two_documents_are_both_read_and_neither_is_sure(reader: PhotoReader, tmp_path: Path, turns: int) -> None:
    """Two pages in one picture, also with the second turned: which one is the guest's is not known."""
    (first, text), (second, other) = photo("clean", 0), photo("clean", 2)
    second = np.rot90(second, turns)
    both = np.full((first.shape[0] + second.shape[0], max(first.shape[1], second.shape[1])), 120, np.float32)
    both[: first.shape[0], : first.shape[1]] = first
    both[first.shape[0] :, : second.shape[1]] = second
    reading = _read(reader, tmp_path, both)
    assert {reading.lines, *(each.lines for each in reading.others)} == {text, other}
    assert (reading.zones, reading.sure, [each.sure for each in reading.others]) == (2, False, [False])
    assert reading.hint is not None
    assert "2 documents" in reading.hint.render()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "is_covered"), [(1, True), pytest.param(3, False, marks=pytest.mark.long)])
def test_a_second_document_that_is_read_badly_counts(
    reader: PhotoReader, tmp_path: Path, number: int, *, is_covered: bool
) -> None:
    """A thumb on a part of the second zone, or a blur: the first is read well, but it may be another guest's."""
    (first, text), (second, _other) = photo("clean", number), photo("clean", number + 20)
    height, width = second.shape
    second = second.copy() if is_covered else blurred(second, 2.8)
    if is_covered:
        second[height * 3 // 4 :, int(width * 0.45) : int(width * 0.57)] = 90
    both = np.full((first.shape[0] + 20 + height, max(first.shape[1], width)), 120, np.float32)
    both[: first.shape[0], : first.shape[1]] = first
    both[first.shape[0] + 20 :, :width] = second
    reading = _read(reader, tmp_path, both)
    assert (reading.lines, reading.zones, reading.sure) == (text, 2, False)


def test_one_document_twice_is_one(reader: PhotoReader, tmp_path: Path) -> None:
    """A picture of a page and its copy shows one document."""
    picture, text = photo("clean", 0)
    reading = _read(reader, tmp_path, np.vstack([picture, picture]))
    assert (reading.lines, reading.zones, reading.sure) == (text, 1, True)


@pytest.mark.parametrize(
    "side", ["left", *(pytest.param(each, marks=pytest.mark.slow) for each in ("bottom", "right", "top"))]
)
def test_a_zone_that_is_cut_off_is_never_sure(reader: PhotoReader, tmp_path: Path, side: str) -> None:
    """Where characters or a line are missing, what remains is not sure."""
    for number in range(5 if LONG else 1):
        picture, texts = photo("clean", number)
        height, width = picture.shape
        cut = {
            "left": picture[:, width // 5 :],
            "right": picture[:, : -width // 5],
            "top": picture[int(height * 0.86) :],
            "bottom": picture[: int(height * 0.86)],
        }[side]
        reading = _read(reader, tmp_path, cut)
        assert reading.lines == texts or not reading.sure


def _page_of_text(face: Callable[[int], object], size: int, colours: tuple[int, int]) -> Picture:
    """Return a page full of random text."""
    rng = np.random.default_rng(size)
    image = Image.new("L", (1000, 1300), colours[0])
    draw = ImageDraw.Draw(image)
    characters = list("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<<<   abcdefghij")
    for y in range(20, 1270, round(size * 1.5)):
        draw.text((20, y), "".join(rng.choice(characters, 90)), font=face(size), fill=colours[1])  # type: ignore[arg-type]  # a font of one of two kinds
    return np.asarray(image, np.float32)


def _typed(size: int) -> object:
    return font(next(path for path in LABELS if path.stem == "DejaVuSansMono"), size)


_NOISE = np.random.default_rng(3)
ODD: dict[str, Callable[[], Picture]] = {
    "white": lambda: np.full((600, 800), 255, np.float32),
    "black": lambda: np.zeros((600, 800), np.float32),
    "noise": lambda: _NOISE.uniform(0, 255, (600, 800)).astype(np.float32),
    "one row": lambda: np.full((1, 10_000), 128, np.float32),
    "a wide band": lambda: _NOISE.uniform(0, 255, (40, 10_000)).astype(np.float32),
    "a high band": lambda: _NOISE.uniform(0, 255, (10_000, 40)).astype(np.float32),
    "chequered": lambda: (np.indices((600, 800)).sum(0) % 2 * 255).astype(np.float32),
    "stripes": lambda: np.tile(np.arange(800) // 8 % 2 * 255, (600, 1)).astype(np.float32),
    "typed text": lambda: _page_of_text(_typed, 20, (250, 10)),
    "small typed text": lambda: _page_of_text(_typed, 10, (250, 10)),
    "a terminal": lambda: _page_of_text(_typed, 16, (10, 230)),
    "text in the zone's font": lambda: _page_of_text(lambda size: font("OCRB", size), 22, (250, 10)),
    "much text in the zone's font": lambda: _page_of_text(lambda size: font("OCRB", size), 9, (250, 10)),
    "a negative": lambda: 255 - photo("clean", 0)[0],
    "a small piece": lambda: photo("clean", 0)[0][-80:-40, :40],
}


@pytest.mark.parametrize("name", _each(ODD))
def test_a_picture_without_a_page_is_never_sure(reader: PhotoReader, tmp_path: Path, name: str) -> None:
    """Whatever is in the picture, it is refused, or read as something that is not sure, with a hint."""
    try:
        reading = _read(reader, tmp_path, ODD[name]())
    except PictureRefused:
        return
    assert not reading.sure
    assert reading.hint is not None


@pytest.mark.slow
def test_a_page_of_text_takes_little_work(reader: PhotoReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many lines a picture has, the number of strips that the networks look at is bounded."""
    seen: list[Picture] = []

    def counted(network: Network, strip: Picture) -> Answer:
        seen.append(strip)
        return Answer(network, strip)

    monkeypatch.setattr(zone_reader, "Answer", counted)
    _read(reader, tmp_path, ODD["text in the zone's font"]())
    assert 0 < len(seen) <= 200  # three tries


@cache
def _files() -> list[bytes]:
    """Return a small picture of a page as a file of each kind."""
    files = []
    picture = Image.fromarray(photo("clean", 1)[0].astype(np.uint8)).resize((320, 240))
    for kind in ("JPEG", "PNG", "WEBP"):
        file = io.BytesIO()
        picture.save(file, kind)
        files.append(file.getvalue())
    return files


Changes = Sequence[tuple[float, int]]
"""Bytes that are put in a file, each with its place in parts of the file's length."""

_changes = st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=8)


def _damaged(content: bytes, changes: Changes, kept: float) -> bytes:
    made = bytearray(content)
    for place, byte in changes:
        made[int(place * len(made))] = byte
    return bytes(made[: int(kept * len(made))])


@search(20)
@given(kind=st.integers(0, 2), changes=_changes, kept=st.just(1.0) | st.floats(0, 1))
def test_a_damaged_file_is_read_or_refused(reader: PhotoReader, kind: int, changes: Changes, kept: float) -> None:
    """A picture file of which bytes are changed or missing gives a reading or `PictureRefused`, and no other error."""
    try:
        reading = reader.read(_damaged(_files()[kind], changes, kept), TODAY)
    except PictureRefused:
        return
    assert reading.sure or reading.hint is not None


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
    return hint(picture, next(read_zones(networks, picture), [])).template


FAULTS: dict[str, Callable[[], Picture]] = {
    "too dark": lambda: _page() * np.float32(0.15),
    "is too dark": lambda: np.full((300, 400), 20, np.float32),  # and not one without lines
    "No machine-readable lines": lambda: np.full((300, 400), 180, np.float32),
    "too far away": lambda: _page(pitch=5.5),
    "not clear enough": lambda: blurred(_page(), 3.2),
}


@pytest.mark.parametrize("words", FAULTS)
def test_the_hint(networks: Networks, words: str) -> None:
    """What a page needs: light, a page at all, fewer metres, a still hand."""
    assert words in _hint(networks, FAULTS[words]())


@pytest.mark.parametrize("side", ["left", pytest.param("right", marks=pytest.mark.slow), "bottom"])
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
    """A lamp's reflection covers several characters of a line; a scanner's white page is no reflection."""
    picture = _page()
    lines = next(read_zones(networks, picture), [])
    assert "reflected" not in _hint_at(lines, np.clip(picture + 120, 0, 255).astype(np.float32))
    x, y = (int(value) for value in lines[0].path.centre[300])
    picture[y - 30 : y + 60, x - 50 : x + 60] = 255
    assert "reflected" in _hint_at(lines, picture)


TD3: Lines = ("P<SWELINDQVIST<<ASTRID<<<<<<<<<<<<<<<<<<<<<<", "AB12049762SWE9202298F3203282<<<<<<<<<<<<<<00")
NUMBER, BIRTH = 0, 13
"""Where the document number and the date of birth begin in the second line."""


def seen(lines: Sequence[str], passes: int = 2, least: float = 1e-6) -> Likelihoods:
    """Return the likelihoods of passes that are sure of each character."""
    made = np.full((len(lines), passes, len(lines[0]), len(ALPHABET)), np.log(least))
    for line, text in enumerate(lines):
        for column, character in enumerate(text):
            made[line, :, column, ALPHABET.index(character)] = 0
    return made


def with_likelihood(made: Likelihoods, line: int, column: int, **likely: float) -> Likelihoods:
    """Return likelihoods in which all passes see these characters in a place; `_1` names the digit 1."""
    made = made.copy()
    made[line, :, column] = np.log(1e-6)
    for character, likelihood in likely.items():
        made[line, :, column, ALPHABET.index(character.removeprefix("_"))] = np.log(likelihood)
    return made


def judged(made: Likelihoods) -> Judgement:
    return judge(made, TODAY)


@given(document=composed(), passes=st.integers(1, 3))
def test_every_format_is_read(document: tuple[str, Lines], passes: int) -> None:
    """The lines that all passes see clearly are the lines that come out, and they are sure exactly where valid."""
    _, lines = document
    judgement = judged(seen(lines, passes))
    assert judgement.lines == lines
    assert judgement.sure == read(lines).valid
    assert judgement.doubtful == () or not judgement.sure


@pytest.mark.parametrize(("likelihood", "sure"), [(SURE + 0.01, True), (SURE - 0.01, False)])
def test_an_unclear_character_is_doubtful(likelihood: float, *, sure: bool) -> None:
    """A letter of a name, which no check digit covers, is sure only above a fixed likelihood."""
    judgement = judged(with_likelihood(seen(TD3), 0, 5, L=likelihood, I=1 - likelihood))
    assert judgement == Judgement(TD3, () if sure else ((0, 5),), sure=sure)


@pytest.mark.parametrize(("first", "second"), [((0.999, 1e-6), (SURE - 0.02, 0.07)), ((1.0, 1e-6), (0.4, 0.5))])
def test_one_pass_is_enough_to_doubt(first: tuple[float, float], second: tuple[float, float]) -> None:
    """One that is not sure, however sure the other is of the same letter; or one that reads another letter."""
    made = seen(TD3)
    made[0, :, 5] = np.log(1e-6)
    for number, (of_l, of_i) in enumerate((first, second)):
        made[0, number, 5, ALPHABET.index("L")], made[0, number, 5, ALPHABET.index("I")] = np.log(of_l), np.log(of_i)
    assert judged(made) == Judgement(TD3, ((0, 5),), sure=False)


@pytest.mark.parametrize(("likelihood", "sure"), [(CONFIRMED + 0.01, True), (CONFIRMED - 0.01, False)])
@pytest.mark.parametrize("position", [NUMBER, NUMBER + 9], ids=["number", "check digit"])
def test_a_character_that_check_digits_confirm_may_be_less_clear(
    position: int, likelihood: float, *, sure: bool
) -> None:
    """Another character in its place would not fit the digits, so less is enough than in a name."""
    seen_character = {f"_{TD3[1][position]}": likelihood, "4": 1 - likelihood}
    judgement = judged(with_likelihood(seen(TD3), 1, position, **seen_character))
    assert judgement == Judgement(TD3, () if sure else ((1, position),), sure=sure)


def test_wrong_check_digits_confirm_nothing() -> None:
    """Where a digit is wrong beyond correction, every unclear character is marked, that of another field too."""
    likelihood = (CONFIRMED + SURE) / 2
    made = with_likelihood(seen(put(TD3, 1, NUMBER, "B")), 1, BIRTH, _9=likelihood, _4=1 - likelihood)
    assert (1, BIRTH) in judged(made).doubtful


def test_a_check_digit_corrects_a_character_but_never_makes_it_sure() -> None:
    """The second likeliest character fits the digits: it is taken, marked as doubtful, and the document is not sure."""
    judgement = judged(with_likelihood(seen(TD3), 1, NUMBER, _8=0.999, A=0.001))
    assert judgement == Judgement(TD3, ((1, NUMBER),), sure=False)


def test_no_correction_takes_an_unlikely_character() -> None:
    """Where only a very unlikely character fits the digits, the text stays as it was seen, and is not sure."""
    lines = put(TD3, 1, NUMBER, "B")
    judgement = judged(seen(lines))
    assert judgement.lines == lines
    assert not judgement.sure


@pytest.mark.parametrize(
    ("right", "other"), ["6G", "6Q", "1L", "1B", "8S", "8I", "5Z", "5F", "9T", "9J", "0A", "0K", "2C"]
)
@pytest.mark.parametrize(("likelihood", "sure"), [(BLIND * 2, False), (BLIND / 2, True)])
def test_a_pair_that_digits_cannot_tell_apart_is_doubtful(
    right: str, other: str, likelihood: float, *, sure: bool
) -> None:
    """A character is doubtful where another of the same value modulo 10 is possible at all."""
    lines = fitted("TD3", put(TD3, 1, NUMBER, right))
    made = with_likelihood(seen(lines), 1, NUMBER, **{f"_{right}": 1 - likelihood, other: likelihood})
    assert judged(made) == Judgement(lines, () if sure else ((1, NUMBER),), sure=sure)


@pytest.mark.parametrize(("letter", "digit"), ["O0", "S8", "Z2", "B8", "I1"])
def test_a_date_has_no_letters(letter: str, digit: str) -> None:
    """A letter that looks like a digit is read as that digit in a date, because no letter can stand there."""
    lines = fitted("TD3", put(TD3, 1, BIRTH, f"9{digit}0228"))
    made = with_likelihood(seen(lines), 1, BIRTH + 1, **{letter: 0.9, f"_{digit}": 0.1})
    assert judged(made) == Judgement(lines, (), sure=True)


def test_a_name_has_no_digits() -> None:
    """A zero in a name is read as the letter O, if that is possible."""
    lines = ("P<SWELOENQVIST<<ASTRID<<<<<<<<<<<<<<<<<<<<<<", TD3[1])
    made = with_likelihood(seen(lines), 0, 6, _0=0.9, O=0.1)
    assert judged(made).lines == lines


@pytest.mark.parametrize("form", SPECIMENS)
def test_a_country_that_does_not_exist_is_not_sure(form: str) -> None:
    """All digits are right and all characters clear, but the code of the state is unknown."""
    field = LAYOUT[form].by_name["nationality" if form != "FRA-ID" else "issuing_state"].span
    lines = fitted(form, put(SPECIMENS[form], field.line, field.start, "QQQ"))
    assert not judged(seen(lines)).sure


@pytest.mark.parametrize("shape", [(1, 44), (2, 30), (3, 44), (3, 36), (2, 35)])
def test_lines_of_no_format_are_not_sure(shape: tuple[int, int]) -> None:
    """Their text is shown as it was read; there is nothing that could be checked."""
    lines = ("A" * shape[1],) * shape[0]
    assert judged(seen(lines)) == Judgement(lines, (), sure=False)


def _pools(draw: st.DrawFn, lines: Lines) -> Likelihoods:
    """Draw likelihoods near those of lines: a few places are unclear, in one pass or in all."""
    made = seen(lines)
    for _ in range(draw(st.integers(0, 5))):
        line, column = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines[0]) - 1))
        chosen = draw(st.sampled_from([slice(0, 1), slice(1, 2), slice(0, 2)]))
        for character in draw(st.lists(st.sampled_from(ALPHABET), min_size=1, max_size=3)):
            made[line, chosen, column, ALPHABET.index(character)] = draw(st.floats(-10, 6))
    return made


@given(data=st.data(), document=composed())
def test_a_sure_text_is_valid_whatever_was_seen(data: st.DataObject, document: tuple[str, Lines]) -> None:
    """Sure means: right check digits, valid to the parser, each pass reads the same, and only possible characters."""
    made = data.draw(st.composite(_pools)(document[1]))
    judgement = judged(made)
    if not judgement.sure:
        return
    mrz = read(judgement.lines)
    assert mrz.valid
    assert judgement.doubtful == ()
    layout = LAYOUT[mrz.format]
    assert failing_checks(layout, "".join(judgement.lines)) == []
    dates = [field.span for field in layout.fields if field.kind in {Kind.BIRTH, Kind.EXPIRY}]
    assert all(not any(map(str.isalpha, span.of(judgement.lines))) for span in dates)


@pytest.mark.parametrize("spread", [0.05, 1e-4])
def test_noise_is_never_sure(spread: float) -> None:
    """Likelihoods without any document behind them are not sure, even where both passes see each character clearly."""
    for seed in range(4):
        passes = np.random.default_rng(seed).dirichlet(np.full(37, spread), (2, 1, 44)).repeat(2, 1)
        assert not judged(np.log(passes + 1e-30)).sure
