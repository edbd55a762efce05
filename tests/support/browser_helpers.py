"""What tests of pages in a real browser share: windows that fail the test for a complaint, and accessibility."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from system_helpers import needs_tool

NewContext = Callable[..., BrowserContext]
"""Makes windows with any options of `Browser.new_context`."""

_WAIT_MS = 20_000
"""How long an expectation may take on a busy machine."""


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """Debian's Chromium. Its own sandbox needs a user that is not root."""
    program = shutil.which("chromium")
    needs_tool("chromium", found=program is not None)
    expect.set_options(timeout=_WAIT_MS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()


@contextmanager
def opened_windows(browser: Browser, complaints: list[str]) -> Iterator[NewContext]:
    """Yield what makes windows; all are closed at the end. `complaints` gets what the browser complains about."""
    contexts: list[BrowserContext] = []

    def keep_errors(message: ConsoleMessage) -> None:
        # A browser asks for an icon by itself, where the page's policy does not forbid it.
        if message.type == "error" and not message.location["url"].endswith("/favicon.ico"):
            complaints.append(message.text)

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**options)
        context.set_default_timeout(_WAIT_MS)
        context.on("console", keep_errors)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


def serious_findings(page: Page) -> list[tuple[str, list[Any]]]:
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
