"""A property without an authority, through the installed command: reports are typed into APOA's own form."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cli_helpers import GUESTS, OBADIAH, QUENTIN, XIMENA, Installed, readable_in, spoken, typed_in
from journeys_helpers import in_each_language
from page_helpers import read_page
from terminal_helpers import at_a_terminal

WORDS = [word for guest in GUESTS for word in guest.words]


@pytest.fixture
def manual(apoa: Installed) -> Installed:
    """The installed command with a property whose reports are typed by hand."""
    said = apoa("setup", "--non-interactive", "--property", "melati", "--vault", "file", "--by-hand")
    assert said.code == 0, said.all
    return apoa


@in_each_language
def test_stay_from_arrival_to_receipt(manual: Installed, tmp_path: Path, lang: str) -> None:
    """The sheet, receipt numbers, a correction and a check-out: each report gets its number, marked as typed."""
    ids = []
    for guest in GUESTS:
        said = manual(*guest.mrz("--json"), lang=lang)
        assert (said.code, said.json["state"], said.json["attempts"]) == (0, "queued", 0)
        ids.append(said.json["short_id"])
    assert manual("sync", lang=lang).code == 75
    sheet = tmp_path / "apoa.html"
    assert manual("sync", "--by-hand", "--sheet", str(sheet), lang=lang).code == 0
    page = read_page(sheet.read_text(encoding="utf-8"))
    for number, short in enumerate(ids, start=1):
        assert typed_in(lang, f"apoa received {short}") in page.text
        assert manual("received", short, f"STT-{number}", lang=lang).code == 0
    assert manual("sync", lang=lang)[:2] == (0, spoken(lang, "Nothing is waiting.") + "\n")
    assert manual("amend", ids[0], "--reason", "moved", "--room", "9", "--yes", lang=lang).code == 0
    assert manual("checkout", ids[0], "--yes", lang=lang).code == 0
    waiting = [report for report in manual.reports() if report["state"] == "queued"]
    assert [report["kind"] for report in waiting] == ["amend", "check_out"]
    for report in waiting:
        assert manual("received", report["id"], "STT-1", "--json", lang=lang).json["state"] == "accepted"
    assert {report["receipt"]["source"] for report in manual.reports()} == {"typed"}
    assert manual("status", "--json").json["counts"]["accepted"] == 5
    assert readable_in(manual.home, WORDS) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals here")
@in_each_language
def test_at_a_terminal(manual: Installed, lang: str) -> None:
    """`apoa sync` asks for one number after the other, each guest on an empty screen."""
    for guest in (QUENTIN, XIMENA, OBADIAH):
        assert manual(*guest.typed()).code == 0
    number = spoken(lang, "Receipt number")
    code, shown = at_a_terminal(
        manual, ["sync"], [(number, "STT-1"), (number, "<"), (number, "q")], lang, size=(100, 40)
    )
    assert code == 75
    assert shown.count("\x1b[2J") == 4
    assert shown.index(QUENTIN.number) < shown.index(XIMENA.number) < shown.index(OBADIAH.number)
    assert "Nama keluarga" in shown
    assert spoken(lang, "Recorded: {count}.", count=1) in shown
    assert [report["state"] for report in manual.reports()] == ["accepted", "queued", "queued"]
    code, shown = at_a_terminal(manual, ["sync", "--by-hand"], [(number, "STT-2"), (number, "STT-3")], lang)
    assert code == 0, shown
    assert {report["state"] for report in manual.reports()} == {"accepted"}


@pytest.mark.slow
def test_each_guest_is_on_one_printed_page(manual: Installed, tmp_path: Path) -> None:
    """A browser prints each guest's block on one page."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    reader = shutil.which("pdftotext")
    if browser is None or reader is None:
        pytest.skip("needs Chromium and pdftotext")
    for guest in GUESTS:
        assert manual(*guest.mrz()).code == 0
    sheet, pdf = tmp_path / "apoa.html", tmp_path / "apoa.pdf"
    assert manual("sync", "--by-hand", "--sheet", str(sheet)).code == 0
    printed = [browser, "--headless", "--no-sandbox", f"--print-to-pdf={pdf}", "--no-pdf-header-footer", sheet.as_uri()]
    subprocess.run(printed, check=True, capture_output=True, timeout=120, env={**os.environ, "HOME": str(tmp_path)})
    pages = subprocess.run([reader, "-layout", pdf, "-"], check=True, capture_output=True, encoding="utf-8").stdout
    for guest, report in zip(GUESTS, manual.reports(), strict=True):
        (page,) = [text for text in pages.split("\f") if guest.number in text]
        assert guest.surname in page
        assert f"apoa received {report['short_id']}" in page
