"""What was found out about a table: its format, and which column is which field, with the values of the first row."""

from collections.abc import Sequence
from datetime import datetime

from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import plain, print_error_line, sanitize
from apoa_client.cli.terminal.tables import table_lines
from apoa_client.cli.terminal.wrapping import width
from apoa_client.messages import literal, msg
from apoa_client.tables.columns import ColumnMap, label_of_target, unread_columns
from apoa_client.tables.row_reading import column_letters
from apoa_client.tables.rows import CellValue, SourceFacts, Table

_FORMATS = {
    "csv": literal("CSV"),
    "xlsx": msg("an Excel workbook"),
    "ods": msg("a LibreOffice workbook"),
    "json": literal("JSON"),
    "mrz": msg("MRZ lines"),
}
_DELIMITERS = {",": msg("commas"), ";": msg("semicolons"), "\t": msg("tabs"), "|": msg("bars")}
ORDERS = {"dmy": msg("day/month/year"), "mdy": msg("month/day/year"), "ymd": msg("year-month-day")}
"""The orders of a date in words."""

_EXAMPLE_WIDTH = 28
_SHEET_WIDTH = 62
"""The columns of the longest name that a spreadsheet program allows: 31 characters that are two columns wide."""
_ALSO_NEEDED = ("birth_place", "check_in")


def facts_line(facts: SourceFacts, heading_row: int = 0) -> str:
    """Return what was found out about a file, in one line."""
    parts = [text(_FORMATS[facts.format])]
    if facts.encoding:
        parts.append(_("encoding {name}").format(name=sanitize(facts.encoding)))
    if facts.delimiter:
        delimiter = _DELIMITERS.get(facts.delimiter, literal(facts.delimiter))
        parts.append(_("cells separated by {signs}").format(signs=text(delimiter)))
    if facts.sheet:
        parts.append(_("sheet {name}").format(name=_shortened(facts.sheet, _SHEET_WIDTH)))
    if heading_row:
        parts.append(_("headings in row {number}").format(number=heading_row))
    return ", ".join(parts) + "."


def show_facts(facts: SourceFacts, heading_row: int = 0) -> None:
    """Show on stderr what was found out about a file, and the sheets that are not read."""
    print_error_line(_("The file is {facts}").format(facts=facts_line(facts, heading_row)))
    if facts.other_sheets:
        line = _("Sheets that are not read: {names}. Choose one with --sheet NAME")
        names = ", ".join(_shortened(name, _SHEET_WIDTH) for name in facts.other_sheets)
        print_error_line(line.format(names=names))


def show_columns(table: Table, columns: ColumnMap, first_row: Sequence[CellValue]) -> None:
    """Show on stderr which column is which field, with its value in the first row."""
    heads = (_("Column"), _("Field"), _("First row"))
    rows = [
        (
            _heading_text(table, column),
            _field_text(columns, column, target),
            _shortened(cell_text(first_row[column])) if column < len(first_row) else "",
        )
        for column, target in columns.fields.items()
    ]
    if plain():
        for row in rows:
            print_error_line(", ".join(f"{head}: {cell}" for head, cell in zip(heads, row, strict=True) if cell))
    elif rows:
        for line in table_lines(heads, rows):
            print_error_line(line)
    left = [_heading_text(table, column) for column in unread_columns(table, columns)]
    if left:
        print_error_line(_("Not read: {headings}").format(headings=", ".join(left)))


def _heading_text(table: Table, column: int) -> str:
    return f"{column_letters(column)} {_shortened(table.headings[column])}"


def absent_fields(columns: ColumnMap) -> list[str]:
    """Return the fields that each guest needs and that no column and no default has."""
    known = {*columns.fields.values(), *columns.defaults, *columns.missing}
    return [*columns.missing, *(name for name in _ALSO_NEEDED if name not in known)]


def _field_text(columns: ColumnMap, column: int, target: str) -> str:
    """Return the field of a column, with the order of its dates if they are text."""
    label = text(label_of_target(target))
    order = columns.date_order_of(column) if _needs_order(columns, column) else ""
    return f"{label} ({text(ORDERS[order])})" if order else label


def _needs_order(columns: ColumnMap, column: int) -> bool:
    found = columns.evidence.get(column)
    return found is not None and (found.is_ambiguous or bool(found.proven))


def cell_text(value: CellValue) -> str:
    """Return what a cell has, sanitized, as the screen shows it."""
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    return "" if value is None else sanitize(" ".join(str(value).split()))


def _shortened(whole: str, most: int = _EXAMPLE_WIDTH) -> str:
    """Return a text, sanitized, of so many columns at the most."""
    shown = sanitize(whole[: 2 * most])  # not all of it: a cell may have thousands of characters
    if len(shown) == len(whole) and width(shown) <= most:
        return shown
    while width(shown) > most - 3:
        shown = shown[:-1]
    return f"{shown}..."
