"""A real terminal, which gets keys and shows screens: set-up, the questions of `apoa report`, and how screens look.

Narrow and wide, in both languages, without colours, in old encodings.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from cli_helpers import LANGUAGES, OBADIAH, QUENTIN, XIMENA, Guest, Installed, spoken
from journeys_helpers import in_each_language, in_each_width
from terminal_helpers import Terminal, at_a_terminal, plain, require_tmux

from apoa_client.cli.terminal.wrapping import width
from apoa_client.sandbox.server import SandboxServer

terminals_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
SIZES = [pytest.param((60, 24), id="60x24"), pytest.param((80, 24), id="80x24", marks=pytest.mark.long)]


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


@in_each_language
def test_enter_by_habit_does_not_send_the_card(configured: Installed, lang: str) -> None:
    """After Enter at four questions, a fifth that comes when the card has just been shown is discarded."""
    dialogue = [
        (spoken(lang, "MRZ line {number}", number=1), QUENTIN.lines[0]),
        (spoken(lang, "MRZ line {number}", number=2), QUENTIN.lines[1]),
        (spoken(lang, "Place of birth"), "-"),
        *((spoken(lang, label), "") for label in ("Visa / stay permit", "Nights", "Room")),
        # These questions may take two lines.
        (spoken(lang, "Save and send this report?").split()[-1].rstrip("?"), "b"),
        (spoken(lang, "(Enter = yes, n = no)").split()[-1], "y"),
    ]
    keys = spoken(lang, "Enter = yes, + = another guest, number = change that, ? = other fields, < = back, b = discard")
    hasty = f"{keys.partition(',')[0]},"
    screen = at_a_terminal(configured, ["report"], dialogue, lang, size=(60, 40), hasty=hasty)[1]
    assert spoken(lang, "Nothing was saved.") in screen
    assert configured.reports() == []


SETUP = ["setup", "--vault", "file"]


@terminals_only
@in_each_width
@in_each_language
def test_with_a_server(apoa: Installed, authority: SandboxServer, lang: str, columns: int) -> None:
    """With help, a step back, arrow keys, a typing error and a refused account, set-up ends with a report that is sent.

    The arrow keys move the cursor, and leave no codes in an answer or on the screen.
    """
    language = "Bahasa / Language"
    name, address = spoken(lang, "Name of the property"), spoken(lang, "Address of the property (optional)")
    zone = spoken(lang, "Time zone")
    where, url = spoken(lang, "Where do reports go"), spoken(lang, "Address of the authority")
    username, password = spoken(lang, "Username"), spoken(lang, "Password")
    dialogue = [
        *((language, "?"), (language, lang), (name, "W. Melti\x1b[D\x1b[Da"), (address, "Jl. Melati 7"), (zone, "<")),
        *((address, ""), (zone, "?"), (zone, "bali"), (where, "2"), (url, authority.base_url)),
        *((username, "latihan"), (password, "salah"), (username, ""), (password, "latihan")),
        *((spoken(lang, "Type it back from the paper"), ""), (spoken(lang, "(y = yes, Enter = no)"), "y")),
    ]
    other = next(each for each in LANGUAGES if each != lang)
    code, shown = at_a_terminal(apoa, SETUP, dialogue, other, size=(columns, 24))
    assert code == 0, shown
    assert f"{address} [Jl. Melati 7]: " in shown
    assert not any(each in shown for each in ("salah", "^["))
    assert (apoa.home / "w-melati").is_dir()
    lines = shown.splitlines()
    assert all(len(line.rstrip()) < columns for line in lines if "*/10" not in line), shown
    assert spoken(lang, "The connection works.") in lines
    assert lines[-1] == spoken(lang, "Try it: {command}", command={"en": "apoa report", "id": "apoa lapor"}[lang])
    assert apoa(*QUENTIN.mrz("--json")).json["state"] == "accepted"


LONG_NAMES = Guest(
    "WOLFESCHLEGELSTEINHAUSEN", "MARIA FERNANDA DE LOS ANGELES", "AB9081726", "LLANFAIRPWLLGWYNGYLL", "GBR", "F"
)
ROOMS = ((QUENTIN, "王小明 7"), (XIMENA, "غرفة 7"), (OBADIAH, "Villa Melati Raya 12"), (LONG_NAMES, "Café 1"))
SCREENS = (
    *(["status"], ["status", "--tonight"], ["list"], ["list", "--in-house"], ["log"], ["info"], ["info", "visa"]),
    *(["check", "--mrz", LONG_NAMES.lines[0], "--mrz", QUENTIN.lines[1][:-1] + "0"], ["--help"], ["report", "--help"]),
)


@pytest.fixture
def full(configured: Installed) -> Installed:
    """A property with guests in rooms with names of every kind."""
    for guest, room in ROOMS:
        configured(*guest.mrz("--no-send", "--yes", "--room", room, "--note", f"{room} → kamar atas")).ok()
    return configured


def shown(apoa: Installed, arguments: list[str], lang: str, columns: int) -> str:
    """Returns everything that a terminal with this many columns gets."""
    code, screen = at_a_terminal(apoa, arguments, [], lang, size=(columns, 24), coloured=True)
    assert code in {0, 65}, screen
    return screen


@pytest.mark.slow
@terminals_only
@in_each_language
@in_each_width
def test_no_line_is_wider_than_the_terminal(full: Installed, lang: str, columns: int) -> None:
    """Whatever the names of guests and rooms, no line is too wide, and no id is cut."""
    ids = [report["short_id"] for report in full.reports()]
    for arguments in (*SCREENS, *(["show", each] for each in ids)):
        lines = plain(shown(full, arguments, lang, columns)).splitlines()
        assert [line for line in lines if width(line) > columns] == []
        if arguments[0] == "list":
            assert all(any(each in line for line in lines) for each in ids)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp437", pytest.param("cp1252", marks=pytest.mark.long)])
@in_each_language
def test_every_screen_in_an_old_encoding(full: Installed, encoding: str, lang: str) -> None:
    """Every byte belongs to the code page, missing characters are replaced, and JSON is the same everywhere."""
    calls = (*SCREENS, *(["show", report["short_id"]] for report in full.reports()))
    for arguments in calls:
        done = subprocess.run(
            [*full.command, *arguments],
            env={**full.environ, "APOA_LANG": lang, "PYTHONIOENCODING": encoding},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode in {0, 65}
        text = done.stdout.decode(encoding)
        assert not re.search("[→│─王غ]", text)
        if arguments[0] == "show":
            assert "? kamar atas" in text
    assert {report["stay"]["room"] for report in full.reports()} == {room for _guest, room in ROOMS}
