"""`apoa purge`: erases guests' data after the retention period or at the guest's request, and keeps the receipts."""

import sqlite3
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import (
    COMMAND,
    LANGUAGES,
    QUENTIN,
    REPORT_KEYS,
    XIMENA,
    Apoa,
    Serve,
    assert_form,
    child_environment,
    spoken,
    spoken_count,
    time_in,
    typed_in,
)

from apoa_client.app.container import Container
from apoa_client.errors import Exit

PURGE_KEYS: dict[str, Any] = {
    "dry_run": bool,
    "retention_days": int,
    "stays": int,
    "reports": list,
    "withdrawn": list,
    "may_have_arrived": list,
    "complete": bool,
    "draft": bool,
    "ended_before": str,
}
NOTHING = "There is nothing to erase."
DRAFTS = ("The draft of {count} unfinished report", "The drafts of {count} unfinished reports")


@pytest.fixture
def past(configured: Apoa) -> Apoa:
    """A property with one delivered report of a stay of two nights, 100 days ago."""
    configured(*QUENTIN.mrz())
    configured.clock.forward(timedelta(days=100))
    return configured


def purged(apoa: Apoa, *options: str) -> dict[str, Any]:
    result = apoa("purge", "--json", *options)
    assert result.code == 0, result.err
    assert_form(result.json, PURGE_KEYS)
    value: dict[str, Any] = result.json
    return value


def erased(apoa: Apoa) -> list[bool]:
    return [report.get("erased", False) for report in apoa.reports()]


def test_stays_past_the_retention_period_are_erased(past: Apoa) -> None:
    """Data are erased 90 days after the planned check-out; later stays are kept."""
    past(*XIMENA.mrz())
    [old, new] = past.reports()
    value = purged(past)
    assert (value["reports"], value["stays"], value["retention_days"]) == ([old["id"]], 1, 90)
    assert (value["complete"], value["dry_run"], value["withdrawn"]) == (True, False, [])
    assert erased(past) == [True, False]
    assert purged(past)["reports"] == []
    assert past.reports()[1] == new


def test_retention_counts_from_the_end_of_the_check_out_day(configured: Apoa) -> None:
    """The retention period starts at the end of the planned check-out day in the property's time zone."""
    configured(*QUENTIN.mrz())
    configured.clock.forward(timedelta(days=92, hours=4))
    assert purged(configured)["reports"] == []
    configured.clock.forward(timedelta(seconds=1))
    assert len(purged(configured)["reports"]) == 1


def test_retention_days_of_the_property(past: Apoa) -> None:
    """The setting `retention_days` of the property is the retention period."""
    path = past.home / "config.toml"
    path.write_text(path.read_text().replace("username", "retention_days = 98\nusername"))
    assert purged(past)["reports"] == []
    path.write_text(path.read_text().replace("= 98", "= 97"))
    assert len(purged(past)["reports"]) == 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_purge_prints_the_period_and_the_count(past: Apoa, lang: str) -> None:
    """Purge prints how long data are kept and how many were erased; a dry run prints that nothing was changed."""
    dry = past("purge", "--dry-run", lang=lang)
    would = "The guest's data of {count} report would be erased. Nothing was changed (--dry-run)."
    assert spoken(lang, would, count=1) in dry.out
    assert erased(past) == [False]
    result = past("purge", lang=lang)
    kept = "Guests' data are kept for {days} days after a stay: now, of stays that ended on {day} or later."
    assert spoken(lang, kept, days=90, day=f"4 {spoken(lang, 'Dec')} 2026") in result.out
    done = "The guest's data of {count} report are erased. Its receipt number, times and ids are kept."
    assert spoken(lang, done, count=1) in result.out
    assert spoken(lang, NOTHING) in past("purge", lang=lang).out


def keep_draft(apoa: Apoa) -> None:
    """Save a draft of an unfinished report."""
    app = Container(apoa.environ, apoa.clock)
    app.outbox.drafts.save("QUENTIN ZYKOWSKI", apoa.clock.now())
    app.close()


def has_draft(apoa: Apoa) -> bool:
    app = Container(apoa.environ, apoa.clock)
    waiting = app.outbox.drafts.waiting(apoa.clock.now())
    app.close()
    return bool(waiting)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_draft_is_erased_after_a_day(configured: Apoa, lang: str) -> None:
    """A draft older than 24 hours is erased, and the text, the JSON and the log show it; a newer draft is kept."""
    keep_draft(configured)
    configured.clock.forward(timedelta(hours=24))
    assert spoken(lang, NOTHING) in configured("purge", lang=lang).out
    assert (purged(configured)["draft"], has_draft(configured)) == (False, True)
    configured.clock.forward(timedelta(seconds=1))
    dry = configured("purge", "--dry-run", lang=lang).out
    assert spoken_count(lang, f"{DRAFTS[0]} would be erased.", f"{DRAFTS[1]} would be erased.", 1) in dry
    assert spoken(lang, NOTHING) not in dry
    assert (purged(configured, "--dry-run")["draft"], has_draft(configured)) == (True, True)
    result = configured("purge", lang=lang).out
    assert spoken_count(lang, f"{DRAFTS[0]} is erased.", f"{DRAFTS[1]} are erased.", 1) in result
    assert (purged(configured)["draft"], has_draft(configured)) == (False, False)
    log = configured("log", lang=lang).out
    assert spoken(lang, "draft erased") in log
    assert spoken(lang, "retention period over") in log


def test_a_draft_and_reports_are_erased_together(past: Apoa) -> None:
    """The output shows the erased reports and the erased drafts."""
    keep_draft(past)
    keep_draft(past)
    past.clock.forward(timedelta(days=2))
    result = past("purge").out
    assert "The guest's data of 1 report are erased." in result
    assert "The drafts of 2 unfinished reports are erased." in result


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_erased_report_has_a_receipt_and_no_guest(past: Apoa, lang: str) -> None:
    """Every command shows the receipt and no guest data, with and without the key."""
    [before] = past.reports()
    purged(past)
    form = {**REPORT_KEYS, "erased": bool}
    expected = {**before, "guest": None, "stay": None, "erased": True}
    number, short_id = before["receipt"]["number"], before["short_id"]
    words = spoken(
        lang,
        "The guest's data were erased on {moment}. The receipt is kept.",
        moment=time_in(lang, f"4 {spoken(lang, 'Mar')} 2027 20:00 WIB"),
    )
    for _with_and_without_the_key in range(2):
        listed = past("list", "--all", "--json", lang=lang)
        assert (listed.code, listed.err, listed.json["reports"]) == (0, "", [expected])
        assert_form(listed.json["reports"][0], form)
        table = past("list", "--all", lang=lang)
        assert spoken(lang, "erased") in table.out
        assert number in table.out
        shown_report = past("show", short_id, "--json", lang=lang).json
        assert [item["erased"] for item in shown_report.pop("story")] == [True]
        assert shown_report == expected
        shown = past("show", short_id, lang=lang)
        assert (shown.code, shown.err) == (0, "")
        assert words in shown.out
        assert number in shown.out
        receipt = past("receipt", short_id, "--json", lang=lang).json
        assert (receipt["receipt"]["number"], receipt["erased"]) == (number, True)
        assert words in past("receipt", short_id, lang=lang).out
        assert not any(word in shown.all + table.all for word in QUENTIN.words)
        (past.home / "melati" / "keys.json").unlink(missing_ok=True)


def test_an_erased_report_is_not_sent_again(past: Apoa) -> None:
    """An erased report is not sent by `sync` and is still counted as accepted."""
    purged(past)
    assert past("sync", "--json").json["sent"] == 0
    assert past("status", "--json").json["counts"]["accepted"] == 1


def test_a_clock_that_is_ahead_erases_nothing_early(apoa: Apoa, serve: Serve) -> None:
    """The time of the authority limits what is erased when the clock of the computer is most of a year ahead."""
    today = apoa.clock.now()
    apoa.set_up(serve(now=lambda: today).base_url)
    apoa(*QUENTIN.mrz())
    apoa.clock.forward(timedelta(days=300))
    apoa(*XIMENA.mrz())
    assert purged(apoa)["reports"] == []
    assert erased(apoa) == [False, False]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_database_reader_delays_the_last_step(past: Apoa, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program reads the old data, purge exits with 75 and gives advice; the next run succeeds."""
    monkeypatch.setattr("apoa_client.outbox.sqlite.database._BUSY_TIMEOUT_S", 0.01)
    reader = sqlite3.connect(past.home / "melati" / "outbox.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM reports").fetchone()
    result = past("purge", lang=lang)
    assert result.code == 75
    sentence = "Another program still reads the old data. Run apoa purge once more in a minute."
    assert spoken(lang, sentence) in result.err
    reader.close()
    assert past("purge", lang=lang).code == 0


class TestAtTheGuestsRequest:
    """`--guest ID` erases one stay at once."""

    def test_a_stay_is_found_by_any_of_its_ids(self, configured: Apoa) -> None:
        """The report's id, its short id and the stay's id select the stay; other stays do not change."""
        for guest in (QUENTIN, XIMENA):
            configured(*guest.mrz())
        first, second = configured.reports()
        assert purged(configured, "--guest", first["short_id"], "--yes")["reports"] == [first["id"]]
        assert erased(configured) == [True, False]
        assert purged(configured, "--guest", second["stay_id"], "--yes")["reports"] == [second["id"]]
        assert purged(configured, "--guest", first["id"], "--yes")["reports"] == []

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_an_undelivered_stay_is_erased_only_with_force(self, away: Apoa, lang: str) -> None:
        """Without --force purge exits with 65 and changes nothing; with --force it withdraws and erases the report."""
        report = away.save()
        result = away("purge", "--guest", report["id"], "--yes", lang=lang)
        assert result.code == 65
        assert spoken(lang, "A report of this stay was not delivered yet. Nothing was erased.") in result.err
        assert typed_in(lang, "--force") in result.err
        as_json = away("purge", "--guest", report["id"], "--yes", "--json")
        assert (as_json.code, as_json.json["error"]["class"]) == (65, "undelivered")
        assert away.reports() == [report]
        forced = away("purge", "--guest", report["id"], "--force", "--yes", lang=lang)
        assert forced.code == 0
        assert spoken(lang, "Withdrawn, and never sent: {ids}", ids=report["short_id"]) in forced.out
        [after] = away.reports()
        assert (after["state"], after["erased"], after["guest"]) == ("withdrawn", True, None)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_purge_asks_at_a_terminal(self, away: Apoa, lang: str) -> None:
        """The question shows the guest and the reports that will not be sent; Enter alone erases nothing."""
        report = away.save()
        no = away("purge", "--guest", report["id"], "--force", keys=[""], lang=lang)
        assert no.code == 0
        named = spoken(lang, "Guest: {name}. Reports: {ids}.", name=QUENTIN.name, ids=report["short_id"])
        never = "Not delivered, and never sent if you erase them: {ids}"
        assert named in no.err
        assert spoken(lang, never, ids=report["short_id"]) in no.err
        assert spoken(lang, "Nothing was erased.") in no.err
        assert erased(away) == [False]
        keys = away.home / "melati" / "keys.json"
        keys.rename(keys.with_name("away.json"))
        assert away("purge", "--guest", report["id"], "--force", keys=["y"], lang=lang).code == 77
        assert erased(away) == [False]
        keys.with_name("away.json").rename(keys)
        assert away("purge", "--guest", report["id"], "--force", keys=["y"], lang=lang).code == 0
        assert erased(away) == [True]

    @pytest.fixture
    def answerless(self, apoa: Apoa, serve: Serve) -> Apoa:
        """A property with a report that the authority received, and whose answer was lost."""
        apoa.set_up(serve("lost").base_url)
        apoa.send()
        [report] = apoa.reports()
        assert (report["state"], report["receipt"]) == ("queued", None)
        return apoa

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_report_that_may_have_arrived_at_a_terminal(self, answerless: Apoa, lang: str) -> None:
        """The question says so, and offers the cancellation first, by which the authority forgets the stay."""
        [report] = answerless.reports()
        arrived = (
            "Not confirmed, but the authority may have received them, and does not know that they are withdrawn: {ids}"
        )
        no = answerless("purge", "--guest", report["id"], "--force", keys=[""], lang=lang)
        assert spoken(lang, arrived, ids=report["short_id"]) in no.err
        cancel = spoken(lang, "Answer no, and first cancel the stay there: apoa cancel {id}", id=report["short_id"])
        assert cancel in no.err
        never = spoken(lang, "Not delivered, and never sent if you erase them: {ids}", ids="")
        assert never not in no.err
        assert (no.code, erased(answerless)) == (0, [False])
        assert answerless("cancel", report["short_id"], "--reason", "mistake", "--yes", keys=[]).code == 0
        answerless("sync")
        assert answerless("purge", "--guest", report["id"], "--yes", keys=[]).code == 0
        assert erased(answerless) == [True, True]
        assert answerless.states() == [("check_in", "accepted"), ("cancel", "accepted")]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_report_that_may_have_arrived_unattended(self, answerless: Apoa, lang: str) -> None:
        """It needs --yes with --force; the result, the JSON and the log say that the authority may have it."""
        [report] = answerless.reports()
        number = report["short_id"]
        refused = answerless("purge", "--guest", report["id"], "--yes", lang=lang)
        sentence = "The authority may have received report {id}, and its answer is missing. Nothing was erased."
        assert spoken(lang, sentence, id=number) in refused.err
        assert f"{typed_in(lang, 'apoa cancel')} {number}" in refused.err
        assert (refused.code, erased(answerless)) == (65, [False])
        dry = purged(answerless, "--guest", report["id"], "--force", "--dry-run")
        assert (dry["withdrawn"], dry["may_have_arrived"]) == ([report["id"]], [report["id"]])
        done = answerless("purge", "--guest", report["id"], "--force", "--yes", lang=lang)
        arrived = (
            "Not confirmed, but the authority may have received them, and does not know that they are withdrawn: {ids}"
        )
        assert (done.code, spoken(lang, arrived, ids=number) in done.out) == (0, True)
        assert spoken(lang, "Withdrawn, and never sent: {ids}", ids="") not in done.out
        assert spoken(lang, "but the authority may have received it") in answerless("show", number, lang=lang).out
        [after] = answerless.reports()
        assert (after["state"], after["last_error"]) == ("withdrawn", "may_have_arrived")

    def test_json_names_what_may_have_arrived(self, answerless: Apoa) -> None:
        """`may_have_arrived` has the ids of the withdrawn reports whose answers are missing."""
        [report] = answerless.reports()
        value = purged(answerless, "--guest", report["id"], "--force", "--yes")
        assert (value["withdrawn"], value["may_have_arrived"]) == ([report["id"]], [report["id"]])

    def test_yes_and_dry_run_ask_nothing(self, configured: Apoa) -> None:
        """`--yes` and `--dry-run` ask nothing, also at a terminal."""
        configured(*QUENTIN.mrz())
        [report] = configured.reports()
        assert configured("purge", "--guest", report["id"], "--dry-run", keys=[]).code == 0
        assert erased(configured) == [False]
        assert configured("purge", "--guest", report["id"], "--yes", keys=[]).code == 0
        assert erased(configured) == [True]

    @pytest.mark.parametrize("options", [(), ("--force",), ("--json",)], ids=" ".join)
    def test_unattended_it_needs_yes(self, configured: Apoa, options: tuple[str, ...]) -> None:
        """Where no user can be asked, one guest's stay is erased with `--yes` only; without it nothing changes."""
        configured(*QUENTIN.mrz())
        [report] = configured.reports()
        terminals: list[list[str] | None] = [None, []] if "--json" in options else [None]
        for keys in terminals:
            refused = configured("purge", "--guest", report["id"], *options, keys=keys)
            assert (refused.code, "--yes" in refused.all) == (Exit.USAGE, True)
            assert configured.reports() == [report]
        assert configured("purge", "--guest", report["id"], *options, "--yes").code == 0
        assert erased(configured) == [True]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_report_is_not_erased_during_delivery(
        self, away: Apoa, lang: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """While another process sends reports, purge erases nothing and exits with 75."""
        monkeypatch.setattr("apoa_client.app.retention._WAIT_S", 0)
        report = away.save()
        with away.sending(report["id"]):
            result = away("purge", "--guest", report["id"], "--force", "--yes", lang=lang)
        assert result.code == 75
        assert spoken(lang, "Nothing was erased. Wait a minute, then try again.") in result.err
        assert erased(away) == [False]

    def test_usage_errors(self, away: Apoa) -> None:
        """An unknown id, an ambiguous id and `--force` without `--guest` are usage errors."""
        first, second = away.save(QUENTIN), away.save(XIMENA)
        assert away("purge", "--guest", "zzzz").code == 2
        several = away("purge", "--guest", first["id"][:3])
        assert several.code == 2
        assert second["short_id"] in several.err
        assert away("purge", "--force").code == 2
        assert erased(away) == [False, False]


class TestScheduled:
    """`apoa sync --scheduled` erases expired data once a day and prints nothing."""

    @pytest.fixture(autouse=True)
    def _no_pause(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("apoa_client.cli.commands.sync._LONGEST_PAUSE_S", 0)

    def test_expired_data_are_erased_after_a_delivery(self, past: Apoa) -> None:
        """Only a scheduled run erases data, and its output does not show it."""
        past("sync")
        assert erased(past) == [False]
        result = past("sync", "--scheduled", "--json")
        assert (result.code, result.err, "left" in result.json) == (0, "", True)
        assert erased(past) == [True]

    def test_expired_data_are_erased_offline(self, past: Apoa, authority: Any) -> None:
        """Expired data are erased when the authority cannot be reached, for a day after the last contact."""
        past.send(XIMENA)
        authority.stop()
        past.clock.forward(timedelta(days=1))
        result = past("sync", "--scheduled")
        assert (result.code, result.all) == (0, "")
        assert erased(past) == [True, False]

    def test_expired_data_are_erased_once_a_day(self, past: Apoa) -> None:
        """Scheduled runs erase data again only after a day."""
        path = past.home / "config.toml"
        path.write_text(path.read_text().replace("username", "retention_days = 3650\nusername"))
        past("sync", "--scheduled")
        path.write_text(path.read_text().replace("retention_days = 3650\n", ""))
        past.clock.forward(timedelta(hours=23))
        past("sync", "--scheduled")
        assert erased(past) == [False]
        past.clock.forward(timedelta(hours=1))
        past("sync", "--scheduled")
        assert erased(past) == [True]

    def test_an_old_draft_is_erased(self, configured: Apoa) -> None:
        """A scheduled run erases an old draft."""
        keep_draft(configured)
        configured.clock.forward(timedelta(days=1, seconds=1))
        configured("sync")
        assert has_draft(configured)
        configured("sync", "--scheduled")
        assert not has_draft(configured)

    def test_a_failure_is_reported_with_the_delivery_result(self, past: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """When erasing fails, the output has the delivery result and the error; the exit code is the worse one."""
        from apoa_client.outbox.errors import damaged
        from apoa_client.outbox.sql.erasure import Eraser

        def fail(_eraser: Eraser, *_times: object, dry_run: bool) -> None:
            del dry_run
            raise damaged(Path("outbox.db"))

        monkeypatch.setattr(Eraser, "finished", fail)
        result = past("sync", "--scheduled", "--json")
        assert (result.code, result.json["left"]) == (78, 0)
        assert "damaged" in result.err


def test_an_erased_report_has_a_verified_log(past: Apoa, tmp_path: Path) -> None:
    """The log lists a report's saving, acceptance and erasure, and the installed command verifies the log."""
    [report] = past.reports()
    assert purged(past)["reports"] == [report["id"]]
    events = [
        (entry["action"], entry["detail"]) for entry in past("log", "--report", report["id"], "--json").json["entries"]
    ]
    assert events == [("saved", None), ("accepted", None), ("erased", "retention")]
    done = subprocess.run(
        [*COMMAND, "log", "--verify"],
        env={**past.environ, **child_environment()},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "The log is whole. Entries: 4" in done.stdout
