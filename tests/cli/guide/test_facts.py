"""The facts of the guide: the same in every language, each with its source and a day, and nothing invented."""

import re
from datetime import date
from typing import Any

import pytest
from cli_helpers import LANGUAGES
from conftest import NOW

from apoa_client.cli.guide.content import read_content
from apoa_client.cli.guide.facts import topics
from apoa_client.cli.terminal.command_names import in_indonesian
from apoa_client.passport.states import by_code
from apoa_client.report import permits

SAME_NAME_IN_BOTH = {"C17 Audit", "E28 Investor"}
COMMAND_OR_OPTION = re.compile(r"(?<=\bapoa )[a-z-]+|--[a-z-]+")
PLACE = re.compile(r"\{[a-z]+\}")


def texts(topic_id: str, language: str = "en") -> list[str]:
    """The texts of a topic's facts."""
    [topic] = [topic for topic in topics(language) if topic.id == topic_id]
    return [fact.text for fact in topic.facts]


def structure(language: str) -> dict[str, Any]:
    """What must be the same in every language: topics, sources, days, places for values, and commands."""
    content = read_content("facts", language)
    return {
        "as_of": content["as_of"],
        "sources": set(content["sources"]),
        "permits": {name: set(PLACE.findall(text)) for name, text in content["permits"].items()},
        "topics": [
            (
                topic["id"],
                [
                    (
                        fact["source"],
                        fact.get("as_of"),
                        set(COMMAND_OR_OPTION.findall(in_indonesian(fact["text"]))),
                    )
                    for fact in topic["fact"]
                ],
            )
            for topic in content["topic"]
        ],
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_facts(language: str) -> None:
    """Topics, sources, days and commands are the same, in the same order."""
    assert structure(language) == structure("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_fact_has_a_source_and_a_day(language: str) -> None:
    """Every fact has a text, a source and a day that is not in the future."""
    for topic in topics(language):
        for fact in topic.facts:
            assert topic.name
            assert fact.text
            assert fact.source
            assert date(2026, 1, 1) <= fact.as_of <= NOW.date()


def test_each_fact_is_translated() -> None:
    """No text is left in English; the name of a state or of a permit may be the same."""
    for english, indonesian in zip(topics("en"), topics("id"), strict=True):
        assert english.title != indonesian.title
        for one, other in zip(english.facts, indonesian.facts, strict=True):
            if english.id == "permits":
                assert one.text != other.text or one.text in SAME_NAME_IN_BOTH
            assert one.series or one.text != other.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_penalty_is_worded_with_care(language: str) -> None:
    """The fine is named, months of imprisonment are not, and the text says that the article is being converted."""
    words = " ".join(texts("penalty", language))
    assert "25" in words
    assert "kurungan" in words
    assert "3 " not in words
    assert any("is being converted" in text for text in texts("penalty"))


def test_no_law_is_named_for_the_24_hours() -> None:
    """The Directorate General asks for a report within 24 hours; no law sets them."""
    asked, no_law, _late = texts("deadline")
    assert asked.startswith("The Directorate General of Immigration asks")
    assert no_law.startswith("We found no law")


def test_no_office_is_invented() -> None:
    """The only address is Immigration's own site, which is said not to be ours; there is no telephone number."""
    words = " ".join(texts("offices"))
    assert "apoa.imigrasi.go.id. It is not ours." in words
    assert not any(sign in words for sign in ("+62", "(0", "Jl.", "@"))


def test_permits_are_those_of_a_report() -> None:
    """Every permit that a report suggests has a fact, and so has every visa-free state."""
    shown = " ".join(texts("permits"))
    assert all(f"{permit.code} {permit.name('en')}" in shown for permit in permits.permits())
    states = [
        by_code(code) for rule in permits.entry_rules() if rule.permit == permits.VISA_FREE for code in rule.states
    ]
    assert {state.name("en") for state in states if state is not None} <= set(texts("visa-free"))
    assert None not in states


def test_a_language_without_facts_gets_the_english_ones() -> None:
    """A new catalogue needs no facts of its own."""
    assert read_content("facts", "pl") == read_content("facts", "en")
