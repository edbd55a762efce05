"""Guest books as text files: what is in the file, and what importing it must give.

A book is a text of lines. The first ones are ``key: value``: a title, the kind (``hand``, ``export``), the form of the
file (``xlsx``, or ``csv`` with its separator), options of the import, and what the book ``needs`` that is not built
yet. A line ``[name]`` begins a sheet, whose rows have cells with `` | `` between them, as a user types them into a
spreadsheet program: digits are a number, 2026-11-24 a date, an apostrophe makes a text, ``007 [000]`` is 7 with a
format, ``#N/A`` an error, ``<`` and ``^`` are merged with the cell to the left or above. In a CSV file all is text.
``[expected]`` has a guest in each line ``saved:``, a cell and a code in each line ``refused:`` (a row number alone
where the cell does not matter), or the ``error:`` that refuses the file, with words that it must have.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
from openpyxl.utils import get_column_letter

_FIELDS = (
    *("surname", "given_names", "sex", "birth_place", "birth_date", "nationality", "number", "expiry_date"),
    *("check_in", "planned_check_out", "room"),
)
_FORMATTED = re.compile(r"(\d+) \[(0+)\]")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")

_USUAL = ("late", "missing")
"""Warnings of guests who are saved right: a late report, and a visa that is not stated."""

Guest = tuple[str, ...]
"""The values of `_FIELDS`, as a line ``saved:`` has them."""


class Book(NamedTuple):
    """A guest book, and what must come of it."""

    name: str
    facts: Mapping[str, str]
    sheets: Mapping[str, list[list[str]]]
    saved: tuple[Guest, ...]
    refused: tuple[str, ...]
    error: str

    @property
    def options(self) -> list[str]:
        """The options of the import, by which a user says what the book does not."""
        return self.facts.get("options", "").split()

    def write(self, folder: Path) -> Path:
        """Write the file, and return its path."""
        form, _space, separator = self.facts["file"].partition(" ")
        path = folder / f"{self.name}.{form}"
        path.write_bytes(_workbook(self.sheets) if form == "xlsx" else _csv(self.sheets, separator or ","))
        return path


class Outcome(NamedTuple):
    """What an import gave: the guests of the reports, the problems of refused rows, the error of the file."""

    saved: tuple[Guest, ...]
    refused: tuple[str, ...]
    error: str
    warned: bool = False

    def wrong(self, book: Book) -> list[Guest]:
        """Return the guests who were saved, and not as the book says."""
        return [guest for guest in self.saved if guest not in book.saved]


def read_books(folder: Path) -> list[Book]:
    """Return the books in the text files of a folder."""
    return [_read(path) for path in sorted(folder.glob("*.txt"))]


def _read(path: Path) -> Book:
    facts: dict[str, str] = {}
    sections: dict[str, list[str]] = {}
    rows: list[str] | None = None
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            rows = sections[line[1:-1]] = []
        elif rows is None and ": " in line:
            key, _colon, value = line.partition(": ")
            facts[key] = value
        elif rows is not None and line.strip():
            rows.append(line)
    expected = [line.partition(": ") for line in sections.pop("expected")]
    sheets = {name: [[cell.strip() for cell in row.split("|")] for row in rows] for name, rows in sections.items()}
    return Book(
        path.stem,
        facts,
        sheets,
        tuple(_guest(text) for key, _colon, text in expected if key == "saved"),
        tuple(text for key, _colon, text in expected if key == "refused"),
        next((text for key, _colon, text in expected if key == "error"), ""),
    )


def _guest(text: str) -> Guest:
    names, *rest = (part.strip() for part in text.split(";"))
    surname, _comma, given_names = names.partition(", ")
    return (surname, given_names, *rest)


def import_book(call: Callable[..., Any], book: Book, folder: Path) -> Outcome:
    """Import a book unattended with the program, and return what it gave. `call` runs a command of the program."""
    path = book.write(folder)
    said = call("import", str(path), "--yes", "--no-send", "--json", *book.options).json
    if "error" in said:
        return Outcome((), (), f"{said['error']['class']} {said['error']['message']}")
    reports = call("list", "--all", "--json").json["reports"]
    guests = sorted(_reported(report) for report in reports if report["kind"] == "check_in")
    refused = tuple(f"{problem['cell'] or problem['row']} {problem['code']}" for problem in said["problems"])
    return Outcome(tuple(guests), refused, "", any(each["code"] not in _USUAL for each in said["warnings"]))


def _reported(report: Mapping[str, Any]) -> Guest:
    guest, stay = report["guest"], report["stay"]
    values = {**stay, **guest, **guest["document"], "check_in": stay["check_in"][:10]}
    return tuple(str(values[name] if values[name] is not None else "") for name in _FIELDS)


def row_of(problem: str) -> str:
    """Return the number of the row of a problem such as ``B7 bad_date`` or ``7``."""
    return re.sub(r"[^0-9]", "", problem.split(maxsplit=1)[0])


def _csv(sheets: Mapping[str, list[list[str]]], separator: str) -> bytes:
    text = io.StringIO()
    for rows in sheets.values():
        csv.writer(text, delimiter=separator).writerows(rows)
    return text.getvalue().encode()


def _workbook(sheets: Mapping[str, list[list[str]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for number, row in enumerate(rows, 1):
            for column, text in enumerate(row, 1):
                if text not in {"", "<", "^"}:
                    _fill(sheet.cell(number, column), text)
        for first, last in _merged(rows):
            sheet.merge_cells(f"{first}:{last}")
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _fill(cell: Any, text: str) -> None:
    """Fill a cell as a spreadsheet program does when a user types the text."""
    formatted = _FORMATTED.fullmatch(text)
    if formatted is not None:
        cell.value, cell.number_format = int(formatted[1]), formatted[2]
    elif _DATE.fullmatch(text):
        cell.value = date.fromisoformat(text)
    elif text.isdigit():
        cell.value = int(text)
    else:
        cell.value = text.removeprefix("'")
        cell.data_type = "e" if text.startswith("#") else "s"


def _merged(rows: list[list[str]]) -> Iterable[tuple[str, str]]:
    """Yield the first and the last cell of each merged area: to the right with ``<``, downwards with ``^``."""
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            if text in {"", "<", "^"}:
                continue
            right, down = column, number
            while right + 1 < len(row) and row[right + 1] == "<":
                right += 1
            while down + 1 < len(rows) and column < len(rows[down + 1]) and rows[down + 1][column] == "^":
                down += 1
            if (right, down) != (column, number):
                yield f"{get_column_letter(column + 1)}{number + 1}", f"{get_column_letter(right + 1)}{down + 1}"
