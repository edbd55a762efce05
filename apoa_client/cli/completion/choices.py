"""What can stand for a word, with its names in both languages and a description."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from apoa_client.matching import without_accents


class Choice(NamedTuple):
    """A value that may be offered. `other` are its names in other languages, offered if none in the reader's fits."""

    value: str
    description: str = ""
    other: tuple[str, ...] = ()


def beginning_with(typed: str, choices: Iterable[Choice]) -> Iterator[tuple[str, str]]:
    """Yield the names that begin with what was typed, whatever their case and accents, with their descriptions.

    Those in the reader's language come first; only if there are none, those in other languages.
    """
    wanted = without_accents(typed)
    known = list(choices)
    found = [(each.value, each.description) for each in known if without_accents(each.value).startswith(wanted)]
    if not found:
        names = ((name, each.description) for each in known for name in each.other)
        found = [(name, description) for name, description in names if without_accents(name).startswith(wanted)]
    yield from dict(found).items()
