"""The entry point of reading: finds out what kind of file it is by its content, whatever its name says."""

from pathlib import Path

from apoa_client.messages import msg
from apoa_client.tables.content import Content
from apoa_client.tables.errors import TableRefused
from apoa_client.tables.rows import Records, Table

_ZIP = b"PK\x03\x04"


def open_source(content: Path | bytes, format: str = "", sheet: str = "") -> Table | Records:  # noqa: A002  the option's name
    """Return what can be read from a file, or from bytes: a table with headings, or rows with known fields.

    `format` is ``csv``, ``xlsx``, ``ods``, ``json`` or ``mrz``; it is found out if it is empty. `sheet` is the name of
    a sheet of a workbook; the first visible one is read if it is empty.

    Raises `TableRefused` for a file that cannot be read, `TablesMissing` if the extra `tables` is needed and not
    installed. `read_rows` of the result raises them, too.
    """
    source = Content(content)
    found = format or find_format(source.head)
    if found == "csv":
        from apoa_client.tables.csv_reader import open_csv

        return open_csv(source)
    if found == "xlsx":
        from apoa_client.tables.workbook_reader import open_workbook

        return open_workbook(source, sheet)
    raise TableRefused(msg("This kind of file cannot be read."), name="unknown_format")


def find_format(head: bytes) -> str:
    """Return the format of a file by its first bytes."""
    return "xlsx" if head.startswith(_ZIP) else "csv"
