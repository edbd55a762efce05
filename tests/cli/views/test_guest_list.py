"""`apoa list --in-house` and `--day`: the guests who are here, or were here on a night, one line per stay."""

import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import click
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
    Serve,
    assert_form,
    spoken,
    typed_in,
)

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


@pytest.mark.parametrize("lang", LANGUAGES)
def test_guests_in_house(inn: Apoa, lang: str) -> None:
    """Shows room, guest, nationality, since, until, state and id; guests who should have left are marked and first."""
    said = inn("list", "--in-house", lang=lang)
    assert (said.code, said.err) == (0, "")
    heads, late, today, staying = said.out.splitlines()
    words = [spoken(lang, head) for head in ("Rm.", "Guest", "Nat.", "Since", "Until", "State", "ID")]
    assert heads.split() == words
    november = spoken(lang, "Nov")
    overdue = spoken(lang, "{day}, late", day=f"23 {november}")
    for line, guest, room, state, days in (
        (late, QUENTIN, "Melati 7", "POL", f"22 {november}  {overdue}"),
        (today, XIMENA, "8 ", "ESP", f"23 {november}  {spoken(lang, 'today')}"),
        (staying, OBADIAH, "8 ", "GBR", f"24 {november}  3 {spoken(lang, 'Jan')} 2027"),
    ):
        assert line.startswith(room)
        assert all(word in line for word in (guest.name, state, days, spoken(lang, "waiting")))
    assert {line.split()[-1] for line in (late, today, staying)} <= {report["short_id"] for report in inn.reports()}


def test_on_a_narrow_terminal(inn: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a narrow terminal no id is cut off."""
    ids = [report["short_id"] for report in inn("list", "--in-house", "--json").json["reports"]]
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _stream: True)
    lines = click.unstyle(inn("list", "--in-house").out).splitlines()
    assert all(any(short_id in line for line in lines) for short_id in ids)
    assert max(map(len, lines)) <= 60


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
    with closing(sqlite3.connect(inn.home / "melati" / "outbox.db")) as db:
        db.execute("UPDATE reports SET attempts = 'many' WHERE seq = 1")
        db.commit()
    said = inn("list", "--in-house", "--json")
    assert said.code == 78
    assert [report["guest"]["surname"] for report in said.json["reports"]] == [XIMENA.surname, OBADIAH.surname]
    assert "outbox.db" in said.err


def test_as_json(inn: Apoa) -> None:
    """Returns the current report of each stay, in the form of `list --json`."""
    said = inn("list", "--in-house", "--json")
    assert list(said.json) == ["reports"]
    for value in said.json["reports"]:
        assert_form(value, REPORT_KEYS)
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


@pytest.mark.parametrize("lang", LANGUAGES)
def test_guests_who_left(inn: Apoa, lang: str) -> None:
    """Shows the real day of departure, and the state of the last report."""
    gone = inn("list", "--day", "2026-11-22", lang=lang).out.splitlines()[-1]
    assert spoken(lang, "left {day}", day=f"23 {spoken(lang, 'Nov')}") in gone


def test_a_cancelled_stay_is_on_no_night(configured: Apoa) -> None:
    """A cancelled stay is in no list of guests."""
    report = configured(*QUENTIN.mrz("--json")).json
    assert names(configured, "--in-house") == names(configured, "--day", "2026-11-24") == [QUENTIN.surname]
    assert configured("cancel", report["id"], "--reason", "salah tamu", "--yes").code == 0
    assert names(configured, "--in-house") == names(configured, "--day", "2026-11-24") == []


def test_a_refused_report_is_shown(apoa: Apoa, serve: Serve) -> None:
    """A refused report is shown by the state of the last report."""
    assert apoa.set_up(serve("reject").base_url).code == 0
    apoa(*QUENTIN.mrz())
    apoa.save(XIMENA)
    assert names(apoa, "--in-house", "--state", "rejected") == [QUENTIN.surname]
    assert "refused" in apoa("list", "--in-house").out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_guests(away: Apoa, lang: str) -> None:
    """Users read a sentence, scripts get an empty list."""
    assert away("list", "--in-house", lang=lang).out.strip() == spoken(lang, "No guest is in house.")
    for choice in (["--day", "2026-11-24"], ["--in-house", "--room", "7"], ["--in-house", "--state", "queued"]):
        assert away("list", *choice, lang=lang).out.strip() == spoken(lang, "No such guest.")
        assert away("list", *choice, "--json", lang=lang).json == {"reports": []}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("choice", [["--in-house", "--all"], ["--day", "2026-11-24", "--since", "2026-11-01"]])
def test_options_that_exclude_each_other(away: Apoa, lang: str, choice: list[str]) -> None:
    """Options for guests and options for reports together are a usage error with an explanation."""
    said = away("list", *choice, lang=lang)
    assert said.code == 2
    sentence = "--in-house and --day list guests; --since and --all choose among reports."
    assert spoken(lang, sentence) in said.err


def test_an_invalid_day(away: Apoa) -> None:
    """An invalid day is a usage error with an explanation."""
    for day in ("entah", "2026-11", "2026-11-31"):
        said = away("list", "--day", day)
        assert (said.code, said.out) == (2, "")


def test_help_explains_which_options_exclude_each_other(away: Apoa) -> None:
    """The help says in one place which options list guests."""
    said = away("list", "--help")
    assert "With --in-house or --day, list guests instead" in " ".join(said.out.split())


class TestWithoutTheKey:
    """Without the private key, nights and states are known."""

    @pytest.fixture
    def locked(self, inn: Apoa) -> Apoa:
        """The guests are in house, but their data cannot be read."""
        inn.delete_key()
        return inn

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_dashes(self, locked: Apoa, lang: str) -> None:
        """Room, guest and nationality are dashes; stderr says once how to get the key back."""
        said = locked("list", "--in-house", lang=lang)
        assert said.code == 0
        lines = said.out.splitlines()
        assert len(lines) == 4
        assert all(line.split()[:3] == ["-", "-", "-"] for line in lines[1:])
        assert spoken(lang, "today") in lines[2]
        assert said.err.count(typed_in(lang, "apoa key recover")) == 1
        assert not any(word in said.all for guest in GUESTS for word in guest.words)

    def test_as_json(self, locked: Apoa) -> None:
        """The reports are marked as sealed."""
        reports = locked("list", "--day", "2026-11-22", "--json").json["reports"]
        assert [(report["guest"], report["sealed"]) for report in reports] == [(None, True), (None, True)]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_search_needs_the_key(self, locked: Apoa, lang: str) -> None:
        """A search exits with 77, because an empty list would be a wrong answer."""
        said = locked("list", "--in-house", "--room", "8", lang=lang)
        assert (said.code, said.out.strip()) == (77, spoken(lang, "Without the key no guest can be searched for."))
        assert locked("list", "--in-house", "--state", "queued").code == 0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_erased_guest(configured: Apoa, lang: str) -> None:
    """A guest erased during the stay is in the list, marked as erased."""
    report = configured(*QUENTIN.mrz("--json")).json
    assert configured("purge", "--guest", report["id"], "--yes").code == 0
    line = configured("list", "--in-house", lang=lang).out.splitlines()[-1]
    assert spoken(lang, "erased") in line
    assert configured("list", "--in-house", "--room", "7", "--json").json == {"reports": []}


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
    report = configured(*QUENTIN.mrz("--json")).json
    later = configured("amend", report["id"], "--room", "9", "--reason", "pindah", "--no-send", "--json").json
    assert configured("cancel", later["id"]).code == 0
    with closing(sqlite3.connect(configured.home / "melati" / "outbox.db")) as db:
        db.execute("UPDATE reports SET first_night = NULL, last_morning = NULL WHERE kind = 'check_in'")
        db.commit()
    line = configured("list", "--in-house").out.splitlines()[-1]
    assert line.split() == ["7", *QUENTIN.name.split(), "POL", "-", "-", "sent", report["short_id"]]
