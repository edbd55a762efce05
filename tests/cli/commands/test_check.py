"""`apoa check`: errors of a document, corrections, documents from pictures, and what the authority would say."""

import subprocess
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import (
    COMMAND,
    GUESTS,
    LANGUAGES,
    NOWHERE,
    QUENTIN,
    XIMENA,
    Apoa,
    Guest,
    assert_sanitized,
)
from passport_helpers import TOO_DARK, answer_with, reading
from screens import Screens

from apoa_client.messages import msg
from apoa_client.passport.compose import compose
from apoa_client.passport.dates import PartialDate
from apoa_client.sandbox import decisions
from apoa_client.sandbox.server import SandboxServer
from apoa_client.sandbox.validation import Violation
from apoa_client.scan.photo_reading import PhotoReading, PictureRefused

FIRST, SECOND = QUENTIN.lines


WRONG = SECOND[:19] + "0" + SECOND[20:]
"""The second line with a wrong check digit of the date of birth."""


BELGIAN = ("IDBEL592211692<1741<<<<<<<<<<<", "9003107F2509301BEL900310244094", "SPECIMEN<<SPECIMEN<<<<<<<<<<<<")


BORN = PartialDate(1983, 8, 12)
MUELLER = Guest("MUELLER", "JOERG", "L01XPVM8J", "", "D", birth_date=BORN).details._replace(document_type="I")


def mrz_arguments(*lines: str) -> list[str]:
    """Return the arguments that check these MRZ lines."""
    return ["check", *(part for line in lines for part in ("--mrz", line))]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(apoa: Apoa, screens: Screens, lang: str) -> None:
    """Documents that are right, wrong, expired, of every kind, typed, or no documents at all."""
    expired = replace(QUENTIN, expiry_date=date(2026, 11, 23)).lines
    french = ("IDFRASIMON<<<<<<<<<<<<<<<<<<<<<<<<<<", "5008003456780PAUL<<<<<<<<<<7503201M6")
    visa = ("VNUSAHAPPY<<TRAVELER<<<<<<<<<<<<<<<<<<<<<<<<", "0000000<<0CYP0001018M1601231B2NCS00E0F060308")
    nameless, unread = replace(QUENTIN, given_names="", birth_date=PartialDate(1974)).lines
    for lines in (
        *((FIRST, SECOND), (FIRST, WRONG), compose("TD1", MUELLER), visa, french, (FIRST, SECOND.replace("1", "I", 1))),
        *((FIRST.replace("QUENTIN", "QUEN7IN"), SECOND), (FIRST.replace("ZYKOWSKI", "ZYK0WSKI"), SECOND)),
        *((FIRST.replace("P<POL", "P<P0L"), SECOND), (FIRST[:-1], SECOND), (FIRST + "<", SECOND)),
        *((FIRST.rstrip("<").ljust(44, "K"), SECOND), (nameless, unread[:13] + "7O<<<<" + unread[19:])),
        *((FIRST, SECOND[:-1] + str((int(SECOND[-1]) + 1) % 10)), (FIRST.replace("K", "*"), SECOND)),
    ):
        screens(apoa, *mrz_arguments(*lines), lang=lang)
    text = "\n\n".join("\n".join(lines) for lines in ((FIRST, SECOND), expired, (FIRST, WRONG)))
    screens(apoa, "check", stdin=text, lang=lang)
    screens(apoa, "check", stdin=" ".join("".join(BELGIAN).lower()), lang=lang)
    screens(apoa, *mrz_arguments(FIRST, WRONG), "--birth-date", "1984", "--birth-place", "Gdansk", lang=lang)
    screens(apoa, "check", "--surname", "Smith", "--nationality", "Jermann", "--birth-date", "2030-01-01", lang=lang)
    screens(apoa, *mrz_arguments("-", FIRST), lang=lang)
    screens(apoa, "check", keys=[FIRST, "?", SECOND], lang=lang)
    screens(apoa, "check", keys=[""], lang=lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_kind_screens(apoa: Apoa, screens: Screens, lang: str) -> None:
    """Every kind of passport in words, and a last line that never says more than is true."""
    kinds = "P-POL PP-POL PD-POL PO-POL PS-POL PE-POL PT-POL PR-POL PL-POL P-UNO PD-EUE"
    documents: list[dict[str, Any]] = [
        dict(zip(("document_type", "issuing_state"), each.split("-"), strict=True)) for each in kinds.split()
    ]
    documents += [{"nationality": "IDN", "issuing_state": "IDN"}, {"expiry_date": date(2027, 1, 25)}]
    documents.append({"expiry_date": date(2027, 1, 25), "nationality": "AUS"})
    for details in documents:
        lines = compose("TD3", QUENTIN.details._replace(**details))
        said = screens(apoa, *mrz_arguments(*lines), lang=lang)
        assert said.code == 0


class TestWithoutSetUp:
    """`apoa check` works before the setup."""

    def test_broken_settings_are_ignored(self, away: Apoa) -> None:
        """Broken settings do not stop a check, but an unknown property in --property is an error."""
        assert away("--property", "nosuch", *mrz_arguments(FIRST, SECOND)).code == 78
        (away.home / "config.toml").write_text("[property.melati", encoding="utf-8")
        assert away(*mrz_arguments(FIRST, SECOND)).code == 0

    def test_today_is_in_the_time_zone_of_the_property(self, apoa: Apoa) -> None:
        """Today is the date in the time zone of the property, or in Jakarta without a property."""
        apoa.clock.forward(timedelta(hours=3))
        today = ["check", "--expiry-date", "2026-11-24", "--json"]
        assert [warning["code"] for warning in apoa(*today).json["warnings"]] == ["implausible"]
        apoa.set_up(NOWHERE, "--timezone", "WIT")
        assert [warning["code"] for warning in apoa(*today).json["warnings"]] == ["expired"]


class TestJson:
    """The JSON output is one document on stdout for every input."""

    def test_valid_passport(self, apoa: Apoa) -> None:
        """The document of a valid passport has the guest and the state of each field; no file is created."""
        result = apoa(*mrz_arguments(FIRST, SECOND), "--json")
        assert (result.code, result.err) == (0, "")
        value = result.json
        assert (value["valid"], value["format"], value["errors"], value["suggestions"]) == (True, "TD3", [], [])
        assert value["guest"]["document"]["mrz"] == [FIRST, SECOND]
        assert (value["guest"]["birth_place"], value["fields"]["document_number"]) == (None, "ok")
        assert value["fields"]["names"] == "unprotected"
        assert not apoa.home.exists()

    def test_suggestion_makes_the_line_valid(self, apoa: Apoa) -> None:
        """A suggestion makes the line valid, and its line and position count from 1."""
        wrong = SECOND[:14] + "6" + SECOND[15:]
        result = apoa(*mrz_arguments(FIRST, wrong), "--json")
        assert result.code == 65
        value = result.json
        [error] = value["errors"]
        assert (error["field"], error["code"]) == ("guest.birth_date", "check_digit")
        assert error["suggestion"] == value["suggestions"][0]["value"]
        corrected = []
        for suggestion in value["suggestions"]:
            start = suggestion["position"] - 1
            assert wrong[start : start + len(suggestion["old"])] == suggestion["old"]
            corrected.append(wrong[:start] + suggestion["new"] + wrong[start + len(suggestion["old"]) :])
        assert SECOND in corrected
        assert all(apoa(*mrz_arguments(FIRST, line)).code == 0 for line in corrected)

    def test_several_documents_are_a_list(self, apoa: Apoa) -> None:
        """Several documents are a list in input order, and one invalid document makes the exit code 65."""
        text = "\n\n".join("\n".join(guest.lines) for guest in GUESTS)
        result = apoa("check", "--mrz", "-", "--json", stdin=text)
        assert result.code == 0
        assert [value["guest"]["surname"] for value in result.json["results"]] == [guest.surname for guest in GUESTS]
        result = apoa("check", "--json", stdin=f"{text}\n\n{FIRST}\n{WRONG}\n")
        assert result.code == 65
        assert [value["valid"] for value in result.json["results"]] == [True, True, True, False]


def test_control_characters(apoa: Apoa) -> None:
    """Control characters in lines or details do not reach the output."""
    evil = "A\x1b[2J\x1b]0;owned\x07\u202eB\u2066C\u200bD\x9b31mE\rF\nG"
    evil_line = evil.ljust(44, "<")[:44]
    for arguments in (mrz_arguments(evil, evil), mrz_arguments(evil_line, SECOND), ["check", "--surname", evil]):
        result = apoa(*arguments)
        assert result.code == 65
        assert_sanitized(result.all)


class TestInput:
    """Input from options, a pipe or a reader."""

    def test_details_with_standard_input(self, apoa: Apoa) -> None:
        """Typed details are accepted for one document, and are a usage error for several documents."""
        assert apoa("check", "--mrz", "-", "--birth-place", "X", stdin=f"{FIRST}\n{SECOND}").code == 0
        result = apoa("check", "--mrz", "-", "--birth-place", "X", stdin=f"{FIRST}\n{SECOND}\n\n{FIRST}\n{SECOND}")
        assert (result.code, result.out) == (2, "")
        assert "one guest's" in result.err

    def test_binary_input(self, apoa: Apoa) -> None:
        """Binary input exits with 65 and prints no traceback."""
        completed = subprocess.run(
            [*COMMAND, "check"],
            input=b"\xff\xfe\x00P<UTO\x80\n" + FIRST.encode() + b"\n",
            env=apoa.environ | {"PATH": "", "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert completed.returncode == 65
        assert completed.stderr == b""


def test_no_questions_with_details_or_json(apoa: Apoa) -> None:
    """With typed details or --json the command asks no question."""
    assert apoa("check", "--surname", "Smith", keys=[]).code == 0
    result = apoa("check", "--json", keys=[])
    assert (result.code, result.err) == (65, "")
    assert result.json["errors"][0]["code"] == "missing"


UNSURE = reading(QUENTIN.lines, ((0, 5), (1, 3), (1, 4), (1, 5)), hint=TOO_DARK)


SURE = reading(XIMENA.lines)


NO_PICTURE = PictureRefused(msg("The file is not a picture that can be read."))


def test_a_file_that_is_no_picture(apoa: Apoa, tmp_path: Path) -> None:
    """An empty, a broken or a missing file, or a folder, ends the check with an error and what to do."""
    for name, content in (("empty.jpg", b""), ("broken.jpg", b"\xff\xd8\xff\xe0" + b"\0" * 50)):
        (tmp_path / name).write_bytes(content)
    again = "Take a photo of the whole passport page, as JPEG or PNG, and try it again."
    path = "Check the path, and that this user may read the file."
    for name, advice in {"empty.jpg": again, "broken.jpg": again, "missing.jpg": path, ".": path}.items():
        error = apoa("check", "--photo", str(tmp_path / name), "--json").json["error"]
        assert (error["class"], error["advice"]) == ("picture_refused", advice), name
    result = apoa("check", "--photo", str(tmp_path / name))
    assert (result.code, result.out, result.err.splitlines()[1:]) == (65, "", [path])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_photo_screens(apoa: Apoa, screens: Screens, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
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


def test_typed_details_join_those_of_the_photo(apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with lines, a typed detail that differs from the photo's is a conflict."""
    answer_with(monkeypatch, {"x.jpg": SURE})
    value = apoa("check", "--photo", "x.jpg", "--surname", "OTHER", "--json").json
    assert "conflict" in [each["code"] for each in value["warnings"]]


def test_one_bad_photo_stops_no_other(apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an element of the list, and makes the exit code 65."""
    photos: dict[str, PhotoReading | Exception] = {"a.png": SURE, "b.JPG": UNSURE, "c.jpeg": NO_PICTURE}
    answer_with(monkeypatch, photos)
    result = apoa("check", *(word for name in photos for word in ("--photo", name)), "--json")
    assert result.code == 65
    found = [each["photo"] for each in result.json["results"]]
    assert [Path(photo["file"]).name for photo in found] == [*photos]
    assert [photo["error"] and photo["error"]["class"] for photo in found] == [None, None, "picture_refused"]
    assert [each["valid"] for each in result.json["results"]] == [True, True, False]


CHECK = ["check", *QUENTIN.mrz()[1:5], "--birth-place", "GDANSK", "--online"]


def refuse_each_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the authority a rule that the client does not know."""
    rule = Violation("stay.room", "no_such_room", "There is no such room.")
    monkeypatch.setattr(decisions, "rule_violations", lambda *_report: (rule,))


class TestADryRun:
    """It asks the authority where it can be reached."""

    def test_a_report_that_would_be_accepted(self, configured: Apoa) -> None:
        """Nothing is saved, here and there."""
        nothing: dict[str, list[str]] = {"errors": [], "warnings": [], "missing": []}
        online = configured(*QUENTIN.mrz("--dry-run", "--json")).json["online"]
        assert online == {"asked": True, "status": "accepted", "error": None, **nothing}
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
        """That is no error of a dry run."""
        dry = away(*QUENTIN.mrz("--dry-run", "--json"))
        assert (dry.code, dry.json["online"]["asked"], dry.json["online"]["error"]["class"]) == (0, False, "offline")

    def test_after_the_review_card(self, configured: Apoa) -> None:
        """Of each guest of the group, with the name."""
        keys = [*QUENTIN.lines, "GDANSK", "B1", "2", "7", "+", *XIMENA.lines, "ZARAGOZA", "B1", "", ""]
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
