"""`apoa checkout`, `cancel`, `amend` and `fix`: at a terminal and unattended, online and offline."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from cli_helpers import (
    GUESTS,
    LANGUAGES,
    NOWHERE,
    OBADIAH,
    QUENTIN,
    XIMENA,
    Apoa,
    Serve,
    raising,
)
from screens import Screens

from apoa_client.cli.terminal import input as terminal_input
from apoa_client.cli.terminal import language
from apoa_client.errors import Exit
from apoa_client.messages import msg
from apoa_client.outbox.errors import DiskFull
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.report import parse_fields


@pytest.mark.parametrize("lang", LANGUAGES)
def test_departure_screens(configured: Apoa, screens: Screens, lang: str) -> None:
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

    def test_several_guests_in_a_room(self, away: Apoa) -> None:
        """At a terminal, the user chooses by number, all or none; unattended, `--yes` checks all of them out."""
        for guest in GUESTS:
            away.save(guest)
        result = away("checkout", "--room", "7", "--no-send", keys=["9", "2", "y"])
        assert (result.code, XIMENA.name in result.out, QUENTIN.name in result.out) == (0, True, False), result.all
        for keys in ([""], ["semua", "n"]):
            assert away("checkout", "--room", "7", "--no-send", keys=keys).code == 0
        assert len(away.reports()) == 4
        result = away("checkout", "--room", "7", "--no-send", "--yes", "--json")
        assert result.code == 0, result.err
        assert [report["kind"] for report in result.json["reports"]] == ["check_out", "check_out"]

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

    def test_the_planned_day_uses_the_time_zone_of_the_property(self, apoa: Apoa) -> None:
        """The planned day begins at midnight in the time zone of the property, also at the end of a month."""
        assert apoa.set_up(NOWHERE, "--timezone", "Asia/Jayapura").code == 75
        apoa.clock.time = datetime(2028, 2, 29, 14, 59, 59, tzinfo=UTC)
        arrival = apoa.save(QUENTIN, "--check-in", "2028-02-29T00:00", "--nights", "1")
        assert apoa("checkout", "--all-due", "--no-send", "--json").json == {"reports": []}
        assert apoa("checkout", arrival["id"], "--at", "2026-11-29T09:59", "--no-send").code == 65
        apoa.clock.forward(timedelta(seconds=1))
        result = apoa("checkout", "--all-due", "--no-send", keys=["y"])
        assert result.code == 0, result.all
        assert "1 Mar 2028 00:00 WIT" in result.err
        assert [kind for kind, _state in apoa.states()] == ["check_in", "check_out"]

    def test_another_user_changes_one_of_several_stays_first(self, away: Apoa) -> None:
        """If another user changes one of several stays, the other guests are checked out and that stay is named."""
        first, second = away.save(QUENTIN), away.save(XIMENA)
        original = terminal_input.confirm

        def confirm(question: str, *, default: bool = True) -> bool:
            current = language.current_language()  # the other user has a process with its own language
            assert away("cancel", first["id"]).code == 0
            language.set_language(current)
            return original(question, default=default)

        away.monkeypatch.setattr("apoa_client.cli.commands.stay.confirm", confirm)
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

        apoa.monkeypatch.setattr(SqliteOutbox, "restrictions", raising(DiskFull(msg("The disk is full."))))
        result = apoa("checkout", arrivals[1]["id"])
        assert (result.code, apoa.states()[-1]) == (0, ("check_out", "queued"))
        assert "The disk is full." in result.err
        assert XIMENA.name in result.out

    @pytest.mark.parametrize(
        ("fault", "state", "words"),
        [("reject", "rejected", "apoa fix {}"), ("pending", "pending", "when the authority has decided")],
    )
    def test_check_out_behind_another_report(
        self, apoa: Apoa, serve: Serve, fault: str, state: str, words: str
    ) -> None:
        """It waits for a rejected check-in, which is named, or for the authority's decision: no sending helps."""
        assert apoa.set_up(serve(fault).base_url).code == 0
        arrival = apoa.send()
        assert arrival["state"] == state
        result = apoa("checkout", arrival["id"], "--no-send")
        assert (result.code, words.format(arrival["short_id"]) in result.out) == (0, True), result.all
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


@pytest.mark.parametrize("lang", LANGUAGES)
def test_correction_screens(apoa: Apoa, screens: Screens, serve: Serve, lang: str) -> None:
    """What the desk sees of a correction, of its questions, and of a report that the authority refused."""
    assert apoa.set_up(serve("ok*4,reject,reject").base_url).code == 0
    arrival = apoa.send()
    screens(apoa, "amend", arrival["short_id"], "--room", "8", "--nights", "4", keys=["pindah", "y"], lang=lang)
    screens(apoa, "amend", arrival["short_id"], keys=["?", "15", "?", "+1", "", "?", "", "<", "<"], lang=lang)
    screens(apoa, "amend", arrival["short_id"], "--room", "8", lang=lang)
    screens(apoa, "checkout", arrival["short_id"], lang=lang)
    screens(apoa, "amend", arrival["short_id"], "--reason", "belum pulang", lang=lang)
    screens(apoa, "checkout", arrival["short_id"], lang=lang)
    screens(apoa, "fix", arrival["short_id"], keys=["?", "", "gestern", "19.00", "<"], lang=lang)
    other = apoa.send(XIMENA)
    screens(apoa, "fix", other["short_id"], lang=lang)
    screens(apoa, "fix", other["short_id"], keys=["", ""], lang=lang)
    screens(apoa, "fix", other["short_id"], keys=["3", "X", "", "y"], lang=lang)
    screens(apoa, "fix", other["short_id"], "--room", "9", lang=lang)
    apoa.delete_key()
    screens(apoa, "amend", other["short_id"], "--room", "9", lang=lang)


class TestAmend:
    """`apoa amend` corrects a report that the authority has not rejected."""

    def test_one_more_night(self, configured: Apoa) -> None:
        """`+1` is a night more than was reported, also as an answer, and -1 one less; each is sent."""
        arrival = configured.send()
        change = ["amend", arrival["id"], "--reason", "lanjut menginap", "--json", "--nights"]
        assert configured(*change, "+2").json["stay"]["planned_check_out"] == "2026-11-28"
        assert configured("amend", arrival["id"], keys=["15", "-1 malam", "", "pulang", "y"]).code == 0
        report = configured.reports()[-1]
        assert (report["kind"], report["state"], report["guest"]) == ("amend", "accepted", arrival["guest"])
        assert report["stay"] == {**arrival["stay"], "planned_check_out": "2026-11-27"}
        said = configured(*change, "-3")
        assert (said.code, [error["code"] for error in said.json["errors"]]) == (65, ["bad_character"])

    def test_the_user_chooses_fields_by_number(self, away: Apoa) -> None:
        """The user chooses a field by its number, sees its value and corrects it; Enter changes nothing."""
        arrival = away.save()
        keys = ["99", "16", "", "16", "9", "15", "2026-11-01", "27/11", "16", "", "", "y"]
        result = away("amend", arrival["id"], "--no-send", keys=keys)
        assert result.code == 0, result.all
        assert re.search(r"^  16 Room +7$", result.err, re.MULTILINE)
        report = away.reports()[0]
        assert (report["stay"]["room"], report["stay"]["planned_check_out"]) == ("9", "2026-11-27")
        assert away("amend", arrival["id"], "--no-send", keys=[""]).code == 2
        assert away("amend", arrival["id"], "--room", "10", "--no-send", keys=["n"]).code == 0
        left = away("amend", arrival["id"], "--nationality", "Indonesia", "--no-send", keys=[])
        assert (left.code, len(away.reports())) == (65, 2)  # refused without a question

    def test_an_empty_option_clears_a_field(self, away: Apoa) -> None:
        """An empty option clears an optional field, and is an error for a required field."""
        arrival = away.save()
        result = away("amend", arrival["id"], "--room", "", "--no-send", "--json")
        assert (result.code, result.json["stay"]["room"]) == (0, None)
        result = away("amend", arrival["id"], "--birth-place", "", "--json")
        assert result.code == 65
        assert [error["field"] for error in result.json["errors"]] == ["guest.birth_place"]

    def test_back_from_the_reason_undoes_the_last_change(self, configured: Apoa) -> None:
        """`<` goes back from the reason to the fields, then undoes the last change, then leaves without saving."""
        arrival = configured.send()
        for options, keys in (([], ["?", "<"]), ([], ["16", "<", "<"]), (["--room", "8"], ["<"])):
            left = configured("amend", arrival["id"], *options, keys=keys)
            assert (left.code, "Nothing was saved." in left.err, len(configured.reports())) == (0, True, 1), left.all
        keys = ["16", "9", "18", "123456", "", "<", "<", ">", " pindah\tkamar", "y"]
        result = configured("amend", arrival["id"], keys=keys)
        assert (result.code, "  pindah kamar\n" in result.err) == (0, True), result.all  # as it is sent
        report = configured.reports()[-1]
        assert (report["stay"]["room"], report["guest"]["phone"]) == ("9", None)


class TestFix:
    """`apoa fix` corrects a report that the authority rejected."""

    def test_fix_by_options(self, apoa: Apoa, serve: Serve) -> None:
        """`fix` sends a new report in place of the rejected one; then later reports of the stay are sent, too."""
        assert apoa.set_up(serve("reject").base_url).code == 0
        old = apoa.send()
        apoa("checkout", old["id"])
        result = apoa("perbaiki", old["short_id"], "--document-number", "ZX1234568", "--json")
        found = result.json
        assert (result.code, found["kind"], found["state"]) == (0, "check_in", "accepted"), result.err
        assert (found["stay_id"], found["guest"]["document"]["number"]) == (old["stay_id"], "ZX1234568")
        assert apoa("sync").code == 0
        kinds = [("check_in", "accepted"), ("check_in", "superseded"), ("check_out", "accepted")]
        assert sorted(apoa.states()) == kinds

    def test_what_the_authority_did_not_name(self, apoa: Apoa, serve: Serve) -> None:
        """The user sends the report again without a change; going back saves nothing."""
        assert apoa.set_up(serve("reject").base_url).code == 0
        old = apoa.send()
        assert (apoa("fix", old["id"], keys=["<"]).code, apoa.states()) == (0, [("check_in", "rejected")])
        assert apoa("fix", old["id"], keys=["", "y", "y"]).code == 0
        accepted = next(report for report in apoa.reports() if report["state"] == "accepted")
        assert accepted["guest"] == old["guest"]

    def test_fix_of_a_check_out(self, apoa: Apoa, serve: Serve) -> None:
        """`fix` of a check-out accepts only a new time, as an option or as an answer; refused again, it exits 65."""
        assert apoa.set_up(serve("ok,reject,reject").base_url).code == 0
        arrival = apoa.send(QUENTIN, "--check-in", "2026-11-24T10:00")
        out = apoa("checkout", arrival["id"], "--json").json
        assert out["state"] == "rejected"
        unattended = apoa("fix", out["id"])
        assert (unattended.code, "--at TIME" in unattended.err) == (65, True)
        assert apoa("fix", out["id"], "--room", "8").code == 2
        assert apoa("fix", out["id"], "--reason", "x").code == 2
        assert apoa("fix", out["id"], "--at", "2026-11-24T09:00").code == 65
        result = apoa("fix", out["id"], "--at", "2026-11-24T19:00", "--json")
        assert (result.code, result.json["kind"], result.json["state"]) == (65, "check_out", "rejected")
        result = apoa("fix", arrival["id"], keys=["18.00", "y"])
        assert result.code == 0, result.all
        assert ("check_out", "accepted") in apoa.states()

    def test_fix_of_a_correction_and_a_cancellation(self, apoa: Apoa, serve: Serve) -> None:
        """A fixed correction keeps its reason, a fixed cancellation needs a new one; what is refused exits with 65."""
        assert apoa.set_up(serve("ok,reject,ok,reject,reject").base_url).code == 0
        arrival = apoa.send()
        assert apoa("fix", arrival["id"], "--at", "2026-11-24T19:00").code == 65
        amended = apoa("amend", arrival["id"], "--room", "8", "--reason", "pindah", "--json")
        assert (amended.code, amended.json["state"]) == (65, "rejected")
        assert apoa("fix", amended.json["id"], "--at", "2026-11-24T19:00").code == 2
        result = apoa("fix", amended.json["id"], "--room", "9", "--json")
        assert (result.code, result.json["kind"], result.json["state"]) == (0, "amend", "accepted")
        void = apoa("cancel", arrival["id"], "--reason", "x", "--json")
        assert (void.code, void.json["state"]) == (65, "rejected")
        unattended = apoa("fix", void.json["id"])
        assert (unattended.code, "--reason TEXT" in unattended.err) == (65, True)
        assert apoa("fix", void.json["id"], "--reason", "salah orang", "--json").json["state"] == "rejected"
        left = apoa("fix", arrival["id"], keys=["?", "", "<"])
        assert (left.code, "Nothing was saved." in left.err) == (0, True)
        result = apoa("fix", arrival["id"], keys=["salah kamar", "y"])
        assert result.code == 0, result.all
        assert ("cancel", "accepted") in apoa.states()
