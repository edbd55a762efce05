"""In a real terminal: guests are found by room, a whole room is changed at once, and lists fit on the screen."""

import os
import sys
from dataclasses import replace

import pytest
from cli_helpers import OBADIAH, QUENTIN, XIMENA, Installed, spoken, spoken_count
from journeys_helpers import in_each_language, in_each_width
from terminal_helpers import at_a_terminal

from apoa_client.cli import main

terminals_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
CHOICE = "Number, several (1 3), a = all, or part of a name; Enter = none"


@pytest.fixture
def house(configured: Installed) -> Installed:
    """A property with two guests in room 3 and one in room 12."""
    for guest, room in ((QUENTIN, "3"), (XIMENA, "kamar 3"), (OBADIAH, "12")):
        assert configured(*guest.mrz("--no-send", "--room", room)).code == 0
    return configured


@terminals_only
@in_each_language
@in_each_width
def test_a_whole_room(house: Installed, lang: str, columns: int) -> None:
    """A room stays longer after one confirmation, and is then cancelled from the list of those in it."""
    amend = ["amend", "--room", "3", "--nights", "4", "--no-send"]
    if lang == "id":
        amend = ["ubah", "--kamar", "3", "--malam", "4", "--jangan-kirim"]
    enter = spoken(lang, "(Enter = yes, n = no)")
    code, screen = at_a_terminal(house, amend, [(enter, "")], lang, size=(columns, 24))
    assert code == 0, screen
    question = spoken_count(lang, "Save and send {count} correction?", "Save and send {count} corrections?", 2)
    assert question in screen
    cancel = ["batal", "kamar", "3"] if lang == "id" else ["cancel", "room", "3"]
    last_word = spoken(lang, CHOICE).split()[-1]  # the question may take two lines
    yes = spoken(lang, "(y = yes, Enter = no)")
    code, screen = at_a_terminal(house, cancel, [(last_word, "a"), (yes, "y")], lang, size=(columns, 24))
    assert code == 0, screen
    left = [report for report in house.reports() if report["state"] == "queued"]
    assert [report["guest"]["surname"] for report in left] == [OBADIAH.surname]


@terminals_only
@in_each_language
def test_a_full_house_on_one_screen(configured: Installed, lang: str) -> None:
    """With 25 guests the hand-over fits on the screen, and the list goes through the pager."""
    for number in range(25):
        guest = replace(QUENTIN, number=f"ZX{number:07}")
        assert main.run(guest.mrz("--no-send", "--room", str(number + 1)), configured.environ, None) == 0
    tonight = ["status", "--malam-ini"] if lang == "id" else ["status", "--tonight"]
    for columns in (60, 80):
        code, screen = at_a_terminal(configured, tonight, [], lang, size=(columns, 24))
        assert code == 0, screen
        assert len(screen.splitlines()) < 24
    paged = replace(configured, environ={**configured.environ, "PAGER": "head -n 3", "PATH": os.defpath})
    code, screen = at_a_terminal(paged, ["daftar" if lang == "id" else "list"], [], lang)
    assert len(screen.splitlines()) == 1 + 3  # below the mark of practice
    code, screen = at_a_terminal(paged, ["list", "--no-pager"], [], lang)
    assert spoken_count(lang, "{count} guest", "{count} guests", 25) in screen
