"""`apoa list`: the reports of the outbox, by state, guest, room, nationality and day."""

import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import (
    GUESTS,
    LANGUAGES,
    OBADIAH,
    QUENTIN,
    REPORT_KEYS,
    XIMENA,
    Apoa,
    OpenContents,
    assert_form,
    spoken,
    spoken_count,
    time_in,
)

from apoa_client.cli.terminal import pager, tables
from apoa_client.cli.terminal.command_names import STATES
from apoa_client.report.kinds import State

SEALED: dict[str, Any] = {"guest": None, "stay": None, "errors": [], "warnings": []}


@pytest.fixture
def three(away: Apoa) -> Apoa:
    """Three guests, a day apart."""
    for number, guest in enumerate(GUESTS, start=1):
        away.save(guest, "--room", str(number))
        away.clock.forward(timedelta(days=1))
    return away


def names(apoa: Apoa, *options: str) -> list[str]:
    result = apoa("list", "--json", *options)
    assert result.code == 0, result.err
    return [report["guest"]["surname"] for report in result.json["reports"]]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_table(configured: Apoa, lang: str) -> None:
    """Prints one line per report below the headings, in columns, without colour in a pipe."""
    configured(*XIMENA.mrz())
    configured.save(QUENTIN)
    result = configured("list", lang=lang)
    heads, second, first = result.out.splitlines()
    assert heads.split()[:3] == ["ID", spoken(lang, "Date"), spoken(lang, "State")]
    assert f"  24 {spoken(lang, 'Nov')}  " in first
    assert spoken(lang, "waiting") in first
    assert QUENTIN.name in first
    assert time_in(lang, f"25 {spoken(lang, 'Nov')} 2026 20:00 WIB") in first
    assert spoken(lang, "sent") in second
    assert configured.reports()[0]["receipt"]["number"] in second
    assert first.index(QUENTIN.name) == second.index(XIMENA.name) == heads.index(spoken(lang, "Guest"))
    assert result.err == ""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_empty_list(away: Apoa, lang: str) -> None:
    """Users read a sentence, scripts get an empty list."""
    assert away("list", lang=lang).out.strip() == spoken(lang, "No reports.")
    assert away("list", "--json", lang=lang).json == {"reports": []}


def test_a_table_on_a_terminal(three: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the table is complete, however narrow the terminal is, and names are not markup."""
    three.save(QUENTIN, "--surname", "O'BRIEN", "--room", "[red]9")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _stream: True)
    result = three("list")
    assert result.code == 0
    assert all(guest.name in result.out for guest in GUESTS)
    assert "[red]9" in result.out


def test_a_check_out_is_listed_with_its_guest(three: Apoa) -> None:
    """A check-out is shown with the guest of its stay and found by name and room; in JSON it has no guest."""
    leaves = three("list", "--json").json["reports"][0]["id"]
    assert three("checkout", leaves, "--no-send", "--yes", "--at", "2026-11-25T10:00").code == 0
    who, room = GUESTS[0].name, "1"
    assert [line for line in three("list").out.splitlines() if "check-out" in line and who in line]
    found = three("list", "--json", "--guest", GUESTS[0].surname, "--room", room).json["reports"]
    assert [report["kind"] for report in found] == ["check_in", "check_out"]
    assert found[1]["guest"] is None


def test_each_element_has_the_form_of_a_report(three: Apoa) -> None:
    """Each element equals the document of `report --json`."""
    result = three("list", "--json")
    assert list(result.json) == ["reports"]
    for value in result.json["reports"]:
        assert_form(value, REPORT_KEYS)


def test_search_options(three: Apoa) -> None:
    """Options for state, day, guest (part of name or number) and room restrict the list; several must all match."""
    assert names(three) == [guest.surname for guest in GUESTS]
    assert names(three, "--state", "accepted") == []
    assert names(three, "--state", "queued", "--state", "accepted") == [guest.surname for guest in GUESTS]
    assert names(three, "--guest", "quij") == [XIMENA.surname]
    assert names(three, "--guest", "obadiah van") == [OBADIAH.surname]
    assert names(three, "--guest", QUENTIN.number.lower()) == [QUENTIN.surname]
    assert names(three, "--room", "2") == names(three, "--room", " 2 ") == [XIMENA.surname]
    assert names(three, "--room", "2", "--guest", "zyk") == []


def test_days(three: Apoa) -> None:
    """Lists open reports and those of the last 30 days; --since counts in the property's days; --all lists all."""
    three.clock.forward(timedelta(days=40))
    assert names(three) == [guest.surname for guest in GUESTS]  # all still open
    with_since = three("list", "--since", "26/11/2026", "--json")
    assert len(with_since.json["reports"]) == 3  # open ones stay in sight
    assert len(names(three, "--all")) == 3


def test_old_reports(configured: Apoa) -> None:
    """A delivered report is listed for 30 days, and later with --all or --since."""
    configured(*QUENTIN.mrz())
    configured.clock.forward(timedelta(days=31))
    assert names(configured) == []
    assert names(configured, "--all") == names(configured, "--since", "2026-11-24") == [QUENTIN.surname]
    assert names(configured, "--since", "2026-11-25") == []
    assert names(configured, "--since", "24/11") == names(configured, "--since", "24 nov") == [QUENTIN.surname]
    assert names(configured, "--since", "26/12") == [QUENTIN.surname]  # of last year: it is 25 December
    assert names(configured, "--since", "kemarin") == names(configured, "--since", "25/11/26") == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_invalid_day(away: Apoa, lang: str) -> None:
    """An invalid day is a usage error with an explanation."""
    result = away("list", "--since", "entah", lang=lang)
    assert result.code == 2
    sentence = "This is not a date of the calendar. Write it as 1985-09-12 or 12/09/1985."
    assert spoken(lang, sentence) in result.err


def test_an_unknown_state(away: Apoa) -> None:
    """An unknown state is a usage error that names the states in the reader's language."""
    for lang, known, other in (("en", "withdrawn", "dibatalkan"), ("id", "dibatalkan", "withdrawn")):
        for result in (away("list", "--state", "gone", lang=lang), away("list", "--help", lang=lang)):
            assert known in result.all
            assert other not in result.all
    assert away("list", "--state", "gone").code == 2


@pytest.mark.parametrize("lang", LANGUAGES)
def test_states_have_two_names(three: Apoa, lang: str) -> None:
    """A state is given by its English or its Indonesian name in either language."""
    for name in ("queued", "menunggu"):
        assert len(three("list", "--state", name, "--json", lang=lang).json["reports"]) == 3
    assert three("daftar", "--status", "ditolak", "--json", lang=lang).json["reports"] == []
    assert set(STATES) == {each.value for each in State}


def test_nationality(three: Apoa) -> None:
    """Accepts a code or a name in either language; D and DEU both mean Germany."""
    for text in ("POL", "Poland", "polandia", "pl"):
        assert names(three, "--nationality", text) == [QUENTIN.surname]
    assert names(three, "--nationality", "Spanyol", "--room", "1") == []
    three.save(replace(QUENTIN, surname="MUELLER", number="C01X00T47", state="D"))
    for text in ("D", "DEU", "Jerman", "Germany"):
        assert names(three, "--nationality", text) == ["MUELLER"]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("more", [[], ["--in-house"]])
def test_an_unknown_nationality(away: Apoa, lang: str, more: list[str]) -> None:
    """An unknown nationality is a usage error that names similar ones."""
    result = away("list", "--nationality", "Polnad", *more, lang=lang)
    assert result.code == 2
    near = "Polandia / Poland (POL)"
    assert spoken(lang, "No country has this code or name. Did you mean {states}?", states=near) in result.err
    assert away("list", "--nationality", "%%%", *more, lang=lang).code == 2


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_damaged_file(three: Apoa, lang: str) -> None:
    """Lists the reports that can be read, then the error; only the error if no report can be read."""
    first, *others = three.reports()
    for damaged, left in ((first["id"], others), ("", [])):
        with closing(sqlite3.connect(three.home / "melati" / "outbox.db")) as db:
            db.execute("UPDATE reports SET attempts = 'many' WHERE id = ? OR ? = ''", [damaged, damaged])
            db.commit()
        result = three("list", "--json", lang=lang)
        assert result.code == 78
        assert "outbox.db" in result.err
        if left:
            assert result.json["reports"] == left
        else:
            assert list(result.json) == ["error"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_screen_without_a_pager(away: Apoa, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    """Shows the first rows and opens no other report, and says how many there are and how to see them all."""
    for guest in GUESTS:
        away.save(guest)
    monkeypatch.setattr(pager, "_ROWS_WITHOUT_PAGER", 1)
    monkeypatch.setattr(tables, "_FIRST_ROWS", 1)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    contents = OpenContents(monkeypatch)
    of_all = spoken(lang, "The first {count} of {total} are shown. To see all, add: --no-pager", count=1, total=3)
    more = spoken(lang, "The first {count} are shown, and there are more. To see all, add: --no-pager", count=1)
    for options, last in (((), of_all), (("--in-house",), more), (("--guest", "i"), more)):
        contents.opened.clear()
        lines = away("list", *options, lang=lang, PAGER="no-such-pager").out.splitlines()
        assert (len(lines), lines[-1], len(contents.opened)) == (3, last, 2)
        assert len(away("list", *options, "--no-pager", lang=lang).out.splitlines()) > len(GUESTS)
        assert len(away("list", *options, "--json", lang=lang).json["reports"]) == len(GUESTS)


class TestManyReports:
    """However many reports there are, a list holds few of them at once."""

    @pytest.mark.parametrize("options", [["--json"], [], ["--room", "1", "--json"]])
    def test_reports_are_opened_one_after_the_other(
        self, three: Apoa, monkeypatch: pytest.MonkeyPatch, options: list[str]
    ) -> None:
        """Each report is opened once, and shown before the one after the next is opened."""
        for number in range(4, 10):
            three.save(QUENTIN, "--again", "--room", str(number))
        contents = OpenContents(monkeypatch)
        assert three("list", *options).code == 0
        assert len(contents.opened) == len(set(contents.opened)) == 9
        assert contents.most <= 3

    def test_the_guest_of_a_check_out_is_opened_only_to_be_shown(
        self, three: Apoa, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """JSON shows a check-out without its guest; a search and a table need the guest."""
        leaves = three.reports()[0]["id"]
        assert three("checkout", leaves, "--no-send", "--yes", "--at", "2026-11-25T10:00").code == 0
        contents = OpenContents(monkeypatch)
        for options, opened in ((["--json"], 4), ([], 5), (["--json", "--room", "1"], 5)):
            contents.opened.clear()
            assert three("list", *options).code == 0
            assert len(contents.opened) == opened

    def test_a_long_table_is_shown_in_parts(self, three: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each part has its headings."""
        monkeypatch.setattr(tables, "_ROWS_AT_ONCE", 2)
        heads, _first, _second, blank, repeated, _third = three("list").out.splitlines()
        assert (blank, repeated.split()) == ("", heads.split())


class TestWithoutTheKey:
    """Without the private key, what does not need it works."""

    def test_lists_sealed(self, three: Apoa) -> None:
        """Exits with 0; every report has "sealed": true, and stderr shows the advice once."""
        three.delete_key()
        result = three("list", "--json")
        assert result.code == 0
        for value in result.json["reports"]:
            assert_form(value, {**REPORT_KEYS, "sealed": bool})
            assert value["sealed"] is True
            assert SEALED.items() <= value.items()
        assert result.err.count("apoa key recover") == 1

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_shows_what_is_not_sealed(self, three: Apoa, lang: str) -> None:
        """Shows ids, states and times, and dashes for the guest."""
        report = three.reports()[0]
        three.delete_key()
        table = three("list", lang=lang)
        assert table.code == 0
        assert report["short_id"] in table.out
        assert not any(word in table.all for guest in GUESTS for word in guest.words)
        assert spoken(lang, "The private key that opens saved reports was not found.") in table.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_finds_no_guest(self, three: Apoa, lang: str) -> None:
        """A search by guest, room or nationality exits with 77, because an empty answer would be wrong."""
        three.delete_key()
        for choice in (["--guest", "zyk"], ["--room", "1"], ["--nationality", "POL"]):
            result = three("list", *choice, "--json", lang=lang)
            assert (result.code, result.json) == (77, {"reports": []})
            result = three("list", *choice, lang=lang)
            assert (result.code, result.out.strip()) == (
                77,
                spoken(lang, "Without the key no guest can be searched for."),
            )

    def test_report_needs_no_key(self, three: Apoa) -> None:
        """A report is saved without the key."""
        three.delete_key()
        assert three(*QUENTIN.mrz("--no-send")).code == 0

    def test_one_broken_seal_hides_no_other(self, three: Apoa) -> None:
        """A record that was exchanged or changed is an error; the others are listed."""
        from apoa_client.vault.sealing import PropertySealer  # put out of order below

        first = three.reports()[0]["id"]
        original = PropertySealer.open

        def tampered(sealer: PropertySealer, record_id: str, sealed: bytes) -> bytes:
            return original(sealer, record_id, sealed[:-1] + bytes([sealed[-1] ^ 1]) if record_id == first else sealed)

        three.monkeypatch.setattr(PropertySealer, "open", tampered)
        result = three("list", "--json")
        assert result.code == 0
        assert [value.get("sealed", False) for value in result.json["reports"]] == [True, False, False]
        assert "not deleted" in result.err


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_count_at_a_terminal(away: Apoa, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal the last line says how many there are; in a pipe each line is a row."""
    for guest in GUESTS:
        away.save(guest)
    counts = {
        ("list",): ("{count} report", "{count} reports"),
        ("list", "--in-house"): ("{count} guest", "{count} guests"),
    }
    for arguments, (one, many) in counts.items():
        assert len(away(*arguments, lang=lang).out.splitlines()) == 4
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout.isatty", lambda: True, raising=False)
            assert away(*arguments, lang=lang).out.splitlines()[-1] == spoken_count(lang, one, many, 3)
            assert spoken_count(lang, one, many, 0) not in away(*arguments, "--guest", "nobody", lang=lang).out


def test_a_long_list_goes_through_the_pager(away: Apoa, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A list that is longer than the screen goes through PAGER; not with --no-pager, --plain, --json, nor in a pipe."""
    for guest in GUESTS:
        away.save(guest)
    kept = tmp_path / "kept"
    script = tmp_path / "pager.py"
    script.write_text(f"import sys; open({str(kept)!r}, 'w').write(sys.stdin.read())")
    environ = {"PAGER": f"{sys.executable} {script}"}
    monkeypatch.setenv("LINES", "4")
    assert QUENTIN.name in away("list", **environ).out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    for more in (["--no-pager"], ["--json"], ["--plain"]):
        assert QUENTIN.surname in away("list", *more, **environ).out
    assert not kept.exists()
    for more in ([], ["--in-house"]):
        assert away("list", *more, **environ).out == ""
        assert all(guest.name in kept.read_text() for guest in GUESTS)
    assert QUENTIN.name in away("list", PAGER="no-such-pager").out
    monkeypatch.setenv("LINES", "24")
    assert QUENTIN.name in away("list", **environ).out
