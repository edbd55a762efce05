"""`apoa purge`: guests' data go when their time is over, or when the guest asks, and the proof stays."""

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
    coverage_environment,
    spoken,
)

from apoa_client.app.container import Container
from apoa_client.outbox.sqlite.delivery_lock import delivery_lock

PURGE_KEYS: dict[str, Any] = {
    "dry_run": bool,
    "retention_days": int,
    "stays": int,
    "reports": list,
    "withdrawn": list,
    "complete": bool,
    "draft": bool,
    "ended_before": str,
}
NOTHING = "There is nothing to erase."


@pytest.fixture
def past(configured: Apoa) -> Apoa:
    """A guest of two nights, delivered, 100 days ago."""
    configured(*QUENTIN.mrz())
    configured.clock.forward(timedelta(days=100))
    return configured


def purged(apoa: Apoa, *options: str) -> dict[str, Any]:
    said = apoa("purge", "--json", *options)
    assert said.code == 0, said.err
    assert_form(said.json, PURGE_KEYS)
    value: dict[str, Any] = said.json
    return value


def erased(apoa: Apoa) -> list[bool]:
    return [report.get("erased", False) for report in apoa.reports()]


def test_what_is_old_enough_is_erased(past: Apoa) -> None:
    """Ninety days after the planned check-out: whoever stays longer is kept."""
    past(*XIMENA.mrz())
    [old, new] = past.reports()
    value = purged(past)
    assert (value["reports"], value["stays"], value["retention_days"]) == ([old["id"]], 1, 90)
    assert (value["complete"], value["dry_run"], value["withdrawn"]) == (True, False, [])
    assert erased(past) == [True, False]
    assert purged(past)["reports"] == []
    assert past.reports()[1] == new


def test_the_day_counts(configured: Apoa) -> None:
    """From the end of the planned day in the property's zone: midnight of 27 November, WIB, and not an hour sooner."""
    configured(*QUENTIN.mrz())
    configured.clock.forward(timedelta(days=92, hours=4))
    assert purged(configured)["reports"] == []
    configured.clock.forward(timedelta(seconds=1))
    assert len(purged(configured)["reports"]) == 1


def test_the_settings_say_how_long(past: Apoa) -> None:
    """`retention_days`, a property's own."""
    path = past.home / "config.toml"
    path.write_text(path.read_text().replace("username", "retention_days = 98\nusername"))
    assert purged(past)["reports"] == []
    path.write_text(path.read_text().replace("= 98", "= 97"))
    assert len(purged(past)["reports"]) == 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_says_what_it_did(past: Apoa, lang: str) -> None:
    """How long data are kept, and how many were erased; a dry run says that nothing was changed."""
    dry = past("purge", "--dry-run", lang=lang)
    would = "The guest's data of {count} report would be erased. Nothing was changed (--dry-run)."
    assert spoken(lang, would, count=1) in dry.out
    assert erased(past) == [False]
    said = past("purge", lang=lang)
    kept = "Guests' data are kept for {days} days after a stay: now, of stays that ended on {day} or later."
    assert spoken(lang, kept, days=90, day=f"4 {spoken(lang, 'Dec')} 2026") in said.out
    done = "The guest's data of {count} report are erased. Its receipt number, times and ids are kept."
    assert spoken(lang, done, count=1) in said.out
    assert spoken(lang, NOTHING) in past("purge", lang=lang).out


def keep_draft(apoa: Apoa) -> None:
    """Somebody is interrupted at the desk."""
    app = Container(apoa.environ, apoa.clock)
    app.outbox.drafts.save("QUENTIN ZYKOWSKI", apoa.clock.now())
    app.close()


def has_draft(apoa: Apoa) -> bool:
    app = Container(apoa.environ, apoa.clock)
    kept = app.outbox.drafts.saved_at()
    app.close()
    return kept is not None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_draft_of_yesterday_goes_too(configured: Apoa, lang: str) -> None:
    """Told instead of there being nothing to erase, in JSON and in the log; one of this hour stays."""
    keep_draft(configured)
    configured.clock.forward(timedelta(hours=24))
    assert spoken(lang, NOTHING) in configured("purge", lang=lang).out
    assert (purged(configured)["draft"], has_draft(configured)) == (False, True)
    configured.clock.forward(timedelta(seconds=1))
    dry = configured("purge", "--dry-run", lang=lang).out
    assert spoken(lang, "The draft of an unfinished report would be erased.") in dry
    assert spoken(lang, NOTHING) not in dry
    assert (purged(configured, "--dry-run")["draft"], has_draft(configured)) == (True, True)
    said = configured("purge", lang=lang).out
    assert spoken(lang, "The draft of an unfinished report is erased.") in said
    assert (purged(configured)["draft"], has_draft(configured)) == (False, False)
    log = configured("log", lang=lang).out
    assert spoken(lang, "draft erased") in log
    assert spoken(lang, "retention period over") in log


def test_a_draft_goes_beside_reports(past: Apoa) -> None:
    """Both are told."""
    keep_draft(past)
    past.clock.forward(timedelta(days=2))
    said = past("purge").out
    assert "The guest's data of 1 report are erased." in said
    assert "The draft of an unfinished report is erased." in said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_an_erased_report_looks_like(past: Apoa, lang: str) -> None:
    """The guest is gone and the proof is there, in every command, with and without the key."""
    [before] = past.reports()
    purged(past)
    form = {**REPORT_KEYS, "erased": bool}
    expected = {**before, "guest": None, "stay": None, "erased": True}
    number, short_id = before["receipt"]["number"], before["short_id"]
    words = spoken(
        lang,
        "The guest's data were erased on {moment}. The receipt is kept.",
        moment=f"4 {spoken(lang, 'Mar')} 2027 20:00 WIB",
    )
    for _with_and_without_the_key in range(2):
        listed = past("list", "--all", "--json", lang=lang)
        assert (listed.code, listed.err, listed.json["reports"]) == (0, "", [expected])
        assert_form(listed.json["reports"][0], form)
        table = past("list", "--all", lang=lang)
        assert spoken(lang, "erased") in table.out
        assert number in table.out
        told = past("show", short_id, "--json", lang=lang).json
        assert [chapter["erased"] for chapter in told.pop("story")] == [True]
        assert told == expected
        shown = past("show", short_id, lang=lang)
        assert (shown.code, shown.err) == (0, "")
        assert words in shown.out
        assert number in shown.out
        proof = past("receipt", short_id, "--json", lang=lang).json
        assert (proof["receipt"]["number"], proof["erased"]) == (number, True)
        assert words in past("receipt", short_id, lang=lang).out
        assert not any(word in shown.all + table.all for word in QUENTIN.words)
        (past.home / "melati" / "keys.json").unlink(missing_ok=True)


def test_an_erased_report_is_not_sent_again(past: Apoa) -> None:
    """Nothing is waiting, and no other run finds it."""
    purged(past)
    assert past("sync", "--json").json["sent"] == 0
    assert past("status", "--json").json["counts"]["accepted"] == 1


def test_a_clock_that_runs_ahead_erases_nothing_early(apoa: Apoa, serve: Serve) -> None:
    """The authority said what time it is: a clock that leaps a year ahead is not the end of a stay."""
    today = apoa.clock.now()
    apoa.set_up(serve(now=lambda: today).base_url)
    apoa(*QUENTIN.mrz())
    apoa.clock.forward(timedelta(days=400))
    apoa(*XIMENA.mrz())
    assert purged(apoa)["reports"] == []
    assert erased(apoa) == [False, False]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_reader_in_the_way(past: Apoa, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Erased, but not yet to the last byte: said, with what to do, and exit 75; the next time all is well."""
    monkeypatch.setattr("apoa_client.outbox.sqlite.database._BUSY_TIMEOUT_S", 0.01)
    reader = sqlite3.connect(past.home / "melati" / "outbox.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM reports").fetchone()
    said = past("purge", lang=lang)
    assert said.code == 75
    sentence = "Another program still reads the old data. Run apoa purge once more in a minute."
    assert spoken(lang, sentence) in said.err
    reader.close()
    assert past("purge", lang=lang).code == 0


class TestAtTheGuestsRequest:
    """`--guest ID`: one stay, now."""

    def test_by_any_of_its_ids(self, configured: Apoa) -> None:
        """The report's, its short one, the stay's; other stays are untouched."""
        for guest in (QUENTIN, XIMENA):
            configured(*guest.mrz())
        first, second = configured.reports()
        assert purged(configured, "--guest", first["short_id"])["reports"] == [first["id"]]
        assert erased(configured) == [True, False]
        assert purged(configured, "--guest", second["stay_id"])["reports"] == [second["id"]]
        assert purged(configured, "--guest", first["id"])["reports"] == []

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_refused_while_undelivered(self, away: Apoa, lang: str) -> None:
        """Exit 65, what to do, and nothing changed; --force withdraws and erases, and says so."""
        report = away.save()
        said = away("purge", "--guest", report["id"], lang=lang)
        assert said.code == 65
        assert spoken(lang, "A report of this stay was not delivered yet. Nothing was erased.") in said.err
        assert "--force" in said.err
        as_json = away("purge", "--guest", report["id"], "--json")
        assert (as_json.code, as_json.json["error"]["class"]) == (65, "undelivered")
        assert away.reports() == [report]
        forced = away("purge", "--guest", report["id"], "--force", lang=lang)
        assert forced.code == 0
        assert spoken(lang, "Withdrawn, and never sent: {ids}", ids=report["short_id"]) in forced.out
        [after] = away.reports()
        assert (after["state"], after["erased"], after["guest"]) == ("withdrawn", True, None)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_at_a_terminal_it_asks(self, away: Apoa, lang: str) -> None:
        """Who it is and what will not be sent; Enter alone erases nothing."""
        report = away.save()
        no = away("purge", "--guest", report["id"], "--force", keys=[""], lang=lang)
        assert no.code == 0
        named = spoken(lang, "Guest: {name}. Reports: {ids}.", name=QUENTIN.name, ids=report["short_id"])
        never = "Not delivered, and never sent if you erase them: {ids}"
        assert named in no.err
        assert spoken(lang, never, ids=report["short_id"]) in no.err
        assert spoken(lang, "Nothing was erased.") in no.err
        assert erased(away) == [False]
        away.delete_key()
        yes = away("purge", "--guest", report["id"], "--force", keys=["y"], lang=lang)
        assert spoken(lang, "Guest: {name}. Reports: {ids}.", name="-", ids=report["short_id"]) in yes.err
        assert erased(away) == [True]

    def test_told_not_to_ask(self, configured: Apoa) -> None:
        """At a terminal too, and a dry run has nothing to ask."""
        configured(*QUENTIN.mrz())
        [report] = configured.reports()
        assert configured("purge", "--guest", report["id"], "--dry-run", keys=[]).code == 0
        assert erased(configured) == [False]
        assert configured("purge", "--guest", report["id"], "--yes", keys=[]).code == 0
        assert erased(configured) == [True]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_not_while_something_is_sent(self, away: Apoa, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """A report that is on its way is not pulled from under whoever sends it: exit 75."""
        monkeypatch.setattr("apoa_client.app.retention._LOCK_WAIT_S", 0.01)
        report = away.save()
        with delivery_lock(away.home / "melati" / "outbox.db", 0) as ours:
            assert ours
            said = away("purge", "--guest", report["id"], "--force", lang=lang)
        assert said.code == 75
        assert spoken(lang, "Nothing was erased. Wait a minute, then try again.") in said.err
        assert erased(away) == [False]

    def test_mistakes(self, away: Apoa) -> None:
        """An id that means nothing, or several stays, and --force without a guest."""
        first, second = away.save(QUENTIN), away.save(XIMENA)
        assert away("purge", "--guest", "zzzz").code == 2
        several = away("purge", "--guest", first["id"][:3])
        assert several.code == 2
        assert second["short_id"] in several.err
        assert away("purge", "--force").code == 2
        assert erased(away) == [False, False]


class TestScheduled:
    """`apoa sync --scheduled` erases what is old enough, once a day, and says nothing."""

    @pytest.fixture(autouse=True)
    def _no_pause(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("apoa_client.cli.commands.sync._LONGEST_PAUSE_S", 0)

    def test_after_delivering(self, past: Apoa) -> None:
        """Quietly, also in JSON's one document; by hand it erases nothing."""
        past("sync")
        assert erased(past) == [False]
        said = past("sync", "--scheduled", "--json")
        assert (said.code, said.err, "left" in said.json) == (0, "", True)
        assert erased(past) == [True]

    def test_without_a_line_too(self, past: Apoa, authority: Any) -> None:
        """Being offline is no reason to keep what must go."""
        authority.stop()
        past.save(XIMENA)
        said = past("sync", "--scheduled")
        assert (said.code, said.all) == (75, "")
        assert erased(past) == [True, False]

    def test_once_a_day(self, past: Apoa) -> None:
        """Not each quarter of an hour; again after a day, and after a clock was set back."""
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

    def test_a_draft_goes_along(self, configured: Apoa) -> None:
        """Nobody has to think of it."""
        keep_draft(configured)
        configured.clock.forward(timedelta(days=1, seconds=1))
        configured("sync")
        assert has_draft(configured)
        configured("sync", "--scheduled")
        assert not has_draft(configured)

    def test_a_failure_is_told_and_hides_nothing(self, past: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """The delivery's result is said, then what went wrong; the worse exit code counts."""
        from apoa_client.outbox.errors import damaged
        from apoa_client.outbox.sqlite.erasure import Eraser

        def fail(_eraser: Eraser, _before: object, *, dry_run: bool) -> None:
            del dry_run
            raise damaged(Path("outbox.db"))

        monkeypatch.setattr(Eraser, "finished", fail)
        said = past("sync", "--scheduled", "--json")
        assert (said.code, said.json["left"]) == (78, 0)
        assert "damaged" in said.err


def test_from_report_to_proof(past: Apoa, tmp_path: Path) -> None:
    """A guest is reported and delivered, the time goes by, the data go, and the installed command proves the log."""
    [report] = past.reports()
    assert purged(past)["reports"] == [report["id"]]
    told = [
        (entry["action"], entry["detail"]) for entry in past("log", "--report", report["id"], "--json").json["entries"]
    ]
    assert told == [("saved", None), ("accepted", None), ("erased", "retention")]
    done = subprocess.run(
        [*COMMAND, "log", "--verify"],
        env={**past.environ, **coverage_environment()},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "The log is whole. Entries: 4" in done.stdout
