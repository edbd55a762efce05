"""Tests of `apoa checkout` and `apoa cancel`, online and offline, with and without the key."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NoReturn

import pytest
from cli_helpers import (
    LANGUAGES,
    NOWHERE,
    OBADIAH,
    QUENTIN,
    XIMENA,
    Apoa,
    CallResult,
    Serve,
)
from screens import Screens

from apoa_client.cli.terminal import input as terminal_input
from apoa_client.cli.terminal import language
from apoa_client.errors import Exit
from apoa_client.messages import msg
from apoa_client.outbox.errors import DiskFull
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.report import parse_fields


def run_before_confirmation(apoa: Apoa, command_of_other_user: Callable[[], CallResult]) -> None:
    """Run a command of another user while the program waits for the next confirmation."""
    original_confirm, waiting_commands = terminal_input.confirm, [command_of_other_user]

    def confirm(question: str, *, default: bool = True) -> bool:
        current = language.current_language()  # the other user has a process with its own language
        assert all(call().code == 0 for call in waiting_commands)
        language.set_language(current)
        waiting_commands.clear()
        return original_confirm(question, default=default)

    apoa.monkeypatch.setattr("apoa_client.cli.commands.stay.confirm", confirm)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(configured: Apoa, screens: Screens, lang: str) -> None:
    """What the desk sees of a guest who leaves, of a mistake, and of what cannot be done."""
    screens(configured, "checkout", keys=[], lang=lang)
    arrival = configured.send()
    for guest in (XIMENA, OBADIAH):
        configured.save(guest)
    screens(configured, "checkout", arrival["short_id"], "--at", "2026-11-24T19:59", lang=lang)
    screens(configured, "checkout", arrival["short_id"], "--at", "2026-11-26T20:00", lang=lang)
    screens(configured, "checkout", arrival["short_id"], lang=lang)
    screens(configured, "checkout", arrival["short_id"], lang=lang)
    screens(configured, "checkout", "--room", "7", "--no-send", keys=["2", "y"], lang=lang)
    left = configured.reports()[-1]
    screens(configured, "cancel", left["short_id"], keys=["y"], lang=lang)
    screens(configured, "cancel", left["stay_id"], keys=[""], lang=lang)
    screens(configured, "cancel", left["stay_id"], keys=["y"], lang=lang)
    screens(configured, "checkout", left["stay_id"], lang=lang)
    screens(configured, "checkout", "--room", "99", lang=lang)
    keys = ["?", "", ">", "!", "tidak", QUENTIN.lines[0], "salah orang", "y"]
    screens(configured, "cancel", arrival["short_id"], keys=keys, lang=lang)
    screens(configured, "cancel", arrival["short_id"], "--reason", "x", lang=lang)
    screens(configured, "checkout", "--all-due", lang=lang)


class TestCheckOut:
    """`apoa checkout` reports that guests leave."""

    def test_a_room_that_was_saved_with_the_word(self, away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Earlier versions reported the room as it was typed: it is found and shown without the word."""
        with monkeypatch.context() as earlier:
            earlier.setitem(parse_fields.PARSERS, "room", lambda text, _given: parse_fields.one_line(text))
            report = away.save(QUENTIN, "--room", "Kamar 3")
        assert report["stay"]["room"] == "Kamar 3"
        for words in (["list", "--room", "3"], ["show", report["id"]], ["list", "--in-house", "--room", "kamar 3"]):
            shown = away(*words).out
            assert "3" in shown
            assert "Kamar 3" not in shown
        unchanged = away("amend", report["id"], "--nights", "2", "--no-send")
        assert "Nothing would change" in unchanged.err
        assert away("checkout", "--room", "3", "--no-send").code == 0

    def test_several_guests_in_a_room_unattended(self, away: Apoa) -> None:
        """Unattended, several guests in a room are listed, and `--yes` checks all of them out."""
        reports = [away.save(guest) for guest in (QUENTIN, XIMENA)]
        result = away("checkout", "--room", "7", "--no-send")
        assert result.code == 2
        assert all(report["short_id"] in result.err for report in reports)
        result = away("checkout", "--room", "7", "--no-send", "--yes", "--json")
        assert result.code == 0, result.err
        assert [report["kind"] for report in result.json["reports"]] == ["check_out", "check_out"]

    def test_several_guests_in_a_room_at_a_terminal(self, away: Apoa) -> None:
        """At a terminal, the user chooses guests of a room by number, all of them, or none."""
        for guest in (QUENTIN, XIMENA):
            away.save(guest)
        result = away("checkout", "--room", "7", "--no-send", keys=["9", "2", "y"])
        assert (result.code, XIMENA.name in result.out, QUENTIN.name in result.out) == (0, True, False), result.all
        away.save(OBADIAH)
        assert away("checkout", "--room", "7", "--no-send", keys=[""]).code == 0
        assert away("checkout", "--room", "7", "--no-send", keys=["semua", ""]).code == 0
        assert [kind for kind, _state in away.states()].count("check_out") == 3

    def test_check_out_of_all_due_guests(self, configured: Apoa) -> None:
        """`--all-due` checks out only guests whose planned day has begun in the time zone of the property."""
        configured.send(QUENTIN, "--nights", "1")
        configured.save(XIMENA, "--nights", "2")
        configured.clock.forward(timedelta(hours=3, minutes=59))
        assert configured("checkout", "--all-due", "--json").json == {"reports": []}
        assert "No guest's planned day has come." in configured("checkout", "--all-due").out
        configured.clock.forward(timedelta(minutes=1))
        result = configured("checkout", "--all-due", "--json")
        assert result.code == 0, result.err
        assert [report["state"] for report in result.json["reports"]] == ["accepted"]
        configured.clock.forward(timedelta(days=1))
        result = configured("checkout", "--all-due", keys=["n"])
        assert "Nothing was saved." in result.err
        result = configured("checkout", "--all-due", "--no-send", keys=["y"])
        assert XIMENA.name in result.out

    @pytest.mark.parametrize(
        ("zone", "arrived", "midnight", "shown"),
        [
            ("Asia/Jakarta", "2028-02-28T10:00", "2028-02-28T17:00+00:00", "29 Feb 2028 00:00 WIB"),
            ("Asia/Jayapura", "2028-02-29T00:00", "2028-02-29T15:00+00:00", "1 Mar 2028 00:00 WIT"),
        ],
    )
    def test_the_planned_day_uses_the_time_zone_of_the_property(
        self, apoa: Apoa, zone: str, arrived: str, midnight: str, shown: str
    ) -> None:
        """The planned day begins at midnight in the time zone of the property, also at the end of a month."""
        assert apoa.set_up(NOWHERE, "--timezone", zone).code == 75
        apoa.clock.time = datetime.fromisoformat(midnight) - timedelta(seconds=1)
        arrival = apoa.save(QUENTIN, "--check-in", arrived, "--nights", "1")
        assert apoa("checkout", "--all-due", "--no-send", "--json").json == {"reports": []}
        assert apoa("checkout", arrival["id"], "--at", "2026-11-29T09:59", "--no-send").code == 65
        apoa.clock.forward(timedelta(seconds=1))
        result = apoa("checkout", "--all-due", "--no-send", keys=["y"])
        assert result.code == 0, result.all
        assert shown in result.err
        assert [kind for kind, _state in apoa.states()] == ["check_in", "check_out"]

    def test_another_user_changes_one_of_several_stays_first(self, away: Apoa) -> None:
        """If another user changes one of several stays, the other guests are checked out and that stay is named."""
        first, second = away.save(QUENTIN), away.save(XIMENA)
        run_before_confirmation(away, lambda: away("cancel", first["id"]))
        result = away("checkout", "--room", "7", "--no-send", keys=["a", "y"])
        assert result.code == 75
        assert XIMENA.name in result.out
        assert QUENTIN.name not in result.out
        assert first["short_id"] in result.err
        assert [report["stay_id"] for report in away.reports() if report["kind"] == "check_out"] == [second["stay_id"]]

    def test_check_out_of_a_report_of_an_older_version(self, away: Apoa) -> None:
        """A guest whose report has no unencrypted dates is found by id and shown without a planned day."""
        arrival = away.save()
        away.change_database("UPDATE reports SET first_night = NULL, last_morning = NULL")
        result = away("checkout", arrival["id"], "--no-send", keys=["y"])
        assert result.code == 0, result.all
        assert "until" not in result.err

    def test_all_due_saves_nothing_if_one_check_out_is_invalid(self, away: Apoa) -> None:
        """`--all-due` checks all check-outs before it saves any of them."""
        away.save(QUENTIN, "--nights", "1", "--check-in", "2026-11-24T08:00")
        away.save(XIMENA, "--nights", "1", "--check-in", "2026-11-24T19:00")
        away.clock.forward(timedelta(days=1))
        assert away("checkout", "--all-due", "--at", "2026-11-24T12:00", "--no-send").code == 65
        assert len(away.reports()) == 2

    def test_check_out_without_the_key(self, away: Apoa) -> None:
        """Without the key, `checkout` works by id and by day, but not by room."""
        arrival = away.save()
        away.save(XIMENA, "--nights", "1")
        away.delete_key()
        assert away("checkout", "--room", "7").code == Exit.CREDENTIALS
        assert away("checkout", arrival["id"], "--at", "2026-11-23T23:00").code == 65
        result = away("checkout", arrival["id"], "--at", "2026-11-24T21:00", "--json", "--no-send")
        assert result.code == 0, result.err
        assert result.json["kind"] == "check_out"
        away.clock.forward(timedelta(days=1))
        assert len(away("checkout", "--all-due", "--json", "--no-send").json["reports"]) == 1
        away.save(OBADIAH, "--nights", "1")
        result = away("checkout", "--no-send", keys=["1", "y"])
        assert result.code == 0, result.all
        assert "check-out, report" in result.out

    def test_an_error_after_saving_keeps_the_check_out(self, apoa: Apoa, serve: Serve) -> None:
        """If sending fails after saving, the error is printed and the check-out stays saved."""
        assert apoa.set_up(serve("ok,403").base_url).code == 0
        arrivals = [apoa.send(), apoa.save(XIMENA)]
        result = apoa("checkout", arrivals[0]["id"])
        assert (result.code, apoa.states()[-1]) == (0, ("check_out", "queued"))
        assert "The authority refuses this account" in result.err

        def fail_with_full_disk(_outbox: SqliteOutbox) -> NoReturn:
            raise DiskFull(msg("The disk is full."))

        apoa.monkeypatch.setattr(SqliteOutbox, "restrictions", fail_with_full_disk)
        result = apoa("checkout", arrivals[1]["id"])
        assert (result.code, apoa.states()[-1]) == (0, ("check_out", "queued"))
        assert "The disk is full." in result.err
        assert XIMENA.name in result.out

    def test_check_out_behind_a_rejected_check_in(self, apoa: Apoa, serve: Serve) -> None:
        """A check-out behind a rejected check-in waits, and the output names the report to fix first."""
        assert apoa.set_up(serve("reject").base_url).code == 0
        arrival = apoa(*QUENTIN.mrz("--json")).json
        assert arrival["state"] == "rejected"
        result = apoa("checkout", arrival["id"])
        assert result.code == 0
        assert f"apoa fix {arrival['short_id']}" in result.out

    def test_check_out_behind_a_pending_check_in(self, apoa: Apoa, serve: Serve) -> None:
        """It waits for the authority's decision: no sending brings it there before."""
        assert apoa.set_up(serve("pending").base_url).code == 0
        arrival = apoa(*QUENTIN.mrz("--json")).json
        assert arrival["state"] == "pending"
        result = apoa("checkout", arrival["id"], "--no-send")
        assert (result.code, "when the authority has decided" in result.out) == (0, True), result.all
        assert "apoa sync" not in result.out


class TestCancel:
    """`apoa cancel` withdraws unsent reports and cancels accepted stays."""

    def test_a_refused_check_out_is_withdrawn(self, apoa: Apoa, serve: Serve) -> None:
        """It was sent, and the screen does not say that it was not."""
        assert apoa.set_up(serve("ok,reject").base_url).code == 0
        left = apoa("checkout", apoa.send()["id"], "--json").json
        assert left["state"] == "rejected"
        said = apoa("cancel", left["short_id"], keys=["y"])
        assert (said.code, apoa.states()[-1]) == (0, ("check_out", "withdrawn"))
        assert "It had been refused." in said.out
        assert "not sent" not in said.all
        assert "never left" not in said.all

    def test_cancel_without_the_key(self, configured: Apoa) -> None:
        """Without the key, `cancel` withdraws nothing, and still cancels accepted stays: that is a further report."""
        arrival, other = configured.send(), configured.save(XIMENA)
        configured.delete_key()
        result = configured("cancel", other["id"], "--json")
        assert (result.code, result.json["error"]["class"]) == (77, "key_needed")
        result = configured("cancel", arrival["id"], "--reason", "salah", "--no-send", keys=["y"])
        assert result.code == 0, result.all
        assert configured.states()[-1] == ("cancel", "queued")
