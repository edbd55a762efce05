"""`apoa help`: ten situations of a desk, in both languages, with commands that the program really has."""

import re
import shlex

import click
import pytest
from cli_helpers import LANGUAGES, XIMENA, Apoa, assert_harmless, spoken, typed_in

from apoa_client.cli.commands.help import find
from apoa_client.cli.guide.situations import SITUATIONS, Situation, Step
from apoa_client.cli.main import apoa as program
from apoa_client.cli.registry import COMMANDS
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.command_names import ALIASES
from apoa_client.cli.terminal.language import in_language
from apoa_client.messages import Message
from apoa_client.passport.dates import PartialDate
from apoa_client.report import parse_fields, permits
from apoa_client.report.kinds import Purpose

COMMANDS_TOLD = [step for each in SITUATIONS for step in each.steps if step.command is not None]


def said(message: Message | None, lang: str) -> str:
    assert message is not None
    return message.render(lambda sentence: in_language(lang, sentence))


def parsed(words: str) -> click.Context:
    """What click makes of a command as it is typed, without carrying it out. Raises where it would complain."""
    name, *arguments = shlex.split(words)
    assert name == "apoa"
    root = program.make_context("apoa", [arguments[0]], obj=Session({}))
    found = program.get_command(root, arguments[0])
    assert found is not None, words
    return found.make_context(arguments[0], arguments[1:], parent=root)


def named(name: str) -> Situation:
    return next(each for each in SITUATIONS if each.en == name)


class TestSituations:
    """What is written is true of the program."""

    def test_there_are_ten(self) -> None:
        """Each with a name of its own in each language, which is no command's."""
        assert len(SITUATIONS) == 10
        for lang in LANGUAGES:
            names = [getattr(each, lang) for each in SITUATIONS]
            assert len({*names, *COMMANDS, *ALIASES}) == len(names) + len(COMMANDS) + len(ALIASES)
            assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)

    @pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.en)
    def test_each_is_short(self, situation: Situation) -> None:
        """Three to eight things to know or to do."""
        assert 3 <= len(situation.steps) <= 8

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("step", COMMANDS_TOLD, ids=range(len(COMMANDS_TOLD)))
    def test_each_command_is_one_that_the_program_takes(self, step: Step, lang: str) -> None:
        """The command line's own parser takes it, with its options, in either language: no situation goes stale."""
        assert parsed(typed_in(lang, said(step.command, lang))).command.name in COMMANDS

    @pytest.mark.parametrize("words", ["apoa report --nosuch", "apoa nosuch", "apoa show", "apoa checkout 1 2"])
    def test_a_stale_one_would_be_seen(self, words: str) -> None:
        """The parser that the test above asks does complain."""
        with pytest.raises((click.UsageError, AssertionError)):
            parsed(words)

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.en)
    def test_each_command_and_option_in_a_sentence_exists(self, situation: Situation, lang: str) -> None:
        """Those that are named on the way, too: an option is one of `apoa report`'s."""
        words = " ".join(said(step.text, lang) for step in situation.steps)
        assert set(re.findall(r"\bapoa ([a-z]+)", words)) <= {*COMMANDS, *ALIASES}
        options = {name for option in parsed("apoa report").command.params for name in option.opts}
        assert set(re.findall(r"--[a-z-]+", words)) <= options

    def test_what_is_typed_is_understood(self) -> None:
        """The dates, the purpose and the permits that are shown are ones that a report takes."""
        told = [parsed(said(step.command, "en")).params for step in COMMANDS_TOLD]
        dates = [parse_fields.partial_date(p["birth_date"]) for p in told if p.get("birth_date")]
        assert dates == [PartialDate(1985), PartialDate(1985, 9)]
        assert [parse_fields.purpose(p["purpose"]) for p in told if p.get("purpose")] == [Purpose.GOVERNMENT]
        codes = {permit.code for permit in permits.permits()}
        assert {p["stay_permit"] for p in told if p.get("stay_permit")} == {"C4", "KITAS"}
        assert {"C4", "KITAS"} <= codes
        assert [p["at"] for p in told if p.get("at")] == ["2026-11-24T10:05"]


class TestAChildInAPassport:
    """What the situation tells is what the program does, key by key; and nobody needs an option for it."""

    INES = ("", "QUIJANO", "INES", "F", "ZARAGOZA", "4/3/2019", "ESP", XIMENA.number, "30/3/2032", ">")

    def test_along_with_the_parent(self, away: Apoa) -> None:
        """`+` on the card; the program asks whether it is meant so, and y says that it is."""
        page = ("ZARAGOZA", "B1", "2", "7")
        said = away("report", "--no-send", keys=[*XIMENA.lines, *page, "+", *self.INES, "", "y"])
        assert said.code == 0, said.all
        assert [(r["guest"]["given_names"], r["stay"]["room"]) for r in away.reports()] == [
            ("XIMENA", "7"),
            ("INES", "7"),
        ]

    def test_after_the_parent(self, away: Apoa) -> None:
        """In the same room; the same question, and the same answer."""
        away.save(XIMENA)
        said = away("report", "--no-send", "--room", "7", keys=[*self.INES, "", "y"])
        assert said.code == 0, said.all
        assert {report["stay"]["room"] for report in away.reports()} == {"7"}
        assert len(away.reports()) == 2


class TestFinding:
    """A topic by its name in either language, by its beginning, or by a word inside it."""

    @pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.en)
    def test_a_name(self, situation: Situation) -> None:
        """However it is spelt."""
        for name in situation.names:
            for spelt in (name, name.upper(), name.replace("-", " ")):
                assert find(spelt) == situation

    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("anak", "child-in-passport"),
            ("lost", "lost-passport"),
            ("passw", "password-changed"),
            ("nama", "single-name"),
            ("sandi", "password-changed"),
            ("dipl", "diplomat"),
        ],
    )
    def test_a_beginning(self, query: str, name: str) -> None:
        """Of the name, or of a word in it, where no other one has it."""
        assert find(query) == named(name)

    @pytest.mark.parametrize(("query", "name"), [("lapor", "report"), ("repo", "report"), ("key", "key")])
    def test_a_command(self, query: str, name: str) -> None:
        """By its Indonesian name, or its beginning."""
        assert find(query) == name


class TestCommand:
    """What the staff see."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("words", [[], [""], [" "]])
    def test_the_topics(self, apoa: Apoa, words: list[str], lang: str) -> None:
        """The ten, by their names in the reader's language; nothing needs to be set up."""
        answer = apoa("help", *words, lang=lang)
        assert (answer.code, answer.err) == (0, "")
        for each in SITUATIONS:
            assert re.search(
                rf"^  {getattr(each, lang)}  +{re.escape(said(each.title, lang))}$", answer.out, re.MULTILINE
            )
        assert not apoa.home.exists()

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.en)
    def test_a_topic(self, apoa: Apoa, situation: Situation, lang: str) -> None:
        """All of it, by its name in the other language too, and by the command's Indonesian name."""
        answer = apoa("help", situation.id, lang=lang)
        assert (answer.code, answer.err) == (0, "")
        for step in situation.steps:
            assert f"  {said(step.text, lang)}\n" in answer.out
            if step.command is not None:
                assert f"    {typed_in(lang, said(step.command, lang))}\n" in answer.out
        assert apoa("bantuan", situation.en, lang=lang).out == answer.out

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("words", [["report"], ["lapor"], ["key"], ["key", "rotate"]])
    def test_a_command(self, apoa: Apoa, words: list[str], lang: str) -> None:
        """Just what its --help says."""
        assert apoa("help", *words, lang=lang) == apoa(*words, "--help", lang=lang)

    def test_the_beginning_of_a_command(self, apoa: Apoa) -> None:
        """The same again."""
        assert apoa("help", "checko").out == apoa("checkout", "--help").out

    @pytest.mark.parametrize(
        ("words", "suggestion"),
        [
            (["singel-nane"], {"en": "single-name", "id": "satu-nama"}),
            (["satu", "nma"], {"en": "single-name", "id": "satu-nama"}),
            (["reprot"], {"en": "report", "id": "report"}),
            (["checkout", "nowhere"], {"en": "checkout", "id": "checkout"}),
        ],
    )
    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_slip_of_the_finger(self, apoa: Apoa, words: list[str], suggestion: dict[str, str], lang: str) -> None:
        """Exit 2, and what was probably meant first, in the reader's language."""
        answer = apoa("help", *words, lang=lang)
        assert (answer.code, answer.out) == (2, "")
        assert spoken(lang, "There is no help about {topic}.", topic="-".join(words)) in answer.err
        wanted = spoken(lang, "Did you mean: {topics}? All topics: apoa help", topics="|")
        start, end = wanted.split("|")
        last = answer.err.splitlines()[-1]
        assert last.startswith(start + suggestion[lang])
        assert last.endswith(end)

    def test_the_beginning_of_several(self, apoa: Apoa) -> None:
        """Each is named, once, though it may be called by two names, and at most four of them."""
        assert "paspor-hilang, password-changed" not in apoa("help", "pas").err
        assert "Did you mean: lost-passport, password-changed?" in apoa("help", "pas").err
        assert "Did you mean: report, receipt, received, restore?" in apoa("help", "re").err

    def test_nothing_like_it(self, apoa: Apoa) -> None:
        """Then where to look; and nothing that was pasted reaches the terminal."""
        answer = apoa("help", "x\x1b[2Jyzzy\u202e")
        assert answer.code == 2
        assert answer.err.splitlines()[-1] == "All topics: apoa help"
        assert_harmless(answer.all)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_plain_lines_have_no_columns(apoa: Apoa, lang: str) -> None:
    """For a screen reader the list of situations is a line each: its name, and what it is about."""
    said = apoa("--plain", "help", lang=lang)
    assert said.code == 0
    for situation in SITUATIONS:
        name = situation.id if lang == "id" else situation.en
        assert any(line.startswith(f"{name}: ") for line in said.out.splitlines()), name
