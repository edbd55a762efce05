"""A property without an authority, through the installed command: reports are typed into APOA's own form."""

import os

import pytest
from cli_helpers import GUESTS, OBADIAH, QUENTIN, XIMENA, Installed, readable_in, spoken
from journeys_helpers import in_each_language
from terminal_helpers import at_a_terminal

WORDS = [word for guest in GUESTS for word in guest.words]


@pytest.fixture
def manual(apoa: Installed) -> Installed:
    """The installed command with a property whose reports are typed by hand."""
    said = apoa("setup", "--non-interactive", "--property", "melati", "--vault", "file", "--by-hand")
    assert said.code == 0, said.all
    return apoa


@in_each_language
def test_stay_from_arrival_to_receipt(manual: Installed, lang: str) -> None:
    """Receipt numbers, a correction and a check-out: each report gets its number, marked as typed."""
    ids = []
    for guest in GUESTS:
        said = manual(*guest.mrz("--json"), lang=lang)
        assert (said.code, said.json["state"], said.json["attempts"]) == (0, "queued", 0)
        ids.append(said.json["short_id"])
    assert manual("sync", lang=lang).code == 75
    for number, short in enumerate(ids, start=1):
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
