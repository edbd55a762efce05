"""Tables: in columns that fit the terminal, in full width for a pipe, and one record after another in plain mode."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, zip_longest

from apoa_client.cli.terminal.output import columns, plain, print_line, style_bold, write
from apoa_client.cli.terminal.streams import is_terminal
from apoa_client.cli.terminal.wrapping import break_points, fold_cell, pad, width

_GAP = "  "
_ROWS_AT_ONCE = 1_000
"""Rows of a long table that are laid out together."""


def show_long_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Show rows as `show_table` does, each thousand as a table of its own, and return how many there were.

    Only a thousand rows are held at once.
    """
    rest, shown = iter(rows), 0
    while some := list(islice(rest, _ROWS_AT_ONCE)):
        if shown:
            print_line()
        show_table(heads, some)
        shown += len(some)
    return shown


def show_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Show rows under their heads, without empty columns. The cells must be sanitized.

    On a terminal that is too narrow for all columns, the last ones stand below each row.
    """
    upright = _without_empty(heads, rows)
    if plain():
        for number, row in enumerate(rows):
            if number:
                print_line()
            for head, cell in zip(heads, row, strict=True):
                if cell:
                    print_line(f"{head}: {cell}")
    elif is_terminal(sys.stdout):
        write("\n".join(_fitting_lines(upright, columns())))
    else:
        widths = [max(map(width, column)) for column in upright]
        for row in zip(*upright, strict=True):
            print_line(_joined(row, widths))


def table_lines(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines in which `show_table` shows rows on a terminal."""
    return list(_fitting_lines(_without_empty(heads, rows), columns()))


def _without_empty(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    return [column for column in zip(heads, *rows, strict=True) if any(column[1:])]


def _fitting_lines(upright: Sequence[Sequence[str]], room: int) -> Iterator[str]:
    """Yield as many columns side by side as fit without broken words, at least one, and the others below each row."""
    least = [_least(column) for column in upright]
    fitting = (n for n in range(len(least), 1, -1) if sum(least[:n]) + len(_GAP) * (n - 1) <= room)
    count = next(fitting, 1)
    widths = fit_widths(upright[:count], room)
    heads, *rows = zip(*upright, strict=True)
    for line in _folded_row(heads[:count], widths):
        yield style_bold(line)
    for row in rows:
        yield from _folded_row(row[:count], widths)
        below = _GAP.join(f"{head}: {cell}" for head, cell in zip(heads[count:], row[count:], strict=True) if cell)
        for line in fold_cell(below, room - len(_GAP)) if below else ():
            yield _GAP + line


def _least(column: Iterable[str]) -> int:
    """Return the width of the longest word in a column."""
    return max(width(part) for cell in column for _glue, part in break_points(cell))


def _folded_row(cells: Iterable[str], widths: Sequence[int]) -> Iterator[str]:
    for line in zip_longest(*(fold_cell(cell, wide) for cell, wide in zip(cells, widths, strict=True)), fillvalue=""):
        yield _joined(line, widths)


def _joined(cells: Iterable[str], widths: Sequence[int]) -> str:
    return _GAP.join(pad(cell, wide) for cell, wide in zip(cells, widths, strict=True)).rstrip()


def fit_widths(upright: Sequence[Sequence[str]], room: int) -> list[int]:
    """Return the width of each column so that all fit: the widest ones shrink first and break words last."""
    widths, least = [max(map(width, column)) for column in upright], list(map(_least, upright))
    for _character in range(sum(widths) + len(_GAP) * (len(widths) - 1) - room):
        giving = [number for number, wide in enumerate(widths) if wide > least[number]] or range(len(widths))
        widest = max(giving, key=widths.__getitem__)
        widths[widest] = max(widths[widest] - 1, 1)
    return widths
