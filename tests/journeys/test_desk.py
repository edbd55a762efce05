"""The questions of `apoa report` in a real terminal, which gets keys and shows screens, at 80 and at 60 columns."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from cli_helpers import QUENTIN, XIMENA, Guest, Installed, spoken
from journeys_helpers import in_each_language
from tmux_helpers import Terminal, require_tmux

SIZES = [pytest.param((60, 24), id="60x24"), pytest.param((80, 24), id="80x24", marks=pytest.mark.long)]
WRONG = QUENTIN.lines[1][:19] + "0" + QUENTIN.lines[1][20:]
LONG = Guest("VAN DER BERGH VON HOHENZOLLERN", "MAXIMILIAN ALEXANDER CHRISTIAN", "ZX1234567", "LLANFAIR", "DEU")
_NAMES_AND_BIRTH = [
    ("Surname", "zykowski"),
    ("Given names", "?"),
    ("All given names, as on the passport's page. Press Enter if there are none.", "quentin"),
    ("Sex", "L"),
    ("Place of birth", "gdansk"),
    ("Date of birth", "<"),
    ("Place of birth", ""),
    ("Date of birth", "12/9/85"),
]
_REST = [
    ("Nationality", "austrlian"),
    ("Which one? Its number, or type it again.", "1"),
    ("Passport number", "zx1234567"),
    ("Passport expiry", "280332"),
    ("Visa / stay permit", "voa"),
    ("Nights", "2 malam"),
    ("Room", "7"),
    ("Save and send this report?", "4"),
]


class Desk(NamedTuple):
    """A terminal and its language."""

    terminal: Terminal
    apoa: Installed
    lang: str
    size: tuple[int, int]

    def said(self, sentence: str, **values: object) -> str:
        return spoken(self.lang, sentence, **values)

    def report(self, *options: str) -> None:
        self.terminal.run([*self.apoa.command, "report", *options])

    def asks(self, sentence: str, *, after: str = "", **values: object) -> str:
        """Returns the screen once it shows this question; behind `after`, if the same question was asked before."""
        screen = self.terminal.wait_for(self.said(sentence, **values), after)
        assert all(len(line) <= self.size[0] for line in screen.splitlines())
        return screen

    def answers(self, question: str, keys: str) -> None:
        self.asks(question)
        self.terminal.type(keys)


Sit = Callable[..., Desk]


@pytest.fixture
def open_desk(configured: Installed, tmp_path: Path) -> Iterator[Sit]:
    """Opens a terminal of a size and language, with a property whose authority can be reached."""
    require_tmux()
    terminals: list[Terminal] = []

    def down(lang: str = "en", size: tuple[int, int] = (80, 24), **environ: str) -> Desk:
        apoa = Installed(configured.command, {**configured.environ, "APOA_LANG": lang})
        terminals.append(Terminal(tmp_path, size, {**apoa.environ, **environ}))
        return Desk(terminals[-1], apoa, lang, size)

    yield down
    for terminal in terminals:
        terminal.close()


@pytest.mark.parametrize("size", SIZES)
@in_each_language
class TestQuestions:
    """From the first question to the receipt."""

    def test_passport_reader_and_usual_answers(self, open_desk: Sit, lang: str, size: tuple[int, int]) -> None:
        """The second Enter of a passport reader answers no question. Three keys complete the report after the scan."""
        desk = open_desk(lang, size)
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

    def test_passport_reader_with_two_line_ends(self, open_desk: Sit, lang: str, size: tuple[int, int]) -> None:
        """The second end of each line is ignored. `?` and `<` work in between."""
        desk = open_desk(lang, size)
        desk.report("--no-send")
        desk.asks("MRZ line {number}", number=1)
        desk.terminal.type(XIMENA.lines[0])
        desk.asks("MRZ line {number}", number=2)
        desk.terminal.type("?")
        desk.asks("The two lines with many < at the bottom of the photo page. A reader sends both at once.")
        desk.asks("MRZ line {number}", number=2)
        desk.terminal.type("<")
        desk.asks("MRZ line {number}", number=1)
        first, second = QUENTIN.lines
        desk.terminal.type(f"{first}\n\n{second}\n\n", enter=False)  # in one write, as a reader does
        screen = desk.asks("Place of birth")
        assert "QUENTIN ZYKOWSKI" in screen
        assert desk.said("Place of birth") in screen.rstrip().splitlines()[-1], "it is asked, and not answered yet"

    def test_a_wrong_line_is_edited(self, open_desk: Sit, lang: str, size: tuple[int, int]) -> None:
        """The good line is kept, the wrong one is in the input already, and the keys of a line's editor work."""
        desk = open_desk(lang, size)
        desk.report("--no-send")
        desk.asks("MRZ line {number}", number=1)
        first, second = QUENTIN.lines
        wrong = f"Z9{second[1:13]}9{second[14:]}"  # one character more, and another one wrong
        desk.terminal.type(first)
        desk.asks("MRZ line {number}", number=2)
        desk.terminal.type(wrong)
        kept = "Correct line {number}; the rest is kept. Enter alone = type the details by hand, < = begin again."
        desk.asks(kept, number=2)
        desk.terminal.wait_for(f"{desk.said('MRZ line {number}', number=2)}: {wrong}", after=desk.said(kept, number=2))
        for key in ("Home", "Right", "Delete"):
            desk.terminal.press(key)
        for key in (*["Right"] * 12, "Delete", "8"):
            desk.terminal.press(key)
        desk.terminal.type("")
        screen = desk.asks("Place of birth")
        assert "QUENTIN ZYKOWSKI" in screen

    def test_questions_wrap_between_words(self, open_desk: Sit, lang: str, size: tuple[int, int]) -> None:
        """A question with long suggestions wraps between words."""
        desk = open_desk(lang, size)
        desk.report("--no-send")
        desk.asks("MRZ line {number}", number=1)
        desk.terminal.type(">")
        for question, keys in (*_NAMES_AND_BIRTH[:-3], ("Date of birth", "1985"), ("Nationality", "marshal")):
            desk.answers(question, keys)
        screen = desk.asks("or type it again." if lang == "en" else "atau ketik lagi.")
        asked = desk.said("Do you mean {value}? Enter = yes, or type it again.", value="")
        words = asked.split()
        assert all(word in screen.split() for word in words if word != "?")

    def test_typed_fields_with_help_and_back(self, open_desk: Sit, lang: str, size: tuple[int, int]) -> None:
        """Every question of the form, each answer repeated below it as it was understood."""
        desk = open_desk(lang, size)
        desk.report()
        desk.asks("MRZ line {number}", number=1)
        desk.terminal.type("")
        for question, keys in _NAMES_AND_BIRTH:
            desk.answers(question, keys)
        assert "  12 Sep 1985" in desk.asks("Nationality")
        for question, keys in _REST:
            desk.answers(question, keys)
        # The card has the same words above its question.
        desk.asks("Place of birth", after=desk.said("Save and send this report?"))
        desk.terminal.type("GDYNIA")
        card = desk.asks("Save and send this report?", after="GDYNIA")
        assert "GDYNIA" in card
        assert desk.said("This will be reported") in [line.rstrip() for line in card.splitlines()]
        desk.terminal.type("")
        assert desk.said("Sent. Receipt number: {number}", number="").strip() in desk.terminal.ends()
        assert desk.apoa.reports()[0]["guest"]["birth_place"] == "GDYNIA"

    def test_wrong_character_is_marked(self, open_desk: Sit, lang: str, size: tuple[int, int]) -> None:
        """The wrong character is marked below the line, and one key takes the best suggestion."""
        desk = open_desk(lang, size)
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

    def test_family_in_one_call(self, open_desk: Sit, lang: str, size: tuple[int, int]) -> None:
        """Another guest of the same room needs the passport only, and all reports are sent together."""
        desk = open_desk(lang, size)
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

    def test_scan_at_the_card(self, open_desk: Sit, lang: str, size: tuple[int, int]) -> None:
        """A reader that ends each line twice begins another guest, and answers no question with its last Enter."""
        desk = open_desk(lang, size)
        desk.report("--no-send", "--room", "7", "--nights", "2")
        desk.asks("MRZ line {number}", number=1)
        desk.terminal.type("".join(QUENTIN.lines))
        desk.answers("Place of birth", ">")
        desk.asks("Save this report?")
        first, second = XIMENA.lines
        desk.terminal.type(f"{first}\n\n{second}\n\n", enter=False)
        desk.asks("(Enter = yes, n = no)")
        desk.terminal.type("")
        screen = desk.asks("Place of birth", after=desk.said("(Enter = yes, n = no)"))
        assert "XIMENA QUIJANO" in screen
        desk.terminal.type(">")
        desk.asks("Save these {count} reports?", count=2)

    def test_long_names(self, open_desk: Sit, lang: str, size: tuple[int, int]) -> None:
        """The card fits the screen and shows the whole name."""
        desk = open_desk(lang, size)
        desk.report("--no-send")
        desk.asks("MRZ line {number}", number=1)
        desk.terminal.type("".join(LONG.lines))
        desk.answers("Given names", "MAXIMILIAN ALEXANDER CHRISTIAN FRIEDRICH WILHELM")
        desk.answers("Place of birth", "LLANFAIRPWLLGWYNGYLLGOGERYCHWYRNDROBWLLLLANTYSILIOGOGOGOCH")
        desk.answers("Visa / stay permit", ">")
        card = desk.asks("Save this report?")
        assert "FRIEDRICH" in card
        assert all(len(line) <= size[0] for line in card.splitlines())


class TestInterruptions:
    """Typed answers are kept."""

    @in_each_language
    def test_control_c_keeps_the_answers(self, open_desk: Sit, lang: str) -> None:
        """Ctrl-C keeps the answers, and the next call offers them."""
        desk = open_desk(lang)
        desk.report()
        desk.asks("MRZ line {number}", number=1)
        desk.terminal.type("".join(QUENTIN.lines))
        desk.answers("Place of birth", "GDANSK")
        desk.asks("Visa / stay permit")
        ended = desk.terminal.interrupt()
        assert desk.said("What was typed is stored, encrypted. To continue with it: apoa report") in ended
        desk.report()
        assert "QUENTIN ZYKOWSKI ZX1234567" in desk.asks("Continue with this guest?")
        desk.terminal.type("")
        desk.answers("Visa / stay permit", ">")
        assert "GDANSK" in desk.asks("Save and send this report?")

    def test_closed_window_keeps_the_answers(self, open_desk: Sit) -> None:
        """The next call offers the answers typed before the window was closed."""
        desk = open_desk()
        desk.report()
        desk.asks("MRZ line {number}", number=1)
        desk.terminal.type("".join(QUENTIN.lines))
        desk.answers("Place of birth", "GDANSK")
        desk.asks("Visa / stay permit")
        desk.terminal.close_window()
        desk.report()
        assert "QUENTIN ZYKOWSKI ZX1234567" in desk.asks("Continue with this guest?")


class TestAppearance:
    """Colours and plain lines."""

    @pytest.mark.slow
    def test_colours(self, open_desk: Sit) -> None:
        """NO_COLOR and plain lines switch colours off."""
        for environ, coloured in ({}, True), ({"NO_COLOR": "1"}, False), ({"APOA_PLAIN": "1"}, False):
            desk = open_desk(**environ)
            desk.report("--no-send")
            desk.asks("MRZ line {number}", number=1)
            desk.terminal.type("".join(QUENTIN.lines))
            desk.answers("Place of birth", ">")
            desk.asks("Save this report?")
            assert desk.terminal.coloured() is coloured, environ
            desk.terminal.interrupt()
            desk.report("--no-send")
            desk.answers("Continue with this guest?", "b")
            desk.answers("(y = yes, Enter = no)", "y")
            desk.asks("MRZ line {number}", number=1)

    def test_plain_lines(self, open_desk: Sit) -> None:
        """Plain lines have no columns and no marks, and each line says what it shows."""
        desk = open_desk(APOA_PLAIN="1")
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
