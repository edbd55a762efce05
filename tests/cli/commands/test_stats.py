"""`apoa stats`: a month's figures on the screen, as JSON and as a page, with and without the key."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cli_helpers import LANGUAGES, OBADIAH, PRIVATE, QUENTIN, XIMENA, Apoa, Serve, spoken, time_in
from page_helpers import read_page

from apoa_client.cli.terminal.language import set_language
from apoa_client.cli.views import figures as view
from apoa_client.tables.statistics import Figures, Group, Month, Punctuality


@pytest.fixture
def month(away: Apoa) -> Apoa:
    """Three guests: one over the end of October, one who left a night early, one whose stay was amended."""
    away.save(QUENTIN, "--check-in", "2026-10-30T15:00", "--nights", "4")
    left = away.save(XIMENA, "--check-in", "2026-11-10T15:00", "--nights", "3")["id"]
    amended = away.save(OBADIAH, "--check-in", "2026-11-23T15:00")["id"]
    assert away("checkout", left, "--at", "2026-11-12T10:00", "--no-send").code == 0
    assert away("amend", amended, "--nights", "5", "--reason", "longer", "--yes", "--no-send").code == 0
    return away


def test_the_figures_of_a_month(month: Apoa) -> None:
    """Nights count in their month, up to the real check-out, an amended stay once, and a cancelled one not at all.

    The month is that of the property: in Jakarta December begins at 17:00 UTC.
    """
    said = month("stats", "--json")
    assert said.code == 0, said.err
    assert said.json == {
        "month": "2026-11",
        "guests": 3,
        "arrivals": 2,
        "nights": 9,
        "average_stay": 3.0,
        "by_nationality": [
            {"state": "GBR", "guests": 1, "arrivals": 1, "nights": 5},
            {"state": "ESP", "guests": 1, "arrivals": 1, "nights": 2},
            {"state": "POL", "guests": 1, "arrivals": 0, "nights": 2},
        ],
        "punctuality": {"on_time": 0, "late": 2, "share": 0.0},
        "refused": 0,
        "rooms": {
            "count": None,
            "available_nights": None,
            "occupied_nights": 9,
            "occupancy": None,
            "guest_nights_without_room": 0,
        },
    }
    october = month("stats", "--month", "2026-10", "--json").json
    assert (october["guests"], october["nights"], october["punctuality"]["late"]) == (1, 2, 1)
    report = month.reports()[0]["id"]
    assert month("cancel", report, "--reason", "no show", "--yes", "--no-send").code == 0
    assert month("stats", "--json").json["guests"] == 2
    month.clock.time = datetime(2026, 11, 30, 17, tzinfo=UTC)
    assert month("stats", "--json").json["month"] == "2026-12"


def test_the_figures_of_the_monthly_survey(away: Apoa) -> None:
    """A room counts once a night, however its name is written; the occupancy is that of all rooms and days."""
    away.save(QUENTIN, "--check-in", "2026-11-10T15:00", "--nights", "2", "--room", "Kamar 3")
    away.save(XIMENA, "--check-in", "2026-11-11T15:00", "--nights", "2", "--room", "3")
    assert away("config", "set", "rooms", "4").code == 0
    assert away("stats", "--json").json["rooms"] == {
        "count": 4,
        "available_nights": 120,
        "occupied_nights": 3,
        "occupancy": 0.025,
        "guest_nights_without_room": 0,
    }
    for lang, percent in (("en", "2.5%"), ("id", "2,5%")):
        shown = away("--plain", "stats", lang=lang).out
        assert f"{spoken(lang, 'Room occupancy')}: {percent}" in shown
    page = read_page(away("stats", "--html", "-").out)
    assert "Room nights available" in page.text


def test_punctuality_is_that_of_the_receipt(apoa: Apoa, serve: Serve) -> None:
    """One that is accepted in time stays on time, one after its deadline is late; a refused one counts apart."""
    assert apoa.set_up(serve("reject,ok*2").base_url).code == 0
    apoa.send(OBADIAH)
    figures = apoa("stats", "--json").json
    assert (figures["refused"], figures["guests"]) == (1, 1)
    assert figures["punctuality"] == {"on_time": 0, "late": 0, "share": None}
    apoa.send(QUENTIN)
    apoa.send(XIMENA, "--check-in", "2026-11-22T15:00")
    apoa.clock.forward(timedelta(hours=4))
    figures = apoa("stats", "--json").json
    assert figures["punctuality"] == {"on_time": 1, "late": 1, "share": 0.5}
    assert (figures["refused"], figures["guests"]) == (1, 3)


def test_without_the_key(month: Apoa) -> None:
    """Nationalities are sealed: that is said, and the rest is the same."""
    with_key = month("stats", "--json").json
    month.delete_key()
    said = month("stats", "--json")
    assert said.code == 0
    assert said.json == {**with_key, "by_nationality": None, "rooms": None, "sealed": True}
    assert "Nationalities and rooms are encrypted, so they are not counted." in said.err
    assert "Poland" not in month("stats").all


def test_erased_data(apoa: Apoa, serve: Serve) -> None:
    """After the data are erased, a guest counts without a nationality, and on time as before."""
    assert apoa.set_up(serve().base_url).code == 0
    report = apoa.send(QUENTIN)["id"]
    apoa.clock.forward(timedelta(days=3))
    assert apoa("checkout", report, "--at", "2026-11-26T09:00").code == 0
    assert apoa("purge", "--guest", report, "--yes").code == 0
    figures = apoa("stats", "--json").json
    assert figures["by_nationality"] == [{"state": None, "guests": 1, "arrivals": 1, "nights": 2}]
    assert (figures["rooms"]["occupied_nights"], figures["rooms"]["guest_nights_without_room"]) == (0, 2)
    assert figures["punctuality"]["on_time"] == 1
    assert "not readable any more" in apoa("stats").out


def test_a_broken_seal(month: Apoa) -> None:
    """A report that cannot be opened is shown as an error, and its guest counts without a nationality."""
    month.change_database("UPDATE reports SET content = x'00' WHERE seq = 1")
    result = month("stats", "--json")
    assert result.code == 78
    assert {"state": None, "guests": 1, "arrivals": 0, "nights": 2} in result.json["by_nationality"]
    assert result.err


def test_at_a_terminal(month: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each nationality has a bar, at 80 columns nothing is broken; a pipe and plain mode get no bar."""
    assert "█" not in month("stats").out
    monkeypatch.setattr(view, "is_terminal", lambda _stream: True)
    monkeypatch.setattr("apoa_client.cli.terminal.tables.is_terminal", lambda _stream: True)
    monkeypatch.setenv("COLUMNS", "80")
    shown = month("stats").out
    bars = [line.count("█") for line in shown.splitlines() if "█" in line]
    assert len(bars) == 5
    assert bars[0] > 2 * bars[1]
    for first, heading in (("Nationality", "Nights"), ("Week", "Arrivals")):
        heads = next(line for line in shown.splitlines() if line.startswith(first))
        assert heads.endswith(heading)
    assert max(len(line) for line in shown.splitlines() if not line.endswith(".")) < 80
    assert "█" not in month("--plain", "stats").out


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("columns", [57, 60])
def test_a_row_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lang: str, columns: int
) -> None:
    """Each week is on one line, also where the headings are too long for the screen and have two."""
    set_language(lang)
    monkeypatch.setattr(view, "is_terminal", lambda _stream: True)
    monkeypatch.setattr("apoa_client.cli.terminal.tables.is_terminal", lambda _stream: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    figures = Figures(Month(2026, 11), Group(None, 120, 120, 412))
    for week in figures.weeks:
        week.punctuality = Punctuality(22, 1, 3)
    view.show_figures(figures, figures.month.last)
    shown = capsys.readouterr().out.splitlines()
    assert all(line[0].isdigit() for line in shown[-len(figures.weeks) :])
    assert max(map(len, shown[-len(figures.weeks) :])) <= columns


@pytest.mark.parametrize(("lang", "state", "number"), [("en", "Poland", "3.0"), ("id", "Polandia", "3,0")])
def test_the_page(month: Apoa, tmp_path: Path, lang: str, state: str, number: str) -> None:
    """The page is a file of its own in the reader's language, with a chart, tables, and no guest's data."""
    file = tmp_path / "figures.html"
    said = month("stats", "--html", str(file), lang=lang)
    assert said.code == 0, said.err
    content = file.read_text(encoding="utf-8")
    page = read_page(content)
    assert {"svg", "pattern", "table", "title", "desc"} <= page.tags
    assert (content.count('role="img"'), content.count("<table")) == (1, 2)
    for sentence in ("Foreign guests", "Nights by nationality", "For the monthly survey VHT-S"):
        assert spoken(lang, sentence) in page.text
    assert f'<html lang="{lang}">' in content
    assert state in page.text
    assert number in page.text
    assert time_in(lang, "20:00") in page.text
    assert not [word for word in PRIVATE if word in content]
    assert month("stats", "--html", str(file)).code == 2
    assert month("stats", "--html", str(file), "--force").code == 0


def test_every_property(month: Apoa) -> None:
    """With --all each property has its figures; a page is of one."""
    assert month.set_up(name="anggrek").code == 75
    properties = month("stats", "--all", "--json").json["properties"]
    assert {each["property"]: each["guests"] for each in properties} == {"melati": 3, "anggrek": 0}
    assert month("stats", "--all", "--html", "-").code == 2
