"""Facts about the obligation to report, each with its source and the day on which it was last checked.

The texts are in ``facts.LANGUAGE.toml`` beside this module; the lists of permits, of visa-free states and of those with
a visa on arrival come from the tables of `apoa_client.report.permits` and `apoa_client.passport.states`. A topic also
lists what no source confirms, so that a reader who knows more can help.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

from apoa_client.cli.guide.content import read_content
from apoa_client.cli.terminal.language import in_language
from apoa_client.messages import month_name
from apoa_client.passport.states import by_code
from apoa_client.report import permits


class Fact(NamedTuple):
    """One fact in one language."""

    text: str
    source: str
    as_of: date
    series: str = ""
    """Facts of one series are shown on one line, after these words."""
    words: str = ""
    """Further words by which users may search for it."""


class Unconfirmed(NamedTuple):
    """Something that no source confirms, in one language, and the day on which a source was last looked for."""

    text: str
    as_of: date
    words: str = ""
    """Further words by which users may search for it."""


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
        "permits": tuple(_permits(words, sources["visa-index"], language)),
        "visa-free": tuple(_states(permits.VISA_FREE, words["no-visa"], words["no-visa-since"], language)),
        "visa-on-arrival": tuple(_states(permits.ON_ARRIVAL, words["on-arrival"], words["on-arrival-since"], language)),
    }
    result = []
    for topic in content["topic"]:
        facts = tuple(
            Fact(fact["text"], sources[fact["source"]], fact.get("as_of", day), words=fact.get("words", ""))
            for fact in topic["fact"]
        )
        facts = from_tables.get(topic["id"], ()) + facts
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
        series = words["stay-permit"] if permit.code.isalpha() else words[permit.kind.value]
        yield Fact(text, permit.source or source, permit.as_of, series, " ".join(permit.words))


def _states(permit: str, words: str, words_since: str, language: str) -> Iterator[Fact]:
    """Yield a fact per state whose citizens get a permit: the state's name, in a series per rule."""
    for rule in (each for each in permits.entry_rules() if each.permit == permit):
        series = words
        if rule.since is not None:
            month = month_name(rule.since).render(lambda word: in_language(language, word))
            series = words_since.format(day=rule.since.day, month=month, year=rule.since.year)
        for state in filter(None, map(by_code, rule.states)):
            yield Fact(state.name(language), rule.source, rule.as_of, series, state.code)
