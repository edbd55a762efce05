"""JSON of the contract: a list of reports, one report, or the JSON of `apoa list`.

A report is an object with `guest` and `stay`. Its other members, which this program writes beside them, are ignored,
but for `check_out`, the time when the guest left, and `stay_state`, which may say that the stay was cancelled. One
report after the other is in memory.
"""

import json
import re
from collections.abc import Iterator
from typing import TextIO

from apoa_client.messages import msg
from apoa_client.report.fields import FIELDS
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.report_input import parse_report_input
from apoa_client.tables.cell_words import CANCELLED
from apoa_client.tables.content import Content, TableRefused, TextFile
from apoa_client.tables.rows import GuestRow, Records, SourceFacts

_MEMBERS = {"guest", "stay"}
_CHECK_OUT = "check_out"
_STAY_STATE = "stay_state"
_CANCELLED = ("cancelled", "withdrawn")
_PIECE = 1 << 16
_MOST_CHARACTERS = 1024 * 1024
"""One report is never so long. What is made of it takes twenty times the memory."""

_SIMPLE = r'"[^"\\]*"\s*:\s*(?:"[^"\\]*"|null|true|false|-?[0-9.]+)\s*,\s*'
_LIST = re.compile(rf'\s*(?:\{{\s*(?:{_SIMPLE})*"reports"\s*:\s*)?\[')
"""The beginning of a list of reports, or of an object with one, after members that are no object and no list."""

_BLANKS = re.compile(r"\s*")
_DECODER = json.JSONDecoder()


def open_json(content: Content) -> Records:
    """Return the reports in a JSON file. `read_rows` raises `TableRefused` where the file is no JSON."""
    file = TextFile(content)

    def read_rows() -> Iterator[GuestRow]:
        with file.open() as text:
            for number, place, value in _values(_Stream(text)):
                yield _guest_row(number, place, value)

    return Records(SourceFacts("json", file.encoding), read_rows)


def _guest_row(number: int, place: str, value: object) -> GuestRow:
    cells = dict.fromkeys((*(field.path for field in FIELDS), _CHECK_OUT), place)
    left: object = ""
    if isinstance(value, dict) and value.get(_STAY_STATE) in _CANCELLED:
        return GuestRow(number, cells=cells, skip=CANCELLED)
    if isinstance(value, dict) and not _MEMBERS.isdisjoint(value):
        left, value = value.get(_CHECK_OUT) or "", {name: value[name] for name in value if name in _MEMBERS}
    try:
        read = parse_report_input(value)
    except ReportRefused as exc:
        return GuestRow(number, cells=cells, findings=exc.errors)
    if not isinstance(left, str):
        problem = Finding(_CHECK_OUT, "unknown_format", msg("This must be a text, or null."))
        return GuestRow(number, read.typed, tuple(read.lines), cells, (problem,))
    return GuestRow(number, read.typed, tuple(read.lines), cells, check_out=left)


class _Stream:
    """The values in a JSON text, read piece by piece. Methods raise `TableRefused` where it is no JSON."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._buffer = text.read(_PIECE)
        self._at = 0
        self._ended = False
        self.line = 1

    def take(self, pattern: re.Pattern[str]) -> str:
        """Return what `pattern` matches here, and go behind it; "" where it does not match."""
        match = pattern.match(self._buffer, self._at)
        if match is None:
            return ""
        self._go_to(match.end())
        return match[0]

    def next_character(self) -> str:
        """Return the next character that is no blank, without taking it; "" at the end."""
        while True:
            self.take(_BLANKS)
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more(_PIECE):
                return ""

    def skip(self, character: str) -> bool:
        """Go behind the next character if it is this one. Returns whether it is."""
        if self.next_character() != character:
            return False
        self._go_to(self._at + 1)
        return True

    def value(self) -> object:
        """Return the next value, and go behind it."""
        wanted = _PIECE
        while (found := self._decoded()) is None:
            if wanted > _MOST_CHARACTERS or not self._more(wanted):
                raise self.refused()
            wanted *= 2  # each attempt starts at the value's beginning
        value, end = found
        self._go_to(end)
        return value

    def rest(self) -> str:
        """Return what is left, up to a bound."""
        return self._buffer[self._at :] + self._text.read(_PIECE)

    def refused(self) -> TableRefused:
        """Return the error for a text that is no JSON here."""
        return TableRefused(
            msg("Line {line} of the file is no valid JSON.", line=self.line),
            msg("Nothing was saved. Export the file again; the form is that of the contract: apoa help contract"),
            name="invalid_json",
        )

    def _go_to(self, end: int) -> None:
        self.line += self._buffer.count("\n", self._at, end)
        self._at = end

    def _decoded(self) -> tuple[object, int] | None:
        """Return the value that begins here and its end, or None if it is not whole."""
        try:
            value, end = _DECODER.raw_decode(self._buffer, self._at)
        except (ValueError, RecursionError):
            return None
        return (value, end) if end < len(self._buffer) or self._ended else None

    def _more(self, count: int) -> bool:
        """Read on, also where the text has ended: a number may be whole only then. Returns whether it was not known."""
        if self._ended:
            return False
        piece = self._text.read(count)
        self._buffer, self._at = self._buffer[self._at :] + piece, 0
        self._ended = not piece
        return True


def _values(stream: _Stream) -> Iterator[tuple[int, str, object]]:
    """Yield each value with its number and its place: the path in the file (RFC 9535)."""
    begun = stream.take(_LIST)
    if begun:
        yield from _elements(stream, "$.reports" if "{" in begun else "$")
        return
    stream.next_character()
    yield 1, "$", stream.value()
    if stream.next_character() == "{":
        raise TableRefused(
            msg("The file has several reports without a list around them (JSON Lines). Such files are not read."),
            msg("Nothing was saved. Export the reports as one list, in square brackets with commas between them."),
            name="json_lines",
        )
    if stream.next_character():
        raise stream.refused()


def _elements(stream: _Stream, path: str) -> Iterator[tuple[int, str, object]]:
    """Yield the elements of a list whose bracket was taken, and check what follows them."""
    number = 0
    while not (number == 0 and stream.next_character() == "]"):
        stream.next_character()
        yield number + 1, f"{path}[{number}]", stream.value()
        number += 1
        if not stream.skip(","):
            break
    if not stream.skip("]"):
        raise stream.refused()
    rest = stream.rest()
    try:
        whole = not rest.strip() if path == "$" else bool(json.loads('{"reports": []' + rest))
    except (ValueError, RecursionError):
        whole = False
    if not whole:
        raise stream.refused()
