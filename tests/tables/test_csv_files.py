"""CSV files: what is found out about them, and that every cell is read as it was written."""

import csv
import io
from collections.abc import Sequence
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.tables.cells import DITTO_MARKS
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import CellValue, Table, TableRefused

HEADINGS = ("Surname", "Given names", "Passport")
TEXTS = st.text(st.sampled_from("aZ0,;\t|\"'\n ü€") | st.characters(exclude_categories=["C"]), min_size=1).filter(
    lambda text: (
        bool(text.strip()) and not text.lstrip().startswith(("'", "=")) and "'" not in text and text not in DITTO_MARKS
    )
)


def read(content: bytes) -> Table:
    table = open_source(content, "csv")
    assert isinstance(table, Table)
    return table


def rows(content: bytes) -> list[tuple[CellValue, ...]]:
    return [row.values for row in read(content).read_rows()]


@given(
    st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=5),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\r\n", "\n"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
)
def test_every_dialect(
    guests: Sequence[tuple[str, ...]], delimiter: str, end: str, quoting: Literal[0, 1], encoding: str
) -> None:
    """What the csv module writes is read the same, whatever its delimiter, line ends, quotes and encoding."""
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([HEADINGS, *guests])
    table = read(file.getvalue().encode(encoding))
    assert table.headings == HEADINGS
    assert table.facts.delimiter == delimiter
    assert [row.values for row in table.read_rows()] == guests


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("cp1252", "Windows-1252"),
    ],
)
def test_encodings(codec: str, name: str) -> None:
    """The encoding is found out and shown, and names keep their letters."""
    table = read("Surname;Town\r\nMÜLLER;Orléans\r\n".encode(codec))
    assert table.facts.encoding == name
    assert [row.values for row in table.read_rows()] == [("MÜLLER", "Orléans")]


def test_sep_line() -> None:
    """Excel's first line names the delimiter, is no heading, and is no row of the sheet."""
    table = read(b"sep=#\r\na#b\r\n1#2\r\n")
    assert (table.facts.delimiter, table.headings, table.heading_row) == ("#", ("a", "b"), 1)
    assert [(row.number, row.values) for row in table.read_rows()] == [(2, ("1", "2"))]


@pytest.mark.parametrize("first", ['sep="', "sep=", "sep=ab"])
def test_sep_line_of_no_use(first: str) -> None:
    """A first line that names no possible delimiter is a line as others are."""
    assert rows(f"{first}\na;b\n1;2\n3;4\n".encode())[-1] == ("3", "4")


def test_decimal_commas() -> None:
    """Commas in numbers are not taken for the delimiter."""
    assert rows(b"Room;Price;Tax\n1;10,5;1,5\n2;11,5;2,5\n") == [("1", "10,5", "1,5"), ("2", "11,5", "2,5")]


def test_lines_with_commas_in_a_cell() -> None:
    """An address in several lines with commas does not change the delimiter."""
    content = b'Name;Address\nA;"Street, 1\nTown, 2\nLand, 3"\n'
    assert rows(content) == [("A", "Street, 1\nTown, 2\nLand, 3")]


def test_quotes_and_line_breaks() -> None:
    """A quoted cell may have delimiters, quotes and line breaks; row numbers are those of the spreadsheet."""
    table = read(b'Name,Note\n"A, B","say ""hi""\nbye"\nC,D\n')
    assert [(row.number, row.values) for row in table.read_rows()] == [
        (2, ("A, B", 'say "hi"\nbye')),
        (3, ("C", "D")),
    ]


def test_title_lines() -> None:
    """Lines above the headings, such as the hotel's name and the period, are not read as a guest."""
    table = read(b"Hotel Melati\nArrivals 1-30 November\n\nSurname;Given names;Passport\nDOE;JANE;X1\nROE;JIM;X2\n")
    assert (table.headings, table.heading_row) == (HEADINGS, 4)
    assert [row.number for row in table.read_rows()] == [5, 6]


def test_one_column() -> None:
    """A file with one column has no delimiter."""
    table = read(b"Passport\nX1\nX2\n")
    assert table.facts.delimiter == ""
    assert [row.values for row in table.read_rows()] == [("X1",), ("X2",)]


def test_leading_zeros() -> None:
    """A cell that was written as a formula to keep its zeros is a text."""
    assert rows(b'a;b\n="0012";2\n') == [("0012", "2")]


def test_an_open_quote() -> None:
    """A quotation mark that is not closed is refused with its row, without the cell's content."""
    with pytest.raises(TableRefused) as raised:
        rows(b'a;b\n1;2\n"SECRET;3\n')
    assert raised.value.name == "unclosed_quote"
    assert raised.value.message.values["row"] == 3
    assert "SECRET" not in f"{raised.value!r}{raised.value}"


def test_a_line_without_end() -> None:
    """A line of a million characters is refused before it fills the memory."""
    with pytest.raises(TableRefused):
        read(b"a" * 1_000_001)


@pytest.mark.parametrize("content", [b"\0" * 99, b"a;b\n\x81;\x8d", b"a\0b", b"\xff\xfea"])
def test_no_text(content: bytes) -> None:
    """Bytes that are no text in any of the encodings are refused."""
    with pytest.raises(TableRefused) as raised:
        read(content)
    assert raised.value.name == "unknown_encoding"


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf", b"\xff\xfe", b";;;\n;;\n"])
def test_nothing_in_it(content: bytes) -> None:
    """A byte order mark alone, or delimiters alone, are an empty table."""
    with pytest.raises(TableRefused) as raised:
        read(content)
    assert raised.value.name == "table_empty"


def test_too_many_columns() -> None:
    """A cell in a column that no table of guests has is refused; empty cells there are not."""
    with pytest.raises(TableRefused) as raised:
        read(b"a," * 1024 + b"SECRET\n" + b"1," * 1024 + b"1\n")
    assert raised.value.name == "too_many_columns"
    assert [values[0] for values in rows(b"a" + b"," * 5000 + b"\n1" + b"," * 5000)] == ["1"]
