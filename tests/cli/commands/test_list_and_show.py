"""`apoa list`, `apoa show` and `apoa log`: the reports of the outbox, the history of a stay, and the audit trail."""

import os
import re
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cli_helpers import (
    DANGEROUS,
    GUESTS,
    LANGUAGES,
    OBADIAH,
    PRIVATE,
    QUENTIN,
    XIMENA,
    Apoa,
    OpenContents,
    Serve,
    assert_sanitized,
)
from screens import Screens

from apoa_client.cli.terminal import pager


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
def test_list_screens(configured: Apoa, screens: Screens, lang: str) -> None:
    """A table, its search, what is not found, and the same without the key."""
    screens(configured, "list", lang=lang)
    configured(*XIMENA.mrz())
    configured.save(QUENTIN)
    configured.save(OBADIAH, "--room", "8")
    screens(configured, "list", lang=lang)
    screens(configured, "list", "--in-house", lang=lang)
    screens(configured, "list", "--nationality", "Polnad", lang=lang)
    screens(configured, "list", "--since", "entah", lang=lang)
    screens(configured, "list", "--state", "gone", lang=lang)
    configured.delete_key()
    screens(configured, "list", lang=lang)
    screens(configured, "list", "--guest", "zyk", lang=lang)


def test_one_line_a_stay(three: Apoa) -> None:
    """The report that waits or was refused stands for its stay, else the last one; --history and JSON have all.

    A check-out has the guest of its stay in lists and searches, and in JSON none; its day is where a guest is chosen.
    """
    first = three("list", "--json").json["reports"][0]["id"]
    assert three("checkout", first, "--no-send", "--yes", "--at", "2026-11-25T10:00").code == 0
    [line] = [line for line in three("list").out.splitlines() if QUENTIN.name in line]
    assert "check-in" in line  # it waits, and is sent first
    assert [
        line for line in three("list", "--history").out.splitlines() if "check-out" in line and QUENTIN.name in line
    ]
    found = three("list", "--json", "--guest", QUENTIN.surname, "--room", "1").json["reports"]
    assert [(report["kind"], report["guest"] is None) for report in found] == [("check_in", False), ("check_out", True)]
    chosen = three("receipt", keys=[""]).err.splitlines()
    assert [line for line in chosen if QUENTIN.name in line and "left 25 Nov 2026" in line]
    assert three("cancel", QUENTIN.surname, "--yes", "--reason", "wrong guest").code == 0
    lines = three("list").out.splitlines()[1:]
    assert [sum(guest.name in line for line in lines) for guest in GUESTS] == [1, 1, 1]
    assert [line for line in lines if "withdrawn" in line and QUENTIN.name in line]
    history = three("list", "--history").out.splitlines()[1:]
    assert len(history) == len(three("list", "--json").json["reports"]) == len(lines) + 1
    assert len(three("list", "--state", "withdrawn").out.splitlines()) == 2
    assert three("list", "--history", "--in-house").code == 2


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
    assert three("cancel", QUENTIN.surname, "--yes").code == 0
    three.clock.forward(timedelta(days=40))  # open ones stay in sight
    assert len(names(three)) == len(names(three, "--since", "28/11/2026")) == 2
    assert len(names(three, "--since", "24/11/2026")) == len(names(three, "--all")) == 3


def test_nationality(three: Apoa) -> None:
    """Accepts a code or a name in either language; D and DEU both mean Germany."""
    for text in ("POL", "Poland", "polandia", "pl"):
        assert names(three, "--nationality", text) == [QUENTIN.surname]
    assert names(three, "--nationality", "Spanyol", "--room", "1") == []
    three.save(replace(QUENTIN, surname="MUELLER", number="C01X00T47", state="D"))
    for text in ("D", "DEU", "Jerman", "Germany"):
        assert names(three, "--nationality", text) == ["MUELLER"]


def test_a_damaged_file(three: Apoa) -> None:
    """Lists the reports that can be read, then the error; only the error if no report can be read."""
    first, *others = three.reports()
    for damaged, left in ((f"id = '{first['id']}'", others), ("1", None)):
        three.change_database(f"UPDATE reports SET attempts = 'many' WHERE {damaged}")  # noqa: S608  an id of ours
        result = three("list", "--json")
        assert (result.code, "outbox.db" in result.err) == (78, True)
        assert result.json["reports"] == left if left else list(result.json) == ["error"]


def test_a_screen_without_a_pager(three: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shows the first rows and opens no other report, and says how to see them all."""
    monkeypatch.setattr(pager, "_MAX_ROWS", 1)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    contents = OpenContents(monkeypatch)
    more = "The first 1 are shown, and there are more. To see all, add: --no-pager"
    for options in ((), ("--history",), ("--in-house",), ("--guest", "i")):
        contents.opened.clear()
        lines = three("list", *options, PAGER="no-such-pager").out.splitlines()
        assert (len(lines), lines[-1], len(contents.opened)) == (3, more, 2)
        assert len(three("list", *options, "--no-pager").out.splitlines()) > len(GUESTS)
        assert len(three("list", *options, "--json").json["reports"]) == len(GUESTS)


@pytest.mark.parametrize("options", [["--json"], [], ["--room", "1", "--json"]])
def test_reports_are_opened_one_after_the_other(
    three: Apoa, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """However many there are, each report is opened once, and shown before the one after the next is opened."""
    for guest in GUESTS:
        three.save(guest, "--again", "--room", "4")
    contents = OpenContents(monkeypatch)
    assert three("list", *options).code == 0
    assert len(contents.opened) == len(set(contents.opened)) == 6
    assert contents.most <= 3


def test_lists_sealed(three: Apoa) -> None:
    """Without the key: exits with 0; every report has "sealed": true and no guest, and stderr has the advice once."""
    three.delete_key()
    result = three("list", "--json")
    assert (result.code, result.err.count("apoa key recover")) == (0, 1)
    assert [(each["sealed"], each["guest"], each["stay"]) for each in result.json["reports"]] == [
        (True, None, None)
    ] * 3
    assert not any(word in three("list").all for word in PRIVATE)


def test_a_long_list_goes_through_the_pager(three: Apoa, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A list that is longer than the screen goes through PAGER; not with --no-pager, --plain, --json, nor in a pipe."""
    kept = tmp_path / "kept"
    script = tmp_path / "pager.py"
    script.write_text(f"import sys; open({str(kept)!r}, 'w').write(sys.stdin.read())")
    environ = {"PAGER": f"{sys.executable} {script}", "PATH": os.defpath}
    monkeypatch.setenv("LINES", "4")
    assert QUENTIN.name in three("list", **environ).out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    for more in (["--no-pager"], ["--json"], ["--plain"]):
        assert QUENTIN.surname in three("list", *more, **environ).out
    assert not kept.exists()
    for more in ([], ["--in-house"]):
        assert three("list", *more, **environ).out == ""
        assert all(guest.name in kept.read_text() for guest in GUESTS)
    assert QUENTIN.name in three("list", PAGER="no-such-pager").out
    monkeypatch.setenv("LINES", "24")
    assert QUENTIN.name in three("list", **environ).out


def test_the_id_of_a_stay_stays_the_same(away: Apoa) -> None:
    """After a correction that replaces and one that follows, lists, pickers and answers show the id of the check-in."""
    saved = away.save()
    short = saved["short_id"]
    change = ["amend", short, "--reason", "pindah", "--yes", "--no-send", "--room"]
    assert f"report {short}." in away(*change, "8").out
    for command in (["list"], ["list", "--in-house"], ["status", "--tonight"]):
        assert re.findall(r"\b[0-9a-f]{8}\b", away(*command).out) == [short], command
    history = re.findall(r"\b[0-9a-f]{8}\b", away("list", "--history", "--all").out)
    assert len(set(history)) == len(history) == 2
    assert short in history
    picked = away("show", keys=["1"])
    assert f"1  {short}" in picked.err
    [waiting] = [report["id"] for report in away.reports() if report["state"] == "queued"]
    assert away("receipt", short, "--json").json["id"] == waiting
    assert away("received", short, "STT-1", "--json").json["id"] == waiting
    assert f"report {short}." in away(*change, "9").out
    assert f"report {short}." in away("checkout", short, "--yes", "--no-send").out
    assert away("receipt", saved["id"], "--json").json["state"] == "superseded"


def test_the_id_of_a_stay_means_the_report_that_a_list_shows(away: Apoa) -> None:
    """What waits gets the number, and is withdrawn alone; the receipt is the stay's last one."""
    saved = away.save()
    short = saved["short_id"]
    away("received", short, "STT-1")
    away("checkout", short, "--yes", "--no-send")
    [left] = [each for each in away.reports() if each["kind"] == "check_out"]
    assert away("cancel", short, "--yes", "--json").json["id"] == left["id"]
    away("amend", short, "--room", "9", "--reason", "pindah", "--yes", "--no-send")
    receipt = away("receipt", short, "--json").json
    assert (receipt["id"], receipt["receipt"]["number"]) == (saved["id"], "STT-1")
    [changed] = [each for each in away.reports() if each["kind"] == "amend"]
    assert away("received", short, "STT-2", "--json").json["id"] == changed["id"]
    assert away("receipt", saved["id"], "--json").json["receipt"]["number"] == "STT-1"
    assert away("receipt", short, "--json").json["receipt"]["number"] == "STT-2"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_history_screens(
    apoa: Apoa, screens: Screens, serve: Serve, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    """The history of a guest who moves and leaves, of one who is refused, cancelled, typed in or erased."""
    monkeypatch.setattr("apoa_client.settings.folders.user_name", lambda: "desk")  # the same on every computer
    faults, minutes = "ok*3,500,500,defer=60,pending,reject,ok*3", timedelta(minutes=10)
    assert apoa.set_up(serve(faults).base_url).code == 0
    arrival = apoa.send()
    apoa.clock.forward(minutes)
    apoa("amend", arrival["id"], "--room", "9", "--reason", "AC rusak")
    screens(apoa, "show", arrival["short_id"], lang=lang)
    apoa.clock.forward(minutes)
    apoa("checkout", arrival["id"])
    screens(apoa, "show", arrival["short_id"], lang=lang)
    late = apoa.save(XIMENA, "--stay-permit", "")
    for _time in range(5):
        apoa("sync")
        apoa.clock.forward(minutes)
    screens(apoa, "show", late["short_id"], lang=lang)
    refused = apoa.send(OBADIAH)
    apoa.clock.forward(minutes)
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


def test_one_broken_seal(configured: Apoa) -> None:
    """A report whose seal is broken is an error; the others are shown in full."""
    stay = configured.send()["id"]
    configured("amend", stay, "--room", "9", "--reason", "AC rusak")
    configured("checkout", stay)
    configured.change_database("UPDATE reports SET content = zeroblob(200) WHERE kind = 'amend'")
    result = configured("show", stay)
    assert result.code == 0
    assert "not deleted" in result.err
    assert result.out.count("Receipt number") == 3
    assert "AC rusak" not in result.out
    value = configured("show", stay, "--json").json
    assert [item.get("sealed", False) for item in value["story"]] == [False, True, False]


def actions(apoa: Apoa, *options: str) -> list[str]:
    result = apoa("log", "--json", *options)
    assert result.code == 0, result.err
    return [entry["action"] for entry in result.json["entries"]]


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


@pytest.mark.parametrize(
    ("statement", "number", "missing"),
    [
        ("UPDATE audit SET who = 'another' WHERE n = 2", 2, False),
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
