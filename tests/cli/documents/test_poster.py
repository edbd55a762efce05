"""`apoa info --poster`: one page for the lobby, in seven languages, which matches the property's settings."""

import re
from pathlib import Path

import pytest
from babel import Locale
from cli_helpers import Apoa
from page_helpers import Page, read_page

from apoa_client.cli.documents.pages import days_text, languages

SEVEN = ["en", "id", "zh-Hans", "ja", "ko", "ru", "ar"]
IN_EVERY = {"lang", "dir", "name", "title", "why", "how", "checked", "stored", "sent", "by_hand", "deleted"} | {
    *("also", "ask", "ours", "days")
}


@pytest.fixture
def trained(apoa: Apoa) -> Apoa:
    """The program with a property for training, with an address."""
    place = ["--property", "melati", "--training", "--vault", "file", "--address", "Jl. Melati 7, Ubud"]
    assert apoa("setup", "--non-interactive", *place).code == 0
    return apoa


def settings(apoa: Apoa, **values: object) -> None:
    """Add lines to the property's settings, as an IT admin does."""
    config = apoa.home / "config.toml"
    kept = [line for line in config.read_text().splitlines() if line.split(" =")[0] not in values]
    config.write_text("\n".join([*kept, *(f"{name} = {value!r}".replace("'", '"') for name, value in values.items())]))


def printed(apoa: Apoa, *more: str) -> tuple[str, Page]:
    """The notice from standard output, as HTML and as a parsed page."""
    said = apoa("info", "--poster", "-", *more)
    assert said.code == 0, said.err
    assert said.out.startswith("<!DOCTYPE html>\n")
    return said.out, read_page(said.out)


class TestPage:
    """The page for the lobby."""

    def test_seven_languages(self, away: Apoa) -> None:
        """Each language is there once and marked with its tag; Arabic is from right to left."""
        content, page = printed(away)
        assert content.count("<bdi>") == 2  # without an address there is no empty line
        assert ('class="name"' in content, 'class="name long"' in content) == (True, False)
        assert 'class="name long"' in printed(away, "--name", "Wisma " * 9)[0]  # so that it stays one page
        found = re.findall(r'<section lang="([^"]+)" dir="([^"]+)">', content)
        assert found == [(lang, "rtl" if lang == "ar" else "ltr") for lang in SEVEN]
        for language in languages():
            sentences = [language[key] for key in ("title", "why", "how", "checked", "stored", "also", "ask", "ours")]
            assert all(sentence in page.text for sentence in sentences)

    def test_it_says_how_reports_go(self, away: Apoa) -> None:
        """The page says that reports go through the reporting server, or are typed into APOA, as the settings say."""
        by_server = printed(away)[1].text
        settings(away, delivery="manual")
        by_hand = printed(away)[1].text
        for language in languages():
            assert (language["sent"] in by_server, language["by_hand"] in by_server) == (True, False)
            assert (language["sent"] in by_hand, language["by_hand"] in by_hand) == (False, True)

    def test_it_says_how_long_data_are_kept(self, away: Apoa) -> None:
        """The number of days is that of the settings, with the right plural form in each language."""
        asked = "or once you have left if you ask, unless an officer wants it."
        assert f"We delete our copy 90 days after you check out, {asked}" in printed(away)[1].text
        settings(away, retention_days=1)
        text = printed(away)[1].text
        assert "We delete our copy 1 day after you check out, or once" in text
        assert "через 1 день после" in text
        assert "بعد يوم واحد من" in text

    def test_name_and_address(self, trained: Apoa) -> None:
        """Name and address are at the top, the date at the bottom; the page says that it is not official."""
        _content, page = printed(trained, "--name", "Wisma Melati")
        assert page.text.count("Wisma Melati") == 2
        assert "Jl. Melati 7, Ubud" in page.text
        assert "24 Nov 2026" in page.text
        assert "This is not an official document of Immigration." in page.text
        assert "melati" in printed(trained)[1].text

    def test_training_is_not_for_the_lobby(self, trained: Apoa) -> None:
        """A property for training says so on the page and on the screen; other properties do not."""
        assert "Training: not for the lobby." in printed(trained)[1].text
        assert "not for the lobby" in trained("info", "--poster", "-").err
        settings(trained, api_url="https://imigrasi.example/v1")
        assert "Training: not for the lobby." in printed(trained)[1].text
        settings(trained, environment="production")
        assert "Training" not in printed(trained)[1].text


def test_a_property_must_be_set_up(apoa: Apoa, tmp_path: Path) -> None:
    """Without a property nothing is written."""
    file = tmp_path / "lobby.html"
    assert apoa("info", "--poster", str(file)).code == 78
    assert not file.exists()


class TestSentences:
    """The file with the sentences in seven languages."""

    def test_each_language_is_complete(self) -> None:
        """Each language has the same sentences, none is empty or repeated, and the number of days has its place."""
        assert [language["lang"] for language in languages()] == SEVEN
        for language in languages():
            assert set(language) == IN_EVERY
            sentences = [value for value in language.values() if isinstance(value, str)]
            assert all(sentences)
            assert language["deleted"].count("{days}") == 1
        for key in ("title", "why", "deleted", "ask", "ours"):
            assert len({language[key] for language in languages()}) == len(SEVEN)

    def test_each_language_says_who_may_ask_and_from_when(self) -> None:
        """Officers of immigration or of the police on duty; 24 hours from the start of the stay, not from check-in."""
        police = ("police", "polisi", "警察", "警察官", "경찰관", "полиции", "الشرطة")
        start = (
            "start of the stay",
            "mulai menginap",
            "住宿开始",
            "滞在の開始",
            "숙박 시작",
            "начала проживания",
            "بدء الإقامة",
        )
        for language, who, when in zip(languages(), police, start, strict=True):
            assert who in language["why"]
            assert when in language["why"]
            law = set(re.findall(r"\d+", language["why"]))  # both laws, the article, and the hours
            assert {"6", "2011", "72", "63", "2024"} <= law
            assert law & {"24", "1"}

    @pytest.mark.parametrize("language", languages(), ids=SEVEN)
    def test_plural_forms(self, language: dict[str, dict[str, str]]) -> None:
        """The plural form is that of Unicode's rules, for every number of days that the settings allow."""
        plural = Locale.parse(str(language["lang"]), sep="-").plural_form
        for days in range(1, 3651):
            form = plural(days)
            assert days_text(language, days) == language["days"][form].format(days=days)
