"""Every file and library that the program uses is in the installation: a wheel's, or a bundle's."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
from cli_helpers import QUENTIN, XIMENA, Installed, spoken
from passport_helpers import print_page
from PIL import Image, ImageChops, ImageStat
from table_helpers import xlsx

from apoa_client import __version__


def test_texts(apoa: Installed) -> None:
    """The version, topics, guides, facts and the contract are shown, the texts in the reader's language."""
    assert apoa("--version").out == f"apoa {__version__}\n"
    for arguments in (["help"], ["help", "staff"], ["info"], ["info", "overstay"]):
        english, indonesian = apoa(*arguments), apoa(*arguments, lang="id")
        assert (english.code, indonesian.code) == (0, 0), english.all + indonesian.all
        assert english.out != indonesian.out != ""
    for guide in ("admin", "contract"):
        assert apoa("help", guide).out
    assert "openapi: 3.1" in apoa("contract").out


def test_pages(apoa: Installed, tmp_path: Path) -> None:
    """The notice for guests, a receipt, a sheet to type from and the recovery sheet are written."""
    pages = {name: tmp_path / f"{name}.html" for name in ("poster", "receipt", "sheet", "recovery")}
    setup = ["setup", "--non-interactive", "--property", "melati", "--by-hand", "--vault", "file"]
    said = [apoa(*setup, "--recovery-file", str(pages["recovery"])), apoa(*QUENTIN.mrz())]
    report_id = apoa.reports()[0]["id"]
    said += [
        apoa("info", "--poster", str(pages["poster"])),
        apoa("sync", "--by-hand", "--sheet", str(pages["sheet"])),
        apoa("receipt", report_id, "--html", str(pages["receipt"])),
    ]
    assert [call.all for call in said if call.code] == []
    assert [name for name, page in pages.items() if "<html" not in page.read_text(encoding="utf-8")] == []


def test_the_training_authority(apoa: Installed, sandbox: Callable[..., Any]) -> None:
    """Its page is served, and it checks reports against the contract."""
    server = sandbox()
    page = re.search(r"http://\S+", server.process.stdout.readline())
    assert page is not None
    assert "<html" in requests.get(page[0], timeout=20).text
    assert apoa.set_up(server.url, "latihan").code == 0
    assert spoken("en", "Sent. Receipt number: {number}", number="").strip() in apoa(*QUENTIN.mrz()).out


@pytest.mark.slow
def test_a_workbook_and_photos(apoa: Installed, tmp_path: Path) -> None:
    """A guest is imported, another one's passport is read from a photo, and a photo of an iPhone is opened."""
    assert apoa("setup", "--non-interactive", "--property", "melati", "--by-hand", "--vault", "file").code == 0
    iphone = Path(__file__).parents[1] / "scan" / "photo.heic"
    assert apoa("check", "--photo", str(iphone), "--json").json["photo"]["error"] is None
    row = {
        "Surname": QUENTIN.surname,
        "Given names": QUENTIN.given_names,
        "Sex": QUENTIN.sex,
        "Place of birth": QUENTIN.birth_place,
        "Date of birth": str(QUENTIN.birth_date),
        "Nationality": QUENTIN.state,
        "Passport number": QUENTIN.number,
        "Passport expiry": QUENTIN.expiry_date,
        "Check-in": date.today(),  # noqa: DTZ011  of this computer, as the program has it
        "Nights": 2,
        "Room": "7",
    }
    book = tmp_path / "Juli.xlsx"
    book.write_bytes(xlsx(("Juli", [list(row), list(row.values())])))
    said = apoa("import", str(book), "--no-send", "--yes", "--json")
    assert said.json["saved"] == 1, said.all
    page = print_page(tmp_path / "page.png", XIMENA.lines)
    stay = ["--birth-place", XIMENA.birth_place, "--nights", "2", "--room", "8", "--stay-permit", "B1"]
    apoa("report", "--photo", str(page), *stay, "--no-send", "--yes", "--json").ok()
    assert {each["guest"]["surname"] for each in apoa.reports()} == {QUENTIN.surname, XIMENA.surname}


STAY = ("--birth-place", "GDANSK", "--nights", "2", "--room", "7", "--stay-permit", "B1", "--no-send")


def test_the_photo_arrives_with_the_report(apoa: Installed, sandbox: Callable[..., Any], tmp_path: Path) -> None:
    """Over real HTTP: the line breaks during the photo, and the next sync sends it; the evidence is the page."""
    authority = sandbox("photo:drop,photo:lost")
    assert apoa.set_up(authority.url, "latihan").code == 0
    assert apoa("config", "set", "keep_photos", "on").code == 0
    page = print_page(tmp_path / "page.jpg", QUENTIN.lines)
    reported = apoa("report", "--photo", str(page), *STAY, "--json").json
    broken = apoa("sync", "--json")
    assert (broken.code, broken.json["accepted"], broken.json["photos_sent"]) == (75, 1, 0)
    lost = apoa("sync", "--json")
    assert (lost.code, lost.json["photos_sent"]) == (75, 0)
    assert apoa("sync", "--json").json["photos_sent"] == 1
    file = tmp_path / "evidence.jpg"
    assert apoa("show", reported["short_id"], "--photo", str(file)).code == 0
    with Image.open(file) as copy, Image.open(page) as original:
        difference = ImageChops.difference(copy.convert("L"), original.convert("L"))
    assert sum(ImageStat.Stat(difference).mean) < 3
