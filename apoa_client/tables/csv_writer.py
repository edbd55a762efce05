"""Writes a CSV file (RFC 4180) piece by piece, in which no spreadsheet program finds a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from apoa_client.tables.formula_cells import neutralise
from apoa_client.tables.rows import CellValue

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""What Excel needs at the beginning of a file to read it as UTF-8."""

_PIECE = 1 << 16


def csv_pieces(rows: Iterable[Sequence[CellValue]]) -> Iterator[bytes]:
    """Yield the rows as UTF-8 without a byte order mark, in pieces. A date is written as ISO 8601 does."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
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
