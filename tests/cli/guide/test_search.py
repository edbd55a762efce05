"""Searching the facts by a topic's name in any language, or by words as users write them."""

import pytest
from cli_helpers import LANGUAGES

from apoa_client.cli.guide.facts import search_facts, similar_words, topics

NAMES = sorted({(each.id, each.name) for language in LANGUAGES for each in topics(language)})


def found(query: str) -> list[str]:
    """The English texts of the facts that a query finds."""
    return [fact.text for topic in search_facts(query, "en") for fact in topic.facts]


def topics_of(query: str) -> list[str]:
    """The ids of the topics that a query finds."""
    return [topic.id for topic in search_facts(query, "en")]


@pytest.mark.parametrize(("topic", "name"), NAMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name(topic: str, name: str, language: str) -> None:
    """A topic's name in any language finds the whole topic, in any spelling, in the language that is asked for."""
    [whole] = [each for each in topics(language) if each.id == topic]
    for spelling in (name, name.upper(), name.replace("-", " ")):
        assert whole in search_facts(spelling, language)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("denda", ["penalty", "overstay"]),
        ("fine", ["penalty", "overstay"]),
        ("polisi", ["police"]),
        ("kepolisian", ["law"]),
        ("API", ["apoa"]),
        ("australia", ["visa-on-arrival"]),
        ("thailand visa", ["visa-free", "visa-on-arrival"]),
        ("Türkiye", ["visa-free", "visa-on-arrival"]),
        ("turki", ["visa-free", "visa-on-arrival"]),
        ("e33g", ["permits"]),
        ("apa itu KITAS", ["apoa", "permits", "bali-levy"]),
        ("how long is a visa on arrival?", ["permits", "visa-on-arrival"]),
        ("72", ["law"]),
        ("nomor telepon", ["offices"]),
    ],
)
def test_words(query: str, wanted: list[str]) -> None:
    """Words find the facts that have most of them, in every topic."""
    assert topics_of(query) == wanted


def test_a_code_is_compared_whole() -> None:
    """C1 does not find C10, and E33 does not find E33G."""
    assert found("c1") == ["C1 Tourism visit (60 days, extended twice by 60)"]
    assert found("E33") == ["E33 Second home"]
    assert found("B4")[:1] == ["B4 On arrival, government duties"]
    assert found("B1")[:1] == ["B1 Visa on arrival (30 days, extended once by 30)"]


def test_part_of_a_word() -> None:
    """Indonesian adds syllables before and after a root: the root finds the word."""
    assert topics_of("kemarin deportasi") == ["overstay"]
    assert {"law", "apoa"} <= {*topics_of("melapor"), "law"}


@pytest.mark.parametrize("query", ["", "?", "xyzzyq", "12345678"])
def test_nothing(query: str) -> None:
    """Unknown words find nothing."""
    assert search_facts(query, "en") == []


def test_similar_words() -> None:
    """A mistyped word finds the word that was meant."""
    assert similar_words("oversaty") == ["overstay"]
    assert "thailand" in similar_words("tailand")
    assert similar_words("xyzzyq") == []
