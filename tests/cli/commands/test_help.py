"""`apoa help`, `apoa info`, `apoa` alone and `apoa demo`: topics, guides, facts, and the next command."""

import tempfile
from datetime import UTC, datetime, timedelta

import click
import pytest
from cli_helpers import GUESTS, LANGUAGES, QUENTIN, XIMENA, Apoa, CallResult, Serve, assert_sanitized, raising, typed_in
from screens import Screens

from apoa_client.cli.commands.help import find
from apoa_client.cli.guide.facts import topics
from apoa_client.cli.guide.guides import COMMAND, FACTS, GUIDE, SITUATION, Guide, all_guides, guides, situations
from apoa_client.errors import Exit, StorageProblem
from apoa_client.messages import msg
from apoa_client.outbox.sqlite.store import SqliteOutbox


class TestFinding:
    """Finding a topic by its name in either language, by its start, or by a word in it."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_name(self, lang: str) -> None:
        """A situation's name finds it in any spelling."""
        for each in situations(lang):
            for spelling in (each.name, each.name.upper(), each.name.replace("-", " ")):
                assert find(spelling)[0].id == each.id

    @pytest.mark.parametrize(
        ("queries", "kind", "id_"),
        [
            ("sobek/paspor sobek/torn passport", SITUATION, "torn-passport"),
            ("tambah malam/tamu menambah malam/more nights", SITUATION, "more-nights"),
            ("pindah kamar/another room", SITUATION, "another-room"),
            ("lupa check-out/forgotten check-out", SITUATION, "forgotten-check-out"),
            ("bayi/baby", SITUATION, "baby"),
            ("rombongan/group", SITUATION, "group"),
            ("overstay/tamu overstay", SITUATION, "overstay"),
            ("tidak punya paspor/guest without a passport", SITUATION, "lost-passport"),
            ("voa", FACTS, "visa-on-arrival"),
            ("sanksi", FACTS, "penalty"),
            ("impor excel", COMMAND, "import"),
            ("panduan resepsionis", GUIDE, "staff"),
        ],
    )
    def test_words_in_any_order(self, queries: str, kind: str, id_: str) -> None:
        """What people call it finds it first, whatever the order of the words is."""
        for query in queries.split("/"):
            for words in (query, " ".join(reversed(query.split()))):
                assert find(words)[0][:2] == (kind, id_)


class TestCommand:
    """What `apoa help` shows."""

    def test_a_topic(self, apoa: Apoa) -> None:
        """Shows the whole topic, also by its name in the other language and by `bantuan`."""
        for english, indonesian in zip(situations("en"), situations("id"), strict=True):
            answer = apoa("help", english.name, lang="id")
            assert (answer.code, answer.err) == (0, "")
            for step in indonesian.steps:
                assert f"  {step.text}\n" in answer.out
                assert step.command is None or f"    {typed_in('id', step.command)}\n" in answer.out
            assert apoa("bantuan", indonesian.name, lang="id").out == answer.out

    def test_a_command(self, apoa: Apoa) -> None:
        """Shows what the command's --help shows."""
        for words in (["lapor"], ["key"], ["key", "rotate"]):
            assert apoa("help", *words) == apoa(*words, "--help")

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("guide", guides("en"), ids=lambda each: each.id)
    def test_a_guide(self, apoa: Apoa, guide: Guide, lang: str) -> None:
        """A guide is found by its name in any language, and shown in the reader's language if it exists in it."""
        shown = next(each for each in guides(lang) if each.id == guide.id)
        for name in {each.name for each in all_guides() if each.id == guide.id}:
            answer = apoa("help", name, lang=lang)
            assert (answer.code, answer.err) == (0, "")
            assert answer.out.rstrip("\n") == shown.text.rstrip("\n")


class TestInfo:
    """The command's output."""

    def test_a_topic(self, apoa: Apoa) -> None:
        """Shows every fact of the topic, each source with both dates, and what is not confirmed."""
        for topic in topics("id"):
            result = apoa("info", topic.id, lang="id")
            assert (result.code, result.err, "30 Nov 2026" in result.out) == (0, "", True)
            assert all(fact.text in result.out and fact.source in result.out for fact in topic.facts)
            assert all(each.text in result.out for each in topic.unconfirmed)

    def test_facts_older_than_a_year(self, apoa: Apoa) -> None:
        """By the clock that is passed in: nothing for a year, then a line beside each topic and `outdated` in JSON."""
        apoa.clock.time = datetime(2027, 11, 30, 9, tzinfo=UTC)
        assert apoa("info", "law").err == ""
        apoa.clock.time = datetime(2027, 12, 1, 9, tzinfo=UTC)
        for words in ((), ("law",), ("thailand",)):
            result = apoa("info", *words)
            assert result.code == 0
        facts = [fact for topic in apoa("info", "--json").json["topics"] for fact in topic["facts"]]
        assert {fact["outdated"] for fact in facts} == {True}


def bare(apoa: Apoa, *options: str, lang: str = "en") -> CallResult:
    """Run the program without a command at a terminal and return the result without colours."""
    with apoa.monkeypatch.context() as patch:
        patch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        result = apoa(*options, keys=[], lang=lang)
    return result._replace(out=click.unstyle(result.out))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_help_screens(apoa: Apoa, screens: Screens, lang: str) -> None:
    """The topics, what a search finds, and what is suggested for other words; nothing is set up."""
    for words in (
        *(["help"], ["help", " "], ["help", "kamar", "ganti"], ["help", "singel-nane"], ["help", "reprot"]),
        *(["help", "pas"], ["help", "re"], ["help", "xyzzy"]),
        *(["info"], ["info", "oversaty"], ["info", "xyzzyq"]),
    ):
        screens(apoa, *words, lang=lang)
    for command in ("help", "info"):
        assert_sanitized(apoa(command, "x\x1b[2Jyzzyq\u202e", lang=lang).all)
    assert not apoa.home.exists()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_welcome(apoa: Apoa, screens: Screens, serve: Serve, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    """Nothing set up, no guest yet, an unfinished one, open work with its commands, and a property by hand."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    screens(apoa, keys=[], lang=lang)
    assert not apoa.home.exists()
    apoa.set_up(serve("reject,pending").base_url)
    screens(apoa, keys=[], lang=lang)
    apoa("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
    screens(apoa, keys=[], lang=lang)
    for guest in GUESTS[:2]:
        apoa(*guest.mrz())
    apoa.save(GUESTS[2])
    apoa.clock.forward(timedelta(hours=20))
    screens(apoa, keys=[], lang=lang)
    assert apoa("setup", "--non-interactive", "--property", "tangan", "--by-hand", "--vault", "file").code == 0
    apoa("--property", "tangan", *QUENTIN.mrz("--no-send"))
    screens(apoa, "--property", "tangan", keys=[], lang=lang)


def test_without_a_terminal_it_is_a_usage_error(away: Apoa) -> None:
    """Without a terminal on stdout or stdin the command prints the help and exits with 2."""
    for result in (away(), away(keys=[]), away("-v")):
        assert (result.code, result.out) == (2, "")
        assert click.unstyle(result.err) == away("--help").out


def test_at_most_five_reports_are_listed(away: Apoa) -> None:
    """Five waiting reports are listed and the rest are counted, so that the output fits the screen."""
    for number in range(7):
        away.save(XIMENA, "--document-number", f"QW765432{number}", "--room", str(number))
    result = bare(away)
    assert "  ... and 2 more: apoa list" in result.out.splitlines()
    assert len(result.out.splitlines()) < 24


def test_a_damaged_file(away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """The counts are shown although the entries cannot be read; the error follows, with its exit code."""
    away.save()
    damaged = StorageProblem(msg("The result cannot be written: {reason}.", reason="x"))
    monkeypatch.setattr(SqliteOutbox, "entries", raising(damaged))
    for result in (bare(away), away("status")):
        assert result.code == 78
        assert "    1  Waiting to be sent" in result.out.splitlines()
        assert "cannot be written" in result.err


def test_no_folder_for_temporary_files(apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the variable that gives one."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", list)
    said = apoa("demo")
    assert (said.code, said.out) == (Exit.SETTINGS, "")
    assert "TMPDIR" in said.err
