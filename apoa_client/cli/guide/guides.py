"""The guides for staff, IT admins and implementers of the contract.

The texts are Markdown files in `guides/` beside this module, named ``ID.LANGUAGE.md``. The first line of each holds its
name in that language, the next its title. Between them a guide may give its title for a language that it lacks.
"""

import os
import re
import tomllib
from functools import cache
from typing import Any, Final, NamedTuple

from apoa_client.locale import SOURCE_LANGUAGE

# os.path: pathlib is slow to load.
_FOLDER = os.path.dirname(__file__)  # noqa: PTH120  see above


def read_content(name: str, language: str) -> dict[str, Any]:
    """Return the content of the file ``NAME.LANGUAGE.toml``, or of the English one for a language that has none."""
    path = os.path.join(_FOLDER, f"{name}.{language}.toml")  # noqa: PTH118  see above
    if not os.path.exists(path):  # noqa: PTH110  see above
        return read_content(name, SOURCE_LANGUAGE)
    with open(path, "rb") as file:  # noqa: PTH123  see above
        return tomllib.load(file)


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
    folder = os.path.join(_FOLDER, "guides")  # noqa: PTH118  see above
    for file_name in sorted(os.listdir(folder)):  # noqa: PTH208  see above
        with open(os.path.join(folder, file_name), encoding="utf-8") as file:  # noqa: PTH118, PTH123  see above
            text = file.read()
        id_, language, _ending = file_name.split(".")
        head = _HEAD.match(text)
        if head is None:
            message = f"{file_name} does not begin with its name and its title"
            raise ValueError(message)
        foreign = (head["language"], head["foreign"]) if head["foreign"] else None
        found.append(Guide(id_, language, head["name"], head["title"], text[head.start("title") - 2 :], foreign))
    return tuple(found)


def reference_server() -> str:
    """Return the server that the guide of the contract shows in pieces, as one Python file."""
    text = next(each.text for each in all_guides() if each.id == "contract")
    return "\n".join(re.findall("```python\n(.*?)```", text, re.DOTALL))


def guides(language: str) -> list[Guide]:
    """Return each guide once: in this language, else in English, else in any other."""
    found: dict[str, Guide] = {}
    for guide in sorted(all_guides(), key=lambda each: (each.language != language, each.language != SOURCE_LANGUAGE)):
        found.setdefault(guide.id, guide)
    return sorted(found.values(), key=lambda each: each.id)


class Step(NamedTuple):
    """Something to know or to do, and the command for it, if there is one, with its English name."""

    text: str
    command: str | None


class Situation(NamedTuple):
    """A situation in one language. `id` is the same in all languages; `name` is what users type."""

    id: str
    name: str
    title: str
    steps: tuple[Step, ...]
    words: str
    """Further words by which users may search for it."""


SITUATION: Final = "situation"
FACTS: Final = "facts"
COMMAND: Final = "command"
GUIDE: Final = "guide"

NAME: Final = 8
"""The score of a whole word of a name."""


class Hit(NamedTuple):
    """What a name means, or a search has found: one of these kinds."""

    kind: str
    id: str
    score: int = NAME


@cache
def situations(language: str) -> tuple[Situation, ...]:
    """Return all situations in a language, in the order of a stay."""
    return tuple(
        Situation(
            each["id"],
            each["name"],
            each["title"],
            tuple(Step(step["text"], step.get("command")) for step in each["step"]),
            each["words"],
        )
        for each in read_content("situations", language)["situation"]
    )
