"""Tests of how every command that takes a report finds it: by id, room, name or a choice, one guest or several."""

from dataclasses import replace

import pytest
from cli_helpers import GUESTS, OBADIAH, QUENTIN, XIMENA, Apoa, spoken

from apoa_client.cli.prompts import find_stays
from apoa_client.errors import Exit

CHANGES = {
    "show": [],
    "amend": ["--nights", "3", "--no-send", "--yes"],
    "cancel": ["--yes", "--no-send"],
    "checkout": ["--yes", "--no-send"],
}
"""Commands that take any guest in house, with what each needs unattended."""


@pytest.fixture
def rooms(away: Apoa) -> Apoa:
    """Three guests who were reported one by one: two in room 3, one in room 12."""
    for guest, room in zip(GUESTS, ("3", "kamar 3", "12"), strict=True):
        away.save(guest, "--room", room)
    return away


@pytest.mark.parametrize(
    ("command", "reference"),
    [("show", ["VANTERPOOL"]), ("amend", ["kamar", "12"]), ("cancel", ["VB9081726"]), ("checkout", ["VANTERPOOL"])],
)
def test_a_name_a_room_or_a_passport(rooms: Apoa, command: str, reference: list[str]) -> None:
    """Every command takes part of a name, a room with or without the word, and the passport's number."""
    result = rooms(command, *reference, *CHANGES[command], "--json")
    assert result.code == 0, result.err
    assert result.json["stay_id"] == rooms.reports()[2]["stay_id"]


def test_several_matches_unattended(rooms: Apoa) -> None:
    """A room with two guests exits with 2, names their ids, and nothing changes."""
    ids = [report["short_id"] for report in rooms.reports()]
    for command, options in CHANGES.items():
        result = rooms(command, "kamar", "3", *options)
        assert result.code == Exit.USAGE
        assert [short_id in result.err for short_id in ids] == [True, True, False]
    assert rooms.states() == [("check_in", "queued")] * 3


def test_choice_from_a_list(rooms: Apoa) -> None:
    """At a terminal the guests are listed with their numbers; a name shortens the list, Enter leaves."""
    left = rooms("cancel", keys=[""])
    assert left.code == 0
    assert "No guest was chosen, and nothing was changed." in left.err
    assert all(guest.name in left.err for guest in GUESTS)
    shown = rooms("show", keys=["absent", "0", "kamar 3", "2"])
    assert shown.code == 0, shown.all
    assert shown.err.count("Type one of the numbers, or part of a name in the list.") == 2
    assert shown.out.count("\n") > 3
    assert OBADIAH.name not in shown.out
    shown = rooms("show", keys=["obadiah"])
    assert OBADIAH.name in shown.out


def test_a_long_list(away: Apoa) -> None:
    """A list fits on the screen: the rest is found by name, is not chosen by number, and "all" takes none of it."""
    away.monkeypatch.setattr(find_stays, "_MAX_SHOWN", 2)
    for number in range(4):
        away.save(replace(QUENTIN, number=f"ZX{number:07}"), "--room", f"B{number}")
    result = away("checkout", keys=["a", "3", ""])
    assert result.code == 0, result.all
    assert spoken("en", "... and {count} more: type part of the name.", count=2) in result.err
    assert set(away.states()) == {("check_in", "queued")}


def test_a_short_text_is_a_room_first(rooms: Apoa) -> None:
    """A room's number means the room, although ids begin with it; without the key it is never taken for an id."""
    first, _second, third = rooms.reports()
    rooms("amend", "obadiah", "--room", first["short_id"][:3], "--no-send")
    assert rooms("show", first["short_id"][:3], "--json").json["stay_id"] == third["stay_id"]
    rooms("amend", "obadiah", "--room", first["short_id"][:4], "--no-send")
    assert rooms("show", first["short_id"][:4], "--json").code == Exit.USAGE
    assert rooms("show", first["short_id"], "--json").json["id"] == first["id"]
    rooms.delete_key()
    assert rooms("cancel", first["short_id"][:3], "--yes").code == Exit.CREDENTIALS
    assert rooms("show", first["short_id"][:7], "--json").json["id"] == first["id"]


def test_names_need_the_key(rooms: Apoa) -> None:
    """Without the key a name exits with 77, an unknown id with 2; a known one is not changed."""
    ids = [report["short_id"] for report in rooms.reports()]
    rooms.delete_key()
    for command, options in CHANGES.items():
        assert rooms(command, "obadiah", *options).code == Exit.CREDENTIALS
        assert rooms(command, "ffffffff", *options).code == Exit.USAGE
        assert rooms(command, ids[2], *options).code == (77 if command in {"amend", "cancel"} else 0)
        listed = rooms(command, keys=[""])
        assert (ids[0] in listed.err, QUENTIN.name in listed.err) == (True, False)


def test_a_whole_room_is_amended(rooms: Apoa) -> None:
    """`amend --room 3 --nights 4` corrects all in the room after one confirmation, or unattended with --yes."""
    change = ["amend", "--room", "3", "--no-send", "--nights"]
    assert rooms(*change, "4").code == Exit.USAGE
    result = rooms(*change, "4", keys=["y"])
    assert (result.code, QUENTIN.name in result.err, XIMENA.name in result.err) == (0, True, True), result.all
    waiting = [report for report in rooms.reports() if report["state"] == "queued"]
    stays = sorted((report["stay"]["room"], report["stay"]["planned_check_out"]) for report in waiting)
    assert stays == [("12", "2026-11-26"), ("3", "2026-11-28"), ("3", "2026-11-28")]
    assert rooms(*change, "4", "--yes").code == Exit.DATA_REFUSED  # nothing would change
    result = rooms(*change, "5", "--yes", "--json")
    assert (result.code, len(result.json["reports"])) == (0, 2), result.err
    for options in (["--room", "3"], ["--room", "3", "--surname", "X"], ["--room", "99", "--nights", "1"]):
        assert rooms("amend", *options, "--yes").code == Exit.USAGE
    assert rooms("checkout", "obadiah", "--room", "3").code == Exit.USAGE


def test_all_or_nothing(rooms: Apoa) -> None:
    """If one of the corrections is refused, none is saved, and the report that is wrong is named."""
    rooms("amend", "ximena", "--check-in", "2026-11-23T10:00", "--no-send")
    before = rooms.states()
    result = rooms("amend", "--room", "3", "--planned-check-out", "2026-11-24", "--yes", "--no-send")
    assert result.code == Exit.DATA_REFUSED
    assert spoken("en", "Report {id}:", id=rooms.reports()[0]["short_id"]) in result.err
    assert rooms.states() == before


def test_the_reasons_of_a_sent_room(configured: Apoa) -> None:
    """A reason is asked for once; that of a correction that was not sent yet is kept, and is no other guest's."""
    for guest in (QUENTIN, XIMENA):
        configured.send(guest, "--room", "3")
    change = ["amend", "--room", "3", "--nights"]
    assert configured(*change, "4", "--yes").code == Exit.DATA_REFUSED
    assert configured(*change, "4", keys=["extra nights", "y"]).code == 0
    assert configured.states()[2:] == [("amend", "accepted")] * 2
    configured("amend", "quentin", "--phone", "+48 600100200", "--reason", "moved", "--no-send")
    before = configured.states()
    assert configured(*change, "5", "--no-send", "--yes").code == Exit.DATA_REFUSED
    assert configured.states() == before
    assert configured(*change, "5", "--no-send", keys=["more nights", "y"]).code == 0
    waiting = [report["short_id"] for report in configured.reports() if report["state"] == "queued"]
    shown = [configured("show", short_id).out for short_id in waiting]
    assert [("moved" in each, "more nights" in each) for each in shown] == [(True, False), (False, True)]


def test_a_blank_reference_is_no_guest(away: Apoa) -> None:
    """Also where only one guest is in house, who has no room: the command exits with 2 and changes nothing."""
    away.save()
    for command, options in (*CHANGES.items(), ("receipt", [])):
        assert away(command, " ", *options).code == Exit.USAGE, command
    for command in ("amend", "checkout"):
        assert away(command, "--room", " ", *CHANGES[command]).code == Exit.USAGE, command
    assert away("purge", "--guest", " ", "--yes").code == Exit.USAGE
    assert away.states() == [("check_in", "queued")]


def test_fix_and_received_choose_from_what_fits(away: Apoa) -> None:
    """`fix` says that nothing is refused, and `received` asks for the guest and then for the number."""
    away.save()
    away.save(XIMENA)
    assert spoken("en", "No report is refused.") in away("fix", keys=[]).out
    result = away("received", keys=["ximena", "STT-7"])
    assert result.code == 0, result.all
    assert [report["state"] for report in away.reports()] == ["queued", "accepted"]
    assert away("received", "quentin", "STT-8").code == 0
    assert spoken("en", "Nothing waits to be typed into APOA.") in away("received", keys=[]).out
    assert away("received", "quentin").code == Exit.USAGE


def test_purge_takes_no_nearest_guest(away: Apoa) -> None:
    """Where data are erased, a guest who left long ago is as near as one in house."""
    first = away.save(QUENTIN, "--check-in", "2026-11-01T12:00")
    away("checkout", first["id"], "--no-send", "--at", "2026-11-03T12:00")
    away.save(replace(QUENTIN, number="ZX7654321"))
    assert away("show", "quentin", "--json").json["id"] == away.reports()[2]["id"]
    assert away("purge", "--guest", "quentin", "--yes").code == Exit.USAGE
    assert away("log", "--report", "quentin").code == 0
    for arguments in (["purge", "--guest", "quentin"], ["log", "--report", "zykowski"]):
        assert away(*arguments, keys=[""]).code == 0
