"""`apoa` alone, and `apoa help`, as installed, at a real terminal of 60 and of 80 columns, in both languages."""

import os

import pytest
from cli_helpers import Installed, spoken, typed_in
from journeys_helpers import in_each_language
from terminal_helpers import at_a_terminal

from apoa_client.cli.guide.situations import situations

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal")


@in_each_language
@pytest.mark.parametrize("columns", [60, 80])
def test_it_fits_the_screen(apoa: Installed, lang: str, columns: int) -> None:
    """Every screen is whole without scrolling: no line is broken by the terminal, and 24 lines hold it."""
    for words in ([], ["help"], *(["help", each.name] for each in situations(lang))):
        code, shown = at_a_terminal(apoa, words, [], lang, size=(columns, 24))
        assert code == 0, shown
        assert max(map(len, shown.splitlines())) < columns
        assert len(shown.splitlines()) < 24, words


@in_each_language
def test_from_nothing_to_a_property(apoa: Installed, lang: str) -> None:
    """What comes first is set-up, then the day's work."""
    _code, shown = at_a_terminal(apoa, [], [], lang)
    begin = typed_in(lang, "apoa setup")
    assert begin in shown
    assert apoa("setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file").code == 0
    code, shown = at_a_terminal(apoa, [], [], lang)
    assert code == 0
    assert spoken(lang, "No guest was reported yet.") in shown
    assert begin not in shown
