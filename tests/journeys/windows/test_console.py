"""The installed command in a console window: its code page, and a window that is closed."""

import json
from pathlib import Path

import pytest
from cli_helpers import COMMAND, QUENTIN, XIMENA, Installed
from console_helpers import Window
from journeys.windows.conftest import windows_only
from passport_helpers import print_page

pytestmark = windows_only

BIRTH_PLACE = "ŻABIANKA, GDAŃSK"
SCAN = "".join(QUENTIN.lines) + "\r"


@pytest.fixture
def practising(apoa: Installed) -> Installed:
    """A training property."""
    said = apoa("setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file")
    assert said.code == 0, said.err
    return apoa


@pytest.mark.parametrize("code_page", [437, 850, 1252, 65001])
def test_code_pages(practising: Installed, tmp_path: Path, code_page: int) -> None:
    """A text is typed, shown, stored and redirected with all its letters, at each code page."""
    window = Window(practising, "report", "--no-send", code_page=code_page)
    for question, answer in (
        ("MRZ line 1", SCAN),
        ("Place of birth", f"{BIRTH_PLACE}\r"),
        ("Visa / stay permit", "B1\r"),
        ("Nights", "2\r"),
        ("Room", "7\r"),
    ):
        window.wait_for(question)
        window.type(answer)
    assert BIRTH_PLACE in window.wait_for("Save this report?")
    window.type("\r")
    assert window.wait() == 0
    [report] = practising.reports()
    assert report["guest"]["birth_place"] == BIRTH_PLACE
    listed = Window(practising, "show", report["id"], code_page=code_page)
    listed.wait_for(BIRTH_PLACE)
    assert listed.wait() == 0
    file = tmp_path / "list.json"
    redirected = Window(practising, "list", "--json", code_page=code_page, output=file)
    assert redirected.wait() == 0
    assert json.loads(file.read_text(encoding="utf-8"))["reports"][0]["guest"]["birth_place"] == BIRTH_PLACE


@pytest.mark.parametrize(("typed", "half"), [(False, ""), (True, ""), (True, "WARS")])
def test_a_closed_window_loses_nothing(practising: Installed, half: str, *, typed: bool) -> None:
    """What was typed in a window that is closed is a draft, with which the next report continues."""
    window = Window(practising, "report", "--no-send")
    window.wait_for("MRZ line 1")
    window.type(SCAN)
    window.wait_for("Place of birth")
    if typed:
        window.type("GDANSKTOWN\r")
        window.wait_for("Visa / stay permit")
    window.type(half)
    window.close()
    assert practising("status", "--json").json["drafts"] == 1
    again = Window(practising, "report", "--no-send")
    again.wait_for("Continue with this guest?")
    again.type("\r")
    again.wait_for("Visa / stay permit" if typed else "Place of birth")
    again.close()


@pytest.mark.skipif(
    not Path(COMMAND[0]).with_name("_internal").is_dir(), reason="pip's command is never alone in its window"
)
def test_the_window_of_a_double_click(practising: Installed, tmp_path: Path) -> None:
    """It stays and runs what is typed as it is printed, though no PATH knows the program; Enter closes it."""
    practising.environ["APOA_LANG"] = "id"
    page = print_page(tmp_path / "foto paspor.png", XIMENA.lines)
    window = Window(practising)
    window.wait_for("apoa>")
    words = ["--nights", "2", "--room", "7", "--birth-place", "BILBAO", "--stay-permit", "B1", "--yes", "--no-send"]
    window.type(f'apoa lapor --foto "{page}" {" ".join(words)}\r')
    window.wait_for(XIMENA.surname)
    window.wait_for("apoa>")
    window.type("status --json\r")
    assert '"queued": 1' in window.wait_for("apoa>")
    window.type("\r")
    window.wait()
    [report] = practising.reports()
    assert report["guest"]["surname"] == XIMENA.surname
