"""Tests of `apoa amend` and `apoa fix`, at a terminal and unattended."""

import re
from typing import Any

import pytest
from cli_helpers import (
    LANGUAGES,
    NOWHERE,
    OBADIAH,
    QUENTIN,
    REPORT_KEYS,
    XIMENA,
    Apoa,
    Serve,
    assert_form,
    assert_sanitized,
    spoken,
    time_in,
    typed_in,
)

from apoa_client.errors import Exit
from apoa_client.report.fields import ON_THE_FORM


def only_report(apoa: Apoa, kind: str) -> dict[str, Any]:
    """Return the only report of this kind."""
    (report,) = (report for report in apoa.reports() if report["kind"] == kind)
    return report


class TestAmend:
    """`apoa amend` corrects a report that the authority has not rejected."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_amend_of_an_accepted_check_in(self, configured: Apoa, lang: str) -> None:
        """`amend` shows old and new values, sends all data with the reason, and shows how to correct it again."""
        arrival = configured.send()
        result = configured(
            "ubah", arrival["short_id"], "--room", "8", "--nights", "4", keys=["pindah kamar", "y"], lang=lang
        )
        assert result.code == 0, result.all
        assert f"{spoken(lang, 'Room')}: 7 → 8" in result.err
        assert "26 Nov 2026 → 28 Nov 2026" in result.err
        assert spoken(lang, "Save and send this correction?") in result.err
        assert QUENTIN.birth_place not in result.err  # unchanged fields are not shown
        report = configured.reports()[-1]
        assert (report["kind"], report["state"], report["due_at"]) == ("amend", "accepted", None)
        assert report["guest"] == arrival["guest"]
        assert report["stay"] == {**arrival["stay"], "room": "8", "planned_check_out": "2026-11-28"}
        assert report["receipt"]["number"] in result.out
        assert typed_in(lang, f"apoa amend {report['short_id']}") in result.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_one_more_night(self, configured: Apoa, lang: str) -> None:
        """`+1` is a night more than was reported, as an option and as an answer, and -1 one less; the day is shown."""
        arrival = configured.send()
        said = configured("amend", arrival["id"], "--nights", "+1", "--reason", "lanjut menginap", "--json")
        assert said.json["stay"]["planned_check_out"] == "2026-11-27"
        keys = ["?", "+1 malam", "", "perpanjang", "y"]
        number = str([item.name for item in ON_THE_FORM].index("planned_check_out") + 1)
        said = configured("amend", arrival["id"], keys=[number, *keys], lang=lang)
        assert said.code == 0, said.all
        nights = {"en": "4 nights, until 28 Nov 2026", "id": "4 malam, sampai 28 Nov 2026"}[lang]
        assert nights in said.err
        assert spoken(lang, "+1 adds a night, and -1 takes one away.") in said.err
        said = configured("amend", arrival["id"], "--nights", "-2", "--reason", "pulang cepat", "--json")
        assert said.json["stay"]["planned_check_out"] == "2026-11-26"
        said = configured("amend", arrival["id"], "--nights", "-2", "--reason", "pulang cepat", "--json")
        assert (said.code, [error["code"] for error in said.json["errors"]]) == (65, ["bad_character"])

    def test_amend_json(self, configured: Apoa) -> None:
        """`amend --json` prints the correction as a report, with its warnings."""
        arrival = configured.send()
        result = configured("amend", arrival["stay_id"], "--surname", "ZYKOWSKA", "--reason", "salah ketik", "--json")
        assert result.code == 0, result.err
        assert_form(result.json, REPORT_KEYS)
        assert result.json["guest"]["surname"] == "ZYKOWSKA"
        assert [warning["code"] for warning in result.json["warnings"]] == ["conflict"]

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

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_amend_undoes_a_check_out(self, configured: Apoa, lang: str) -> None:
        """A correction with only a reason undoes a check-out, and the output states it."""
        arrival = configured.send()
        configured("checkout", arrival["id"])
        assert configured("amend", arrival["id"]).code == 65
        result = configured("amend", arrival["id"], "--reason", "belum pulang", lang=lang)
        assert result.code == 0, result.all
        assert spoken(lang, "The guest was checked out. With this correction they are in house again.") in result.err
        assert configured.states()[-1] == ("amend", "accepted")
        assert configured("checkout", arrival["id"], "--json").json["state"] == "accepted"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_user_chooses_fields_by_number(self, away: Apoa, lang: str) -> None:
        """The user chooses a field by its number, sees its value and corrects it; Enter changes nothing."""
        arrival = away.save()
        keys = ["99", "16", "", "16", "9", "15", "2026-11-01", "27/11", "16", "", "", "y"]
        result = away("amend", arrival["id"], "--no-send", keys=keys, lang=lang)
        assert result.code == 0, result.all
        assert re.search(rf"^  16 {spoken(lang, 'Room')} +7$", result.err, re.MULTILINE)
        report = away.reports()[0]
        assert (report["stay"]["room"], report["stay"]["planned_check_out"]) == ("9", "2026-11-27")
        assert away("amend", arrival["id"], "--no-send", keys=[""]).code == 2
        result = away("amend", arrival["id"], "--room", "10", "--no-send", keys=["n"], lang=lang)
        assert spoken(lang, "Nothing was saved.") in result.err
        assert len(away.reports()) == 2

    def test_an_indonesian_nationality_is_refused_without_a_question(self, away: Apoa) -> None:
        """`amend` refuses Indonesian nationality without a question, at a terminal too."""
        arrival = away.save()
        result = away("amend", arrival["id"], "--nationality", "Indonesia", "--no-send", keys=[])
        assert result.code == 65, result.all
        assert "Indonesian" in result.err
        assert len(away.reports()) == 1

    @pytest.mark.parametrize(
        ("zone", "check_in", "due", "morning"),
        [
            ("Asia/Jakarta", "2026-11-24T00:00", "2026-11-25T00:00:00+07:00", "2026-11-26"),
            ("Asia/Jayapura", "2026-11-24T00:00", "2026-11-25T00:00:00+09:00", "2026-11-26"),
            ("Asia/Jakarta", "2026-10-31T23:59", "2026-11-01T23:59:00+07:00", "2026-11-02"),
            ("Asia/Jayapura", "2026-10-31T23:00+07:00", "2026-11-02T01:00:00+09:00", "2026-11-03"),
            ("Asia/Jakarta", "2024-02-28", "2024-02-29T00:00:00+07:00", "2024-03-01"),
            ("Asia/Jayapura", "29/02/2024", "2024-03-01T00:00:00+09:00", "2024-03-02"),
        ],
    )
    def test_dates_use_the_time_zone_of_the_property(
        self, apoa: Apoa, zone: str, check_in: str, due: str, morning: str
    ) -> None:
        """The deadline and the planned check-out follow a new check-in time in the time zone of the property."""
        assert apoa.set_up(NOWHERE, "--timezone", zone).code == 75
        arrival = apoa.save()
        result = apoa("amend", arrival["id"], "--check-in", check_in, "--nights", "2", "--no-send", "--json")
        assert result.code == 0, result.err
        assert (result.json["due_at"], result.json["stay"]["planned_check_out"]) == (due, morning)

    def test_amend_without_a_change_is_refused(self, away: Apoa) -> None:
        """Unattended, `amend` without a change is a usage error, and a value equal to the old one is rejected."""
        arrival = away.save()
        assert away("amend", arrival["id"]).code == 2
        assert away("amend", arrival["id"], "--reason", "x").code == 2
        assert away("amend", arrival["id"], "--json", keys=[]).code == 2
        assert away("amend", arrival["id"], "--room", "7").code == 65
        assert len(away.reports()) == 1

    def test_an_empty_option_clears_a_field(self, away: Apoa) -> None:
        """An empty option clears an optional field, and is an error for a required field."""
        arrival = away.save()
        result = away("amend", arrival["id"], "--room", "", "--no-send", "--json")
        assert (result.code, result.json["stay"]["room"]) == (0, None)
        result = away("amend", arrival["id"], "--birth-place", "", "--json")
        assert result.code == 65
        assert [error["field"] for error in result.json["errors"]] == ["guest.birth_place"]

    def test_amend_with_another_passport(self, away: Apoa) -> None:
        """New passport lines replace the data of the guest, and invalid lines are rejected."""
        arrival = away.save()
        lines = [argument for line in XIMENA.lines for argument in ("--mrz", line)]
        result = away("amend", arrival["id"], *lines, "--no-send", "--json")
        assert result.code == 0, result.err
        assert result.json["guest"]["surname"] == XIMENA.surname
        assert result.json["guest"]["birth_place"] == QUENTIN.birth_place
        result = away("amend", result.json["id"], "--mrz", "-", "--no-send", stdin="\n".join(OBADIAH.lines))
        assert result.code == 0, result.err
        assert away("amend", arrival["id"], "--mrz", "P<GBR", "--json").json["errors"][0]["field"] == (
            "guest.document.mrz"
        )

    def test_amend_of_an_accepted_report_needs_a_reason(self, configured: Apoa) -> None:
        """Unattended, a missing reason is an error of the field `reason`, and so is a punctuation mark alone."""
        arrival = configured.send()
        result = configured("amend", arrival["id"], "--room", "8", "--json")
        assert (result.code, result.json["errors"][0]["field"]) == (65, "reason")
        result = configured("amend", arrival["id"], "--room", "8", "--reason", "?", "--json")
        assert (result.code, result.json["errors"][0]["field"]) == (65, "reason")
        assert len(configured.reports()) == 1

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_reason_is_asked_until_it_is_valid(self, configured: Apoa, lang: str) -> None:
        """`amend` asks for the reason again after help and Enter, and keeps the changes typed before."""
        arrival = configured.send()
        result = configured("amend", arrival["id"], keys=["16", "9", "", "?", "", " pindah\tkamar", "y"], lang=lang)
        assert result.code == 0, result.all
        assert spoken(lang, "< goes back, and nothing is saved yet.") in result.err
        assert "  pindah kamar\n" in result.err
        assert only_report(configured, "amend")["stay"]["room"] == "9"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_back_from_the_reason_undoes_the_last_change(self, configured: Apoa, lang: str) -> None:
        """`<` goes back from the reason to the fields, then undoes the last change, then leaves without saving."""
        arrival = configured.send()
        keys = ["?", "<", "16", "9", "18", "123456", "", "<", "<", ">", "pindah kamar", "y"]
        left = configured("amend", arrival["id"], keys=keys[:2], lang=lang)
        assert (left.code, len(configured.reports())) == (0, 1)
        for sentence in ("Type the number of the field, then the correct value.", "Nothing was saved."):
            assert spoken(lang, sentence) in left.err
        result = configured("amend", arrival["id"], keys=keys[2:], lang=lang)
        assert result.code == 0, result.all
        assert spoken(lang, "Undone: {field}", field=spoken(lang, "Phone")) in result.err
        assert (
            only_report(configured, "amend")["stay"]["room"],
            only_report(configured, "amend")["guest"]["phone"],
        ) == ("9", None)

    def test_back_from_an_unchanged_field(self, configured: Apoa) -> None:
        """A field whose question was left with `<` is not a change to undo."""
        arrival = configured.send()
        result = configured("amend", arrival["id"], keys=["16", "<", "<"])
        assert result.code == 0, result.all
        assert "Nothing was saved." in result.err

    def test_back_from_the_reason_keeps_a_repeated_answer(self, configured: Apoa) -> None:
        """Going back from the reason does not ask again for a value that is already corrected."""
        arrival = configured.send()
        keys = [
            "14",
            "27/11/2026 10:00",
            "",
            "24/11 19.00",
            "2",
            "<",
            "",
            "salah jam",
            "y",
        ]  # a check-in cannot be in the future
        result = configured("amend", arrival["id"], keys=keys)
        assert result.code == 0, result.all
        assert only_report(configured, "amend")["stay"]["check_in"] == "2026-11-24T19:00:00+07:00"

    def test_back_from_the_reason_with_options_saves_nothing(self, configured: Apoa) -> None:
        """If options give all changes, `<` at the reason leaves without saving."""
        arrival = configured.send()
        result = configured("amend", arrival["id"], "--room", "8", keys=["<"])
        assert result.code == 0, result.all
        assert "Nothing was saved." in result.err
        assert len(configured.reports()) == 1

    def test_amend_refuses_reports_that_cannot_be_corrected(self, configured: Apoa) -> None:
        """`amend` refuses an unknown id, an ambiguous id, a cancelled stay and a withdrawn stay."""
        arrival, other = configured.send(), configured.save(XIMENA)
        assert configured("amend", "ffffffff", "--room", "8").code == 2
        result = configured("amend", arrival["id"][:8], "--room", "8")
        assert result.code == 2
        assert all(report["short_id"] in result.err for report in (arrival, other))
        configured("cancel", other["id"])
        configured("cancel", arrival["id"], "--reason", "x")
        for report in (arrival, other):
            assert configured("amend", report["id"], "--room", "8", "--reason", "x").code == 65

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_amend_without_the_key(self, away: Apoa, lang: str) -> None:
        """Without the key, `amend` fails and explains that it needs the encrypted data of the report."""
        arrival = away.save()
        away.delete_key()
        result = away("amend", arrival["id"], "--room", "8", lang=lang)
        assert result.code == Exit.CREDENTIALS
        sentence = "A correction needs the reported data, which can be read only with this property's key."
        assert spoken(lang, sentence) in result.err

    def test_amend_prints_no_control_characters(self, away: Apoa) -> None:
        """`amend` prints no control characters from a room name."""
        arrival = away.save(QUENTIN, "--room", "7")
        result = away("amend", arrival["id"], "--room", "8\u202e", keys=["8", "y"])
        assert_sanitized(result.all.replace("\r", ""))


REJECTED = "The training script rejects this report."


@pytest.fixture
def rejected(apoa: Apoa, serve: Serve) -> Apoa:
    """Return the program with one check-in that the authority rejected."""
    assert apoa.set_up(serve("reject").base_url).code == 0
    assert apoa.send()["state"] == "rejected"
    return apoa


class TestFix:
    """`apoa fix` corrects a report that the authority rejected."""

    def test_fix_by_options(self, rejected: Apoa) -> None:
        """`fix` with an option sends a new report of the same stay and kind, which replaces the rejected one."""
        [old] = rejected.reports()
        result = rejected("perbaiki", old["short_id"], "--document-number", "ZX1234568", "--json")
        assert result.code == 0, result.err
        assert_form(result.json, REPORT_KEYS)
        assert (result.json["kind"], result.json["state"], result.json["stay_id"]) == (
            "check_in",
            "accepted",
            old["stay_id"],
        )
        assert result.json["guest"]["document"]["number"] == "ZX1234568"
        assert sorted(rejected.states()) == [("check_in", "accepted"), ("check_in", "superseded")]

    def test_fix_without_a_change_is_refused_unattended(self, rejected: Apoa) -> None:
        """Unattended, `fix` without a change is refused and prints the errors of the authority."""
        [old] = rejected.reports()
        for options in ([], ["--room", "7"]):
            result = rejected("fix", old["id"], *options, "--json")
            assert result.code == 65
            assert [error["code"] for error in result.json["errors"]] == ["training"]
            assert REJECTED in result.err
        assert len(rejected.reports()) == 1

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_report_can_be_sent_again_unchanged(self, rejected: Apoa, lang: str) -> None:
        """If the authority names no field, the user can send the report again without a change."""
        [old] = rejected.reports()
        result = rejected("fix", old["id"], keys=["", ""], lang=lang)
        assert REJECTED in result.err
        assert spoken(lang, "Nothing was changed. Send the same again?") in result.err
        assert spoken(lang, "Nothing was saved.") in result.err
        result = rejected("fix", old["id"], keys=["", "y", "y"], lang=lang)
        assert result.code == 0, result.all
        assert ("check_in", "accepted") in rejected.states()

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_fix_of_a_field_that_the_authority_did_not_name(self, rejected: Apoa, lang: str) -> None:
        """The user can choose any field by its number, and going back saves nothing."""
        [old] = rejected.reports()
        result = rejected("fix", old["id"], keys=["<"], lang=lang)
        assert (result.code, len(rejected.reports())) == (0, 1)
        assert spoken(lang, "Nothing was saved.") in result.err
        result = rejected("fix", old["id"], keys=["3", "X", "", "y"], lang=lang)
        assert result.code == 0, result.all
        accepted = next(report for report in rejected.reports() if report["state"] == "accepted")
        assert accepted["guest"]["sex"] == "X"

    def test_fix_does_not_ask_about_given_options(self, rejected: Apoa) -> None:
        """With an option, `fix` asks only for confirmation."""
        [old] = rejected.reports()
        assert rejected("fix", old["id"], "--sex", "X", keys=["y"]).code == 0
        assert ("check_in", "accepted") in rejected.states()

    def test_later_reports_are_sent_after_the_fix(self, rejected: Apoa) -> None:
        """After a fix, the later reports of the stay are sent."""
        [old] = rejected.reports()
        rejected("checkout", old["id"])
        assert rejected("fix", old["id"], "--sex", "X").code == 0
        assert rejected("sync").code == 0
        assert sorted(rejected.states()) == [
            ("check_in", "accepted"),
            ("check_in", "superseded"),
            ("check_out", "accepted"),
        ]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_fix_asks_for_each_rejected_field(
        self, configured: Apoa, lang: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`fix` asks only for the rejected fields and shows the messages of the authority."""
        monkeypatch.setattr("apoa_client.sandbox.decisions.rule_violations", reject_four_fields)
        assert configured.send()["state"] == "rejected"
        monkeypatch.undo()
        [old] = configured.reports()
        result = configured("fix", old["id"], keys=["GDYNIA", "3", "9999", "", "y"], lang=lang)
        assert result.code == 0, result.all
        for message in ("No such town.", "Too short.", "Ask the guest."):
            assert message in result.err
        report = next(report for report in configured.reports() if report["state"] == "accepted")
        assert report["guest"]["birth_place"] == "GDYNIA"
        assert report["stay"]["planned_check_out"] == "2026-11-27"
        assert report["guest"]["phone"] == "9999"

    def test_fix_of_a_report_that_was_not_rejected(self, configured: Apoa) -> None:
        """`fix` of an accepted report names `amend` instead, and an unknown id is a usage error."""
        arrival = configured.send()
        result = configured("fix", arrival["id"], "--room", "8")
        assert result.code == 65
        assert f"apoa amend {arrival['short_id']}" in result.err
        assert configured("fix", "ffffffff").code == 2

    def test_fix_of_a_check_out(self, apoa: Apoa, serve: Serve) -> None:
        """`fix` of a check-out accepts only a new time, as an option or as an answer."""
        assert apoa.set_up(serve("ok,reject,reject").base_url).code == 0
        arrival = apoa.send(QUENTIN, "--check-in", "2026-11-24T10:00")
        out = apoa("checkout", arrival["id"], "--json").json
        assert out["state"] == "rejected"
        assert apoa("fix", out["id"]).code == 65
        assert apoa("fix", out["id"], "--room", "8").code == 2
        assert apoa("fix", out["id"], "--reason", "x").code == 2
        assert apoa("fix", out["id"], "--at", "2026-11-24T09:00").code == 65
        result = apoa("fix", out["id"], "--at", "2026-11-24T19:00", "--json")
        assert (result.json["kind"], result.json["state"]) == ("check_out", "rejected")
        result = apoa("fix", arrival["id"], keys=["18.00", "y"])
        assert result.code == 0, result.all
        assert ("check_out", "accepted") in apoa.states()

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_time_is_asked_until_it_is_valid(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """`fix` asks again after help, Enter and anything that is not a possible time; going back saves nothing."""
        assert apoa.set_up(serve("ok,reject").base_url).code == 0
        arrival = apoa.send(QUENTIN, "--check-in", "2026-11-24T10:00")
        apoa("checkout", arrival["id"])
        left = apoa("fix", arrival["id"], keys=["?", "", ">", "gestern", "09.00", "<"], lang=lang)
        assert left.code == 0, left.all
        for sentence in (
            "The day and time, day first: 26/11/2026 10:05. A time alone, 10.05, is today's.",
            "An answer is needed here. ? shows help.",
            "it is before the check-in. Correct the time, or first the check-in with: apoa amend",
            "Nothing was saved.",
        ):
            assert spoken(lang, sentence) in left.err
        assert ("check_out", "rejected") in apoa.states()
        result = apoa("fix", arrival["id"], keys=["09.00", "18.00", "y"], lang=lang)
        assert result.code == 0, result.all
        assert time_in(lang, "24 Nov 2026 18:00 WIB") in result.err
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
        assert apoa("fix", void["id"]).code == 65
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

    def test_fix_of_a_rejected_reason(self, configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """If the authority rejects the reason, `fix` asks only for a new reason."""
        arrival = configured.send()
        monkeypatch.setattr("apoa_client.sandbox.decisions.rule_violations", reject_the_reason)
        old = configured("amend", arrival["id"], "--room", "8", "--reason", "x", "--json").json
        assert old["state"] == "rejected"
        monkeypatch.undo()
        left = configured("fix", old["id"], keys=["?", "<", ""])
        assert (left.code, "Nothing was saved." in left.err) == (0, True)
        result = configured("fix", old["id"], keys=["", "pindah kamar", "y"])
        assert result.code == 0, result.all
        assert "Say why." in result.err
        assert sorted(configured.states()) == [("amend", "accepted"), ("amend", "superseded"), ("check_in", "accepted")]

    def test_fix_without_the_key(self, rejected: Apoa) -> None:
        """Without the key, `fix` fails, because the rejected report is encrypted."""
        [old] = rejected.reports()
        rejected.delete_key()
        assert rejected("fix", old["id"], "--room", "8").code == Exit.CREDENTIALS


def reject_the_reason(_report: object, _now: object) -> tuple[Any, ...]:
    """Return a violation of the field `reason`."""
    from apoa_client.sandbox.validation import Violation

    return (Violation("reason", "too_short", "Say why."),)


def reject_four_fields(_report: object, _now: object) -> tuple[Any, ...]:
    """Return violations of four fields, one of them unknown to the program."""
    from apoa_client.sandbox.validation import Violation

    return (
        Violation("guest.birth_place", "unknown_place", "No such town."),
        Violation("stay.planned_check_out", "too_short", "Too short."),
        Violation("guest.phone", "missing", "Ask the guest."),
        Violation("guest.shoe_size", "missing", "Really."),
    )
