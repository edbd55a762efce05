"""CSV files as programs write them: the encoding and the delimiter are found out, and shown.

RFC 4180 says what a quoted cell is. Excel separates by the semicolon where the comma is the decimal sign, may say so in
a first line ``sep=;``, and writes UTF-16 as "Unicode text" and Windows-1252 as "CSV".
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from statistics import mode
from typing import TextIO

from apoa_client.messages import msg
from apoa_client.tables.content import Content
from apoa_client.tables.errors import TableRefused
from apoa_client.tables.heading_row import table_of
from apoa_client.tables.rows import CellValue, Row, SourceFacts, Table

DELIMITERS = ",;\t|"
_SEP_LINE = re.compile(r"sep=(.)(?:\r\n|\r|\n|\Z)", re.IGNORECASE)
_FORCED_TEXT = re.compile(r'="((?:[^"]|"")*)"')
"""A cell that a program wrote as a formula so that Excel keeps its zeros. It is a text; nothing is calculated."""
_NO_DELIMITER = "\x1f"
_MOST_CHARACTERS = 1_000_000
_SAMPLE_ROWS = 50
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def open_csv(content: Content) -> Table:
    """Return the table in a CSV file. Its `read_rows` raises `TableRefused`, as this function, for one that is damaged.

    The number of a row is the one that Excel shows: a cell with line breaks is in one row, and ``sep=`` in none.
    """
    encoding = find_encoding(content)
    with _text(content, encoding) as file:
        said = _SEP_LINE.match(file.readline(_MOST_CHARACTERS))
    skipped = 1 if said else 0
    delimiter = said[1] if said else find_delimiter(_sample(content, encoding))

    def read_all() -> Iterator[Row]:
        with _text(content, encoding) as file:
            yield from _rows(islice(_lines(file), skipped, None), delimiter)

    shown = encoding.removesuffix("-sig").upper() if encoding != "cp1252" else "Windows-1252"
    return table_of(SourceFacts("csv", shown, delimiter), read_all)


def find_encoding(content: Content) -> str:
    """Return the encoding: what a byte order mark says, else UTF-8, UTF-16 or Windows-1252, whichever is valid.

    Raises `TableRefused` if they are valid in none, or not in the one that the mark says.
    """
    head = content.head
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    zeros = [head[start::2].count(0) * 4 > len(head) for start in (0, 1)]  # UTF-16 has a zero beside each Latin letter
    if marked is None and any(zeros):
        marked = "utf-16-be" if zeros[0] else "utf-16-le"
    for encoding in [marked] if marked else ["utf-8", "cp1252"]:
        if _is_valid(content, encoding):
            return encoding
    raise TableRefused(
        msg("The file is no text: its characters cannot be read."),
        msg("Nothing was saved. Export it again as CSV in UTF-8, or as .xlsx."),
        name="unknown_encoding",
    )


def find_delimiter(sample: Sequence[str]) -> str:
    """Return the character between the cells of these lines, or "" where each line is one cell."""
    best, delimiter = (1, 0.0), ""
    for each in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(sample, delimiter=each) if row]
        except csv.Error:
            continue
        usual = mode(width for width in widths if width > 1) if any(width > 1 for width in widths) else 1
        share = sum(width == usual for width in widths) / max(len(widths), 1)
        # The most regular delimiter; between equals, the one that makes more cells.
        if usual > 1 and (share, usual) > (best[1], best[0]):
            best, delimiter = (usual, share), each
    return delimiter


def _is_valid(content: Content, encoding: str) -> bool:
    try:
        with _text(content, encoding) as file:
            while piece := file.read(_MOST_CHARACTERS):
                if "\0" in piece:
                    return False
    except UnicodeError:
        return False
    return True


def _text(content: Content, encoding: str) -> TextIO:
    return io.TextIOWrapper(content.open(), encoding, newline="")


def _sample(content: Content, encoding: str) -> list[str]:
    with _text(content, encoding) as file:
        return list(islice(_lines(file), _SAMPLE_ROWS))


def _lines(file: TextIO) -> Iterator[str]:
    """Yield the lines with their ends. Raises `TableRefused` for a line that is too long for a table."""
    while line := file.readline(_MOST_CHARACTERS):
        if len(line) == _MOST_CHARACTERS:
            raise TableRefused(msg("The file is no table: it has a line of over a million characters."))
        yield line


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
        values = tuple(map(_value, cells))
        if any(value is not None for value in values):
            yield Row(number, values)


def _value(text: str) -> CellValue:
    if text.startswith('="') and (match := _FORCED_TEXT.fullmatch(text)):
        text = match[1].replace('""', '"')
    return text if text.strip() else None
