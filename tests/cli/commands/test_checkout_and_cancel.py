"""`apoa checkout` and `apoa cancel`: at a terminal and unattended, on the line and off it, with and without the key."""

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
    REPORT_KEYS,
    XIMENA,
    Apoa,
    CallResult,
    Serve,
    assert_form,
    spoken,
    typed_in,
)

from apoa_client.cli.terminal import input as terminal_input
from apoa_client.cli.terminal import language
from apoa_client.errors import Exit
from apoa_client.messages import msg
from apoa_client.outbox.errors import DiskFull
from apoa_client.outbox.sqlite.store import SqliteOutbox


def meanwhile(apoa: Apoa, happens: Callable[[], CallResult]) -> None:
    """While the next yes is awaited, this happens at another desk."""
    asked, waiting = terminal_input.confirm, [happens]

    def confirm(question: str, *, default: bool = True) -> bool:
        ours = language.current_language()  # which the other desk, a process of its own elsewhere, does not change
        assert all(each().code == 0 for each in waiting)
        language.set_language(ours)
        waiting.clear()
        return asked(question, default=default)

    for command in ("checkout", "cancel"):
        apoa.monkeypatch.setattr(f"apoa_client.cli.commands.{command}.confirm", confirm)


class TestCheckOut:
    """The guest leaves."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_with_a_line(self, configured: Apoa, lang: str) -> None:
        """Saved, sent, receipted, and how to say that it was wrong."""
        arrival = configured.send()
        said = configured("checkout", arrival["short_id"], lang=lang)
        assert said.code == 0, said.all
        assert QUENTIN.name in said.out
        assert spoken(lang, "check-out") in said.out
        departure = configured.reports()[-1]
        assert (departure["kind"], departure["state"]) == ("check_out", "accepted")
        assert departure["receipt"]["number"] in said.out
        assert typed_in(lang, f"apoa amend {departure['short_id']}") in said.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_without_a_line(self, away: Apoa, lang: str) -> None:
        """Saved all the same, with no deadline, and how to take it back."""
        arrival = away.save()
        said = away("keluar", arrival["id"], "--no-send", lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, "In the queue, not sent yet. Send what waits with: apoa sync") in said.out
        departure = away.reports()[-1]
        assert departure["due_at"] is None
        assert typed_in(lang, f"apoa cancel {departure['short_id']}") in said.err
        assert (away("cancel", departure["short_id"]).code, away.states()) == (
            0,
            [("check_in", "queued"), ("check_out", "withdrawn")],
        )

    def test_json(self, configured: Apoa) -> None:
        """The form of a report; and of several, as a list has it."""
        arrival = configured.send()
        said = configured("checkout", arrival["stay_id"], "--at", "2026-11-24T19:59", "--json", "--no-send")
        assert said.code == 65  # the guest came at 20:00
        assert_form(said.json, REPORT_KEYS)
        assert [error["field"] for error in said.json["errors"]] == ["check_out"]
        said = configured("checkout", arrival["stay_id"], "--at", "2026-11-24T20:10", "--json")
        assert said.code == 0, said.err
        assert_form(said.json, REPORT_KEYS)
        assert (said.json["kind"], said.json["state"], said.json["stay_id"]) == (
            "check_out",
            "accepted",
            arrival["stay_id"],
        )
        assert configured("checkout", "--all-due", "--json").json == {"reports": []}

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize(
        ("at", "sentence"),
        [
            (
                "2026-11-24T19:59",
                "it is before the check-in. Correct the time, or first the check-in with: apoa amend",
            ),
            (
                "2026-11-26T20:00",
                "it is more than a day in the future. Check guests out when they leave, or correct the time.",
            ),
            ("30/02/2026", "This is not a date of the calendar. Write it as 1985-09-12 or 12/09/1985."),
        ],
    )
    def test_a_time_that_cannot_be(self, away: Apoa, at: str, sentence: str, lang: str) -> None:
        """Refused, with what to do; nothing is saved."""
        arrival = away.save()
        said = away("checkout", arrival["id"], "--at", at, lang=lang)
        assert (said.code, said.out) == (65, "")
        assert spoken(lang, sentence) in said.err
        assert len(away.reports()) == 1

    @pytest.mark.parametrize("at", ["21.30", "2130", "24/11 21:30", "kemarin 21.30", "24 nov 2026 21.30"])
    def test_a_time_as_people_write_it(self, away: Apoa, at: str) -> None:
        """Past midnight the evening is yesterday's, and a day needs no year."""
        arrival = away.save()
        away.clock.forward(timedelta(hours=5))
        said = away("checkout", arrival["id"], "--at", at, "--no-send", "--json")
        assert said.code == 0, said.err
        assert "2026-11-24 21:30 WIB" in away("checkout", arrival["id"]).err

    def test_twice(self, configured: Apoa) -> None:
        """When it was, which report says so, and how to undo it."""
        arrival = configured.send()
        configured("checkout", arrival["id"])
        departure = configured.reports()[-1]
        said = configured("checkout", arrival["id"], "--json")
        assert said.code == 65
        assert "2026-11-24 20:00 WIB" in said.json["error"]["message"]
        assert departure["short_id"] in said.json["error"]["message"]
        assert f"apoa amend {departure['short_id']}" in said.json["error"]["advice"]

    def test_of_a_cancelled_stay(self, configured: Apoa) -> None:
        """And of one that was withdrawn."""
        arrival = configured.send()
        assert configured("cancel", arrival["id"], "--reason", "salah").code == 0
        gone = configured.save(XIMENA)
        assert configured("cancel", gone["id"]).code == 0
        for report in (arrival, gone):
            said = configured("checkout", report["id"])
            assert said.code == 65, said.err
            assert "apoa report" in said.err
        assert len(configured.reports()) == 3

    def test_of_nobody_known(self, away: Apoa) -> None:
        """An unknown id, and one that could be several: the candidates are listed."""
        reports = [away.save(guest) for guest in GUESTS]
        assert away("checkout", "ffffffff").code == 2
        said = away("checkout", reports[0]["id"][:8])
        assert said.code == 2
        assert all(report["short_id"] in said.err for report in reports)

    def test_in_a_room(self, away: Apoa) -> None:
        """Written as people write it; an empty room is said."""
        away.save(QUENTIN, "--room", "7 Timur")
        away.save(XIMENA, "--room", "8")
        said = away("checkout", "--room", " 7  timur", "--no-send", "--json")
        assert said.code == 0, said.err
        assert said.json["kind"] == "check_out"
        assert away("checkout", "--room", "7 timur", "--no-send").code == 2

    def test_several_in_a_room_unattended(self, away: Apoa) -> None:
        """Listed; `--yes` means all of them."""
        reports = [away.save(guest) for guest in (QUENTIN, XIMENA)]
        said = away("checkout", "--room", "7", "--no-send")
        assert said.code == 2
        assert all(report["short_id"] in said.err for report in reports)
        said = away("checkout", "--room", "7", "--no-send", "--yes", "--json")
        assert said.code == 0, said.err
        assert [report["kind"] for report in said.json["reports"]] == ["check_out", "check_out"]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_several_in_a_room_at_a_terminal(self, away: Apoa, lang: str) -> None:
        """Somebody chooses: by number, or all, or none."""
        for guest in (QUENTIN, XIMENA):
            away.save(guest)
        said = away("checkout", "--room", "7", "--no-send", keys=["9", "2", "y"], lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, "Several guests are in that room. Who leaves?") in said.err
        assert XIMENA.name in said.out
        assert QUENTIN.name not in said.out
        away.save(OBADIAH)
        assert away("checkout", "--room", "7", "--no-send", keys=[""]).code == 0
        assert away("checkout", "--room", "7", "--no-send", keys=["semua", ""]).code == 0
        assert [kind for kind, _state in away.states()].count("check_out") == 3

    def test_all_due(self, configured: Apoa) -> None:
        """Whose planned day has come, at the right midnight of the house; the others stay."""
        configured.send(QUENTIN, "--nights", "1")
        configured.save(XIMENA, "--nights", "2")
        configured.clock.forward(timedelta(hours=3, minutes=59))
        assert configured("checkout", "--all-due", "--json").json == {"reports": []}
        assert "No guest's planned day has come." in configured("checkout", "--all-due").out
        configured.clock.forward(timedelta(minutes=1))
        said = configured("checkout", "--all-due", "--json")
        assert said.code == 0, said.err
        assert [report["state"] for report in said.json["reports"]] == ["accepted"]
        configured.clock.forward(timedelta(days=1))
        said = configured("checkout", "--all-due", keys=["n"])
        assert "Nothing was saved." in said.err
        said = configured("checkout", "--all-due", "--no-send", keys=["y"])
        assert XIMENA.name in said.out

    @pytest.mark.parametrize(
        ("zone", "arrived", "midnight", "shown"),
        [
            ("Asia/Jakarta", "2026-11-29T10:00", "2026-11-29T17:00+00:00", "30 Nov 2026 00:00 WIB"),
            ("Asia/Jayapura", "2026-11-30T23:59", "2026-11-30T15:00+00:00", "1 Dec 2026 00:00 WIT"),
            ("Asia/Jakarta", "2028-02-28T10:00", "2028-02-28T17:00+00:00", "29 Feb 2028 00:00 WIB"),
            ("Asia/Jayapura", "2028-02-29T00:00", "2028-02-29T15:00+00:00", "1 Mar 2028 00:00 WIT"),
            ("Asia/Makassar", "2026-12-31T10:00", "2026-12-31T16:00+00:00", "1 Jan 2027 00:00 WITA"),
        ],
    )
    def test_the_day_is_the_houses_own(self, apoa: Apoa, zone: str, arrived: str, midnight: str, shown: str) -> None:
        """The planned day begins at midnight where the house is: in the west, in the east, at a month's end."""
        assert apoa.set_up(NOWHERE, "--timezone", zone).code == 75
        apoa.clock.time = datetime.fromisoformat(midnight) - timedelta(seconds=1)
        arrival = apoa.save(QUENTIN, "--check-in", arrived, "--nights", "1")
        assert apoa("checkout", "--all-due", "--no-send", "--json").json == {"reports": []}
        assert apoa("checkout", arrival["id"], "--at", "2026-11-29T09:59", "--no-send").code == 65
        apoa.clock.forward(timedelta(seconds=1))
        said = apoa("checkout", "--all-due", "--no-send", keys=["y"])
        assert said.code == 0, said.all
        assert shown in said.err
        assert [kind for kind, _state in apoa.states()] == ["check_in", "check_out"]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_somebody_else_was_faster(self, away: Apoa, lang: str) -> None:
        """The question stood there while another desk checked the guest out: nothing is saved twice."""
        arrival = away.save()
        meanwhile(away, lambda: away("checkout", arrival["id"], "--no-send"))
        said = away("checkout", arrival["id"], "--no-send", keys=["y"], lang=lang)
        assert said.code == 75, said.all
        sentence = "Another user has changed this stay in the meantime: report {id}."
        assert spoken(lang, sentence, id=arrival["short_id"]) in said.err
        assert away.states() == [("check_in", "queued"), ("check_out", "queued")]

    def test_somebody_else_was_faster_with_one_of_several(self, away: Apoa) -> None:
        """The others leave all the same, and which did not is said."""
        first, second = away.save(QUENTIN), away.save(XIMENA)
        meanwhile(away, lambda: away("cancel", first["id"]))
        said = away("checkout", "--room", "7", "--no-send", keys=["a", "y"])
        assert said.code == 75
        assert XIMENA.name in said.out
        assert QUENTIN.name not in said.out
        assert first["short_id"] in said.err
        assert [report["stay_id"] for report in away.reports() if report["kind"] == "check_out"] == [second["stay_id"]]

    def test_a_report_of_an_older_version(self, away: Apoa) -> None:
        """It tells no nights outside the seal: the guest is found by id, and shown without a day."""
        arrival = away.save()
        away.change_database("UPDATE reports SET first_night = NULL, last_morning = NULL")
        said = away("checkout", arrival["id"], "--no-send", keys=["y"])
        assert said.code == 0, said.all
        assert "until" not in said.err

    def test_a_record_that_was_changed(self, away: Apoa) -> None:
        """It is told, its guest is shown without a name, and can leave like the others."""
        away.save(QUENTIN)
        away.save(XIMENA)
        away.change_database("UPDATE reports SET content = CAST(content || x'00' AS BLOB) WHERE seq = 1")
        said = away("checkout", "--no-send", keys=["1 2", "y"])
        assert said.code == 0, said.all
        assert "cannot be opened" in said.err
        assert XIMENA.name in said.out
        assert QUENTIN.name not in said.all
        assert away.states().count(("check_out", "queued")) == 2

    def test_all_due_where_one_cannot_leave(self, away: Apoa) -> None:
        """All of it is checked before any of it is saved."""
        away.save(QUENTIN, "--nights", "1", "--check-in", "2026-11-24T08:00")
        away.save(XIMENA, "--nights", "1", "--check-in", "2026-11-24T19:00")
        away.clock.forward(timedelta(days=1))
        assert away("checkout", "--all-due", "--at", "2026-11-24T12:00", "--no-send").code == 65
        assert len(away.reports()) == 2

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_nothing_given_at_a_terminal(self, away: Apoa, lang: str) -> None:
        """The guests in house are listed, numbered; what will be said is shown before it is saved."""
        assert spoken(lang, "No guest is in house.") in away("checkout", keys=[], lang=lang).out
        for number, guest in enumerate(GUESTS):
            away.save(guest, "--room", str(number))
        said = away("checkout", "--no-send", keys=["1 3", "y"], lang=lang)
        assert said.code == 0, said.all
        assert all(guest.name in said.err for guest in GUESTS)
        assert "24 Nov 2026 20:00 WIB" in said.err
        assert away.states().count(("check_out", "queued")) == 2
        said = away("checkout", "--no-send", keys=[""], lang=lang)
        assert spoken(lang, "Nothing was saved.") in said.err

    def test_nothing_given_unattended(self, away: Apoa) -> None:
        """And too much given: a mistake of the call."""
        assert away("checkout").code == 2
        assert away("checkout", "--json", keys=[]).code == 2
        assert away("checkout", "abc", "--room", "7").code == 2
        assert away("checkout", "--all-due", "--room", "7").code == 2

    def test_without_the_key(self, away: Apoa) -> None:
        """By id and by day it works, to the day; by room it cannot, and says why."""
        arrival = away.save()
        away.save(XIMENA, "--nights", "1")
        away.delete_key()
        assert away("checkout", "--room", "7").code == Exit.CREDENTIALS
        assert away("checkout", arrival["id"], "--at", "2026-11-23T23:00").code == 65
        said = away("checkout", arrival["id"], "--at", "2026-11-24T21:00", "--json", "--no-send")
        assert said.code == 0, said.err
        assert said.json["kind"] == "check_out"
        away.clock.forward(timedelta(days=1))
        assert len(away("checkout", "--all-due", "--json", "--no-send").json["reports"]) == 1
        away.save(OBADIAH, "--nights", "1")
        said = away("checkout", "--no-send", keys=["1", "y"])
        assert said.code == 0, said.all
        assert "check-out, report" in said.out

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_where_people_type(self, apoa: Apoa, lang: str) -> None:
        """No authority takes reports: the check-out waits to be typed in, and nobody is called."""
        said = apoa("setup", "--non-interactive", "--property", "melati", "--vault", "file", "--by-hand")
        assert said.code == 0, said.all
        arrival = apoa.save()
        said = apoa("checkout", arrival["id"], lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, "In the queue. Type it into APOA with: apoa sync --by-hand") in said.out

    def test_what_comes_after_saving_cannot_lose_it(self, apoa: Apoa, serve: Serve) -> None:
        """The account is suspended, or the disk fails: told, and the check-out is saved all the same."""
        assert apoa.set_up(serve("ok,403").base_url).code == 0
        arrivals = [apoa.send(), apoa.save(XIMENA)]
        said = apoa("checkout", arrivals[0]["id"])
        assert (said.code, apoa.states()[-1]) == (0, ("check_out", "queued"))
        assert "The authority refuses this account" in said.err

        def fails(_outbox: SqliteOutbox, _wait_s: float) -> NoReturn:
            raise DiskFull(msg("The disk is full."))

        apoa.monkeypatch.setattr(SqliteOutbox, "delivery_lock", fails)
        said = apoa("checkout", arrivals[1]["id"])
        assert (said.code, apoa.states()[-1]) == (0, ("check_out", "queued"))
        assert "The disk is full." in said.err
        assert XIMENA.name in said.out

    def test_behind_a_refused_report(self, apoa: Apoa, serve: Serve) -> None:
        """It waits, and what to mend first is said."""
        assert apoa.set_up(serve("reject").base_url).code == 0
        arrival = apoa(*QUENTIN.mrz("--json")).json
        assert arrival["state"] == "rejected"
        said = apoa("checkout", arrival["id"])
        assert said.code == 0
        assert f"apoa fix {arrival['short_id']}" in said.out


class TestCancel:
    """It never was."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_what_never_left_is_withdrawn(self, away: Apoa, lang: str) -> None:
        """Without a reason and without traffic; the whole stay."""
        arrival = away.save()
        away("checkout", arrival["id"], "--no-send")
        said = away("batal", arrival["short_id"], keys=["y"], lang=lang)
        assert said.code == 0, said.all
        assert QUENTIN.name.split(maxsplit=1)[0] in said.err
        assert spoken(lang, "Withdraw it?") in said.err
        assert typed_in(lang, "apoa report") in said.err
        assert away.states() == [("check_in", "withdrawn"), ("check_out", "withdrawn")]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_enter_alone_withdraws_nothing(self, away: Apoa, lang: str) -> None:
        """Taking back is never an accident."""
        arrival = away.save()
        said = away("cancel", arrival["id"], keys=[""], lang=lang)
        assert (said.code, away.states()) == (0, [("check_in", "queued")])
        assert spoken(lang, "Nothing was changed.") in said.err

    def test_withdrawn_as_json(self, away: Apoa) -> None:
        """The check-in as it stands now."""
        arrival = away.save()
        said = away("cancel", arrival["stay_id"], "--json")
        assert said.code == 0
        assert_form(said.json, REPORT_KEYS)
        assert (said.json["id"], said.json["state"]) == (arrival["id"], "withdrawn")

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_what_arrived_is_cancelled(self, configured: Apoa, lang: str) -> None:
        """With a reason, asked for at a terminal; Enter alone cancels nothing."""
        arrival = configured.send()
        said = configured("cancel", arrival["id"], keys=["salah orang", ""], lang=lang)
        assert spoken(lang, "Nothing was changed.") in said.err
        assert len(configured.reports()) == 1
        said = configured("cancel", arrival["id"], keys=["salah orang", "y"], lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, "Cancel the whole stay?") in said.err
        assert configured.states()[-1] == ("cancel", "accepted")

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_reason_is_words(self, configured: Apoa, lang: str) -> None:
        """Help, Enter, moves, yes and no, and a passport's lines are none; going back changes nothing."""
        arrival = configured.send()
        lines = (QUENTIN.lines[0], "M706890985KOR8509129F32032822134567V35791358")  # one full of optional data
        said = configured("cancel", arrival["id"], keys=["?", "", ">", "!", "tidak", *lines, "<"], lang=lang)
        assert said.code == 0, said.all
        for sentence in (
            "It is sent to the authority as you type it, for example: wrong room, or the guest never came.",
            "An answer is needed here. ? shows help.",
            "This must be answered first. ? shows help.",
            "Write the reason in words: one sentence for the authority.",
            "Yes or no is not a reason. Give the reason in a few words.",
            "That is a line of a passport, not an answer to this question.",
            "Nothing was changed.",
        ):
            assert spoken(lang, sentence) in said.err
        assert said.err.count(spoken(lang, "That is a line of a passport, not an answer to this question.")) == 2
        assert configured.states() == [("check_in", "accepted")]

    def test_unattended_it_needs_a_reason(self, configured: Apoa) -> None:
        """Named as what is missing."""
        arrival = configured.send()
        for reason in ([], ["--reason", " "]):
            said = configured("cancel", arrival["id"], *reason, "--json")
            assert said.code == 65
            assert [(error["field"], error["code"]) for error in said.json["errors"]] == [("reason", "missing")]
        assert configured("cancel", arrival["id"], "--reason", "a\x1b[2J").code == 65
        said = configured("cancel", arrival["id"], "--reason", "salah orang", "--json")
        assert (said.code, said.json["kind"], said.json["state"]) == (0, "cancel", "accepted")

    def test_later_reports_that_never_left_need_not_go(self, configured: Apoa) -> None:
        """They are replaced by the cancellation at the same moment."""
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

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("kind", ["check_out", "amend", "cancel"])
    def test_one_later_report_is_undone(self, configured: Apoa, kind: str, lang: str) -> None:
        """Only that one, and it is said; the stay is as it was."""
        arrival = configured.send()
        call = {
            "check_out": ["checkout", arrival["id"]],
            "amend": ["amend", arrival["id"], "--room", "8", "--reason", "pindah"],
            "cancel": ["cancel", arrival["id"], "--reason", "salah"],
        }[kind]
        later = configured(*call, "--no-send", "--json").json
        said = configured("cancel", later["short_id"], keys=["y"], lang=lang)
        assert said.code == 0, said.all
        words = {"check_out": "check-out", "amend": "correction", "cancel": "cancellation"}[kind]
        sentence = "The {kind} {id} never left. Only that is withdrawn."
        assert spoken(lang, sentence, kind=spoken(lang, words), id=later["short_id"]) in said.err
        assert configured.states() == [("check_in", "accepted"), (kind, "withdrawn")]
        assert configured("cancel", later["short_id"]).code == 65
        assert configured("checkout", arrival["id"], "--no-send").code == 0

    def test_cancelled_already(self, configured: Apoa) -> None:
        """Whether the cancellation left or not; how to undo it is said."""
        arrival = configured.send()
        void = configured("cancel", arrival["id"], "--reason", "x", "--no-send", "--json").json
        said = configured("cancel", arrival["id"], "--reason", "x")
        assert said.code == 65
        assert f"apoa cancel {void['short_id']}" in said.err
        assert configured("sync").code == 0
        said = configured("cancel", void["id"], "--reason", "x")
        assert said.code == 65
        assert "apoa report" in said.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_what_was_refused_after_all_is_withdrawn_with_its_cancellation(
        self, apoa: Apoa, serve: Serve, lang: str
    ) -> None:
        """The check-in's answer was lost, the stay cancelled, the check-in refused: nobody need hear of either."""
        assert apoa.set_up(serve("500,reject").base_url).code == 0
        arrival = apoa(*QUENTIN.mrz("--json")).json
        assert arrival["state"] == "queued"
        said = apoa("cancel", arrival["id"], "--reason", "salah", lang=lang)
        assert typed_in(lang, f"apoa fix {arrival['short_id']}") in said.out
        assert apoa.states() == [("check_in", "rejected"), ("cancel", "queued")]
        said = apoa("cancel", arrival["id"], lang=lang)
        assert said.code == 0, said.all
        assert apoa.states() == [("check_in", "withdrawn"), ("cancel", "withdrawn")]
        assert apoa("sync").code == 0

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_correction_between_two_check_outs(self, configured: Apoa, lang: str) -> None:
        """Without it the guest would leave twice: the later check-out is to be taken back first."""
        arrival = configured.send()
        assert configured("checkout", arrival["id"]).code == 0
        amended = configured("amend", arrival["id"], "--reason", "belum pulang", "--no-send", "--json").json
        again = configured("checkout", arrival["id"], "--no-send", "--json").json
        said = configured("cancel", amended["id"], lang=lang)
        assert said.code == 65
        sentence = "The guest was checked out again after this correction: report {id}."
        assert spoken(lang, sentence, id=again["short_id"]) in said.err
        assert typed_in(lang, f"apoa cancel {again['short_id']}") in said.err
        assert configured("cancel", again["id"]).code == configured("cancel", amended["id"]).code == 0
        assert configured.states()[2:] == [("amend", "withdrawn"), ("check_out", "withdrawn")]

    def test_somebody_else_was_faster(self, away: Apoa) -> None:
        """The question stood there while another desk checked the guest out: nothing is withdrawn."""
        arrival = away.save()
        meanwhile(away, lambda: away("checkout", arrival["id"], "--no-send"))
        said = away("cancel", arrival["id"], keys=["y"])
        assert said.code == 75
        assert "apoa show" in said.err
        assert away.states() == [("check_in", "queued"), ("check_out", "queued")]

    def test_without_the_key(self, configured: Apoa) -> None:
        """Nothing is opened: withdrawn or cancelled all the same."""
        arrival, other = configured.send(), configured.save(XIMENA)
        configured.delete_key()
        said = configured("cancel", other["id"], "--json")
        assert (said.code, said.json["state"], said.json["guest"], said.json["sealed"]) == (0, "withdrawn", None, True)
        said = configured("cancel", arrival["id"], "--reason", "salah", "--no-send", keys=["y"])
        assert said.code == 0, said.all
        assert configured.states()[-1] == ("cancel", "queued")
