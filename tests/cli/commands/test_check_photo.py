"""`apoa check --photo`: documents are read from pictures, and what is doubtful is shown."""

import sys
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import LANGUAGES, QUENTIN, XIMENA, Apoa, spoken, spoken_count
from reading_helpers import TOO_DARK, answer_with, print_page, reading
from terminal_helpers import show_as_terminal

from apoa_client.messages import msg
from apoa_client.scan.photo_reading import PictureRefused

DOUBTS = ((0, 5), (1, 3), (1, 4), (1, 5))
UNSURE = reading(QUENTIN.lines, DOUBTS, hint=TOO_DARK)
SURE = reading(XIMENA.lines)
NO_PICTURE = PictureRefused(msg("The file is not a picture that can be read."))


def photo_of(value: dict[str, Any]) -> dict[str, Any]:
    photo: dict[str, Any] = value["photo"]
    return photo


def test_a_real_photo_is_read(apoa: Apoa, tmp_path: Path) -> None:
    """A printed page is read with certainty, without a property, and nothing is stored."""
    file = print_page(tmp_path / "page.jpg", QUENTIN.lines)
    result = apoa("check", "--photo", str(file), "--json")
    value = result.json
    assert (result.code, value["valid"], value["guest"]["surname"]) == (0, True, QUENTIN.surname)
    photo = photo_of(value)
    assert (photo["sure"], photo["lines"], photo["doubtful"], photo["error"]) == (True, list(QUENTIN.lines), [], None)
    assert not apoa.home.exists()


def test_a_file_that_is_no_picture(apoa: Apoa, tmp_path: Path) -> None:
    """An empty, a broken or a missing file, or a folder, ends the check with an error and what to do."""
    for name, content in (
        ("empty.jpg", b""),
        ("broken.jpg", b"\xff\xd8\xff\xe0" + b"\0" * 50),
        ("text.png", b"passport"),
    ):
        (tmp_path / name).write_bytes(content)
    again = "Take a photo of the whole passport page, as JPEG or PNG, and try it again."
    path = "Check the path, and that this user may read the file."
    advice = {"empty.jpg": again, "broken.jpg": again, "text.png": again, "missing.jpg": path, ".": path}
    for name, wanted in advice.items():
        result = apoa("check", "--photo", str(tmp_path / name))
        assert (result.code, result.out) == (65, ""), name
        assert result.err.splitlines()[1:] == [wanted]
        assert apoa("check", "--photo", str(tmp_path / name), "--json").json["error"]["class"] == "picture_refused"


def test_without_the_extra(apoa: Apoa, tmp_path: Path) -> None:
    """A photo needs the extra: the command exits with 78 and names the line for pip."""
    (tmp_path / "numpy.py").write_text("raise ImportError\n")
    (tmp_path / "page.jpg").write_bytes(b"photo")
    result = apoa("check", "--photo", str(tmp_path / "page.jpg"), PYTHONPATH=str(tmp_path))
    assert result.code == 78
    assert 'pip install "apoa-client[scan]"' in result.err


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_sure_reading(apoa: Apoa, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    """A sure reading is one line above the document, without marks and without a hint."""
    answer_with(monkeypatch, {"x.jpg": SURE})
    result = apoa("cek", "--foto", "x.jpg", lang=lang)
    by_lines = apoa("check", "--mrz", XIMENA.lines[0], "--mrz", XIMENA.lines[1], lang=lang)
    assert result.code == 0
    assert result.out == spoken(lang, "Read from the photo with certainty.") + "\n" + by_lines.out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_doubtful_characters_are_marked(apoa: Apoa, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    """They are marked below their lines and named in words, and the hint follows; a pipe shows no picture."""
    answer_with(monkeypatch, {"q.jpg": UNSURE})
    result = apoa("check", "--photo", "q.jpg", lang=lang)
    assert result.code == 0
    one, many = (
        "Line {line}, character {numbers}: compare it with the page.",
        "Line {line}, characters {numbers}: compare them with the page.",
    )
    assert result.out.splitlines()[:8] == [
        spoken(lang, "The photo was not read with certainty. Compare the lines with the page."),
        f"  {QUENTIN.lines[0]}",
        "       ^",
        spoken_count(lang, one, many, 1, line=1, numbers="6"),
        f"  {QUENTIN.lines[1]}",
        "     ^^^",
        spoken_count(lang, one, many, 3, line=2, numbers="4-6"),
        spoken(lang, TOO_DARK.template),
    ]


def test_plain_lines_have_no_marks(apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a screen reader the doubtful characters are named in words alone."""
    answer_with(monkeypatch, {"q.jpg": UNSURE})
    result = apoa("--plain", "check", "--photo", "q.jpg")
    assert "Line 2, characters 4-6: compare them with the page." in result.out
    assert "^" not in result.out


def test_json_has_the_fixed_form(apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """One photo gives one document, several a list; lines and columns count from 1."""
    answer_with(monkeypatch, {"q.jpg": UNSURE, "x.jpg": SURE})
    single = photo_of(apoa("check", "--photo", "q.jpg", "--json").json)
    assert single == {
        "file": "q.jpg",
        "sure": False,
        "lines": list(QUENTIN.lines),
        "doubtful": [[1, 6], [2, 4], [2, 5], [2, 6]],
        "elapsed_ms": 120,
        "hint": TOO_DARK.template,
        "error": None,
    }
    results = apoa("check", "--photo", "q.jpg", "--photo", "x.jpg", "--json").json["results"]
    assert [photo_of(each)["sure"] for each in results] == [False, True]
    assert [each["guest"]["surname"] for each in results] == [QUENTIN.surname, XIMENA.surname]


def test_nothing_found(apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """A photo without lines is no valid document: the hint says how to photograph better, and the exit code is 65."""
    answer_with(monkeypatch, {"wall.jpg": reading(())})
    result = apoa("check", "--photo", "wall.jpg")
    assert (result.code, result.out) == (65, f"{TOO_DARK.template}\n")
    value = apoa("check", "--photo", "wall.jpg", "--json").json
    assert (value["valid"], photo_of(value)["lines"], photo_of(value)["hint"]) == (False, [], TOO_DARK.template)


class TestSeveral:
    """`--photo` may be given several times."""

    @pytest.fixture
    def photos(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The options for two photos and a file that is no picture."""
        answer_with(monkeypatch, {"a.png": SURE, "b.JPG": UNSURE, "c.jpeg": NO_PICTURE})
        return [word for name in ("a.png", "b.JPG", "c.jpeg") for word in ("--photo", str(tmp_path / name))]

    def test_one_bad_file_stops_no_other(self, apoa: Apoa, photos: list[str]) -> None:
        """It is an element of the list, and makes the exit code 65."""
        result = apoa("check", *photos, "--json")
        value = result.json
        assert result.code == 65
        found = [photo_of(each) for each in value["results"]]
        assert [Path(photo["file"]).name for photo in found] == ["a.png", "b.JPG", "c.jpeg"]
        assert [photo["error"] and photo["error"]["class"] for photo in found] == [None, None, "picture_refused"]
        assert [each["valid"] for each in value["results"]] == [True, True, False]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_end_counts_them(self, apoa: Apoa, photos: list[str], lang: str) -> None:
        """The last lines say how many are valid, and how many must be compared."""
        result = apoa("check", *photos, lang=lang)
        assert result.code == 65
        unsure = (
            "{count} photo was not read with certainty: compare the lines with the page.",
            "{count} photos were not read with certainty: compare their lines with the pages.",
        )
        assert result.out.splitlines()[-2:] == [
            spoken(lang, "{valid} of {count} documents are valid.", valid=2, count=3),
            spoken_count(lang, *unsure, 1),
        ]


@pytest.mark.parametrize(
    "more", [["--mrz", QUENTIN.lines[0]], ["--photo", "x.jpg", "--surname", "X"]], ids=["lines", "details of one guest"]
)
def test_options_that_contradict_each_other(apoa: Apoa, monkeypatch: pytest.MonkeyPatch, more: list[str]) -> None:
    """Lines beside a photo, or one guest's details beside several photos, are a usage error."""
    answer_with(monkeypatch, {"q.jpg": UNSURE, "x.jpg": SURE})
    assert apoa("check", "--photo", "q.jpg", *more).code == 2


def test_typed_details_join_those_of_the_photo(apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with lines, a typed detail that differs from the photo's is a conflict."""
    answer_with(monkeypatch, {"x.jpg": SURE})
    value = apoa("check", "--photo", "x.jpg", "--surname", "OTHER", "--json").json
    assert "conflict" in [each["code"] for each in value["warnings"]]


class TestPicture:
    """At a terminal the doubtful characters are shown as a picture of half blocks."""

    @pytest.fixture(autouse=True)
    def _photo(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A photo with doubtful characters, and no variables of this machine about colours."""
        for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLORTERM", "WT_SESSION"):
            monkeypatch.delenv(name, raising=False)
        answer_with(monkeypatch, {"q.jpg": UNSURE})

    def check(self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch, **environ: str) -> list[str]:
        """Return the lines that the check of a doubtful photo shows above the document."""
        for name, value in {"COLUMNS": "80", **environ}.items():
            monkeypatch.setenv(name, value)
        show_as_terminal(monkeypatch, sys.stdout)
        said = apoa("check", "--photo", "q.jpg").out
        return said.partition(TOO_DARK.template)[0].splitlines()

    def test_the_text_stands_below_its_picture(self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without colours, ink is a filled block: each character's left half here, and the mark below its middle."""
        shown = self.check(apoa, monkeypatch, NO_COLOR="1", TERM="xterm-256color")
        at = shown.index("")
        assert shown[at + 1 : at + 6] == ["  " + "████    " * 9] * 5
        text = shown[at + 6]
        assert text.split() == list(QUENTIN.lines[0][1:10])
        assert text[shown[at + 7].index("^")] == QUENTIN.lines[0][5]

    @pytest.mark.parametrize(("columns", "characters"), [("60", 7), ("120", 14), ("20", 3)])
    def test_the_picture_fits_the_terminal(
        self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch, columns: str, characters: int
    ) -> None:
        """A narrow terminal shows fewer characters, never a broken line."""
        shown = self.check(apoa, monkeypatch, NO_COLOR="1", COLUMNS=columns)
        assert len(shown[shown.index("") + 6].split()) == characters

    def test_shades_of_grey(self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """With 256 colours, each half of a cell has its own shade."""
        shown = self.check(apoa, monkeypatch, TERM="xterm-256color", FORCE_COLOR="1")
        cells = shown[shown.index("") + 1]
        assert "\x1b[38;5;232m\x1b[48;5;232m▀▀▀▀" in cells
        assert "\x1b[38;5;255m\x1b[48;5;255m▀▀▀▀" in cells

    def test_a_console_without_blocks(self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where the console's characters have no blocks, there is no picture, and the marks remain."""
        monkeypatch.setattr("apoa_client.cli.views.photo.can_show", lambda _stream, _characters: False)
        shown = self.check(apoa, monkeypatch, NO_COLOR="1")
        assert "" not in shown
        assert shown[2].strip() == "^"
