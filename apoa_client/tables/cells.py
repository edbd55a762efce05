"""The values of cells, the same whichever program stored them: whole numbers, dates without a time, no blank texts."""

from datetime import datetime, time

from apoa_client.messages import msg
from apoa_client.tables.errors import TableRefused
from apoa_client.tables.formula_cells import original
from apoa_client.tables.rows import CellValue

MOST_COLUMNS = 1024
"""A table with a cell further to the right is not a list of guests, and is refused."""

MOST_TEXT = 32_767
"""The characters that a cell has in any spreadsheet program."""

_MOST_DIGITS = 10**15
"""A number of this size is not exact as a floating point number, and is kept as it is."""


def as_value(value: CellValue) -> CellValue:
    """Return a value without what the program added: 5.0 becomes 5, midnight the date, a blank text an empty cell.

    An apostrophe that keeps a text from being a formula is removed.
    """
    if isinstance(value, str):
        return original(value) if value.strip() else None
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else value
    if isinstance(value, float) and value.is_integer() and abs(value) < _MOST_DIGITS:
        return int(value)
    return value


def too_many_columns() -> TableRefused:
    """Return the error for a value in a column that no table of guests has."""
    return TableRefused(
        msg("The table has over {limit} columns.", limit=MOST_COLUMNS),
        msg("Choose another sheet with --sheet, or delete the columns without guests."),
        name="too_many_columns",
    )
