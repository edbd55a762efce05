"""`apoa purge`: erases guests' data after the retention period or at the guest's request, and keeps the receipts."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
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


@pytest.fixture
def past(configured: Apoa) -> Apoa:
    """A property with one delivered report of a stay of two nights, 100 days ago."""
    configured(*QUENTIN.mrz())
    configured.clock.forward(timedelta(days=100))
    return configured


DAY = timedelta(days=1)
JUMP = 100 * DAY
IN_HOUSE = 2


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
    assert (value["complete"], value["dry_run"]) == (True, False)
    assert erased(past) == [True, False]
    assert purged(past)["reports"] == []
    assert past.reports()[1] == new


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(past: Apoa, screens: Screens, lang: str) -> None:
    """What is erased by age, a draft, and what is said and asked before the stay of one guest is erased."""
    screens(past, "purge", "--dry-run", lang=lang)
    screens(past, "purge", lang=lang)
    screens(past, "purge", lang=lang)
    past("report", keys=QUENTIN.lines)  # it is not finished
    past.clock.forward(timedelta(hours=25))
    screens(past, "purge", "--dry-run", lang=lang)
    screens(past, "purge", lang=lang)
    screens(past, "list", "--all", lang=lang)
    guest = past.send()
    for options in (["--yes"], ["--dry-run"]):
        screens(past, "purge", "--guest", guest["short_id"], *options, lang=lang)
    past("checkout", guest["id"], "--no-send")
    screens(past, "purge", "--guest", guest["short_id"], keys=[""], lang=lang)
    past("sync")
    screens(past, "purge", "--guest", guest["short_id"], keys=[""], lang=lang)
    screens(past, "purge", "--guest", guest["short_id"], "--yes", lang=lang)


def test_an_erased_report_has_a_receipt_and_no_guest(past: Apoa) -> None:
    """Each command and the page show the receipt and no guest data, with and without the key; it is not sent again."""
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
        for command in (["list", "--all"], ["show", short_id], ["receipt", short_id, "--html", "-"]):
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
    """`--guest ID` erases one stay at once, as soon as its check-out is reported."""

    @pytest.fixture
    def left(self, configured: Apoa) -> list[dict[str, Any]]:
        """The check-ins of two guests whose check-outs are reported, too."""
        arrivals = [configured.send(guest) for guest in (QUENTIN, XIMENA)]
        for each in arrivals:
            assert configured("checkout", each["id"]).code == 0
        return arrivals

    def refused(self, apoa: Apoa, guest: str, name: str) -> str:
        """Erase a stay, which is refused in text and in JSON, and nothing changes. Returns the advice."""
        before = apoa.reports()
        said = apoa("purge", "--guest", guest, "--yes")
        asked = apoa("purge", "--guest", guest, keys=[])  # refused before anything is asked
        tried = apoa("purge", "--guest", guest, "--dry-run", "--json")
        assert [each.code for each in (said, asked, tried)] == [Exit.SETTINGS] * 3
        error = apoa("purge", "--guest", guest, "--yes", "--json").json["error"]
        assert (tried.json["error"], error["class"], error["advice"] in said.err) == (error, name, True)
        assert apoa.reports() == before
        return str(error["advice"])

    def test_unattended_it_needs_yes(self, configured: Apoa, left: list[dict[str, Any]]) -> None:
        """Where no user can be asked, one stay is erased with `--yes` only, by any of its ids; others do not change."""
        first, second = left
        for options, keys in (((), None), (("--json",), [])):
            refused = configured("purge", "--guest", first["id"], *options, keys=keys)
            assert (refused.code, "--yes" in refused.all, any(erased(configured))) == (Exit.USAGE, True, False)
        assert len(purged(configured, "--guest", first["short_id"], "--yes")["reports"]) == 2
        assert erased(configured) == [True, False, True, False]
        assert len(purged(configured, "--guest", second["stay_id"], "--yes")["reports"]) == 2
        assert purged(configured, "--guest", first["id"], "--yes")["reports"] == []

    def test_a_guest_in_house_is_kept(self, configured: Apoa) -> None:
        """Without the data the check-out could never be reported; also long after the planned day."""
        guest = configured.send()
        for _time in range(2):
            assert f"apoa checkout {guest['short_id']}" in self.refused(configured, guest["id"], "in_house")
            configured.clock.forward(timedelta(days=80))
        assert configured("checkout", guest["id"], "--at", "2026-11-26T09:00").code == 0
        assert purged(configured, "--guest", guest["id"], "--yes")["stays"] == 1

    def test_a_stay_with_an_open_report_is_kept(self, configured: Apoa, authority: Any) -> None:
        """The check-out waits: it is sent first."""
        guest = configured.send()
        authority.stop()
        out = configured("checkout", guest["id"], "--json").json
        assert "apoa sync" in self.refused(configured, guest["id"], "undelivered")
        with configured.sending(out["id"]):
            self.refused(configured, guest["id"], "undelivered")

    def test_a_lost_answer(self, apoa: Apoa, serve: Serve) -> None:
        """The authority may have the stay: it is cancelled there first."""
        apoa.set_up(serve("lost").base_url)
        report = apoa.send()
        assert f"apoa cancel {report['short_id']}" in self.refused(apoa, report["id"], "in_house")
        assert apoa("cancel", report["short_id"], "--reason", "mistake", "--yes", keys=[]).code == 0
        apoa("sync")
        assert apoa.states() == [("check_in", "accepted"), ("cancel", "accepted")]
        assert purged(apoa, "--guest", report["id"], "--yes")["stays"] == 1

    def test_purge_asks_at_a_terminal(self, configured: Apoa, left: list[dict[str, Any]]) -> None:
        """It names the guest, and when the data must be kept. Enter erases nothing, nor does a yes without the key."""
        command = ["purge", "--guest", left[0]["id"]]
        no = configured(*command, keys=[""])
        assert (no.code, QUENTIN.name in no.err, any(erased(configured))) == (0, True, False)
        assert "If an officer has asked for these data" in no.err
        with configured.without_key():
            assert (configured(*command, keys=["y"]).code, any(erased(configured))) == (77, False)
        assert (configured(*command, keys=["y"]).code, any(erased(configured))) == (0, True)

    def test_a_guest_who_comes_back_during_the_question(
        self, configured: Apoa, left: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another desk's correction, accepted before the answer, puts the guest in house again: nothing is erased."""

        def correct(*_question: str, **_default: bool) -> bool:
            assert configured("amend", left[0]["id"], "--nights", "3", "--reason", "still here", "--yes").code == 0
            return True

        monkeypatch.setattr("apoa_client.cli.commands.purge.confirm", correct)
        said = configured("purge", "--guest", left[0]["id"], keys=[])
        assert (said.code, any(erased(configured))) == (Exit.SETTINGS, False)


@pytest.fixture
def manual(manual: Apoa) -> Apoa:
    """A property whose staff type reports into APOA, with guests in house."""
    for number in range(IN_HOUSE):
        report = manual.save(replace(QUENTIN, number=f"ZX123456{number}"))
        assert manual("received", report["id"], f"STT-{number}").code == 0
    return manual


def test_only_a_scheduled_run_erases(past: Apoa) -> None:
    """After its delivery, and its output does not show it."""
    past("sync")
    assert erased(past) == [False]
    result = past("sync", "--scheduled", "--json")
    assert (result.code, result.err, "left" in result.json) == (0, "", True)
    assert erased(past) == [True]


def test_a_locked_keyring_puts_it_off(manual: Apoa) -> None:
    """The scheduled run does not fail: it says so once, and a run with the key erases the data."""
    manual.clock.forward(JUMP)
    with manual.without_key():
        assert manual("purge", "--today", f"{manual.clock.now():%Y-%m-%d}").code == 77
        said = manual("sync", "--scheduled")
        line = "Old guest data are not erased before the private key is at hand. Unlock the keyring."
        assert (said.code, said.out, said.err) == (0, "", f"{line}\n")
        assert (manual("sync", "--scheduled").all, sum(erased(manual))) == ("", 0)
    assert (manual("sync", "--scheduled").code, sum(erased(manual))) == (0, IN_HOUSE)


class TestClockFarAhead:
    """The clock is 100 days ahead: nothing is erased until something confirms the date."""

    def test_offline(self, configured: Apoa, authority: Any) -> None:
        """A scheduled run says so in one line, once a day, and `status`, too, until the authority answers again."""
        for number in range(IN_HOUSE):
            configured.send(replace(QUENTIN, number=f"ZX123456{number}"))
        authority.stop()
        before = configured.reports()
        configured.clock.forward(JUMP)
        said = configured("sync", "--scheduled")
        line = "Old guest data were not erased: nothing confirms this computer's date, 4 Mar 2027."
        advice = "If the date is right, run: apoa purge --today 2027-03-04. If not, set the clock."
        assert (said.code, said.out, said.err) == (0, "", f"{line} {advice}\n")
        configured.clock.forward(timedelta(minutes=15))
        assert configured("sync", "--scheduled").all == ""
        in_status = "Old guest data wait to be erased, until the date is confirmed: apoa purge"
        assert in_status in configured("status").out
        assert configured("status", "--json").json["purge_skipped_at"] == "2027-03-04T20:00:00+07:00"
        configured.clock.forward(DAY)
        assert line.replace("4 Mar", "5 Mar") in configured("sync", "--scheduled").err
        assert configured.reports() == before
        authority.start()
        assert configured("sync", "--scheduled").all == ""
        assert sum(erased(configured)) == IN_HOUSE
        assert configured("status", "--json").json["purge_skipped_at"] is None
        assert in_status not in configured("status").out

    def test_with_the_authoritys_time(self, apoa: Apoa, serve: Serve) -> None:
        """The authority's time counts, whatever a user says: nothing is erased, and the run says what is wrong."""
        time = apoa.clock.now()
        apoa.set_up(serve(now=lambda: time).base_url)
        apoa.send()
        apoa.clock.forward(JUMP)
        said = apoa("sync", "--scheduled")
        assert (said.code, said.out) == (0, "")
        assert "This computer's clock is 100 days ahead of the authority's." in said.err
        assert apoa("sync", "--scheduled").all == ""
        for options, keys in (([], None), ([], []), (["--today", "2027-03-04"], None)):  # and no user is asked
            assert apoa("purge", *options, keys=keys).code == 0
        apoa.clock.forward(-JUMP)
        assert (apoa("sync", "--scheduled").all, sum(erased(apoa))) == ("", 0)

    def test_with_an_authority_that_is_years_off(self, apoa: Apoa, serve: Serve) -> None:
        """Its time does not keep guests' data for ever: the difference is said, and a user confirms the date."""
        off = timedelta()
        apoa.set_up(serve(now=lambda: apoa.clock.now() + off).base_url)
        apoa.send()
        off = timedelta(days=-365_000)
        apoa.clock.forward(JUMP)
        said = apoa("sync", "--scheduled")
        assert (said.code, said.out, sum(erased(apoa))) == (0, "", 0)
        assert "Old guest data were not erased" in said.err
        assert "The clocks of this computer and of the authority differ by 365000 days" in said.err
        assert apoa("purge", "--today", f"{apoa.clock.now():%Y-%m-%d}").code == 0
        assert sum(erased(apoa)) == 1

    def test_without_a_terminal(self, manual: Apoa) -> None:
        """`purge` says why (75), until --today names this computer's date."""
        manual.clock.forward(JUMP)
        said, as_json = manual("purge"), manual("purge", "--yes", "--json")
        assert said.code == as_json.code == 75
        assert "Old guest data were not erased: nothing confirms this computer's date, 4 Mar 2027." in said.err
        assert "apoa purge --today 2027-03-04" in said.err
        assert as_json.json["error"]["class"] == "date_not_confirmed"
        wrong = manual("purge", "--today", "2026-11-24", "--json")
        assert (wrong.code, wrong.json["error"]["class"], sum(erased(manual))) == (78, "wrong_date", 0)
        assert "This computer's date is 4 Mar 2027, not 24 Nov 2026." in wrong.err
        assert manual("purge", "--today", "2027-03-04").code == 0
        assert sum(erased(manual)) == IN_HOUSE

    def test_at_a_terminal(self, manual: Apoa) -> None:
        """Enter alone erases nothing; a yes is in the log."""
        manual.clock.forward(JUMP)
        for key, count in (("", 0), ("y", IN_HOUSE)):
            said = manual("purge", keys=[key])
            assert "Today is 4 Mar 2027. Is that right?" in said.err
            assert (said.code, sum(erased(manual))) == (0 if count else 75, count)
        assert "date_confirmed" in [entry["action"] for entry in manual("log", "--json").json["entries"]]
        manual.clock.forward(DAY)
        assert manual("purge", keys=[]).code == 0
