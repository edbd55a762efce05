"""Pages as tests read them: printed ones, which need nothing else, and those that a real browser shows.

A window fails its test for what the browser complains about, and is checked for accessibility.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from basics import needs_tool

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage
    from playwright.sync_api import Page as ShownPage

_REACHES = {"src", "href", "data", "action", "srcset", "poster"}
_ACTIVE = {"script", "img", "link", "iframe", "object", "embed", "base", "form", "audio", "video"}


class Page(HTMLParser):
    """A page's text, tags, links and event handlers."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.handlers: list[str] = []
        self._hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._hidden = tag == "style"
        self.links += [value or "" for name, value in attrs if name in _REACHES]
        self.handlers += [name for name, _value in attrs if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        self._hidden = self._hidden and tag != "style"

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.text += data


def read_page(content: str, *, links: bool = False) -> Page:
    """Reads a page, which must run no code and load nothing. With `links` it may link to other pages of its folder."""
    page = Page()
    page.feed(content)
    assert not page.tags & _ACTIVE
    assert page.handlers == []
    assert links or page.links == []
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+\.html", link) for link in page.links)
    assert not re.search(r"url\((?!#)|@import|https?:", content)
    assert "default-src 'none'" in content
    return page


NewContext: TypeAlias = "Callable[..., BrowserContext]"
"""Makes windows with any options of `Browser.new_context`."""

_WAIT_MS = 20_000
"""How long an expectation may take on a busy machine."""


@contextmanager
def opened_browser() -> "Iterator[Browser]":
    """Debian's Chromium. Its own sandbox needs a user that is not root."""
    from playwright.sync_api import expect, sync_playwright  # slow, and few tests need a browser

    program = shutil.which("chromium")
    needs_tool("chromium", found=program is not None)
    expect.set_options(timeout=_WAIT_MS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()


@contextmanager
def opened_windows(browser: "Browser", complaints: list[str]) -> Iterator[NewContext]:
    """Yield what makes windows; all are closed at the end. `complaints` gets what the browser complains about."""
    contexts: list[BrowserContext] = []

    def keep_errors(message: "ConsoleMessage") -> None:
        # A browser asks for an icon by itself, where the page's policy does not forbid it.
        if message.type == "error" and not message.location["url"].endswith("/favicon.ico"):
            complaints.append(message.text)

    def make(**options: Any) -> "BrowserContext":
        context = browser.new_context(**options)
        context.set_default_timeout(_WAIT_MS)
        context.on("console", keep_errors)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


def serious_findings(page: "ShownPage") -> list[tuple[str, list[Any]]]:
    """Return what axe-core finds on a page that is serious or critical. The window must have `bypass_csp`."""
    axe = os.environ.get("APOA_AXE", "")
    needs_tool("npm, then npm install axe-core, and set APOA_AXE to its axe.min.js", found=Path(axe).is_file())
    page.add_script_tag(path=axe)  # the page's own policy forbids foreign scripts
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        (each["id"], [node["target"] for node in each["nodes"]])
        for each in found["violations"]
        if each["impact"] in {"serious", "critical"}
    ]
