"""Searches the facts by a topic's name or by words, in any language of the program, whatever the reader's is."""

import re
from functools import cache
from itertools import compress

from apoa_client.cli.guide.facts import Fact, Topic, Unconfirmed, topics
from apoa_client.locale import LANGUAGES
from apoa_client.matching import close_matches, without_accents

_MIN_PART = 4
"""Letters from which on a word is also found inside a longer one: Indonesian adds syllables before and after."""

_STOP_WORDS = """
a about an are can do does for how i in is it long many much my of the there to what when where which who why
ada apa apakah atau bagaimana berapa bisa dan dari di dengan itu ini kalau kapan ke mana saya siapa untuk yang
"""
"""Words that are searched for only if the query has no others."""


def search_facts(query: str, language: str) -> list[Topic]:
    """Return topics in a language: those with this name, else of each topic the texts with most of the query's words.

    A text is a fact or something that is not confirmed. Returns an empty list if no text has any of the words.
    """
    wanted, shown = _words(query), topics(language)
    named = [
        topic
        for number, topic in enumerate(shown)
        if any(_words(topics(each)[number].name) == wanted for each in LANGUAGES)
    ]
    if named:
        return named
    wanted = wanted - _words(_STOP_WORDS) or wanted
    scores = [[_score(words, wanted) for words in of_topic] for of_topic in _index()]
    best = max(score for of_topic in scores for score in of_topic)
    if not best:
        return []
    found = []
    for topic, of_topic in zip(shown, scores, strict=True):
        hits = [score == best for score in of_topic]
        if any(hits):
            facts = tuple(compress(topic.facts, hits))
            unconfirmed = tuple(compress(topic.unconfirmed, hits[len(topic.facts) :]))
            found.append(topic._replace(facts=facts, unconfirmed=unconfirmed))
    return found


def similar_words(query: str, limit: int = 3) -> list[str]:
    """Return words of topics and facts that are spelled like the words of a query, at most `limit`."""
    known = frozenset[str]().union(*(words for of_topic in _index() for words in of_topic))
    likely = sorted(word for word in known if len(word) >= _MIN_PART)
    similar = (close_matches(word, likely, limit=limit, least=0.7) for word in sorted(_words(query)))
    return list(dict.fromkeys(word for words in similar for word in words))[:limit]


def _score(words: frozenset[str], wanted: frozenset[str]) -> int:
    """Return how many of the wanted words a fact has, whole or as part of a word."""
    return sum(word in words or (len(word) >= _MIN_PART and any(word in longer for longer in words)) for word in wanted)


@cache
def _index() -> list[list[frozenset[str]]]:
    """Return the words of each text of each topic, in all languages: of the facts, then of what is not confirmed."""
    index = []
    for versions in zip(*(topics(language) for language in LANGUAGES), strict=True):
        topic_words = " ".join(f"{topic.name} {topic.title}" for topic in versions)
        texts = zip(*((*topic.facts, *topic.unconfirmed) for topic in versions), strict=True)
        index.append([_words(" ".join([topic_words, *map(_searchable, of_one)])) for of_one in texts])
    return index


def _searchable(text: Fact | Unconfirmed) -> str:
    """Return all words by which a text is found."""
    place = f"{text.series} {text.source}" if isinstance(text, Fact) else ""
    return f"{text.text} {place} {text.words}"


def _words(text: str) -> frozenset[str]:
    """Return the words and numbers of a text, in lower case and without accents."""
    return frozenset(re.findall(r"[^\W_]+", without_accents(text)))
