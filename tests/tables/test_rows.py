"""Texts that a spreadsheet program would take for a formula."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import Table, neutralise, original
from apoa_client.tables.writing import workbook

FORMULA = "=+-@\t\r\n＝＋－＠"  # noqa: RUF001  full-width forms, which some programs read as the same
SEPARATORS = ",;|\t\r\n"
TEXTS = st.text(st.sampled_from(f"{FORMULA}{SEPARATORS}' aZ0ü") | st.characters(exclude_categories=["Cs"]))


@given(TEXTS)
def test_no_cell_begins_a_formula(text: str) -> None:
    """No cell begins with such a character, however the program that opens the file separates cells."""
    cells = re.split(f"[{SEPARATORS}]", neutralise(text))
    assert not any(cell[:1] and cell[0] in FORMULA for cell in cells)


@given(TEXTS)
def test_without_loss(text: str) -> None:
    """What was neutralised is read again as it was."""
    assert original(neutralise(text)) == text


@pytest.mark.parametrize("text", ["", "O'BRIEN", "'t HOOFT", "a-b", "Jl. Raya 5, Ubud", "12-03-2026", "x = y"])
def test_ordinary_texts(text: str) -> None:
    """A text that begins no formula stays as it is, both ways."""
    assert neutralise(text) == text
    assert original(text) == text


def test_how_it_looks() -> None:
    """A phone number is still readable, and not a number that loses its plus sign."""
    assert neutralise("+62 812 3456") == "'+62 812 3456"
    assert neutralise("'=x") == "''=x"
    assert neutralise("a;=1+1") == "a;'=1+1"


def test_readers_undo_it() -> None:
    """A cell of a CSV file, and of a workbook that was made from one, is read as it was."""
    table = open_source(b"Phone;Note\n'+62 812;'=x\n")
    assert isinstance(table, Table)
    assert [row.values for row in table.read_rows()] == [("+62 812", "=x")]
    table = open_source(workbook("Guests", ["Phone", "Note"], [9, 9], [["'+62 812", "it's"]]))
    assert isinstance(table, Table)
    assert [row.values for row in table.read_rows()] == [("'+62 812", "it's")]  # stored so that it is read unchanged
