"""`apoa` and `apoa help` in a real terminal of 60 and of 80 columns."""

import os

import pytest
from cli_helpers import Installed, spoken, typed_in
from journeys_helpers import in_each_language, in_each_width
from terminal_helpers import at_a_terminal

from apoa_client.cli.guide.guides import situations

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal")


@pytest.mark.slow
@in_each_language
@in_each_width
def test_fits_the_screen(apoa: Installed, lang: str, columns: int) -> None:
    """Every screen but the list of topics fits 24 lines, and no line is wider than the terminal."""
    apoa.environ["PAGER"] = ""
    for words in ([], ["help"], *(["help", each.name] for each in situations(lang))):
        code, shown = at_a_terminal(apoa, words, [], lang, size=(columns, 24))
        assert code == 0, shown
        assert max(map(len, shown.splitlines())) < columns
        assert len(shown.splitlines()) < 24 or words == ["help"], words


@in_each_language
def test_before_and_after_set_up(apoa: Installed, lang: str) -> None:
    """The start screen shows set-up first, then the daily commands."""
    _code, shown = at_a_terminal(apoa, [], [], lang)
    begin = typed_in(lang, "apoa setup")
    assert begin in shown
    assert apoa("setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file").code == 0
    code, shown = at_a_terminal(apoa, [], [], lang)
    assert code == 0
    assert spoken(lang, "Waiting to be sent") in shown
    assert begin not in shown
