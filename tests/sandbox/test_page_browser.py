"""The page in a real browser: it can be read by all, in both languages, narrow and wide, light and dark."""

import pytest
from browser_helpers import NewContext, serious_findings
from training_page import Make, Report, Send

pytestmark = pytest.mark.slow


def test_axe_finds_nothing_serious(make_server: Make, send: Send, new_context: NewContext, check_in: Report) -> None:
    """With every kind of verdict shown; nothing is cut off, and the keyboard opens a report."""
    server = make_server(faults="ok,pending,defer=5")
    bad = {"guest.sex": "Z", "guest.surname": "LONGNAME" * 6}
    send(server, check_in(), check_in(), check_in(bad))
    for number in range(2):
        send(server, check_in({"guest.document.number": f"X{number}"}))
    for lang, width, scheme in (("id", 320, "light"), ("en", 320, "dark"), ("id", 1280, "dark"), ("en", 1280, "light")):
        # The page's policy forbids foreign scripts; only this test puts one into it.
        options = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme, "locale": lang}
        page = new_context(**options, bypass_csp=True).new_page()
        page.goto(server.page_url)
        page.locator("summary").first.press("Enter")
        assert page.locator("details[open]").count() == 1
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        assert serious_findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
