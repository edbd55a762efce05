"""A passport that is read from a photo: the desk confirms the doubtful line; the photo arrives as evidence."""

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import OBADIAH, QUENTIN, XIMENA, Installed, spoken
from journeys_helpers import in_each_language, in_each_width
from PIL import Image, ImageChops, ImageDraw, ImageStat
from reading_helpers import PAGE_GREY, PAGE_MARGIN, PAGE_PITCH, PAGE_SECOND_LINE, print_page
from tmux_helpers import Terminal, require_tmux

STAY = ("--birth-place", "GDANSK", "--nights", "2", "--room", "7", "--stay-permit", "B1", "--no-send")
FADED = 4
"""The character of the second line whose upper half is missing, from 0."""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo of a page on which half of a character of the document number is missing."""
    file = print_page(tmp_path / "page.png", QUENTIN.lines)
    with Image.open(file) as page:
        left = PAGE_MARGIN + FADED * PAGE_PITCH
        upper_half = (left, PAGE_SECOND_LINE, left + PAGE_PITCH - 1, PAGE_SECOND_LINE + 15)
        ImageDraw.Draw(page).rectangle(upper_half, fill=PAGE_GREY)
        page.save(file)
    return file


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[Callable[[int, dict[str, str]], Terminal]]:
    """Opens a terminal of 24 lines with a number of columns and an environment."""
    require_tmux()
    opened: list[Terminal] = []

    def start(columns: int, environ: dict[str, str]) -> Terminal:
        opened.append(Terminal(tmp_path, (columns, 24), environ))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


@pytest.mark.slow
@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1"}], ids=["greys", "no colours"])
@in_each_language
@in_each_width
def test_a_doubtful_line_is_confirmed(
    configured: Installed,
    photo: Path,
    open_terminal: Callable[[int, dict[str, str]], Terminal],
    lang: str,
    columns: int,
    environ: dict[str, str],
) -> None:
    """The question and the marks fit the screen; the line is reported; the photo is kept on Enter."""
    terminal = open_terminal(columns, {**configured.environ, "APOA_LANG": lang, **environ})
    terminal.run([*configured.command, "report", "--photo", str(photo), *STAY])
    terminal.wait_for(spoken(lang, "Is line {number} the same on the page?", number=2))
    screen = terminal.wait_for(spoken(lang, "(y = yes, Enter = no)"))
    assert all(len(line) <= columns for line in screen.splitlines())
    assert re.search(rf"^ +{QUENTIN.lines[1][:FADED]}.+\n +\^", screen, re.MULTILINE)
    terminal.type("y")
    terminal.wait_for(spoken(lang, "Save this report?"))
    terminal.type("")
    terminal.ends()
    [report] = configured.reports()
    assert report["guest"]["document"]["mrz"] == list(QUENTIN.lines)
    assert photo.exists()


@pytest.mark.slow
@in_each_width
def test_two_photos_in_the_second_of_two_properties(
    configured: Installed, open_terminal: Callable[[int, dict[str, str]], Terminal], tmp_path: Path, columns: int
) -> None:
    """Two photos are a group, and a third guest's is dragged into the window; each hint names the property."""
    by_hand = ("--non-interactive", "--property", "kenanga", "--by-hand", "--vault", "file")
    assert configured("setup", *by_hand).code == 0
    folder = tmp_path / "foto tamu"
    folder.mkdir()
    guests = (QUENTIN, XIMENA, OBADIAH)
    files = [print_page(folder / f"{number}.png", each.lines) for number, each in enumerate(guests)]
    terminal = open_terminal(columns, {**configured.environ, "APOA_LANG": "id"})
    photos = [word for file in files[:2] for word in ("--foto", str(file))]
    command = [*configured.command, "--penginapan", "kenanga", "lapor"]
    terminal.run([*command, *photos, *STAY])
    terminal.wait_for(spoken("id", "Is everything right? Photos that follow: {left}.", left=1))
    terminal.type("+")
    terminal.wait_for(spoken("id", "Save these {count} reports?", count=2))
    terminal.type("+")
    terminal.wait_for("MRZ", after=spoken("id", "Save these {count} reports?", count=2))
    terminal.type(shlex.quote(str(files[2])) + " ")  # as a terminal writes a dragged file
    terminal.wait_for(spoken("id", "Place of birth"), after=OBADIAH.surname)
    terminal.type("")
    terminal.wait_for(spoken("id", "Visa / stay permit"), after=spoken("id", "Place of birth"))
    terminal.type("")
    terminal.wait_for(spoken("id", "Save these {count} reports?", count=3))
    terminal.type("")
    screen = terminal.ends()
    assert "apoa --penginapan kenanga kirim --ketik-sendiri" in screen
    assert "apoa -v" not in screen  # no mistake of ours
    terminal.run([*configured.command, "status"])
    assert "kenanga: menunggu 3, batas lapor berikutnya: " in terminal.ends()


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
