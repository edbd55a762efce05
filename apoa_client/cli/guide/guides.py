"""The guides for staff, IT admins and implementers of the contract.

The texts are Markdown files in `guides/` beside this module, named ``ID.LANGUAGE.md``. The first line of each holds its
name in that language, the second its title.
"""

import re
from functools import cache
from typing import NamedTuple

from apoa_client.cli.guide.content import read_guides
from apoa_client.locale import SOURCE_LANGUAGE

_HEAD = re.compile(r"<!-- name: (?P<name>[a-z-]+) -->\n# (?P<title>.+)\n")


class Guide(NamedTuple):
    """A guide in one language. `id` is the same in all languages; `name` is what users type."""

    id: str
    language: str
    name: str
    title: str
    text: str
    """Markdown; the title is its first line."""


@cache
def all_guides() -> tuple[Guide, ...]:
    """Return every guide in every language that it has."""
    found = []
    for file_name, text in read_guides():
        id_, language, _ending = file_name.split(".")
        head = _HEAD.match(text)
        if head is None:
            message = f"{file_name} does not begin with its name and its title"
            raise ValueError(message)
        found.append(Guide(id_, language, head["name"], head["title"], text[text.index("\n") + 1 :]))
    return tuple(found)


def guides(language: str) -> list[Guide]:
    """Return each guide once: in this language, else in English, else in any other."""
    found: dict[str, Guide] = {}
    for guide in sorted(all_guides(), key=lambda each: (each.language != language, each.language != SOURCE_LANGUAGE)):
        found.setdefault(guide.id, guide)
    return sorted(found.values(), key=lambda each: each.id)
