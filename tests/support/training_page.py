"""What the tests of the sandbox share: the types of their fixtures, and its page as it is read.

The text of each element of the page that has an id, and all attributes.
"""

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import requests

from apoa_client.sandbox.server import SandboxServer

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
