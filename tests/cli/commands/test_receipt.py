"""`apoa receipt`: on the screen, as JSON, as a page to print, and as the authority's PDF."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from authority_simulator import AuthoritySimulator
from cli_helpers import (
    GUESTS,
    LANGUAGES,
    QUENTIN,
    XIMENA,
    Apoa,
    Hostile,
    Serve,
    assert_sanitized,
    listening,
    spoken,
)
from page_helpers import Page, read_page
from screens import Screens

from apoa_client.app.container import Container
from apoa_client.report.kinds import Receipt
from apoa_client.sandbox.server import SandboxServer

TRAINING = "Training only: this is not a receipt from Immigration, and the guest is not reported there."
TYPED = "number typed in by staff"
NOT_A_RECEIPT = "This is not a receipt"
OURS = "Printed by the property from its own records with apoa-client. It is not a document of Immigration."


@contextmanager
def container(apoa: Apoa) -> Iterator[Container]:
    """Yield the program's container, for actions that no command has."""
    app = Container(apoa.environ, apoa.clock)
    try:
        yield app
    finally:
        app.close()


def typed(apoa: Apoa, report: dict[str, Any], number: str = "STT-APOA-77") -> None:
    """Record a receipt number from APOA that staff typed in."""
    with container(apoa) as app:
        app.outbox.record_receipt(report["id"], Receipt(number, apoa.clock.now(), typed=True))


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
    screens(apoa, "receipt", "--day", "2026-11-24", lang=lang)
    screens(apoa, "receipt", lang=lang)


class TestOnScreen:
    """The screen shows the number, its source, its time and its report."""

    def test_a_number_that_staff_typed(self, away: Apoa) -> None:
        """A number that staff typed is marked wherever it is shown; a queued report has none."""
        report, waiting = away.save(), away.save(XIMENA)
        typed(away, report)
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
        with container(apoa) as app:
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
        typed(apoa, apoa.save(XIMENA))
        from_staff = printed(apoa, apoa.reports()[-1]["id"])
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
        with container(away) as app:
            app.outbox.withdraw([report["id"]])
        page = printed(away, report["id"])
        assert_both(page, NOT_A_RECEIPT)
        assert "Due by" not in page.text

    def test_an_erased_guest(self, configured: Apoa) -> None:
        """Number, times and ids are shown without the key, and nothing of the guest."""
        configured(*QUENTIN.mrz())
        [report] = configured.reports()
        configured.clock.forward(timedelta(days=100))
        assert configured("purge").code == 0
        configured.delete_key()
        page = printed(configured, report["id"])
        assert all(words in page.text for words in (report["receipt"]["number"], report["id"], "Mar 2027"))
        assert not [word for word in QUENTIN.words if word in page.text]


class TestPdf:
    """`--pdf` writes the authority's PDF."""

    @pytest.fixture
    def simulator(self, away: Apoa, monkeypatch: pytest.MonkeyPatch) -> AuthoritySimulator:
        """The program with an authority that has PDFs."""
        simulator = AuthoritySimulator(now=away.clock.now())
        monkeypatch.setattr(Container, "connect", lambda *_more: simulator)
        return simulator

    @pytest.fixture
    def report(self, away: Apoa, simulator: AuthoritySimulator) -> dict[str, Any]:
        """A report that the authority accepted."""
        away.save()
        assert away("sync").code == 0
        [report] = away.reports()
        assert report["receipt"]["number"] == next(iter(simulator.acquired.values())).number
        return report

    def test_the_pdf_is_written_to_a_private_file(self, away: Apoa, report: dict[str, Any], tmp_path: Path) -> None:
        """The PDF is written byte for byte to a private file, and replaces no other file."""
        file = tmp_path / "bukti.pdf"
        result = away("receipt", report["id"], "--pdf", str(file))
        assert result.code == 0, result.err
        assert str(file) in result.out
        assert file.read_bytes() == b"%PDF-1.7\n%%EOF\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600 or os.name == "nt"
        assert away("receipt", report["id"], "--pdf", str(file)).code == 2
        assert away("receipt", report["id"], "--pdf", str(file), "--force").code == 0
        assert away("receipt", report["id"], "--pdf", "-").out == "%PDF-1.7\n%%EOF\n"

    def test_no_pdf_on_a_terminal(self, away: Apoa, report: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        """Its bytes, which the authority chose, do not reach a screen, and the authority is not asked."""
        monkeypatch.setattr("apoa_client.cli.commands.receipt.is_terminal", lambda _stream: True)
        assert away("receipt", report["id"], "--pdf", "-")[:2] == (2, "")

    @pytest.mark.parametrize(("is_there", "code"), [(True, 69), (False, 75)], ids=["no PDFs", "no connection"])
    def test_an_authority_without_pdfs(
        self, configured: Apoa, authority: SandboxServer, tmp_path: Path, code: int, *, is_there: bool
    ) -> None:
        """The error suggests the page, and nothing is written."""
        configured(*QUENTIN.mrz())
        if not is_there:
            authority.stop()
        result = configured("receipt", configured.reports()[0]["id"], "--pdf", str(tmp_path / "x.pdf"))
        assert (result.code, "--html" in result.err, list(tmp_path.glob("x*"))) == (code, True, [])

    def test_reports_without_receipt(self, away: Apoa, tmp_path: Path) -> None:
        """The authority is not asked: a waiting report may have one later, a withdrawn or a typed one never."""
        report, other = away.save(), away.save(XIMENA)
        file = str(tmp_path / "x.pdf")
        assert away("receipt", report["id"], "--pdf", file).code == 75
        with container(away) as app:
            app.outbox.withdraw([report["id"]])
        assert away("receipt", report["id"], "--pdf", file).code == 65
        typed(away, other)
        assert away("receipt", other["id"], "--pdf", file).code == 69


NUMBER = "<img src=x onerror=alert(1)>\u202e\x9b2J\u200b\"'&/../N\u2028"


class TestHostileNumber:
    """A receipt number cannot attack the terminal, the browser or the file system."""

    @pytest.fixture
    def hostile_receipt(self, apoa: Apoa, tmp_path: Path) -> Apoa:
        """A property with a report that a hostile authority accepted."""
        receipt = {"number": NUMBER, "issued_at": "2026-11-24T20:00:00+07:00"}
        with listening(Hostile({"receipt": receipt})) as url:
            apoa.set_up(url)
            assert apoa(*QUENTIN.mrz()).code == 0
            assert apoa.reports()[0]["receipt"]["number"] == NUMBER  # for scripts, as it came
        apoa.monkeypatch.chdir(tmp_path)
        return apoa

    def test_a_hostile_number_is_sanitized(self, hostile_receipt: Apoa) -> None:
        """The number is sanitized on the screen, in JSON, and on the page."""
        report = hostile_receipt.reports()[0]
        for command in (["receipt", report["id"]], ["receipt", report["id"], "--json"], ["list"]):
            result = hostile_receipt(*command)
            assert result.code == 0
            assert_sanitized(result.all)
        page = hostile_receipt("receipt", report["id"], "--html", "-").out
        assert_sanitized(page)
        assert "<img src=x onerror=alert(1)>" in read_page(page).text
