"""`apoa amend` and `apoa fix`: what was reported is put right, at a terminal and unattended."""

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
    typed_in,
)

from apoa_client.errors import Exit


def only(apoa: Apoa, kind: str) -> dict[str, Any]:
    """The one report of this kind."""
    (report,) = (report for report in apoa.reports() if report["kind"] == kind)
    return report


class TestAmend:
    """Nobody complained, and yet it was wrong."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_what_arrived(self, configured: Apoa, lang: str) -> None:
        """Before and after are shown; the whole goes again, with the reason; and it can be corrected again."""
        arrival = configured.send()
        said = configured(
            "ubah", arrival["short_id"], "--room", "8", "--nights", "4", keys=["pindah kamar", "y"], lang=lang
        )
        assert said.code == 0, said.all
        assert f"{spoken(lang, 'Room')}: 7 → 8" in said.err
        assert "26 Nov 2026 → 28 Nov 2026" in said.err
        assert spoken(lang, "Save and send this correction?") in said.err
        assert QUENTIN.birth_place not in said.err  # only what changes
        report = configured.reports()[-1]
        assert (report["kind"], report["state"], report["due_at"]) == ("amend", "accepted", None)
        assert report["guest"] == arrival["guest"]
        assert report["stay"] == {**arrival["stay"], "room": "8", "planned_check_out": "2026-11-28"}
        assert report["receipt"]["number"] in said.out
        assert typed_in(lang, f"apoa amend {report['short_id']}") in said.err

    def test_json(self, configured: Apoa) -> None:
        """The form of a report."""
        arrival = configured.send()
        said = configured("amend", arrival["stay_id"], "--surname", "ZYKOWSKA", "--reason", "salah ketik", "--json")
        assert said.code == 0, said.err
        assert_form(said.json, REPORT_KEYS)
        assert said.json["guest"]["surname"] == "ZYKOWSKA"
        assert [warning["code"] for warning in said.json["warnings"]] == ["conflict"]

    def test_what_never_left(self, away: Apoa) -> None:
        """A check-in in its place, due as it should be, with no reason and no traffic."""
        arrival = away.save()
        said = away("amend", arrival["id"], "--check-in", "2026-11-24T10:00", "--no-send", "--json")
        assert said.code == 0, said.err
        assert (said.json["kind"], said.json["state"], said.json["stay_id"]) == (
            "check_in",
            "queued",
            arrival["stay_id"],
        )
        assert said.json["due_at"] == "2026-11-25T10:00:00+07:00"
        assert said.json["stay"]["planned_check_out"] == arrival["stay"]["planned_check_out"]
        assert away.states() == [("check_in", "queued"), ("check_in", "superseded")]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_guest_who_is_there_again(self, configured: Apoa, lang: str) -> None:
        """A check-out is undone with a reason and nothing else, and that is said."""
        arrival = configured.send()
        configured("checkout", arrival["id"])
        assert configured("amend", arrival["id"]).code == 65
        said = configured("amend", arrival["id"], "--reason", "belum pulang", lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, "The guest was checked out. With this correction they are in house again.") in said.err
        assert configured.states()[-1] == ("amend", "accepted")
        assert configured("checkout", arrival["id"], "--json").json["state"] == "accepted"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_which_field_is_asked(self, away: Apoa, lang: str) -> None:
        """By number, with what it says now; what does not hold is asked again; Enter changes nothing."""
        arrival = away.save()
        keys = ["99", "16", "", "16", "9", "15", "2026-11-01", "27/11", "16", "", "", "y"]
        said = away("amend", arrival["id"], "--no-send", keys=keys, lang=lang)
        assert said.code == 0, said.all
        assert f" 16  {spoken(lang, 'Room')}: 7" in said.err
        report = away.reports()[0]
        assert (report["stay"]["room"], report["stay"]["planned_check_out"]) == ("9", "2026-11-27")
        assert away("amend", arrival["id"], "--no-send", keys=[""]).code == 2
        said = away("amend", arrival["id"], "--room", "10", "--no-send", keys=["n"], lang=lang)
        assert spoken(lang, "Nothing was saved.") in said.err
        assert len(away.reports()) == 2

    def test_what_typing_cannot_mend(self, away: Apoa) -> None:
        """An Indonesian needs no report: refused, at a terminal too, and nothing is asked."""
        arrival = away.save()
        said = away("amend", arrival["id"], "--nationality", "Indonesia", "--no-send", keys=[])
        assert said.code == 65, said.all
        assert "Indonesian" in said.err
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
    def test_days_are_the_houses_own(self, apoa: Apoa, zone: str, check_in: str, due: str, morning: str) -> None:
        """Over midnight, a month's end and a leap day, in the west and in the east; the deadline follows."""
        assert apoa.set_up(NOWHERE, "--timezone", zone).code == 75
        arrival = apoa.save()
        said = apoa("amend", arrival["id"], "--check-in", check_in, "--nights", "2", "--no-send", "--json")
        assert said.code == 0, said.err
        assert (said.json["due_at"], said.json["stay"]["planned_check_out"]) == (due, morning)

    def test_nothing_to_change(self, away: Apoa) -> None:
        """Unattended that is a mistake of the call; what is so already is refused."""
        arrival = away.save()
        assert away("amend", arrival["id"]).code == 2
        assert away("amend", arrival["id"], "--reason", "x").code == 2
        assert away("amend", arrival["id"], "--json", keys=[]).code == 2
        assert away("amend", arrival["id"], "--room", "7").code == 65
        assert len(away.reports()) == 1

    def test_a_field_is_emptied(self, away: Apoa) -> None:
        """By an empty option; one that is required is missed."""
        arrival = away.save()
        said = away("amend", arrival["id"], "--room", "", "--no-send", "--json")
        assert (said.code, said.json["stay"]["room"]) == (0, None)
        said = away("amend", arrival["id"], "--birth-place", "", "--json")
        assert said.code == 65
        assert [error["field"] for error in said.json["errors"]] == ["guest.birth_place"]

    def test_another_passport(self, away: Apoa) -> None:
        """Its lines say the guest anew; lines that cannot be read are refused."""
        arrival = away.save()
        lines = [argument for line in XIMENA.lines for argument in ("--mrz", line)]
        said = away("amend", arrival["id"], *lines, "--no-send", "--json")
        assert said.code == 0, said.err
        assert said.json["guest"]["surname"] == XIMENA.surname
        assert said.json["guest"]["birth_place"] == QUENTIN.birth_place
        said = away("amend", said.json["id"], "--mrz", "-", "--no-send", stdin="\n".join(OBADIAH.lines))
        assert said.code == 0, said.err
        assert away("amend", arrival["id"], "--mrz", "P<GBR", "--json").json["errors"][0]["field"] == (
            "guest.document.mrz"
        )

    def test_a_reason_is_missing(self, configured: Apoa) -> None:
        """Named as what is missing; a sign alone is none."""
        arrival = configured.send()
        said = configured("amend", arrival["id"], "--room", "8", "--json")
        assert (said.code, said.json["errors"][0]["field"]) == (65, "reason")
        said = configured("amend", arrival["id"], "--room", "8", "--reason", "?", "--json")
        assert (said.code, said.json["errors"][0]["field"]) == (65, "reason")
        assert len(configured.reports()) == 1

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_reason_is_asked_until_it_is_one(self, configured: Apoa, lang: str) -> None:
        """Help and Enter are none, and what was typed before it stays."""
        arrival = configured.send()
        said = configured("amend", arrival["id"], keys=["16", "9", "", "?", "", " pindah\tkamar", "y"], lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, "< goes back, and nothing is saved yet.") in said.err
        assert "  pindah kamar\n" in said.err
        assert only(configured, "amend")["stay"]["room"] == "9"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_back_from_the_reason(self, configured: Apoa, lang: str) -> None:
        """To the choice of fields, where the last change is taken back; before all of it nothing is saved."""
        arrival = configured.send()
        keys = ["?", "<", "16", "9", "18", "123456", "", "<", "<", ">", "pindah kamar", "y"]
        left = configured("amend", arrival["id"], keys=keys[:2], lang=lang)
        assert (left.code, len(configured.reports())) == (0, 1)
        for sentence in ("Type the number of the field, then the correct value.", "Nothing was saved."):
            assert spoken(lang, sentence) in left.err
        said = configured("amend", arrival["id"], keys=keys[2:], lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, "Undone: {field}", field=spoken(lang, "Phone")) in said.err
        assert (only(configured, "amend")["stay"]["room"], only(configured, "amend")["guest"]["phone"]) == ("9", None)

    def test_a_field_that_was_left_as_it_was(self, configured: Apoa) -> None:
        """Is no change that could be taken back."""
        arrival = configured.send()
        said = configured("amend", arrival["id"], keys=["16", "<", "<"])
        assert said.code == 0, said.all
        assert "Nothing was saved." in said.err

    def test_what_was_asked_again_is_kept(self, configured: Apoa) -> None:
        """Going back from the reason does not ask a second time for what was put right."""
        arrival = configured.send()
        keys = ["14", "27/11/2026 10:00", "", "24/11 19.00", "2", "<", "", "salah jam", "y"]  # nobody came tomorrow
        said = configured("amend", arrival["id"], keys=keys)
        assert said.code == 0, said.all
        assert only(configured, "amend")["stay"]["check_in"] == "2026-11-24T19:00:00+07:00"

    def test_back_from_the_reason_for_what_was_given(self, configured: Apoa) -> None:
        """There is no question before it: nothing is saved."""
        arrival = configured.send()
        said = configured("amend", arrival["id"], "--room", "8", keys=["<"])
        assert said.code == 0, said.all
        assert "Nothing was saved." in said.err
        assert len(configured.reports()) == 1

    def test_of_what_cannot_be_corrected(self, configured: Apoa) -> None:
        """An unknown id, an ambiguous one, a cancelled stay, a withdrawn one."""
        arrival, other = configured.send(), configured.save(XIMENA)
        assert configured("amend", "ffffffff", "--room", "8").code == 2
        said = configured("amend", arrival["id"][:8], "--room", "8")
        assert said.code == 2
        assert all(report["short_id"] in said.err for report in (arrival, other))
        configured("cancel", other["id"])
        configured("cancel", arrival["id"], "--reason", "x")
        for report in (arrival, other):
            assert configured("amend", report["id"], "--room", "8", "--reason", "x").code == 65

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_without_the_key(self, away: Apoa, lang: str) -> None:
        """A correction begins with what was said, which is sealed."""
        arrival = away.save()
        away.delete_key()
        said = away("amend", arrival["id"], "--room", "8", lang=lang)
        assert said.code == Exit.CREDENTIALS
        sentence = "A correction needs the reported data, which can be read only with this property's key."
        assert spoken(lang, sentence) in said.err

    def test_nothing_that_a_terminal_obeys(self, away: Apoa) -> None:
        """A room's name is the guest's, or a joker's."""
        arrival = away.save(QUENTIN, "--room", "7")
        said = away("amend", arrival["id"], "--room", "8\u202e", keys=["8", "y"])
        assert_sanitized(said.all.replace("\r", ""))


REFUSED = "The training script rejects this report."


@pytest.fixture
def refused(apoa: Apoa, serve: Serve) -> Apoa:
    """A guest whose check-in was refused, once."""
    assert apoa.set_up(serve("reject").base_url).code == 0
    assert apoa.send()["state"] == "rejected"
    return apoa


class TestFix:
    """The authority complained."""

    def test_by_options(self, refused: Apoa) -> None:
        """The successor is of the same stay and kind, and goes in the old one's place."""
        [old] = refused.reports()
        said = refused("perbaiki", old["short_id"], "--document-number", "ZX1234568", "--json")
        assert said.code == 0, said.err
        assert_form(said.json, REPORT_KEYS)
        assert (said.json["kind"], said.json["state"], said.json["stay_id"]) == (
            "check_in",
            "accepted",
            old["stay_id"],
        )
        assert said.json["guest"]["document"]["number"] == "ZX1234568"
        assert sorted(refused.states()) == [("check_in", "accepted"), ("check_in", "superseded")]

    def test_unattended_with_nothing(self, refused: Apoa) -> None:
        """What is wrong is named; the same again is no correction."""
        [old] = refused.reports()
        for options in ([], ["--room", "7"]):
            said = refused("fix", old["id"], *options, "--json")
            assert said.code == 65
            assert [error["code"] for error in said.json["errors"]] == ["training"]
            assert REFUSED in said.err
        assert len(refused.reports()) == 1

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_same_again(self, refused: Apoa, lang: str) -> None:
        """Where no field is to blame, a person may send it again as it is."""
        [old] = refused.reports()
        said = refused("fix", old["id"], keys=["", ""], lang=lang)
        assert REFUSED in said.err
        assert spoken(lang, "Nothing was changed. Send the same again?") in said.err
        assert spoken(lang, "Nothing was saved.") in said.err
        said = refused("fix", old["id"], keys=["", "y", "y"], lang=lang)
        assert said.code == 0, said.all
        assert ("check_in", "accepted") in refused.states()

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_field_that_the_authority_did_not_name(self, refused: Apoa, lang: str) -> None:
        """May be what is wrong: it is chosen by its number, and going back saves nothing."""
        [old] = refused.reports()
        said = refused("fix", old["id"], keys=["<"], lang=lang)
        assert (said.code, len(refused.reports())) == (0, 1)
        assert spoken(lang, "Nothing was saved.") in said.err
        said = refused("fix", old["id"], keys=["3", "X", "", "y"], lang=lang)
        assert said.code == 0, said.all
        accepted = next(report for report in refused.reports() if report["state"] == "accepted")
        assert accepted["guest"]["sex"] == "X"

    def test_what_was_given_is_not_asked_about(self, refused: Apoa) -> None:
        """Only whether it may go."""
        [old] = refused.reports()
        assert refused("fix", old["id"], "--sex", "X", keys=["y"]).code == 0
        assert ("check_in", "accepted") in refused.states()

    def test_what_waited_behind_it_goes_then(self, refused: Apoa) -> None:
        """In the order of the stay."""
        [old] = refused.reports()
        refused("checkout", old["id"])
        assert refused("fix", old["id"], "--sex", "X").code == 0
        assert refused("sync").code == 0
        assert sorted(refused.states()) == [
            ("check_in", "accepted"),
            ("check_in", "superseded"),
            ("check_out", "accepted"),
        ]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_field_by_field(self, configured: Apoa, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Just the fields that were refused are asked for, in the authority's words."""
        monkeypatch.setattr("apoa_client.sandbox.decisions.rule_violations", complains)
        assert configured.send()["state"] == "rejected"
        monkeypatch.undo()
        [old] = configured.reports()
        said = configured("fix", old["id"], keys=["GDYNIA", "3", "9999", "", "y"], lang=lang)
        assert said.code == 0, said.all
        for words in ("No such town.", "Too short.", "Ask the guest."):
            assert words in said.err
        report = next(report for report in configured.reports() if report["state"] == "accepted")
        assert report["guest"]["birth_place"] == "GDYNIA"
        assert report["stay"]["planned_check_out"] == "2026-11-27"
        assert report["guest"]["phone"] == "9999"

    def test_of_what_was_not_refused(self, configured: Apoa) -> None:
        """And what to do instead; an unknown id is none."""
        arrival = configured.send()
        said = configured("fix", arrival["id"], "--room", "8")
        assert said.code == 65
        assert f"apoa amend {arrival['short_id']}" in said.err
        assert configured("fix", "ffffffff").code == 2

    def test_a_check_out(self, apoa: Apoa, serve: Serve) -> None:
        """Its time is asked, or given; nothing else is."""
        assert apoa.set_up(serve("ok,reject,reject").base_url).code == 0
        arrival = apoa.send(QUENTIN, "--check-in", "2026-11-24T10:00")
        out = apoa("checkout", arrival["id"], "--json").json
        assert out["state"] == "rejected"
        assert apoa("fix", out["id"]).code == 65
        assert apoa("fix", out["id"], "--room", "8").code == 2
        assert apoa("fix", out["id"], "--reason", "x").code == 2
        assert apoa("fix", out["id"], "--at", "2026-11-24T09:00").code == 65
        said = apoa("fix", out["id"], "--at", "2026-11-24T19:00", "--json")
        assert (said.json["kind"], said.json["state"]) == ("check_out", "rejected")
        said = apoa("fix", arrival["id"], keys=["18.00", "y"])
        assert said.code == 0, said.all
        assert ("check_out", "accepted") in apoa.states()

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_time_is_asked_until_it_is_one(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """Help, Enter, what is no time and what cannot be are none; going back saves nothing."""
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
        said = apoa("fix", arrival["id"], keys=["09.00", "18.00", "y"], lang=lang)
        assert said.code == 0, said.all
        assert "24 Nov 2026 18:00 WIB" in said.err
        assert ("check_out", "accepted") in apoa.states()

    def test_a_correction_and_a_cancellation(self, apoa: Apoa, serve: Serve) -> None:
        """A correction keeps its reason; a cancellation gets another one."""
        assert apoa.set_up(serve("ok,reject,ok,reject,reject").base_url).code == 0
        arrival = apoa.send()
        assert apoa("fix", arrival["id"], "--at", "2026-11-24T19:00").code == 65
        amended = apoa("amend", arrival["id"], "--room", "8", "--reason", "pindah", "--json").json
        assert amended["state"] == "rejected"
        assert apoa("fix", amended["id"], "--at", "2026-11-24T19:00").code == 2
        said = apoa("fix", amended["id"], "--room", "9", "--json")
        assert (said.json["kind"], said.json["state"]) == ("amend", "accepted")
        void = apoa("cancel", arrival["id"], "--reason", "x", "--json").json
        assert void["state"] == "rejected"
        assert apoa("fix", void["id"]).code == 65
        assert apoa("fix", void["id"], "--reason", "salah orang", "--json").json["state"] == "rejected"
        left = apoa("fix", arrival["id"], keys=["?", "", "<"])
        assert (left.code, "Nothing was saved." in left.err) == (0, True)
        said = apoa("fix", arrival["id"], keys=["salah kamar", "y"])
        assert said.code == 0, said.all
        assert ("cancel", "accepted") in apoa.states()

    def test_a_reason_that_was_refused(self, configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is asked for, and nothing else."""
        arrival = configured.send()
        monkeypatch.setattr("apoa_client.sandbox.decisions.rule_violations", complains_of_the_reason)
        old = configured("amend", arrival["id"], "--room", "8", "--reason", "x", "--json").json
        assert old["state"] == "rejected"
        monkeypatch.undo()
        left = configured("fix", old["id"], keys=["?", "<", ""])
        assert (left.code, "Nothing was saved." in left.err) == (0, True)
        said = configured("fix", old["id"], keys=["", "pindah kamar", "y"])
        assert said.code == 0, said.all
        assert "Say why." in said.err
        assert sorted(configured.states()) == [("amend", "accepted"), ("amend", "superseded"), ("check_in", "accepted")]

    def test_without_the_key(self, refused: Apoa) -> None:
        """What was refused is sealed, and so is why."""
        [old] = refused.reports()
        refused.delete_key()
        assert refused("fix", old["id"], "--room", "8").code == Exit.CREDENTIALS


def complains_of_the_reason(_report: object, _now: object) -> tuple[Any, ...]:
    """An authority that wants to know more."""
    from apoa_client.sandbox.answers import Violation

    return (Violation("reason", "too_short", "Say why."),)


def complains(_report: object, _now: object) -> tuple[Any, ...]:
    """An authority's own rules about four fields, one of them no field of ours."""
    from apoa_client.sandbox.answers import Violation

    return (
        Violation("guest.birth_place", "unknown_place", "No such town."),
        Violation("stay.planned_check_out", "too_short", "Too short."),
        Violation("guest.phone", "missing", "Ask the guest."),
        Violation("guest.shoe_size", "missing", "Really."),
    )
