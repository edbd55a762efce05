"""The process that reads photos, and several shots of one page, which are never two guests."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from passport_helpers import Lines, composed, fitted, put, reading
from photo_helpers import TODAY, photo, write
from PIL import Image

from apoa_client.messages import msg
from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate
from apoa_client.scan import photo_process
from apoa_client.scan.photo_process import PhotoProcess
from apoa_client.scan.photo_reader import PhotoReader
from apoa_client.scan.photo_reading import PhotoReading, PictureRefused, ScanMissing, pages_of

ENVIRON = dict(os.environ)


@pytest.fixture
def process() -> Iterator[PhotoProcess]:
    """The process, which has not started before it reads."""
    with PhotoProcess(ENVIRON) as made:
        yield made


def refusal(process: PhotoProcess, path: Path) -> str:
    """Return what is said of a photo, which has advice and not the name of the file."""
    with pytest.raises(PictureRefused) as raised:
        process.read(path, TODAY)
    assert raised.value.advice is not None
    assert path.stem not in raised.value.message.render()
    return raised.value.message.render()


def test_it_reads_as_in_this_process(process: PhotoProcess, reader: PhotoReader, tmp_path: Path) -> None:
    """One process reads all photos, and says of each what the reader says, with the evidence where it is asked for.

    A reading has no personal data in its text.
    """
    ids = set()
    for kind, evidence in (("clean", False), ("perspective", True)):
        file = write(tmp_path / "a.jpg", photo(kind, 1)[0])
        expected = reader.read(file.read_bytes(), TODAY, with_evidence=evidence)
        read = process.read(file, TODAY, with_evidence=evidence)
        assert replace(read, elapsed_ms=0) == expected
        assert not any(part in repr(read) for text in read.lines for part in text.split("<") if len(part) > 2)
        assert (read.evidence is not None) == evidence
        ids.add(process._process.pid)
    assert len(ids) == 1


def test_other_documents_go_through_the_pipe() -> None:
    """With what is in doubt of each, and the hint."""
    several = msg("The picture shows {count} documents. Photograph each page by itself.", count=2)
    first, second = (reading(["A" * 44, "B" * 44], places, hint=several) for places in ([(0, 1)], [(1, 2), (1, 3)]))
    both = replace(first, others=(second,))
    assert photo_process._reading(json.loads(json.dumps(photo_process._value(both)))) == both


def test_a_photo_that_takes_too_long(process: PhotoProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is ended, the photo is refused, and the next one is read by another process."""
    file = write(tmp_path / "SECRET.png", np.full((300, 400), 255, np.float32))
    with monkeypatch.context() as patch:
        patch.setattr(photo_process, "_MOST_S", 0.0)
        assert "more time or memory" in refusal(process, file)
    assert process.read(file, TODAY).lines == ()


@pytest.mark.skipif(sys.platform != "linux", reason="Windows has no such limit, and macOS does not keep it")
def test_a_photo_that_takes_too_much_memory(tmp_path: Path) -> None:
    """The limit holds for the process alone, and a photo that needs more is refused without a traceback."""
    write(tmp_path / "SECRET.png", np.full((3000, 4000), 255, np.float32))
    (tmp_path / "sitecustomize.py").write_text(
        "from apoa_client.scan import photo_process\nphoto_process._MOST_MEMORY = 100 << 20\n"
    )
    with PhotoProcess({**ENVIRON, "PYTHONPATH": str(tmp_path)}) as process:
        assert refusal(process, tmp_path / "SECRET.png")


def test_a_process_that_cannot_start(process: PhotoProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program was replaced just now, or the memory is full: the photo is refused."""
    write(tmp_path / "SECRET.png", np.full((300, 400), 255, np.float32))
    monkeypatch.setattr(photo_process, "internal_command", lambda _word: [str(tmp_path / "missing")])
    refusal(process, tmp_path / "SECRET.png")


@pytest.mark.parametrize(
    "code", ["import os; os._exit(139)", "print('no JSON')", "print('{\"length\": 9}', end='', flush=True)"]
)
def test_a_process_that_ends(tmp_path: Path, code: str) -> None:
    """Whatever it did before, the photo is refused with advice, each time."""
    write(tmp_path / "SECRET.png", np.full((300, 400), 255, np.float32))
    (tmp_path / "sitecustomize.py").write_text(f"import os\n{code}\nos._exit(1)\n")
    with PhotoProcess({**ENVIRON, "PYTHONPATH": str(tmp_path)}) as process:
        for _photo in range(2):
            assert "more time or memory" in refusal(process, tmp_path / "SECRET.png")


def test_without_the_extra(tmp_path: Path) -> None:
    """A process that cannot load its libraries says so, and no photo is blamed."""
    write(tmp_path / "a.png", np.full((300, 400), 255, np.float32))
    (tmp_path / "numpy.py").write_text("raise ImportError\n")
    with PhotoProcess({**ENVIRON, "PYTHONPATH": str(tmp_path)}) as process, pytest.raises(ScanMissing):
        process.read(tmp_path / "a.png", TODAY)


def test_it_gets_no_secrets(process: PhotoProcess) -> None:
    """The variables of this program, with passwords among them, are not in its environment."""
    with PhotoProcess({**ENVIRON, "APOA_PASSWORD": "x"}) as other:
        assert other._environ == process._environ


def test_nothing_of_a_photo_remains(tmp_path: Path) -> None:
    """Nothing runs after the context is left; other users see no name of a file, which may be a guest's, meanwhile."""
    with PhotoProcess(ENVIRON) as process:
        process.read(write(tmp_path / "SECRET.png", np.full((300, 400), 255, np.float32)), TODAY)
        child = process._process
        assert child.poll() is None
        if sys.platform == "linux":  # where the arguments of a process can be read
            assert b"SECRET" not in Path(f"/proc/{child.pid}/cmdline").read_bytes()
    assert child.poll() is not None


def test_many_pixels(process: PhotoProcess, tmp_path: Path) -> None:
    """More than 50 megapixels are refused before they are unfolded, in any format that is opened."""
    Image.new("L", (8_000, 6_400)).save(tmp_path / "SECRET.png")
    assert "50 megapixels" in refusal(process, tmp_path / "SECRET.png")


def test_a_file_that_is_too_large(process: PhotoProcess, tmp_path: Path) -> None:
    """A video is not read into the memory."""
    with (tmp_path / "SECRET.jpg").open("wb") as file:
        file.truncate(photo_process.MOST_BYTES + 1)
    assert "64 MB" in refusal(process, tmp_path / "SECRET.jpg")
    assert refusal(process, tmp_path / "ERIKSSON.jpg") == "There is no such file."  # people name photos after guests


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
def test_what_is_no_file_is_refused(process: PhotoProcess, tmp_path: Path) -> None:
    """A pipe is not opened, which would wait for another program for ever, and a file without an end is not read."""
    os.mkfifo(tmp_path / "pipe.jpg")
    for path in (tmp_path / "pipe.jpg", Path("/dev/zero"), tmp_path):
        refusal(process, path)


# Several shots.

LINES: Lines = ("P<SWELINDQVIST<<ASTRID<<<<<<<<<<<<<<<<<<<<<<", "AB12049762SWE9202298F3203282<<<<<<<<<<<<<<00")
SISTER: Lines = fitted("TD3", put(put(LINES, 0, 16, "INGRID"), 1, 7, "8"))
"""The next passport: one digit of the number and the given name are others."""


def pages(*shots: PhotoReading) -> list[PhotoReading]:
    """Return the pages of these shots."""
    return [page for page, _files in pages_of((Path(str(number)), shot) for number, shot in enumerate(shots))]


def test_the_files_of_each_page() -> None:
    """Two shots of the first page and one of another are two guests, in the order of the first shots."""
    files = [Path("a"), Path("b"), Path("c")]
    shots = [reading(LINES), reading(SISTER), reading(LINES, [(0, 5)])]
    assert [(page.lines, of) for page, of in pages_of(zip(files, shots, strict=True))] == [
        (LINES, [Path("a"), Path("c")]),
        (SISTER, [Path("b")]),
    ]


MISREAD = put(LINES, 1, 4, "7")
ANOTHER_I, ANOTHER_NAME = put(LINES, 0, 5, "I"), put(LINES, 0, 16, "K")


@pytest.mark.parametrize(
    ("first", "second", "doubtful", "sure"),
    [
        (reading(LINES), reading(LINES, [(0, 5), (1, 2)]), (), True),
        (reading(LINES), reading(ANOTHER_I, [(0, 5)]), ((0, 5),), False),
        (reading(LINES, [(0, 5), (0, 9)]), reading(LINES, [(0, 9), (1, 4)]), ((0, 9),), False),
        (reading(LINES, [(0, 5)]), reading(LINES, [(1, 4)]), (), False),
        (reading(LINES, [(0, 9)]), reading(ANOTHER_I, [(0, 5), (0, 9)]), ((0, 5), (0, 9)), False),
        (reading(LINES), reading(ANOTHER_NAME), ((0, 16),), False),
        (reading(LINES), reading(MISREAD, [(1, 4)]), ((1, 4),), False),
    ],
)
def test_two_shots_of_one_page(
    first: PhotoReading, second: PhotoReading, doubtful: tuple[tuple[int, int], ...], *, sure: bool
) -> None:
    """A sure shot is enough, and where both read alike and one has no doubt, nothing is asked; a difference is.

    Two unsure shots are never sure. A number with its check digit is one document's, so two sure shots that differ
    elsewhere are one page in doubt.
    """
    for shots in ([first, second], [second, first]):
        [page] = pages(*shots)
        assert page.lines == LINES or (shots[0].lines == page.lines and second.sure)
        assert (page.doubtful, page.sure) == (doubtful, sure)
        assert (page.hint is None) is (sure or (first.sure and second.sure))


def test_a_number_that_one_shot_does_not_read() -> None:
    """Where names differ without doubt, it is another passport."""
    assert len(pages(reading(MISREAD, [(1, 4)]), reading(SISTER))) == 2


@pytest.mark.parametrize(("form", "numbers"), [("TD1", ("592211692174", "592211692185")), ("TD3", ("", ""))])
def test_a_long_number_counts_whole_and_an_empty_one_not(form: str, numbers: tuple[str, str]) -> None:
    """Two cards whose numbers differ at the end alone are two guests, as are two documents without a number."""
    details = Details("BEL", "PEETERS", "", "", "BEL", PartialDate(1990, 1, 2), "F", date(2030, 1, 1))
    people = zip(("ANNA", "LISA"), numbers, strict=True)
    lines = [compose(form, details._replace(given_names=name, document_number=number)) for name, number in people]
    assert len(pages(*map(reading, lines))) == 2


def test_what_is_never_put_together() -> None:
    """Pictures without lines, other formats, and a picture of several documents."""
    two = replace(reading(LINES, sure=False), others=(reading(SISTER, sure=False),))
    garbage = reading(("<" * 44, "<" * 44), [(line, column) for line in range(2) for column in range(44)])
    for other in (reading(()), reading(("A" * 30,) * 3, sure=False), two, garbage):
        assert len(pages(reading(LINES), other)) == 2
    assert len(pages(reading(()), reading(()))) == 2


@given(document=composed(), other=composed(), doubts=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 29))))
def test_documents_are_never_mixed(
    document: tuple[str, Lines], other: tuple[str, Lines], doubts: list[tuple[int, int]]
) -> None:
    """A page that is sure is one of its shots as it was read, and sure before."""
    shots = [reading(document[1], doubts), reading(other[1])]
    for page in pages(*shots):
        assert not page.sure or any(page.lines == shot.lines and shot.sure for shot in shots)
