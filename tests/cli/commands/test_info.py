"""`apoa info`: the facts on the screen and as JSON, in both languages, and the property's own settings with them."""

import pytest
from cli_helpers import LANGUAGES, Apoa, assert_sanitized, spoken

from apoa_client.cli.guide.facts import topics

TOPICS = [topic.id for topic in topics("en")]


class TestCommand:
    """The command's output."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_topics(self, apoa: Apoa, lang: str) -> None:
        """Without words, lists the topics by their names in the reader's language; no property is needed."""
        result = apoa("info", lang=lang)
        assert (result.code, result.err) == (0, "")
        for topic in topics(lang):
            assert f"  {topic.name} " in result.out
            assert topic.title in result.out
        assert not apoa.home.exists()

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("name", TOPICS)
    def test_a_topic(self, apoa: Apoa, name: str, lang: str) -> None:
        """Shows every fact of the topic, and each source with its day."""
        result = apoa("info", name, lang=lang)
        assert (result.code, result.err) == (0, "")
        [topic] = [each for each in topics(lang) if each.id == name]
        for fact in topic.facts:
            assert fact.text in result.out
            assert fact.source in result.out
        assert "24 Nov 2026" in result.out

    def test_one_series_is_one_line(self, apoa: Apoa) -> None:
        """Visa-free states of one rule are on one line."""
        assert "  No visa needed since 3 Jul 2025: Brazil; Türkiye.\n" in apoa("info", "visa-free").out

    def test_what_is_foundin_two_topics(self, apoa: Apoa) -> None:
        """Facts of two topics are shown below their titles."""
        out = apoa("info", "denda").out
        assert out.index("What not giving the data can cost") < out.index("When a stay permit has ended")

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_an_unknown_word(self, apoa: Apoa, lang: str) -> None:
        """An unknown word is a usage error that suggests similar words, or the list of topics."""
        result = apoa("info", "oversaty", lang=lang)
        assert (result.code, result.out) == (2, "")
        assert spoken(lang, "Did you mean: {words}? All topics: apoa info", words="overstay") in result.err
        strange = apoa("info", "xyzzyq\x1b[2J", lang=lang)
        assert strange.code == 2
        assert spoken(lang, "All topics: apoa info") in strange.err
        assert_sanitized(strange.all)

    def test_json(self, apoa: Apoa) -> None:
        """`--json` prints the same as one document."""
        value = apoa("info", "--json").json
        assert [topic["topic"] for topic in value["topics"]] == TOPICS
        assert [len(topic["facts"]) for topic in value["topics"]] == [len(topic.facts) for topic in topics("en")]
        [found] = apoa("info", "thailand", "--json", lang="id").json["topics"]
        assert found == {
            "topic": "visa-free",
            "title": "Negara bebas visa (A1)",
            "facts": [
                {
                    "text": "Thailand",
                    "series": "Bebas visa",
                    "source": "Perpres 95/2024",
                    "as_of": "2026-11-24",
                }
            ],
            "here": None,
        }
        [law] = apoa("info", "law", "--json").json["topics"]
        assert {fact["series"] for fact in law["facts"]} == {None}

    def test_what_the_settings_say(self, apoa: Apoa) -> None:
        """The property's office, deadline and retention are shown with the facts; no office if none is set."""
        assert "settings say" not in apoa("info", "offices").out
        assert apoa("setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file").code == 0
        assert "settings say" not in apoa("info", "offices").out
        assert "This property's settings say: 24 hours." in apoa("info", "deadline").out
        assert "settings say: 90 days after check-out." in apoa("info", "data").out
        assert apoa("setup", "--non-interactive", "--property", "melati", "--office", "Kanim\tDenpasar").code == 0
        assert "This property's settings say: Kanim?Denpasar." in apoa("info", "offices").out
        assert "Kanim?Denpasar" in apoa("info", "offices", "--json").json["topics"][0]["here"]

    def test_invalid_settings(self, apoa: Apoa) -> None:
        """The facts are shown although the settings are invalid."""
        apoa.home.mkdir()
        (apoa.home / "config.toml").write_text("property = 7\n")
        assert apoa("info", "deadline").code == 0

    def test_options_that_exclude_each_other(self, apoa: Apoa) -> None:
        """Options that exclude each other are a usage error."""
        for arguments in (["--name", "Melati"], ["--force"], ["law", "--poster", "-"], ["--json", "--poster", "-"]):
            result = apoa("info", *arguments)
            assert result.code == 2
            assert "apoa info --help" in result.err
