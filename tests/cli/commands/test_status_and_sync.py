"""`apoa status` shows waiting reports; `apoa sync` sends them, run by a user or by cron."""

import itertools
import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import click
import pytest
from cli_helpers import (
    GUESTS,
    LANGUAGES,
    OBADIAH,
    PASSWORD,
    QUENTIN,
    XIMENA,
    Apoa,
    Serve,
    assert_form,
    spoken,
    spoken_count,
    time_in,
    typed_in,
)
from outbox_helpers import sealer
from terminal_helpers import show_as_terminal

from apoa_client.cli.terminal import language
from apoa_client.cli.views.labels import clock_skew_text
from apoa_client.errors import Exit
from apoa_client.messages import msg
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Entry
from apoa_client.ports.state import Actor
from apoa_client.sandbox.server import SandboxServer

STATES = ["queued", "sending", "pending", "rejected", "accepted", "superseded", "withdrawn"]
STATUS_KEYS: dict[str, Any] = {
    "property": str,
    "environment": (str, type(None)),
    "counts": dict,
    "overdue": int,
    "due_within_6h": int,
    "next_due_at": (str, type(None)),
    "last_contact_at": (str, type(None)),
    "sending_stopped": (dict, type(None)),
    "last_scheduled_run": (dict, type(None)),
    "last_backup_at": (str, type(None)),
    "clock_skew_s": (int, type(None)),
    "purge_skipped_at": (str, type(None)),
    "drafts": int,
    "unauthenticated": (int, type(None)),
    "recovery_code_confirmed": (bool, type(None)),
    "urgent": list,
    "doubts": list,
    "alarm": dict,
}
SYNC_KEYS: dict[str, Any] = {
    **dict.fromkeys(("sent", "accepted", "pending", "rejected", "duplicate", "deferred", "left"), int),
    **dict.fromkeys(("photos_sent", "photos_refused", "photos_left"), int),
    "offline": bool,
    "stopped": bool,
    "error": (dict, type(None)),
    "clock_skew_s": (int, type(None)),
    "leased_until": (str, type(None)),
    "repeated_receipts": dict,
    "doubts": list,
    "unchecked": bool,
    "repaired": list,
}
NOTHING = {"sent": 0, "accepted": 0, "pending": 0, "rejected": 0, "duplicate": 0, "deferred": 0, "left": 0}


def counts(apoa: Apoa) -> dict[str, int]:
    value = apoa("status", "--json").json["counts"]
    return {state: count for state, count in value.items() if count}


class TestStatus:
    """`apoa status` shows waiting and refused reports and deadlines."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_unfinished_guests(self, away: Apoa, lang: str) -> None:
        """How many there are, and how to continue; without the key, too."""
        assert "Unfinished" not in away("status").out
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
        away.delete_key()
        shown = spoken(lang, "Unfinished guests: {count}. Continue with: apoa report", count=1)
        assert shown in away("status", lang=lang).out.splitlines()
        assert away("status", "--json").json["drafts"] == 1

    def test_json_has_the_fixed_form(self, configured: Apoa) -> None:
        """The document has the fixed form, with and without reports."""
        before = configured("status", "--json")
        configured(*QUENTIN.mrz())
        waiting = configured.save(XIMENA)
        after = configured("status", "--json")
        for result in (before, after):
            assert result.code == 0
            assert_form(result.json, STATUS_KEYS)
            assert list(result.json["counts"]) == STATES
        assert (before.json["next_due_at"], before.json["urgent"]) == (None, [])
        assert after.json == {
            "property": "melati",
            "environment": "training",
            "counts": dict.fromkeys(STATES, 0) | {"queued": 1, "accepted": 1},
            "overdue": 0,
            "due_within_6h": 0,
            "next_due_at": "2026-11-25T20:00:00+07:00",
            "last_contact_at": "2026-11-24T20:00:00+07:00",
            "sending_stopped": None,
            "last_scheduled_run": None,
            "last_backup_at": None,
            "clock_skew_s": 0,
            "purge_skipped_at": None,
            "drafts": 0,
            "unauthenticated": 0,
            "doubts": [],
            "alarm": {"level": "ok", "problems": []},
            "recovery_code_confirmed": None,
            "urgent": [
                {
                    "id": waiting["id"],
                    "short_id": waiting["short_id"],
                    "kind": "check_in",
                    "state": "queued",
                    "due_at": "2026-11-25T20:00:00+07:00",
                }
            ],
        }

    def test_never_any_contact(self, away: Apoa) -> None:
        """Without an answer of the authority, environment and last contact are null."""
        value = away("status", "--json").json
        assert (value["environment"], value["last_contact_at"]) == (None, None)
        assert "never" in away("status").out

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_deadlines(self, away: Apoa, lang: str) -> None:
        """Shows a deadline a day ahead, within six hours and passed, with the time left; --alarm exits with 75."""
        away.save()
        early = away("status", lang=lang)
        left = spoken(lang, "{time} left", time=spoken(lang, "{hours} h {minutes} min", hours=24, minutes=0))
        assert left in early.out
        away.clock.forward(timedelta(hours=20, minutes=30))
        soon = away("status", "--alarm", lang=lang)
        assert spoken(lang, "Due within 6 hours: {count}", count=1) in soon.out
        assert soon.code == 0
        away.clock.forward(timedelta(hours=5))
        late = away("status", "--alarm", lang=lang)
        assert spoken(lang, "Overdue: {count}. Send now: apoa sync", count=1) in late.out
        assert spoken(lang, "{hours} h {minutes} min", hours=1, minutes=30) in late.out
        assert late.code == 75
        assert away("status", lang=lang).code == 0
        value = away("status", "--json", "--alarm")
        assert (value.code, value.json["overdue"], value.json["due_within_6h"]) == (75, 1, 0)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_overdue_by_hand(self, apoa: Apoa, lang: str) -> None:
        """Where nothing is sent, the advice is to report by hand."""
        assert apoa("setup", "--non-interactive", "--property", "melati", "--vault", "file", "--by-hand").code == 0
        apoa.save(QUENTIN, "--check-in", "2026-11-23T12:00", "--yes")
        result = apoa("status", "--alarm", lang=lang)
        assert result.code == 75
        assert spoken(lang, "Overdue: {count}. Report them now: apoa sync --by-hand", count=1) in result.out
        assert f"    1  {spoken(lang, 'Waiting to be typed into APOA')}\n" in result.out
        for words in ("Waiting to be sent", "Waiting for a decision", "Refused, please correct"):
            assert spoken(lang, words) not in result.out
        assert spoken(lang, "Last contact with the authority: {moment}", moment="")[:-1] not in result.out

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_environment(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """The first line says whether the property is live or for training."""
        apoa.set_up(serve().base_url)
        apoa.set_up(serve(environment="production").base_url, name="bali")
        training = apoa("status", lang=lang).out.splitlines()[0]
        live = apoa("--property", "bali", "status", lang=lang).out.splitlines()[0]
        assert training == f"melati  ({spoken(lang, 'training, nothing reaches Immigration')})"
        assert live == f"bali  ({spoken(lang, 'live')})"

    def test_needs_no_key(self, away: Apoa) -> None:
        """Counts and urgent reports are shown without the key: ids and kinds, no names."""
        report = away.save()
        away.delete_key()
        result = away("status")
        assert (result.code, result.err) == (0, "")
        assert report["short_id"] in result.out
        assert not any(word in result.out for word in QUENTIN.words)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_most_urgent_first(self, away: Apoa, lang: str) -> None:
        """Overdue reports are first, then the next due ones, each with its kind and state."""
        plenty = away.save(OBADIAH)["short_id"]
        late = away.save(QUENTIN, "--check-in", "2026-11-23T16:30", "--yes")["short_id"]
        soon = away.save(XIMENA, "--check-in", "2026-11-23T22:15")
        assert away("checkout", soon["id"], "--yes", "--no-send").code == 0
        lines = away("status", lang=lang).out.splitlines()
        waits = spoken(lang, "waiting")
        result = [
            (spoken_count(lang, "{count} hour late", "{count} hours late", 3), late),
            (spoken_count(lang, "{count} hour left", "{count} hours left", 2), soon["short_id"]),
            (spoken(lang, "tomorrow {time}", time=time_in(lang, "20:00")), plenty),
        ]
        width = max(len(words) for words, _id in result)
        expected = [f"  {words:<{width}}  {short}  {waits}" for words, short in result]
        assert [line for line in lines if line.startswith("  ") and line.endswith(waits)] == expected

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_refused_report_shows_how_to_correct_it(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """A refused check-out has no deadline, and is shown with its kind and the command for it."""
        apoa.set_up(serve("ok,reject").base_url)
        arrival = apoa(*QUENTIN.mrz("--json")).json
        departure = apoa("checkout", arrival["id"], "--yes", "--json").json
        assert departure["state"] == "rejected"
        result = apoa("status", "--alarm", lang=lang)
        refused = f"{spoken(lang, 'check-out')}, {spoken(lang, 'refused')}"
        assert result.code == 75
        assert (
            f"  -  {departure['short_id']}  {refused}: {typed_in(lang, 'apoa fix')} {departure['short_id']}\n"
            in result.out
        )
        assert apoa("status", "--json").json["urgent"][0]["due_at"] is None

    def test_many_reports(self, away: Apoa) -> None:
        """Shows the ten most urgent reports and how many more there are; ten in JSON too."""
        for number in range(12):
            away.save(replace(QUENTIN, number=f"ZX{number:07}"))
        result = away("status").out
        assert result.count("tomorrow 20:00") == 10
        assert "  ... and 2 more: apoa list\n" in result
        assert len(away("status", "--json").json["urgent"]) == 10


class TestSync:
    """`apoa sync` sends waiting reports."""

    def test_json_has_the_fixed_form(self, configured: Apoa) -> None:
        """The document has the fixed form, with and without reports to send."""
        idle = configured("sync", "--json")
        for guest in GUESTS:
            configured.save(guest)
        busy = configured("kirim", "--json")
        for result in (idle, busy):
            assert result.code == 0
            assert_form(result.json, SYNC_KEYS)
        calm: dict[str, Any] = {"offline": False, "stopped": False, "error": None, "unchecked": False}
        calm |= {"clock_skew_s": None, "repeated_receipts": {}, "leased_until": None, "photos_left": 0}
        calm |= {"doubts": [], "repaired": [], "photos_sent": 0, "photos_refused": 0}
        assert idle.json == {**NOTHING, **calm}
        assert busy.json == {**NOTHING, **calm, "sent": 3, "accepted": 3}

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_in_words(self, configured: Apoa, lang: str) -> None:
        """Prints one line on stdout: what was sent, or that nothing waits."""
        configured.save()
        assert configured("sync", lang=lang).out == spoken(lang, "sent {count}", count=1) + "\n"
        assert configured("sync", lang=lang).out == spoken(lang, "Nothing is waiting.") + "\n"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_no_authority(self, away: Apoa, lang: str) -> None:
        """Exits with 75, and shows the problem, that nothing is lost, and how many reports wait."""
        away.save()
        result = away("sync", lang=lang)
        assert result.code == 75
        assert spoken(lang, "still waiting {count}", count=1) in result.out
        assert (
            spoken(lang, "The authority cannot be reached now ({host}). Is the internet down?", host="127.0.0.1")
            in result.err
        )
        value = away("sync", "--json", lang=lang)
        assert value.code == 75
        assert (value.json["offline"], value.json["left"], value.json["error"]["class"]) == (True, 1, "offline")
        assert list(value.json["error"]) == ["class", "message", "advice"]
        assert counts(away) == {"queued": 1}

    @pytest.mark.parametrize("quiet", [["sync", "--quiet"], ["sync", "-q"], ["-q", "sync"]])
    def test_quiet_does_not_report_a_lost_connection(self, away: Apoa, quiet: list[str]) -> None:
        """With --quiet a lost connection is shown only by the exit code, because cron mails what is printed."""
        away.save()
        result = away(*quiet)
        assert (result.code, result.all) == (75, "")

    def test_quiet_shows_what_a_user_must_act_on(self, apoa: Apoa, serve: Serve) -> None:
        """Shows a refused report and a refused password."""
        apoa.set_up(serve("reject,401*2").base_url)
        first = apoa.save()
        refused = apoa("sync", "--quiet")
        assert (refused.code, refused.out) == (65, "")
        assert first["short_id"] in refused.err
        apoa.save(XIMENA)
        stopped = apoa("sync", "--quiet")
        assert (stopped.code, stopped.out) == (77, "")
        assert "apoa login" in stopped.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_every_verdict_is_counted(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """Refused, pending, duplicate and deferred reports are counted; the exit code is that of the worst."""
        server = serve("pending,duplicate,defer=60,reject")
        apoa.set_up(server.base_url)
        for guest in GUESTS[:2]:
            assert apoa(*guest.mrz("--json")).code == 0
        apoa.save(GUESTS[2])
        deferred = apoa("sync", lang=lang)
        assert deferred.code == 75
        assert spoken(lang, "put off by the authority {count}", count=1) in deferred.out
        apoa.clock.forward(timedelta(seconds=61))
        refused = apoa("sync", lang=lang)
        assert refused.code == 65
        assert spoken(lang, "refused {count}", count=1) in refused.out
        assert counts(apoa) == {"rejected": 1, "accepted": 2}

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_pending_and_duplicate_in_words(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """A duplicate counts as sent, and is shown as a duplicate."""
        apoa.set_up(serve("duplicate,pending").base_url)
        apoa.save()
        known = spoken(lang, "{count} of these had been reported before", count=1)
        assert apoa("sync", lang=lang).out == f"{spoken(lang, 'sent {count}', count=1)}, {known}\n"
        apoa.save(XIMENA)
        waiting = spoken(lang, "waiting for a decision {count}", count=1)
        assert apoa("sync", lang=lang).out == f"{spoken(lang, 'sent {count}', count=0)}, {waiting}\n"

    @pytest.mark.parametrize(
        ("fault", "code", "kind"),
        [
            ("500", 75, "unknown_outcome"),
            ("lost", 75, "unknown_outcome"),
            ("portal", 75, "unreadable_answer"),
            ("redirect", 75, "unreadable_answer"),
            ("portal,meta:ok*2,meta:portal", 75, "not_the_authority"),
            ("503=30", 75, "authority_busy"),
            ("400", 69, "call_refused"),
            ("403", 69, "account_suspended"),
            ("401*2", 77, "wrong_password"),
            ("token:ok,token:401", 77, "wrong_password"),
        ],
    )
    def test_faults_of_the_authority(self, apoa: Apoa, serve: Serve, fault: str, code: int, kind: str) -> None:
        """Each fault has its exit code and class; the report is not lost and is sent once later."""
        apoa.set_up(serve(fault).base_url)
        apoa.save()
        result = apoa("sync", "--json")
        assert (result.code, result.json["error"]["class"]) == (code, kind)
        assert result.json["stopped"] is (kind in {"wrong_password", "account_suspended"})
        assert counts(apoa) == {"queued": 1}
        assert apoa("login", "--password-stdin", stdin=f"{PASSWORD}\n").code == 0
        apoa.clock.forward(timedelta(minutes=1))
        again = apoa("sync", "--json").json
        assert again["accepted"] == 1
        assert counts(apoa) == {"accepted": 1}

    def test_ctrl_c_ends_the_pause(self, configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """The pause is one that Ctrl-C ends on Windows too, where a wait for a lock or an event goes on."""

        def interrupt(seconds: float) -> None:
            assert seconds == 42
            raise KeyboardInterrupt

        monkeypatch.setattr("random.uniform", lambda _low, _high: 42)
        monkeypatch.setattr("time.sleep", interrupt)
        assert configured("sync", "--scheduled").code == 130

    def test_scheduled_never_asks(self, configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a stored password a scheduled run at a terminal asks nothing, and exits with 77."""
        monkeypatch.setattr("random.uniform", lambda _low, _high: 0)
        configured.save()
        assert configured("logout").code == 0
        result = configured("sync", "--scheduled", keys=[])
        assert result.code == 77
        assert "Password" not in result.err.replace("The password", "")
        assert "apoa login" in result.err

    def test_scheduled_pauses_and_keeps_the_backoff(
        self, configured: Apoa, authority: SandboxServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A scheduled run pauses up to a minute, is quiet, and respects the backoff; a run by a user does not."""
        pauses: list[tuple[float, float]] = []

        def pause(low: float, high: float) -> float:
            pauses.append((low, high))
            return 0.0

        monkeypatch.setattr("random.uniform", pause)
        monkeypatch.setattr("random.random", lambda: 0.99)
        configured.save()
        authority.stop()
        away = configured("sync", "--scheduled")
        authority.start()
        kept_back = configured("sync", "--scheduled")
        assert [(result.code, result.all) for result in (away, kept_back)] == [(75, "")] * 2
        assert pauses == [(0, 60)] * 2
        assert counts(configured) == {"queued": 1}
        assert configured("sync").code == 0

    def test_wait_limits_a_run(self, configured: Apoa) -> None:
        """A time limit that has passed sends nothing and shows what is left; zero means no limit."""
        configured.save()
        ticks = iter(range(0, 10_000, 10))
        configured.monkeypatch.setattr(configured.clock, "monotonic", lambda: float(next(ticks)))
        result = configured("sync", "--wait", "1", "--json")
        assert (result.code, result.json["left"]) == (75, 1)

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("value", ["0", "-1", "soon", "nan", "inf"])
    def test_a_wait_that_is_no_time(self, configured: Apoa, value: str, lang: str) -> None:
        """The error says which numbers are allowed."""
        said = configured("sync", "--wait", value, lang=lang)
        assert said.code == 2
        allowed = "{value} is not allowed here: give a number of seconds greater than 0, such as 30 or 2.5."
        assert spoken(lang, allowed, value=value) in " ".join(said.err.split())

    def test_a_bar_at_a_terminal(self, configured: Apoa) -> None:
        """At a terminal the bar is on stderr, and stdout has the same result."""
        configured.save()
        result = configured("sync", keys=[])
        assert (result.code, result.out) == (0, "sent 1\n")

    def test_a_bar_counts_the_refused(self, apoa: Apoa, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
        """The bar counts refused reports, and is removed when the run fails."""
        show_as_terminal(monkeypatch, sys.stderr)
        apoa.set_up(serve("reject,drop").base_url)
        apoa.save()
        refused = apoa("sync", keys=[])
        assert refused.code == 65
        assert "1 refused" in refused.err
        apoa.save(XIMENA)
        assert apoa("sync", keys=[]).code == 75

    def test_two_runs_at_once(self, configured: Apoa) -> None:
        """With two runs at the same time, each report has exactly one receipt."""
        for guest in GUESTS:
            configured.save(guest)
        codes: list[int] = []
        from apoa_client.cli import main  # called without the fixture's streams

        calls = [lambda: codes.append(main.run(["-q", "sync"], configured.environ, configured.clock)) for _ in range(2)]
        threads = [threading.Thread(target=call) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(codes) <= {0, 75}
        configured("sync")
        numbers = [report["receipt"]["number"] for report in configured.reports()]
        assert len(set(numbers)) == len(GUESTS)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("arguments", [["status"], ["list"], ["report", "--no-send"], ["sync"]])
def test_a_public_key_that_is_none_is_found_at_once(away: Apoa, arguments: list[str], lang: str) -> None:
    """Not only when a report is sealed. The message names the line and the form of the value."""
    path = away.home / "config.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    number = next(number for number, line in enumerate(lines) if line.startswith("public_key"))
    lines[number] = 'public_key = "abc"'
    path.write_text("\n".join(lines), encoding="utf-8")
    result = away(*arguments, lang=lang)
    assert result.code == Exit.SETTINGS
    place = spoken(
        lang,
        "{place}. Allowed: {values}",
        place="[property.melati] public_key",
        values=spoken(lang, "the 44 characters of the key, as in a backup of this file"),
    )
    said = "Line {line} of the settings file {path} is not right: {place}."
    assert spoken(lang, said, line=number + 1, path=path, place=place) in result.err


def test_status_shows_the_environment_after_a_login(away: Apoa, serve: Serve) -> None:
    """An authority that never answered is neither live nor training; a login shows which it is."""
    assert "the connection was never tested" in away("status").out
    assert away("status", "--json").json["environment"] is None
    server = serve(environment="production")
    assert away.set_up(server.base_url).code == 0
    assert "(live)" in away("status").out
    assert away("status", "--json").json["environment"] == "production"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("minutes", "words"), [(5, "behind"), (-90, "ahead")])
def test_a_wrong_clock_is_shown(away: Apoa, serve: Serve, minutes: int, words: str, lang: str) -> None:
    """The warning is shown by report, sync and status until an answer shows that the clock is right."""
    ahead = timedelta(minutes=minutes)
    language.set_language(lang)
    warning = clock_skew_text(ahead)
    assert lang == "id" or f"clock is {abs(minutes)} minutes {words}" in warning
    assert away.set_up(serve(now=lambda: away.clock.now() + ahead).base_url).code == 0
    assert warning in away("status", lang=lang).out
    assert warning in away(*QUENTIN.mrz("--yes"), lang=lang).err
    away.save(XIMENA)
    synced = away("sync", "--quiet", lang=lang)
    assert (synced.code, synced.err) == (0, warning + "\n")
    assert away("status", "--json").json["clock_skew_s"] == minutes * 60
    assert away.set_up(serve().base_url).code == 0
    assert away("login", "--password-stdin", stdin=f"{PASSWORD}\n").code == 0
    assert warning not in away("status", lang=lang).out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_time_for_sending_is_over(configured: Apoa, lang: str) -> None:
    """Report and sync say why a report still waits although no call failed."""
    words = spoken(lang, "The authority answered too slowly: the time for sending was over before everything was sent.")
    configured.monkeypatch.setattr("apoa_client.delivery.plan.LONGEST_RUN_S", 0)
    reported = configured(*QUENTIN.mrz("--yes"), lang=lang)
    assert (reported.code, words in reported.err) == (0, True)
    synced = configured("sync", lang=lang)
    assert (synced.code, words in synced.out) == (75, True)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_under_maintenance(configured: Apoa, lang: str) -> None:
    """Report and sync name the command, without its options, that keeps senders away; what was saved waits."""
    actor = Actor(lambda: "kadek", configured.clock.now, "apoa key")
    said = "{command} (process {pid}) is busy with the queue, or was ended less than five minutes ago."
    words = spoken(lang, said, command="apoa key", pid=os.getpid())
    with (
        SqliteOutbox.open(configured.home / "melati" / "outbox.db", sealer(), actor=actor) as outbox,
        outbox.maintenance(msg("Later."), wait_s=0),
    ):
        reported = configured(*QUENTIN.mrz("--yes"), lang=lang)
        assert (reported.code, words in reported.err) == (0, True)
        synced = configured("sync", lang=lang)
        assert (synced.code, words in synced.err) == (75, True)
        assert configured("sync", "--quiet", lang=lang).all == ""
        assert configured("sync", "--json").json["error"]["class"] == "under_maintenance"
        assert counts(configured) == {"queued": 1}
    assert configured("sync").code == 0
    assert counts(configured) == {"accepted": 1}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_guest_whom_another_command_sends(configured: Apoa, lang: str) -> None:
    """Report says so, and until when that command may take."""
    really = SqliteOutbox.claim

    def too_late(outbox: SqliteOutbox, ids: Sequence[str], **times: datetime) -> tuple[str, list[Entry]]:
        really(outbox, ids, **times)
        return really(outbox, ids, **times)

    configured.monkeypatch.setattr(SqliteOutbox, "claim", too_late)
    said = configured(*QUENTIN.mrz("--yes"), lang=lang)
    until = time_in(lang, "24 Nov 2026 20:05 WIB")
    assert said.code == 0
    words = (
        "{count} report is being sent. If that was broken off, it can be sent again after {until}.",
        "{count} reports are being sent. If that was broken off, they can be sent again after {until}.",
    )
    assert spoken_count(lang, *words, 1, until=until) in said.out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_another_authority_than_at_the_set_up(apoa: Apoa, serve: Serve, lang: str) -> None:
    """Nothing is sent, by report or sync, until it is set up again; a log-in does not hide the change."""
    server = serve()
    apoa.set_up(server.base_url)
    apoa.save()
    config = apoa.home / "config.toml"
    config.write_text(config.read_text().replace('environment = "training"', 'environment = "production"'))
    synced = apoa("sync", lang=lang)
    assert synced.code == 78
    assert "wisma-melati" in synced.err
    assert "apoa setup" in synced.err or "apoa siapkan" in synced.err
    assert "wisma-melati" in apoa(*XIMENA.mrz("--yes"), lang=lang).err
    assert counts(apoa) == {"queued": 2}
    logged_in = apoa("login", "--password-stdin", stdin=f"{PASSWORD}\n", lang=lang)
    assert logged_in.code == 78
    assert apoa.set_up(server.base_url).code == 0
    assert apoa("sync").code == 0
    assert counts(apoa) == {"accepted": 2}


def test_the_authority_of_an_untested_set_up_is_learned(apoa: Apoa, serve: Serve) -> None:
    """The first run that reaches it stores who it is; from then on another account is refused."""
    server = serve()
    port = server.base_url
    server.stop()
    assert apoa.set_up(port).code == 75
    apoa.save()
    assert apoa("sync").code == 75
    again = serve(port=int(port.rsplit(":", 1)[1].split("/")[0]))
    assert apoa("sync").code == 0
    text = (apoa.home / "config.toml").read_text()
    assert 'property_id = "wisma-melati"' in text
    assert 'environment = "training"' in text
    again.stop()


def test_a_bar_shows_the_rate(configured: Apoa) -> None:
    """The bar shows reports per second after two answers."""
    show_as_terminal(configured.monkeypatch, sys.stderr)
    seconds = itertools.count()
    # Windows' own clock may stand still meanwhile.
    configured.monkeypatch.setattr("rich.console.monotonic", lambda: float(next(seconds)))
    for guest in GUESTS:
        configured.save(guest)
    assert "/s" in configured("sync", keys=[]).err


class TestNames:
    """At a terminal, `status` names the guests if that costs nothing."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_names_at_a_terminal(self, away: Apoa, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
        """With the key in a file, each urgent report has its guest's name; in a pipe and in JSON none has."""
        left = away.save(QUENTIN)
        departure = away("checkout", left["id"], "--no-send", "--yes", "--json").json
        assert QUENTIN.name not in away("status", lang=lang).all
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        assert f"{left['short_id']}  {QUENTIN.name}\n" in click.unstyle(away("status", lang=lang).out)
        away.change_database("UPDATE reports SET state = 'pending' WHERE kind = 'check_in'")
        words = f"{left['short_id']}  {QUENTIN.name}, {spoken(lang, 'waiting for a decision')}"
        assert words in click.unstyle(away("status", lang=lang).out)
        assert departure["short_id"] not in away("status").out  # it has no deadline
        assert QUENTIN.surname not in away("status", "--json").out
        away.delete_key()
        result = away("status", lang=lang)
        assert result.err == ""
        assert left["short_id"] in result.out
        assert QUENTIN.name not in result.out

    def test_the_keyring_is_not_asked(self, away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """With the key in the keyring the ids are shown, and the keyring is not even loaded."""
        left = away.save(QUENTIN)
        path = away.home / "config.toml"
        path.write_text(path.read_text().replace('vault = "file"', 'vault = "keyring"'))

        def asked(*_arguments: object, **_options: object) -> None:
            pytest.fail("status asked the keyring")

        monkeypatch.setattr("apoa_client.vault.keyring_store.KeyringStore.__init__", asked)
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        result = away("status")
        assert (result.code, result.err) == (0, "")
        assert left["short_id"] in result.out
        assert QUENTIN.name not in result.out
