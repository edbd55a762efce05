"""`apoa report` of a guest who is reported already: warned, and not saved unless somebody says that it is meant so."""

from datetime import timedelta

import pytest
from cli_helpers import LANGUAGES, QUENTIN, REPORT_KEYS, XIMENA, Apoa, Serve, assert_form, readable_in, spoken

from apoa_client.cli.views.findings import EMPTY_REPORT

REFUSED = "Nothing was saved: this guest is already reported."
SAID = "This passport is already reported for these nights: report {id}, {first} to {last}."
ASKED_FIELDS = "The guest seems to be reported already. Report them again?"


def said_of(report: dict[str, str], lang: str) -> str:
    return spoken(lang, SAID, id=report["short_id"], first="24 Nov 2026", last="26 Nov 2026")


class TestUnattended:
    """Nobody is there to be asked."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_it_needs_again(self, away: Apoa, lang: str) -> None:
        """Exit 65, nothing saved; which report it was, for which nights, and how to report it all the same."""
        first = away.save()
        said = away(*QUENTIN.mrz("--no-send"), lang=lang)
        assert (said.code, said.out) == (65, "")
        for words in (spoken(lang, REFUSED), said_of(first, lang), "--again"):
            assert words in said.err
        assert not any(word in said.err for word in QUENTIN.words)
        assert len(away.reports()) == 1

    @pytest.mark.parametrize(
        ("lang", "nights"), [("en", "24 Nov 2026 to 2 Dec 2026"), ("id", "24 Nov 2026 sampai 2 Des 2026")]
    )
    def test_nights_are_said_as_everywhere(self, away: Apoa, lang: str, nights: str) -> None:
        """With the month's name, in the reader's language; also in the warning that is kept with the report."""
        away.save(QUENTIN, "--nights", "8")
        assert nights in away(*QUENTIN.mrz("--no-send"), lang=lang).err
        again = away.save(QUENTIN, "--again")
        reports = {report["id"]: report for report in away("list", "--all", "--json", lang=lang).json["reports"]}
        [warning] = reports[again["id"]]["warnings"]
        assert nights in warning["message"]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_as_json(self, away: Apoa, lang: str) -> None:
        """The form of a report that never was, with the code `duplicate` among its errors."""
        first = away.save()
        said = away(*QUENTIN.mrz("--json", "--stay-permit", ""), lang=lang)
        assert said.code == 65
        assert_form(said.json, REPORT_KEYS)
        assert EMPTY_REPORT.items() <= said.json.items()
        [error] = said.json["errors"]
        assert (error["field"], error["code"]) == ("guest.document.number", "duplicate")
        assert error["message"] == said_of(first, lang)
        assert [warning["code"] for warning in said.json["warnings"]] == ["missing"]

    def test_with_again(self, configured: Apoa) -> None:
        """A stay of its own, saved and sent, with the warning kept; the authority has its own opinion."""
        first = configured(*QUENTIN.mrz("--json")).json
        said = configured(*QUENTIN.mrz("--json", "--again"))
        assert said.code == 0, said.err
        assert said.json["stay_id"] != first["stay_id"]
        [warning] = said.json["warnings"][:1]
        assert (warning["field"], warning["code"]) == ("guest.document.number", "duplicate")
        assert warning["message"] in said.err
        assert [w["code"] for w in configured.reports()[1]["warnings"]][:1] == ["duplicate"]

    def test_no_confirmation_is_no_again(self, away: Apoa) -> None:
        """--yes answers the usual question, not this one."""
        away.save()
        assert away(*QUENTIN.mrz("--yes", "--no-send")).code == 65
        assert away(*QUENTIN.mrz("--yes", "--no-send"), keys=[]).code == 65
        assert away(*QUENTIN.mrz("--yes", "--no-send", "--again"), keys=[]).code == 0

    def test_a_dry_run_warns(self, away: Apoa) -> None:
        """And saves nothing, as ever."""
        away.save()
        said = away(*QUENTIN.mrz("--dry-run", "--json"))
        assert (said.code, [warning["code"] for warning in said.json["warnings"]]) == (0, ["duplicate"])
        assert len(away.reports()) == 1

    def test_one_that_was_refused(self, apoa: Apoa, serve: Serve) -> None:
        """It is to be mended, not reported again."""
        assert apoa.set_up(serve("reject").base_url).code == 0
        first = apoa(*QUENTIN.mrz("--json")).json
        said = apoa(*QUENTIN.mrz())
        assert said.code == 65
        assert f"apoa fix {first['short_id']}" in said.err

    def test_without_the_key(self, away: Apoa) -> None:
        """The guest is known again although nothing can be opened."""
        away.save()
        away.delete_key()
        assert away(*QUENTIN.mrz("--no-send")).code == 65


class TestAtATerminal:
    """Somebody is there and is asked."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("answer", ["", "n"])
    def test_enter_alone_reports_nothing(self, away: Apoa, lang: str, answer: str) -> None:
        """No is what is meant, unless they say otherwise."""
        first = away.save()
        said = away(*QUENTIN.mrz("--no-send"), keys=[answer], lang=lang)
        assert said.code == 0
        assert said_of(first, lang) in said.err
        assert spoken(lang, ASKED_FIELDS) in said.err
        assert spoken(lang, "Nothing was saved.") in said.err
        assert len(away.reports()) == 1

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_yes_reports_the_guest_again(self, away: Apoa, lang: str) -> None:
        """Once said is enough: nothing else is asked."""
        away.save()
        said = away(*QUENTIN.mrz("--no-send"), keys=["y"], lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, "Save and send this report?") not in said.err
        assert len(away.reports()) == 2

    def test_again_is_asked_as_ever(self, away: Apoa) -> None:
        """With --again it is a report like any other."""
        away.save()
        said = away(*QUENTIN.mrz("--no-send", "--again"), keys=["n"])
        assert spoken("en", "Save and send this report?") in said.err
        assert spoken("en", ASKED_FIELDS) not in said.err
        assert len(away.reports()) == 1


class TestNoDuplicate:
    """Whoever is not here for the same night is reported as ever."""

    def test_another_guest_and_another_month(self, away: Apoa) -> None:
        """Another document; the same one a month later."""
        away.save()
        away.save(XIMENA)
        away.clock.forward(timedelta(days=30))
        assert away.save()["warnings"] == []

    def test_checked_out_and_back(self, configured: Apoa) -> None:
        """In the morning away, in the afternoon here again: no night in common."""
        first = configured(*QUENTIN.mrz("--json")).json
        configured.clock.forward(timedelta(hours=14))
        assert configured("checkout", first["id"], "--yes").code == 0
        configured.clock.forward(timedelta(hours=6))
        assert configured.save()["warnings"] == []

    @pytest.mark.parametrize("sent", [False, True])
    def test_taken_back(self, configured: Apoa, *, sent: bool) -> None:
        """Withdrawn before it left, or cancelled after."""
        first = configured(*QUENTIN.mrz("--json")).json if sent else configured.save()
        assert configured("cancel", first["id"], "--reason", "salah tamu", "--yes").code == 0
        assert configured.save()["warnings"] == []

    def test_another_property(self, away: Apoa) -> None:
        """Each house has guests and a key of its own."""
        away.save()
        assert away.set_up(name="kenanga").code == 75
        said = away("--property", "kenanga", *QUENTIN.mrz("--no-send", "--json"))
        assert (said.code, said.json["warnings"]) == (0, [])


def test_setting_up_again_keeps_the_key(away: Apoa) -> None:
    """Guests from before are known again after it."""
    away.save()
    assert away.set_up().code == 75
    assert away(*QUENTIN.mrz("--no-send")).code == 65


def test_the_key_is_not_beside_the_tags(away: Apoa) -> None:
    """The settings hold it; the database holds neither it nor the guest."""
    away.save()
    configured = (away.home / "config.toml").read_text(encoding="utf-8").splitlines()
    [key] = [line.split('"')[1] for line in configured if line.startswith("index_key")]
    assert readable_in(away.home / "melati", [key, *QUENTIN.words]) == []
