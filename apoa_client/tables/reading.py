"""The entry point of reading: finds out what kind of file it is by its content, whatever its name says."""

from pathlib import Path

from apoa_client.tables.content import Content
from apoa_client.tables.csv_reader import open_csv
from apoa_client.tables.formats import find_format, refuse_other_kinds
from apoa_client.tables.json_reader import open_json
from apoa_client.tables.mrz_reader import open_mrz
from apoa_client.tables.rows import Records, Table


def open_source(content: Path | bytes, format: str = "", sheet: str = "") -> Table | Records:  # noqa: A002  the option's name
    """Return what can be read from a file, or from bytes: a table with headings, or rows with known fields.

    `format` is ``csv``, ``xlsx``, ``ods``, ``json`` or ``mrz``; it is found out if it is empty. `sheet` is the name of
    a sheet of a workbook; the first visible one is read if it is empty.

    Raises `TableRefused` for a file that cannot be read, `TablesMissing` if the extra `tables` is needed and not
    installed. `read_rows` of the result raises them, too.
    """
    source = Content(content)
    opened = _opened(source, format, sheet)
    source.time.pause()
    if isinstance(opened, Table):
        table = opened
        return table._replace(read_rows=lambda: source.time.rows(table.read_rows()))
    records = opened
    return records._replace(read_rows=lambda: source.time.rows(records.read_rows()))


def _opened(source: Content, format: str, sheet: str) -> Table | Records:  # noqa: A002  the option's name
    if format:
        refuse_other_kinds(source)
    match format or find_format(source):
        case "csv":
            return open_csv(source)
        case "xlsx":
            from apoa_client.tables.workbook_reader import open_workbook

            return open_workbook(source, sheet)
        case "ods":
            from apoa_client.tables.ods_reader import open_ods

            return open_ods(source, sheet)
        case "json":
            return open_json(source)
        case _:
            return open_mrz(source)
