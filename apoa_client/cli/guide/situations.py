"""Situations at the front desk that are not as usual, each with what to do and the commands for it.

The texts are in ``situations.LANGUAGE.toml`` beside this module. They follow the program's rules and the law; where
neither gives an answer, they say who to ask.
"""

from functools import cache
from typing import NamedTuple

from apoa_client.cli.guide.content import read_content


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


@cache
def situations(language: str) -> tuple[Situation, ...]:
    """Return all situations in a language, in the order of a stay."""
    return tuple(
        Situation(
            each["id"],
            each["name"],
            each["title"],
            tuple(Step(step["text"], step.get("command")) for step in each["step"]),
        )
        for each in read_content("situations", language)["situation"]
    )
