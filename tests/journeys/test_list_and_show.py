"""List and show through the installed command: guests in house, a stay's history, a guest reported twice."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from cli_helpers import GUESTS, NOWHERE, OBADIAH, QUENTIN, XIMENA, Installed, readable_in, spoken, typed_in
from journeys_helpers import in_each_language

from apoa_client.settings.folders import user_name

NOBODY_THERE = ["--api-url", NOWHERE, "--username", "latihan", "--password-stdin"]
WORDS = [word for guest in GUESTS for word in guest.words]


def arrive(apoa: Installed, lang: str) -> list[dict[str, Any]]:
    """Reports three guests of three countries on one day, two of them in one room."""
    arrivals: list[dict[str, Any]] = []
    for guest, room in ((QUENTIN, "7"), (XIMENA, "7"), (OBADIAH, "Melati 9")):
        when = ["--check-in", arrivals[0]["stay"]["check_in"]] if arrivals else []
        said = apoa(*guest.mrz("--room", room, "--json", *when), lang=lang)
        assert said.code == 0, said.err
        arrivals.append(said.json)
    return arrivals


def names(apoa: Installed, *choice: str) -> list[str]:
    said = apoa("list", *choice, "--json")
    assert said.code == 0, said.err
    return [report["guest"]["surname"] for report in said.json["reports"]]


def lock(apoa: Installed) -> Callable[[], object]:
    """Removes the private key. Returns a function that restores it."""
    key = apoa.home / "melati" / "keys.json"
    aside = apoa.home.parent / "keys-aside.json"
    key.rename(aside)
    return lambda: aside.rename(key)


@in_each_language
def test_guests_in_house(configured: Installed, lang: str) -> None:
    """By room, day and nationality.

    A guest who checks out is no longer in house, and stays in the list of the night.
    """
    arrivals = arrive(configured, lang)
    night = date.fromisoformat(arrivals[0]["stay"]["check_in"][:10])
    said = configured("daftar", "--in-house", lang=lang)
    assert (said.code, said.err) == (0, "")
    assert [guest.name in said.out for guest in GUESTS] == [True] * 3
    assert names(configured, "--in-house", "--room", "7") == [QUENTIN.surname, XIMENA.surname]
    assert names(configured, "--in-house", "--nationality", "Inggris") == [OBADIAH.surname]
    assert names(configured, "--in-house", "--room", "7", "--nationality", "ESP") == [XIMENA.surname]
    assert names(configured, "--day", night.isoformat()) == [guest.surname for guest in GUESTS]
    assert names(configured, "--in-house", "--day", (night + timedelta(days=2)).isoformat()) == []
    assert configured("checkout", arrivals[1]["id"], "--yes", lang=lang).code == 0
    assert names(configured, "--in-house") == [QUENTIN.surname, OBADIAH.surname]
    unlock = lock(configured)
    sealed = configured("list", "--in-house", lang=lang)
    assert (sealed.code, len(sealed.out.splitlines())) == (0, 3)
    assert typed_in(lang, "apoa key recover") in sealed.err
    assert configured("list", "--in-house", "--room", "7", lang=lang).code == 77
    assert not any(word in sealed.all for word in WORDS)
    unlock()
    assert configured("list", "--in-house", "--nationality", "Atlantis", lang=lang).code == 2


def report_a_stay(apoa: Installed, lang: str, *send: str) -> list[dict[str, Any]]:
    """Reports a guest, a move and a check-out, the last two with the options `send`."""
    arrival = apoa(*QUENTIN.mrz("--json")).json
    changed = ["--room", "9", "--reason", "AC rusak"]
    moved = apoa("amend", arrival["short_id"], *changed, "--yes", "--json", *send, lang=lang).json
    left = apoa("checkout", arrival["stay_id"], "--yes", "--json", *send, lang=lang).json
    return [arrival, moved, left]


@in_each_language
@pytest.mark.parametrize("line", [True, False], ids=["online", "offline"])
def test_stay_history(configured: Installed, lang: str, *, line: bool) -> None:
    """The history shows the report, the correction and the check-out, online with the answers."""
    reports = report_a_stay(configured, lang, *([] if line else ["--no-send"]))
    said = configured("show", reports[1]["short_id"], lang=lang)
    assert (said.code, said.err) == (0, "")
    _guest, *chapters = said.out.split("\n\n")
    for number, kind in enumerate(("check-in", "correction", "check-out")):
        report, chapter, sent = reports[number], chapters[number], number == 0 or line
        state = spoken(lang, "sent" if sent else "waiting")
        assert chapter.startswith(f"{number + 1}. {spoken(lang, kind)} {report['short_id']}: {state}\n")
        assert (spoken(lang, "accepted by the authority") in chapter) is sent
        assert user_name() in chapter
        assert (report["receipt"] is not None) is sent
        assert report["receipt"] is None or report["receipt"]["number"] in chapter
    assert f"{spoken(lang, 'Room')}: 7 → 9" in chapters[1]
    assert "AC rusak" in chapters[1]


@in_each_language
def test_history_after_a_later_sync(configured: Installed, lang: str) -> None:
    """After a sync each report has its answer and receipt, with the key locked too."""
    reports = report_a_stay(configured, lang, "--no-send")
    assert configured("sync", lang=lang).code == 0
    story = configured("show", reports[2]["id"], "--json", lang=lang).json["story"]
    assert [chapter["id"] for chapter in story] == [report["id"] for report in reports]
    assert [chapter["state"] for chapter in story] == ["accepted"] * 3
    assert [[event["action"] for event in chapter["events"]] for chapter in story] == [["saved", "accepted"]] * 3
    unlock = lock(configured)
    sealed = configured("show", reports[0]["id"], lang=lang)
    assert sealed.code == 0
    assert all(chapter["receipt"]["number"] in sealed.out for chapter in story)
    assert not any(word in sealed.all for word in [*WORDS, "AC rusak"])
    unlock()
    assert readable_in(configured.home / "melati", [*WORDS, "AC rusak"]) == []


@in_each_language
def test_history_offline(apoa: Installed, lang: str) -> None:
    """A correction replaces the first report, and each attempt is listed."""
    said = apoa(
        "setup", "--non-interactive", "--property", "melati", "--vault", "file", *NOBODY_THERE, stdin="rahasia\n"
    )
    assert said.code == 75, said.all
    arrival = apoa(*QUENTIN.mrz("--json")).json
    moved = apoa("amend", arrival["id"], "--room", "9", "--yes", "--json", "--no-send", lang=lang).json
    assert apoa("sync", lang=lang).code == 75
    said = apoa("show", arrival["id"], lang=lang)
    assert said.code == 0
    _guest, first, second = said.out.split("\n\n")
    assert first.startswith(f"1. {spoken(lang, 'check-in')} {arrival['short_id']}: {spoken(lang, 'replaced')}\n")
    assert second.startswith(f"2. {spoken(lang, 'check-in')} {moved['short_id']}: {spoken(lang, 'waiting')}\n")
    failed = f"{spoken(lang, 'not delivered, waiting again')}: {spoken(lang, 'no connection')}"
    assert failed in first
    assert failed in second


@in_each_language
def test_guest_reported_twice(configured: Installed, lang: str) -> None:
    """Refused without a terminal, accepted with --again, and accepted once the guest has left."""
    first = configured(*QUENTIN.mrz("--json")).json
    unlock = lock(configured)
    said = configured(*QUENTIN.mrz("--no-send"), lang=lang)
    assert (said.code, said.out) == (65, "")
    assert first["short_id"] in said.err
    assert spoken(lang, "Nothing was saved: this guest is already reported.") in said.err
    refused = configured(*QUENTIN.mrz("--no-send", "--json"), lang=lang)
    assert [error["code"] for error in refused.json["errors"]] == ["duplicate"]
    unlock()
    again = configured(*QUENTIN.mrz("--no-send", "--json", "--again"), lang=lang)
    assert (again.code, [warning["code"] for warning in again.json["warnings"]]) == (0, ["duplicate"])
    assert configured("cancel", again.json["id"], "--yes", lang=lang).code == 0
    assert configured("checkout", first["id"], "--yes", lang=lang).code == 0
    back = configured(*QUENTIN.mrz("--no-send", "--json"), lang=lang)
    assert (back.code, back.json["warnings"]) == (0, [])
