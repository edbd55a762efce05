"""`apoa help`: a situation by its name in either language, or the help of a command."""

import re

import pytest
from cli_helpers import LANGUAGES, XIMENA, Apoa, assert_harmless, spoken, typed_in

from apoa_client.cli.commands.help import find
from apoa_client.cli.guide.guides import Guide, all_guides, guides
from apoa_client.cli.guide.situations import situations

IDS = [each.id for each in situations("en")]


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
        ],
    )
    def test_a_beginning(self, query: str, name: str) -> None:
        """Of the name, or of a word in it, where no other one has it."""
        assert find(query) == name

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
        for each in situations(lang):
            assert re.search(rf"^  {each.name}  +{re.escape(each.title)}$", answer.out, re.MULTILINE)
        assert not apoa.home.exists()

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("situation_id", IDS)
    def test_a_topic(self, apoa: Apoa, situation_id: str, lang: str) -> None:
        """All of it, by its name in the other language too, and by the command's Indonesian name."""
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
    for situation in situations(lang):
        assert any(line.startswith(f"{situation.name}: ") for line in said.out.splitlines()), situation.name


class TestGuides:
    """`apoa help staff`, `admin` and `contract`: the guides, without a connection."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("guide", guides("en"), ids=lambda each: each.id)
    def test_a_guide(self, apoa: Apoa, guide: Guide, lang: str) -> None:
        """By its name in any language, in the reader's language where it exists; in a pipe as Markdown."""
        shown = next(each for each in guides(lang) if each.id == guide.id)
        for name in {each.name for each in all_guides() if each.id == guide.id}:
            answer = apoa("help", name, lang=lang)
            assert (answer.code, answer.err) == (0, "")
            assert answer.out.rstrip("\n") == shown.text.rstrip("\n")

    def test_the_beginning_of_a_guide(self, apoa: Apoa) -> None:
        """It is enough."""
        assert apoa("help", "resep").out.startswith("# Guide for staff")

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_list_of_topics_names_them(self, apoa: Apoa, lang: str) -> None:
        """Each with its title, in the reader's language."""
        listed = apoa("help", lang=lang).out
        assert all(re.search(rf"^  {each.name} +{each.title}$", listed, re.MULTILINE) for each in guides(lang))

    def test_staff_have_theirs_in_both_languages(self) -> None:
        """A name is unique, and no situation has it."""
        assert {each.language for each in all_guides() if each.id == "staff"} == set(LANGUAGES)
        names = {each.name for each in all_guides()}
        assert names.isdisjoint(each.name for language in LANGUAGES for each in situations(language))
