"""The page in a real browser: arrivals as they come, faults, both languages, the keyboard, and accessibility."""

from collections.abc import Callable
from typing import Any

import pytest
from page_helpers import NewContext, serious_findings
from playwright.sync_api import Page, expect
from sandbox_helpers import Make, Report, Send

from apoa_client.sandbox.server import SandboxServer

pytestmark = pytest.mark.slow

_LIVE = {"en": "New reports appear by themselves.", "id": "Laporan baru muncul dengan sendirinya."}


@pytest.fixture
def open_page(new_context: NewContext) -> Callable[..., Page]:
    """Opens the page of a server in a new window, and waits until it is live."""

    def go(server: SandboxServer, lang: str = "en", **options: Any) -> Page:
        page = new_context(locale=lang, **options).new_page()
        page.goto(server.page_url)
        expect(page.locator("#connection")).to_have_text(_LIVE[lang])
        return page

    return go


def test_keyboard_alone_while_reports_arrive(
    make_server: Make, send: Send, open_page: Callable[..., Page], check_in: Report, follow_up: Report
) -> None:
    """Each control is reached by Tab, shows the focus, and works; an update keeps the focus and what is opened.

    A screen reader announces each report that arrives, and the page is not loaded again.
    """
    server = make_server()
    page = open_page(server)
    page.evaluate("window.loadedOnce = true")
    report = check_in()
    send(server, report)
    stay = page.locator(f"#stay-{report['id']}")
    expect(page.get_by_role("status").filter(has_text="check-in, SMITHSON JANE ANN: Accepted")).to_have_count(1)

    def tab_to(selector: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
                return
        pytest.fail(f"Tab does not reach {selector}")

    tab_to(f"#summary-{report['id']}")
    page.keyboard.press("Enter")
    tab_to(f"#summary-call-{report['id']}")
    page.keyboard.press("Enter")
    send(server, check_in({"guest.surname": "ROSSI", "guest.document.number": "YA1234567"}))
    expect(page.locator("#stays > li").first).to_contain_text("ROSSI")
    expect(page.locator(f"#summary-call-{report['id']}")).to_be_focused()
    send(server, follow_up(report, "check_out"))
    expect(stay.locator(".story > li")).to_have_count(2)
    expect(stay.locator("pre").first).to_be_visible()
    expect(page.locator(f"#summary-call-{report['id']}")).to_be_focused()
    tab_to("#summary-lost")
    page.keyboard.press("Enter")
    tab_to("#on-lost")
    page.keyboard.press("Space")
    expect(page.locator("#off-lost")).to_be_focused()
    expect(page.locator("#on")).to_have_text("Lose the answer: On until turned off")
    page.keyboard.press("Enter")
    expect(page.locator("#on")).to_have_text("No fault is on.")
    expect(page.locator("#once-lost")).to_be_focused()
    assert page.evaluate("window.loadedOnce")


def test_the_server_stops_and_starts_again(
    make_server: Make, send: Send, open_page: Callable[..., Page], check_in: Report, complaints: list[str]
) -> None:
    """The page says that it is not live; when the server is back, it goes on by itself and shows what it missed."""
    server = make_server()
    page = open_page(server)
    server.stop()
    expect(page.locator("#connection")).to_contain_text("does not answer")
    page.locator("#summary-lost").click()
    page.locator("#once-lost").click()
    expect(page.locator("#on")).to_have_text("No fault is on.")
    server.start()
    send(server, check_in())
    expect(page.locator("#stays")).to_contain_text("SMITHSON")
    expect(page.locator("#connection")).to_have_text(_LIVE["en"])
    assert all("net::ERR_" in each for each in complaints)
    complaints.clear()


@pytest.mark.parametrize(
    ("lang", "width", "scheme"),
    [("id", 320, "light"), ("en", 320, "dark"), ("id", 1280, "dark"), ("en", 1280, "light")],
)
def test_axe_finds_nothing_serious(
    make_server: Make,
    send: Send,
    open_page: Callable[..., Page],
    check_in: Report,
    lang: str,
    width: int,
    scheme: str,
) -> None:
    """With every kind of verdict shown; nothing is cut off, and a guest reported before does not look accepted."""
    server = make_server(faults="ok,pending,defer=5,duplicate")
    bad = {"guest.sex": "Z", "guest.surname": "LONGNAME" * 6}
    send(server, check_in(), check_in(), check_in(bad))
    for number in range(3):
        send(server, check_in({"guest.document.number": f"X{number}"}))
    # The page's policy forbids foreign scripts; only this test puts one into it.
    page = open_page(server, lang, viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    page.locator("#summary-slow").click()
    page.locator("#on-slow").click()
    expect(page.locator("#off-slow")).to_be_visible()
    looks = [
        page.locator(f"#stays .{each}").first.evaluate("each => getComputedStyle(each).backgroundColor")
        for each in ("accepted", "duplicate", "rejected", "pending")
    ]
    assert len({*looks}) == len(looks)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert serious_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
