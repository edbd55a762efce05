"""`apoa report --photo`: the passport is read from a photo; no doubtful reading is reported unseen."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
from cli_helpers import LANGUAGES, OBADIAH, QUENTIN, XIMENA, Apoa, CallResult, Guest
from passport_helpers import EVIDENCE, answer_with, reading
from screens import Screens

from apoa_client.authority.client import HttpAuthority
from apoa_client.cli.prompts.mrz_lines import photo_paths
from apoa_client.errors import ApoaError, CallRefused, UnknownOutcome
from apoa_client.messages import msg
from apoa_client.scan.photo_reading import PhotoReading, PictureRefused

STAY = ("--birth-place", "GDANSK", "--nights", "2", "--room", "7", "--stay-permit", "B1", "--no-send")


FIRST, SECOND = QUENTIN.lines


BACK = ["n", "<", "<"]


MISREAD = SECOND[:1] + "K" + SECOND[2:]
"""The second line with a wrong letter of the passport number, and so with wrong check digits."""


def surnames(apoa: Apoa) -> set[str]:
    """The guests who are reported."""
    return {each["guest"]["surname"] for each in apoa.reports()}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A file with a photo, whose reading a test chooses."""
    file = tmp_path / "page.jpg"
    file.write_bytes(b"photo")
    return file


Report = Callable[..., CallResult]


@pytest.fixture
def report(away: Apoa, photo: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Runs `apoa report` for a photo, which is read as `shown` says; the authority cannot be reached."""

    def run(*more: str, shown: PhotoReading, keys: list[str] | None = None) -> CallResult:
        answer_with(monkeypatch, {photo.name: shown})
        return away("report", "--photo", str(photo), *STAY, *more, keys=keys)

    return run


class TestUnattended:
    """Without a terminal."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_screens(
        self, away: Apoa, photo: Path, screens: Screens, monkeypatch: pytest.MonkeyPatch, lang: str
    ) -> None:
        """A doubtful reading, refused and confirmed; a sure one; none; and a file that is no picture."""
        command = ["report", "--photo", str(photo), *STAY]
        screens(away, *command, lang=lang)
        answer_with(monkeypatch, {photo.name: reading(())})
        screens(away, *command, keys=[*QUENTIN.lines, "b", "y"], lang=lang)
        answer_with(monkeypatch, {photo.name: reading(QUENTIN.lines, [(0, 5), (1, 4)])})
        screens(away, *command, lang=lang)
        screens(away, *command, keys=["y", "y", "y"], lang=lang)
        answer_with(monkeypatch, {photo.name: reading(XIMENA.lines)})
        screens(away, *command, keys=[""], lang=lang)

    @pytest.mark.parametrize(
        ("lines", "code"), [((), "missing"), ((FIRST, MISREAD), "check_digit"), (QUENTIN.lines, "bad_character")]
    )
    def test_a_reading_that_is_wrong(self, away: Apoa, report: Report, lines: tuple[str, ...], code: str) -> None:
        """Nothing is saved without lines, with wrong check digits, or if the reader is not sure in any other way."""
        result = report("--json", shown=reading(lines, sure=False))
        assert result.code == 65
        assert code in [each["code"] for each in result.json["errors"]]
        assert away.reports() == []


class TestAtATerminal:
    """The desk sees what is doubtful and decides."""

    @pytest.mark.parametrize(
        ("shown", "keys", "says", "guest"),
        [
            (reading((FIRST, XIMENA.lines[1]), [(1, 4)]), ["", SECOND], "Correct line 2; the rest is kept.", QUENTIN),
            (reading((FIRST, MISREAD), [(1, 1)]), ["y", "", SECOND], "The check digit of the passport number", QUENTIN),
            (reading(QUENTIN.lines, [(1, 4)]), ["n", "<", *XIMENA.lines], "", XIMENA),
            (reading(QUENTIN.lines, [(1, 4)]), ["n", *XIMENA.lines], "", XIMENA),
        ],
        ids=["enter", "a hasty yes", "back", "another scan"],
    )
    def test_a_doubtful_line(
        self, away: Apoa, report: Report, shown: PhotoReading, keys: list[str], says: str, guest: Guest
    ) -> None:
        """Enter alone confirms nothing, a confirmed line is checked as a scanned one; another passport may follow."""
        result = report(shown=shown, keys=[*keys, ""])
        assert (result.code, says in result.err) == (0, True), result.all
        assert away.reports()[0]["guest"]["document"]["mrz"] == list(guest.lines)

    def test_enter_alone_leads_to_the_details_by_hand(self, report: Report) -> None:
        """An unchanged line is not taken: the first detail is asked for."""
        result = report(shown=reading(QUENTIN.lines, [(1, 4)]), keys=["n", ""])
        assert result.code == 130
        assert result.err.partition("Enter alone")[2].count("MRZ line") == 1
        assert "Surname" in result.err

    def test_an_unfinished_form_waits(self, away: Apoa, report: Report) -> None:
        """The photo's guest is reported, and the draft is continued by a call without a photo."""
        assert away("report", *STAY, keys=list(XIMENA.lines)).code == 130
        result = report(shown=reading(QUENTIN.lines), keys=[""])
        assert result.code == 0, result.all
        assert "Another guest is not finished yet." in result.err
        assert surnames(away) == {QUENTIN.surname}
        assert away("report", *STAY, keys=["", ""]).code == 0
        assert surnames(away) == {XIMENA.surname, QUENTIN.surname}
        assert {each["photo"] for each in away.reports()} == {None}  # none is kept unless the setting says so


class TestSeveral:
    """Each of several photos is a guest of a group, in order, and none is left out unsaid."""

    @pytest.fixture
    def photos(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The options for the photos of three guests; the second one is not read with certainty."""
        answer_with(
            monkeypatch,
            {
                "1.jpg": reading(QUENTIN.lines),
                "2.jpg": reading(XIMENA.lines, [(1, 4)]),
                "3.jpg": reading(OBADIAH.lines),
                "4.jpg": PictureRefused(msg("The file cannot be opened.")),
            },
        )
        return [word for name in "123" for word in ("--photo", str(tmp_path / f"{name}.jpg"))]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_group_screens(self, away: Apoa, photos: list[str], screens: Screens, lang: str) -> None:
        """One card after the other, then one question whether to save; elsewhere what is missing of each."""
        screens(away, "report", *photos, *STAY, keys=["", "y", "", ""], lang=lang)
        screens(away, "report", *photos[2:], *STAY, lang=lang)

    @pytest.mark.parametrize(
        ("keys", "code", "guests", "left"),
        [
            (["3", "F", "", "y", "", ""], 0, [QUENTIN, XIMENA, OBADIAH], ""),
            (["", *BACK, "", *BACK, "y", "b", "y", ""], 0, [QUENTIN], "23"),
            (["b", "y", "y", "", ""], 0, [XIMENA, OBADIAH], "1"),
            ([""], 130, [], "123"),
        ],
        ids=["all", "two are left out", "the first is discarded", "stopped"],
    )
    def test_at_a_terminal(
        self, away: Apoa, photos: list[str], keys: list[str], code: int, guests: list[Guest], left: str
    ) -> None:
        """The guests are saved in one group, with the stay of the first, in order; the other files are named."""
        result = away("report", *photos, *STAY, keys=keys)
        assert result.code == code, result.all
        assert [each["guest"]["surname"] for each in away.reports()] == [guest.surname for guest in guests]
        assert {each["stay"]["room"] for each in away.reports()} <= {"7"}
        named = result.err.partition("Photos without a report: ")[2]
        assert "".join(name for name in "123" if f"{name}.jpg" in named) == left

    def test_stopped_after_saving(self, manual: Apoa, photos: list[str]) -> None:
        """A photo whose guest is saved is not named as one without a report."""
        result = manual("report", *photos, *STAY[:-1], keys=["", "y", "", ""])  # no answer to: Type it into APOA now?
        assert (result.code, len(manual.reports())) == (130, 3)
        assert "Photos without a report" not in result.err

    def test_unattended(self, away: Apoa, photos: list[str]) -> None:
        """Sure and complete ones are saved, of each other one it is said what is missing, and the exit code is 65."""
        result = away("report", *photos, "--photo", "4.jpg", *STAY)
        assert result.code == 65
        assert surnames(away) == {QUENTIN.surname, OBADIAH.surname}
        assert re.search(r"2\.jpg\nx Line 2, character 5: compare it with the page\.\n", result.err)
        assert "4.jpg\nThe file cannot be opened.\n" in result.err
        result = away("report", *photos[:2], *photos[4:], *STAY)
        assert result.code == 65
        assert result.err.count("This passport is already reported") == 2
        assert "Nothing was saved" not in result.err
        again = away("report", *photos[:2], *photos[4:], *STAY, "--again", "--json")
        assert (again.code, len(away.reports())) == (0, 4)

    def test_as_json(self, away: Apoa, photos: list[str]) -> None:
        """The document has the reports, and of each photo its report or what is wrong; a dry run has no ids."""
        for more, saved in (["--dry-run"], 0), ([], 2):
            result = away("report", *photos, *STAY, *more, "--json")
            value = result.json
            assert (result.code, len(away.reports())) == (65, saved)
            assert [each["guest"]["surname"] for each in value["reports"]] == [QUENTIN.surname, OBADIAH.surname]
            first, second, third = value["photos"]
            assert [first["report"], third["report"]] == [each["id"] for each in value["reports"]]
            assert [Path(each["file"]).stem for each in (first, second, third)] == ["1", "2", "3"]
            assert (first["error"], second["report"]) == (None, None)
            assert [each["code"] for each in second["errors"]] == ["bad_character"]
            assert second["error"]["class"] == "report_refused"

    def test_two_shots_of_one_passport(self, away: Apoa, photos: list[str]) -> None:
        """They are one guest and one report, with or without a terminal."""
        result = away("report", *photos[:2], *photos[:2], *STAY, "--json")
        assert (result.code, len(away.reports())) == (0, 1)
        assert [each["report"] for each in result.json["photos"]] == [away.reports()[0]["id"]] * 2
        result = away("report", *photos[2:4], *photos[2:4], *STAY, keys=["y", ""])
        assert result.code == 0, result.all
        assert surnames(away) == {QUENTIN.surname, XIMENA.surname}
        assert "Photos of one passport: " in result.err
        assert "Photos without a report" not in result.err

    @pytest.fixture
    def _both(self, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The photo shows the documents of two guests."""
        several = msg("The picture shows {count} documents. Photograph each page by itself.", count=2)
        first, second = (reading(guest.lines, sure=False, hint=several) for guest in (QUENTIN, XIMENA))
        answer_with(monkeypatch, {photo.name: replace(first, others=(second,)), "other.jpg": reading(OBADIAH.lines)})

    @pytest.mark.usefixtures("_both")
    def test_two_documents_in_one_picture(self, away: Apoa, photo: Path) -> None:
        """Unattended it is refused, by itself and beside others; at a terminal both are asked about, in order."""
        command = ["report", "--photo", str(photo), *STAY]
        result = away(*command)
        assert (result.code, away.reports()) == (65, [])
        assert "The picture shows 2 documents." in result.err
        value = away(*command, "--json", "--photo", "other.jpg").json
        assert [(each["zones"], [one["code"] for one in each["errors"]]) for each in value["photos"]] == [
            (2, ["several_documents"]),
            (1, []),
        ]
        assert away("config", "set", "keep_photos", "on").code == 0
        result = away(*command, keys=["", ""])
        assert result.code == 0, result.all
        assert {each["photo"] for each in away.reports()} == {None}  # it shows another guest's passport
        assert surnames(away) == {OBADIAH.surname, QUENTIN.surname, XIMENA.surname}

    @pytest.mark.usefixtures("_both")
    def test_one_of_two_documents(self, away: Apoa, photo: Path) -> None:
        """The other one is discarded. Such a picture is not taken in place of the lines."""
        result = away("report", "--photo", str(photo), *STAY, keys=["b", "y", ""])
        assert result.code == 0, result.all
        assert surnames(away) == {XIMENA.surname}
        result = away("report", *STAY, keys=[str(photo), *OBADIAH.lines, ""])
        assert "The picture shows 2 documents." in result.err
        assert OBADIAH.surname in surnames(away)


_SHELLS_OF_POSIX = pytest.mark.skipif(os.name == "nt", reason="as shells of POSIX do")


class TestNamedAtTheQuestion:
    """A path at the question for the passport's lines is read as a photo."""

    @pytest.mark.parametrize(
        ("written", "several"),
        [
            ("{path}", False),
            (" {path} ", False),
            ("& '{path}'", False),  # as PowerShell does
            ("'{path}'", True),
            ('"{path}"', True),
            ("{url}", True),
            pytest.param("{escaped}", True, marks=_SHELLS_OF_POSIX),
        ],
    )
    def test_a_path(self, tmp_path: Path, written: str, *, several: bool) -> None:
        """As it is typed, pasted, or written by a terminal into whose window files are dragged, alone or at once."""
        files = [tmp_path / "my photo (1).jpg", tmp_path / "2.jpg"]
        for file in files:
            file.touch()
        escaped = [re.sub(r"([ ()])", r"\\\1", str(file)) for file in files]
        typed = [written.format(path=f, url=f.as_uri(), escaped=e) for f, e in zip(files, escaped, strict=True)]
        assert [photo_paths(each) for each in typed] == [[file] for file in files]
        assert not several or photo_paths("  ".join(typed)) == files

    def test_two_that_are_dropped_at_once(self, away: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two guests, in that order; a third file that cannot be read is said, and the others are reported."""
        readings = {"my photo.jpg": reading(QUENTIN.lines), "2.jpg": reading(XIMENA.lines)}
        for name in readings:
            (tmp_path / name).write_bytes(b"photo")
        answer_with(monkeypatch, readings | {"none.jpg": PictureRefused(msg("No picture."))})
        typed = " ".join(f"'{tmp_path / name}'" for name in readings)
        result = away("report", *STAY, keys=[f"{typed} /none.jpg", "", ""])
        assert result.code == 0, result.all
        assert [each["guest"]["surname"] for each in away.reports()] == [QUENTIN.surname, XIMENA.surname]
        assert "Read from the photo with certainty." in result.err
        assert "  none.jpg\nNo picture." in result.err
        assert result.err.count(f"Photos without a report: {Path('/none.jpg')}\n") == 1

    def test_one_that_cannot_be_read(self, away: Apoa) -> None:
        """The error is shown, and the question asked again."""
        files = ["gone.jpg", "file://[1/gone.jpg", "/gone/gone.png", "~nobody/gone.jpg", "/" + "x" * 300 + ".jpg"]
        result = away("report", *STAY, keys=[*files, *QUENTIN.lines, ""])
        assert result.code == 0, result.all
        _start, *errors, _end = result.err.split("Scan the passport")
        assert ["file" in each for each in errors] == [True] * len(files)

    def test_two_of_which_none_is_reported(self, away: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Both files are named."""
        answer_with(monkeypatch, {"1.jpg": reading(QUENTIN.lines), "2.jpg": reading(XIMENA.lines)})
        files = tmp_path / "1.jpg", tmp_path / "2.jpg"
        result = away("report", *STAY, keys=[" ".join(map(str, files)), ""])
        assert (result.code, away.reports()) == (130, []), result.all
        assert "Photos without a report: " + ", ".join(map(str, files)) in result.err.replace("\n", " ")

    def test_the_check_alone(self, away: Apoa, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """`apoa check` reads it, too."""
        answer_with(monkeypatch, {photo.name: reading(QUENTIN.lines)})
        result = away("check", keys=[f"'{photo}'"])
        assert result.code == 0, result.all
        assert QUENTIN.surname in result.out


def test_without_the_extra(away: Apoa, photo: Path, tmp_path: Path) -> None:
    """A photo needs the extra: the command exits with 78 and names the line for pip."""
    (tmp_path / "PIL.py").write_text("raise ImportError\n")
    result = away("report", "--photo", str(photo), *STAY, PYTHONPATH=str(tmp_path))
    assert result.code == 78
    assert 'pip install "apoa-client[scan]"' in result.err


class TestKept:
    """The photo as evidence: kept encrypted with the report where the setting says so, sent, shown, erased."""

    @pytest.fixture
    def keeping(self, configured: Apoa, photo: Path, monkeypatch: pytest.MonkeyPatch) -> Apoa:
        """A property that keeps photos, whose authority wants them."""
        answer_with(monkeypatch, {photo.name: reading(QUENTIN.lines)})
        assert configured("config", "set", "keep_photos", "on").code == 0
        return configured

    @pytest.mark.parametrize(
        ("error", "says"),
        [
            (None, "The photo was sent, too."),
            (CallRefused(msg("No."), name="photo_refused"), "The authority did not take the photo. It stays here."),
            (UnknownOutcome(msg("No answer.")), "The photo is not sent yet: it goes with the next apoa sync."),
        ],
    )
    def test_the_photo_goes_with_its_report(
        self, keeping: Apoa, photo: Path, monkeypatch: pytest.MonkeyPatch, error: ApoaError | None, says: str
    ) -> None:
        """The authority wants photos: the desk reads what became of this one, and the report is sent all the same."""
        if error is not None:
            monkeypatch.setattr(HttpAuthority, "send_photo", Mock(side_effect=error))
        result = keeping("report", "--photo", str(photo), *[each for each in STAY if each != "--no-send"])
        assert (result.code, says in result.out) == (0, True), result.all
        assert [each["state"] for each in keeping.reports()] == ["accepted"]

    def test_a_group_keeps_the_photo_of_its_guest(self, keeping: Apoa, photo: Path) -> None:
        """The second guest of the room, whose passport was scanned, has none."""
        keys = ["+", *XIMENA.lines, ">", ""]
        said = keeping("report", "--photo", str(photo), *STAY, keys=keys)
        assert said.code == 0, said.all
        photos = {each["guest"]["surname"]: each["photo"] for each in keeping.reports()}
        assert photos == {"ZYKOWSKI": "kept", XIMENA.surname: None}

    def test_a_form_that_is_continued_gets_its_photo_again(self, keeping: Apoa, photo: Path) -> None:
        """A draft has no photo, and says so: it is named at the question for the passport."""
        said = keeping("report", "--photo", str(photo), *STAY, keys=[])
        assert said.code == 130
        assert "The photo is not stored with it." in said.err
        said = keeping("report", *STAY, keys=["", "<", str(photo), ""])
        assert said.code == 0, said.all
        assert [each["photo"] for each in keeping.reports()] == ["kept"]

    def test_it_is_written_to_a_file(self, keeping: Apoa, photo: Path, tmp_path: Path) -> None:
        """By an own command, which never replaces a file unasked, and which the audit trail names.

        It stays with the stay after a correction, and after `purge` there is nothing to show.
        """
        stay = keeping("report", "--photo", str(photo), *STAY, "--json").json["stay_id"]
        assert keeping("amend", stay, "--reason", "room", "--room", "9", "--yes").code == 0
        assert [each["photo"] for each in keeping.reports() if each["photo"]] == ["sent"]
        file = tmp_path / "evidence.jpg"
        said = keeping("show", stay, "--photo", str(file))
        assert (said.code, file.read_bytes()) == (0, EVIDENCE)
        assert said.out == f"The photo is written: {file}\n"
        assert keeping("show", stay, "--photo", str(file)).code == 2
        assert keeping("show", stay, "--photo", str(file), "--force").code == 0
        actions = [each["action"] for each in keeping("log", "--json").json["entries"]]
        assert actions.count("photo_written") == 2
        assert keeping("checkout", stay).code == keeping("purge", "--guest", stay, "--yes").code == 0
        erased = keeping("show", stay, "--photo", str(tmp_path / "a.jpg"))
        assert (erased.code, "erased" in erased.err, (tmp_path / "a.jpg").exists()) == (65, True, False)
