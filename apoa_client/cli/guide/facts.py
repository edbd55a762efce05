"""Facts about the obligation to report, each with its source, the source's date and the day of the last comparison.

The texts are in ``facts.LANGUAGE.toml`` beside this module; the lists of permits, of visa-free states and of those with
a visa on arrival come from the tables of `apoa_client.report.permits` and `apoa_client.passport.states`. A topic also
lists what no source confirms, so that a reader who knows more can help.

`search` is one search over what `apoa help` shows: situations, topics of facts, commands and guides, in all languages.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from itertools import compress
from typing import NamedTuple

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
    read_content,
    situations,
)
from apoa_client.cli.terminal.language import in_language
from apoa_client.locale import LANGUAGES
from apoa_client.messages import month_name
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.states import by_code
from apoa_client.report import permits
from apoa_client.texts import close_matches, without_accents


class Fact(NamedTuple):
    """One fact in one language."""

    text: str
    source: str
    dated: PartialDate | None
    """The source's own date, or the first day on which it applies; None where it is unknown."""
    as_of: date
    """The day on which it was last compared with its source."""
    series: str = ""
    """Facts of one series are shown on one line, after these words."""
    words: str = ""
    """Further words by which users may search for it."""

    @property
    def searchable(self) -> str:
        """All words by which it is found."""
        return f"{self.text} {self.series} {self.source} {self.words}"


class Unconfirmed(NamedTuple):
    """Something that no source confirms, in one language, and the day on which a source was last looked for."""

    text: str
    as_of: date
    words: str = ""
    """Further words by which users may search for it."""

    @property
    def searchable(self) -> str:
        """All words by which it is found."""
        return f"{self.text} {self.words}"


class Topic(NamedTuple):
    """Facts that belong together, in one language. `id` is the same in all languages; `name` is what users type."""

    id: str
    name: str
    title: str
    facts: tuple[Fact, ...]
    unconfirmed: tuple[Unconfirmed, ...]


_YEAR = timedelta(days=365)


def is_outdated(fact: Fact, today: date) -> bool:
    """Return whether more than a year has passed since the fact was last compared with its source."""
    return today - fact.as_of > _YEAR


@cache
def topics(language: str) -> tuple[Topic, ...]:
    """Return all topics in a language."""
    content = read_content("facts", language)
    sources, day, words = content["sources"], content["as_of"], content["permits"]
    from_tables = {
        "permits": tuple(_permits(words, sources["reported"]["name"], language)),
        "visa-free": tuple(_states(permits.VISA_FREE, words["no-visa"], words["no-visa-since"], language)),
        "visa-on-arrival": tuple(_states(permits.ON_ARRIVAL, words["on-arrival"], words["on-arrival-since"], language)),
    }
    result = []
    for topic in content["topic"]:
        facts = tuple(
            Fact(
                fact["text"],
                (source := sources[fact["source"]])["name"],
                _partial_date(source["dated"]),
                fact.get("as_of", day),
                words=fact.get("words", ""),
            )
            for fact in topic["fact"]
        )
        facts += from_tables.get(topic["id"], ())
        unconfirmed = tuple(
            Unconfirmed(each["text"], each.get("as_of", day), each.get("words", ""))
            for each in topic.get("unconfirmed", ())
        )
        result.append(Topic(topic["id"], topic["name"], topic["title"], facts, unconfirmed))
    return tuple(result)


def _permits(words: Mapping[str, str], source: str, language: str) -> Iterator[Fact]:
    """Yield a fact per permit, those of one source together: code, name, days, and how often it can be extended."""
    extended = {None: "", 0: words["not-extended"], 1: words["extended-once"], 2: words["extended-twice"]}
    for permit in sorted(permits.permits(), key=lambda each: each.source):
        text = f"{permit.code} {permit.name(language)}"
        if permit.days is not None:
            days = words["days-a-visit" if permit.multiple_entry else "days"]
            text += f" ({days}{extended[permit.extensions]})".format(days=permit.days)
        dated, series = _partial_date(permit.dated), words[permit.kind.value]
        yield Fact(text, permit.source or source, dated, permit.as_of, series, " ".join(permit.words))


def _states(permit: str, words: str, words_since: str, language: str) -> Iterator[Fact]:
    """Yield a fact per state whose citizens get a permit: the state's name, in a series per rule."""
    for rule in (each for each in permits.entry_rules() if each.permit == permit):
        series = words
        if rule.since is not None:
            month = month_name(rule.since).render(lambda word: in_language(language, word))
            series = words_since.format(day=rule.since.day, month=month, year=rule.since.year)
        for state in filter(None, map(by_code, rule.states)):
            yield Fact(state.name(language), rule.source, _partial_date(rule.dated), rule.as_of, series, state.code)


def _partial_date(text: str) -> PartialDate | None:
    """Return a date from ISO 8601, of which month and day may be missing; None for an empty text."""
    return PartialDate(*map(int, text.split("-"))) if text else None


MIN_PART = 4
"""Letters from which on a word is also found inside a longer one: Indonesian adds syllables before and after."""

STOP_WORDS = """
a about an are can do does for how i in is it long many much my of the there to what when where which who why
ada apa apakah atau bagaimana berapa bisa dan dari di dengan itu ini kalau kapan ke mana saya siapa untuk yang
"""
"""Words that are searched for only if the query has no others."""


def search_facts(query: str, language: str) -> list[Topic]:
    """Return topics in a language: those with this name, else of each topic the texts with most of the query's words.

    A text is a fact or something that is not confirmed. Returns an empty list if no text has any of the words.
    """
    wanted, shown = split_words(query), topics(language)
    named = [
        topic
        for number, topic in enumerate(shown)
        if any(split_words(topics(each)[number].name) == wanted for each in LANGUAGES)
    ]
    if named:
        return named
    wanted = wanted - split_words(STOP_WORDS) or wanted
    scores = [[_words_found(words, wanted) for words in of_topic] for of_topic in _index()]
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
    likely = sorted(word for word in known if len(word) >= MIN_PART)
    similar = (close_matches(word, likely, limit=limit, least=0.7) for word in sorted(split_words(query)))
    return list(dict.fromkeys(word for words in similar for word in words))[:limit]


def _words_found(words: frozenset[str], wanted: frozenset[str]) -> int:
    """Return how many of the wanted words a fact has, whole or as part of a word."""
    return sum(word in words or (len(word) >= MIN_PART and any(word in longer for longer in words)) for word in wanted)


@cache
def _index() -> list[list[frozenset[str]]]:
    """Return the words of each text of each topic, in all languages: of the facts, then of what is not confirmed."""
    index = []
    for versions in zip(*(topics(language) for language in LANGUAGES), strict=True):
        topic_words = " ".join(f"{topic.name} {topic.title}" for topic in versions)
        texts = zip(*((*topic.facts, *topic.unconfirmed) for topic in versions), strict=True)
        index.append([split_words(" ".join([topic_words, *(each.searchable for each in of_one)])) for of_one in texts])
    return index


def split_words(text: str) -> frozenset[str]:
    """Return the words and numbers of a text, in lower case and without accents."""
    return frozenset(re.findall(r"[^\W_]+", without_accents(text)))


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
