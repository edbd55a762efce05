"""`apoa help`: a situation by its name in either language, or the help of a command."""

import re

import pytest
from cli_helpers import LANGUAGES, XIMENA, Apoa, assert_sanitized, spoken, typed_in

from apoa_client.cli.commands.help import find
from apoa_client.cli.guide.guides import Guide, all_guides, guides, situations

IDS = [each.id for each in situations("en")]


class TestAChildInAPassport:
    """The program behaves as the situation about a child in a passport describes."""

    INES = ("", "QUIJANO", "INES", "F", "ZARAGOZA", "4/3/2019", "ESP", XIMENA.number, "30/3/2032", ">")

    def test_along_with_the_parent(self, away: Apoa) -> None:
        """`+` adds the child; the program asks whether to report the passport again, and y confirms it."""
        page = ("ZARAGOZA", "B1", "2", "7")
        result = away("report", "--no-send", keys=[*XIMENA.lines, *page, "+", *self.INES, "", "y"])
        assert result.code == 0, result.all
        assert [(r["guest"]["given_names"], r["stay"]["room"]) for r in away.reports()] == [
            ("XIMENA", "7"),
            ("INES", "7"),
        ]

    def test_after_the_parent(self, away: Apoa) -> None:
        """After the parent, in the same room, the program asks the same question."""
        away.save(XIMENA)
        result = away("report", "--no-send", "--room", "7", keys=[*self.INES, "", "y"])
        assert result.code == 0, result.all
        assert {report["stay"]["room"] for report in away.reports()} == {"7"}
        assert len(away.reports()) == 2


class TestFinding:
    """Finding a topic by its name in either language, by its start, or by a word in it."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_name(self, lang: str) -> None:
        """A situation's name finds it in any spelling."""
        for each in situations(lang):
            for spelling in (each.name, each.name.upper(), each.name.replace("-", " ")):
                assert find(spelling) == each.id

    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("anak", "child-in-passport"),
            ("lost", "lost-passport"),
            ("passw", "password-changed"),
            ("nama", "single-name"),
            ("sandi", "password-changed"),
            ("dipl", "diplomat"),
            ("ditolak", "refused"),
            ("terlambat", "late"),
            ("late", "late"),
        ],
    )
    def test_a_beginning(self, query: str, name: str) -> None:
        """The start of a name, or of a word in it, finds the topic if no other name has it."""
        assert find(query) == name

    @pytest.mark.parametrize(
        ("query", "name"), [("lapor", "report"), ("repo", "report"), ("key", "key"), ("otomatis", "schedule")]
    )
    def test_a_command(self, query: str, name: str) -> None:
        """A command is found by its Indonesian name, by its start, or by a word that people try."""
        assert find(query) == name


class TestCommand:
    """The command's output."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("words", [[], [""], [" "]])
    def test_the_topics(self, apoa: Apoa, words: list[str], lang: str) -> None:
        """Lists the situations by their names in the reader's language; no property is needed."""
        answer = apoa("help", *words, lang=lang)
        assert (answer.code, answer.err) == (0, "")
        for each in situations(lang):
            assert re.search(rf"^  {each.name}  +{re.escape(each.title)}$", answer.out, re.MULTILINE)
        assert not apoa.home.exists()

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("situation_id", IDS)
    def test_a_topic(self, apoa: Apoa, situation_id: str, lang: str) -> None:
        """Shows the whole topic, also by its name in the other language and by `bantuan`."""
        english, indonesian, shown = (
            next(each for each in situations(language) if each.id == situation_id) for language in ("en", "id", lang)
        )
        answer = apoa("help", indonesian.name, lang=lang)
        assert (answer.code, answer.err) == (0, "")
        for step in shown.steps:
            assert f"  {step.text}\n" in answer.out
            if step.command is not None:
                assert f"    {typed_in(lang, step.command)}\n" in answer.out
        assert apoa("bantuan", english.name, lang=lang).out == answer.out

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("words", [["report"], ["lapor"], ["key"], ["key", "rotate"]])
    def test_a_command(self, apoa: Apoa, words: list[str], lang: str) -> None:
        """Shows what the command's --help shows."""
        assert apoa("help", *words, lang=lang) == apoa(*words, "--help", lang=lang)

    def test_the_beginning_of_a_command(self, apoa: Apoa) -> None:
        """The start of a command shows the same."""
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
    def test_a_mistyped_name(self, apoa: Apoa, words: list[str], suggestion: dict[str, str], lang: str) -> None:
        """Exits with 2, and suggests the most similar name first, in the reader's language."""
        answer = apoa("help", *words, lang=lang)
        assert (answer.code, answer.out) == (2, "")
        assert spoken(lang, "There is no help about {topic}.", topic="-".join(words)) in answer.err
        wanted = spoken(lang, "Did you mean: {topics}? All topics: apoa help", topics="|")
        start, end = wanted.split("|")
        last = answer.err.splitlines()[-1]
        assert last.startswith(start + suggestion[lang])
        assert last.endswith(end)

    def test_the_beginning_of_several(self, apoa: Apoa) -> None:
        """Each is named once, although it may have two names, and at most four are named."""
        assert "paspor-hilang, password-changed" not in apoa("help", "pas").err
        assert "Did you mean: lost-passport, password-changed?" in apoa("help", "pas").err
        assert "Did you mean: refused, report, receipt, received?" in apoa("help", "re").err

    def test_no_similar_name(self, apoa: Apoa) -> None:
        """Names the list of topics; control characters of the query do not reach the terminal."""
        answer = apoa("help", "x\x1b[2Jyzzy\u202e")
        assert answer.code == 2
        assert answer.err.splitlines()[-1] == "All topics: apoa help"
        assert_sanitized(answer.all)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_plain_lines_have_no_columns(apoa: Apoa, lang: str) -> None:
    """As plain lines, each situation is one line with its name and its title."""
    result = apoa("--plain", "help", lang=lang)
    assert result.code == 0
    for situation in situations(lang):
        assert any(line.startswith(f"{situation.name}: ") for line in result.out.splitlines()), situation.name


class TestGuides:
    """`apoa help staff`, `admin` and `contract`: the guides, without a connection."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("guide", guides("en"), ids=lambda each: each.id)
    def test_a_guide(self, apoa: Apoa, guide: Guide, lang: str) -> None:
        """A guide is found by its name in any language, and shown in the reader's language if it exists in it."""
        shown = next(each for each in guides(lang) if each.id == guide.id)
        for name in {each.name for each in all_guides() if each.id == guide.id}:
            answer = apoa("help", name, lang=lang)
            assert (answer.code, answer.err) == (0, "")
            assert answer.out.rstrip("\n") == shown.text.rstrip("\n")

    def test_the_beginning_of_a_guide(self, apoa: Apoa) -> None:
        """The start of a guide's name finds it."""
        assert apoa("help", "resep").out.startswith("# Guide for staff")

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_list_of_topics_names_them(self, apoa: Apoa, lang: str) -> None:
        """Each guide is listed with its title, in the reader's language."""
        listed = apoa("help", lang=lang).out
        assert all(
            re.search(rf"^  {each.name} +{re.escape(each.title_in(lang))}$", listed, re.MULTILINE)
            for each in guides(lang)
        )

    def test_staff_have_theirs_in_both_languages(self) -> None:
        """A name is unique, and no situation has it."""
        assert {each.language for each in all_guides() if each.id == "staff"} == set(LANGUAGES)
        names = {each.name for each in all_guides()}
        assert names.isdisjoint(each.name for language in LANGUAGES for each in situations(language))
