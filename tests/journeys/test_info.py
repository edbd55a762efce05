"""`apoa info` and the notice for the lobby through the installed command."""

import sys
from pathlib import Path

import pytest
from cli_helpers import Installed, spoken
from journeys_helpers import in_each_language
from page_helpers import read_page
from terminal_helpers import at_a_terminal

FINE = {
    "id": "setelah diminta petugas. Bunyi tahun 2011: denda paling banyak Rp25.000.000, atau kurungan.",
    "en": "after an officer on duty asked for them. The text of 2011 sets a fine of at most Rp25,000,000, or kurungan",
}
SOURCE = {
    "id": "Sumber: UU 6/2011 pasal 117. Tanggal sumber: 2011. Dicocokkan: 30 Nov 2026.",
    "en": "Source: UU 6/2011 art. 117. Its date: 2011. Compared: 30 Nov 2026.",
}
UNDATED = {"id": "Tanggal sumber: tidak diketahui.", "en": "Its date: unknown."}
ASKED_FIELDS = {"id": "denda", "en": "fine"}
NEAR = {"id": "overstai", "en": "overstey"}


@in_each_language
def test_info_before_set_up(apoa: Installed, lang: str) -> None:
    """The list of topics and a fact with its source and both dates need no property. A mistyped topic is corrected."""
    topics = apoa("info", lang=lang)
    assert (topics.code, topics.err) == (0, "")
    answer = apoa("info", ASKED_FIELDS[lang], lang=lang)
    assert FINE[lang] in answer.out
    assert SOURCE[lang] in answer.out
    facts = [fact for topic in apoa("info", "--json", lang=lang).json["topics"] for fact in topic["facts"]]
    assert {(fact["source_date"], fact["as_of"]) for fact in facts} >= {
        ("2017-04-18", "2026-11-30"),
        (None, "2026-11-30"),
    }
    assert UNDATED[lang] in apoa("info", "arrival-card", lang=lang).out
    mistyped = apoa("info", NEAR[lang], lang=lang)
    assert mistyped.code == 2
    assert "overstay" in mistyped.err
    assert not apoa.home.exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@in_each_language
@pytest.mark.parametrize("columns", [80, 60])
def test_fits_the_screen(apoa: Installed, lang: str, columns: int) -> None:
    """Lines wrap between words, and the list of topics fits one screen."""
    for topic in ("", "law", "permits", "data"):
        code, shown = at_a_terminal(apoa, ["info", *filter(None, [topic])], [], lang, size=(columns, 24))
        assert code == 0
        assert max(map(len, shown.splitlines())) < columns
        assert topic or shown.count("\n") < 24


@in_each_language
def test_notice_for_guests(configured: Installed, tmp_path: Path, lang: str) -> None:
    """The notice is the same in every language of the staff, and says so if it comes from training."""
    file = tmp_path / "lobby.html"
    said = configured("info", "--poster", str(file), "--name", "Wisma Melati", lang=lang)
    assert said.code == 0
    assert said.err.strip() == spoken(lang, "Training: the notice says so, and is not for the lobby.")
    assert spoken(lang, "The notice is written: {file}", file=file) in said.out
    page = read_page(file.read_text(encoding="utf-8"))
    assert all(title in page.text for title in ("Wisma Melati", "Why we ask", "Mengapa kami", "护照", "لماذا نطلب"))
    assert configured("info", "--poster", str(file), lang=lang).code == 2
