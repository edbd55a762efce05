"""CSV files as they are written."""

import csv
import io
import tracemalloc
from collections.abc import Iterator
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from apoa_client.tables.csv_writer import csv_pieces
from apoa_client.tables.formula_cells import original

CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.text(" ,;\"'=\r\n+-@\tx", max_size=8)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5))
def test_what_is_written_is_read_again(rows: list[list[str]]) -> None:
    """Any text survives, with separators, quotation marks and line breaks in it."""
    text = b"".join(csv_pieces(rows)).decode()
    read = [[original(cell) for cell in row] for row in csv.reader(io.StringIO(text, newline=""))]
    assert read == rows


def test_the_form_of_values() -> None:
    """A day is ISO 8601, nothing is an empty cell, and lines end as RFC 4180 says."""
    assert b"".join(csv_pieces([["é", date(2026, 1, 2), None, 7]])) == "é,2026-01-02,,7\r\n".encode()


def test_memory_is_flat() -> None:
    """Rows are written as they come: a long table needs no more memory than a short one."""

    def rows(count: int) -> Iterator[list[str]]:
        return (["x" * 50] * 10 for _ in range(count))

    def peak(count: int) -> int:
        tracemalloc.start()
        written = sum(map(len, csv_pieces(rows(count))))
        assert written > count * 500
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(2000) < peak(400) * 1.2
