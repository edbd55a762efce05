"""CSV files (RFC 4180): those of other programs are read, and tables are written in which no program finds a formula.

The encoding and the delimiter of a file are found out, and shown. Excel separates by the semicolon where the comma is
the decimal sign, may say so in a first line ``sep=;``, and writes UTF-16 as "Unicode text" and Windows-1252 as "CSV".
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, repeat

from apoa_client.messages import msg
from apoa_client.tables.content import Content, TableRefused, TextFile
from apoa_client.tables.rows import (
    MOST_COLUMNS,
    CellValue,
    Row,
    SourceFacts,
    Table,
    as_value,
    neutralise,
    too_many_columns,
)
from apoa_client.tables.sheets import Sheet, SheetChoice, table_of

DELIMITERS = ",;\t|"
_NO_DELIMITER = "\x1f"
_SEP_LINE = re.compile(r"\"?sep=([^\r\n\"])\"?\s*", re.IGNORECASE)
_FORCED_TEXT = re.compile(r'="((?:[^"]|"")*)"')
"""A cell that a program wrote as a formula so that Excel keeps its zeros. It is a text; nothing is calculated."""
_SAMPLE_ROWS = 50


BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""What Excel needs at the beginning of a file to read it as UTF-8."""
_PIECE = 1 << 16


def open_csv(content: Content, choice: SheetChoice) -> Table:
    """Return the table in a CSV file. Its `read_rows` raises `TableRefused`, as this function, for one that is damaged.

    The number of a row is the one that Excel shows: a cell with line breaks is in one row, and ``sep=`` in none.
    """
    file = TextFile(content)
    sample = list(islice(file.lines(), _SAMPLE_ROWS))
    said = _SEP_LINE.fullmatch("".join(sample[:1]))
    delimiter = said[1] if said else find_delimiter(sample)

    def read(_sheets: Sequence[str]) -> Iterator[Row]:
        return _rows(islice(file.lines(), 1 if said else 0, None), delimiter)

    first = list(islice(read(()), choice.first_rows))
    return table_of(SourceFacts("csv", file.encoding, delimiter), [Sheet("", first)], read, choice)


def find_delimiter(sample: Sequence[str]) -> str:
    """Return the character between the cells of these lines, or "" where each line is one cell.

    It is the one with which the largest share of rows has an equal number of cells, and the most cells where two are
    equal. Lines above the headings have other numbers of cells.
    """
    best, delimiter = (0.0, 1), ""
    for each in DELIMITERS:
        widths = Counter(_widths(sample, each))
        for width, count in widths.items():
            if width > 1 and (count / widths.total(), width) > best:
                best, delimiter = (count / widths.total(), width), each
    return delimiter


def _widths(sample: Sequence[str], delimiter: str) -> Iterator[int]:
    """Yield the number of cells of each row, and 0 for each line from the first that cannot be read on."""
    reader = csv.reader(sample, delimiter=delimiter, strict=True)
    try:
        for row in reader:
            yield len(row)
    except csv.Error:
        yield from repeat(0, len(sample) - reader.line_num)


def _rows(lines: Iterator[str], delimiter: str) -> Iterator[Row]:
    """Yield the rows that are not empty. Raises `TableRefused` for a quotation mark that is not closed."""
    reader = csv.reader(lines, delimiter=delimiter or _NO_DELIMITER, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader, None)
        except csv.Error:
            raise TableRefused(
                msg("Row {row}: a cell's quotation mark is not closed, or text follows it.", row=number),
                msg("Nothing was saved. Correct the row in a text editor, or export the table as .xlsx."),
                name="unclosed_quote",
            ) from None
        if cells is None:
            return
        if any(cells[MOST_COLUMNS:]):
            raise too_many_columns()
        values = tuple(map(_value, cells[:MOST_COLUMNS]))
        if any(value is not None for value in values):
            yield Row(number, values)


def _value(text: str) -> CellValue:
    if text.startswith('="') and (match := _FORCED_TEXT.fullmatch(text)):
        text = match[1].replace('""', '"')
    return as_value(text)


def csv_pieces(rows: Iterable[Sequence[CellValue]], delimiter: str = ",") -> Iterator[bytes]:
    """Yield the rows as UTF-8 without a byte order mark, in pieces. A date is written as ISO 8601 does."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    for row in rows:
        writer.writerow(["" if value is None else neutralise(str(value)) for value in row])
        if text.tell() >= _PIECE:
            yield _taken(text)
    yield _taken(text)


def _taken(text: io.StringIO) -> bytes:
    content = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return content
