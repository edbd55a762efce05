"""`apoa status --tonight`: the summary of the night for the next shift."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import click
import pytest
from cli_helpers import (
    LANGUAGES,
    OBADIAH,
    QUENTIN,
    REPORT_KEYS,
    XIMENA,
    Apoa,
    Guest,
    Hostile,
    OpenContents,
    Serve,
    assert_form,
    assert_sanitized,
    listening,
    spoken,
    spoken_count,
    time_in,
)

from apoa_client.cli.views import night_summary

KEYS = ["night", "in_house", "arrivals", "leaving", "overdue_departures", "refused", "due_by_morning"]
LISTS = KEYS[1:]
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
        assert list(said.json) == [*KEYS, *rest]

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
                assert_form(report, REPORT_KEYS)
                assert report == listed[report["id"]]

    def test_the_morning_after(self, away: Apoa, saved: Callable[..., dict[str, Any]]) -> None:
        """In the morning it is last night, with guests who came after noon of the day before or after midnight."""
        day = saved(QUENTIN, "2026-11-24T12:30", 1)["short_id"]
        away.clock.forward(MORNING_AFTER)
        late = saved(XIMENA, "2026-11-25T01:30", 2)["short_id"]
        value = away("status", "--tonight", "--json").json
        assert value["night"] == "2026-11-24"
        assert short_ids(value)["arrivals"] == [day, late]
        assert short_ids(value)["leaving"] == [day]
        away.clock.forward(timedelta(hours=5))
        assert away("status", "--tonight", "--json").json["night"] == "2026-11-25"

    def test_the_night_in_the_propertys_zone(self, away: Apoa, saved: Callable[..., dict[str, Any]]) -> None:
        """In Jayapura it is past midnight when it is 22:30 in Jakarta."""
        path = away.home / "config.toml"
        path.write_text(path.read_text().replace("username", 'timezone = "Asia/Jayapura"\nusername'))
        away.clock.forward(timedelta(hours=2, minutes=30))
        report = saved(QUENTIN, "2026-11-25T00:10", 1)
        value = away("status", "--tonight", "--json").json
        assert value["night"] == "2026-11-24"
        assert short_ids(value)["arrivals"] == [report["short_id"]]
        assert value["arrivals"][0]["stay"]["check_in"] == "2026-11-25T00:10:00+09:00"

    def test_without_the_key(self, away: Apoa, saved: Callable[..., dict[str, Any]]) -> None:
        """Reports are sealed, stderr says what to do, and the exit code is that of the status."""
        report = saved(QUENTIN)
        away.delete_key()
        said = away("status", "--tonight", "--json")
        assert said.code == 0
        [sealed] = said.json["in_house"]
        assert (sealed["id"], sealed["guest"], sealed["sealed"]) == (report["id"], None, True)
        assert said.err.count("apoa key recover") == 1


class TestScreen:
    """The summary on the screen."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_whole_night(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """Shows guests in house, arrivals with their states, departures, overdue departures, and what must be done."""
        apoa.set_up(serve("ok,reject").base_url)
        sent = apoa(*QUENTIN.mrz("--json")).json
        refused = apoa(*XIMENA.mrz("--json", "--room", "12", "--yes")).json
        late = apoa.save(OBADIAH, "--check-in", "2026-11-23T14:00", "--nights", "1", "--yes")
        out = apoa("status", "--tonight", lang=lang).out
        lines = out.splitlines()
        evening, morning = "24 Nov 2026", "25 Nov 2026"
        assert lines[1] == spoken(lang, "Night of {evening} to {morning}", evening=evening, morning=morning)
        guests = lines.index(spoken(lang, "Guests in house: {count}", count=3))
        row = next(line for line in lines if sent["short_id"] in line)
        assert row.split()[1:6] == ["QUENTIN", "ZYKOWSKI", "POL", "26", "Nov"]
        assert spoken(lang, "sent") in row
        assert [spoken(lang, "refused") in line for line in lines if line.startswith("12")] == [True]
        counts = [
            spoken(lang, "Arrived today: {count}", count=2),
            spoken(lang, "Leaving tomorrow: {count}", count=0),
            spoken(lang, "Waiting to be sent") + ": 1",
        ]
        assert "  ".join(counts) in lines[guests:]
        must = lines[2:guests]
        forgotten = "Should have left, without a check-out: {count}. If they left: apoa checkout"
        assert spoken(lang, forgotten, count=1) in must
        room = spoken(lang, "room {room}", room=7)
        assert f"  24 Nov  {late['short_id']}  {OBADIAH.name}  {room}" in must
        assert must[0] == spoken(lang, "Refused: {count}. Correct each with: apoa fix ID", count=1)
        tomorrow = spoken(lang, "tomorrow {time}", time=time_in(lang, "20:00"))
        assert f"  {tomorrow}  {refused['short_id']}  {XIMENA.name}" in must
        due = "Due by {moment}: {count}. Send them: apoa sync"
        assert spoken(lang, due, moment=time_in(lang, f"{morning} 12:00 WIB"), count=1) in must
        hours = spoken_count(lang, "{count} hour late", "{count} hours late", 6)
        assert f"  {hours}  {late['short_id']}  {OBADIAH.name}" in must

    def test_one_screen(self, away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
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

    def test_a_waiting_report_is_never_below_a_reassuring_sentence(self, away: Apoa) -> None:
        """What waits without being due by the morning is said, and nothing says that all is well."""
        away.save(QUENTIN)
        lines = away("status", "--tonight").out.splitlines()
        assert lines[2] == "Waiting: 1. Send them with: apoa sync"
        assert "Nothing was refused" not in "".join(lines)

    def test_a_pending_report_is_not_reassuring(self, apoa: Apoa, serve: Serve) -> None:
        """What the authority has still to decide is said, too."""
        apoa.set_up(serve("pending").base_url)
        apoa(*QUENTIN.mrz())
        lines = apoa("status", "--tonight").out.splitlines()
        assert lines[2] == "Waiting for the authority to decide: 1. The next apoa sync asks again."
        assert "Nothing was refused" not in "".join(lines)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_nothing_to_do(self, configured: Apoa, lang: str) -> None:
        """Without guests and urgent reports, sentences say so, and the last contact is shown."""
        lines = configured("status", "--tonight", lang=lang).out.splitlines()
        assert spoken(lang, "No guest is in house.") in lines
        noon = time_in(lang, "25 Nov 2026 12:00 WIB")
        assert spoken(lang, "Nothing was refused, and nothing is due by {moment}.", moment=noon) in lines
        contact = spoken(
            lang, "Last contact with the authority: {moment}", moment=time_in(lang, "24 Nov 2026 20:00 WIB")
        )
        assert lines[-1] == contact

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_morning_after(self, away: Apoa, saved: Callable[..., dict[str, Any]], lang: str) -> None:
        """In the morning, shows yesterday's arrivals and the departures of this morning."""
        saved(QUENTIN, "2026-11-24T19:00", 1)
        away.clock.forward(MORNING_AFTER)
        lines = away("status", "--tonight", lang=lang).out.splitlines()
        night = spoken(lang, "Night of {evening} to {morning}", evening="24 Nov 2026", morning="25 Nov 2026")
        assert lines[1] == night
        counts = [
            spoken(lang, "Arrived since yesterday: {count}", count=1),
            spoken(lang, "Leaving this morning: {count}", count=1),
        ]
        assert any(line.startswith("  ".join(counts)) for line in lines)

    def test_without_the_key(self, away: Apoa, saved: Callable[..., dict[str, Any]]) -> None:
        """Ids replace names, tables have no empty columns, and how to get the key is shown once, at the end."""
        arrived = saved(QUENTIN)["short_id"]
        forgotten = saved(OBADIAH, "2026-11-23T14:00", 1)["short_id"]
        assert away("checkout", arrived, "--yes", "--no-send").code == 0
        away.delete_key()
        said = away("status", "--tonight")
        lines = said.out.splitlines()
        table = lines.index("Guests in house: 1")
        assert lines[table + 1 : table + 3] == ["Until   State    ID", f"24 Nov  waiting  {forgotten}"]
        assert f"  24 Nov  {forgotten}" in lines
        assert f"  6 hours late  {forgotten}  check-in" in lines
        assert said.err.count("apoa key recover") == 1
        assert not any(word in said.all for guest in (QUENTIN, OBADIAH) for word in guest.words)

    def test_pending_reports(self, apoa: Apoa, serve: Serve) -> None:
        """A pending report is shown as such; a refused check-out by its guest and kind."""
        apoa.set_up(serve("ok,reject,pending").base_url)
        left = apoa(*XIMENA.mrz("--json")).json
        departure = apoa("checkout", left["id"], "--yes", "--json").json
        pending = apoa(*QUENTIN.mrz("--json", "--check-in", "2026-11-23T21:00", "--yes")).json
        assert pending["state"] == "pending"
        assert departure["state"] == "rejected"
        out = apoa("status", "--tonight").out
        assert f"  1 hour left  {pending['short_id']}  {QUENTIN.name}, waiting for a decision\n" in out
        assert f"  -  {departure['short_id']}  {XIMENA.name}, check-out\n" in out

    def test_a_guest_without_a_room_and_an_erased_guest(self, away: Apoa) -> None:
        """A guest without a room has a line without it; an erased guest is marked as erased."""
        roomless = away.save(QUENTIN, "--room", "", "--nights", "1")
        away.save(XIMENA)
        gone = away.save(OBADIAH)
        assert away("purge", "--guest", gone["id"], "--force", "--yes").code == 0
        value = away("status", "--tonight", "--json").json
        assert gone["short_id"] not in short_ids(value)["in_house"]
        row = f"      {QUENTIN.name}  POL   25 Nov  waiting  {roomless['short_id']}\n"
        assert row.split() == away("status", "--tonight").out.splitlines()[5].split()

    def test_reports_that_are_typed_by_hand(self, apoa: Apoa) -> None:
        """Reports that are due, or wait, are typed instead of sent."""
        assert apoa("setup", "--non-interactive", "--property", "melati", "--vault", "file", "--by-hand").code == 0
        filed, waiting = apoa.save(QUENTIN), apoa.save(XIMENA, "--check-in", "2026-11-23T14:00", "--yes")
        assert apoa("received", filed["id"], "STT-77").code == 0
        out = apoa("status", "--tonight").out
        assert waiting["short_id"] in out
        assert "Due by 25 Nov 2026 12:00 WIB: 1. Report them: apoa sync --by-hand\n" in out
        assert apoa("received", waiting["id"], "STT-78").code == 0
        apoa.save(OBADIAH)
        out = apoa("status", "--tonight").out
        assert "To be typed into APOA: 1. Begin with: apoa sync --by-hand\n" in out
        assert "Waiting to be typed into APOA: 1\n" in out

    def test_at_a_narrow_terminal(
        self, away: Apoa, saved: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """At a narrow terminal cells are folded and lines are wrapped between words."""
        long = Guest("WINTERBOTTOM", "MARIA ALEXANDRA", "ZX1234567", "GDANSKTOWN")
        report = saved(long, "2026-11-23T14:00", 1)
        for name, value in {"COLUMNS": "60", "TERM": "dumb", "NO_COLOR": "1"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        out = away("status", "--tonight").out
        assert max(map(len, out.splitlines())) <= 60
        assert long.surname in out
        assert report["short_id"] in out

    def test_alarm(self, away: Apoa, saved: Callable[..., dict[str, Any]]) -> None:
        """`--alarm` has the same exit code as without `--tonight`."""
        saved(QUENTIN, "2026-11-23T14:00", 1)
        assert away("status", "--tonight", "--alarm").code == 75
        assert away("status", "--tonight", "--alarm", "--json").code == 75

    def test_control_characters(self, apoa: Apoa) -> None:
        """Control characters in a receipt's number from a hostile server are removed."""
        receipt = {"number": "STT\x1b[2J", "issued_at": "2026-11-24T20:00:00+07:00", "sha256": None}
        with listening(Hostile({"receipt": receipt})) as url:
            apoa.set_up(url)
            apoa(*QUENTIN.mrz("--yes"))
        said = apoa("status", "--tonight")
        assert_sanitized(said.out)
        assert json.loads(apoa("status", "--tonight", "--json").out)["night"] == "2026-11-24"


class TestManyReports:
    """However many reports wait, the summary opens those that it shows."""

    @pytest.fixture
    def many(self, away: Apoa) -> list[dict[str, Any]]:
        """Eight guests who left long ago and whose reports still wait, and one who is in house."""
        left = []
        for number in range(8):
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
        monkeypatch.setattr(night_summary, "MAX_SHOWN", 3)
        contents = OpenContents(monkeypatch)
        lines = away("status", "--tonight").out.splitlines()
        assert sorted(contents.opened) == sorted(report["id"] for report in [*many[:3], many[-1]])
        assert "Due by 25 Nov 2026 12:00 WIB: 8. Send them: apoa sync" in lines
        assert "  ... and 5 more: apoa list" in lines

    def test_damage(self, away: Apoa, many: list[dict[str, Any]]) -> None:
        """The document has what can be read, and the exit code is that of a damaged outbox."""
        assert many
        away.change_database("UPDATE reports SET attempts = 'many' WHERE seq = 1")
        said = away("status", "--tonight", "--json")
        assert (said.code, len(said.json["due_by_morning"])) == (78, 7)
        assert "outbox.db" in said.err


def test_a_changed_record_is_an_error_and_the_rest_is_shown(away: Apoa) -> None:
    """Its guest is shown by the id, the others by their names."""
    import sqlite3

    broken, whole = away.save(QUENTIN), away.save(XIMENA)
    db = sqlite3.connect(away.home / "melati" / "outbox.db")
    with db:
        db.execute("UPDATE reports SET content = zeroblob(200) WHERE id = ?", [broken["id"]])
    db.close()
    said = away("status", "--tonight")
    assert said.code == 0
    assert XIMENA.name in said.out
    assert broken["short_id"] in said.out
    assert broken["short_id"] in said.err
    assert whole["short_id"] not in said.err


@pytest.mark.parametrize("lang", LANGUAGES)
def test_unfinished_guests(away: Apoa, lang: str) -> None:
    """They are handed over by name; without the key by their times, and the error is shown once."""
    for guest in (QUENTIN, XIMENA):
        away("report", "--no-send", keys=["n", *guest.lines, "GDANSK"] if guest is XIMENA else [*guest.lines, "GDANSK"])
    stored = time_in(lang, "24 Nov 2026 20:00 WIB")
    said = away("status", "--tonight", lang=lang)
    heading = spoken(lang, "Unfinished guests: {count}. Continue with: apoa report", count=2)
    names = [f"  {guest.name} {guest.number}, {stored}\n" for guest in (XIMENA, QUENTIN)]
    assert "".join([heading, "\n", *names]) in said.out
    assert away("status", "--tonight", "--json").json["drafts"] == 2
    away.delete_key()
    said = away("status", "--tonight", lang=lang)
    assert f"{heading}\n  {stored}\n  {stored}\n" in said.out
    assert said.err
