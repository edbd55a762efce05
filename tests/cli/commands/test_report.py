"""`apoa report` by options, from standard input, a file or a folder of photos, and of a guest of before."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cli_helpers import LANGUAGES, OBADIAH, QUENTIN, XIMENA, Apoa, CallResult, Serve
from passport_helpers import answer_with, reading
from screens import Screens

from apoa_client.cli.commands.report_photos import NewFiles
from apoa_client.cli.views.findings import EMPTY_REPORT
from apoa_client.messages import msg
from apoa_client.scan.photo_reading import PhotoReading, PictureRefused


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(apoa: Apoa, screens: Screens, serve: Serve, lang: str) -> None:
    """What the desk sees: each verdict, a line that is down, warnings, what is missing, and the guest again."""
    server = serve("ok,pending,duplicate,reject,ok*9")
    assert apoa.set_up(server.base_url).code == 0
    screens(apoa, *QUENTIN.mrz("--dry-run"), lang=lang)
    for number in range(4):
        screens(apoa, *replace(QUENTIN, number=f"ZX{number:07}").typed(), lang=lang)
    child = ["--birth-date", "2015-03-01", "--expiry-date", "2026-11-25", "--check-in", "2026-11-22T12:00"]
    screens(apoa, *XIMENA.typed(*child), lang=lang)
    screens(apoa, *XIMENA.typed("--nights", "8"), lang=lang)
    screens(apoa, *XIMENA.typed("--nights", "8"), keys=[""], lang=lang)
    server.stop()
    screens(apoa, *OBADIAH.mrz("--given-names", "OBE"), lang=lang)
    screens(apoa, "report", lang=lang)
    screens(apoa, *QUENTIN.typed("--nationality", "Polland"), lang=lang)
    screens(apoa, *QUENTIN.typed("--nationality", "Indonesia"), lang=lang)
    screens(apoa, *OBADIAH.mrz("--again", "--entry-date", "2026-11-20"), keys=["?", "n"], lang=lang)
    screens(apoa, *OBADIAH.mrz("--again", "--no-send"), keys=[], lang=lang)


def test_every_option_reaches_the_report(away: Apoa) -> None:
    """Every option of a typed guest, with the words that staff use, is in the report."""
    given = {
        "surname": "Muñoz",
        "given-names": "Zoë",
        "document-number": "ab 12-04976",
        "sex": "perempuan",
        "nationality": "Spanyol",
        "issuing-state": "swe",
        "birth-date": "29/02/1992",
        "expiry-date": "30/03/2030",
        "birth-place": "-",
        "check-in": "2026-11-24T19:50",
        "planned-check-out": "27/11/2026",
        "room": "Melati 7",
        "purpose": "bisnis",
        "stay-permit": "B1",
        "stay-permit-number": "X9",
        "stay-until": "2026-12-20",
        "entry-date": "2026-11-21",
        "phone": "+34 91 1234567",
        "email": "zoe@example.com",
        "note": "datang malam",
    }
    options = [f"--{name}={value}" for name, value in given.items()]
    result = away("report", *options, "--yes", "--no-send", "--json")
    assert result.code == 0, result.err
    value = result.json
    assert value["guest"] == {
        "surname": "MUÑOZ",
        "given_names": "ZOË",
        "sex": "F",
        "birth_date": "1992-02-29",
        "birth_place": "-",
        "nationality": "ESP",
        "document": {
            "type": "P",
            "number": "AB1204976",
            "issuing_state": "SWE",
            "expiry_date": "2030-03-30",
            "mrz": None,
        },
        "stay_permit": {"code": "B1", "number": "X9", "valid_until": "2026-12-20", "entry_date": "2026-11-21"},
        "phone": "+34 91 1234567",
        "email": "zoe@example.com",
    }
    assert value["stay"] == {
        "check_in": "2026-11-24T19:50:00+07:00",
        "planned_check_out": "2026-11-27",
        "room": "Melati 7",
        "purpose": "business",
        "note": "datang malam",
    }
    assert [warning["code"] for warning in value["warnings"]] == ["implausible"]


def test_an_option_overrides_the_mrz_with_a_warning(away: Apoa) -> None:
    """A value given as an option replaces the value of the MRZ, and the report keeps a warning of the conflict."""
    result = away(*QUENTIN.mrz("--given-names", "Kwentin", "--no-send", "--json"))
    assert result.code == 0
    assert result.json["guest"]["given_names"] == "KWENTIN"
    [warning] = result.json["warnings"]
    assert (warning["field"], warning["code"]) == ("guest.given_names", "conflict")
    [kept] = away.reports()
    assert kept["warnings"] == result.json["warnings"]
    assert warning["message"] in result.err


def test_a_dry_run_saves_nothing(away: Apoa) -> None:
    """A dry run shows the whole report and saves nothing; an invalid report exits with 65."""
    result = away(*QUENTIN.mrz("--dry-run"))
    assert (result.code, QUENTIN.surname in result.err) == (0, True)
    value = away(*QUENTIN.mrz("--dry-run", "--json")).json
    assert (value["id"], value["state"], value["kind"]) == (None, None, "check_in")
    assert value["guest"]["surname"] == QUENTIN.surname
    first, second = QUENTIN.lines
    wrong = second[:-1] + str((int(second[-1]) + 1) % 10)
    assert away("report", "--mrz", first, "--mrz", wrong, "--dry-run").code == 65
    assert away.reports() == []


@pytest.mark.parametrize("source", [[], ["--mrz", "-"]], ids=["no options", "empty input"])
def test_a_refused_report_has_the_form_of_a_report(away: Apoa, source: list[str]) -> None:
    """Without a terminal all missing fields are listed at once; in JSON the report that was not saved has no id."""
    result = away("report", *source, "--json")
    assert result.code == 65
    assert {key: value for key, value in result.json.items() if key not in {"errors", "warnings"}} == EMPTY_REPORT
    assert [error["code"] for error in result.json["errors"]] == ["missing"] * 8
    assert away("report", "--json", keys=[]).code == 65  # it asks nothing
    plain = away("report")
    assert (plain.code, plain.out) == (65, "")
    assert all(error["message"] in plain.err for error in result.json["errors"])
    assert away.reports() == []


def test_a_duplicate_needs_again(away: Apoa) -> None:
    """Without `--again` the command exits with 65, saves nothing, and names the first report; no key is needed."""
    first = away.save(QUENTIN, "--nights", "8")
    away.delete_key()
    result = away(*QUENTIN.mrz("--json", "--stay-permit", ""))
    assert result.code == 65
    assert EMPTY_REPORT.items() <= result.json.items()
    [error] = result.json["errors"]
    assert (error["field"], error["code"]) == ("guest.document.number", "duplicate")
    assert (first["short_id"] in error["message"], "24 Nov 2026 to 2 Dec 2026" in error["message"]) == (True, True)
    assert [warning["code"] for warning in result.json["warnings"]] == ["missing"]
    plain = away(*QUENTIN.mrz("--no-send"))
    assert (plain.code, plain.out, [word for word in QUENTIN.words if word in plain.err]) == (65, "", [])
    assert len(away.reports()) == 1


def test_with_again(configured: Apoa) -> None:
    """With `--again` the report is saved as a new stay, is sent, and keeps the warning."""
    first = configured(*QUENTIN.mrz("--json")).json
    result = configured(*QUENTIN.mrz("--json", "--again"))
    assert result.code == 0, result.err
    assert result.json["stay_id"] != first["stay_id"]
    [warning] = result.json["warnings"][:1]
    assert (warning["field"], warning["code"]) == ("guest.document.number", "duplicate")
    assert warning["message"] in result.err
    assert [w["code"] for w in configured.reports()[1]["warnings"]][:1] == ["duplicate"]


@pytest.mark.parametrize(("options", "answer", "saved"), [([], "", 1), ([], "y", 2), (["--again"], "n", 1)])
def test_a_duplicate_at_a_terminal(away: Apoa, options: list[str], answer: str, saved: int) -> None:
    """The user confirms a duplicate, and Enter alone means no; with `--again` only the usual question is asked."""
    away.save()
    result = away(*QUENTIN.mrz("--no-send", *options), keys=[answer])
    assert (result.code, len(away.reports())) == (0, saved)
    assert ("Report them again?" in result.err) != ("Save and send this report?" in result.err)


ARRIVED = {
    "check_in": "2026-11-24T19:50:00+07:00",
    "planned_check_out": "2026-11-26",
    "room": "7",
    "purpose": "tourism",
}
READ: dict[str, Any] = {
    "guest": {
        "birth_place": QUENTIN.birth_place,
        "document": {"mrz": list(QUENTIN.lines)},
        "stay_permit": {"code": "B1"},
    },
    "stay": ARRIVED,
}
"""A guest from a passport reader: the lines, and what they do not say."""


def test_standard_input(configured: Apoa) -> None:
    """One report is read, checked and sent; its guest and stay are those that were given.

    What a report prints as JSON is read, too.
    """
    given = {**READ, "guest": {**READ["guest"], "stay_permit": {"code": "B1", "valid_until": "2026-12-20"}}}
    said = configured("report", "--input", "-", "--json", stdin=json.dumps(given))
    assert (said.code, said.json["state"]) == (0, "accepted"), said.err
    assert said.json["guest"]["birth_place"] == QUENTIN.birth_place
    assert said.json["stay"] == {**ARRIVED, "note": None}
    typed = {"guest": said.json["guest"], "stay": said.json["stay"]}
    typed["guest"]["document"] |= {"number": "ZX7654321", "mrz": None}
    again = configured("report", "--input", "-", "--json", stdin=json.dumps(typed))
    assert (again.code, again.json["state"]) == (0, "accepted"), again.err
    assert (again.json["guest"], again.json["stay"]) == (typed["guest"], typed["stay"])


@pytest.mark.parametrize("text", ["", "P<GBR", "{", "[" * 100_000, '{"a": ' + "9" * 5000 + "}"])
def test_no_json(away: Apoa, text: str) -> None:
    """What is no JSON is refused, without a word of it."""
    said = away("report", "--input", "-", stdin=text)
    assert (said.code, said.out, "P<GBR" in said.err) == (65, "", False)


def test_no_readable_file(away: Apoa, tmp_path: Path) -> None:
    """One that cannot be read is named; one that is too large is refused. Two sources of lines are a usage error."""
    said = away("report", "--input", str(tmp_path / "gone.json"))
    assert (said.code, "gone.json" in said.err) == (65, True)
    too_much = json.dumps({**READ, "note": "x" * 1000000})
    file = tmp_path / "large.json"
    file.write_text(too_much)
    assert away("report", "--input", str(file)).code == away("report", "--input", "-", stdin=too_much).code == 65
    assert away("report", "--input", "-", "--mrz", QUENTIN.lines[0], stdin=json.dumps(READ)).code == 2


def test_a_file_at_a_terminal(away: Apoa, tmp_path: Path) -> None:
    """The report is shown, what is missing is asked for, and nothing is saved without a yes, or with `--yes`."""
    file = tmp_path / "guest.json"
    file.write_text(json.dumps({"guest": READ["guest"]}), encoding="utf-16")  # as programs of Windows write it
    said = away("report", "--input", str(file), "--no-send", keys=["2", "y"])
    assert said.code == 0, said.err
    assert "Save and send this report?" in said.err
    assert away(*XIMENA.mrz("--yes", "--no-send"), keys=[]).code == 0  # nothing is asked
    assert surnames(away) == [QUENTIN.surname, XIMENA.surname]


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
def test_folder_screens(phone: Phone, screens: Screens, lang: str) -> None:
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
    ("options", "keys"), [((), None), (("--json",), []), (("--photo", "1.jpg"), []), (("--surname", "SMITH"), [])]
)
def test_usage_errors(phone: Phone, options: tuple[str, ...], keys: list[str] | None) -> None:
    """Without a terminal nothing is waited for; the photos have the guests' details; the folder must exist."""
    assert phone(*options, keys=keys).code == 2
    phone.folder.rmdir()
    assert phone(keys=[]).code == 2
