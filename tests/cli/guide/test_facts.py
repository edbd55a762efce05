"""The guide's facts, each with its source and a day, and its situations with their commands, in every language."""

import re
import shlex
from datetime import date
from typing import Any

import click
import pytest
from cli_helpers import LANGUAGES, Apoa, typed_in
from screens import Screens

from apoa_client.cli.guide.facts import Topic, search_facts, similar_words, topics
from apoa_client.cli.guide.guides import Situation, Step, guides, read_content, situations
from apoa_client.cli.main import apoa as program
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.command_names import ALIASES, COMMANDS, in_indonesian
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.states import by_code
from apoa_client.report import parse_dates, parse_fields, permits
from apoa_client.report.kinds import Purpose

SAME_NAME_IN_BOTH = {"C17 Audit", "E28 Investor"}
CHECKED = date(2026, 11, 30)
"""The day on which the facts were last compared with their sources."""
_UNDATED = {"Antara Sumbar", "KBRI Berlin", "apoa.imigrasi.go.id", "ftnews.co.id", "www.imigrasi.go.id"}
UNDATED = (_UNDATED | {"as reported by others"}, _UNDATED | {"menurut keterangan pihak lain"})
"""The sources, by language, whose own date is unknown."""
COMMAND_OR_OPTION = re.compile(r"(?<=\bapoa )[a-z-]+|--[a-z-]+")
PLACE = re.compile(r"\{[a-z]+\}")


def topic_of(topic_id: str, language: str = "en") -> Topic:
    [topic] = [topic for topic in topics(language) if topic.id == topic_id]
    return topic


def texts(topic_id: str, language: str = "en") -> list[str]:
    """The texts of a topic's facts."""
    return [fact.text for fact in topic_of(topic_id, language).facts]


def numbers(text: str) -> set[str]:
    """The numbers in a text, without the signs between their digits; "1 x 24 hours" is 24."""
    return {re.sub(r"\D", "", number) for number in re.findall(r"\d[\d.,]*", text)} - {"1"}


def structure(language: str) -> dict[str, Any]:
    """What must be the same in every language: topics, sources, days, places for values, and commands."""
    content = read_content("facts", language)
    return {
        "as_of": content["as_of"],
        "sources": {name: source["dated"] for name, source in content["sources"].items()},
        "permits": {name: set(PLACE.findall(text)) for name, text in content["permits"].items()},
        "topics": [
            (
                topic["id"],
                [
                    (
                        fact["source"],
                        fact.get("as_of"),
                        typed_words(fact["text"]),
                    )
                    for fact in topic["fact"]
                ],
                [(each.get("as_of"), numbers(each["text"])) for each in topic.get("unconfirmed", ())],
            )
            for topic in content["topic"]
        ],
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_facts(language: str) -> None:
    """Topics, sources, days and commands are the same, in the same order."""
    assert structure(language) == structure("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_fact_has_a_source_its_date_and_a_day(language: str) -> None:
    """Every fact has a source with its own date, or none that is known, and a day of comparison, which is not earlier.

    What is not confirmed has a day, too.
    """
    used = {fact["source"] for topic in read_content("facts", language)["topic"] for fact in topic["fact"]}
    assert used == set(read_content("facts", language)["sources"])
    undated = {fact.source for topic in topics(language) for fact in topic.facts if fact.dated is None}
    assert undated == UNDATED[language == "id"]
    for topic in topics(language):
        assert topic.name
        for fact in topic.facts:
            assert fact.text
            assert len(fact.source) > len("UU 1")
            assert date(2026, 1, 1) <= fact.as_of <= CHECKED
            assert fact.dated is None or date(2011, 1, 1) <= fact.dated.earliest <= fact.as_of
        for each in topic.unconfirmed:
            assert each.text
            assert date(2026, 1, 1) <= each.as_of <= CHECKED


def test_each_fact_is_translated() -> None:
    """No text is left in English; the name of a state or of a permit may be the same."""
    for english, indonesian in zip(topics("en"), topics("id"), strict=True):
        assert english.title != indonesian.title
        for one, other in zip(english.facts, indonesian.facts, strict=True):
            if english.id == "permits":
                assert one.text != other.text or one.text in SAME_NAME_IN_BOTH
            assert one.series or one.text != other.text
        assert not {each.text for each in english.unconfirmed} & {each.text for each in indonesian.unconfirmed}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_facts_on_the_screen(apoa: Apoa, screens: Screens, lang: str) -> None:
    """All that is said of each topic, as recorded: a person compares a change of the wording with the source."""
    for topic in topics(lang):
        assert screens(apoa, "info", topic.id, lang=lang).code == 0


def test_permits_are_those_of_a_report() -> None:
    """Every permit that a report suggests has a fact."""
    shown = " ".join(texts("permits"))
    assert all(f"{permit.code} {permit.name('en')}" in shown for permit in permits.permits())
    assert "A1 Visa-free visit (30 days, not extended)" in texts("permits")
    assert "D1 Tourism, multiple entry (60 days a visit)" in texts("permits")
    assert "C18 Trial (90 days, not extended)" in texts("permits")
    assert read_content("facts", "pl") == read_content("facts", "en")  # a new catalogue needs no facts of its own


@pytest.mark.parametrize(
    ("topic_id", "permit"), [("visa-free", permits.VISA_FREE), ("visa-on-arrival", permits.ON_ARRIVAL)]
)
def test_states_are_those_of_the_rules(topic_id: str, permit: str) -> None:
    """Every state of the rules that the desk's questions use has a fact, with the rule's source and day."""
    facts = topic_of(topic_id).facts
    shown = {(fact.text, fact.source, fact.as_of, str(fact.dated or "")) for fact in facts}
    for rule in (each for each in permits.entry_rules() if each.permit == permit):
        for state in map(by_code, rule.states):
            assert state is not None
            assert (state.name("en"), rule.source, rule.as_of, rule.dated) in shown


NAMES = sorted({(each.id, each.name) for language in LANGUAGES for each in topics(language)})


def found(query: str) -> list[str]:
    """The English texts of the facts that a query finds."""
    return [fact.text for topic in search_facts(query, "en") for fact in topic.facts]


@pytest.mark.parametrize(("topic", "name"), NAMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name(topic: str, name: str, language: str) -> None:
    """A topic's name in any language finds the whole topic, in any spelling, in the language that is asked for."""
    for spelling in (name, name.upper(), name.replace("-", " ")):
        assert topic_of(topic, language) in search_facts(spelling, language)


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
        ("apa itu KITAS", ["guests", "permits", "bali-levy"]),
        ("how long is a visa on arrival?", ["permits", "visa-on-arrival"]),
        ("72", ["guests", "law"]),
        ("nomor telepon", ["offices"]),
        ("kemarin deportasi", ["overstay"]),  # Indonesian adds syllables before and after a root
        *((nothing, []) for nothing in ("", "?", "xyzzyq", "12345678")),
    ],
)
def test_words(query: str, wanted: list[str]) -> None:
    """Words find the facts that have most of them, in every topic."""
    assert [topic.id for topic in search_facts(query, "en")] == wanted


def test_a_code_is_compared_whole() -> None:
    """C1 does not find C10, and E33 does not find E33G."""
    assert found("c1") == ["C1 Tourism visit (60 days, extended twice by 60)"]
    assert found("E33") == ["E33 Second home"]
    assert found("B4")[-1:] == ["B4 On arrival, government duties"]
    assert found("B1")[:1] == ["B1 Visa on arrival (30 days, extended once by 30)"]


def test_similar_words() -> None:
    """A mistyped word finds the word that was meant."""
    assert similar_words("oversaty") == ["overstay"]
    assert "thailand" in similar_words("tailand")
    assert similar_words("xyzzyq") == []


SITUATIONS = [(language, each) for language in LANGUAGES for each in situations(language)]
IDS = [f"{language} {each.id}" for language, each in SITUATIONS]
STEPS = [(language, step) for language, each in SITUATIONS for step in each.steps if step.command is not None]


def parsed(words: str) -> click.Context:
    """Parse a command as it is typed, without running it. Raises what click would complain of."""
    name, *arguments = shlex.split(words)
    assert name == "apoa"
    root = program.make_context("apoa", [arguments[0]], obj=Session({}))
    found = program.get_command(root, arguments[0])
    assert found is not None, words
    return found.make_context(arguments[0], arguments[1:], parent=root)


def typed_words(text: str) -> set[str]:
    """The commands and options in a text, by their Indonesian names."""
    return set(COMMAND_OR_OPTION.findall(in_indonesian(text)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_situations(language: str) -> None:
    """The ids, the number of steps, and the commands and options of each step are the same."""
    english, translated = situations("en"), situations(language)
    assert [each.id for each in translated] == [each.id for each in english]
    for one, other in zip(english, translated, strict=True):
        for step, same_step in zip(one.steps, other.steps, strict=True):
            assert typed_words(same_step.text) == typed_words(step.text)
            assert typed_words(same_step.command or "") == typed_words(step.command or "")


def test_only_indonesian_names() -> None:
    """The Indonesian guides and situations name every command and option in Indonesian."""
    for each in situations("id"):
        for step in each.steps:
            assert in_indonesian(step.text) == step.text
            assert in_indonesian(step.command or "") == (step.command or "")
    for guide in guides("id"):
        assert guide.language != "id" or in_indonesian(guide.text) == guide.text


def test_every_text_is_translated() -> None:
    """No title and no step is left in English."""
    for one, other in zip(situations("en"), situations("id"), strict=True):
        assert one.title != other.title
        assert not {step.text for step in one.steps} & {step.text for step in other.steps}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_has_its_own_name(language: str) -> None:
    """Each has its own name, which is not the name of a command, and three to eight steps."""
    assert all(3 <= len(each.steps) <= 8 for each in situations(language))
    names = [each.name for each in situations(language)]
    assert len(names) == 19
    assert len({*names, *COMMANDS, *ALIASES}) == len(names) + len(COMMANDS) + len(ALIASES)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)


@pytest.mark.parametrize(("language", "step"), STEPS, ids=range(len(STEPS)))
def test_the_program_accepts_each_command(language: str, step: Step) -> None:
    """The program's own parser accepts each command with its options, under the names of either language."""
    assert step.command is not None
    assert parsed(typed_in(language, step.command)).command.name in COMMANDS


@pytest.mark.parametrize(("language", "situation"), SITUATIONS, ids=IDS)
def test_commands_and_options_in_sentences_exist(language: str, situation: Situation) -> None:
    """Every command in a sentence is a command of the program, and every option is one of `apoa report`."""
    words = set().union(*(typed_words(step.text) for step in situation.steps))
    options = {in_indonesian(name) for option in parsed("apoa report").command.params for name in option.opts}
    assert words <= {*COMMANDS, *ALIASES, *options}, language


def test_the_values_in_commands_are_valid() -> None:
    """What they say about a report is accepted, and none of it is a passport's data, which others could read."""
    shown = [parsed(step.command or "").params for language, step in STEPS if language == "en"]
    in_text = {found for _language, step in STEPS for found in re.findall(r"\((1985(?:-09)?)\)", step.text)}
    assert {parse_dates.partial_date(each) for each in in_text} == {PartialDate(1985), PartialDate(1985, 9)}
    assert not any(p.get(name) for p in shown for name in ("surname", "document_number", "birth_date", "mrz"))
    assert [parse_fields.purpose(p["purpose"]) for p in shown if p.get("purpose")] == [Purpose.GOVERNMENT]
    codes = {permit.code for permit in permits.permits()}
    assert {p["stay_permit"] for p in shown if p.get("stay_permit")} == {"C4", "KITAS"}
    assert {"C4", "KITAS"} <= codes
    assert [p["at"] for p in shown if p.get("at")] == ["10:05"] * 2
