"""The page for typing into APOA, served by the installed command, in a real browser: clipboard, keyboard, languages."""

import re
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import Popen
from typing import NamedTuple

import pytest
import requests
from cli_helpers import QUENTIN, XIMENA, Installed, spoken
from journeys_helpers import in_each_language
from page_helpers import NewContext, serious_findings
from playwright.sync_api import Page, expect
from terminal_helpers import at_a_terminal

PROMPTS, PASTES = 7, 14
"""How many questions a usual guest costs until the report is saved, and how many values there are to paste."""


@pytest.fixture
def manual(apoa: Installed) -> Installed:
    """The installed command with a property whose reports are typed by hand."""
    apoa("setup", "--non-interactive", "--property", "melati", "--vault", "file", "--by-hand").ok()
    return apoa


class Served(NamedTuple):
    """A command that serves the page."""

    process: "Popen[str]"
    url: str

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Send a signal, and return the exit code and stdout."""
        self.process.send_signal(number)
        out, _err = self.process.communicate(timeout=20)
        return self.process.returncode, out


Start = Callable[..., Served]


@pytest.fixture
def start(manual: Installed) -> Iterator[Start]:
    """Starts `apoa sync --by-hand --page`."""
    started: list[Popen[str]] = []

    def go(lang: str = "en", *more: str) -> Served:
        process = manual.start("sync", "--by-hand", "--page", "--no-browser", *more, APOA_LANG=lang)
        started.append(process)
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/#\S+", process.stdout.readline())
        assert found is not None, process.communicate(timeout=20)
        return Served(process, found[0])

    yield go
    for each in started:
        each.kill()
        each.communicate(timeout=20)


@pytest.fixture
def open_page(new_context: NewContext, complaints: list[str]) -> Callable[..., Page]:
    """Opens the page in a new window, which may use the clipboard."""
    return lambda served, **options: visited(new_context, complaints, served.url, **options)


def visited(new_context: NewContext, complaints: list[str], url: str, **options: object) -> Page:
    """Return the page at an address in a new window, which may use the clipboard."""
    page = new_context(permissions=["clipboard-read", "clipboard-write"], **options).new_page()
    page.goto(url)
    expect(page.locator("#form")).to_be_visible()
    expect(page.locator(":focus")).to_have_count(1)  # the script has begun
    # Before it has the cookie, the browser is refused.
    assert all("403" in each for each in complaints)
    complaints.clear()
    return page


def clipboard(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signal to one process")
class TestCommand:
    """The command around the page."""

    def test_ctrl_c_ends_it(self, manual: Installed, start: Start) -> None:
        """What was not recorded waits as before; the port is free; the exit code says that something is left."""
        assert manual(*QUENTIN.mrz()).code == 0
        served = start()
        origin, _fragment, token = served.url.partition("/#")
        assert requests.get(f"{origin}/", timeout=5).status_code == 403
        entered = requests.post(f"{origin}/enter", data=token, timeout=5)
        assert entered.status_code == 200
        assert served.end() == (75, "Recorded: 0. Still waiting: 1.\n")
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{origin}/", timeout=5)
        [report] = manual.reports()
        assert (report["state"], report["attempts"]) == ("queued", 0)

    def test_sigterm(self, manual: Installed, start: Start) -> None:
        """A shutdown frees the report, too."""
        assert manual(*QUENTIN.mrz()).code == 0
        assert start().end(signal.SIGTERM)[0] == 143
        assert manual("sync", "--json").json["left"] == 1
        assert [report["state"] for report in manual.reports()] == ["queued"]

    @in_each_language
    def test_the_browser_opens_by_itself(self, manual: Installed, tmp_path: Path, lang: str) -> None:
        """At a terminal with a browser, `apoa sync` opens the page in it; the address is shown, too."""
        assert manual(*QUENTIN.mrz()).code == 0
        desk, opened = with_browser(manual, tmp_path, "kill -INT $PPID")
        code, shown = at_a_terminal(desk, ["sync"], [], lang, size=(120, 30))
        assert code == 75, shown
        origin, _fragment, token = opened.read_text().strip().partition("/#")
        assert f"{origin}/#" in shown
        assert token not in shown  # it is valid once, for this browser
        assert spoken(lang, "It opens in the browser now.") in shown


def with_browser(manual: Installed, folder: Path, then: str = "") -> tuple[Installed, Path]:
    """Return the command at a desk whose browser writes the address into the file that is returned too."""
    opened, program = folder / "opened", folder / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" > {opened}.new; mv {opened}.new {opened}; {then}\n')
    program.chmod(0o700)
    desk = Installed(manual.command, {**manual.environ, "BROWSER": f"{program} %s"})
    del desk.environ["SSH_CONNECTION"]
    return desk, opened


@pytest.mark.slow
class TestBrowser:
    """The page in Chromium."""

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals here")
    @in_each_language
    def test_a_guest_is_pasted(
        self, manual: Installed, new_context: NewContext, complaints: list[str], tmp_path: Path, lang: str
    ) -> None:
        """Seven answers and an Enter at the terminal; then each value is copied once, and none is typed again."""
        desk, opened = with_browser(manual, tmp_path)
        questions = [
            *(spoken(lang, "MRZ line {number}", number=number) for number in (1, 2)),
            *(spoken(lang, each) for each in ("Place of birth", "Visa / stay permit")),
            *(spoken(lang, each).rstrip("?") for each in ("Nights", "Room", "Save this report?")),
        ]
        answers = [*QUENTIN.lines, QUENTIN.birth_place, "B1", "2", "7", ""]
        dialogue = [*zip(questions, answers, strict=True), (spoken(lang, "(Enter = yes, n = no)"), "")]
        with ThreadPoolExecutor(1) as pool:
            ended = pool.submit(at_a_terminal, desk, ["report"], dialogue, lang)
            while not opened.exists():
                assert not ended.done(), ended.result()
            page = visited(new_context, complaints, opened.read_text().strip())
            assert "#" not in page.url
            pasted: list[str] = []
            while page.evaluate("document.activeElement.id") != "number":
                page.keyboard.press("Enter")
                expect(page.locator(".copied")).to_have_count(len(pasted) + 1)
                pasted.append(clipboard(page))
            assert len(questions) <= PROMPTS
            assert len(pasted) <= PASTES
            assert pasted == [
                *(QUENTIN.surname, QUENTIN.given_names, "L", QUENTIN.birth_place, "12/09/1985", "Polandia"),
                *(QUENTIN.number, "Polandia", "28/03/2032", "B1", pasted[10], pasted[11], "7", "wisata"),
            ]
            page.evaluate("navigator.clipboard.writeText('STT-2026-0001')")
            page.keyboard.press("Control+V")
            page.keyboard.press("Enter")
            done = spoken(lang, "Everything is recorded. This page can be closed.")
            expect(page.locator("main[data-ended]")).to_contain_text(done)
            assert QUENTIN.surname not in page.content()
            code, shown = ended.result(timeout=20)
        assert code == 0, shown
        assert spoken(lang, "Recorded: {count}.", count=1) in shown
        [report] = manual.reports()
        assert (report["state"], report["receipt"]["number"]) == ("accepted", "STT-2026-0001")

    def test_mouse_and_focus(self, manual: Installed, start: Start, open_page: Callable[..., Page]) -> None:
        """A click copies any value; after a click beside the buttons Enter still copies the next; both show it."""
        manual(*QUENTIN.mrz())
        page = open_page(start())
        page.get_by_role("button", name="Passport number").click()
        expect(page.locator(".just-copied")).to_contain_text(QUENTIN.number)
        assert clipboard(page) == QUENTIN.number
        page.locator("h2").click()
        page.keyboard.press("Enter")
        expect(page.locator(".just-copied")).to_contain_text(QUENTIN.surname)
        expect(page.locator("#copied")).to_contain_text("Copied")

    def test_without_a_clipboard(self, manual: Installed, start: Start, open_page: Callable[..., Page]) -> None:
        """The value is marked, and the page says which keys copy it."""
        manual(*QUENTIN.mrz())
        page = open_page(start())
        page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")
        page.keyboard.press("Enter")
        expect(page.locator("#copied")).to_be_visible()
        assert page.evaluate("getSelection().toString()") == QUENTIN.surname

    def test_numbers_by_keyboard(self, manual: Installed, start: Start, open_page: Callable[..., Page]) -> None:
        """A doubtful number has the focus and is recorded when it is given again; the next report begins at its top."""
        for guest in (QUENTIN, XIMENA):
            manual(*guest.mrz())
        page = open_page(start())
        page.locator("#number").fill("STT-2026-0001")
        page.keyboard.press("Enter")
        expect(page.locator("bdi", has_text=XIMENA.surname)).to_be_visible()
        expect(page.locator("[data-copy]").first).to_be_focused()
        page.locator("#number").fill("STT-2026-0001")
        page.keyboard.press("Enter")
        expect(page.locator("#problem")).to_contain_text("another stay has this number")
        expect(page.locator("#number")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("main[data-ended]")).to_be_visible()
        assert {report["receipt"]["number"] for report in manual.reports()} == {"STT-2026-0001"}

    def test_the_command_ends_before_the_page(
        self, manual: Installed, start: Start, open_page: Callable[..., Page], complaints: list[str]
    ) -> None:
        """Nothing of a guest stays on the screen, and the page says how to open it again."""
        manual(*QUENTIN.mrz())
        served = start()
        page = open_page(served)
        served.end()
        expect(page.locator("main[data-ended]")).to_contain_text("apoa sync --by-hand --page")
        assert QUENTIN.surname not in page.content()
        assert all("ERR_CONNECTION_REFUSED" in each for each in complaints)
        complaints.clear()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [390, 1280])
    @in_each_language
    def test_axe_finds_nothing_serious(
        self, manual: Installed, start: Start, open_page: Callable[..., Page], lang: str, width: int, scheme: str
    ) -> None:
        """Narrow and wide, light and dark, with a value copied and a number refused; nothing is cut off."""
        manual(*QUENTIN.mrz("--note", "LONGNOTE" * 20))
        viewport = {"width": width, "height": 800}
        page = open_page(start(lang), viewport=viewport, color_scheme=scheme, bypass_csp=True)
        page.keyboard.press("Enter")
        expect(page.locator(".copied")).to_have_count(1)
        page.locator("#number").fill("?")
        page.keyboard.press("Enter")
        expect(page.locator("#problem")).to_be_visible()
        assert serious_findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_sheet_on_a_telephone(manual: Installed, new_context: NewContext, tmp_path: Path) -> None:
    """The heading of a report has its kind and ID on one line and the deadline below; nothing is cut off or broken."""
    manual(*QUENTIN.mrz())
    sheet = tmp_path / "sheet.html"
    assert manual("sync", "--by-hand", "--sheet", str(sheet), lang="id").code == 0
    page = new_context(viewport={"width": 390, "height": 800}).new_page()
    page.goto(sheet.as_uri())
    heading, kind, name = (
        page.locator(each).first.bounding_box() for each in ("section header", "section h2", "td bdi")
    )
    assert heading is not None
    assert kind is not None
    assert name is not None
    assert heading["height"] < 2.5 * kind["height"]
    assert kind["height"] < 30
    assert name["height"] < 30
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
