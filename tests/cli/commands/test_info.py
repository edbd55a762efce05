"""`apoa info`: the facts on the screen and as JSON, in both languages, and the property's own settings with them."""

from datetime import UTC, datetime

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
        assert "26 Nov 2026" in result.out
        assert all(each.text in result.out for each in topic.unconfirmed)
        heading = spoken(
            lang, "Not confirmed as of {day}. If you know more, tell us, with a source.", day="26 Nov 2026"
        )
        assert (heading in result.out) == bool(topic.unconfirmed)

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
        found, _on_arrival = apoa("info", "thailand", "--json", lang="id").json["topics"]
        assert found == {
            "topic": "visa-free",
            "title": "Negara bebas visa (A1)",
            "facts": [
                {
                    "text": "Thailand",
                    "series": "Bebas visa",
                    "source": "Perpres 95/2024",
                    "as_of": "2026-11-26",
                    "outdated": False,
                }
            ],
            "unconfirmed": [],
            "here": None,
        }
        [law] = apoa("info", "law", "--json").json["topics"]
        assert {fact["series"] for fact in law["facts"]} == {None}

    def test_json_of_what_is_not_confirmed(self, apoa: Apoa) -> None:
        """Each topic lists what no source confirms, with the day of the search, so that a reader can help."""
        value = apoa("info", "--json").json
        listed = {topic["topic"]: topic["unconfirmed"] for topic in value["topics"]}
        assert listed == {
            topic.id: [{"text": each.text, "as_of": each.as_of.isoformat()} for each in topic.unconfirmed]
            for topic in topics("en")
        }
        assert "by_hand_order" in str(listed["apoa"])
        [topic] = apoa("info", "api", "upload", "--json").json["topics"]
        assert (topic["facts"], len(topic["unconfirmed"])) == ([], 1)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_facts_older_than_a_year(self, apoa: Apoa, lang: str) -> None:
        """By the clock that is passed in: nothing for a year, then a line beside each topic and `outdated` in JSON."""
        apoa.clock.time = datetime(2027, 11, 26, 9, tzinfo=UTC)
        assert apoa("info", "law", lang=lang).err == ""
        apoa.clock.time = datetime(2027, 11, 27, 9, tzinfo=UTC)
        said = spoken(
            lang,
            "These facts were compared with their sources on {day}, more than a year ago. The law may have changed: "
            "ask your immigration office, and update this program.",
            day="26 Nov 2026",
        )
        for words in ((), ("law",), ("thailand",)):
            result = apoa("info", *words, lang=lang)
            assert (result.code, result.err) == (0, f"{said}\n")
        facts = [fact for topic in apoa("info", "--json").json["topics"] for fact in topic["facts"]]
        assert {fact["outdated"] for fact in facts} == {True}

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
