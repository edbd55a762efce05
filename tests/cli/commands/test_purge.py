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
    XIMENA,
    Apoa,
    Serve,
    child_environment,
)
from screens import Screens

from apoa_client.app.container import Container
from apoa_client.errors import Exit


@pytest.fixture
def past(configured: Apoa) -> Apoa:
    """A property with one delivered report of a stay of two nights, 100 days ago."""
    configured(*QUENTIN.mrz())
    configured.clock.forward(timedelta(days=100))
    return configured


def purged(apoa: Apoa, *options: str) -> dict[str, Any]:
    result = apoa("purge", "--json", *options)
    assert result.code == 0, result.err
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
def test_screens(past: Apoa, screens: Screens, serve: Serve, lang: str) -> None:
    """What is erased by age, a draft, and what is asked before the stay of one guest is erased."""
    screens(past, "purge", "--dry-run", lang=lang)
    screens(past, "purge", lang=lang)
    screens(past, "purge", lang=lang)
    keep_draft(past)
    past.clock.forward(timedelta(hours=25))
    screens(past, "purge", "--dry-run", lang=lang)
    screens(past, "purge", lang=lang)
    screens(past, "list", "--all", lang=lang)
    waiting = past.save()
    screens(past, "purge", "--guest", waiting["short_id"], "--yes", lang=lang)
    screens(past, "purge", "--guest", waiting["short_id"], "--force", keys=[""], lang=lang)
    screens(past, "purge", "--guest", waiting["short_id"], "--force", "--yes", lang=lang)
    assert past.set_up(serve("lost").base_url).code == 0
    lost = past.send(XIMENA)
    screens(past, "purge", "--guest", lost["short_id"], "--yes", lang=lang)
    screens(past, "purge", "--guest", lost["short_id"], "--force", keys=[""], lang=lang)
    screens(past, "purge", "--guest", lost["short_id"], "--force", "--yes", lang=lang)


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


def test_a_draft_is_erased_after_a_day(configured: Apoa) -> None:
    """A draft older than 24 hours is erased, and the log shows it; a newer draft is kept."""
    keep_draft(configured)
    configured.clock.forward(timedelta(hours=24))
    assert (purged(configured)["draft"], has_draft(configured)) == (False, True)
    configured.clock.forward(timedelta(seconds=1))
    assert (purged(configured, "--dry-run")["draft"], has_draft(configured)) == (True, True)
    assert (purged(configured)["draft"], has_draft(configured)) == (True, False)
    assert configured("log", "--json").json["entries"][-1]["action"] == "draft_erased"


def test_an_erased_report_has_a_receipt_and_no_guest(past: Apoa) -> None:
    """Every command shows the receipt and no guest data, with and without the key; it is not sent again."""
    [before] = past.reports()
    purged(past)
    expected = {**before, "guest": None, "stay": None, "erased": True}
    number, short_id = before["receipt"]["number"], before["short_id"]
    assert past("sync", "--json").json["sent"] == 0
    for _with_and_without_the_key in range(2):
        assert past("list", "--all", "--json").json["reports"] == [expected]
        shown = past("show", short_id, "--json").json
        assert [item["erased"] for item in shown.pop("story")] == [True]
        assert shown == expected
        receipt = past("receipt", short_id, "--json").json
        assert (receipt["receipt"]["number"], receipt["erased"]) == (number, True)
        for command in (["list", "--all"], ["show", short_id]):
            said = past(*command)
            assert (said.code, said.err, number in said.out) == (0, "", True)
            assert not any(word in said.out for word in QUENTIN.words)
        (past.home / "melati" / "keys.json").unlink(missing_ok=True)


def test_a_database_reader_delays_the_last_step(past: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program reads the old data, purge exits with 75 and gives advice; the next run succeeds."""
    monkeypatch.setattr("apoa_client.outbox.sqlite.database._BUSY_TIMEOUT_S", 0.01)
    reader = sqlite3.connect(past.outbox_file, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM reports").fetchone()
    result = past("purge")
    assert result.code == 75
    reader.close()
    assert past("purge").code == 0


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

    def test_an_undelivered_stay_is_erased_only_with_force(self, away: Apoa) -> None:
        """Without --force purge exits with 65 and changes nothing; with --force it withdraws and erases the report."""
        report = away.save()
        refused = away("purge", "--guest", report["id"], "--yes", "--json")
        assert (refused.code, refused.json["error"]["class"], away.reports()) == (65, "undelivered", [report])
        forced = away("purge", "--guest", report["id"], "--force", "--yes", "--json").json
        assert (forced["withdrawn"], forced["may_have_arrived"]) == ([report["id"]], [])
        [after] = away.reports()
        assert (after["state"], after["erased"], after["guest"]) == ("withdrawn", True, None)

    def test_purge_asks_at_a_terminal(self, away: Apoa) -> None:
        """Enter alone erases nothing, and so does a yes without the key."""
        report = away.save()
        command = ["purge", "--guest", report["id"], "--force"]
        no = away(*command, keys=[""])
        assert (no.code, QUENTIN.name in no.err, erased(away)) == (0, True, [False])
        keys = away.home / "melati" / "keys.json"
        keys.rename(keys.with_name("away.json"))
        assert (away(*command, keys=["y"]).code, erased(away)) == (77, [False])
        keys.with_name("away.json").rename(keys)
        assert (away(*command, keys=["y"]).code, erased(away)) == (0, [True])

    @pytest.fixture
    def answerless(self, apoa: Apoa, serve: Serve) -> Apoa:
        """A property with a report that the authority received, and whose answer was lost."""
        apoa.set_up(serve("lost").base_url)
        apoa.send()
        [report] = apoa.reports()
        assert (report["state"], report["receipt"]) == ("queued", None)
        return apoa

    def test_a_report_that_may_have_arrived_at_a_terminal(self, answerless: Apoa) -> None:
        """The question offers the cancellation first, by which the authority forgets the stay."""
        [report] = answerless.reports()
        no = answerless("purge", "--guest", report["id"], "--force", keys=[""])
        assert (no.code, f"apoa cancel {report['short_id']}" in no.err, erased(answerless)) == (0, True, [False])
        assert answerless("cancel", report["short_id"], "--reason", "mistake", "--yes", keys=[]).code == 0
        answerless("sync")
        assert answerless("purge", "--guest", report["id"], "--yes", keys=[]).code == 0
        assert erased(answerless) == [True, True]
        assert answerless.states() == [("check_in", "accepted"), ("cancel", "accepted")]

    def test_a_report_that_may_have_arrived_unattended(self, answerless: Apoa) -> None:
        """It needs --yes with --force; the result, the report and `show` say that the authority may have it."""
        [report] = answerless.reports()
        refused = answerless("purge", "--guest", report["id"], "--yes")
        assert (refused.code, f"apoa cancel {report['short_id']}" in refused.err, erased(answerless)) == (
            65,
            True,
            [False],
        )
        for options in (["--dry-run"], ["--yes"]):
            value = purged(answerless, "--guest", report["id"], "--force", *options)
            assert (value["withdrawn"], value["may_have_arrived"]) == ([report["id"]], [report["id"]])
        assert "but the authority may have received it" in answerless("show", report["short_id"]).out
        [after] = answerless.reports()
        assert (after["state"], after["last_error"]) == ("withdrawn", "may_have_arrived")

    @pytest.mark.parametrize("options", [(), ("--force",), ("--json",)], ids=" ".join)
    def test_unattended_it_needs_yes(self, configured: Apoa, options: tuple[str, ...]) -> None:
        """Where no user can be asked, one guest's stay is erased with `--yes` only; with it nothing is asked."""
        configured(*QUENTIN.mrz())
        [report] = configured.reports()
        refused = configured("purge", "--guest", report["id"], *options, keys=[] if "--json" in options else None)
        assert (refused.code, "--yes" in refused.all, configured.reports()) == (Exit.USAGE, True, [report])
        assert configured("purge", "--guest", report["id"], *options, "--yes", keys=[]).code == 0
        assert erased(configured) == [True]

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
