"""`apoa receipt`: on the screen, as JSON, as a page to print, as the authority's PDF, of a period, and of a day."""

import os
import stat
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from app_helpers import app_of
from authority_simulator import AuthoritySimulator
from cli_helpers import (
    GUESTS,
    LANGUAGES,
    OBADIAH,
    QUENTIN,
    XIMENA,
    Apoa,
    Guest,
    Hostile,
    OpenContents,
    Serve,
    assert_sanitized,
    listening,
    spoken,
)
from page_helpers import Page, read_page
from screens import Screens

from apoa_client.app.container import Container
from apoa_client.authority.client import HttpAuthority
from apoa_client.ports.authority import DailyReceipt
from apoa_client.report.kinds import Receipt
from apoa_client.sandbox.server import SandboxServer

TRAINING = "Training only: this is not a receipt from Immigration, and the guest is not reported there."
TYPED = "number typed in by staff"
NOT_A_RECEIPT = "This is not a receipt"
OURS = "Printed by the property from its own records with apoa-client. It is not a document of Immigration."


def printed(apoa: Apoa, reference: str, **environ: str) -> Page:
    """Return the page of a report, written to standard output."""
    result = apoa("receipt", reference, "--html", "-", **environ)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("<!DOCTYPE html>")
    return read_page(result.out)


def assert_both(page: Page, sentence: str, **values: object) -> None:
    """Assert that a sentence is on the page in both languages."""
    for language in LANGUAGES:
        assert spoken(language, sentence, **values) in page.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(apoa: Apoa, screens: Screens, serve: Serve, lang: str) -> None:
    """What the desk sees of a receipt, of a report that waits or was refused, of a file, and of a whole day."""
    assert apoa.set_up(serve("ok,pending,reject").base_url).code == 0
    for guest in GUESTS:
        apoa(*guest.mrz())
        screens(apoa, "receipt", guest.surname, lang=lang)
    screens(apoa, "receipt", QUENTIN.surname, "--html", str(apoa.home / "a.html"), lang=lang)
    screens(apoa, "receipt", QUENTIN.surname, "--html", str(apoa.home / "a.html"), lang=lang)
    screens(apoa, "receipt", QUENTIN.surname, "--html", str(apoa.home / "no" / "a.html"), lang=lang)
    screens(apoa, "receipt", QUENTIN.surname, "--pdf", str(apoa.home / "a.pdf"), lang=lang)
    screens(apoa, "receipt", XIMENA.surname, "--pdf", str(apoa.home / "a.pdf"), lang=lang)
    screens(apoa, "receipt", "--all", "--output", str(apoa.home / "pages"), lang=lang)
    screens(apoa, "receipt", "--day", "2026-11-24", lang=lang)
    screens(apoa, "receipt", lang=lang)


def test_a_number_that_staff_typed(away: Apoa) -> None:
    """A number that staff typed is marked wherever it is shown; a queued report has none."""
    report, waiting = away.save(), away.save(XIMENA)
    assert away("received", report["id"], "STT-APOA-77").code == 0
    for command in (["receipt", report["id"]], ["show", report["id"]], ["list"]):
        assert TYPED in away(*command).out
    wanted = {"number": "STT-APOA-77", "issued_at": "2026-11-24T20:00:00+07:00", "source": "typed"}
    for command in (["receipt", report["id"], "--json"], ["show", report["id"], "--json"]):
        assert away(*command).json["receipt"] == wanted
    assert away("receipt", waiting["short_id"], "--json").json["receipt"] is None


class TestPage:
    """`--html` writes a page to print."""

    def test_a_receipt(self, apoa: Apoa, serve: Serve) -> None:
        """Everything about the receipt in both languages, whatever the reader's is, and where it comes from."""
        place = [
            "--address",
            "Jl. <b>Melati</b> 7",
            "--office",
            "Kanim & Ngurah Rai",
            "--display-name",
            "Wisma <i>M</i>",
        ]
        assert apoa.set_up(serve().base_url, *place).code == 0
        apoa(*QUENTIN.mrz("--check-in", "2026-11-24T19:50"))
        [report] = apoa.reports()
        pages = [printed(apoa, report["short_id"], lang=lang).text for lang in LANGUAGES]
        assert pages[0] == pages[1]
        page = printed(apoa, report["id"])
        for words in (*place[1::2], report["receipt"]["number"], report["id"], QUENTIN.name, QUENTIN.number, "(POL)"):
            assert words in page.text
        for words in ("12 Sep 1985", "24 Nov 2026 19.50 WIB", "26 Nov 2026", "24 Nov 2026 20.00 WIB", "check-in"):
            assert words in page.text
        with closing(app_of(apoa.home, apoa.clock, "melati")) as app:
            receipt = app.outbox.find(report["id"])[0].receipt
        assert receipt is not None
        assert receipt.sha256
        assert receipt.sha256 in page.text
        assert "svg" in page.tags
        by_server = "From the authority {server}: it accepted this report and gave it this number."
        assert_both(page, by_server, server="127.0.0.1")
        for sentence in ("Receipt number", "Full name", "Room", "Printed on", "Immigration office", TRAINING, OURS):
            assert_both(page, sentence)
        assert NOT_A_RECEIPT not in page.text
        other = apoa.save(XIMENA)["id"]
        assert apoa("received", other, "STT-APOA-77").code == 0
        from_staff = printed(apoa, other)
        assert_both(from_staff, TYPED)
        assert "127.0.0.1" not in from_staff.text

    def test_a_waiting_report(self, away: Apoa) -> None:
        """The heading says that it is not a receipt; state and deadline are shown, and there is no QR code."""
        report = away.save()
        page = printed(away, report["id"])
        assert "svg" not in page.tags
        assert_both(page, NOT_A_RECEIPT)
        assert "Due by: 25 Nov 2026 20:00 WIB" in page.text
        assert "The deadline has passed." not in page.text
        away.clock.forward(timedelta(hours=25))
        assert_both(printed(away, report["id"]), "The deadline has passed.")
        assert away("cancel", report["id"], "--yes").code == 0
        page = printed(away, report["id"])
        assert_both(page, NOT_A_RECEIPT)
        assert "Due by" not in page.text


class TestPdf:
    """`--pdf` writes the authority's PDF."""

    def test_the_pdf_is_written_to_a_private_file(
        self, away: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Byte for byte. It replaces no other file, and its bytes, which the authority chose, reach no screen."""
        simulator = AuthoritySimulator(now=away.clock.now())
        monkeypatch.setattr(Container, "connect", lambda *_more: simulator)
        report, file = away.send(), tmp_path / "bukti.pdf"
        result = away("receipt", report["id"], "--pdf", str(file))
        assert result.code == 0, result.err
        assert str(file) in result.out
        assert file.read_bytes() == b"%PDF-1.7\n%%EOF\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600 or os.name == "nt"
        assert away("receipt", report["id"], "--pdf", str(file)).code == 2
        assert away("receipt", report["id"], "--pdf", str(file), "--force").code == 0
        assert away("receipt", report["id"], "--pdf", "-").out == "%PDF-1.7\n%%EOF\n"
        monkeypatch.setattr("apoa_client.cli.commands.receipt.is_terminal", lambda _stream: True)
        assert away("receipt", report["id"], "--pdf", "-")[:2] == (2, "")

    def test_an_authority_without_pdfs(self, configured: Apoa, authority: SandboxServer, tmp_path: Path) -> None:
        """The error suggests the page, and nothing is written: 69, and 75 while the line is down."""
        report = configured.send()["id"]
        for code in (69, 75):
            result = configured("receipt", report, "--pdf", str(tmp_path / "x.pdf"))
            assert (result.code, "--html" in result.err, list(tmp_path.glob("x*"))) == (code, True, [])
            authority.stop()

    def test_reports_without_receipt(self, away: Apoa, tmp_path: Path) -> None:
        """The authority is not asked: a waiting report may have one later, a withdrawn or a typed one never."""
        report, other = away.save(), away.save(XIMENA)
        file = str(tmp_path / "x.pdf")
        assert away("receipt", report["id"], "--pdf", file).code == 75
        assert away("cancel", report["id"], "--yes").code == 0
        assert away("receipt", report["id"], "--pdf", file).code == 65
        assert away("received", other["id"], "STT-APOA-77").code == 0
        assert away("receipt", other["id"], "--pdf", file).code == 69


class TestInspection:
    """`--all` writes all receipts of a period to a folder."""

    @pytest.fixture
    def three(self, configured: Apoa) -> Apoa:
        """Three guests, a day apart; the last report waits."""
        for guest in GUESTS:
            more = ["--no-send"] if guest is OBADIAH else []
            assert configured(*guest.mrz(*more)).code == 0
            configured.clock.forward(timedelta(days=1))
        return configured

    def test_reports_are_opened_one_after_the_other(
        self, three: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each report is opened, written and forgotten: for the table its line is kept."""
        for guest in GUESTS:
            three.send(guest, "--again")
        contents = OpenContents(monkeypatch)
        assert three("receipt", "--all", "--output", str(tmp_path / "pages")).code == 0
        assert len(contents.opened) == len(set(contents.opened)) == 6
        assert contents.most <= 2

    def test_a_folder_of_pages(self, three: Apoa, tmp_path: Path) -> None:
        """Writes a page for each receipt and a table of all, privately, and prints the counts."""
        folder = tmp_path / "periksa"
        assert three("receipt", "--all", "--output", str(folder), "--from", "2027-01-01").out == "No reports.\n"
        result = three("receipt", "--all", "--output", str(folder))
        assert (result.code, result.err) == (0, "")
        assert "1 report of this time has no receipt." in result.out
        numbers = [report["receipt"]["number"] for report in three.reports() if report["receipt"]]
        assert sorted(path.name for path in folder.iterdir()) == sorted([*(f"{n}.html" for n in numbers), "index.html"])
        if os.name != "nt":
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
        index = read_page((folder / "index.html").read_text(encoding="utf-8"), links=True)
        assert index.links == [f"{number}.html" for number in numbers]
        assert all(guest.name in index.text for guest in GUESTS)
        assert_both(index, "no receipt")
        for number, guest in zip(numbers, GUESTS, strict=False):
            page = read_page((folder / f"{number}.html").read_text(encoding="utf-8"))
            assert (number in page.text, guest.name in page.text) == (True, True)

    def test_a_period(self, three: Apoa, tmp_path: Path) -> None:
        """In check-in nights, with the first and the last; without years it starts in the past and ends near that."""
        for number, (period, written, waiting) in enumerate(
            [
                ("--from 2026-11-25", 1, 1),
                ("--to 25/11/2026", 2, 0),
                ("--from 2026-11-25 --to 2026-11-25", 1, 0),
                ("--from 24/11 --to 30/11", 2, 1),
                ("--from 25/11 --to kemarin", 1, 1),
                ("--from 1/11 --to 23/11", 0, 0),
                ("--to 24/11", 1, 0),
                ("--to 28/11", 0, 0),  # of last year: it is the 27th
                ("--from 1/3 --to 5/3", 0, 0),  # both of one year
            ]
        ):
            folder = tmp_path / str(number)
            result = three("receipt", "--all", "--output", str(folder), *period.split(), "--json")
            assert result.code == 0, result.err
            assert result.json == {"folder": str(folder), "written": written, "without_receipt": waiting}, period
            assert folder.exists() is (written + waiting > 0)

    def test_a_broken_seal_leaves_other_receipts_readable(self, three: Apoa, tmp_path: Path) -> None:
        """The page shows what is not sealed, and the exit code shows the error."""
        from apoa_client.vault.sealing import PropertySealer  # replaced below

        first = three.reports()[0]["id"]
        original = PropertySealer.open

        def tampered(sealer: PropertySealer, record_id: str, sealed: bytes) -> bytes:
            return original(sealer, record_id, sealed[:-1] + bytes([sealed[-1] ^ 1]) if record_id == first else sealed)

        three.monkeypatch.setattr(PropertySealer, "open", tampered)
        result = three("receipt", "--all", "--output", str(tmp_path / "p"), "--json")
        assert result.code == 78
        assert result.json["written"] == 2
        assert "not deleted" in result.err
        index = read_page((tmp_path / "p" / "index.html").read_text(encoding="utf-8"), links=True)
        assert QUENTIN.name not in index.text
        page = (tmp_path / "p" / index.links[0]).read_text(encoding="utf-8")
        assert_both(read_page(page), "The guest's data cannot be read on this computer.")

    def test_file_names(self, away: Apoa, tmp_path: Path) -> None:
        """File names have only the letters and digits of the number; equal and empty ones get the report's id."""
        numbers = ["STT/1", "stt-1", "../../etc/passwd", "CON", "<>", "index", "N" * 100]
        for day, number in enumerate(numbers):
            guest = Guest(QUENTIN.surname, QUENTIN.given_names, f"ZX{day:07}", QUENTIN.birth_place)
            report = away.save(guest)["id"]
            with closing(app_of(away.home, away.clock, "melati")) as app:  # as an authority may have given it
                app.outbox.record_receipt(report, Receipt(number, away.clock.now()))
            away.clock.forward(timedelta(hours=1))
        short = [report["short_id"] for report in away.reports()]
        assert away("receipt", "--all", "--output", str(tmp_path / "p")).code == 0
        wanted = [
            "STT-1",
            f"stt-1-{short[1]}",
            "etc-passwd",
            f"CON-{short[3]}",
            f"report-{short[4]}",
            f"index-{short[5]}",
            "N" * 80,
            "index",
        ]
        assert {path.name for path in (tmp_path / "p").iterdir()} == {f"{name}.html" for name in wanted}


def test_a_hostile_number_is_sanitized(apoa: Apoa, tmp_path: Path) -> None:
    """A receipt number cannot attack the screen, a reader of JSON, the page or the file system."""
    number = "<img src=x onerror=alert(1)>\u202e\x9b2J\u200b\"'&/../N\u2028"
    receipt = {"number": number, "issued_at": "2026-11-24T20:00:00+07:00"}
    with listening(Hostile({"receipt": receipt})) as url:
        apoa.set_up(url)
        report = apoa.send()
    assert report["receipt"]["number"] == number  # for scripts, as it came
    apoa.monkeypatch.chdir(tmp_path)
    for command in (["receipt", report["id"]], ["receipt", report["id"], "--json"], ["list"]):
        result = apoa(*command)
        assert result.code == 0
        assert_sanitized(result.all)
    page = apoa("receipt", report["id"], "--html", "-").out
    assert_sanitized(page)
    assert "<img src=x onerror=alert(1)>" in read_page(page).text
    assert apoa("receipt", "--all", "--output", "p").code == 0
    files = sorted(path.name for path in (tmp_path / "p").iterdir())
    assert files == ["img-src-x-onerror-alert-1-2J-N.html", "index.html"]
    index = (tmp_path / "p" / "index.html").read_text(encoding="utf-8")
    assert_sanitized(index)
    read_page(index, links=True)


DAY = "2026-11-24"
ARRIVED = "Everything that this computer reported on that day has arrived."


def test_everything_arrived(configured: Apoa) -> None:
    """In the morning, both guests of the day before are in the list. One who was not sent keeps it incomplete: 75."""
    configured.send(QUENTIN)
    waiting = configured.save(OBADIAH)
    result = configured("receipt", "--day", DAY)
    assert (result.code, ARRIVED in result.out) == (75, False)
    assert f"no receipt yet:\n  {waiting['short_id']}  waiting" in result.out
    configured("sync")
    assert "The day is not over" in configured("receipt", "--day", DAY).out
    configured.clock.forward(timedelta(days=1))
    result = configured("bukti", "--tanggal", DAY)
    assert (result.code, result.err, ARRIVED in result.out) == (0, "", True)
    value = configured("receipt", "--day", DAY, "--json").json
    assert (value["day"], value["property"], value["accepted"], value["confirmed"]) == (DAY, "wisma-melati", 2, 2)
    assert [value[each] for each in ("missing", "different", "waiting", "unknown")] == [[], [], [], []]


def test_missing_and_different(configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """A receipt that the authority does not know, or knows otherwise, is named: 65; one of another computer is not."""
    ask = HttpAuthority.daily_receipt
    there = {"elsewhere": Receipt("STT-9", configured.clock.now())}

    def answer(authority: HttpAuthority, day: date) -> DailyReceipt | None:
        daily = ask(authority, day)
        return daily._replace(receipts=there) if daily is not None else None

    monkeypatch.setattr(HttpAuthority, "daily_receipt", answer)
    elsewhere = configured("receipt", "--day", DAY, "--json")
    assert (elsewhere.code, elsewhere.json["unknown"]) == (0, ["elsewhere"])
    assert "1 report is there and not on this computer" in configured("receipt", "--day", DAY).out
    second, first = configured.send(QUENTIN), configured.send(OBADIAH)
    there = {first["id"]: Receipt("STT-OTHER", configured.clock.now())}
    result = configured("receipt", "--day", DAY)
    assert (result.code, ARRIVED in result.out) == (65, False)
    assert f"missing there:\n  {second['short_id']}  {second['receipt']['number']}" in result.out
    assert f"number there:\n  {first['short_id']}  {first['receipt']['number']}" in result.out


def test_an_authority_without_them(configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said plainly, with what there is in place of it: 69."""
    meta = HttpAuthority.meta
    monkeypatch.setattr(HttpAuthority, "meta", lambda self: meta(self)._replace(daily_receipts=False))
    result = configured("receipt", "--day", DAY, "--json")
    assert (result.code, result.json["error"]["class"]) == (69, "no_daily_receipts")
    assert "apoa receipt --all --output DIR" in result.err


def test_pdf(configured: Apoa, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The authority's own PDF is written, where it has one: the training authority has none."""
    file = tmp_path / "day.pdf"
    none = configured("receipt", "--day", DAY, "--pdf", str(file))
    assert (none.code, file.exists()) == (69, False)
    pdf = AuthoritySimulator(daily_receipts=True).daily_receipt_pdf
    monkeypatch.setattr(HttpAuthority, "daily_receipt_pdf", lambda _self, day: pdf(day))
    assert configured("receipt", "--day", DAY, "--pdf", str(file)).code == 0
    assert file.read_bytes().startswith(b"%PDF-")
