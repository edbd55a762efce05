"""A property whose staff type reports into APOA: setup, screens, printed sheet and receipt numbers."""

import os
import re
import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import (
    DANGEROUS,
    GUESTS,
    LANGUAGES,
    OBADIAH,
    PASSWORD,
    QUENTIN,
    XIMENA,
    Apoa,
    CallResult,
    OpenContents,
    Serve,
    assert_sanitized,
    spoken,
    time_in,
    typed_in,
)
from page_helpers import read_page

from apoa_client.cli.prompts.by_hand import ByHandConversation
from apoa_client.cli.views.apoa_form import FormLine, form_line, form_table
from apoa_client.delivery.plan import LEASE
from apoa_client.desk.by_hand import FormField, TypingTask
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.passport.dates import PartialDate
from apoa_client.ports.entries import Change
from apoa_client.report.kinds import Receipt, State
from apoa_client.settings import reading
from apoa_client.settings.config import PropertySettings

SET_UP = ["setup", "--non-interactive", "--property", "melati", "--vault", "file"]


@pytest.fixture
def manual(apoa: Apoa) -> Apoa:
    """Return the program with a property whose staff type the reports into APOA."""
    result = apoa(*SET_UP, "--by-hand")
    assert result.code == 0, result.all
    return apoa


def states(apoa: Apoa) -> dict[str, str]:
    return {report["short_id"]: report["state"] for report in apoa.reports()}


def settings_of(apoa: Apoa) -> PropertySettings:
    return reading.load(apoa.home / "config.toml").properties["melati"]


def log(apoa: Apoa) -> list[str]:
    return [entry["action"] for entry in apoa("log", "--json").json["entries"]]


class TestSetUp:
    """Setup without an address, a user name or a password."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_setup_by_hand_needs_only_a_property_name(self, apoa: Apoa, lang: str) -> None:
        """Setup needs only the property name, and the output gives the next command."""
        result = apoa(*SET_UP, "--by-hand", "--timezone", "WITA", lang=lang)
        assert result.code == 0, result.all
        configured = settings_of(apoa)
        assert (configured.by_hand, configured.api_url, configured.timezone) == (True, "", "Asia/Makassar")
        assert spoken(lang, "Then type it into APOA with: apoa sync --by-hand") in result.out
        assert log(apoa) == ["set_up"]

    def test_setup_offers_a_recovery_code(self, apoa: Apoa, tmp_path: Path) -> None:
        """Setup with --by-hand offers a recovery code, as every other setup does."""
        assert "apoa key rotate" in apoa(*SET_UP, "--by-hand").err
        file = tmp_path / "code.txt"
        other = apoa(*SET_UP[:2], "--property", "bali", "--vault", "file", "--by-hand", "--recovery-file", str(file))
        assert other.code == 0
        assert "apoa key recover" in file.read_text()

    @pytest.mark.parametrize("other", [["--training"], ["--api-url", "https://example.org/v1"]])
    def test_by_hand_excludes_other_destinations(self, apoa: Apoa, other: list[str]) -> None:
        """The option --by-hand together with --training or --api-url is a usage error."""
        assert apoa(*SET_UP, "--by-hand", *other).code == 2
        assert not (apoa.home / "config.toml").exists()

    def test_setup_again_switches_the_destination(self, manual: Apoa, serve: Serve) -> None:
        """A second setup switches the destination only if an option asks for it, and keeps reports and settings."""
        report = manual.save()
        assert manual(*SET_UP, "--office", "Kanim").code == 0
        assert settings_of(manual).by_hand
        assert manual.set_up(serve().base_url).code == 0
        assert not settings_of(manual).by_hand
        assert manual(*SET_UP, "--by-hand").code == 0
        assert (settings_of(manual).environment, settings_of(manual).office) == ("", "Kanim")
        assert manual("show", report["id"], "--json").json["guest"]["surname"] == QUENTIN.surname
        assert manual.set_up(serve().base_url).code == 0
        assert manual("sync", "--json").json["accepted"] == 1

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_setup_at_a_terminal(self, apoa: Apoa, lang: str) -> None:
        """By hand is one of the destinations at a terminal, and then setup does not ask for an address."""
        result = apoa("setup", "--vault", "file", keys=[lang, "melati", "", "", "", "WIB", "3", ""], lang=lang)
        assert result.code == 0, result.all
        assert settings_of(apoa).by_hand
        assert spoken(lang, "Address of the authority") + ":" not in result.err
        with_option = apoa(
            "setup", "--vault", "file", "--by-hand", keys=[lang, "bali", "", "", "", "WIB", ""], lang=lang
        )
        assert with_option.code == 0, with_option.all

    def test_login_is_refused(self, manual: Apoa) -> None:
        """The login command fails and names the command to use instead."""
        result = manual("login", "--password-stdin", stdin=f"{PASSWORD}\n")
        assert result.code == 78
        assert "apoa sync --by-hand" in result.err


class TestReport:
    """A new report is saved and not sent."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_new_report_is_queued(self, manual: Apoa, lang: str) -> None:
        """A new report is queued without an attempt to send, and the output gives the deadline and the next command."""
        result = manual(*QUENTIN.mrz(), lang=lang)
        assert (result.code, result.err) == (0, "")
        assert typed_in(lang, "apoa sync --by-hand") in result.out
        assert time_in(lang, "25 Nov 2026 20:00 WIB") in result.out
        (report,) = manual.reports()
        assert (report["state"], report["attempts"], report["last_error"]) == ("queued", 0, None)


class TestUnattended:
    """Without a terminal nothing is sent, and the exit code says whether reports wait."""

    def test_exit_code_and_count(self, manual: Apoa) -> None:
        """The exit code is 75 while a report waits, and 0 when none waits."""
        idle = manual("sync", "--json")
        assert (idle.code, idle.json["left"]) == (0, 0)
        manual.save()
        for options in ([], ["--by-hand"]):
            result = manual("sync", "--json", *options)
            assert (result.code, result.json["left"], result.json["sent"], result.json["error"]) == (75, 1, 0, None)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_text_output(self, manual: Apoa, lang: str) -> None:
        """The text output gives the number of waiting reports and the next command."""
        assert manual("sync", lang=lang).out == spoken(lang, "Nothing is waiting.") + "\n"
        manual.save()
        result = manual("sync", lang=lang)
        waiting = "Waiting to be typed into APOA: {count}. Type it in with: apoa sync --by-hand"
        assert (result.code, result.out) == (75, spoken(lang, waiting, count=1) + "\n")

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
        assert [result.code for result in (near, late)] == [75, 75]
        assert [result.out for result in (near, late)] == ["", ""]
        assert "Due within 6 hours: 1" in near.err
        assert "Overdue: 1" in late.err

    def test_scheduled_run_erases_old_guest_data(self, manual: Apoa) -> None:
        """A scheduled run erases old guest data and asks no question at a terminal."""
        report = manual.save()
        manual("received", report["id"], "STT-1")
        for _day in range(100):
            manual.clock.forward(timedelta(days=1))
            assert manual("sync", "--scheduled", keys=[]).code == 0
        assert manual("show", report["id"], "--json").json["erased"] is True

    def test_property_that_sends_reports(self, configured: Apoa) -> None:
        """The option --by-hand sends nothing for a property that usually sends its reports."""
        configured.save()
        result = configured("sync", "--by-hand", "--json")
        assert (result.code, result.json["left"], result.json["sent"]) == (75, 1, 0)


class TestScreens:
    """At a terminal, each screen shows one guest."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_three_guests(self, manual: Apoa, lang: str) -> None:
        """The most urgent report comes first, Enter skips a report, and the last line counts the results."""
        for guest, hour in zip(GUESTS, ("12", "10", "11"), strict=True):
            manual.save(guest, "--check-in", f"2026-11-24T{hour}:00")
        result = manual("sync", keys=["STT-1", "", "STT-3"], lang=lang)
        assert result.code == 75
        places = [result.err.index(guest.number) for guest in (XIMENA, OBADIAH, QUENTIN)]
        assert places == sorted(places)
        done = ", ".join((spoken(lang, "recorded {count}", count=2), spoken(lang, "still waiting {count}", count=1)))
        assert result.out == f"{done}\n"
        receipts = {r["guest"]["surname"]: r["receipt"] and r["receipt"]["number"] for r in manual.reports()}
        assert receipts == {XIMENA.surname: "STT-1", OBADIAH.surname: None, QUENTIN.surname: "STT-3"}
        assert manual("sync", keys=["STT-2"]).code == 0
        assert manual("sync", keys=[]).out == "Nothing is waiting.\n"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_screen_content(self, manual: Apoa, lang: str) -> None:
        """A screen shows Indonesian labels in our order, the labels in the user's language, and the values."""
        manual.save(QUENTIN, "--stay-until", "2026-12-20", "--note", "tiba malam")
        result = manual("sync", "--by-hand", keys=["q"], lang=lang)
        english = lang == "en"
        wanted = [
            ("Nama keluarga", "Surname", "ZYKOWSKI"),
            ("Nama depan", "Given names", "QUENTIN"),
            ("Jenis kelamin", "Sex", f"L ({spoken(lang, 'male')})"),
            ("Tempat lahir", "Place of birth", "GDANSKTOWN"),
            ("Tanggal lahir", "Date of birth", "12/09/1985 (12 Sep 1985)"),
            ("Kewarganegaraan", "Nationality", "Polandia (Poland)" if english else "Polandia (POL)"),
            ("Nomor paspor", "Passport number", "ZX1234567"),
            ("Negara penerbit", "Issuing state", "Polandia (Poland)" if english else "Polandia (POL)"),
            ("Masa berlaku paspor", "Passport expiry", "28/03/2032 (28 Mar 2032)"),
            ("Jenis visa/izin tinggal", "Visa / stay permit", "B1"),
            ("Izin tinggal berlaku s.d.", "Permitted until", "20/12/2026"),
            ("Tanggal check-in", "Check-in", "24/11/2026 20:00 (24 Nov 2026)"),
            ("Rencana check-out", "Planned check-out", "26/11/2026 (26 Nov 2026)"),
            ("Nomor kamar", "Room", "7"),
            ("Tujuan kedatangan", "Purpose of stay", "wisata (tourism)" if english else "wisata"),
            ("Keterangan", "Note", "tiba malam"),
        ]
        rows = [" ".join(line.split()) for line in result.err.splitlines()]
        expected = [
            f"{label} {translation} {value}" if english else f"{label} {value}" for label, translation, value in wanted
        ]
        start = rows.index(expected[0])
        for row, line in zip(rows[start:], expected, strict=False):
            assert row.startswith(line)
        assert spoken(lang, 'In APOA: open "check-in manual", type this, compare, and press "simpan".') in result.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_order_of_the_settings(self, manual: Apoa, tmp_path: Path, lang: str) -> None:
        """The order is said to be ours until the settings give another one, on a screen and on a sheet."""
        ours = spoken(
            lang, "The fields are in our order, which may not be APOA's. The setting by_hand_order changes it."
        )
        manual.save(QUENTIN)
        sheet = ["sync", "--by-hand", "--force", "--sheet", str(tmp_path / "sheet.html")]
        assert ours in " ".join(manual("sync", keys=["?", "q"], lang=lang).err.split())
        assert manual(*sheet).code == 0
        assert ours in read_page((tmp_path / "sheet.html").read_text(encoding="utf-8")).text
        config = manual.home / "config.toml"
        order = 'by_hand_order = "room, document_number"\n'
        config.write_text(config.read_text(encoding="utf-8") + order, encoding="utf-8")
        shown = manual("sync", keys=["?", "q"], lang=lang).err
        assert ours not in " ".join(shown.split())
        assert manual(*sheet).code == 0
        page = read_page((tmp_path / "sheet.html").read_text(encoding="utf-8")).text
        assert ours not in page
        for text in (shown, page):
            places = [
                text.index(label) for label in ("Nomor kamar", "Nomor paspor", "Nama keluarga", "Rencana check-out")
            ]
            assert places == sorted(places)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_all_reports_of_a_stay(self, manual: Apoa, lang: str) -> None:
        """Reports of one stay come in order with changes marked, and `y` confirms a report without a number."""
        first = manual.save()
        manual("received", first["id"], "STT-1")
        manual("amend", first["id"], "--reason", "pindah", "--room", "8", "--yes", "--no-send", "--json")
        manual.clock.forward(timedelta(hours=1))
        manual("checkout", first["id"], "--yes", "--no-send", "--json")
        result = manual("sync", keys=["y", "sudah"], lang=lang)
        assert result.code == 0, result.all
        before = spoken(lang, "before: {value}", value="7")
        assert f"({before})" in result.err
        assert [line[0] for line in result.err.splitlines() if f"({before})" in line] == ["*"]
        assert "24/11/2026 21:00" in result.err
        assert {report["receipt"]["number"] for report in manual.reports()} == {"STT-1"}

    def test_cancellation(self, manual: Apoa) -> None:
        """A cancellation shows the guest and the reason, and `y` is not accepted as the number of a check-in."""
        first = manual.save()
        result = manual("sync", keys=["y", "STT-1"])
        assert "APOA gives a number for every check-in" in result.err
        manual("cancel", first["id"], "--reason", "guest never came", "--yes", "--no-send", "--json")
        result = manual("sync", keys=["ya"])
        assert result.code == 0, result.all
        assert "guest never came" in result.err
        assert QUENTIN.number in result.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_help_and_quit(self, manual: Apoa, lang: str) -> None:
        """Help and quit record nothing."""
        manual.save()
        result = manual("sync", keys=["?", "q"], lang=lang)
        assert result.code == 75
        help_text = "When it is saved there, type here the number on the Surat Tanda Terima: the report is then done."
        assert spoken(lang, help_text) in result.err
        assert set(states(manual).values()) == {"queued"}

    @pytest.mark.parametrize("typed", ["S\x1bT", "x" * 65, "a\u202eb"])
    def test_invalid_number_repeats_the_question(self, manual: Apoa, typed: str) -> None:
        """An invalid number repeats the question, and the output has no control characters."""
        manual.save()
        result = manual("sync", keys=[typed, "STT-1"])
        assert result.code == 0
        assert_sanitized(result.all)
        assert "This is not a receipt number" in result.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("typed", ["n", "tidak", "P<POLZYKOWSKI<<QUENTIN", "\ufffd1"])
    def test_word_or_mrz_line_repeats_the_question(self, manual: Apoa, typed: str, lang: str) -> None:
        """A word or an MRZ line is not accepted as a number, and the output explains how to type the number."""
        manual.save()
        result = manual("sync", keys=[typed, "STT-1"], lang=lang)
        assert result.code == 0, result.all
        assert spoken(lang, "Type it as printed on APOA's receipt.") in result.err
        assert manual.reports()[0]["receipt"]["number"] == "STT-1"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_later_shows_the_next_guest(self, manual: Apoa, lang: str) -> None:
        """Back, Enter and the word for later each leave the report queued and show the next guest."""
        for guest in GUESTS:
            manual.save(guest)
        result = manual("sync", keys=["<", spoken(lang, "later").upper(), ""], lang=lang)
        assert result.code == 75, result.all
        assert all(guest.number in result.err for guest in GUESTS)
        assert set(states(manual).values()) == {"queued"}

    def test_accept_all_leaves_every_report_queued(self, manual: Apoa) -> None:
        """The input `>` leaves all remaining reports queued and shows no other guest."""
        for guest in GUESTS:
            manual.save(guest)
        result = manual("sync", keys=[">"])
        assert result.code == 75, result.all
        assert sum(guest.number in result.err for guest in GUESTS) == 1
        assert set(states(manual).values()) == {"queued"}

    @pytest.mark.parametrize(("answer", "code"), [("y", 0), ("", 75)])
    def test_duplicate_number_needs_confirmation(self, manual: Apoa, answer: str, code: int) -> None:
        """A number of another stay needs a confirmation, and Enter alone means no."""
        manual.save()
        manual("sync", keys=["STT-1"])
        manual.save(XIMENA)
        result = manual("sync", keys=["STT-1", answer, ""])
        assert result.code == code
        assert "of another stay has this number already" in result.err

    def test_end_of_input_keeps_recorded_numbers(self, manual: Apoa) -> None:
        """The end of input keeps the numbers that are recorded, and the other reports stay queued."""
        for guest in GUESTS[:2]:
            manual.save(guest)
        result = manual("sync", keys=["STT-1"])  # then the input ends
        assert result.code == 130
        assert sorted(states(manual).values()) == ["accepted", "queued"]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_recorded_report_is_not_sent(self, configured: Apoa, lang: str) -> None:
        """A report with a recorded number is not sent to the authority later, and the output says so."""
        configured.save()
        result = configured("sync", "--by-hand", keys=["STT-1"], lang=lang)
        assert result.code == 0, result.all
        assert spoken(lang, "A report whose number you record here is not sent to the authority.") in result.err
        assert configured("sync", "--json").json["sent"] == 0

    def test_report_sent_without_an_answer(self, apoa: Apoa, serve: Serve) -> None:
        """A report that was sent without an answer is shown with a warning."""
        apoa.set_up(serve("lost").base_url)
        apoa.save()
        apoa("sync")
        result = apoa("sync", "--by-hand", keys=["q"])
        assert "It was sent before, but no answer came." in result.err

    def test_what_another_process_sends(self, manual: Apoa) -> None:
        """It is not shown, at another desk neither; the others are typed in."""
        sent = manual.save(QUENTIN)
        manual.save(XIMENA)
        with manual.sending(sent["id"]):
            result = manual("sync", keys=["STT-1"])
            assert sorted(states(manual).values()) == ["accepted", "sending"]
        assert result.code == 75
        assert QUENTIN.surname not in result.all

    def test_a_report_on_the_screen_is_not_sent(self, configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is claimed meanwhile, so that no other desk shows it either. Enter queues it again."""
        configured.save()
        seen: list[str] = []
        show = ByHandConversation._show

        def meanwhile(self: ByHandConversation, task: TypingTask) -> None:
            show(self, task)
            seen.extend(states(configured).values())

        monkeypatch.setattr(ByHandConversation, "_show", meanwhile)
        assert configured("sync", "--by-hand", keys=[""]).code == 75
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
        """An unreadable report stays queued, does not block the other reports, and is named at the end."""
        broken = manual.save(QUENTIN, "--check-in", "2026-11-24T01:00")
        manual.save(XIMENA)
        with closing(sqlite3.connect(manual.home / "melati" / "outbox.db")) as db, db:
            db.execute("UPDATE reports SET content = x'00112233' WHERE id = ?", [broken["id"]])
        result = manual("sync", keys=["STT-2"])
        assert result.code == 78
        assert f"Report {broken['short_id']} is not as apoa-client here wrote it." in result.err
        assert states(manual)[broken["short_id"]] == "queued"
        assert "recorded 1, still waiting 1" in result.out


class TestFormLines:
    """The lines of a screen."""

    def test_long_value_is_not_cut(self) -> None:
        """A long value is printed complete on its own line, and a narrow screen shows only the labels of APOA."""
        lines = [
            FormLine("Keterangan", "Note", "x" * 60, "", changed=False, before=""),
            FormLine(
                "Izin tinggal berlaku s.d.", "Permitted until", "20/12/2026", "20 Dec 2026", changed=False, before=""
            ),
        ]
        wide, narrow = form_table(lines, 80), form_table(lines, 60)
        assert wide[1].split() == ["\x1b[1m" + "x" * 60 + "\x1b[0m"]
        assert "Permitted until" in wide[2]
        assert "Permitted until" not in narrow[2]
        assert narrow[2].endswith("20/12/2026\x1b[0m (20 Dec 2026)")

    def test_control_characters_in_values(self, manual: Apoa) -> None:
        """A control character in a value is shown as a question mark."""
        zone = settings_of(manual).zone
        for character in DANGEROUS:
            line = form_line(FormField("surname", f"A{character}B", f"C{character}D"), zone)
            assert (line.value, line.before) == ("A?B", "C?D")

    @pytest.mark.parametrize(
        ("value", "typed"),
        [(PartialDate(1985), "1985"), (PartialDate(1985, 9), "09/1985"), (PartialDate(1985, 9, 2), "02/09/1985")],
    )
    def test_partial_date_of_birth(self, manual: Apoa, value: PartialDate, typed: str) -> None:
        """A date of birth shows only its known parts."""
        assert form_line(FormField("birth_date", value), settings_of(manual).zone).value == typed

    def test_empty_and_unstated_values(self, manual: Apoa) -> None:
        """A note english the value explains a field to leave empty and a value that is not stated."""
        zone = settings_of(manual).zone
        empty = form_table([form_line(FormField("phone", "", "+62 81"), zone)], 100)
        assert empty[0].endswith("(leave it empty; before: +62 81)")
        assert form_line(FormField("birth_place", "-"), zone)[2:4] == ("-", "not stated")
        assert form_line(FormField("sex", "X"), zone)[2:4] == ("X", "not stated")
        assert form_line(FormField("nationality", "QQQ"), zone).value == "QQQ"

    def test_repr_has_no_guest_data(self, manual: Apoa) -> None:
        """The repr of a line has no guest data, because a traceback can show it."""
        assert QUENTIN.surname not in repr(form_line(FormField("surname", QUENTIN.surname), settings_of(manual).zone))


class TestPrintedSheet:
    """The same content on a printed sheet."""

    def write_sheet(self, apoa: Apoa, file: Path, *more: str, lang: str = "en") -> CallResult:
        return apoa("sync", "--by-hand", "--sheet", str(file), *more, lang=lang)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_all_waiting_reports(self, manual: Apoa, tmp_path: Path, lang: str) -> None:
        """A private file has one block for each waiting report with its command, and no report changes its state."""
        reports = [manual.save(guest) for guest in GUESTS]
        file = tmp_path / "apoa.html"
        result = self.write_sheet(manual, file, lang=lang)
        assert result.code == 0, result.all
        assert str(file) in result.out
        assert spoken(lang, "Reports on it: {count}", count=3) in result.out
        assert os.name == "nt" or stat.S_IMODE(file.stat().st_mode) == 0o600
        page = read_page(file.read_text(encoding="utf-8"))
        for report, guest in zip(reports, GUESTS, strict=True):
            assert typed_in(lang, f"apoa received {report['short_id']} ") in page.text
            assert guest.number in page.text
        labels = ["Nama keluarga", "Nama depan", "Jenis kelamin", "Tempat lahir", "Tanggal lahir", "Kewarganegaraan"]
        places = [page.text.index(label) for label in labels]
        assert places == sorted(places)
        assert file.read_text().count('class="box"') == 3
        assert set(states(manual).values()) == {"queued"}

    @pytest.mark.parametrize("to_file", [True, False])
    def test_many_reports(
        self, manual: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, to_file: bool
    ) -> None:
        """Each report is opened, written and forgotten."""
        reports = [manual.save(QUENTIN, "--again", "--room", str(number)) for number in range(8)]
        contents = OpenContents(monkeypatch)
        result = self.write_sheet(manual, tmp_path / "apoa.html") if to_file else manual("sync", "--sheet", "-")
        page = read_page((tmp_path / "apoa.html").read_text() if to_file else result.out)
        assert contents.opened == [report["id"] for report in reports]
        assert contents.most <= 2
        assert [f"apoa received {report['short_id']} " in page.text for report in reports] == [True] * 8

    def test_the_name_for_guests(self, manual: Apoa, tmp_path: Path) -> None:
        """The sheet shows it in place of the short name."""
        manual.save()
        named = manual("setup", "--non-interactive", "--property", "melati", "--display-name", "Wisma Melati Ubud")
        assert named.code == 0, named.all
        file = tmp_path / "apoa.html"
        assert self.write_sheet(manual, file).code == 0
        assert "Wisma Melati Ubud" in file.read_text(encoding="utf-8")

    def test_a_failure_keeps_the_earlier_sheet(self, manual: Apoa, tmp_path: Path) -> None:
        """If a report cannot be read from the disk, the earlier sheet stays as it was."""
        manual.save()
        second = manual.save(XIMENA)
        file = tmp_path / "apoa.html"
        file.write_text("earlier")
        with closing(sqlite3.connect(manual.home / "melati" / "outbox.db")) as db, db:
            db.execute("UPDATE reports SET content = NULL WHERE id = ?", [second["id"]])
        assert self.write_sheet(manual, file, "--force").code == 78
        assert (file.read_text(), list(tmp_path.glob(".apoa*"))) == ("earlier", [])

    def test_existing_file(self, manual: Apoa, tmp_path: Path) -> None:
        """An existing file is overwritten only with --force."""
        manual.save()
        file = tmp_path / "apoa.html"
        file.write_text("mine")
        assert self.write_sheet(manual, file).code == 2
        assert file.read_text() == "mine"
        assert self.write_sheet(manual, file, "--force").code == 0
        assert QUENTIN.surname in file.read_text()

    def test_standard_output(self, manual: Apoa) -> None:
        """With `-` only the page is written to standard output."""
        manual.save()
        result = manual("sync", "--sheet", "-")
        assert result.code == 0
        assert result.out.startswith("<!DOCTYPE html>")
        assert result.out.rstrip().endswith("</html>")

    def test_no_waiting_report(self, manual: Apoa, tmp_path: Path) -> None:
        """No sheet is written if no report waits."""
        result = self.write_sheet(manual, tmp_path / "apoa.html")
        assert result.code == 0
        assert not (tmp_path / "apoa.html").exists()

    def test_reports_of_one_stay(self, manual: Apoa, tmp_path: Path) -> None:
        """Reports of one stay are printed in order, with the step to take if APOA gives no number."""
        first = manual.save()
        manual("received", first["id"], "STT-1")
        manual("amend", first["id"], "--reason", "pindah", "--room", "<8>", "--yes", "--no-send", "--json")
        manual("checkout", first["id"], "--at", "2026-11-24T20:00", "--yes", "--no-send", "--json")
        file = tmp_path / "apoa.html"
        assert self.write_sheet(manual, file).code == 0
        page = read_page(file.read_text(encoding="utf-8"))
        assert page.text.index("<8>") < page.text.index('press "check-out"')
        assert page.text.count("If APOA gives no number") == 2
        assert "<8>" not in file.read_text()

    def test_property_that_sends_reports(self, configured: Apoa, tmp_path: Path) -> None:
        """The option --sheet sends nothing for a property that usually sends its reports."""
        configured.save()
        result = configured("sync", "--sheet", str(tmp_path / "apoa.html"), "--json")
        assert (result.code, result.json["left"], result.json["sent"]) == (0, 1, 0)
        assert set(states(configured).values()) == {"queued"}

    def test_without_the_key(self, manual: Apoa, tmp_path: Path) -> None:
        """Without the key the command exits with 77 and writes no file."""
        manual.save()
        manual.delete_key()
        assert self.write_sheet(manual, tmp_path / "apoa.html").code == 77
        assert not (tmp_path / "apoa.html").exists()

    def test_unreadable_report(self, manual: Apoa, tmp_path: Path) -> None:
        """An unreadable report is left out of the sheet, and the other reports are printed."""
        broken = manual.save()
        manual.save(XIMENA)
        with closing(sqlite3.connect(manual.home / "melati" / "outbox.db")) as db, db:
            db.execute("UPDATE reports SET content = x'00112233' WHERE id = ?", [broken["id"]])
        file = tmp_path / "apoa.html"
        assert self.write_sheet(manual, file).code == 0
        assert broken["short_id"] not in file.read_text()
        assert XIMENA.number in file.read_text()


class TestReceived:
    """`apoa received` records a receipt number."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_text_output(self, manual: Apoa, lang: str) -> None:
        """A number is recorded by short id, marked as typed, and logged in the audit trail."""
        report = manual.save()
        result = manual("received", report["short_id"], " STT-1 ", lang=lang)
        filed = "Recorded: report {id}, receipt number {number}, typed in by staff."
        assert result[:] == (0, spoken(lang, filed, id=report["short_id"], number="STT-1") + "\n", "")
        shown = manual("receipt", report["id"], "--json").json
        assert (shown["state"], shown["receipt"]["number"], shown["receipt"]["source"]) == (
            "accepted",
            "STT-1",
            "typed",
        )
        assert "received" in log(manual)
        assert manual("status", "--json").json["counts"]["accepted"] == 1

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_it_counts_as_reported_and_not_as_sent(self, manual: Apoa, lang: str) -> None:
        """What staff typed into APOA is shown as reported: this program did not send it."""
        report = manual.save()
        manual("received", report["short_id"], "STT-1")
        for command in (["list"], ["list", "--in-house"], ["show", report["short_id"]], ["status", "--tonight"]):
            shown = manual(*command, lang=lang).out
            assert spoken(lang, "reported") in shown
            assert not re.search(rf"\b{spoken(lang, 'sent')}\b", shown)

    @pytest.mark.parametrize("when", ["2026-11-24T12:30Z", "24/11/2026 19:30", "19.30"])
    def test_json_output(self, manual: Apoa, when: str) -> None:
        """The JSON output is the report with the receipt, and its time is in the time zone of the property."""
        report = manual.save()
        result = manual("received", report["id"], "STT-1", "--issued-at", when, "--json")
        assert result.code == 0
        assert result.json["receipt"] == {
            "number": "STT-1",
            "issued_at": "2026-11-24T19:30:00+07:00",
            "source": "typed",
        }
        assert (result.json["id"], result.json["state"]) == (report["id"], "accepted")
        assert result.json["guest"]["surname"] == QUENTIN.surname

    def test_without_the_key(self, manual: Apoa) -> None:
        """A number is recorded with the key only: nothing else proves that this program wrote it."""
        report = manual.save()
        manual.delete_key()
        result = manual("received", report["id"], "STT-1", "--json")
        assert (result.code, result.json["error"]["class"]) == (77, "key_needed")
        assert list(states(manual).values()) == ["queued"]

    @pytest.mark.parametrize("number", ["", " ", "S\x1bT", "a\nb", "x" * 65])
    def test_invalid_number(self, manual: Apoa, number: str) -> None:
        """An invalid number exits with 65, records nothing, and prints no control characters."""
        report = manual.save()
        result = manual("received", report["id"], number)
        assert result.code == 65
        assert_sanitized(result.all)
        assert set(states(manual).values()) == {"queued"}

    @pytest.mark.parametrize("when", ["gestern", "2026-02-30", "2026-11-25T20:00"])
    def test_invalid_time(self, manual: Apoa, when: str) -> None:
        """A text that is no time, a date that does not exist or a future time exits with 65."""
        report = manual.save()
        assert manual("received", report["id"], "STT-1", "--issued-at", when).code == 65
        assert set(states(manual).values()) == {"queued"}

    def test_unknown_and_ambiguous_ids(self, manual: Apoa) -> None:
        """An unknown or ambiguous id exits with 2, and the matching ids are listed."""
        one, other = manual.save(), manual.save(XIMENA)
        assert manual("received", "ffffffff", "STT-1").code == 2
        result = manual("received", one["id"][:8], "STT-1")
        assert result.code == 2
        assert one["short_id"] in result.err
        assert other["short_id"] in result.err

    def test_withdrawn_and_superseded_reports(self, manual: Apoa) -> None:
        """A number for a withdrawn or superseded report exits with 65 and changes nothing."""
        withdrawn = manual.save()
        manual("cancel", withdrawn["id"], "--reason", "x", "--yes", "--no-send")
        superseded = manual.save(XIMENA)
        manual("amend", superseded["id"], "--reason", "x", "--room", "9", "--yes", "--no-send")
        for report, state in ((withdrawn, "withdrawn"), (superseded, "superseded")):
            result = manual("received", report["id"], "STT-1")
            assert result.code == 65
            assert states(manual)[report["short_id"]] == state

    def test_typed_number_can_be_replaced(self, manual: Apoa) -> None:
        """A second number replaces a typed number."""
        report = manual.save()
        for number in ("STT-1", "STT-2"):
            assert manual("received", report["id"], number).code == 0
        assert manual.reports()[0]["receipt"]["number"] == "STT-2"

    def test_number_from_the_authority_is_kept(self, configured: Apoa) -> None:
        """A typed number does not replace a number from the authority, and the command exits with 65."""
        configured(*QUENTIN.mrz())
        (before,) = configured.reports()
        assert configured("received", before["id"], "STT-1").code == 65
        assert configured.reports() == [before]

    def test_duplicate_number_is_recorded_with_a_warning(self, manual: Apoa) -> None:
        """A number of another report is recorded, and a warning names that report."""
        first, second = manual.save(), manual.save(XIMENA)
        manual("received", first["id"], "STT-1")
        result = manual("received", second["id"], "STT-1")
        assert result.code == 0
        assert first["short_id"] in result.err
