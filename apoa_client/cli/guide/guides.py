"""The guides for staff, IT admins and implementers of the contract.

The texts are Markdown files in `guides/` beside this module, named ``ID.LANGUAGE.md``. The first line of each holds its
name in that language, the next its title. Between them a guide may give its title for a language that it lacks.
"""

import re
from functools import cache
from typing import NamedTuple

from apoa_client.cli.guide.content import read_guides
from apoa_client.locale import SOURCE_LANGUAGE

_HEAD = re.compile(
    r"<!-- name: (?P<name>[a-z-]+) -->\n(?:<!-- title: (?P<language>[a-z]+) (?P<foreign>.+) -->\n)?# (?P<title>.+)\n"
)


class Guide(NamedTuple):
    """A guide in one language. `id` is the same in all languages; `name` is what users type."""

    id: str
    language: str
    name: str
    title: str
    text: str
    """Markdown; the title is its first line."""
    foreign_title: tuple[str, str] | None
    """A language that the guide lacks, and its title in that language."""

    def title_in(self, language: str) -> str:
        """Return the title in a language, or in the guide's own."""
        if self.foreign_title is not None and self.foreign_title[0] == language:
            return self.foreign_title[1]
        return self.title


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
        foreign = (head["language"], head["foreign"]) if head["foreign"] else None
        found.append(Guide(id_, language, head["name"], head["title"], text[head.start("title") - 2 :], foreign))
    return tuple(found)


def guides(language: str) -> list[Guide]:
    """Return each guide once: in this language, else in English, else in any other."""
    found: dict[str, Guide] = {}
    for guide in sorted(all_guides(), key=lambda each: (each.language != language, each.language != SOURCE_LANGUAGE)):
        found.setdefault(guide.id, guide)
    return sorted(found.values(), key=lambda each: each.id)
