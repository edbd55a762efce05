"""Pages to print: they stand alone, escape whatever they show, and have no holes."""

import pytest
import segno
from cli_helpers import DANGEROUS, assert_harmless, spoken
from jinja2 import UndefinedError
from page_helpers import read_page

from apoa_client.cli.documents import pages
from apoa_client.cli.terminal.language import in_both_languages

SHEET = {"title": "Recovery code", "details": [], "code": "ABCDE-FGHJK", "sentences": ()}


def test_what_is_shown_is_escaped() -> None:
    """Tags, quotes and entities stand there as they were typed, wherever they came from."""
    strange = "<script>alert(1)</script> \"&amp;' </td>"
    page = read_page(pages.render_page("sheet.html", **{**SHEET, "details": [(strange, strange)]}))
    assert page.text.count(strange) == 2


def test_what_is_shown_hides_nothing() -> None:
    """No control character, no turn of the writing's direction, nothing invisible."""
    page = pages.render_page("sheet.html", **{**SHEET, "details": [("x", f"a{sign}b") for sign in DANGEROUS]})
    assert_harmless(page)
    assert page.count("a?b") == len(DANGEROUS)


def test_a_page_with_a_hole_is_not_printed() -> None:
    """A value that nobody gave is a mistake of ours, and no empty place on paper."""
    given = {name: value for name, value in SHEET.items() if name != "code"}
    with pytest.raises(UndefinedError):
        pages.render_page("sheet.html", **given)


def test_both_languages() -> None:
    """A sentence in each, Indonesian first; once where they are alike."""
    assert in_both_languages("Passport number") == f"{spoken('id', 'Passport number')} / Passport number"
    assert in_both_languages("check-in") == "check-in"


def test_a_qr_code() -> None:
    """An SVG of its own, that holds this text and no other; a whole code, not a micro one."""
    code = pages.qr_code("STT-2026-0004711")
    assert code.startswith("<svg")
    assert "http" not in code
    wanted = segno.make("STT-2026-0004711", error="M", micro=False)
    assert code == wanted.svg_inline(scale=3, border=2, omitsize=True)
    assert pages.qr_code("STT-2026-0004712") != code
    assert pages.qr_code("收" * 100).startswith("<svg")  # the longest number of the contract
