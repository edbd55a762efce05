"""What was read from a photo, as JSON and on the screen: the lines, the doubtful characters, pieces of the picture."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from apoa_client.cli.terminal.language import text
from apoa_client.cli.terminal.output import columns, plain, shows_greys, style_error
from apoa_client.cli.terminal.streams import can_show, is_terminal
from apoa_client.cli.views.findings import error_fields
from apoa_client.errors import ApoaError
from apoa_client.messages import Message, msg, nmsg

if TYPE_CHECKING:
    from apoa_client.scan.photo_reading import PhotoReading

READ_SURELY = msg("Read from the photo with certainty.")
NOT_SURE = msg("The photo was not read with certainty. Compare the lines with the page.")
_MOST_PIECES = 2
"""Pieces of the picture for one line: with more, a small screen has no room for the question about them."""
_FEWEST_CHARACTERS = 3
_INDENT = "  "
_UPPER_HALF = "▀"
_HALVES = {(False, False): " ", (True, False): _UPPER_HALF, (False, True): "▄", (True, True): "█"}
"""Cells by whether the upper and the lower pixel is ink."""
_MIDDLE = 128
_FIRST_GREY, _GREYS = 232, 24
"""The shades of grey among the 256 colours of a terminal."""


def photo_value(file: Path, reading: "PhotoReading | None", refusal: ApoaError | None = None) -> dict[str, Any]:
    """Return a reading as ``check --json`` prints it; without one, why the file was refused. Places count from 1."""
    hint = reading.hint if reading is not None else None
    return {
        "file": str(file),
        "sure": reading is not None and reading.sure,
        "lines": list(reading.lines) if reading is not None else [],
        "doubtful": [[line + 1, column + 1] for line, column in reading.doubtful] if reading is not None else [],
        "elapsed_ms": reading.elapsed_ms if reading is not None else 0,
        "hint": text(hint) if hint is not None else None,
        "error": error_fields(refusal) if refusal is not None else None,
    }


def doubtful_lines(reading: "PhotoReading") -> list[int]:
    """Return the indexes of the lines with doubtful characters."""
    return sorted({line for line, _column in reading.doubtful})


def doubt_message(reading: "PhotoReading", index: int) -> Message:
    """Return which characters of a line are doubtful, to be compared with the page."""
    doubts = _doubts(reading, index)
    runs = [
        [column + 1 for _at, column in run] for _key, run in groupby(enumerate(doubts), lambda each: each[1] - each[0])
    ]
    return nmsg(
        "Line {line}, character {numbers}: compare it with the page.",
        "Line {line}, characters {numbers}: compare them with the page.",
        len(doubts),
        line=index + 1,
        numbers=", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs),
    )


def line_with_picture(reading: "PhotoReading", index: int, stream: TextIO) -> Iterator[str]:
    """Yield a line of a reading with marks below the doubtful characters, and the picture of these.

    The lines must not be wrapped. The picture needs a terminal that shows half blocks.
    """
    doubts = _doubts(reading, index)
    if plain():
        yield reading.lines[index]
        return
    yield from _marked(reading.lines[index], doubts)
    if not is_terminal(stream) or not can_show(stream, "".join(_HALVES.values())):
        return
    from apoa_client.scan.line_reader import WIDTH, piece

    room = max((columns() - 1 - len(_INDENT)) // WIDTH, _FEWEST_CHARACTERS)
    for first, last in _windows(doubts, len(reading.lines[index]), room)[:_MOST_PIECES]:
        yield ""
        for upper, lower in _pairs(piece(reading.strips[index], first, last - first)):
            yield _INDENT + (_grey_cells(upper, lower) if shows_greys() else _ink_cells(upper, lower))
        yield from _marked(reading.lines[index][first:last], [column - first for column in doubts], WIDTH)


def _doubts(reading: "PhotoReading", index: int) -> list[int]:
    return [column for line, column in reading.doubtful if line == index]


def _marked(line: str, doubts: Sequence[int], wide: int = 1) -> Iterator[str]:
    """Yield a line with marks below some characters; each character takes `wide` columns."""
    cells = [(character.center(wide), position in doubts) for position, character in enumerate(line)]
    yield _INDENT + "".join(style_error(cell) if doubtful else cell for cell, doubtful in cells)
    if any(doubtful for _cell, doubtful in cells):
        marks = "".join(("^" if doubtful else "").center(wide) for _cell, doubtful in cells)
        yield _INDENT + style_error(marks.rstrip())


def _windows(doubts: Sequence[int], length: int, room: int) -> list[tuple[int, int]]:
    """Return the first characters and the ends of pieces of `room` characters that show all doubts, these centred."""
    windows: list[tuple[int, int]] = []
    rest = list(doubts)
    while rest:
        shown = [column for column in rest if column < rest[0] + room]
        start = max(0, min((shown[0] + shown[-1] + 1 - room) // 2, length - room))
        windows.append((start, min(start + room, length)))
        rest = rest[len(shown) :]
    return windows


def _pairs(rows: Sequence[Sequence[int]]) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    return zip(rows[::2], rows[1::2], strict=True)


def _grey_cells(upper: Sequence[int], lower: Sequence[int]) -> str:
    """Return two rows of pixels as cells with a shade of grey in each half."""
    shades = zip(map(_shade, upper), map(_shade, lower), strict=True)
    runs = ((pair, len(list(run))) for pair, run in groupby(shades))
    return "".join(click.style(_UPPER_HALF * count, fg=above, bg=below) for (above, below), count in runs)


def _shade(value: int) -> int:
    return _FIRST_GREY + round(value * (_GREYS - 1) / 255)


def _ink_cells(upper: Sequence[int], lower: Sequence[int]) -> str:
    """Return two rows of pixels as cells in one colour, filled where there is ink."""
    return "".join(_HALVES[above < _MIDDLE, below < _MIDDLE] for above, below in zip(upper, lower, strict=True))
