"""The page in a real browser: arrivals as they come, faults, both languages, the keyboard, and accessibility."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from browser_helpers import NewContext, serious_findings
from playwright.sync_api import Page, expect
from training_page import Make, Report, Send

from apoa_client.sandbox.server import SandboxServer

pytestmark = pytest.mark.slow

_LIVE = {"en": "New reports appear by themselves.", "id": "Laporan baru muncul dengan sendirinya."}


@pytest.fixture
def open_page(new_context: NewContext) -> Callable[..., Page]:
    """Opens the page of a server in a new window, and waits until it is live."""

    def go(server: SandboxServer, lang: str = "en", **options: Any) -> Page:
        page = new_context(**options).new_page()
        page.goto(f"{server.page_url}?lang={lang}")
        expect(page.locator("#connection")).to_have_text(_LIVE[lang])
        return page

    return go


def test_reports_appear_while_the_page_is_open(
    make_server: Make, send: Send, open_page: Callable[..., Page], check_in: Report, follow_up: Report
) -> None:
    """Without loading the page again: a screen reader announces it, and an opened stay stays open while it grows."""
    server = make_server()
    page = open_page(server)
    page.evaluate("window.loadedOnce = true")
    expect(page.locator("#stays")).to_contain_text("No report has arrived")
    report = check_in()
    send(server, report)
    stay = page.locator(f"#stay-{report['id']}")
    expect(stay.locator("summary").first).to_contain_text("SMITHSON JANE ANN")
    expect(page.locator("#announcement")).to_have_text("check-in, SMITHSON JANE ANN: Accepted")
    expect(page.locator("#announcement")).to_have_attribute("aria-live", "polite")
    stay.locator("summary").first.click()
    expect(stay.locator(".clock")).to_contain_text("In time")
    stay.locator(".call summary").click()
    expect(stay.locator(".story > li")).to_have_count(1)
    other = check_in({"guest.surname": "ROSSI", "guest.document.number": "YA1234567"})
    send(server, other)
    expect(page.locator("#stays > li").first).to_contain_text("ROSSI")
    send(server, follow_up(report, "check_out"))
    expect(page.locator("#stays > li").first).to_contain_text("SMITHSON")
    expect(stay.locator(".story > li")).to_have_count(2)
    expect(stay.locator(".story")).to_be_visible()
    expect(stay.locator(".call pre").first).to_be_visible()
    expect(page.locator("#stays > li")).to_have_count(2)
    assert page.evaluate("window.loadedOnce")


def test_keyboard_alone(make_server: Make, send: Send, open_page: Callable[..., Page], check_in: Report) -> None:
    """Each control is reached by Tab, shows that it has the focus, and works; the focus is not lost in an update."""
    server = make_server()
    report = check_in()
    send(server, report)
    page = open_page(server)

    def tab_to(selector: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
                return
        pytest.fail(f"Tab does not reach {selector}")

    tab_to(f"#more-{report['id']} > summary")
    page.keyboard.press("Enter")
    expect(page.locator(f"#stay-{report['id']} .story")).to_be_visible()
    tab_to("#fault-lost summary")
    page.keyboard.press("Enter")
    tab_to("#fault-lost button[value=on]")
    page.keyboard.press("Space")
    expect(page.locator("#fault-lost button[value=off]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#on")).to_have_text("No fault is on.")
    expect(page.locator("#fault-lost button[value=once]")).to_be_focused()
    send(server, check_in({"guest.document.number": "X1"}))
    expect(page.locator("#stays > li")).to_have_count(2)
    expect(page.locator("#fault-lost button[value=once]")).to_be_focused()


def test_the_server_stops_and_starts_again(
    make_server: Make, send: Send, open_page: Callable[..., Page], check_in: Report, complaints: list[str]
) -> None:
    """The page says that it is not live; when the server is back, it goes on by itself and shows what it missed."""
    server = make_server()
    page = open_page(server)
    server.stop()
    expect(page.locator("#connection")).to_contain_text("does not answer")
    page.locator("#fault-lost summary").click()
    page.locator("#fault-lost").get_by_role("button", name="Once").click()
    expect(page.locator("#on")).to_have_text("No fault is on.")
    server.start()
    send(server, check_in())
    expect(page.locator("#stays")).to_contain_text("SMITHSON")
    expect(page.locator("#connection")).to_have_text(_LIVE["en"])
    assert all("net::ERR_" in each for each in complaints)
    complaints.clear()


def test_without_scripts(make_server: Make, send: Send, new_context: NewContext, check_in: Report) -> None:
    """The reports are there, the page loads itself again, and the forms work."""
    server = make_server()
    send(server, check_in())
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"{server.page_url}?lang=en")
    expect(page.locator("#stays")).to_contain_text("SMITHSON")
    # Not an expectation: those never see what is inside `noscript`.
    assert "runs no scripts" in page.locator("#connection").inner_text()
    expect(page.locator("meta[http-equiv=refresh]")).to_have_count(1)
    page.locator("#fault-lost summary").click()
    page.locator("#fault-lost").get_by_role("button", name="Until turned off").click()
    expect(page).to_have_url(f"{server.page_url}?lang=en")
    expect(page.locator("#on")).to_have_text("Lose the answer: On until turned off")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("lang", ["id", "en"])
def test_axe_finds_nothing_serious(
    make_server: Make,
    send: Send,
    open_page: Callable[..., Page],
    check_in: Report,
    clock: list[datetime],
    lang: str,
    width: int,
    scheme: str,
) -> None:
    """In both languages, narrow and wide, light and dark, with every kind of state shown; nothing is cut off."""
    server = make_server(faults="ok,pending")
    late = {"guest.document.number": "X1", "stay.check_in": "2026-11-23T08:00:00+07:00"}
    send(server, check_in(), check_in(), check_in(late), check_in({"guest.sex": "Z", "guest.surname": "LONGNAME" * 6}))
    clock[0] += timedelta(minutes=1)
    send(server, check_in({"guest.document.number": "X2"}))
    # The page's policy forbids foreign scripts; only this test puts one into it.
    page = open_page(
        server,
        lang,
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        bypass_csp=True,
    )
    page.locator("#fault-slow summary").click()
    page.locator("#fault-slow button").last.click()
    expect(page.locator("#fault-slow")).to_have_class(re.compile("on"))
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert serious_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
