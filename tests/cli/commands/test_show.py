"""`apoa show` and `apoa log`: the history of a stay, and the audit trail of the property."""

from datetime import timedelta
from typing import Any

import pytest
from cli_helpers import (
    DANGEROUS,
    GUESTS,
    LANGUAGES,
    OBADIAH,
    QUENTIN,
    XIMENA,
    Apoa,
    Serve,
    assert_sanitized,
)
from screens import Screens

MINUTES = timedelta(minutes=10)


@pytest.fixture
def three(away: Apoa) -> Apoa:
    """A property with three queued reports."""
    for number, guest in enumerate(GUESTS, start=1):
        away.save(guest, "--room", str(number))
    return away


@pytest.fixture
def stay(configured: Apoa) -> dict[str, dict[str, Any]]:
    """The three sent reports of a guest who changes the room and leaves."""
    arrival = configured(*QUENTIN.mrz("--json")).json
    configured.clock.forward(MINUTES)
    moved = configured("amend", arrival["id"], "--room", "9", "--reason", "AC rusak", "--json").json
    configured.clock.forward(MINUTES)
    left = configured("checkout", arrival["id"], "--json").json
    return {"check_in": arrival, "amend": moved, "check_out": left}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.usefixtures("_desk")
def test_screens(apoa: Apoa, screens: Screens, serve: Serve, lang: str) -> None:
    """The history of a guest who moves and leaves, of one who is refused, cancelled, typed in or erased."""
    faults = "ok*3,500,500,defer=60,pending,reject,ok*3"
    assert apoa.set_up(serve(faults).base_url).code == 0
    arrival = apoa.send()
    apoa.clock.forward(MINUTES)
    apoa("amend", arrival["id"], "--room", "9", "--reason", "AC rusak")
    screens(apoa, "show", arrival["short_id"], lang=lang)
    apoa.clock.forward(MINUTES)
    apoa("checkout", arrival["id"])
    screens(apoa, "show", arrival["short_id"], lang=lang)
    late = apoa.save(XIMENA, "--stay-permit", "")
    for _time in range(5):
        apoa("sync")
        apoa.clock.forward(MINUTES)
    screens(apoa, "show", late["short_id"], lang=lang)
    refused = apoa.send(OBADIAH)
    apoa.clock.forward(MINUTES)
    apoa("fix", refused["id"], "--room", "8")
    screens(apoa, "show", refused["short_id"], lang=lang)
    apoa("cancel", refused["stay_id"], "--reason", "salah tamu", "--yes")
    screens(apoa, "show", refused["short_id"], lang=lang)
    apoa("checkout", arrival["id"])
    assert apoa("purge", "--guest", arrival["id"], "--yes").code == 0
    screens(apoa, "show", arrival["short_id"], lang=lang)
    screens(apoa, "show", "zzzz", lang=lang)
    screens(apoa, "log", lang=lang)
    apoa.delete_key()
    screens(apoa, "show", late["short_id"], lang=lang)


@pytest.fixture
def _desk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's name is the same on every computer."""
    monkeypatch.setattr("apoa_client.settings.folders.user_name", lambda: "desk")


def test_one_broken_seal(configured: Apoa, stay: dict[str, Any]) -> None:
    """A report whose seal is broken is an error; the others are shown in full."""
    configured.change_database("UPDATE reports SET content = zeroblob(200) WHERE kind = 'amend'")
    result = configured("show", stay["check_in"]["id"])
    assert result.code == 0
    assert "not deleted" in result.err
    assert result.out.count("Receipt number") == 3
    assert "AC rusak" not in result.out
    value = configured("show", stay["check_in"]["id"], "--json").json
    assert [item.get("sealed", False) for item in value["story"]] == [False, True, False]


def actions(apoa: Apoa, *options: str) -> list[str]:
    result = apoa("log", "--json", *options)
    assert result.code == 0, result.err
    return [entry["action"] for entry in result.json["entries"]]


def test_login_logout_and_suspension_are_logged(apoa: Apoa, serve: Serve) -> None:
    """Logs a stored and a removed password, and the start and end of a suspension."""
    server = serve()
    apoa.set_up(server.base_url)
    apoa.save()
    apoa("login", "--no-test", "--password-stdin", stdin="wrong\n")
    assert apoa("sync").code == 77
    apoa("login", "--password-stdin", stdin=f"{server.password}\n")
    apoa("logout")
    expected = ["logged_in", "sending_stopped", "logged_in", "sending_resumed", "logged_out"]
    assert [action for action in actions(apoa) if action in expected] == expected
    table = apoa("log").out
    assert "wrong_password" in table


def test_shows_30_days_by_default(away: Apoa) -> None:
    """Shows 30 days; --since starts on a day of the property's zone, --report shows all entries of a report."""
    first = away.save(QUENTIN)
    away.clock.forward(timedelta(days=31))
    second = away.save(XIMENA)
    assert actions(away) == ["saved"]
    assert actions(away, "--since", "2026-11-24") == ["set_up", "saved", "saved"]
    assert actions(away, "--since", "25/11/2026") == ["saved"]
    for report in (first, second):
        for reference in (report["id"], report["short_id"], report["stay_id"]):
            result = away("log", "--report", reference, "--json")
            assert [entry["report"] for entry in result.json["entries"]] == [report["id"]]


def test_control_characters_are_sanitized(away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control characters in a user's name or in a changed database do not reach the terminal."""
    monkeypatch.setattr("apoa_client.settings.folders.user_name", lambda: "".join(DANGEROUS) + "made")
    away.save()
    away.change_database("UPDATE audit SET action = 'x' || char(27), detail = char(27), report = char(27) WHERE n = 1")
    result = away("log")
    assert "made" in result.out
    assert_sanitized(result.out)


def test_a_damaged_entry(away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shows what can be read before it, then the error, with exit code 78; without anything before, only the error."""
    monkeypatch.setattr("apoa_client.outbox.sql.audit._BATCH", 1)
    away.save()
    away.change_database("UPDATE audit SET link = 'text' WHERE n = 2")
    result = away("log", "--json")
    assert (result.code, [entry["n"] for entry in result.json["entries"]]) == (78, [1])
    assert "outbox.db" in result.err
    away.change_database("UPDATE audit SET link = 'text'")
    result = away("log", "--json")
    assert (result.code, list(result.json)) == (78, ["error"])


def test_an_unchanged_log_is_verified(configured: Apoa) -> None:
    """Exits with 0 and shows the number of entries and the link of the last one."""
    configured(*QUENTIN.mrz())
    link = configured("log", "--json").json["entries"][-1]["link"]
    result = configured("log", "--verify")
    assert result.code == 0
    assert link in result.out
    expected = {"whole": True, "entries": 3, "link": link, "wrong": None, "missing": False}
    reports = {"checked": 1, "with_key": True, "unauthenticated": 0, "doubts": []}
    assert configured("log", "--verify", "--json").json == {**expected, "reports": reports}


@pytest.mark.parametrize(
    ("statement", "number", "missing"),
    [
        ("UPDATE audit SET who = 'another' WHERE n = 2", 2, False),
        ("DELETE FROM audit WHERE n = 2", 2, True),
        ("DELETE FROM audit WHERE n = 3", 3, True),
    ],
)
def test_a_changed_log_is_detected(configured: Apoa, statement: str, number: int, *, missing: bool) -> None:
    """Exits with 78 and names the first changed or missing entry; reports can still be sent."""
    configured(*QUENTIN.mrz())
    configured.change_database(statement)
    result = configured("log", "--verify")
    what = "is missing" if missing else "was changed"
    assert (result.code, f"Entry {number} of the log {what}" in result.err) == (78, True)
    value = configured("log", "--verify", "--json")
    assert (value.code, value.json["whole"], value.json["wrong"]) == (78, False, number)
    assert value.json["missing"] is missing
    assert configured(*XIMENA.mrz()).code == 0
    assert configured("log", "--verify").code == 78
