"""`apoa report --photo-from`: each photo that arrives in a folder is the next guest; nothing in it is changed."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from cli_helpers import LANGUAGES, OBADIAH, QUENTIN, XIMENA, Apoa, CallResult
from passport_helpers import answer_with, reading
from screens import Screens

from apoa_client.cli.commands.report_photos import NewFiles
from apoa_client.messages import msg
from apoa_client.scan.photo_reading import PhotoReading, PictureRefused

STAY = ("--birth-place", "GDANSK", "--nights", "2", "--room", "7", "--stay-permit", "B1", "--no-send")


class Phone:
    """A folder to which photos come while the command waits: one step a look, and after the last one it is ended."""

    def __init__(self, apoa: Apoa, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.apoa, self.folder, self._monkeypatch = apoa, folder, monkeypatch

    def sends(self, name: str, content: bytes = b"photo") -> Callable[[], object]:
        return lambda: (self.folder / name).write_bytes(content)

    def waiting(self, *steps: Callable[[], object]) -> None:
        """Take these steps while the command waits."""
        left = iter(steps)

        def sleep(_seconds: float) -> None:
            step = next(left, None)
            if step is None:
                raise KeyboardInterrupt
            step()

        place = "apoa_client.cli.commands.report_photos.time"
        self._monkeypatch.setattr(place, SimpleNamespace(sleep=sleep))

    def __call__(self, *options: str, keys: list[str] | None = None) -> CallResult:
        return self.apoa("report", "--photo-from", str(self.folder), *STAY, *options, keys=keys)


@pytest.fixture
def phone(away: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Phone:
    """A phone whose photos are those of guests; `4.jpg` is no picture."""
    folder = tmp_path / "phone"
    folder.mkdir()
    readings: dict[str, PhotoReading | Exception] = {
        "1.jpg": reading(QUENTIN.lines),
        "2.jpg": reading(XIMENA.lines),
        "3.jpg": reading(OBADIAH.lines),
        "4.jpg": PictureRefused(msg("The file is not a picture that can be read.")),
    }
    answer_with(monkeypatch, readings)
    return Phone(away, folder, monkeypatch)


def surnames(apoa: Apoa) -> list[str]:
    return [each["guest"]["surname"] for each in apoa.reports()]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(phone: Phone, screens: Screens, lang: str) -> None:
    """The command says that it waits, and asks about the guest of each photo."""
    phone.waiting(phone.sends("1.jpg"), int, phone.sends("4.jpg"), int)
    screens(phone.apoa, "report", "--photo-from", str(phone.folder), *STAY, keys=[""], lang=lang)
    screens(phone.apoa, "report", "--photo-from", str(phone.folder), lang=lang)


def test_each_new_photo_is_the_next_guest(phone: Phone) -> None:
    """Those that were there before are left; Ctrl-C while it waits is the usual end, and no file is touched."""
    phone.sends("3.jpg")()
    phone.waiting(phone.sends("1.jpg"), int, phone.sends("2.jpg"), int)
    said = phone(keys=["", ""])
    assert said.code == 0, said.all
    assert surnames(phone.apoa) == [QUENTIN.surname, XIMENA.surname]
    assert sorted(path.name for path in phone.folder.iterdir()) == ["1.jpg", "2.jpg", "3.jpg"]


def test_photos_that_wait_when_the_command_ends(phone: Phone) -> None:
    """Who arrived while a guest was asked about is named, because the next call leaves the photo."""
    phone.waiting(lambda: [phone.sends(name)() for name in ("1.jpg", "2.jpg")], lambda: None)
    said = phone(keys=[])
    assert (said.code, surnames(phone.apoa)) == (130, [])
    assert f"Photos without a report: {phone.folder / '2.jpg'}" in said.err
    phone.waiting(phone.sends("3.jpg"))
    said = phone(keys=[])
    assert said.code == 0
    assert f"Photos without a report: {phone.folder / '3.jpg'}" in said.err


def test_a_file_that_still_grows_is_not_taken(tmp_path: Path) -> None:
    """A photo is complete when two looks find it the same; an empty or unfinished file, or a folder, is no photo."""
    new = NewFiles(tmp_path)
    photo, part = tmp_path / "a.jpg", tmp_path / "b.jpg.part"
    photo.write_bytes(b"")
    part.write_bytes(b"photo")
    (tmp_path / "folder").mkdir()
    for content in (b"ph", b"photo"):
        assert new.look() == []
        photo.write_bytes(content)
    assert new.look() == []
    assert new.look() == [photo]
    assert new.look() == []
    part.rename(tmp_path / "b.jpg")
    assert [new.look(), new.look()] == [[], [tmp_path / "b.jpg"]]


def test_a_folder_that_is_away_for_a_while(tmp_path: Path) -> None:
    """A phone that is connected again shows the same files: they are not new."""
    folder = tmp_path / "phone"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"photo")
    new = NewFiles(folder)
    folder.rename(tmp_path / "away")
    assert new.look() == []
    shutil.copytree(tmp_path / "away", folder)  # the files may have other numbers than before
    assert [new.look(), new.look(), new.left()] == [[], [], []]


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ((), None),
        (("--json",), []),
        (("--photo", "1.jpg"), []),
        (("--surname", "SMITH"), []),
    ],
)
def test_usage_errors(phone: Phone, options: tuple[str, ...], keys: list[str] | None) -> None:
    """Without a terminal nothing is waited for; the photos have the guests' details."""
    assert phone(*options, keys=keys).code == 2


def test_no_folder(phone: Phone) -> None:
    """A folder that does not exist is a usage error."""
    phone.folder.rmdir()
    assert phone(keys=[]).code == 2
