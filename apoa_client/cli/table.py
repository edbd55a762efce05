"""A table: drawn on a terminal, in plain columns for a pipe."""

import sys
from collections.abc import Sequence

from apoa_client.cli.screen import result


def show_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Show rows under their heads, without columns that are empty; cells are safe for a screen already."""
    columns = [column for column in zip(heads, *rows, strict=True) if any(column[1:])]
    if not sys.stdout.isatty():
        widths = [max(map(len, column)) for column in columns]
        for row in zip(*columns, strict=True):
            result("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
        return
    from rich.console import Console  # rich is slow to load, and only a terminal needs it
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for head, *_rest in columns:
        table.add_column(head, overflow="fold")
    for row in zip(*(cells for _head, *cells in columns), strict=True):
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
