"""HTML pages: they need no other file, escape all values, and miss none."""

import pytest
import segno
from cli_helpers import DANGEROUS, assert_sanitized, spoken
from jinja2 import UndefinedError
from page_helpers import read_page

from apoa_client.cli.documents import pages
from apoa_client.cli.terminal.language import in_both_languages

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
