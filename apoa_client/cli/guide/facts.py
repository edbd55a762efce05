"""Facts about the obligation to report, each with its source and the day on which it was last checked.

The texts are in ``facts.LANGUAGE.toml`` beside this module; the lists of permits and of visa-free states come from the
tables of `apoa_client.report.permits` and `apoa_client.passport.states`.
"""

from collections.abc import Iterator, Mapping
from datetime import date
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


class Topic(NamedTuple):
    """Facts that belong together, in one language. `id` is the same in all languages; `name` is what users type."""

    id: str
    name: str
    title: str
    facts: tuple[Fact, ...]


@cache
def topics(language: str) -> tuple[Topic, ...]:
    """Return all topics in a language."""
    content = read_content("facts", language)
    sources, day, words = content["sources"], content["as_of"], content["permits"]
    from_tables = {
        "permits": tuple(_permits(words, sources["visa-index"], language)),
        "visa-free": tuple(_visa_free(words, language)),
    }
    result = []
    for topic in content["topic"]:
        facts = tuple(
            Fact(fact["text"], sources[fact["source"]], fact.get("as_of", day), words=fact.get("words", ""))
            for fact in topic["fact"]
        )
        facts = from_tables.get(topic["id"], ()) + facts
        result.append(Topic(topic["id"], topic["name"], topic["title"], facts))
    return tuple(result)


def _permits(words: Mapping[str, str], source: str, language: str) -> Iterator[Fact]:
    """Yield a fact per permit: its code, name and days, and whether it can be extended."""
    extended = {True: words["extended"], False: words["not-extended"], None: ""}
    for permit in permits.permits():
        text = f"{permit.code} {permit.name(language)}"
        if permit.days is not None:
            text += f" ({words['days']}{extended[permit.extended]})".format(days=permit.days)
        series = words["stay-permit"] if permit.code.isalpha() else words[permit.kind.value]
        yield Fact(text, source, permits.AS_OF, series, " ".join(permit.words))


def _visa_free(words: Mapping[str, str], language: str) -> Iterator[Fact]:
    """Yield a fact per visa-free state: its name, in a series per rule."""
    for group in (rule for rule in permits.entry_rules() if rule.permit == permits.VISA_FREE):
        series = words["no-visa"]
        if group.since is not None:
            month = month_name(group.since).render(lambda word: in_language(language, word))
            series = words["no-visa-since"].format(day=group.since.day, month=month, year=group.since.year)
        for state in filter(None, map(by_code, group.states)):
            name = state.name(language)
            yield Fact(name, group.source, permits.AS_OF, series, state.code)
