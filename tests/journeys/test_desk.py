"""The whole conversation at the desk, at a real terminal: keys are sent to it, and its screens are looked at.

At 80 and at 60 columns of 24 lines, in both languages.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from cli_helpers import QUENTIN, XIMENA, Guest, Installed, spoken
from journeys_helpers import in_each_language
from tmux_helpers import Terminal, require_tmux

SIZES = [(80, 24), (60, 24)]
WRONG = QUENTIN.lines[1][:19] + "0" + QUENTIN.lines[1][20:]
LONG = Guest("VAN DER BERGH VON HOHENZOLLERN", "MAXIMILIAN ALEXANDER CHRISTIAN", "ZX1234567", "LLANFAIR", "DEU")
_NAMES_AND_BIRTH = [
    ("Surname", "zykowski"),
    ("Given names", "?"),
    ("All given names, as on the passport's page. Enter alone where there are none.", "quentin"),
    ("Sex", "L"),
    ("Place of birth", "gdansk"),
    ("Date of birth", "<"),
    ("Place of birth", ""),
    ("Date of birth", "12/9/85"),
]
_REST = [
    ("Nationality", "austri"),
    ("Which one? Its number, Enter = 1, or type it again.", "1"),
    ("Passport number", "zx1234567"),
    ("Passport expiry", "280332"),
    ("Visa / stay permit", "voa"),
    ("Nights", "2 malam"),
    ("Room", "7"),
    ("Save and send this report?", "4"),
    ("Place of birth", "GDYNIA"),
]


class Desk(NamedTuple):
    """The terminal, and how sentences are there."""

    terminal: Terminal
    apoa: Installed
    lang: str
    size: tuple[int, int]

    def said(self, sentence: str, **values: object) -> str:
        return spoken(self.lang, sentence, **values)

    def report(self, *options: str) -> None:
        self.terminal.run([*self.apoa.command, "report", *options])

    def asks(self, sentence: str, **values: object) -> str:
        """The screen, once this question stands there."""
        screen = self.terminal.wait_for(self.said(sentence, **values))
        assert all(len(line) <= self.size[0] for line in screen.splitlines())
        return screen

    def answers(self, question: str, keys: str) -> None:
        self.asks(question)
        self.terminal.type(keys)


Sit = Callable[..., Desk]


@pytest.fixture
def sit(configured: Installed, tmp_path: Path) -> Iterator[Sit]:
    """Sit down at a terminal of a size, in a language; the property's authority is there."""
    require_tmux()
    terminals: list[Terminal] = []

    def down(lang: str = "en", size: tuple[int, int] = (80, 24), **environ: str) -> Desk:
        apoa = Installed(configured.command, {**configured.environ, "APOA_LANG": lang})
        terminals.append(Terminal(tmp_path, size, {**apoa.environ, **environ}))
        return Desk(terminals[-1], apoa, lang, size)

    yield down
    for terminal in terminals:
        terminal.close()


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "60x24"])
@in_each_language
class TestTheConversation:
    """From Enter to "terkirim"."""

    def test_a_reader_and_what_is_usual(self, sit: Sit, lang: str, size: tuple[int, int]) -> None:
        """A reader that ends its line twice answers no question by it. After the scan three keys are pressed."""
        desk = sit(lang, size)
        desk.report()
        desk.asks("MRZ line {number}", number=1)
        desk.terminal.type("".join(QUENTIN.lines) + "\n")
        screen = desk.asks("Place of birth")
        assert "QUENTIN ZYKOWSKI" in screen
        desk.terminal.type(">")
        card = desk.asks("Save and send this report?")
        lines = [line.rstrip() for line in card.splitlines()]
        assert desk.said("This will be reported") in lines, "the whole card stands on the screen"
        assert lines[lines.index(desk.said("This will be reported")) + 1].startswith("! ")
        desk.terminal.type("")
        ended = desk.terminal.ends()
        assert desk.said("Sent. Receipt number: {number}", number="").strip() in ended
        [report] = desk.apoa.reports()
        assert (report["state"], report["guest"]["birth_place"]) == ("accepted", "-")

    def test_a_reader_of_two_lines(self, sit: Sit, lang: str, size: tuple[int, int]) -> None:
        """It ends each of them twice, in one go: neither end is a line, or an answer. ? and < are heard between."""
        desk = sit(lang, size)
        desk.report("--no-send")
        desk.asks("MRZ line {number}", number=1)
        desk.terminal.type(XIMENA.lines[0])
        desk.asks("MRZ line {number}", number=2)
        desk.terminal.type("?")
        desk.asks("The two lines with many < at the foot of the photo page. A reader sends both at once.")
        desk.asks("MRZ line {number}", number=2)
        desk.terminal.type("<")
        desk.asks("MRZ line {number}", number=1)
        first, second = QUENTIN.lines
        desk.terminal.type(f"{first}\n\n{second}\n")
        screen = desk.asks("Place of birth")
        assert "QUENTIN ZYKOWSKI" in screen
        assert desk.said("Place of birth") in screen.rstrip().splitlines()[-1], "it is asked, and not answered yet"

    def test_no_question_is_broken_within_a_word(self, sit: Sit, lang: str, size: tuple[int, int]) -> None:
        """However long what may have been meant is called: each line ends where a word does."""
        desk = sit(lang, size)
        desk.report("--no-send")
        desk.asks("MRZ line {number}", number=1)
        desk.terminal.type(">")
        for question, keys in (*_NAMES_AND_BIRTH[:-3], ("Date of birth", "1985"), ("Nationality", "marshal")):
            desk.answers(question, keys)
        screen = desk.asks("or type it again." if lang == "en" else "atau ketik lagi.")
        asked = desk.said("Do you mean {value}? Enter = yes, or type it again.", value="")
        words = asked.split()
        assert all(word in screen.split() for word in words if word != "?")

    def test_by_hand_with_help_and_a_way_back(self, sit: Sit, lang: str, size: tuple[int, int]) -> None:
        """Every question of the form, one at a time, with what was understood below each answer."""
        desk = sit(lang, size)
        desk.report()
        desk.asks("MRZ line {number}", number=1)
        desk.terminal.type("")
        for question, keys in _NAMES_AND_BIRTH:
            desk.answers(question, keys)
        assert "  12 Sep 1985" in desk.asks("Nationality")
        for question, keys in _REST:
            desk.answers(question, keys)
        card = desk.asks("Save and send this report?")
        assert "GDYNIA" in card
        assert desk.said("This will be reported") in [line.rstrip() for line in card.splitlines()]
        desk.terminal.type("")
        assert desk.said("Sent. Receipt number: {number}", number="").strip() in desk.terminal.ends()
        assert desk.apoa.reports()[0]["guest"]["birth_place"] == "GDYNIA"

    def test_the_very_character_is_marked(self, sit: Sit, lang: str, size: tuple[int, int]) -> None:
        """Below the line, at whatever width; the best suggestion is a key away."""
        desk = sit(lang, size)
        desk.report()
        desk.asks("MRZ line {number}", number=1)
        desk.terminal.type(QUENTIN.lines[0])
        desk.asks("MRZ line {number}", number=2)
        desk.terminal.type(WRONG)
        shown = desk.asks("(y = yes, Enter = no)").splitlines()
        place = max(number for number, line in enumerate(shown) if line == f"  {WRONG}")
        assert shown[place + 1] == " " * 15 + "------^"
        desk.terminal.type("y")
        assert "QUENTIN ZYKOWSKI" in desk.asks("Place of birth")

    def test_a_family_goes_in_one_call(self, sit: Sit, lang: str, size: tuple[int, int]) -> None:
        """Another guest for the room: only the passport is asked, and all are sent together."""
        desk = sit(lang, size)
        desk.report("--room", "7", "--nights", "2")
        for guest, question in (
            (QUENTIN, "Save and send this report?"),
            (XIMENA, "Save and send these {count} reports?"),
        ):
            desk.asks("MRZ line {number}", number=1)
            desk.terminal.type("".join(guest.lines))
            desk.answers("Place of birth", ">")
            desk.asks(question, count=2)
            desk.terminal.type("+" if guest is QUENTIN else "")
        ended = desk.terminal.ends()
        assert ended.count(desk.said("Sent. Receipt number: {number}", number="").strip()) == 2
        assert {(r["attempts"], r["stay"]["room"]) for r in desk.apoa.reports()} == {(1, "7")}

    def test_long_names_break_nothing(self, sit: Sit, lang: str, size: tuple[int, int]) -> None:
        """The card stays within the screen, and the name is all there."""
        desk = sit(lang, size)
        desk.report("--no-send")
        desk.asks("MRZ line {number}", number=1)
        desk.terminal.type("".join(LONG.lines))
        desk.answers("Given names", "MAXIMILIAN ALEXANDER CHRISTIAN FRIEDRICH WILHELM")
        desk.answers("Place of birth", "LLANFAIRPWLLGWYNGYLLGOGERYCHWYRNDROBWLLLLANTYSILIOGOGOGOCH")
        desk.answers("Visa / stay permit", ">")
        card = desk.asks("Save this report?")
        assert "FRIEDRICH" in card
        assert all(len(line) <= size[0] for line in card.splitlines())


class TestBreakingOff:
    """Nothing that was typed is lost."""

    @in_each_language
    def test_control_c_and_on_the_next_day(self, sit: Sit, lang: str) -> None:
        """It says so, and offers the guest the next time."""
        desk = sit(lang)
        desk.report()
        desk.asks("MRZ line {number}", number=1)
        desk.terminal.type("".join(QUENTIN.lines))
        desk.answers("Place of birth", "GDANSK")
        desk.asks("Visa / stay permit")
        ended = desk.terminal.interrupt()
        assert desk.said("What was typed is kept, sealed. To go on with it: apoa report") in ended
        desk.report()
        desk.answers("(Enter = yes, n = no)", "")
        desk.answers("Visa / stay permit", ">")
        assert "GDANSK" in desk.asks("Save and send this report?")

    def test_a_closed_window(self, sit: Sit) -> None:
        """Whoever closes it finds the guest again."""
        desk = sit()
        desk.report()
        desk.asks("MRZ line {number}", number=1)
        desk.terminal.type("".join(QUENTIN.lines))
        desk.answers("Place of birth", "GDANSK")
        desk.asks("Visa / stay permit")
        desk.terminal.close_window()
        desk.report()
        assert "was not finished." in desk.asks("(Enter = yes, n = no)")


class TestLooks:
    """However a screen is to look."""

    def test_colours_unless_they_are_not_wanted(self, sit: Sit) -> None:
        """NO_COLOR, and plain lines, have none."""
        for environ, coloured in ({}, True), ({"NO_COLOR": "1"}, False), ({"APOA_PLAIN": "1"}, False):
            desk = sit(**environ)
            desk.report("--no-send")
            desk.asks("MRZ line {number}", number=1)
            desk.terminal.type("".join(QUENTIN.lines))
            desk.answers("Place of birth", ">")
            desk.asks("Save this report?")
            assert desk.terminal.coloured() is coloured, environ
            desk.terminal.interrupt()
            desk.report("--no-send")
            desk.answers("(Enter = yes, n = no)", "n")
            desk.asks("MRZ line {number}", number=1)

    def test_plain_lines_can_be_read_out(self, sit: Sit) -> None:
        """No columns and no marks below a line: each line says what it is."""
        desk = sit(APOA_PLAIN="1")
        desk.report("--no-send")
        desk.asks("MRZ line {number}", number=1)
        desk.terminal.type(QUENTIN.lines[0])
        desk.asks("MRZ line {number}", number=2)
        desk.terminal.type(WRONG)
        screen = desk.asks("(y = yes, Enter = no)")
        assert "^" not in screen
        assert "Look at line 2, character 20." in screen
        assert "Look at line 2, characters 14 to 19." in screen
        desk.terminal.type("y")
        desk.answers("Place of birth", ">")
        card = desk.asks("Save this report?")
        assert "1 Surname: ZYKOWSKI" in card
        assert "  " not in "\n".join(line.rstrip() for line in card.splitlines() if "MRZ" not in line)
