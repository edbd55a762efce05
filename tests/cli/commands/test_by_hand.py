"""A property whose staff type reports into APOA: setup, screens, printed sheet and receipt numbers."""

import os
import re
import stat
from collections.abc import Sequence
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import (
    DANGEROUS,
    GUESTS,
    LANGUAGES,
    QUENTIN,
    XIMENA,
    Apoa,
    OpenContents,
    Serve,
    spoken,
)
from page_helpers import read_page
from screens import Screens

from apoa_client.cli.views.apoa_form import FormLine, form_line, form_table
from apoa_client.delivery.plan import LEASE
from apoa_client.desk.by_hand import FormField
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change
from apoa_client.report.kinds import Receipt, State

SET_UP = ["setup", "--non-interactive", "--property", "melati", "--vault", "file"]


def states(apoa: Apoa) -> dict[str, str]:
    return {report["short_id"]: report["state"] for report in apoa.reports()}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(apoa: Apoa, screens: Screens, lang: str) -> None:
    """What staff see who type into APOA: the set-up, a guest in full, a number, and what waits."""
    screens(apoa, *SET_UP, "--by-hand", lang=lang)
    screens(apoa, "login", lang=lang)
    screens(apoa, *QUENTIN.mrz("--stay-until", "2026-12-20", "--note", "tiba malam"), lang=lang)
    screens(apoa, "sync", lang=lang)
    screens(apoa, "sync", keys=["?", "tidak", "S\x1bT", "q"], lang=lang)
    [report] = apoa.reports()
    screens(apoa, "received", report["short_id"], "STT-1", lang=lang)
    apoa.save(XIMENA)
    screens(apoa, "sync", keys=["STT-1", "y"], lang=lang)
    screens(apoa, "received", report["short_id"], "STT-1", lang=lang)
    apoa("amend", report["id"], "--reason", "pindah", "--room", "8", "--yes", "--no-send")
    screens(apoa, "sync", "--by-hand", keys=["y"], lang=lang)
    screens(apoa, "checkout", report["short_id"], lang=lang)
    apoa("cancel", report["stay_id"], "--reason", "guest never came", "--yes", "--no-send")
    screens(apoa, "sync", keys=["ya"], lang=lang)
    screens(apoa, "sync", lang=lang)


def test_setup_again_switches_the_destination(manual: Apoa, serve: Serve) -> None:
    """A second setup switches the destination only if an option asks for it, and keeps reports and settings."""
    report = manual.save()
    assert manual(*SET_UP, "--office", "Kanim").code == 0
    assert manual.settings()["delivery"] == "manual"
    assert manual.set_up(serve(environment="production").base_url).code == 0
    assert "delivery" not in manual.settings()
    assert manual(*SET_UP, "--by-hand").code == 0
    assert (manual.settings().get("environment"), manual.settings()["office"]) == (None, "Kanim")
    assert manual("show", report["id"], "--json").json["guest"]["surname"] == QUENTIN.surname
    assert manual.set_up(serve(environment="production").base_url).code == 0
    assert manual("sync", "--json").json["accepted"] == 1


class TestUnattended:
    """Without a terminal nothing is sent, and the exit code says whether reports wait."""

    def test_exit_code_and_count(self, manual: Apoa) -> None:
        """The exit code is 75 while a report waits, and 0 when none waits; no attempt to send is made."""
        idle = manual("sync", "--json")
        assert (idle.code, idle.json["left"]) == (0, 0)
        assert manual(*QUENTIN.mrz()).code == 0
        for options in ([], ["--by-hand"]):
            result = manual("sync", "--json", *options)
            assert (result.code, result.json["left"], result.json["sent"], result.json["error"]) == (75, 1, 0, None)
        [report] = manual.reports()
        assert (report["state"], report["attempts"], report["last_error"]) == ("queued", 0, None)

    @pytest.mark.parametrize("quiet", ["--scheduled", "--quiet"])
    def test_quiet_until_a_deadline_is_near(self, manual: Apoa, quiet: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """A quiet run starts without a delay and prints only if a deadline is less than six hours away or past."""
        monkeypatch.setattr("random.uniform", None)
        manual.save()
        assert manual("sync", quiet)[:] == (75, "", "")
        manual.clock.forward(timedelta(hours=19))
        near = manual("sync", quiet)
        manual.clock.forward(timedelta(hours=6))
        late = manual("sync", quiet)
        assert [result[:2] for result in (near, late)] == [(75, "")] * 2
        assert "Due within 6 hours: 1" in near.err
        assert "Overdue: 1" in late.err


class TestCopying:
    """The values of a report, one after the other on the clipboard."""

    def test_a_guest(self, manual: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Enter copies the next value exactly as it is typed and shows it; after the last one it leaves the report."""
        copied: list[str] = [""]
        monkeypatch.setattr("pyperclip.copy", copied.append)
        monkeypatch.setattr("pyperclip.paste", lambda: copied[-1])
        manual.save()
        shown = manual("sync", "--by-hand", keys=[*[""] * 14, "next", ""])  # no number
        assert states(manual) == dict.fromkeys(states(manual), "queued"), shown.err
        values = re.findall(r"^ {6}(\S.*?)(?: \(.*\))?$", shown.err, flags=re.MULTILINE)
        assert copied[1:] == values
        assert copied[1:4] == [QUENTIN.surname, QUENTIN.given_names, "L"]
        [report] = manual.reports()
        manual("received", report["id"], "0000-1")
        manual("amend", report["id"], "--room", "9", "--reason", "lain", "--yes", "--no-send")
        del copied[1:]
        assert manual("sync", "--by-hand", keys=["", "0000-1"]).code == 0
        assert copied[1:] == ["9"]

    def test_without_a_clipboard(self, manual: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is said once, also of a tool that copies nothing without a word; the values are shown."""
        monkeypatch.setattr("pyperclip.copy", lambda _value: None)
        monkeypatch.setattr("pyperclip.paste", lambda: "")
        manual.save()
        shown = manual("sync", "--by-hand", keys=["", "", "0000-1"])
        assert (shown.code, shown.err.count("There is no clipboard here")) == (0, 1)
        assert f"\n      {QUENTIN.given_names}\n" in shown.err
        assert "copied" not in shown.err


def test_an_expiry_that_cannot_be_read(manual: Apoa) -> None:
    """That of a torn passport is typed in words, or an option; every screen and page says that it cannot be read."""
    words, details = "tidak terbaca", ["ZYKOWSKI", "QUENTIN", "L", "GDANSK", "12 sep 85", "POL", "ZX1234567"]
    typed = manual("report", "--no-send", keys=["", *details, words, "B1", "2", "7", ""], lang="id")
    assert typed.code == 0, typed.all
    [report] = manual.reports()
    assert report["guest"]["document"]["expiry_date"] is None
    assert ("guest.document.expiry_date", "missing") in {(w["field"], w["code"]) for w in report["warnings"]}
    again = manual("amend", report["id"], "--room", "9", "--reason", "lain", "--yes", "--no-send", "--json")
    assert again.json["guest"]["document"]["expiry_date"] is None
    assert manual("amend", report["id"], "--expiry-date", "unknown", "--reason", "x", "--yes", "--json").code == 65
    sheet = manual("sync", "--by-hand", "--sheet", "-", lang="id").out
    book = manual("export", "--personal", "--format", "csv", lang="id").out
    assert all(spoken("id", "not readable") in shown for shown in (typed.err, sheet, book))


def test_received_without_a_number(manual: Apoa) -> None:
    """The check-in is closed; each page of its receipt says so, `status` counts it apart, and a number may follow."""
    saved = manual.save()
    said = manual("received", saved["short_id"], "--without-number", "--json")
    assert (said.code, said.json["state"]) == (0, "accepted")
    assert (said.json["receipt"]["number"], said.json["receipt"]["source"]) == (None, "typed")
    assert manual("status", "--json").json["without_number"] == 1
    assert "Of these without a receipt number" in manual("status").out
    shown = "typed into APOA by staff, without a number"
    assert shown in manual("receipt", saved["id"]).out
    page = manual("receipt", saved["id"], "--html", "-").out
    assert (shown in read_page(page).text, "<svg" in page) == (True, False)
    assert manual("received", saved["short_id"], "STT-0001").code == 0
    assert manual("status", "--json").json["without_number"] == 0
    assert manual("received", saved["id"], "--without-number").code == 65
    assert "<svg" in manual("receipt", saved["id"], "--html", "-").out


def test_a_doubtful_number(manual: Apoa) -> None:
    """One that is short or unlike the last ones is asked again once; without a terminal a warning is shown."""
    manual("received", manual.save()["id"], "STT-2026/11.0001")
    second = manual.save(XIMENA)
    said = manual("received", second["short_id"], keys=["77", "STT-2026/11.0002"])
    assert said.code == 0, said.err
    assert "unlike the last ones" in said.err
    assert manual.reports()[1]["receipt"]["number"] == "STT-2026/11.0002"
    assert "unlike the last ones" in manual("received", second["short_id"], "77").err
    assert manual.reports()[1]["receipt"]["number"] == "77"


class TestWords:
    """What is said of a server is not said where there is none, and no reason is asked that no one reads."""

    def test_a_change_of_a_stay(self, manual: Apoa) -> None:
        """Each is saved without a reason, and then done in APOA, too: in order, and with changes marked."""
        saved = manual.save()
        manual("received", saved["id"], "STT-0001")
        amended = manual("amend", saved["id"], "--room", "9", keys=["", "n"])
        manual.clock.forward(timedelta(hours=1))
        checked_out = manual("checkout", saved["id"], keys=["", "n"])
        form = manual("sync", keys=["y", "sudah"]).err
        assert [line[0] for line in form.splitlines() if "(before: 7)" in line] == ["*"]
        assert form.index("(before: 7)") < form.index("24/11/2026 21:00")
        cancelled = manual("cancel", saved["id"], keys=["y", "n"])
        assert [said.code for said in (amended, checked_out, cancelled)] == [0, 0, 0]
        assert "Cancel it in APOA, too." in cancelled.err
        for said in (amended, checked_out, cancelled):
            shown = said.all.replace("A report whose", "").casefold()
            assert not [word for word in ("server", "authority", "send") if word in shown], shown
        form += manual("sync", keys=["y"]).err
        assert {report["receipt"]["number"] for report in manual.reports()} == {"STT-0001"}
        assert "oleh petugas" not in form
        assert "Alasan" not in form

    def test_the_receipt_of_an_earlier_server(self, configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its page names no server with an empty name."""
        monkeypatch.setattr("apoa_client.sandbox.decisions.TRAINING_NUMBER", "APOA-")  # that of the tests trains
        report = configured.send()
        configured.change_setting("environment", "production")
        assert configured(*SET_UP, "--by-hand").code == 0
        page = read_page(configured("receipt", report["id"], "--html", "-").out).text
        assert "From the authority that the property used then" in page
        assert "authority :" not in page


class TestAfterSaving:
    """At a terminal, what was just saved can be typed into APOA at once."""

    KEYS = (*QUENTIN.lines, QUENTIN.birth_place, "B1", "2", "7", "")

    def test_now_or_later(self, manual: Apoa) -> None:
        """Enter shows it, and its number is asked. Otherwise it waits, which is no error of the command."""
        assert manual("report", keys=[*self.KEYS, "n"]).code == 0
        assert manual("report", "--again", keys=[*self.KEYS, "y", "<", "<"]).code == 0
        assert [report["state"] for report in manual.reports()] == ["queued", "queued"]
        assert manual("report", "--again", keys=[*self.KEYS, "", "STT-0001", "<", "<"]).code == 0
        assert sorted(report["state"] for report in manual.reports()) == ["accepted", "queued", "queued"]

    @pytest.mark.parametrize("option", ["--yes", "--no-send"])
    def test_who_is_not_asked(self, manual: Apoa, option: str) -> None:
        """Who wants no questions, or sends nothing now."""
        said = manual(*QUENTIN.mrz(option), keys=[""])
        assert said.code == 0
        assert "now?" not in said.err


class TestScreens:
    """At a terminal, each screen shows one guest."""

    def test_leaving(self, manual: Apoa) -> None:
        """`>` leaves all remaining reports queued and shows no other guest."""
        for guest in GUESTS:
            manual.save(guest)
        result = manual("sync", keys=["?", ">"])
        assert (result.code, sum(guest.number in result.err for guest in GUESTS)) == (75, 1), result.all
        assert set(states(manual).values()) == {"queued"}

    def test_duplicate_number_needs_confirmation(self, manual: Apoa) -> None:
        """Enter alone does not confirm the number of another stay."""
        manual.save()
        manual("sync", keys=["STT-1"])
        manual.save(XIMENA)
        assert manual("sync", keys=["STT-1", "", "<"]).code == 75
        assert sorted(states(manual).values()) == ["accepted", "queued"]

    def test_a_report_on_the_screen_is_not_sent(self, configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is claimed meanwhile, so that no other desk shows it either. `<` queues it again; unattended, it waits."""
        configured.save()
        result = configured("sync", "--by-hand", "--json")
        assert (result.code, result.json["left"], result.json["sent"]) == (75, 1, 0)
        seen: list[str] = []

        def meanwhile(lines: Sequence[FormLine], width: int) -> list[str]:
            seen.extend(states(configured).values())
            return form_table(lines, width)

        monkeypatch.setattr("apoa_client.cli.prompts.by_hand.form_table", meanwhile)
        assert configured("sync", "--by-hand", keys=["<"]).code == 75
        assert (seen, set(states(configured).values())) == (["sending"], {"queued"})
        assert configured("sync", "--json").json["accepted"] == 1

    def test_report_changed_by_another_process(self, manual: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """If another process changes the report first, an error is printed and the next guest is shown."""
        for guest in GUESTS[:2]:
            manual.save(guest)
        receive = SqliteOutbox.record_receipt

        def take_over_first(self: SqliteOutbox, report_id: str, receipt: Any, lease: str) -> None:
            monkeypatch.setattr(SqliteOutbox, "record_receipt", receive)
            manual.clock.forward(LEASE)  # the user typed for longer
            now = manual.clock.now()
            theirs, _claimed = self.claim([report_id], now=now, lease_until=now + LEASE)
            self.settle(theirs, [Change(report_id, State.ACCEPTED, receipt=Receipt("STT-9", now))])
            receive(self, report_id, receipt, lease)

        monkeypatch.setattr(SqliteOutbox, "record_receipt", take_over_first)
        result = manual("sync", keys=["STT-1", "STT-2"])
        assert result.code == 0, result.all
        assert sorted(states(manual).values()) == ["accepted", "accepted"]
        assert "Nothing was changed." in result.err

    def test_without_the_key(self, manual: Apoa) -> None:
        """Without the key the command exits with 77 at a terminal, and still counts reports without one."""
        manual.save()
        manual.delete_key()
        assert manual("sync", keys=["STT-1"]).code == 77
        assert manual("sync").code == 75

    def test_unreadable_report(self, manual: Apoa) -> None:
        """It stays queued, does not block the other reports, is named at the end, and is left out of the sheet."""
        broken = manual.save(QUENTIN, "--check-in", "2026-11-24T01:00")
        manual.save(XIMENA)
        manual.change_database(f"UPDATE reports SET content = x'00112233' WHERE id = '{broken['id']}'")  # noqa: S608
        sheet = manual("sync", "--by-hand", "--sheet", "-")
        assert (sheet.code, broken["short_id"] in sheet.out, XIMENA.number in sheet.out) == (0, False, True)
        result = manual("sync", keys=["STT-2"])
        assert result.code == 78
        assert f"Report {broken['short_id']} is not as apoa-client here wrote it." in result.err
        assert states(manual)[broken["short_id"]] == "queued"
        assert "Recorded: 1. Still waiting: 1." in result.out


def test_control_characters_in_values() -> None:
    """A control character in a value is shown as a question mark."""
    evil = "".join(DANGEROUS)
    line = form_line(FormField("surname", f"A{evil}B", f"C{evil}D"), UTC)
    assert (line.value, line.before) == (f"A{'?' * len(evil)}B", f"C{'?' * len(evil)}D")


class TestPrintedSheet:
    """The same content on a printed sheet."""

    def test_all_waiting_reports(self, manual: Apoa, tmp_path: Path) -> None:
        """A private file has one block for each waiting report with its command, and no report changes its state."""
        manual("setup", "--non-interactive", "--property", "melati", "--display-name", "Wisma Melati Ubud")
        reports = [manual.save(guest) for guest in GUESTS]
        file = tmp_path / "apoa.html"
        result = manual("sync", "--by-hand", "--sheet", str(file))
        assert (result.code, str(file) in result.out) == (0, True), result.all
        assert os.name == "nt" or stat.S_IMODE(file.stat().st_mode) == 0o600
        page = read_page(file.read_text(encoding="utf-8"))
        assert "Wisma Melati Ubud" in page.text
        for report, guest in zip(reports, GUESTS, strict=True):
            assert f"apoa received {report['short_id']} " in page.text
            assert guest.number in page.text
        labels = ["Nama keluarga", "Nama depan", "Jenis kelamin", "Tempat lahir", "Tanggal lahir", "Kewarganegaraan"]
        places = [page.text.index(label) for label in labels]
        assert (places, file.read_text().count('class="box"')) == (sorted(places), 3)
        assert set(states(manual).values()) == {"queued"}

    def test_many_reports(self, manual: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each report is opened, written and forgotten."""
        reports = [manual.save(QUENTIN, "--again", "--room", str(number)) for number in range(4)]
        contents = OpenContents(monkeypatch)
        page = read_page(manual("sync", "--sheet", "-").out)
        assert contents.opened == [report["id"] for report in reports]
        assert contents.most <= 2
        assert all(f"apoa received {report['short_id']} " in page.text for report in reports)

    def test_a_failure_keeps_the_earlier_sheet(self, manual: Apoa, tmp_path: Path) -> None:
        """If a report cannot be read from the disk, the earlier sheet stays as it was."""
        manual.save()
        second = manual.save(XIMENA)
        file = tmp_path / "apoa.html"
        file.write_text("earlier")
        manual.change_database(f"UPDATE reports SET content = NULL WHERE id = '{second['id']}'")  # noqa: S608
        assert manual("sync", "--by-hand", "--sheet", str(file), "--force").code == 78
        assert (file.read_text(), list(tmp_path.glob(".apoa*"))) == ("earlier", [])
