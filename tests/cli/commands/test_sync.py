"""`apoa sync` sends waiting reports, run by a user or by cron."""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from basics import NOW
from cli_helpers import (
    LANGUAGES,
    OBADIAH,
    PASSWORD,
    QUENTIN,
    XIMENA,
    Apoa,
    Serve,
)
from outbox_helpers import sealer
from screens import Screens

from apoa_client.authority.client import HttpAuthority
from apoa_client.cli.commands import sync
from apoa_client.cli.views.labels import clock_skew_text
from apoa_client.delivery.plan import LEASE
from apoa_client.messages import msg
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.authority import Status, Verdict
from apoa_client.ports.entries import Entry
from apoa_client.ports.state import Actor
from apoa_client.report.kinds import Receipt

LONGEST_PAUSE_S = sync._LONGEST_PAUSE_S
"""Read before a test takes the pause away."""


BEING_SENT = "If that was broken off, it can be sent again after 24 Nov 2026 20:05 WIB."


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(apoa: Apoa, screens: Screens, serve: Serve, lang: str) -> None:
    """What staff see of each verdict, of a line that is down, and of a password that is refused."""
    server = serve("ok,duplicate,pending,reject,defer=60,ok,401*2")
    apoa.set_up(server.base_url)
    screens(apoa, "sync", lang=lang)
    for number in range(5):
        apoa.save(replace(QUENTIN, number=f"ZX{number:07}"))
        screens(apoa, "sync", lang=lang)
    apoa.clock.forward(timedelta(seconds=61))
    apoa("sync")
    apoa.save(XIMENA)
    screens(apoa, "sync", lang=lang)
    apoa("login", "--password-stdin", stdin=f"{PASSWORD}\n")
    server.stop()
    screens(apoa, "sync", lang=lang)
    screens(apoa, *OBADIAH.mrz(), lang=lang)
    screens(apoa, "sync", "--wait", "nan", lang=lang)


class TestSync:
    """`apoa sync` sends waiting reports."""

    def test_no_authority(self, away: Apoa) -> None:
        """Exits with 75, and nothing is lost; with --quiet nothing is printed, because cron mails what is printed."""
        away.save()
        assert away("sync", "--quiet")[:] == (75, "", "")
        value = away("sync", "--json")
        assert (value.code, value.json["offline"], value.json["left"]) == (75, True, 1)
        assert value.json["error"]["class"] == "offline"
        assert away.states() == [("check_in", "queued")]

    @pytest.mark.parametrize(
        ("fault", "code", "kind"),
        [
            ("lost", 75, "unknown_outcome"),
            ("portal", 75, "unreadable_answer"),
            ("portal,meta:ok*2,meta:portal", 75, "not_the_authority"),
            ("503=30", 75, "authority_busy"),
            ("400", 69, "call_refused"),
            ("403", 69, "account_suspended"),
            ("401*2", 77, "wrong_password"),
        ],
    )
    def test_faults_of_the_authority(self, apoa: Apoa, serve: Serve, fault: str, code: int, kind: str) -> None:
        """Each fault has its exit code and class; the report is not lost and is sent once later."""
        apoa.set_up(serve(fault).base_url)
        apoa.save()
        result = apoa("sync", "--json")
        assert (result.code, result.json["error"]["class"]) == (code, kind)
        assert result.json["stopped"] is (kind in {"wrong_password", "account_suspended"})
        assert apoa.states() == [("check_in", "queued")]
        assert apoa("login", "--password-stdin", stdin=f"{PASSWORD}\n").code == 0
        apoa.clock.forward(timedelta(minutes=1))
        again = apoa("sync", "--json").json
        assert again["accepted"] == 1
        assert apoa.states() == [("check_in", "accepted")]

    def test_scheduled_never_asks(self, configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a stored password a scheduled run at a terminal asks nothing, and exits with 77."""
        monkeypatch.setattr("random.uniform", lambda _low, _high: 0)
        configured.save()
        assert configured("logout").code == 0
        result = configured("sync", "--scheduled", keys=[])
        assert result.code == 77
        assert "Password" not in result.err.replace("The password", "")
        assert "apoa login" in result.err

    def test_scheduled_pauses(self, configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """A scheduled run pauses up to a minute, so that not all desks call at once."""
        pauses: list[tuple[float, float]] = []

        def pause(low: float, high: float) -> float:
            pauses.append((low, high))
            return 0.0

        monkeypatch.setattr(sync, "_LONGEST_PAUSE_S", LONGEST_PAUSE_S)
        monkeypatch.setattr("random.uniform", pause)
        assert configured("sync", "--scheduled")[:] == (0, "", "")
        assert pauses == [(0, 60)]

    def test_wait_limits_a_run(self, configured: Apoa) -> None:
        """A time limit that has passed sends nothing and shows what is left; it may be long, or have a fraction."""
        configured.save()
        ticks = iter(range(0, 10_000, 10))
        configured.monkeypatch.setattr(configured.clock, "monotonic", lambda: float(next(ticks)))
        for wait in ("9.5", "0.5"):
            result = configured("sync", "--wait", wait, "--json")
            assert (result.code, result.json["left"]) == (75, 1)
        assert configured("sync", "--wait", "7200").code == 0


def test_a_wrong_clock_is_shown(away: Apoa, serve: Serve) -> None:
    """The warning is shown by report, sync and status until an answer shows that the clock is right."""
    ahead = timedelta(minutes=5)
    warning = clock_skew_text(ahead)
    assert "clock is 5 minutes behind" in warning
    assert "clock is 90 minutes ahead" in clock_skew_text(timedelta(minutes=-90))
    assert away.set_up(serve(now=lambda: away.clock.now() + ahead).base_url).code == 0
    assert warning in away("status").out
    assert warning in away(*QUENTIN.mrz("--yes")).err
    away.save(XIMENA)
    synced = away("sync", "--quiet")
    assert (synced.code, synced.err) == (0, warning + "\n")
    assert away("status", "--json").json["clock_skew_s"] == 300
    assert away.set_up(serve().base_url).code == 0
    assert away("login", "--password-stdin", stdin=f"{PASSWORD}\n").code == 0
    assert warning not in away("status").out


def test_under_maintenance(configured: Apoa) -> None:
    """Report and sync name the command, without its options, that keeps senders away; what was saved waits."""
    actor = Actor(lambda: "kadek", configured.clock.now, "apoa key")
    words = f"apoa key (process {os.getpid()}) is busy with the queue"
    with (
        SqliteOutbox.open(configured.outbox_file, sealer(), actor=actor) as outbox,
        outbox.maintenance(msg("Later."), wait_s=0),
    ):
        reported = configured(*QUENTIN.mrz("--yes"))
        assert (reported.code, words in reported.err) == (0, True)
        assert configured("sync", "--quiet").all == ""
        synced = configured("sync", "--json")
        assert (synced.code, synced.json["error"]["class"]) == (75, "under_maintenance")
        assert configured.states() == [("check_in", "queued")]
    assert configured("sync").code == 0
    assert configured.states() == [("check_in", "accepted")]


def test_a_guest_whom_another_command_sends(configured: Apoa) -> None:
    """Report says so, and until when that command may take."""
    really = SqliteOutbox.claim

    def too_late(outbox: SqliteOutbox, ids: Sequence[str], **times: datetime) -> tuple[str, list[Entry]]:
        really(outbox, ids, **times)
        return really(outbox, ids, **times)

    configured.monkeypatch.setattr(SqliteOutbox, "claim", too_late)
    said = configured(*QUENTIN.mrz("--yes"))
    assert (said.code, BEING_SENT in said.out) == (0, True)


def test_sync_tells_the_reason(configured: Apoa) -> None:
    """It names the time after which a report of a killed run is sent again; then it is, and nothing is said."""
    with configured.sending(configured.save()["id"]):
        said = configured("sync")
        assert (said.code, BEING_SENT in said.out) == (75, True)
        configured.clock.forward(LEASE)
        again = configured("sync")
        assert (again.code, again.out) == (0, "Sent: 1.\n")


def test_another_authority_than_at_the_set_up(apoa: Apoa, serve: Serve) -> None:
    """Nothing is sent, by report or sync, until it is set up again; a log-in does not hide the change."""
    server = serve()
    apoa.set_up(server.base_url)
    apoa.save()
    apoa.change_setting("property_id", "another")
    assert (apoa("sync").code, apoa(*XIMENA.mrz("--yes")).code, len(apoa.reports())) == (78, 0, 2)
    assert apoa("login", "--password-stdin", stdin=f"{PASSWORD}\n").code == 78
    assert apoa.set_up(server.base_url).code == 0
    assert apoa("sync").code == 0
    assert apoa.states() == [("check_in", "accepted")] * 2


def test_the_authority_of_an_untested_set_up_is_learned(apoa: Apoa, serve: Serve) -> None:
    """The first run that reaches it stores who it is; from then on another account is refused."""
    server = serve()
    server.stop()
    assert apoa.set_up(server.base_url).code == 75
    apoa.save()
    assert apoa("sync").code == 75
    server.start()
    assert apoa("sync").code == 0
    text = (apoa.home / "config.toml").read_text()
    assert 'property_id = "wisma-melati"' in text
    assert 'environment = "training"' in text


def test_one_receipt_number_for_several_guests(configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """All are sent, and the number is named, because the authority made a mistake."""

    def submit(_authority: HttpAuthority, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        return [Verdict(each, Status.ACCEPTED, Receipt("STT-0000", NOW)) for each, _body in bodies]

    configured.save()
    configured.save(XIMENA)
    monkeypatch.setattr(HttpAuthority, "submit", submit)
    synced = configured("sync", "--quiet")
    assert (synced.code, synced.out, "STT-0000" in synced.err) == (0, "", True)


def test_a_report_whose_answer_cannot_be_read_is_named(apoa: Apoa, serve: Serve) -> None:
    """By sync, status and show; status stays short."""
    assert apoa.set_up(serve("portal").base_url).code == 0
    report = apoa.save()
    synced = apoa("sync")
    assert (synced.code, report["short_id"] in synced.err) == (75, True)
    for command in (["status"], ["show", report["short_id"]]):
        assert "the authority's answer cannot be read" in apoa(*command).out
    assert apoa("show", report["short_id"], "--json").json["last_error"] == "unreadable_answer"
