"""What the tests of the sandbox and of the conformance suite share.

The types of the sandbox's fixtures, its page as it is read (the text of each element that has an id, and all
attributes), and runs of the conformance suite against servers on loopback, without waiting.
"""

import secrets
import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import requests

from apoa_client.conformance.check import CheckResult, Context, Result
from apoa_client.conformance.checks import CHECKS
from apoa_client.conformance.run import open_server, run_checks
from apoa_client.conformance.samples import Samples
from apoa_client.delivery.options import Uninterrupted
from apoa_client.sandbox.server import SandboxServer
from apoa_client.sandbox.validation import Limits

Json = dict[str, Any]
Make = Callable[..., SandboxServer]
LogIn = Callable[[SandboxServer], requests.Session]
Send = Callable[..., list[Json]]
Report = Callable[..., Json]
"""Of `tests/sandbox/conftest.py`: what starts a server, logs in, sends reports, and makes one."""

_VOID = frozenset({"meta", "link", "input"})


class ReadPage(HTMLParser):
    """A page. `texts` has the text of each element with an id, with single spaces."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.attributes: list[tuple[str, dict[str, str]]] = []
        self._open: list[str] = []
        self._texts: dict[str, str] = {}
        self.feed(page)
        assert self._open == []

    @property
    def texts(self) -> dict[str, str]:
        return {name: " ".join(text.split()) for name, text in self._texts.items()}

    @property
    def stays(self) -> list[str]:
        """The texts of the stays, in their order."""
        return [text for name, text in self.texts.items() if name.startswith("stay-")]

    def values(self, tag: str, name: str) -> list[str]:
        """The values of an attribute of all elements with this tag."""
        return [each[name] for kind, each in self.attributes if kind == tag and name in each]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.attributes.append((tag, values))
        name = values.get("id", "")
        if name:
            assert name not in self._texts
            self._texts[name] = ""
        if tag not in _VOID:
            self._open.append(name)

    def handle_endtag(self, tag: str) -> None:
        assert tag not in _VOID
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for name in filter(None, self._open):
            self._texts[name] += data


def read_page(http: requests.Session, server: SandboxServer, language: str = "en") -> ReadPage:
    """Load the page of a server."""
    answer = http.get(server.page_url, headers={"Accept-Language": language}, timeout=20)
    assert answer.status_code == 200
    return ReadPage(answer.text)


def turn(http: requests.Session, server: SandboxServer, fault: str, turn: str) -> requests.Response:
    """Turn a fault on or off as the page's form does."""
    form = {"fault": fault, "turn": turn}
    return http.post(f"{server.page_url}/faults", data=form, timeout=20, allow_redirects=False)


USERNAME, PASSWORD = "akun-uji", "rahasia untuk uji"
LIMITS = Limits(max_batch=10, max_body_bytes=16 * 1024)
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def now() -> datetime:
    """The fixed time of the servers and of the suite."""
    return NOW


class Suite:
    """Tests a server: `suite(url)` returns the results by id. `waits` are the seconds that the server asked for."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.restart: Callable[[], object] | None = None
        self.others: list[tuple[str, str]] = []
        self.sent: Callable[[], int] = lambda: 0
        self.monotonic: Callable[[], float] = time.monotonic

    def __call__(
        self, url: str, only: AbstractSet[str] | None = None, password: str = PASSWORD
    ) -> dict[str, CheckResult]:
        """Run all checks, or those with an id or of a chapter in `only`."""
        chosen = [each for each in CHECKS if only is None or only & {each.id, each.id.partition(".")[0]}]
        with open_server(
            url,
            [(USERNAME, password), *self.others],
            user_agent="apoa-client/0",
            pause=lambda seconds, _reason: self.waits.append(seconds),
            monotonic=self.monotonic,
        ) as (server, *others):
            samples = Samples(now, secrets.token_bytes)
            self.sent = lambda: server.connection.count
            context = Context(server, samples, now, self.restart, next(iter(others), None))
            return {each.id: each for each in run_checks(context, Uninterrupted(), checks=chosen)}


def failed(results: dict[str, CheckResult]) -> set[str]:
    """The ids of the checks that failed."""
    return {name for name, each in results.items() if each.result is Result.FAILED}
