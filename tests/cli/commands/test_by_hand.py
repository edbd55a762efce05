"""A house whose reports are typed into APOA: set up, saved, laid out on a screen or a sheet, and filed."""

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
    Serve,
    assert_sanitized,
    spoken,
    typed_in,
)
from page_helpers import read_page

from apoa_client.cli.views.apoa_form import FormLine, form_line
from apoa_client.cli.views.by_hand import form_table
from apoa_client.desk.by_hand import FormField
from apoa_client.outbox.sqlite.delivery_lock import delivery_lock
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.passport.dates import PartialDate
from apoa_client.settings import config

SET_UP = ["setup", "--non-interactive", "--property", "melati", "--vault", "file"]


@pytest.fixture
def manual(apoa: Apoa) -> Apoa:
    """The program with a property for which people type."""
    said = apoa(*SET_UP, "--by-hand")
    assert said.code == 0, said.all
    return apoa


def states(apoa: Apoa) -> dict[str, str]:
    return {report["short_id"]: report["state"] for report in apoa.reports()}


def house_of(apoa: Apoa) -> config.PropertySettings:
    return config.load(apoa.home / "config.toml").properties["melati"]


def log(apoa: Apoa) -> list[str]:
    return [entry["action"] for entry in apoa("log", "--json").json["entries"]]


class TestSetUp:
    """No address, no user name, no password."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_it_needs_nothing_but_a_name(self, apoa: Apoa, lang: str) -> None:
        """And says how it goes on."""
        said = apoa(*SET_UP, "--by-hand", "--timezone", "WITA", lang=lang)
        assert said.code == 0, said.all
        configured = house_of(apoa)
        assert (configured.by_hand, configured.api_url, configured.timezone) == (True, "", "Asia/Makassar")
        assert spoken(lang, "Then type it into APOA with: apoa sync --by-hand") in said.out
        assert log(apoa) == ["set_up"]

    def test_a_recovery_code(self, apoa: Apoa, tmp_path: Path) -> None:
        """There is as much to lose as anywhere."""
        assert "apoa key rotate" in apoa(*SET_UP, "--by-hand").err
        file = tmp_path / "code.txt"
        other = apoa(*SET_UP[:2], "--property", "bali", "--vault", "file", "--by-hand", "--recovery-file", str(file))
        assert other.code == 0
        assert "apoa key recover" in file.read_text()

    @pytest.mark.parametrize("other", [["--training"], ["--api-url", "https://example.org/v1"]])
    def test_not_both(self, apoa: Apoa, other: list[str]) -> None:
        """Who types does not send."""
        assert apoa(*SET_UP, "--by-hand", *other).code == 2
        assert not (apoa.home / "config.toml").exists()

    def test_there_and_back(self, manual: Apoa, serve: Serve) -> None:
        """Setting up again switches, either way; reports, key and deadline stay. Saying neither changes nothing."""
        report = manual.save()
        assert manual(*SET_UP, "--office", "Kanim").code == 0
        assert house_of(manual).by_hand
        assert manual.set_up(serve().base_url).code == 0
        assert not house_of(manual).by_hand
        assert manual(*SET_UP, "--by-hand").code == 0
        assert (house_of(manual).environment, house_of(manual).office) == ("", "Kanim")
        assert manual("show", report["id"], "--json").json["guest"]["surname"] == QUENTIN.surname
        assert manual.set_up(serve().base_url).code == 0
        assert manual("sync", "--json").json["accepted"] == 1

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_at_a_terminal(self, apoa: Apoa, lang: str) -> None:
        """One of the destinations; and nothing is asked about an address after it."""
        said = apoa("setup", "--vault", "file", keys=[lang, "melati", "", "", "WIB", "3", ""], lang=lang)
        assert said.code == 0, said.all
        assert house_of(apoa).by_hand
        assert spoken(lang, "Address of the authority") + ":" not in said.err
        given = apoa("setup", "--vault", "file", "--by-hand", keys=[lang, "bali", "", "", "WIB", ""], lang=lang)
        assert given.code == 0, given.all

    def test_there_is_nothing_to_log_in_to(self, manual: Apoa) -> None:
        """It is said what to do instead."""
        said = manual("login", "--password-stdin", stdin=f"{PASSWORD}\n")
        assert said.code == 78
        assert "apoa sync --by-hand" in said.err


class TestReport:
    """Saved, and not sent."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_where_it_is_now(self, manual: Apoa, lang: str) -> None:
        """In the queue, with its deadline, and how it gets into APOA; no line is tried."""
        said = manual(*QUENTIN.mrz(), lang=lang)
        assert (said.code, said.err) == (0, "")
        assert typed_in(lang, "apoa sync --by-hand") in said.out
        assert "25 Nov 2026 20:00 WIB" in said.out
        (report,) = manual.reports()
        assert (report["state"], report["attempts"], report["last_error"]) == ("queued", 0, None)


class TestUnattended:
    """Nobody is there who could type: nothing is sent, and the exit code tells."""

    def test_how_much_is_left(self, manual: Apoa) -> None:
        """75 while anything waits, 0 when nothing does."""
        idle = manual("sync", "--json")
        assert (idle.code, idle.json["left"]) == (0, 0)
        manual.save()
        for more in ([], ["--by-hand"]):
            said = manual("sync", "--json", *more)
            assert (said.code, said.json["left"], said.json["sent"], said.json["error"]) == (75, 1, 0, None)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_in_words(self, manual: Apoa, lang: str) -> None:
        """How much, and with what it is done."""
        assert manual("sync", lang=lang).out == spoken(lang, "Nothing is waiting.") + "\n"
        manual.save()
        said = manual("sync", lang=lang)
        waiting = "Waiting to be typed into APOA: {count}. Type it in with: apoa sync --by-hand"
        assert (said.code, said.out) == (75, spoken(lang, waiting, count=1) + "\n")

    @pytest.mark.parametrize("quiet", ["--scheduled", "--quiet"])
    def test_quiet_until_a_deadline_is_near(self, manual: Apoa, quiet: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Cron mails whatever is printed; within six hours, and after, that is right. It does not wait for its turn."""
        monkeypatch.setattr("random.uniform", None)
        manual.save()
        assert manual("sync", quiet)[:] == (75, "", "")
        manual.clock.forward(timedelta(hours=19))
        near = manual("sync", quiet)
        manual.clock.forward(timedelta(hours=6))
        late = manual("sync", quiet)
        assert [said.code for said in (near, late)] == [75, 75]
        assert [said.out for said in (near, late)] == ["", ""]
        assert "Due within 6 hours: 1" in near.err
        assert "Overdue: 1" in late.err

    def test_scheduled_erases_what_is_old(self, manual: Apoa) -> None:
        """As it does where reports are sent; and no terminal makes it ask."""
        report = manual.save()
        manual("received", report["id"], "STT-1")
        manual.clock.forward(timedelta(days=200))
        assert manual("sync", "--scheduled", keys=[]).code == 0
        assert manual("show", report["id"], "--json").json["erased"] is True

    def test_a_house_with_an_authority(self, configured: Apoa) -> None:
        """--by-hand sends nothing there either."""
        configured.save()
        said = configured("sync", "--by-hand", "--json")
        assert (said.code, said.json["left"], said.json["sent"]) == (75, 1, 0)


class TestWalk:
    """One guest a screen, at a terminal."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_three_guests(self, manual: Apoa, lang: str) -> None:
        """A number, a skip, a number; the most urgent first, each value as APOA's form has it, and what it came to."""
        for guest, hour in zip(GUESTS, ("12", "10", "11"), strict=True):
            manual.save(guest, "--check-in", f"2026-11-24T{hour}:00")
        said = manual("sync", keys=["STT-1", "", "STT-3"], lang=lang)
        assert said.code == 75
        places = [said.err.index(guest.number) for guest in (XIMENA, OBADIAH, QUENTIN)]
        assert places == sorted(places)
        done = ", ".join((spoken(lang, "recorded {count}", count=2), spoken(lang, "still waiting {count}", count=1)))
        assert said.out == f"{done}\n"
        receipts = {r["guest"]["surname"]: r["receipt"] and r["receipt"]["number"] for r in manual.reports()}
        assert receipts == {XIMENA.surname: "STT-1", OBADIAH.surname: None, QUENTIN.surname: "STT-3"}
        assert manual("sync", keys=["STT-2"]).code == 0
        assert manual("sync", keys=[]).out == "Nothing is waiting.\n"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_screen(self, manual: Apoa, lang: str) -> None:
        """APOA's own labels and order in either language, the reader's beside them, and the values to be copied."""
        manual.save(QUENTIN, "--stay-until", "2026-12-20", "--note", "tiba malam")
        said = manual("sync", "--by-hand", keys=["q"], lang=lang)
        beside = lang == "en"
        wanted = [
            ("Nama keluarga", "Surname", "ZYKOWSKI"),
            ("Nama depan", "Given names", "QUENTIN"),
            ("Jenis kelamin", "Sex", f"L ({spoken(lang, 'male')})"),
            ("Tempat lahir", "Place of birth", "GDANSKTOWN"),
            ("Tanggal lahir", "Date of birth", "12/09/1985 (12 Sep 1985)"),
            ("Kewarganegaraan", "Nationality", "Polandia (Poland)" if beside else "Polandia (POL)"),
            ("Nomor paspor", "Passport number", "ZX1234567"),
            ("Negara penerbit", "Issuing state", "Polandia (Poland)" if beside else "Polandia (POL)"),
            ("Masa berlaku paspor", "Passport expiry", "28/03/2032 (28 Mar 2032)"),
            ("Jenis visa / izin tinggal", "Visa / stay permit", "B1"),
            ("Izin tinggal berlaku s.d.", "Permitted until", "20/12/2026"),
            ("Tanggal check-in", "Check-in", "24/11/2026 20:00 (24 Nov 2026)"),
            ("Rencana check-out", "Planned check-out", "26/11/2026 (26 Nov 2026)"),
            ("Nomor kamar", "Room", "7"),
            ("Tujuan kedatangan", "Purpose of stay", "wisata (tourism)" if beside else "wisata"),
            ("Keterangan", "Note", "tiba malam"),
        ]
        rows = [" ".join(line.split()) for line in said.err.splitlines()]
        expected = [f"{label} {here} {value}" if beside else f"{label} {value}" for label, here, value in wanted]
        start = rows.index(expected[0])
        for row, line in zip(rows[start:], expected, strict=False):
            assert row.startswith(line)
        assert spoken(lang, 'In APOA: open "check-in manual", type this, compare, and press "simpan".') in said.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_whole_stay(self, manual: Apoa, lang: str) -> None:
        """Check-in, correction, check-out: one after the other, what changed marked, `y` where APOA gives no number."""
        first = manual.save()
        manual("received", first["id"], "STT-1")
        manual("amend", first["id"], "--reason", "pindah", "--room", "8", "--yes", "--no-send", "--json")
        manual.clock.forward(timedelta(hours=1))
        manual("checkout", first["id"], "--yes", "--no-send", "--json")
        said = manual("sync", keys=["y", "sudah"], lang=lang)
        assert said.code == 0, said.all
        before = spoken(lang, "before: {value}", value="7")
        assert f"({before})" in said.err
        assert [line[0] for line in said.err.splitlines() if f"({before})" in line] == ["*"]
        assert "24/11/2026 21:00" in said.err
        assert {report["receipt"]["number"] for report in manual.reports()} == {"STT-1"}

    def test_a_cancellation(self, manual: Apoa) -> None:
        """Whom it is about, and why; `y` for a check-in is no number."""
        first = manual.save()
        said = manual("sync", keys=["y", "STT-1"])
        assert "APOA gives a number for every check-in" in said.err
        manual("cancel", first["id"], "--reason", "guest never came", "--yes", "--no-send", "--json")
        said = manual("sync", keys=["ya"])
        assert said.code == 0, said.all
        assert "guest never came" in said.err
        assert QUENTIN.number in said.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_help_and_stop(self, manual: Apoa, lang: str) -> None:
        """Neither files anything."""
        manual.save()
        said = manual("sync", keys=["?", "q"], lang=lang)
        assert said.code == 75
        helped = "When it is saved there, type here the number on the Surat Tanda Terima: the report is then done."
        assert spoken(lang, helped) in said.err
        assert set(states(manual).values()) == {"queued"}

    @pytest.mark.parametrize("typed", ["S\x1bT", "x" * 65, "a\u202eb"])
    def test_what_is_no_number_is_asked_again(self, manual: Apoa, typed: str) -> None:
        """And nothing that a terminal would obey comes back."""
        manual.save()
        said = manual("sync", keys=[typed, "STT-1"])
        assert said.code == 0
        assert_sanitized(said.all)
        assert "This is not a receipt number" in said.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("typed", ["n", "tidak", "P<POLZYKOWSKI<<QUENTIN", "\ufffd1"])
    def test_a_word_or_a_passports_line_is_asked_again(self, manual: Apoa, typed: str, lang: str) -> None:
        """And how a number looks is said."""
        manual.save()
        said = manual("sync", keys=[typed, "STT-1"], lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, "Type it as printed on APOA's receipt.") in said.err
        assert manual.reports()[0]["receipt"]["number"] == "STT-1"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_later(self, manual: Apoa, lang: str) -> None:
        """Going back, Enter and the word in brackets leave a guest for later, and the next one is shown."""
        for guest in GUESTS:
            manual.save(guest)
        said = manual("sync", keys=["<", spoken(lang, "later").upper(), ""], lang=lang)
        assert said.code == 75, said.all
        assert all(guest.number in said.err for guest in GUESTS)
        assert set(states(manual).values()) == {"queued"}

    def test_all_of_it_later(self, manual: Apoa) -> None:
        """What Enter would do for this guest is done for all that are left: nothing is filed, nobody else is shown."""
        for guest in GUESTS:
            manual.save(guest)
        said = manual("sync", keys=[">"])
        assert said.code == 75, said.all
        assert sum(guest.number in said.err for guest in GUESTS) == 1
        assert set(states(manual).values()) == {"queued"}

    @pytest.mark.parametrize(("answer", "code"), [("y", 0), ("", 75)])
    def test_a_number_that_another_guest_has(self, manual: Apoa, answer: str, code: int) -> None:
        """Asked about; Enter alone is no."""
        manual.save()
        manual("sync", keys=["STT-1"])
        manual.save(XIMENA)
        said = manual("sync", keys=["STT-1", answer, ""])
        assert said.code == code
        assert "of another stay has this number already" in said.err

    def test_ctrl_c_keeps_what_was_filed(self, manual: Apoa) -> None:
        """The rest waits."""
        for guest in GUESTS[:2]:
            manual.save(guest)
        said = manual("sync", keys=["STT-1"])  # and then the end of input
        assert said.code == 130
        assert sorted(states(manual).values()) == ["accepted", "queued"]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_with_an_authority(self, configured: Apoa, lang: str) -> None:
        """The line is down for days: it is said that these are not sent, and they never are."""
        configured.save()
        said = configured("sync", "--by-hand", keys=["STT-1"], lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, "A report whose number you record here is not sent to the authority.") in said.err
        assert configured("sync", "--json").json["sent"] == 0

    def test_one_that_went_out_before(self, apoa: Apoa, serve: Serve) -> None:
        """No answer came, so it may be there: it is said to look first."""
        apoa.set_up(serve("lost").base_url)
        apoa.save()
        apoa("sync")
        said = apoa("sync", "--by-hand", keys=["q"])
        assert "It was sent before, but no answer came." in said.err

    def test_while_another_process_sends(self, manual: Apoa) -> None:
        """75, and nothing was shown or changed."""
        manual.save()
        with delivery_lock(manual.home / "melati" / "outbox.db", 0) as ours:
            assert ours
            said = manual("sync", keys=["STT-1"])
        assert said.code == 75
        assert QUENTIN.surname not in said.all
        assert set(states(manual).values()) == {"queued"}

    def test_changed_meanwhile(self, manual: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """A report that somebody else filed while this one was typing: told, and the walk goes on."""
        for guest in GUESTS[:2]:
            manual.save(guest)
        receive = SqliteOutbox.record_receipt

        def withdrawn_first(self: SqliteOutbox, report_id: str, receipt: Any) -> None:
            monkeypatch.setattr(SqliteOutbox, "record_receipt", receive)
            self.withdraw([report_id])
            receive(self, report_id, receipt)

        monkeypatch.setattr(SqliteOutbox, "record_receipt", withdrawn_first)
        said = manual("sync", keys=["STT-1", "STT-2"])
        assert said.code == 0, said.all
        assert sorted(states(manual).values()) == ["accepted", "withdrawn"]
        assert "Nothing was changed." in said.err

    def test_needs_the_key(self, manual: Apoa) -> None:
        """77, and nothing of a guest; without one, unattended, it is still counted."""
        manual.save()
        manual.delete_key()
        assert manual("sync", keys=["STT-1"]).code == 77
        assert manual("sync").code == 75

    def test_one_that_cannot_be_read(self, manual: Apoa) -> None:
        """It holds up nobody else."""
        broken = manual.save(QUENTIN, "--check-in", "2026-11-24T01:00")
        manual.save(XIMENA)
        with closing(sqlite3.connect(manual.home / "melati" / "outbox.db")) as db, db:
            db.execute("UPDATE reports SET content = x'00112233' WHERE id = ?", [broken["id"]])
        said = manual("sync", keys=["STT-2"])
        assert said.code == 75
        assert states(manual)[broken["short_id"]] == "queued"
        assert "recorded 1, still waiting 1" in said.out


class TestLaidOut:
    """The lines of a screen."""

    def test_a_value_is_never_cut(self) -> None:
        """One that does not fit stands on a line of its own, whole; narrow screens keep APOA's labels alone."""
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

    def test_hostile_values(self, manual: Apoa) -> None:
        """Whatever would move a cursor is shown as a question mark."""
        zone = house_of(manual).zone
        for character in DANGEROUS:
            line = form_line(FormField("surname", f"A{character}B", f"C{character}D"), zone)
            assert (line.value, line.before) == ("A?B", "C?D")

    @pytest.mark.parametrize(
        ("value", "typed"),
        [(PartialDate(1985), "1985"), (PartialDate(1985, 9), "09/1985"), (PartialDate(1985, 9, 2), "02/09/1985")],
    )
    def test_a_date_of_birth_as_far_as_it_is_known(self, manual: Apoa, value: PartialDate, typed: str) -> None:
        """And no further."""
        assert form_line(FormField("birth_date", value), house_of(manual).zone).value == typed

    def test_what_is_to_be_emptied_or_is_not_stated(self, manual: Apoa) -> None:
        """Said in words beside it."""
        zone = house_of(manual).zone
        empty = form_table([form_line(FormField("phone", "", "+62 81"), zone)], 100)
        assert empty[0].endswith("(leave it empty; before: +62 81)")
        assert form_line(FormField("birth_place", "-"), zone)[2:4] == ("-", "not stated")
        assert form_line(FormField("sex", "X"), zone)[2:4] == ("X", "not stated")
        assert form_line(FormField("nationality", "QQQ"), zone).value == "QQQ"

    def test_no_repr_tells_of_the_guest(self, manual: Apoa) -> None:
        """A line may come into a traceback."""
        assert QUENTIN.surname not in repr(form_line(FormField("surname", QUENTIN.surname), house_of(manual).zone))


class TestSheet:
    """The same on paper."""

    def written(self, apoa: Apoa, file: Path, *more: str, lang: str = "en") -> CallResult:
        return apoa("sync", "--by-hand", "--sheet", str(file), *more, lang=lang)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_all_that_waits(self, manual: Apoa, tmp_path: Path, lang: str) -> None:
        """A block each in APOA's order, private, with the command that files it; nothing is sent or filed."""
        reports = [manual.save(guest) for guest in GUESTS]
        file = tmp_path / "apoa.html"
        said = self.written(manual, file, lang=lang)
        assert said.code == 0, said.all
        assert str(file) in said.out
        assert spoken(lang, "Reports on it: {count}", count=3) in said.out
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        page = read_page(file.read_text())
        for report, guest in zip(reports, GUESTS, strict=True):
            assert f"apoa received {report['short_id']} " in page.text
            assert guest.number in page.text
        labels = ["Nama keluarga", "Nama depan", "Jenis kelamin", "Tempat lahir", "Tanggal lahir", "Kewarganegaraan"]
        places = [page.text.index(label) for label in labels]
        assert places == sorted(places)
        assert file.read_text().count('class="box"') == 3
        assert set(states(manual).values()) == {"queued"}

    def test_not_over_another_file(self, manual: Apoa, tmp_path: Path) -> None:
        """Unless it is said."""
        manual.save()
        file = tmp_path / "apoa.html"
        file.write_text("mine")
        assert self.written(manual, file).code == 2
        assert file.read_text() == "mine"
        assert self.written(manual, file, "--force").code == 0
        assert QUENTIN.surname in file.read_text()

    def test_to_a_pipe(self, manual: Apoa) -> None:
        """The page and nothing else."""
        manual.save()
        said = manual("sync", "--sheet", "-")
        assert said.code == 0
        assert said.out.startswith("<!DOCTYPE html>")
        assert said.out.rstrip().endswith("</html>")

    def test_nothing_waits(self, manual: Apoa, tmp_path: Path) -> None:
        """No sheet."""
        said = self.written(manual, tmp_path / "apoa.html")
        assert said.code == 0
        assert not (tmp_path / "apoa.html").exists()

    def test_a_stay_is_together_and_says_what_to_do_without_a_number(self, manual: Apoa, tmp_path: Path) -> None:
        """All that waits of it, in order."""
        first = manual.save()
        manual("received", first["id"], "STT-1")
        manual("amend", first["id"], "--reason", "pindah", "--room", "<8>", "--yes", "--no-send", "--json")
        manual("checkout", first["id"], "--at", "2026-11-24T20:00", "--yes", "--no-send", "--json")
        file = tmp_path / "apoa.html"
        assert self.written(manual, file).code == 0
        page = read_page(file.read_text())
        assert page.text.index("<8>") < page.text.index('press "check-out"')
        assert page.text.count("If APOA gives no number") == 2
        assert "<8>" not in file.read_text()

    def test_in_a_house_with_an_authority(self, configured: Apoa, tmp_path: Path) -> None:
        """Asking for a sheet sends nothing."""
        configured.save()
        said = configured("sync", "--sheet", str(tmp_path / "apoa.html"), "--json")
        assert (said.code, said.json["left"], said.json["sent"]) == (0, 1, 0)
        assert set(states(configured).values()) == {"queued"}

    def test_needs_the_key(self, manual: Apoa, tmp_path: Path) -> None:
        """77, and no file."""
        manual.save()
        manual.delete_key()
        assert self.written(manual, tmp_path / "apoa.html").code == 77
        assert not (tmp_path / "apoa.html").exists()

    def test_one_that_cannot_be_read(self, manual: Apoa, tmp_path: Path) -> None:
        """It is told, and left out."""
        broken = manual.save()
        manual.save(XIMENA)
        with closing(sqlite3.connect(manual.home / "melati" / "outbox.db")) as db, db:
            db.execute("UPDATE reports SET content = x'00112233' WHERE id = ?", [broken["id"]])
        file = tmp_path / "apoa.html"
        assert self.written(manual, file).code == 0
        assert broken["short_id"] not in file.read_text()
        assert XIMENA.number in file.read_text()


class TestReceived:
    """`apoa received`: a number that came later."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_in_words(self, manual: Apoa, lang: str) -> None:
        """By the short id; marked as typed, in the history and the audit trail too."""
        report = manual.save()
        said = manual("received", report["short_id"], " STT-1 ", lang=lang)
        filed = "Recorded: report {id}, receipt number {number}, typed in by staff."
        assert said[:] == (0, spoken(lang, filed, id=report["short_id"], number="STT-1") + "\n", "")
        shown = manual("receipt", report["id"], "--json").json
        assert (shown["state"], shown["receipt"]["number"], shown["receipt"]["source"]) == (
            "accepted",
            "STT-1",
            "typed",
        )
        assert "received" in log(manual)
        assert manual("status", "--json").json["counts"]["accepted"] == 1

    @pytest.mark.parametrize("when", ["2026-11-24T12:30Z", "24/11/2026 19:30", "19.30"])
    def test_json(self, manual: Apoa, when: str) -> None:
        """The report as every command prints it, with the time on the receipt in the property's zone."""
        report = manual.save()
        said = manual("received", report["id"], "STT-1", "--issued-at", when, "--json")
        assert said.code == 0
        assert said.json["receipt"] == {"number": "STT-1", "issued_at": "2026-11-24T19:30:00+07:00", "source": "typed"}
        assert (said.json["id"], said.json["state"]) == (report["id"], "accepted")
        assert said.json["guest"]["surname"] == QUENTIN.surname

    def test_needs_no_key(self, manual: Apoa) -> None:
        """Filing opens nothing; the JSON says that it is sealed."""
        report = manual.save()
        manual.delete_key()
        said = manual("received", report["id"], "STT-1", "--json")
        assert (said.code, said.json["sealed"], said.json["state"]) == (0, True, "accepted")

    @pytest.mark.parametrize("number", ["", " ", "S\x1bT", "a\nb", "x" * 65])
    def test_what_is_no_number(self, manual: Apoa, number: str) -> None:
        """65, and nothing is filed; what a terminal would obey is not repeated."""
        report = manual.save()
        said = manual("received", report["id"], number)
        assert said.code == 65
        assert_sanitized(said.all)
        assert set(states(manual).values()) == {"queued"}

    @pytest.mark.parametrize("when", ["gestern", "2026-02-30", "2026-11-25T20:00"])
    def test_a_time_that_cannot_be(self, manual: Apoa, when: str) -> None:
        """65: no time at all, none of the calendar, or one to come."""
        report = manual.save()
        assert manual("received", report["id"], "STT-1", "--issued-at", when).code == 65
        assert set(states(manual).values()) == {"queued"}

    def test_unknown_and_ambiguous_ids(self, manual: Apoa) -> None:
        """2; the candidates are named."""
        one, other = manual.save(), manual.save(XIMENA)
        assert manual("received", "ffffffff", "STT-1").code == 2
        said = manual("received", one["id"][:8], "STT-1")
        assert said.code == 2
        assert one["short_id"] in said.err
        assert other["short_id"] in said.err

    def test_what_is_past_that(self, manual: Apoa) -> None:
        """Withdrawn, replaced: 65, with what to do."""
        gone = manual.save()
        manual("cancel", gone["id"], "--reason", "x", "--yes", "--no-send")
        old = manual.save(XIMENA)
        manual("amend", old["id"], "--reason", "x", "--room", "9", "--yes", "--no-send")
        for report, state in ((gone, "withdrawn"), (old, "superseded")):
            said = manual("received", report["id"], "STT-1")
            assert said.code == 65
            assert states(manual)[report["short_id"]] == state

    def test_a_mistyped_number_is_typed_again(self, manual: Apoa) -> None:
        """The authority's own is not."""
        report = manual.save()
        for number in ("STT-1", "STT-2"):
            assert manual("received", report["id"], number).code == 0
        assert manual.reports()[0]["receipt"]["number"] == "STT-2"

    def test_the_authoritys_own_stays(self, configured: Apoa) -> None:
        """65."""
        configured(*QUENTIN.mrz())
        (before,) = configured.reports()
        assert configured("received", before["id"], "STT-1").code == 65
        assert configured.reports() == [before]

    def test_a_number_that_another_has_is_told(self, manual: Apoa) -> None:
        """And filed: it may be right."""
        first, second = manual.save(), manual.save(XIMENA)
        manual("received", first["id"], "STT-1")
        said = manual("received", second["id"], "STT-1")
        assert said.code == 0
        assert first["short_id"] in said.err
