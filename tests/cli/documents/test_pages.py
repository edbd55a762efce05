"""HTML pages: they need no other file, escape all values, and miss none; their charts; and the notice for the lobby."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import segno
from app_helpers import app_of, training
from babel import Locale
from basics import FixedClock
from cli_helpers import DANGEROUS, Apoa, assert_sanitized, spoken
from jinja2 import UndefinedError
from page_helpers import Page, read_page
from screens import Screens

from apoa_client.cli.documents import pages
from apoa_client.cli.documents.pages import days_text, languages
from apoa_client.cli.documents.recovery_file import RecoveryCodeReceiver
from apoa_client.cli.documents.statistics_page import statistics_page
from apoa_client.cli.terminal.language import in_both_languages
from apoa_client.settings.config import PropertySettings
from apoa_client.tables.statistics import Figures, Group, Month
from apoa_client.vault.recovery import new_code

SHEET = {"title": "Recovery code", "details": [], "code": "ABCDE-FGHJK", "sentences": ()}


def test_values_are_escaped() -> None:
    """Tags, quotes and entities are shown as they were typed."""
    strange = "<script>alert(1)</script> \"&amp;' </td>"
    page = read_page(pages.render_page("sheet.html", **{**SHEET, "details": [(strange, strange)]}))
    assert page.text.count(strange) == 2


def test_values_hide_nothing() -> None:
    """Control characters, direction marks and invisible characters are removed."""
    page = pages.render_page("sheet.html", **{**SHEET, "details": [("x", f"a{sign}b") for sign in DANGEROUS]})
    assert_sanitized(page)
    assert page.count("a?b") == len(DANGEROUS)


def test_a_missing_value_is_an_error() -> None:
    """A page without one of its values is not rendered."""
    given = {name: value for name, value in SHEET.items() if name != "code"}
    with pytest.raises(UndefinedError):
        pages.render_page("sheet.html", **given)


def test_both_languages() -> None:
    """Returns a sentence in both languages, Indonesian first; once if they are equal."""
    assert in_both_languages("Passport number") == f"{spoken('id', 'Passport number')} / Passport number"
    assert in_both_languages("check-in") == "check-in"


def test_a_qr_code() -> None:
    """Returns an SVG with the code of this text; not a micro QR code."""
    code = pages.qr_code("STT-2026-0004711")
    assert code.startswith("<svg")
    assert "http" not in code
    wanted = segno.make("STT-2026-0004711", error="M", micro=False)
    assert code == wanted.svg_inline(scale=3, border=2, omitsize=True)
    assert pages.qr_code("STT-2026-0004712") != code
    assert pages.qr_code("收" * 100).startswith("<svg")  # the longest number of the contract


@pytest.mark.parametrize("template", sorted(Path(pages.__file__).parent.rglob("*.html")), ids=lambda path: path.name)
def test_the_look_of_a_page(template: Path) -> None:
    """Colours are named once, as variables, and nothing that must be read depends on a printed background."""
    text = template.read_text(encoding="utf-8")
    style = text.partition("{% block style")[2].partition("{% endblock")[0]
    colours = set(re.findall(r"#[0-9a-f]{3,8}\b", style))
    assert colours <= {"#000", "#f0f5f6"}  # black, and a row under the pointer
    printed = re.sub(r"@media screen.*", "", style)
    assert "background" not in printed


SETTINGS = PropertySettings("bali", "https://authority.example/v1", public_key="")


def page_of(figures: Figures) -> str:
    return statistics_page(SETTINGS, figures, datetime(2026, 11, 24, 12, tzinfo=UTC))


def figures_of(*nights: int) -> Figures:
    """Figures with a nationality for each number of nights, the last of which is not readable."""
    states = ("POL", "AUS", "GBR")
    groups = [Group(state, 1, 1, count) for state, count in zip(states, nights, strict=False)]
    groups[-1] = groups[-1]._replace(state=None)
    return Figures(Month(2026, 11), total=Group(None, len(groups), 1, sum(nights)), groups=groups)


def chart_of(figures: Figures) -> ET.Element:
    """Return the chart of the page."""
    [svg] = re.findall(r'<svg class="chart".*?</svg>', page_of(figures), re.DOTALL)
    return ET.fromstring(svg)  # noqa: S314  our own


def bars(chart: ET.Element) -> list[ET.Element]:
    return [bar for bar in chart.iter("rect") if bar.get("class") == "bar"]


def texts(chart: ET.Element, kind: str) -> list[str | None]:
    return [node.text for node in chart.iter("text") if kind in node.get("class", "").split()]


def test_the_chart_needs_nothing_else() -> None:
    """No script, no address, no comment; the chart is named, and the same figures are the same page."""
    figures = figures_of(120, 8, 33)
    page = page_of(figures)
    assert page == page_of(figures)
    for part in ("<script", "http:", "<!--", "<?xml"):
        assert part not in page
    svg = chart_of(figures)
    assert svg.attrib["role"] == "img"
    named = {node.get("id"): node.text for node in svg.iter() if node.get("id")}
    assert named[svg.attrib["aria-labelledby"]]
    assert named[svg.attrib["aria-describedby"]]


def test_bars_have_the_lengths_of_their_values() -> None:
    """Each has its value beside it."""
    chart = chart_of(figures_of(120, 30, 60))
    rows = bars(chart)
    widths = [float(bar.attrib["width"]) for bar in rows]
    assert widths[1] / widths[0] == pytest.approx(1 / 4, abs=0.01)
    assert widths[2] / widths[0] == pytest.approx(1 / 2, abs=0.01)
    assert texts(chart, "value") == ["120", "30", "60"]
    assert texts(chart, "label") == ["Poland", "Australia", "not readable any more"]
    assert len(bars(chart_of(figures_of(120, 0, 60)))) == 2


@pytest.mark.parametrize("highest", [1, 3, 7, 40, 1239, 303_131])
def test_the_axis_has_few_whole_numbers(highest: int) -> None:
    """A month with one guest and one with thousands have an axis that can be read."""
    numbers = [int(text or "") for text in texts(chart_of(figures_of(highest)), "tick")]
    assert 1 <= len(numbers) <= 6
    assert max(numbers) <= highest


def test_repr_has_no_code(home: Path, clock: FixedClock, tmp_path: Path) -> None:
    """A repr, which may reach a log, does not show the code that was received."""
    settings, code = training(), new_code()
    receiver = RecoveryCodeReceiver(
        settings, app_of(home, clock).secrets_of(settings), date(2026, 11, 26), tmp_path / "code.txt"
    )
    receiver(code)
    assert receiver.code == code
    assert not any(group in repr(receiver) for group in code.split("-"))


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
        content = printed(away)[0]
        assert content.count("<bdi>") == 2  # without an address there is no empty line
        assert ('class="name"' in content, 'class="name long"' in content) == (True, False)
        assert 'class="name long"' in printed(away, "--name", "Wisma " * 9)[0]  # so that it stays one page
        found = re.findall(r'<section lang="([^"]+)" dir="([^"]+)">', content)
        assert found == [(lang, "rtl" if lang == "ar" else "ltr") for lang in SEVEN]

    def test_the_words(self, away: Apoa, screens: Screens) -> None:
        """What guests read, as recorded: the law, who may ask, how reports go, and for how many days data are kept.

        Name and address are at the top, the date at the bottom, where it says that it is not official.
        """
        screens.add(printed(away)[1].text)
        for name, value in (("delivery", "manual"), ("retention_days", 1), ("address", "Jl. Melati 7, Ubud")):
            away.change_setting(name, value)
        screens.add(printed(away, "--name", "Wisma Melati")[1].text)

    def test_training_is_not_for_the_lobby(self, trained: Apoa) -> None:
        """A property for training says so on the page and on the screen; other properties do not."""
        assert "Training: not for the lobby." in printed(trained)[1].text
        assert "not for the lobby" in trained("info", "--poster", "-").err
        trained.change_setting("api_url", "https://imigrasi.example/v1")
        assert "Training: not for the lobby." in printed(trained)[1].text
        trained.change_setting("environment", "production")
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

    @pytest.mark.parametrize("language", languages(), ids=SEVEN)
    def test_plural_forms(self, language: dict[str, dict[str, str]]) -> None:
        """The plural form is that of Unicode's rules, for every number of days that the settings allow."""
        plural = Locale.parse(str(language["lang"]), sep="-").plural_form
        for days in range(1, 3651):
            form = plural(days)
            assert days_text(language, days) == language["days"][form].format(days=days)
