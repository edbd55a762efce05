"""`apoa info`: every fact with its source and its day, in both languages, found as people ask for it, offline."""

from datetime import date

import pytest
from cli_helpers import LANGUAGES, Apoa, assert_harmless, spoken
from conftest import NOW

from apoa_client.cli.guide.facts import Fact, Topic, topics
from apoa_client.cli.guide.search import said, search_facts, similar_words
from apoa_client.passport.states import by_code
from apoa_client.report import permits

FACTS = [(topic, fact) for topic in topics() for fact in topic.facts]
SAME_NAME_IN_BOTH = {"C17 Audit", "E28 Investor"}


def found(query: str) -> list[str]:
    """The English texts of the facts that a query finds."""
    return [said(fact.text, "en") for topic in search_facts(query) for fact in topic.facts]


class TestFacts:
    """Each says who says so, and when it was looked at."""

    @pytest.mark.parametrize(("topic", "fact"), FACTS)
    def test_each_has_a_source_and_a_day(self, topic: Topic, fact: Fact) -> None:
        """None is a bare claim, and none comes from a later day than this."""
        assert topic.names.en
        for language in LANGUAGES:
            assert said(fact.source, language)
        assert date(2026, 1, 1) <= fact.as_of <= NOW.date()

    @pytest.mark.parametrize(("topic", "fact"), FACTS)
    def test_each_is_said_in_both_languages(self, topic: Topic, fact: Fact) -> None:
        """No text is left in English; a country's name may be the same."""
        indonesian, english = (said(fact.text, language) for language in LANGUAGES)
        assert indonesian
        assert english
        assert fact.series is not None or indonesian != english
        if topic.names.en == "permits":
            assert indonesian != english or english in SAME_NAME_IN_BOTH

    def test_the_penalty_is_worded_with_care(self) -> None:
        """The fine is named, months of imprisonment are not, and that the text is being converted is said."""
        for language in LANGUAGES:
            words = " ".join(said(fact.text, language) for fact in search_facts("penalty")[0].facts)
            assert "25" in words
            assert "kurungan" in words
            assert "3 " not in words
        assert any("is being converted" in text for text in found("penalty"))

    def test_the_day_is_asked_for_and_no_law(self) -> None:
        """The 24 hours are what the Directorate General asks for, and no statute's."""
        asked, no_law, _late = found("deadline")
        assert asked.startswith("The Directorate General of Immigration asks")
        assert no_law.startswith("We saw no law")

    def test_no_office_is_invented(self) -> None:
        """The one address is Immigration's own site, said not to be ours; there is no telephone number."""
        words = " ".join(found("offices"))
        assert "apoa.imigrasi.go.id. It is not ours." in words
        assert not any(sign in words for sign in ("+62", "(0", "Jl.", "@"))

    def test_permits_are_those_of_a_report(self) -> None:
        """Every permit that a report suggests is here, with its day, and every visa-free state."""
        shown = " ".join(found("permits"))
        assert all(f"{permit.code} {permit.english}" in shown for permit in permits.permits())
        states = [by_code(code) for group in permits.VISA_FREE for code in group.states]
        assert {state.english for state in states if state is not None} <= set(found("visa-free"))
        assert None not in states


class TestLookingUp:
    """By a topic's name in either language, or by words, as people write them."""

    @pytest.mark.parametrize("topic", topics(), ids=lambda topic: topic.names.en)
    def test_a_name(self, topic: Topic) -> None:
        """A topic's name gives the whole topic, however it is spelt."""
        for name in topic.names:
            for spelt in (name, name.upper(), name.replace("-", " ")):
                assert topic in search_facts(spelt)

    @pytest.mark.parametrize(
        ("query", "wanted"),
        [
            ("denda", ["penalty", "overstay"]),
            ("fine", ["penalty", "overstay"]),
            ("polisi", ["law"]),
            ("thailand visa", ["visa-free"]),
            ("Türkiye", ["visa-free"]),
            ("turki", ["visa-free"]),
            ("e33g", ["permits"]),
            ("apa itu KITAS", ["permits"]),
            ("how long is a visa on arrival?", ["permits"]),
            ("72", ["law"]),
            ("nomor telepon", ["offices"]),
        ],
    )
    def test_words(self, query: str, wanted: list[str]) -> None:
        """The facts that hold the most of them, in whatever topic they stand."""
        assert [topic.names.en for topic in search_facts(query)] == wanted

    def test_a_code_is_that_code(self) -> None:
        """C1 is not C10, and E33 is not E33G."""
        assert found("c1") == ["C1 Tourism visit"]
        assert found("E33") == ["E33 Second home"]
        assert found("B1") == ["B1 Visa on arrival (30 days, extended once by 30)"]

    def test_part_of_a_word(self) -> None:
        """Indonesian puts syllables before and after: the root finds the word."""
        assert [topic.names.en for topic in search_facts("siapkan deportasi")] == ["overstay"]
        assert {"law", "apoa"} <= {topic.names.en for topic in search_facts("melapor")} | {"law"}

    @pytest.mark.parametrize("query", ["", "?", "xyzzyq", "12345678"])
    def test_nothing(self, query: str) -> None:
        """What nobody knows of is not guessed at."""
        assert search_facts(query) == []

    def test_close_matches(self) -> None:
        """A slip of the finger finds its word."""
        assert similar_words("oversaty") == ["overstay"]
        assert "thailand" in similar_words("tailand")
        assert similar_words("xyzzyq") == []


class TestCommand:
    """What the staff see."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_topics(self, apoa: Apoa, lang: str) -> None:
        """Without words: the names to ask with, in the reader's language; nothing needs to be set up."""
        said_ = apoa("info", lang=lang)
        assert (said_.code, said_.err) == (0, "")
        for topic in topics():
            assert f"  {getattr(topic.names, lang)} " in said_.out
            assert said(topic.title, lang) in said_.out
        assert not apoa.home.exists()

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("topic", topics(), ids=lambda topic: topic.names.en)
    def test_a_topic(self, apoa: Apoa, topic: Topic, lang: str) -> None:
        """Every fact of it, and each source with its day."""
        said_ = apoa("info", topic.names.en, lang=lang)
        assert (said_.code, said_.err) == (0, "")
        for fact in topic.facts:
            assert said(fact.text, lang) in said_.out
            assert said(fact.source, lang) in said_.out
        assert "24 Nov 2026" in said_.out

    def test_one_series_is_one_line(self, apoa: Apoa) -> None:
        """Countries stand in a row, behind what is said of all of them."""
        assert "  No visa needed since 3 Jul 2025: Brazil; Türkiye.\n" in apoa("info", "visa-free").out

    def test_what_is_found_in_two_topics(self, apoa: Apoa) -> None:
        """Each below its title."""
        out = apoa("info", "denda").out
        assert out.index("What not giving the data can cost") < out.index("When a stay permit has ended")

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_an_unknown_word(self, apoa: Apoa, lang: str) -> None:
        """A usage mistake, with what may have been meant, or where to look."""
        said_ = apoa("info", "oversaty", lang=lang)
        assert (said_.code, said_.out) == (2, "")
        assert spoken(lang, "Did you mean: {words}? All topics: apoa info", words="overstay") in said_.err
        strange = apoa("info", "xyzzyq\x1b[2J", lang=lang)
        assert strange.code == 2
        assert spoken(lang, "All topics: apoa info") in strange.err
        assert_harmless(strange.all)

    def test_json(self, apoa: Apoa) -> None:
        """The same, as one document."""
        value = apoa("info", "--json").json
        assert [topic["topic"] for topic in value["topics"]] == [topic.names.en for topic in topics()]
        assert [len(topic["facts"]) for topic in value["topics"]] == [len(topic.facts) for topic in topics()]
        [found_] = apoa("info", "thailand", "--json", lang="id").json["topics"]
        assert found_ == {
            "topic": "visa-free",
            "title": spoken("id", "Visa-free countries (A1)"),
            "facts": [
                {
                    "text": "Thailand",
                    "series": spoken("id", "No visa needed"),
                    "source": "Perpres 95/2024",
                    "as_of": "2026-11-24",
                }
            ],
            "here": None,
        }
        [law] = apoa("info", "law", "--json").json["topics"]
        assert {fact["series"] for fact in law["facts"]} == {None}

    def test_what_the_settings_say(self, apoa: Apoa) -> None:
        """The property's own office, window and period are shown with the facts, and no office where none is named."""
        assert "settings say" not in apoa("info", "offices").out
        assert apoa("setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file").code == 0
        assert "settings say" not in apoa("info", "offices").out
        assert "This property's settings say: 24 hours." in apoa("info", "deadline").out
        assert "settings say: 90 days after check-out." in apoa("info", "data").out
        assert apoa("setup", "--non-interactive", "--property", "melati", "--office", "Kanim\tDenpasar").code == 0
        assert "This property's settings say: Kanim?Denpasar." in apoa("info", "offices").out
        assert "Kanim?Denpasar" in apoa("info", "offices", "--json").json["topics"][0]["here"]

    def test_settings_that_are_not_right(self, apoa: Apoa) -> None:
        """The facts are for everybody, whatever is wrong here."""
        apoa.home.mkdir()
        (apoa.home / "config.toml").write_text("property = 7\n")
        assert apoa("info", "deadline").code == 0

    def test_options_that_do_not_go_together(self, apoa: Apoa) -> None:
        """Said, and nothing is done."""
        for arguments in (["--name", "Melati"], ["--force"], ["law", "--poster", "-"], ["--json", "--poster", "-"]):
            said_ = apoa("info", *arguments)
            assert said_.code == 2
            assert "apoa info --help" in said_.err
