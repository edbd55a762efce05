"""Receipts through the installed command: on the screen, as a page and as a folder, queued, delivered and offline."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cli_helpers import GUESTS, OBADIAH, QUENTIN, XIMENA, Installed, spoken
from journeys_helpers import in_each_language
from page_helpers import read_page

Start = Callable[..., Any]
"""Starts a `Sandbox`."""


def settings_text(page: Path) -> str:
    return read_page(page.read_text(encoding="utf-8")).text


@in_each_language
def test_page_before_and_after_delivery(apoa: Installed, sandbox: Start, tmp_path: Path, lang: str) -> None:
    """A queued report's page is no receipt; a delivered one's page is, offline too."""
    server = sandbox()
    assert apoa.set_up(server.url, "latihan", "--address", "Jl. Melati 7", "--office", "Kanim Ngurah Rai").code == 0
    assert apoa(*QUENTIN.mrz("--no-send"), lang=lang).code == 0
    [report] = apoa.reports()
    waits, page = tmp_path / "waits.html", tmp_path / "page.html"
    said = apoa("bukti", report["short_id"], "--html", str(waits), lang=lang)
    assert (said.code, said.err) == (0, "")
    assert spoken(lang, "This is not a receipt") in settings_text(waits)
    assert apoa("sync", lang=lang).code == 0
    server.interrupt()
    number = apoa.reports()[0]["receipt"]["number"]
    assert number in apoa("receipt", report["id"], lang=lang).out
    assert apoa("receipt", report["id"], "--html", str(page), lang=lang).code == 0
    wanted = (number, QUENTIN.name, "Jl. Melati 7", "Kanim Ngurah Rai", report["id"])
    assert all(words in settings_text(page) for words in wanted)
    assert apoa("receipt", report["id"], "--html", "-", lang=lang).out.startswith("<!DOCTYPE html>\n")
    assert os.name == "nt" or {stat.S_IMODE(path.stat().st_mode) for path in (waits, page)} == {0o600}


@in_each_language
def test_missing_pdf(apoa: Installed, sandbox: Start, tmp_path: Path, lang: str) -> None:
    """An authority without PDF receipts, or an unreachable one, is an error and leaves no file."""
    server = sandbox()
    assert apoa.set_up(server.url, "latihan").code == 0
    assert apoa(*QUENTIN.mrz(), lang=lang).code == 0
    command = ["receipt", apoa.reports()[0]["id"], "--pdf", str(tmp_path / "x.pdf")]
    without = apoa(*command, lang=lang)
    assert (without.code, without.out) == (69, "")
    assert spoken(lang, "The authority has no PDF of this receipt.") in without.err
    server.interrupt()
    assert apoa(*command, lang=lang).code == 75
    assert list(tmp_path.glob("*x.pdf*")) == []


def test_inspection_folder(configured: Installed, tmp_path: Path) -> None:
    """A private folder has a page for each receipt and a table, without guests' names in file names."""
    folder = tmp_path / "inspection"
    for guest in (QUENTIN, XIMENA):
        assert configured(*guest.mrz()).code == 0
    assert configured(*OBADIAH.mrz("--no-send")).code == 0
    said = configured("receipt", "--all", "--output", str(folder), "--json")
    assert said.json == {"folder": str(folder), "written": 2, "without_receipt": 1}
    names = sorted(path.name for path in folder.iterdir())
    numbers = [report["receipt"]["number"] for report in configured.reports() if report["receipt"]]
    assert names == sorted(["index.html", *(f"{number}.html" for number in numbers)])
    index = read_page((folder / "index.html").read_text(encoding="utf-8"), links=True)
    assert all(guest.name in index.text for guest in GUESTS)
    if os.name != "nt":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
