"""The situations of the guide: the same in every language, with commands that the program accepts."""

import re
import shlex

import click
import pytest
from cli_helpers import LANGUAGES, typed_in

from apoa_client.cli.guide.guides import Situation, Step, guides, situations
from apoa_client.cli.main import apoa as program
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.command_names import ALIASES, COMMANDS, in_indonesian
from apoa_client.passport.dates import PartialDate
from apoa_client.report import parse_dates, parse_fields, permits
from apoa_client.report.kinds import Purpose

SITUATIONS = [(language, each) for language in LANGUAGES for each in situations(language)]
IDS = [f"{language} {each.id}" for language, each in SITUATIONS]
STEPS = [(language, step) for language, each in SITUATIONS for step in each.steps if step.command is not None]
COMMAND_OR_OPTION = re.compile(r"(?<=\bapoa )[a-z-]+|--[a-z-]+")


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
    """Each has its own name, which is not the name of a command."""
    names = [each.name for each in situations(language)]
    assert len(names) == 19
    assert len({*names, *COMMANDS, *ALIASES}) == len(names) + len(COMMANDS) + len(ALIASES)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)


@pytest.mark.parametrize(("language", "situation"), SITUATIONS, ids=IDS)
def test_each_is_short(language: str, situation: Situation) -> None:
    """Each has three to eight steps."""
    assert 3 <= len(situation.steps) <= 8, language


@pytest.mark.parametrize(("language", "step"), STEPS, ids=range(len(STEPS)))
def test_the_program_accepts_each_command(language: str, step: Step) -> None:
    """The program's own parser accepts each command with its options, under the names of either language."""
    assert step.command is not None
    assert parsed(typed_in(language, step.command)).command.name in COMMANDS


@pytest.mark.parametrize("words", ["apoa report --nosuch", "apoa nosuch", "apoa restore", "apoa status 1"])
def test_the_parser_rejects_wrong_commands(words: str) -> None:
    """The parser of the test above rejects an unknown command, an unknown option and a wrong number of arguments."""
    with pytest.raises((click.UsageError, AssertionError)):
        parsed(words)


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
