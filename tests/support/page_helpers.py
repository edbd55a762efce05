"""Reads printed pages, and checks that they need nothing else."""

import re
from html.parser import HTMLParser

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
