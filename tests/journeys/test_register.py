"""The register through the installed command: who is in house, a stay's whole story, a guest reported twice."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from cli_helpers import GUESTS, NOWHERE, OBADIAH, QUENTIN, XIMENA, Installed, readable_in, spoken
from journeys_helpers import in_each_language

from apoa_client.settings.user import user_name

NOBODY_THERE = ["--api-url", NOWHERE, "--username", "latihan", "--password-stdin"]
WORDS = [word for guest in GUESTS for word in guest.words]


def arrive(apoa: Installed, lang: str) -> list[dict[str, Any]]:
    """Three guests of three countries, two of them in one room, all on the same day."""
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
    """Take the private key away; what is returned brings it back."""
    key = apoa.home / "melati" / "keys.json"
    aside = apoa.home.parent / "keys-aside.json"
    key.rename(aside)
    return lambda: aside.rename(key)


@in_each_language
def test_who_is_in_house(configured: Installed, lang: str) -> None:
    """By room, day and nationality; whoever leaves is gone from it, and stays in the register of the night."""
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
    assert "apoa key recover" in sealed.err
    assert configured("list", "--in-house", "--room", "7", lang=lang).code == 77
    assert not any(word in sealed.all for word in WORDS)
    unlock()
    assert configured("list", "--in-house", "--nationality", "Atlantis", lang=lang).code == 2


def a_life(apoa: Installed, lang: str, *send: str) -> list[dict[str, Any]]:
    """A guest is reported, moves, and leaves; the last two reports as `send` says."""
    arrival = apoa(*QUENTIN.mrz("--json")).json
    changed = ["--room", "9", "--reason", "AC rusak"]
    moved = apoa("amend", arrival["short_id"], *changed, "--yes", "--json", *send, lang=lang).json
    left = apoa("checkout", arrival["stay_id"], "--yes", "--json", *send, lang=lang).json
    return [arrival, moved, left]


@in_each_language
@pytest.mark.parametrize("line", [True, False], ids=["online", "offline"])
def test_the_whole_story_of_a_stay(configured: Installed, lang: str, *, line: bool) -> None:
    """Reported, corrected, checked out: with each answer where there is a line, and whole where there is none."""
    reports = a_life(configured, lang, *([] if line else ["--no-send"]))
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
def test_what_came_of_it_later(configured: Installed, lang: str) -> None:
    """Sent at last, each report has its answer and its proof, with the key locked too; the files tell of nobody."""
    reports = a_life(configured, lang, "--no-send")
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
def test_a_story_without_any_line(apoa: Installed, lang: str) -> None:
    """Nothing ever left: a correction takes the first report's place, and each attempt is told."""
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
def test_a_guest_who_is_reported_twice(configured: Installed, lang: str) -> None:
    """Refused unattended, with the key locked too; taken with --again, and as ever once the guest has left."""
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
