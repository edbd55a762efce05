"""Tables that fit the terminal they are drawn on."""

import sys

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.cli.table import fitting, show_table

WORDS = st.text("abc", min_size=1, max_size=9)
CELLS = st.lists(WORDS, max_size=4).map(" ".join)


@given(st.lists(st.tuples(WORDS, CELLS, CELLS), min_size=1, max_size=5), st.integers(1, 80))
def test_they_fit_and_no_word_is_broken_where_none_need_be(columns: list[tuple[str, str, str]], room: int) -> None:
    """Nothing is wider than it need be, and the whole no narrower than it may be."""
    widths = fitting(columns, room)
    longest = [max(len(word) for cell in column for word in cell.split() or [""]) for column in columns]
    whole = [max(map(len, column)) for column in columns]
    gaps = 2 * (len(columns) - 1)
    assert all(width <= most for width, most in zip(widths, whole, strict=True))
    if sum(longest) + gaps <= room:
        assert all(width >= least for width, least in zip(widths, longest, strict=True))
    if len(columns) + gaps <= room:
        assert sum(widths) + gaps == min(sum(whole) + gaps, room)


def drawn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int) -> list[str]:
    """The rows of a table as a terminal of this width shows them."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _stream: True)
    show_table(["Rm.", "Guest", "Empty", "State"], [["7", "XIMENA MARIA FERNANDEZ", "", "waiting"]])
    lines = click.unstyle(capsys.readouterr().out).splitlines()
    assert max(map(len, lines)) <= width
    return [line.rstrip() for line in lines[1:]]


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (40, ["7    XIMENA MARIA FERNANDEZ  waiting"]),
        (25, ["7    XIMENA       waiting", "     MARIA", "     FERNANDEZ"]),
        (22, ["7    XIMENA    waiting", "     MARIA", "     FERNANDE", "     Z"]),
    ],
)
def test_drawn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int, lines: list[str]
) -> None:
    """Between words, while that can be, the longest cell gives way; a column with nothing in it is left out."""
    assert drawn(monkeypatch, capsys, width) == lines
