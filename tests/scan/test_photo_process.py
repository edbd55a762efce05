"""The process that reads photos: its limits, its end, and what other programs can see of it."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from passport_helpers import reading
from photo_helpers import TODAY, photo, write
from PIL import Image

from apoa_client.messages import msg
from apoa_client.scan import photo_process
from apoa_client.scan.photo_process import PhotoProcess
from apoa_client.scan.photo_reader import PhotoReader
from apoa_client.scan.photo_reading import PictureRefused, ScanMissing

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
    """One process reads all photos, and says of each what the reader says, with the evidence where it is asked for."""
    ids = set()
    for kind, evidence in (("clean", False), ("perspective", True)):
        file = write(tmp_path / "a.jpg", photo(kind, 1)[0])
        expected = reader.read(file.read_bytes(), TODAY, with_evidence=evidence)
        read = process.read(file, TODAY, with_evidence=evidence)
        assert replace(read, elapsed_ms=0) == expected
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


@pytest.mark.skipif(sys.platform != "linux", reason="the arguments of a process are read where Linux shows them")
def test_nothing_of_a_photo_is_in_its_arguments(process: PhotoProcess, tmp_path: Path) -> None:
    """Other users can see the arguments: they do not have the name of the file, which may be a guest's."""
    process.read(write(tmp_path / "SECRET.png", np.full((300, 400), 255, np.float32)), TODAY)
    assert b"SECRET" not in Path(f"/proc/{process._process.pid}/cmdline").read_bytes()


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


def test_it_ends_with_the_command(tmp_path: Path) -> None:
    """Nothing runs after the context is left."""
    with PhotoProcess(ENVIRON) as process:
        process.read(write(tmp_path / "a.png", np.full((300, 400), 255, np.float32)), TODAY)
        child = process._process
        assert child.poll() is None
    assert child.poll() is not None
