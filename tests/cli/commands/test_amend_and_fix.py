"""Tests of `apoa amend` and `apoa fix`, at a terminal and unattended."""

import re
from typing import Any

import pytest
from cli_helpers import (
    LANGUAGES,
    QUENTIN,
    XIMENA,
    Apoa,
    Serve,
)
from screens import Screens

from apoa_client.errors import Exit
from apoa_client.report.fields import ON_THE_FORM


def only_report(apoa: Apoa, kind: str) -> dict[str, Any]:
    """Return the only report of this kind."""
    (report,) = (report for report in apoa.reports() if report["kind"] == kind)
    return report


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(apoa: Apoa, screens: Screens, serve: Serve, lang: str) -> None:
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

    def test_amend_of_an_accepted_check_in(self, configured: Apoa) -> None:
        """`amend` sends all data with the reason, and shows only what changes; it undoes a check-out."""
        arrival = configured.send()
        result = configured("ubah", arrival["short_id"], "--room", "8", "--nights", "4", keys=["pindah kamar", "y"])
        assert (result.code, QUENTIN.birth_place in result.err) == (0, False), result.all
        report = configured.reports()[-1]
        assert (report["kind"], report["state"], report["due_at"]) == ("amend", "accepted", None)
        assert report["guest"] == arrival["guest"]
        assert report["stay"] == {**arrival["stay"], "room": "8", "planned_check_out": "2026-11-28"}
        configured("checkout", arrival["id"])
        assert configured("amend", arrival["id"]).code == 65
        assert configured("amend", arrival["id"], "--reason", "belum pulang").code == 0
        assert configured("checkout", arrival["id"], "--json").json["state"] == "accepted"

    def test_one_more_night(self, configured: Apoa) -> None:
        """`+1` is a night more than was reported, as an option and as an answer, and -1 one less; the day is shown."""
        arrival = configured.send()
        said = configured("amend", arrival["id"], "--nights", "+1", "--reason", "lanjut menginap", "--json")
        assert said.json["stay"]["planned_check_out"] == "2026-11-27"
        keys = ["?", "+1 malam", "", "perpanjang", "y"]
        number = str([item.name for item in ON_THE_FORM].index("planned_check_out") + 1)
        said = configured("amend", arrival["id"], keys=[number, *keys])
        assert said.code == 0, said.all
        assert "4 nights, until 28 Nov 2026" in said.err
        assert "+1 adds a night, and -1 takes one away." in said.err
        said = configured("amend", arrival["id"], "--nights", "-2", "--reason", "pulang cepat", "--json")
        assert said.json["stay"]["planned_check_out"] == "2026-11-26"
        said = configured("amend", arrival["id"], "--nights", "-2", "--reason", "pulang cepat", "--json")
        assert (said.code, [error["code"] for error in said.json["errors"]]) == (65, ["bad_character"])

    def test_amend_of_an_unsent_check_in(self, away: Apoa) -> None:
        """Amending an unsent check-in replaces it with a check-in that has a new deadline, and needs no reason."""
        arrival = away.save()
        result = away("amend", arrival["id"], "--check-in", "2026-11-24T10:00", "--no-send", "--json")
        assert result.code == 0, result.err
        assert (result.json["kind"], result.json["state"], result.json["stay_id"]) == (
            "check_in",
            "queued",
            arrival["stay_id"],
        )
        assert result.json["due_at"] == "2026-11-25T10:00:00+07:00"
        assert result.json["stay"]["planned_check_out"] == arrival["stay"]["planned_check_out"]
        assert away.states() == [("check_in", "queued"), ("check_in", "superseded")]

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

    def test_the_reason_is_asked_until_it_is_valid(self, configured: Apoa) -> None:
        """`amend` asks for the reason again after help and Enter, and keeps the changes typed before."""
        arrival = configured.send()
        result = configured("amend", arrival["id"], keys=["16", "9", "", "?", "", " pindah\tkamar", "y"])
        assert (result.code, "  pindah kamar\n" in result.err) == (0, True), result.all
        assert only_report(configured, "amend")["stay"]["room"] == "9"

    def test_back_from_the_reason_undoes_the_last_change(self, configured: Apoa) -> None:
        """`<` goes back from the reason to the fields, then undoes the last change, then leaves without saving."""
        arrival = configured.send()
        for options, keys in (([], ["?", "<"]), ([], ["16", "<", "<"]), (["--room", "8"], ["<"])):
            left = configured("amend", arrival["id"], *options, keys=keys)
            assert (left.code, "Nothing was saved." in left.err, len(configured.reports())) == (0, True, 1), left.all
        keys = ["16", "9", "18", "123456", "", "<", "<", ">", "pindah kamar", "y"]
        assert configured("amend", arrival["id"], keys=keys).code == 0
        report = only_report(configured, "amend")
        assert (report["stay"]["room"], report["guest"]["phone"]) == ("9", None)


REJECTED = "A practice fault refuses this report; nothing in it is wrong."


@pytest.fixture
def rejected(apoa: Apoa, serve: Serve) -> Apoa:
    """Return the program with one check-in that the authority rejected."""
    assert apoa.set_up(serve("reject").base_url).code == 0
    assert apoa.send()["state"] == "rejected"
    return apoa


class TestFix:
    """`apoa fix` corrects a report that the authority rejected."""

    def test_fix_by_options(self, rejected: Apoa) -> None:
        """`fix` sends a new report in place of the rejected one; then later reports of the stay are sent, too."""
        [old] = rejected.reports()
        rejected("checkout", old["id"])
        result = rejected("perbaiki", old["short_id"], "--document-number", "ZX1234568", "--json")
        found = result.json
        assert (result.code, found["kind"], found["state"]) == (0, "check_in", "accepted"), result.err
        assert (found["stay_id"], found["guest"]["document"]["number"]) == (old["stay_id"], "ZX1234568")
        assert rejected("sync").code == 0
        kinds = [("check_in", "accepted"), ("check_in", "superseded"), ("check_out", "accepted")]
        assert sorted(rejected.states()) == kinds

    @pytest.mark.parametrize(
        ("keys", "sex"), [(["", "y", "y"], "M"), (["3", "X", "", "y"], "X")], ids=["same", "field"]
    )
    def test_what_the_authority_did_not_name(self, rejected: Apoa, keys: list[str], sex: str) -> None:
        """The user sends the report again without a change, or chooses any field; going back saves nothing."""
        [old] = rejected.reports()
        for leave in (["", ""], ["<"]):
            left = rejected("fix", old["id"], keys=leave)
            assert (left.code, REJECTED in left.err, len(rejected.reports())) == (0, True, 1)
        assert rejected("fix", old["id"], keys=keys).code == 0
        accepted = next(report for report in rejected.reports() if report["state"] == "accepted")
        assert accepted["guest"]["sex"] == sex

    def test_fix_of_a_check_out(self, apoa: Apoa, serve: Serve) -> None:
        """`fix` of a check-out accepts only a new time, as an option or as an answer."""
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
        assert (result.json["kind"], result.json["state"]) == ("check_out", "rejected")
        result = apoa("fix", arrival["id"], keys=["18.00", "y"])
        assert result.code == 0, result.all
        assert ("check_out", "accepted") in apoa.states()

    def test_fix_of_a_correction_and_a_cancellation(self, apoa: Apoa, serve: Serve) -> None:
        """A fixed correction keeps its reason, and a fixed cancellation needs a new one."""
        assert apoa.set_up(serve("ok,reject,ok,reject,reject").base_url).code == 0
        arrival = apoa.send()
        assert apoa("fix", arrival["id"], "--at", "2026-11-24T19:00").code == 65
        amended = apoa("amend", arrival["id"], "--room", "8", "--reason", "pindah", "--json").json
        assert amended["state"] == "rejected"
        assert apoa("fix", amended["id"], "--at", "2026-11-24T19:00").code == 2
        result = apoa("fix", amended["id"], "--room", "9", "--json")
        assert (result.json["kind"], result.json["state"]) == ("amend", "accepted")
        void = apoa("cancel", arrival["id"], "--reason", "x", "--json").json
        assert void["state"] == "rejected"
        unattended = apoa("fix", void["id"])
        assert (unattended.code, "--reason TEXT" in unattended.err) == (65, True)
        assert apoa("fix", void["id"], "--reason", "salah orang", "--json").json["state"] == "rejected"
        left = apoa("fix", arrival["id"], keys=["?", "", "<"])
        assert (left.code, "Nothing was saved." in left.err) == (0, True)
        result = apoa("fix", arrival["id"], keys=["salah kamar", "y"])
        assert result.code == 0, result.all
        assert ("cancel", "accepted") in apoa.states()

    def test_a_change_that_is_refused_at_once_exits_with_65(self, apoa: Apoa, serve: Serve) -> None:
        """`amend`, `cancel` and `fix` save the report and exit with 65 if the authority rejects it at once."""
        assert apoa.set_up(serve("ok,reject,reject,ok,reject").base_url).code == 0
        arrival = apoa.send()
        for command, code, state in (
            (["amend", arrival["id"], "--room", "8", "--reason", "pindah"], Exit.DATA_REFUSED, "rejected"),
            (["fix", arrival["id"], "--room", "9"], Exit.DATA_REFUSED, "rejected"),
            (["fix", arrival["id"], "--room", "10"], Exit.DONE, "accepted"),
            (["cancel", arrival["id"], "--reason", "salah"], Exit.DATA_REFUSED, "rejected"),
        ):
            result = apoa(*command, "--json")
            assert (result.code, result.json["state"]) == (code, state), command
