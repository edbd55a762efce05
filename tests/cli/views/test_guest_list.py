"""`apoa list --in-house` and `--day`: the guests who are here, or were here on a night, one line per stay."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from cli_helpers import (
    LANGUAGES,
    OBADIAH,
    PRIVATE,
    QUENTIN,
    XIMENA,
    Apoa,
    OpenContents,
    Serve,
)
from screens import Screens

from apoa_client.app.container import Container

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
