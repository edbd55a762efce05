"""`apoa report` of a guest who is already reported: saved only after a confirmation."""

from datetime import timedelta

import pytest
from cli_helpers import LANGUAGES, QUENTIN, REPORT_KEYS, XIMENA, Apoa, Serve, assert_form, readable_in, spoken, typed_in

from apoa_client.cli.views.findings import EMPTY_REPORT

REFUSED = "Nothing was saved: this guest is already reported."
DUPLICATE = "This passport is already reported for these nights: report {id}, {first} to {last}."
QUESTION = "The guest seems to be reported already. Report them again?"


def duplicate_text(report: dict[str, str], lang: str) -> str:
    return spoken(lang, DUPLICATE, id=report["short_id"], first="24 Nov 2026", last="26 Nov 2026")


class TestUnattended:
    """Without a terminal a duplicate needs `--again`."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_duplicate_needs_again(self, away: Apoa, lang: str) -> None:
        """Without `--again` the command exits with 65, saves nothing, and shows the first report and the option."""
        first = away.save()
        result = away(*QUENTIN.mrz("--no-send"), lang=lang)
        assert (result.code, result.out) == (65, "")
        for words in (spoken(lang, REFUSED), duplicate_text(first, lang), typed_in(lang, "--again")):
            assert words in result.err
        assert not any(word in result.err for word in QUENTIN.words)
        assert len(away.reports()) == 1

    @pytest.mark.parametrize(
        ("lang", "nights"), [("en", "24 Nov 2026 to 2 Dec 2026"), ("id", "24 Nov 2026 sampai 2 Des 2026")]
    )
    def test_nights_are_in_the_readers_language(self, away: Apoa, lang: str, nights: str) -> None:
        """The error and the kept warning show the nights with the month's name in the reader's language."""
        away.save(QUENTIN, "--nights", "8")
        assert nights in away(*QUENTIN.mrz("--no-send"), lang=lang).err
        again = away.save(QUENTIN, "--again")
        reports = {report["id"]: report for report in away("list", "--all", "--json", lang=lang).json["reports"]}
        [warning] = reports[again["id"]]["warnings"]
        assert nights in warning["message"]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_as_json(self, away: Apoa, lang: str) -> None:
        """The JSON has the form of a report that was not saved, with an error of code `duplicate`."""
        first = away.save()
        result = away(*QUENTIN.mrz("--json", "--stay-permit", ""), lang=lang)
        assert result.code == 65
        assert_form(result.json, REPORT_KEYS)
        assert EMPTY_REPORT.items() <= result.json.items()
        [error] = result.json["errors"]
        assert (error["field"], error["code"]) == ("guest.document.number", "duplicate")
        assert error["message"] == duplicate_text(first, lang)
        assert [warning["code"] for warning in result.json["warnings"]] == ["missing"]

    def test_with_again(self, configured: Apoa) -> None:
        """With `--again` the report is saved as a new stay, is sent, and keeps the warning."""
        first = configured(*QUENTIN.mrz("--json")).json
        result = configured(*QUENTIN.mrz("--json", "--again"))
        assert result.code == 0, result.err
        assert result.json["stay_id"] != first["stay_id"]
        [warning] = result.json["warnings"][:1]
        assert (warning["field"], warning["code"]) == ("guest.document.number", "duplicate")
        assert warning["message"] in result.err
        assert [w["code"] for w in configured.reports()[1]["warnings"]][:1] == ["duplicate"]

    def test_yes_does_not_replace_again(self, away: Apoa) -> None:
        """`--yes` does not allow a duplicate; `--again` does."""
        away.save()
        assert away(*QUENTIN.mrz("--yes", "--no-send")).code == 65
        assert away(*QUENTIN.mrz("--yes", "--no-send"), keys=[]).code == 65
        assert away(*QUENTIN.mrz("--yes", "--no-send", "--again"), keys=[]).code == 0

    def test_a_dry_run_warns(self, away: Apoa) -> None:
        """A dry run shows the duplicate as a warning and saves nothing."""
        away.save()
        result = away(*QUENTIN.mrz("--dry-run", "--json"))
        assert (result.code, [warning["code"] for warning in result.json["warnings"]]) == (0, ["duplicate"])
        assert len(away.reports()) == 1

    def test_a_refused_report_is_to_be_corrected(self, apoa: Apoa, serve: Serve) -> None:
        """When the authority refused the first report, the advice is to correct it with `apoa fix`."""
        assert apoa.set_up(serve("reject").base_url).code == 0
        first = apoa(*QUENTIN.mrz("--json")).json
        result = apoa(*QUENTIN.mrz())
        assert result.code == 65
        assert f"apoa fix {first['short_id']}" in result.err

    def test_without_the_key(self, away: Apoa) -> None:
        """A duplicate is found without the key."""
        away.save()
        away.delete_key()
        assert away(*QUENTIN.mrz("--no-send")).code == 65


class TestAtATerminal:
    """At a terminal the user confirms a duplicate."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("answer", ["", "n"])
    def test_enter_alone_reports_nothing(self, away: Apoa, lang: str, answer: str) -> None:
        """The default answer is no: Enter alone saves nothing."""
        first = away.save()
        result = away(*QUENTIN.mrz("--no-send"), keys=[answer], lang=lang)
        assert result.code == 0
        assert duplicate_text(first, lang) in result.err
        assert spoken(lang, QUESTION) in result.err
        assert spoken(lang, "Nothing was saved.") in result.err
        assert len(away.reports()) == 1

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_yes_reports_the_guest_again(self, away: Apoa, lang: str) -> None:
        """After a yes the report is saved without another question."""
        away.save()
        result = away(*QUENTIN.mrz("--no-send"), keys=["y"], lang=lang)
        assert result.code == 0, result.all
        assert spoken(lang, "Save and send this report?") not in result.err
        assert len(away.reports()) == 2

    def test_again_asks_only_the_usual_question(self, away: Apoa) -> None:
        """With `--again` only the usual confirmation is asked."""
        away.save()
        result = away(*QUENTIN.mrz("--no-send", "--again"), keys=["n"])
        assert spoken("en", "Save and send this report?") in result.err
        assert spoken("en", QUESTION) not in result.err
        assert len(away.reports()) == 1


class TestNoDuplicate:
    """Reports without a night in common are no duplicates."""

    def test_another_guest_and_another_month(self, away: Apoa) -> None:
        """Another document, or the same document a month later, gives no warning."""
        away.save()
        away.save(XIMENA)
        away.clock.forward(timedelta(days=30))
        assert away.save()["warnings"] == []

    def test_a_return_after_check_out(self, configured: Apoa) -> None:
        """A guest who checks out and returns on the same day has no night in common."""
        first = configured(*QUENTIN.mrz("--json")).json
        configured.clock.forward(timedelta(hours=14))
        assert configured("checkout", first["id"], "--yes").code == 0
        configured.clock.forward(timedelta(hours=6))
        assert configured.save()["warnings"] == []

    @pytest.mark.parametrize("sent", [False, True])
    def test_a_withdrawn_or_cancelled_report(self, configured: Apoa, *, sent: bool) -> None:
        """A report that was withdrawn or cancelled gives no duplicate."""
        first = configured(*QUENTIN.mrz("--json")).json if sent else configured.save()
        assert configured("cancel", first["id"], "--reason", "salah tamu", "--yes").code == 0
        assert configured.save()["warnings"] == []

    def test_another_property(self, away: Apoa) -> None:
        """Duplicates are searched for within one property."""
        away.save()
        assert away.set_up(name="kenanga").code == 75
        result = away("--property", "kenanga", *QUENTIN.mrz("--no-send", "--json"))
        assert (result.code, result.json["warnings"]) == (0, [])


def test_setting_up_again_keeps_the_index_key(away: Apoa) -> None:
    """Duplicates of earlier reports are found after a second set-up."""
    away.save()
    assert away.set_up().code == 75
    assert away(*QUENTIN.mrz("--no-send")).code == 65


def test_the_index_key_is_not_in_the_database(away: Apoa) -> None:
    """The index key is in the settings, and the database has neither it nor the guest's data."""
    away.save()
    configured = (away.home / "config.toml").read_text(encoding="utf-8").splitlines()
    [key] = [line.split('"')[1] for line in configured if line.startswith("index_key")]
    assert readable_in(away.home / "melati", [key, *QUENTIN.words]) == []
