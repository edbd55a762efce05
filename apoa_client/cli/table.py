"""A table: drawn on a terminal, in plain columns for a pipe."""

import sys
from collections.abc import Sequence

from apoa_client.cli.screen import result

_GAP = 2


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

    console = Console()
    table = Table(box=None, pad_edge=False)
    for (head, *_rest), width in zip(columns, fitting(columns, console.width), strict=True):
        table.add_column(head, overflow="fold", width=width)
    for row in zip(*(cells for _head, *cells in columns), strict=True):
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def fitting(columns: Sequence[Sequence[str]], room: int) -> list[int]:
    """How wide each column is to be, so that all fit: the widest give way first, and between words while they can."""
    widths = [max(map(len, column)) for column in columns]
    least = [max(len(word) for cell in column for word in cell.split() or [""]) for column in columns]
    for _character in range(sum(widths) + _GAP * (len(widths) - 1) - room):
        giving = [number for number, width in enumerate(widths) if width > least[number]] or range(len(widths))
        widest = max(giving, key=widths.__getitem__)
        widths[widest] = max(widths[widest] - 1, 1)
    return widths
