"""The guests of a night: `apoa list --in-house` and `--day`, and `apoa status --tonight` for the next shift."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import click
import pytest
from cli_helpers import (
    LANGUAGES,
    OBADIAH,
    PRIVATE,
    QUENTIN,
    XIMENA,
    Apoa,
    Guest,
    OpenContents,
    Serve,
)
from screens import Screens

from apoa_client.app.container import Container
from apoa_client.cli.commands import status_tonight

DAY = timedelta(days=1)


@pytest.fixture
def inn(away: Apoa) -> Apoa:
    """On 24 November: a guest who was to leave yesterday, one who leaves today, one who stays, and one who left."""
    away.clock.forward(-2 * DAY)
    away.save(QUENTIN, "--room", "Melati 7", "--nights", "1")
    left = away.save(replace(QUENTIN, number="ZX7654321", surname="GONE"), "--room", "9", "--nights", "7")
    away.clock.forward(DAY)
    away.save(XIMENA, "--room", "8", "--nights", "1")
    assert away("checkout", left["id"], "--no-send").code == 0
    away.clock.forward(DAY)
    away.save(OBADIAH, "--room", "8", "--nights", "40")
    return away


def names(apoa: Apoa, *options: str) -> list[str]:
    said = apoa("list", "--json", *options)
    assert said.code == 0, said.err
    return [report["guest"]["surname"] for report in said.json["reports"]]


ALL = [QUENTIN.surname, XIMENA.surname, OBADIAH.surname]


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_guests_are_opened_one_after_the_other(inn: Apoa, monkeypatch: pytest.MonkeyPatch, options: list[str]) -> None:
    """Each guest is opened once, and shown before the one after the next is opened."""
    for number in range(10, 16):
        inn.save(QUENTIN, "--again", "--room", str(number))
    contents = OpenContents(monkeypatch)
    assert inn("list", "--in-house", *options).code == 0
    assert len(contents.opened) == len(set(contents.opened)) == 9
    assert contents.most <= 3


def test_a_damaged_row(inn: Apoa) -> None:
    """The guests who can be read are shown, with exit 78 and the damage."""
    inn.change_database("UPDATE reports SET attempts = 'many' WHERE seq = 1")
    said = inn("list", "--in-house", "--json")
    assert said.code == 78
    assert [report["guest"]["surname"] for report in said.json["reports"]] == [XIMENA.surname, OBADIAH.surname]
    assert "outbox.db" in said.err


def test_as_json(inn: Apoa) -> None:
    """Returns the current report of each stay, in the form of `list --json`."""
    said = inn("list", "--in-house", "--json")
    assert list(said.json) == ["reports"]
    for value in said.json["reports"]:
        assert value in inn.reports()
    amended = said.json["reports"][0]
    inn("amend", amended["id"], "--room", "10", "--no-send")
    [now] = inn("list", "--in-house", "--guest", "zyk", "--json").json["reports"]
    assert (now["stay_id"], now["stay"]["room"]) == (amended["stay_id"], "10")


def test_search_options(inn: Apoa) -> None:
    """Options for room, guest, nationality and state restrict the list; several options must all match."""
    assert names(inn, "--in-house") == ALL
    assert names(inn, "--in-house", "--room", "8") == [XIMENA.surname, OBADIAH.surname]
    assert names(inn, "--in-house", "--room", " melati  7 ") == [QUENTIN.surname]
    assert names(inn, "--in-house", "--nationality", "Britania Raya") == [OBADIAH.surname]
    assert names(inn, "--in-house", "--nationality", "gb", "--room", "Melati 7") == []
    assert names(inn, "--in-house", "--guest", XIMENA.number.lower()) == [XIMENA.surname]
    assert names(inn, "--in-house", "--state", "queued") == ALL
    assert names(inn, "--in-house", "--state", "accepted", "--state", "rejected") == []


def test_a_night(inn: Apoa) -> None:
    """Lists stays with this reported night, also after check-out; the day of departure is not a night."""
    assert names(inn, "--day", "2026-11-21") == []
    assert names(inn, "--day", "22/11/2026") == [QUENTIN.surname, "GONE"]
    assert names(inn, "--day", "2026-11-23") == [XIMENA.surname]
    assert names(inn, "--day", "2026-11-24") == [OBADIAH.surname]
    assert names(inn, "--day", "kemarin") == names(inn, "--day", "23 nov") == [XIMENA.surname]
    assert names(inn, "--day", "2/1") == [OBADIAH.surname]  # over New Year
    assert names(inn, "--day", "2027-01-02") == [OBADIAH.surname]
    assert names(inn, "--day", "2027-01-03") == []
    assert names(inn, "--day", "2026-11-22", "--in-house") == [QUENTIN.surname]
    assert names(inn, "--day", "2026-11-22", "--room", "9") == ["GONE"]
    assert names(inn, "--day", "2026-11-22", "--in-house", "--room", "9") == []


def test_a_cancelled_stay_is_on_no_night(configured: Apoa) -> None:
    """A cancelled stay is in no list of guests."""
    report = configured(*QUENTIN.mrz("--json")).json
    assert names(configured, "--in-house") == names(configured, "--day", "2026-11-24") == [QUENTIN.surname]
    assert configured("cancel", report["id"], "--reason", "salah tamu", "--yes").code == 0
    assert names(configured, "--in-house") == names(configured, "--day", "2026-11-24") == []


@pytest.mark.parametrize("lang", LANGUAGES)
class TestScreen:
    """The lists on the screen, as recorded."""

    def test_the_list(self, inn: Apoa, screens: Screens, lang: str) -> None:
        """Who should have left is marked and first. A night has the day of departure, and another rule of choice."""
        screens(inn, "list", "--in-house", lang=lang)
        screens(inn, "list", "--day", "2026-11-22", lang=lang)
        for rest in (["--in-house", "--all"], ["--day", "2026-11-24", "--since", "2026-11-01"], ["--day", "entah"]):
            assert screens(inn, "list", *rest, lang=lang).code == 2

    def test_nobody(self, away: Apoa, screens: Screens, lang: str) -> None:
        """Users read a sentence, scripts get an empty list."""
        screens(away, "list", "--in-house", lang=lang)
        screens(away, "list", "--day", "2026-11-24", lang=lang)
        assert away("list", "--in-house", "--room", "7", "--json", lang=lang).json == {"reports": []}

    def test_locked(self, inn: Apoa, screens: Screens, lang: str) -> None:
        """Without the key nights and states are known; a search ends with 77, an empty list would be a wrong answer."""
        inn.delete_key()
        said = screens(inn, "list", "--in-house", lang=lang)
        assert not any(word in said.all for word in PRIVATE)
        assert screens(inn, "list", "--in-house", "--room", "8", lang=lang).code == 77
        assert inn("list", "--in-house", "--state", "queued").code == 0
        reports = inn("list", "--day", "2026-11-22", "--json").json["reports"]
        assert [(report["guest"], report["sealed"]) for report in reports] == [(None, True), (None, True)]

    def test_special_guests(self, apoa: Apoa, serve: Serve, screens: Screens, lang: str) -> None:
        """A refused report, and a guest who was erased during the stay."""
        assert apoa.set_up(serve("ok,reject").base_url).code == 0
        erased = apoa.send(QUENTIN)
        assert apoa.send(XIMENA)["state"] == "rejected"
        with closing(Container(apoa.environ, apoa.clock)) as app:  # as version 0.1.0 could
            app.outbox.eraser.stay(erased["stay_id"], dry_run=False)
        assert names(apoa, "--in-house", "--state", "rejected") == [XIMENA.surname]
        assert names(apoa, "--in-house", "--room", "7") == [XIMENA.surname]
        screens(apoa, "list", "--in-house", lang=lang)


def test_a_guest_who_never_checked_out(configured: Apoa) -> None:
    """A month after the planned day the guest is not in house any more; the night still shows the stay."""
    configured(*QUENTIN.mrz())
    configured.clock.forward(timedelta(days=33))
    assert names(configured, "--in-house") == [QUENTIN.surname]
    configured.clock.forward(DAY)
    assert names(configured, "--in-house") == []
    assert names(configured, "--in-house", "--day", "2026-11-24") == []
    assert names(configured, "--day", "2026-11-24") == [QUENTIN.surname]


def test_reports_without_nights(configured: Apoa) -> None:
    """A report of an older version has no nights: dashes are shown, and the guest is in house."""
    report = configured.send(QUENTIN)
    later = configured("amend", report["id"], "--room", "9", "--reason", "pindah", "--no-send", "--json").json
    assert configured("cancel", later["id"]).code == 0
    configured.change_database("UPDATE reports SET first_night = NULL, last_morning = NULL WHERE kind = 'check_in'")
    line = configured("list", "--in-house").out.splitlines()[-1]
    assert line.split() == ["7", *QUENTIN.name.split(), "POL", "-", "-", "sent", report["short_id"]]


LISTS = ["in_house", "arrivals", "leaving", "overdue_departures", "refused", "due_by_morning"]
MORNING_AFTER = timedelta(hours=11)
"""The time from 20:00 of the fixed clock to 07:00."""


@pytest.fixture
def saved(away: Apoa) -> Callable[..., dict[str, Any]]:
    """Save a guest's check-in on a day, for a number of nights."""

    def save(guest: Guest, check_in: str = "2026-11-24T19:00", nights: int = 2, *more: str) -> dict[str, Any]:
        return away.save(guest, "--check-in", check_in, "--nights", str(nights), "--yes", *more)

    return save


def short_ids(document: dict[str, Any]) -> dict[str, list[str]]:
    return {key: [report["short_id"] for report in document[key]] for key in LISTS}


class TestDocument:
    """The document of `--json`."""

    def test_no_guests(self, away: Apoa) -> None:
        """Every key is there, without guests and without any contact."""
        said = away("status", "--tonight", "--json")
        assert (said.code, said.err) == (0, "")
        rest = {"drafts": 0, "last_contact_at": None}
        assert said.json == {"night": "2026-11-24", **{key: [] for key in LISTS}, **rest}
        assert list(said.json) == ["night", *LISTS, *rest]

    def test_each_list(self, away: Apoa, saved: Callable[..., dict[str, Any]]) -> None:
        """Each list has reports in the form of `list --json`, in the order of the rooms."""
        here = saved(QUENTIN, "2026-11-24T19:00", 2, "--room", "10")["short_id"]
        leaving = saved(XIMENA, "2026-11-23T14:00", 2, "--room", "9")["short_id"]
        forgotten = saved(OBADIAH, "2026-11-22T14:00", 1, "--room", "A1")["short_id"]
        value = away("status", "--tonight", "--json").json
        assert short_ids(value) == {
            "in_house": [leaving, here, forgotten],
            "arrivals": [here],
            "leaving": [leaving],
            "overdue_departures": [forgotten],
            "refused": [],
            "due_by_morning": [forgotten, leaving],
        }
        listed = {report["id"]: report for report in away.reports()}
        for key in LISTS:
            for report in value[key]:
                assert report == listed[report["id"]]

    def test_without_the_key(self, away: Apoa, saved: Callable[..., dict[str, Any]]) -> None:
        """Reports are sealed, stderr says what to do, and the exit code is that of the status."""
        report = saved(QUENTIN)
        away.delete_key()
        said = away("status", "--tonight", "--json")
        assert said.code == 0
        [sealed] = said.json["in_house"]
        assert (sealed["id"], sealed["guest"], sealed["sealed"]) == (report["id"], None, True)
        assert said.err.count("apoa key recover") == 1


@pytest.mark.parametrize("lang", LANGUAGES)
class TestSummary:
    """The summary on the screen, as recorded."""

    def test_a_whole_night(self, apoa: Apoa, serve: Serve, screens: Screens, lang: str) -> None:
        """Shows what must be done, guests in house with their states, arrivals, departures and overdue departures."""
        apoa.set_up(serve("ok,reject").base_url)
        apoa.send(QUENTIN)
        apoa.send(XIMENA, "--room", "12", "--yes")
        apoa.save(OBADIAH, "--check-in", "2026-11-23T14:00", "--nights", "1", "--yes")
        screens(apoa, "status", "--tonight", lang=lang)

    def test_what_waits_is_said(self, apoa: Apoa, serve: Serve, screens: Screens, lang: str) -> None:
        """Without guests nothing is to do. A report that waits, here or at the authority, is not called well."""
        apoa.set_up(serve("pending").base_url)
        screens(apoa, "status", "--tonight", lang=lang)
        apoa.save(QUENTIN)
        screens(apoa, "status", "--tonight", lang=lang)
        apoa("sync")
        assert apoa.states() == [("check_in", "pending")]
        screens(apoa, "status", "--tonight", lang=lang)

    def test_the_next_morning(
        self, away: Apoa, saved: Callable[..., dict[str, Any]], screens: Screens, lang: str
    ) -> None:
        """In the morning, shows yesterday's arrivals and the departures of this morning; a guest may have no room."""
        saved(QUENTIN, "2026-11-24T19:00", 1)
        saved(XIMENA, "2026-11-24T19:30", 1, "--room", "")
        away.clock.forward(MORNING_AFTER)
        screens(away, "status", "--tonight", lang=lang)

    def test_locked_summary(
        self, away: Apoa, saved: Callable[..., dict[str, Any]], screens: Screens, lang: str
    ) -> None:
        """Without the key ids replace names, tables have no empty columns, and how to get it is said once."""
        arrived = saved(QUENTIN)["id"]
        saved(OBADIAH, "2026-11-23T14:00", 1)
        assert away("checkout", arrived, "--yes", "--no-send").code == 0
        away.delete_key()
        said = screens(away, "status", "--tonight", lang=lang)
        assert not any(word in said.all for guest in (QUENTIN, OBADIAH) for word in guest.words)

    def test_unsettled_reports(self, apoa: Apoa, serve: Serve, screens: Screens, lang: str) -> None:
        """A pending report is shown as such; a refused check-out by its guest and kind."""
        apoa.set_up(serve("ok,reject,pending").base_url)
        left = apoa.send(XIMENA)
        apoa("checkout", left["id"], "--yes")
        apoa.send(QUENTIN, "--check-in", "2026-11-23T21:00", "--yes")
        assert sorted(apoa.states()) == [("check_in", "accepted"), ("check_in", "pending"), ("check_out", "rejected")]
        screens(apoa, "status", "--tonight", lang=lang)

    def test_typed_by_hand(self, apoa: Apoa, screens: Screens, lang: str) -> None:
        """Reports that are due, or wait, are typed instead of sent."""
        apoa("setup", "--non-interactive", "--property", "melati", "--vault", "file", "--by-hand")
        filed, due = apoa.save(QUENTIN), apoa.save(XIMENA, "--check-in", "2026-11-23T14:00", "--yes")
        assert apoa("received", filed["id"], "STT-77").code == 0
        screens(apoa, "status", "--tonight", lang=lang)
        assert apoa("received", due["id"], "STT-78").code == 0
        apoa.save(OBADIAH)
        screens(apoa, "status", "--tonight", lang=lang)

    def test_unfinished_guests(self, away: Apoa, screens: Screens, lang: str) -> None:
        """They are handed over by name; without the key by their times, and the error is shown once."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
        away("report", "--no-send", keys=["n", *XIMENA.lines, "GDANSK"])
        assert away("status", "--tonight", "--json").json["drafts"] == 2
        screens(away, "status", "--tonight", lang=lang)
        away.delete_key()
        screens(away, "status", "--tonight", lang=lang)


def test_one_screen(away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal it fits on one screen, with what must be done first, and says how much more there is."""
    for number in range(30):
        day = ["--check-in", "2026-11-23T14:00", "--nights", "1", "--yes"] if number < 10 else []
        away.save(replace(QUENTIN, number=f"ZX{number:07}"), "--room", str(number), *day)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    for columns, lines in ((80, 24), (60, 24), (80, 40), (200, 12)):
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("LINES", str(lines))
        shown = click.unstyle(away("status", "--tonight").out).splitlines()
        assert len(shown) <= max(lines - 1, 17)
        assert shown[2].startswith("Due by 25 Nov 2026 12:00 WIB: 10.")
        assert [line for line in shown if line.endswith("more: apoa list --in-house")]
        assert any("Guests in house: 30" in line for line in shown)


class TestManyReports:
    """However many reports wait, the summary opens those that it shows."""

    @pytest.fixture
    def many(self, away: Apoa) -> list[dict[str, Any]]:
        """Five guests who left long ago and whose reports still wait, and one who is in house."""
        left = []
        for number in range(5):
            days = ["--check-in", "2026-10-01T14:00", "--nights", "1", "--room", str(number), "--yes", "--again"]
            left.append(away.save(QUENTIN, *days))
            gone = ["checkout", left[-1]["id"], "--at", "2026-10-02T10:00", "--yes", "--no-send", "--json"]
            assert away(*gone).code == 0
        return [*left, away.save(XIMENA)]

    def test_the_document(self, away: Apoa, many: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
        """Each report of the document is opened once, and few are held at once."""
        contents = OpenContents(monkeypatch)
        value = away("status", "--tonight", "--json").json
        assert [report["id"] for report in value["due_by_morning"]] == [report["id"] for report in many[:-1]]
        assert sorted(contents.opened) == sorted(report["id"] for report in many)
        assert contents.most <= 3

    def test_the_screen(self, away: Apoa, many: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
        """Shows the first ones of those that are due, and how many more there are."""
        monkeypatch.setattr(status_tonight, "MAX_SHOWN", 3)
        contents = OpenContents(monkeypatch)
        lines = away("status", "--tonight").out.splitlines()
        assert sorted(contents.opened) == sorted(report["id"] for report in [*many[:3], many[-1]])
        assert "Due by 25 Nov 2026 12:00 WIB: 5. Send them: apoa sync" in lines
        assert "  ... and 2 more: apoa list" in lines

    def test_damage(self, away: Apoa, many: list[dict[str, Any]]) -> None:
        """The document has what can be read, and the exit code is that of a damaged outbox."""
        assert many
        away.change_database("UPDATE reports SET attempts = 'many' WHERE seq = 1")
        said = away("status", "--tonight", "--json")
        assert (said.code, len(said.json["due_by_morning"])) == (78, 4)
        assert "outbox.db" in said.err


def test_a_changed_record_is_an_error_and_the_rest_is_shown(away: Apoa) -> None:
    """Its guest is shown by the id, the others by their names."""
    broken, whole = away.save(QUENTIN), away.save(XIMENA)
    away.change_database("UPDATE reports SET content = zeroblob(200) WHERE seq = 1")
    said = away("status", "--tonight")
    assert said.code == 0
    assert XIMENA.name in said.out
    assert broken["short_id"] in said.out
    assert broken["short_id"] in said.err
    assert whole["short_id"] not in said.err
