"""Looking something up among the facts: by a topic's name, or by words in either language, as people write them."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

from apoa_client.cli.guide.facts import Fact, Name, Topic, topics
from apoa_client.cli.terminal.language import in_language
from apoa_client.messages import LANGUAGES, Message

_INSIDE = 4
"""From so many letters on, a word is also found inside a longer one: Indonesian puts its syllables before and after."""

_ASIDE = """
a about an are can do does for how i in is it long many much my of the there to what when where which who why
ada apa apakah atau bagaimana berapa bisa dan dari di dengan itu ini kalau kapan ke mana saya siapa untuk yang
"""
"""What people wrap a question in: looked for only where they write nothing else."""


def said(text: Message | Name, language: str) -> str:
    """A fact's text, or a name, in a language."""
    if isinstance(text, Name):
        return str(getattr(text, language))
    return text.render(lambda sentence: in_language(language, sentence))


def search_facts(query: str) -> list[Topic]:
    """The topic of this name; else of each topic the facts that hold the most of these words; none where none does."""
    wanted = _words(query)
    named = [topic for topic in topics() if any(_words(name) == wanted for name in topic.names)]
    if named:
        return named
    telling = wanted - _words(_ASIDE) or wanted
    scores = [[_score(known, telling) for known in each] for each in _index()]
    best = max(score for each in scores for score in each)
    return list(_reaching(best, scores)) if best else []


def similar_words(query: str, limit: int = 3) -> list[str]:
    """What else might have been meant: names of topics, and words that stand in the facts."""
    import difflib  # only for a mistake

    known = frozenset[str]().union(*(words for each in _index() for words in each))
    likely = sorted(word for word in known if len(word) >= _INSIDE)
    near = (difflib.get_close_matches(word, likely, n=limit, cutoff=0.7) for word in sorted(_words(query)))
    return list(dict.fromkeys(word for words in near for word in words))[:limit]


def _reaching(best: int, scores: Sequence[Sequence[int]]) -> Iterator[Topic]:
    for topic, of_topic in zip(topics(), scores, strict=True):
        facts = tuple(fact for fact, score in zip(topic.facts, of_topic, strict=True) if score == best)
        if facts:
            yield topic._replace(facts=facts)


def _score(known: frozenset[str], wanted: frozenset[str]) -> int:
    return sum(word in known or (len(word) >= _INSIDE and any(word in longer for longer in known)) for word in wanted)


@cache
def _index() -> tuple[tuple[frozenset[str], ...], ...]:
    """The words by which each topic's facts are found."""
    return tuple(tuple(_words_of(topic, fact) for fact in topic.facts) for topic in topics())


def _words_of(topic: Topic, fact: Fact) -> frozenset[str]:
    texts = (text for text in (topic.names, topic.title, fact.text, fact.series, fact.source) if text is not None)
    return _words(" ".join([fact.words, *(said(text, language) for text in texts for language in LANGUAGES)]))


def _words(text: str) -> frozenset[str]:
    """Its words and numbers, without case and accents."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return frozenset(re.findall(r"[^\W_]+", plain))
