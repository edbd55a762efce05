"""Tests of `apoa checkout` and `apoa cancel`, online and offline, with and without the key."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NoReturn

import pytest
from cli_helpers import (
    GUESTS,
    LANGUAGES,
    NOWHERE,
    OBADIAH,
    QUENTIN,
    XIMENA,
    Apoa,
    CallResult,
    Serve,
    spoken,
)
from screens import Screens

from apoa_client.cli.terminal import input as terminal_input
from apoa_client.cli.terminal import language
from apoa_client.errors import Exit
from apoa_client.messages import msg
from apoa_client.outbox.errors import DiskFull
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.report import parse_fields

ENTER = ""


def run_before_confirmation(apoa: Apoa, command_of_other_user: Callable[[], CallResult]) -> None:
    """Run a command of another user while the program waits for the next confirmation."""
    original_confirm, waiting_commands = terminal_input.confirm, [command_of_other_user]

    def confirm(question: str, *, default: bool = True) -> bool:
        current = language.current_language()  # the other user has a process with its own language
        assert all(call().code == 0 for call in waiting_commands)
        language.set_language(current)
        waiting_commands.clear()
        return original_confirm(question, default=default)

    for command in ("checkout", "cancel"):
        apoa.monkeypatch.setattr(f"apoa_client.cli.commands.{command}.confirm", confirm)


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

    def test_check_out_offline(self, away: Apoa) -> None:
        """Offline, `checkout` saves the report without a deadline; it can be cancelled alone."""
        arrival = away.save()
        assert away("keluar", arrival["id"], "--no-send").code == 0
        departure = away.reports()[-1]
        assert departure["due_at"] is None
        assert away("cancel", departure["short_id"]).code == 0
        assert away.states() == [("check_in", "queued"), ("check_out", "withdrawn")]

    def test_check_out_json(self, configured: Apoa) -> None:
        """`checkout --json` prints one report, and `--all-due --json` a list; the receipt is on the screen."""
        arrival = configured.send()
        result = configured("checkout", arrival["stay_id"], "--at", "2026-11-24T19:59", "--json", "--no-send")
        assert (result.code, [error["field"] for error in result.json["errors"]]) == (65, ["check_out"])
        result = configured("checkout", arrival["stay_id"], "--at", "2026-11-24T20:10", "--json")
        found = result.json
        assert (result.code, found["kind"], found["state"]) == (0, "check_out", "accepted")
        assert found["stay_id"] == arrival["stay_id"]
        assert configured("checkout", "--all-due", "--json").json == {"reports": []}

    @pytest.mark.parametrize("at", ["2026-11-24T19:59", "2026-11-26T20:00", "30/02/2026"])
    def test_an_impossible_time_is_refused(self, away: Apoa, at: str) -> None:
        """`checkout` refuses an impossible time and saves nothing."""
        result = away("checkout", away.save()["id"], "--at", at)
        assert (result.code, result.out, len(away.reports())) == (65, "", 1)

    @pytest.mark.parametrize("at", ["21.30", "2130", "24/11 21:30", "kemarin 21.30", "24 nov 2026 21.30"])
    def test_common_time_formats_are_accepted(self, away: Apoa, at: str) -> None:
        """After midnight, an evening time means yesterday, and a date needs no year."""
        arrival = away.save()
        away.clock.forward(timedelta(hours=5))
        result = away("checkout", arrival["id"], "--at", at, "--no-send", "--json")
        assert result.code == 0, result.err
        assert "24 Nov 2026 21:30 WIB" in away("checkout", arrival["id"]).err

    def test_check_out_by_room(self, away: Apoa) -> None:
        """`--room` ignores case and extra spaces, and a room without a guest is a usage error."""
        away.save(QUENTIN, "--room", "7 Timur")
        away.save(XIMENA, "--room", "8")
        result = away("checkout", "--room", " 7  timur", "--no-send", "--json")
        assert result.code == 0, result.err
        assert result.json["kind"] == "check_out"
        assert away("checkout", "--room", "7 timur", "--no-send").code == 2

    def test_a_room_with_and_without_the_word(self, away: Apoa) -> None:
        """With or without the word it is one room, and what is shown never says "kamar kamar 3"."""
        for guest, room in ((QUENTIN, "kamar 3"), (XIMENA, "ROOM 3"), (OBADIAH, "no. 3")):
            away.save(guest, "--room", room)
        assert len(away("list", "--room", "Kamar 3", "--json").json["reports"]) == 3
        result = away("checkout", "--room", "3", "--no-send", keys=["1", ENTER])
        assert result.code == 0, result.all
        assert f"  {spoken('en', 'room {room}', room='3')}  " in result.all
        assert not re.search(r"(?i)(kamar|room)\s+(kamar|room)", result.all)
        assert away("checkout", "--room", "room #3", "--no-send", "--yes", "--json").code == 0

    def test_a_room_that_was_saved_with_the_word(self, away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Earlier versions reported the room as it was typed: it is found and shown without the word."""
        with monkeypatch.context() as earlier:
            earlier.setattr(parse_fields, "room", parse_fields.one_line)
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

    def test_another_user_checks_the_guest_out_first(self, away: Apoa) -> None:
        """If another user checks the guest out during the confirmation, no second check-out is saved."""
        arrival = away.save()
        run_before_confirmation(away, lambda: away("checkout", arrival["id"], "--no-send"))
        result = away("checkout", arrival["id"], "--no-send", keys=["y"])
        assert result.code == 75, result.all
        assert away.states() == [("check_in", "queued"), ("check_out", "queued")]

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

    def test_check_out_of_a_damaged_record(self, away: Apoa) -> None:
        """A damaged record is reported, and its guest is shown without a name and can be checked out."""
        away.save(QUENTIN)
        away.save(XIMENA)
        away.change_database("UPDATE reports SET content = CAST(content || x'00' AS BLOB) WHERE seq = 1")
        result = away("checkout", "--no-send", keys=["1 2", "y"])
        assert result.code == 0, result.all
        assert "cannot be opened" in result.err
        assert XIMENA.name in result.out
        assert QUENTIN.name not in result.all
        assert away.states().count(("check_out", "queued")) == 2

    def test_all_due_saves_nothing_if_one_check_out_is_invalid(self, away: Apoa) -> None:
        """`--all-due` checks all check-outs before it saves any of them."""
        away.save(QUENTIN, "--nights", "1", "--check-in", "2026-11-24T08:00")
        away.save(XIMENA, "--nights", "1", "--check-in", "2026-11-24T19:00")
        away.clock.forward(timedelta(days=1))
        assert away("checkout", "--all-due", "--at", "2026-11-24T12:00", "--no-send").code == 65
        assert len(away.reports()) == 2

    def test_check_out_without_arguments_at_a_terminal(self, away: Apoa) -> None:
        """Without arguments, `checkout` lists the guests with numbers; Enter chooses none."""
        for number, guest in enumerate(GUESTS):
            away.save(guest, "--room", str(number))
        result = away("checkout", "--no-send", keys=["1 3", "y"])
        assert result.code == 0, result.all
        assert all(guest.name in result.err for guest in GUESTS)
        assert away("checkout", "--no-send", keys=[""]).code == 0
        assert away.states().count(("check_out", "queued")) == 2

    def test_missing_or_conflicting_arguments_are_usage_errors(self, away: Apoa) -> None:
        """Unattended, `checkout` without arguments or with conflicting arguments is a usage error."""
        assert away("checkout").code == 2
        assert away("checkout", "--json", keys=[]).code == 2
        assert away("checkout", "abc", "--room", "7").code == 2
        assert away("checkout", "--all-due", "--room", "7").code == 2

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

        apoa.monkeypatch.setattr(SqliteOutbox, "batch_size", fail_with_full_disk)
        result = apoa("checkout", arrivals[1]["id"])
        assert (result.code, apoa.states()[-1]) == (0, ("check_out", "queued"))
        assert "The disk is full." in result.err
        assert XIMENA.name in result.out

    def test_a_check_out_that_is_refused_at_once_exits_with_65(self, apoa: Apoa, serve: Serve) -> None:
        """`checkout` saves the reports and exits with 65 if the authority rejects one at once."""
        assert apoa.set_up(serve("ok,ok,reject").base_url).code == 0
        for guest in (QUENTIN, XIMENA):
            apoa.send(guest)
        result = apoa("checkout", "--room", "7", "--yes", "--json")
        assert result.code == Exit.DATA_REFUSED
        assert [report["state"] for report in result.json["reports"]] == ["rejected", "rejected"]

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

    def test_an_unsent_stay_is_withdrawn(self, away: Apoa) -> None:
        """`cancel` withdraws all reports of an unsent stay without a reason, if Enter alone is not the answer."""
        arrival = away.save()
        away("checkout", arrival["id"], "--no-send")
        left = away("cancel", arrival["id"], keys=[""])
        assert (left.code, away.states()) == (0, [("check_in", "queued"), ("check_out", "queued")])
        assert away("batal", arrival["short_id"], keys=["y"]).code == 0
        assert away.states() == [("check_in", "withdrawn"), ("check_out", "withdrawn")]
        other = away.save(XIMENA)
        result = away("cancel", other["stay_id"], "--json")
        assert (result.code, result.json["id"], result.json["state"]) == (0, other["id"], "withdrawn")

    def test_an_accepted_stay_is_cancelled(self, configured: Apoa) -> None:
        """At a terminal, `cancel` of an accepted stay asks for a reason, and Enter at the end cancels nothing."""
        arrival = configured.send()
        configured("cancel", arrival["id"], keys=["salah orang", ""])
        assert len(configured.reports()) == 1
        assert configured("cancel", arrival["id"], keys=["salah orang", "y"]).code == 0
        assert configured.states()[-1] == ("cancel", "accepted")

    def test_the_reason_must_be_words(self, configured: Apoa) -> None:
        """Help, Enter, commands, yes or no, and passport lines are not a reason, and going back changes nothing."""
        arrival = configured.send()
        full = "M706890985KOR8509129F32032822134567V35791358"  # the optional data field is full
        keys = ["?", "", ">", "!", "tidak", QUENTIN.lines[0], full, "<"]
        result = configured("cancel", arrival["id"], keys=keys)
        assert result.code == 0, result.all
        assert result.err.count("That is a line of a passport, not an answer to this question.") == 2
        assert configured.states() == [("check_in", "accepted")]

    def test_an_unattended_cancellation_needs_a_reason(self, configured: Apoa) -> None:
        """Unattended, a missing reason is an error of the field `reason`."""
        arrival = configured.send()
        for reason in ([], ["--reason", " "]):
            result = configured("cancel", arrival["id"], *reason, "--json")
            assert result.code == 65
            assert [(error["field"], error["code"]) for error in result.json["errors"]] == [("reason", "missing")]
        assert configured("cancel", arrival["id"], "--reason", "a\x1b[2J").code == 65
        result = configured("cancel", arrival["id"], "--reason", "salah orang", "--json")
        assert (result.code, result.json["kind"], result.json["state"]) == (0, "cancel", "accepted")

    def test_a_cancellation_replaces_later_unsent_reports(self, configured: Apoa) -> None:
        """A cancellation replaces the later unsent reports of the stay."""
        arrival = configured.send()
        configured("amend", arrival["id"], "--room", "8", "--reason", "pindah", "--no-send")
        configured("checkout", arrival["id"], "--no-send")
        assert configured("cancel", arrival["stay_id"], "--reason", "salah", "--no-send").code == 0
        assert sorted(configured.states()) == [
            ("amend", "superseded"),
            ("cancel", "queued"),
            ("check_in", "accepted"),
            ("check_out", "superseded"),
        ]
        assert configured("sync").code == 0
        assert ("cancel", "accepted") in configured.states()

    @pytest.mark.parametrize("kind", ["check_out", "amend", "cancel"])
    def test_one_later_unsent_report_is_withdrawn(self, configured: Apoa, kind: str) -> None:
        """`cancel` of a later unsent report withdraws only that report."""
        arrival = configured.send()
        call = {
            "check_out": ["checkout", arrival["id"]],
            "amend": ["amend", arrival["id"], "--room", "8", "--reason", "pindah"],
            "cancel": ["cancel", arrival["id"], "--reason", "salah"],
        }[kind]
        later = configured(*call, "--no-send", "--json").json
        assert configured("cancel", later["short_id"], keys=["y"]).code == 0
        assert configured.states() == [("check_in", "accepted"), (kind, "withdrawn")]
        assert configured("cancel", later["short_id"]).code == 65
        assert configured("checkout", arrival["id"], "--no-send").code == 0

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

    def test_another_user_checks_the_guest_out_before_the_withdrawal(self, away: Apoa) -> None:
        """If another user checks the guest out during the confirmation, nothing is withdrawn."""
        arrival = away.save()
        run_before_confirmation(away, lambda: away("checkout", arrival["id"], "--no-send"))
        result = away("cancel", arrival["id"], keys=["y"])
        assert result.code == 75
        assert "apoa show" in result.err
        assert away.states() == [("check_in", "queued"), ("check_out", "queued")]

    def test_cancel_without_the_key(self, configured: Apoa) -> None:
        """Without the key, `cancel` withdraws nothing, and still cancels accepted stays: that is a further report."""
        arrival, other = configured.send(), configured.save(XIMENA)
        configured.delete_key()
        result = configured("cancel", other["id"], "--json")
        assert (result.code, result.json["error"]["class"]) == (77, "key_needed")
        result = configured("cancel", arrival["id"], "--reason", "salah", "--no-send", keys=["y"])
        assert result.code == 0, result.all
        assert configured.states()[-1] == ("cancel", "queued")
