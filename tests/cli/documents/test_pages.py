"""HTML pages: they need no other file, escape all values, and miss none."""

import re

import pytest
import segno
from cli_helpers import DANGEROUS, assert_sanitized, spoken
from jinja2 import UndefinedError
from page_helpers import read_page

from apoa_client.cli.documents import pages
from apoa_client.cli.terminal.language import in_both_languages
from apoa_client.settings.config import PropertySettings

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


@pytest.mark.parametrize("template", sorted(path.name for path in pages._TEMPLATES.glob("*.html")))
def test_the_look_of_a_page(template: str) -> None:
    """Colours are named once, as variables, and nothing that must be read depends on a printed background."""
    text = (pages._TEMPLATES / template).read_text(encoding="utf-8")
    style = text.partition("{% block style")[2].partition("{% endblock")[0]
    colours = set(re.findall(r"#[0-9a-f]{3,8}\b", style))
    assert colours <= {"#000", "#f0f5f6"}  # black, and a row under the pointer
    printed = re.sub(r"@media screen.*", "", style)
    assert "background" not in printed


def test_a_page_has_margins_on_a_screen_and_its_paper_in_print() -> None:
    """Both are in the base of every page; the accent colour is dark enough for a black and white printer."""
    page = pages.render_page("sheet.html", **SHEET)
    assert re.search(r"@media screen \{[^@]*margin: 8mm auto; padding: var\(--margin\)", page)
    assert "@page { size: A5; margin: 11mm; }" in page
    [accent] = re.findall(r"--accent: #([0-9a-f]{6});", page)
    red, green, blue = (int(accent[start : start + 2], 16) / 255 for start in (0, 2, 4))
    assert 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.35


def test_the_head_names_the_house() -> None:
    """Its name, address and, if wanted, the immigration office; without an empty line."""
    settings = PropertySettings("wisma-melati", "training", "k", address="Jl. Melati 7", office="Denpasar")
    house = pages._environment().get_template("house.html").module.house  # type: ignore[attr-defined]  # a macro
    assert "Jl. Melati 7" in house(settings)
    assert "Denpasar" not in house(settings)
    assert "Denpasar" in house(settings, "Immigration office")
    assert house(settings._replace(address="")).count("<p") == 1
