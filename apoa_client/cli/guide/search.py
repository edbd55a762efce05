"""One search over what `apoa help` shows: situations, topics of facts, commands and guides, in all languages."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from apoa_client.cli.guide.facts import MIN_PART, STOP_WORDS, Topic, split_words, topics
from apoa_client.cli.guide.guides import (
    COMMAND,
    FACTS,
    GUIDE,
    NAME,
    SITUATION,
    Guide,
    Hit,
    Situation,
    all_guides,
    situations,
)
from apoa_client.locale import LANGUAGES

Words = frozenset[str]

_PART_OF_NAME, _TITLE, _PART_OF_TITLE, _TEXT = 5, 4, 2, 1
"""How much a word of the query counts, by where it is found."""

_IN_MOST_TITLES = "apoa guest guests tamu"


class Entry(NamedTuple):
    """Something that help shows, and the words by which it is found. An id is unique among those of its kind."""

    kind: str
    id: str
    names: Words
    words: Words
    """Further words for it. A whole one counts as a name's."""
    titles: Words = frozenset()
    text: Words = frozenset()


def command_entry(name: str, alias: str, synonyms: Iterable[str]) -> Entry:
    """Return the entry of a command."""
    return Entry(COMMAND, name, split_words(f"{name} {alias}"), split_words(" ".join(synonyms)))


def search(query: str, commands: Iterable[Entry]) -> list[Hit]:
    """Return what a query finds, the best first, whatever the order of its words is.

    Of equal hits, a situation comes first, then facts, a command, a guide.
    """
    words = split_words(query)
    wanted = words - split_words(f"{STOP_WORDS} {_IN_MOST_TITLES}") or words
    entries = [*_situations(), *_facts(), *commands, *_guides()]
    hits = [Hit(each.kind, each.id, sum(_score(word, each) for word in wanted)) for each in entries]
    return sorted((hit for hit in hits if hit.score), key=lambda hit: -hit.score)


def _score(word: str, entry: Entry) -> int:
    """Return how well a word fits an entry; 0 if the entry does not have it."""
    if word in entry.names or word in entry.words:
        return NAME
    if any(name.startswith(word) or _is_part(word, name) for name in entry.names):
        return _PART_OF_NAME
    if word in entry.titles or any(_is_part(word, other) for other in entry.words):
        return _TITLE
    if any(_is_part(word, title) for title in entry.titles):
        return _PART_OF_TITLE
    return _TEXT if len(word) >= MIN_PART and word in entry.text else 0


def _is_part(word: str, other: str) -> bool:
    """Return whether one of two words is at the beginning or end of the other: Indonesian adds syllables there."""
    shorter, longer = sorted((word, other), key=len)
    return len(shorter) >= MIN_PART and (longer.startswith(shorter) or longer.endswith(shorter))


def _situations() -> Iterator[Entry]:
    for versions in zip(*map(situations, LANGUAGES), strict=True):
        steps = [step.text for each in versions for step in each.steps]
        words = [each.words for each in versions]
        yield _entry(SITUATION, versions[0].id, versions, words, steps)


def _facts() -> Iterator[Entry]:
    for versions in zip(*map(topics, LANGUAGES), strict=True):
        said = [text for each in versions for text in (*each.facts, *each.unconfirmed)]
        entry = _entry(FACTS, versions[0].id, versions, [], [text.text for text in said])
        yield entry._replace(titles=entry.titles | split_words(" ".join(text.words for text in said)))


@cache
def _guides() -> list[Entry]:
    known = dict.fromkeys(each.id for each in all_guides())
    versions = ([each for each in all_guides() if each.id == id_] for id_ in known)
    return [_entry(GUIDE, each[0].id, each, [], [guide.text for guide in each]) for each in versions]


def _entry(
    kind: str, id_: str, versions: Sequence[Situation | Topic | Guide], words: Iterable[str], text: Iterable[str]
) -> Entry:
    """Return the entry of something, from its versions in each language."""
    names, titles = (each.name for each in versions), (each.title for each in versions)
    return Entry(kind, id_, *(split_words(" ".join(each)) for each in (names, words, titles, text)))
