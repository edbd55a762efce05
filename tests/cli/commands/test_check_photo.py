"""`apoa check --photo` and `--online`: documents from pictures, and what the authority would say of a guest."""

from pathlib import Path
from typing import Any

import pytest
from cli_helpers import LANGUAGES, QUENTIN, XIMENA, Apoa
from passport_helpers import TOO_DARK, answer_with, reading
from screens import Screens

from apoa_client.messages import msg
from apoa_client.sandbox import decisions
from apoa_client.sandbox.server import SandboxServer
from apoa_client.sandbox.validation import Violation
from apoa_client.scan.photo_reading import PhotoReading, PictureRefused

DOUBTS = ((0, 5), (1, 3), (1, 4), (1, 5))
UNSURE = reading(QUENTIN.lines, DOUBTS, hint=TOO_DARK)
SURE = reading(XIMENA.lines)
NO_PICTURE = PictureRefused(msg("The file is not a picture that can be read."))


def photo_of(value: dict[str, Any]) -> dict[str, Any]:
    photo: dict[str, Any] = value["photo"]
    return photo


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


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(apoa: Apoa, screens: Screens, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    """A sure reading, a doubtful one, none, and several photos; for a screen reader without marks."""
    photos: dict[str, PhotoReading | Exception] = {
        "q.jpg": UNSURE,
        "x.jpg": SURE,
        "wall.jpg": reading(()),
        "c.jpeg": NO_PICTURE,
    }
    answer_with(monkeypatch, photos)
    for name in photos:
        screens(apoa, "check", "--photo", name, lang=lang)
    screens(apoa, "--plain", "check", "--photo", "q.jpg", lang=lang)
    screens(apoa, "check", "--photo", "q.jpg", "--photo", "x.jpg", lang=lang)


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


def test_typed_details_join_those_of_the_photo(apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with lines, a typed detail that differs from the photo's is a conflict."""
    answer_with(monkeypatch, {"x.jpg": SURE})
    value = apoa("check", "--photo", "x.jpg", "--surname", "OTHER", "--json").json
    assert "conflict" in [each["code"] for each in value["warnings"]]


PAGE = ["GDANSK", "B1", "2", "7"]
CHECK = ["check", *QUENTIN.mrz()[1:5], "--birth-place", "GDANSK", "--online"]
NOT_ASKED: dict[str, Any] = {"asked": False, "status": None, "errors": [], "warnings": [], "missing": [], "error": None}
ASKED = {**NOT_ASKED, "asked": True, "status": "accepted"}


def online(apoa: Apoa, *arguments: str) -> Any:
    """Return the member `online` of a command's JSON document."""
    return apoa(*arguments, "--json").json["online"]


def refuse_each_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the authority a rule that the client does not know."""
    rule = Violation("stay.room", "no_such_room", "There is no such room.")
    monkeypatch.setattr(decisions, "rule_violations", lambda *_report: (rule,))


class TestADryRun:
    """It asks the authority where it can be reached."""

    def test_a_report_that_would_be_accepted(self, configured: Apoa) -> None:
        """Nothing is saved, here and there."""
        assert online(configured, *QUENTIN.mrz("--dry-run")) == ASKED
        assert configured.reports() == []
        assert configured.send(QUENTIN)["state"] == "accepted"
        assert configured.reports()[0]["last_error"] is None

    def test_a_report_that_would_be_refused(self, configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """With the authority's words and codes; the exit code is that of a refused report."""
        refuse_each_room(monkeypatch)
        said = configured(*QUENTIN.mrz("--dry-run", "--json"))
        value = said.json["online"]
        assert (said.code, value["asked"], value["status"]) == (65, True, "rejected")
        assert [(each["field"], each["code"]) for each in value["errors"]] == [("stay.room", "no_such_room")]
        checked = configured(*CHECK, "--json")
        assert (checked.code, checked.json["valid"], checked.json["online"]["status"]) == (65, True, "rejected")

    def test_offline(self, away: Apoa) -> None:
        """No error of a dry run; a check that asked for it exits with 75, and the document is checked all the same."""
        dry = away(*QUENTIN.mrz("--dry-run", "--json"))
        assert (dry.code, dry.json["online"]["asked"], dry.json["online"]["error"]["class"]) == (0, False, "offline")
        said = away(*CHECK)
        assert (said.code, QUENTIN.surname in said.out) == (75, True)

    def test_after_the_review_card(self, configured: Apoa) -> None:
        """Of each guest of the group, with the name."""
        keys = [*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, "ZARAGOZA", "B1", "", ""]
        said = configured("report", "--dry-run", keys=keys)
        assert said.code == 0, said.all
        assert said.err.count("The authority would accept this report.") == 2
        assert f"{XIMENA.name}\nThe authority would accept this report." in said.err
        assert configured.reports() == []


class TestACheckOnline:
    """`apoa check --online`: the document, as if the guest arrived now for one night."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_online_screens(self, configured: Apoa, screens: Screens, authority: SandboxServer, lang: str) -> None:
        """What the authority would say, what is missing, and that it was not asked."""
        screens(configured, *CHECK, lang=lang)
        screens(configured, "check", *QUENTIN.mrz()[1:5], "--online", lang=lang)
        with configured.monkeypatch.context() as patch:
            refuse_each_room(patch)
            screens(configured, *QUENTIN.mrz("--dry-run"), lang=lang)
        authority.stop()
        screens(configured, *CHECK, lang=lang)
        screens(configured, *QUENTIN.mrz("--dry-run"), lang=lang)

    def test_an_invalid_document_is_not_sent(self, configured: Apoa) -> None:
        """It is corrected first."""
        first, second = QUENTIN.lines
        wrong = ["--mrz", first, "--mrz", second.replace("ZX1234567", "ZX1234568")]
        said = configured("check", *wrong, "--birth-place", "GDANSK", "--online", "--json")
        assert (said.code, said.json["online"]) == (65, None)

    def test_several_documents(self, configured: Apoa) -> None:
        """Each has its answer."""
        lines = "\n\n".join("\n".join(guest.lines) for guest in (QUENTIN, XIMENA))
        found = configured("check", "--mrz", "-", "--online", "--json", stdin=lines).json["results"]
        assert [each["online"]["missing"] for each in found] == [["guest.birth_place"]] * 2
        assert configured("check", "--mrz", "-", "--online", stdin=lines).out.count("Place of birth") >= 2

    def test_without_a_property(self, apoa: Apoa) -> None:
        """There is no authority to ask: set one up."""
        said = apoa(*CHECK)
        assert (said.code, "apoa setup" in said.err) == (78, True)

    def test_check_alone_makes_no_call(self, away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not even to look up a name."""
        monkeypatch.setattr("socket.socket.connect", lambda *_call: pytest.fail("a call"))
        said = away(*CHECK[:-1], "--json")
        assert (said.code, "online" in said.json) == (0, False)
