"""What was read from a photo, as JSON and on the screen: the lines and their doubtful characters."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apoa_client.cli.terminal.language import text
from apoa_client.cli.terminal.output import plain, style_error
from apoa_client.cli.views.findings import error_fields
from apoa_client.errors import ApoaError
from apoa_client.messages import Message, msg, nmsg

if TYPE_CHECKING:
    from apoa_client.scan.photo_reading import PhotoReading

READ_SURELY = msg("Read from the photo with certainty.")
NOT_SURE = msg("The photo was not read with certainty. Compare the lines with the page.")
_INDENT = "  "


def photo_value(file: Path, reading: "PhotoReading | None", refusal: ApoaError | None = None) -> dict[str, Any]:
    """Return a reading as ``check --json`` prints it; without one, why the file was refused. Places count from 1."""
    hint = reading.hint if reading is not None else None
    return {
        "file": str(file),
        "zones": reading.zones if reading is not None else 0,
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


def marked_line(reading: "PhotoReading", index: int) -> Iterator[str]:
    """Yield a line of a reading, and marks below the doubtful characters. It must not be wrapped."""
    line = reading.lines[index]
    if plain():
        yield line
        return
    doubts = set(_doubts(reading, index))
    cells = (style_error(character) if place in doubts else character for place, character in enumerate(line))
    yield _INDENT + "".join(cells)
    yield _INDENT + style_error("".join("^" if place in doubts else " " for place in range(len(line))).rstrip())


def _doubts(reading: "PhotoReading", index: int) -> list[int]:
    return [column for line, column in reading.doubtful if line == index]
