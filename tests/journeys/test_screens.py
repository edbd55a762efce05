"""How every screen looks in a real terminal: narrow, without colours, in plain lines, in old encodings."""

import re
import subprocess
import sys

import pytest
from cli_helpers import OBADIAH, QUENTIN, XIMENA, Guest, Installed
from journeys_helpers import in_each_language, in_each_width
from terminal_helpers import at_a_terminal, plain

from apoa_client.cli.terminal.wrapping import width

LONG = Guest(
    "WOLFESCHLEGELSTEINHAUSEN", "MARIA FERNANDA DE LOS ANGELES", "AB9081726", "LLANFAIRPWLLGWYNGYLL", "GBR", "F"
)
ROOMS = ((QUENTIN, "王小明 7"), (XIMENA, "غرفة 7"), (OBADIAH, "Villa Melati Raya 12"), (LONG, "Café 1"))
SCREENS = (
    *(["status"], ["status", "--tonight"], ["list"], ["list", "--in-house"], ["log"], ["info"], ["info", "visa"]),
    *(["check", "--mrz", LONG.lines[0], "--mrz", QUENTIN.lines[1][:-1] + "0"], ["--help"], ["report", "--help"]),
)

terminals_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


@pytest.fixture
def full(configured: Installed) -> Installed:
    """A property with guests in rooms with names of every kind."""
    for guest, room in ROOMS:
        said = configured(*guest.mrz("--no-send", "--yes", "--room", room, "--note", f"{room} → kamar atas"))
        assert said.code == 0, said.err
    return configured


def shown(apoa: Installed, arguments: list[str], lang: str, columns: int) -> str:
    """Returns everything that a terminal with this many columns gets."""
    code, screen = at_a_terminal(apoa, arguments, [], lang, size=(columns, 24), coloured=True)
    assert code in {0, 65}, screen
    return screen


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
