"""Workbooks of Excel (.xlsx, .xlsm), read row by row.

A workbook is a ZIP archive of XML files (ECMA-376 part 1). Values are read as they were stored: no formula is
calculated, no link to another file is followed, no macro is read. Of the styles, only the formats of numbers are read,
and of a sheet, only its rows and which cells are merged: so no font and no colour that a program writes wrongly holds
up a table.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from posixpath import dirname, join, normpath
from typing import NamedTuple
from zipfile import ZipFile

from apoa_client.report.parse_fields import UNCALCULATED
from apoa_client.tables.number_formats import BUILT_IN_FORMATS, as_formatted, is_date_format, is_length_format, is_plain
from apoa_client.tables.rows import (
    MOST_COLUMNS,
    MOST_TEXT,
    CellValue,
    Content,
    Merged,
    Row,
    SourceFacts,
    Table,
    TimeLimit,
    as_value,
    damaged,
    error_cell,
    too_many_columns,
)
from apoa_client.tables.sheets import Sheet, SheetChoice, table_of
from apoa_client.tables.workbook_archive import (
    MOST_MERGED,
    PIECE,
    Attributes,
    Handler,
    check_archive,
    check_names,
    elements_of,
    opened_archive,
    parse_part,
    too_large,
)

_MOST_CELLS = 16_384
_MOST_STYLES, _LONGEST_FORMAT = 65_490, 255
"""Excel's own limits of a row, a workbook and the format of a number."""
_MOST_OF_TEXTS = 128 << 20
"""Of the texts of all cells together: the characters, and `_EACH_TEXT` for each text. 250,000 guests need 105 MB."""
_EACH_TEXT = 16
_NAMESPACES = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
_ELEMENTS = {
    f"{namespace} {name}": name
    for namespace in _NAMESPACES
    for name in ("sheetData", "row", "c", "v", "f", "t", "rPh", "si", "cellXfs", "xf", "numFmt")
}
"""The elements that are read, by their names with the namespace."""
_ESCAPED = re.compile("_x(?:000D|(005F))_")
"""How a carriage return and a low line are stored (ECMA-376 part 1, 22.9.2.19). Other escapes are of no text."""
_MERGED = re.compile(
    rb"<(?:\w+:)?mergeCell\s[^<>]*?ref=[\"']([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})[\"']", re.ASCII
)
_LONGEST_MERGED = 1024
"""The bytes of an element for merged cells. What is longer is no such element."""
_FIRST_DAY, _FIRST_DAY_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001  local times
_DAY_MS = 86_400_000
_29_FEBRUARY_1900 = 60
"""The number of a day that Excel counts and that never was."""
_DATE, _LENGTH = "date", "length"
"""Stand for every format of dates and times, and of lengths of time."""


def open_xlsx(content: Content, choice: SheetChoice) -> Table:
    """Return the table in the sheets of a workbook that are read (`apoa_client.tables.sheets`).

    Raises `TableRefused` for a workbook that is damaged, unsafe, or has no such sheet.
    """
    check_archive(content)
    with opened_archive(content) as archive:
        book = _Book(archive, content.time)
        check_names(names := [part.name for part in book.parts])
        chosen = choice.of(names)
        sheets = [
            Sheet(
                part.name,
                tuple(islice(book.rows(archive, part), choice.first_rows)) if part.name in chosen else (),
                tuple(_merged(archive, part.path, content.time)) if part.name in chosen else (),
                part.hidden,
            )
            for part in book.parts
        ]

    def read(names: Sequence[str]) -> Iterator[Row]:
        with opened_archive(content) as archive:
            for part in book.parts:
                if part.name in names:
                    yield from book.rows(archive, part)

    return table_of(SourceFacts("xlsx"), sheets, read, choice)


class _Part(NamedTuple):
    name: str
    path: str
    hidden: bool


class _Book:
    """What the sheets of a workbook share: their names and parts, the texts of cells, and the formats of numbers."""

    def __init__(self, archive: ZipFile, limit: TimeLimit) -> None:
        self._time = limit
        path = next((target for _id, kind, target in _relations(archive, "", limit) if kind == "officeDocument"), "")
        names = {name.casefold(): name for name in archive.namelist()}  # case makes no difference (ECMA-376-2, 6.2)
        relations = [(key, kind, names.get(to.casefold(), to)) for key, kind, to in _relations(archive, path, limit)]
        by_id = {key: (kind, target) for key, kind, target in relations}
        by_kind = {kind: target for _id, kind, target in relations if target.casefold() in names}
        self.parts: list[_Part] = []
        self.first_day = _FIRST_DAY
        for name, attributes in elements_of(archive, path, limit):
            if name == "workbookPr" and attributes.get("date1904") in {"1", "true"}:
                self.first_day = _FIRST_DAY_1904
            elif name == "sheet":
                key = next((value for each, value in attributes.items() if each.endswith(" id")), "")
                kind, target = by_id[key]
                if kind == "worksheet":  # and no chart
                    is_hidden = attributes.get("state", "visible") != "visible"
                    self.parts.append(_Part(attributes["name"], target, is_hidden))
        texts, styles = _Texts(), _Styles()
        for kind, handler in (("sharedStrings", texts), ("styles", styles)):
            if kind in by_kind:
                for _ in parse_part(archive, by_kind[kind], handler, limit):
                    pass
        self.texts = texts.found
        self.formats = _formats(styles, limit)

    def rows(self, archive: ZipFile, part: _Part) -> Iterator[Row]:
        """Yield the rows of a sheet with a value, numbered as the spreadsheet program shows them."""
        found = _Rows(self, part.name)
        for _ in parse_part(archive, part.path, found, self._time):
            rows, found.rows = found.rows, []
            yield from rows


def _relations(archive: ZipFile, part: str, limit: TimeLimit) -> Iterator[tuple[str, str, str]]:
    """Yield the id, the kind and the part of what a part, or the archive, refers to in the archive (ECMA-376-2 9)."""
    folder = dirname(part)
    for name, attributes in elements_of(
        archive, join(folder, "_rels", f"{part[len(folder) :].lstrip('/')}.rels"), limit
    ):
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            target = normpath(join("/", folder, attributes["Target"])).lstrip("/")
            yield attributes["Id"], attributes["Type"].rpartition("/")[2], target


def _merged(archive: ZipFile, path: str, limit: TimeLimit) -> Iterator[Merged]:
    """Yield the merged cells of a sheet.

    They stand behind the rows, and are needed before: so they are searched in the text, which is fast.
    """
    count, rest = 0, b""
    with archive.open(path) as part:
        while piece := part.read(PIECE):
            limit.check()
            text, bracket, rest = (rest + piece).rpartition(b"<")
            for match in _MERGED.finditer(text):
                if (count := count + 1) > MOST_MERGED:
                    raise too_large()
                first, top, last, bottom = (group.decode() for group in match.groups())
                yield Merged(int(top), int(bottom), _column(first) - 1, _column(last) - 1)
            rest = bracket + rest if len(rest) < _LONGEST_MERGED else b""


@lru_cache(_MOST_CELLS)
def _column(letters: str) -> int:
    """Return the number of a column, from 1 on, by its letters. Raises `ValueError`."""
    number = 0
    for letter in letters:
        number = number * 26 + "ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(letter) + 1
    return number


class _Text(Handler):
    """Collects the text of one cell, without how it is pronounced (ECMA-376 part 1, 18.4)."""

    _texts = frozenset({"t"})
    """The elements whose content is text."""

    def __init__(self) -> None:
        self._collected = ""
        self._inside = self._phonetic = False

    def start(self, name: str, attributes: Attributes) -> None:
        """See `Handler`."""
        kind = _ELEMENTS.get(name)
        if kind in self._texts:
            self._inside = not self._phonetic
        elif kind == "rPh":
            self._phonetic = True
        elif kind is not None:
            self._begin(kind, attributes)

    def text(self, text: str) -> None:
        """See `Handler`."""
        if self._inside:
            self._collected += text
            if len(self._collected) > MOST_TEXT:
                raise too_large()

    def end(self, name: str) -> None:
        """See `Handler`."""
        kind = _ELEMENTS.get(name)
        if kind in self._texts:
            self._inside = False
        elif kind == "rPh":
            self._phonetic = False
        elif kind is not None:
            self._finish(kind)

    def _begin(self, kind: str, attributes: Attributes) -> None:
        """Take the beginning of another element."""

    def _finish(self, kind: str) -> None:
        """Take the end of another element."""


class _Texts(_Text):
    """Collects the texts to which cells refer by their numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[CellValue] = []
        self._size = 0

    def _finish(self, kind: str) -> None:
        if kind == "si":
            text, self._collected = self._collected, ""
            self._size += len(text) + _EACH_TEXT
            if self._size > _MOST_OF_TEXTS:
                raise too_large()
            self.found.append(_as_text(text))


class _Styles(_Text):
    """Collects the formats of numbers, and which one each style of cells has (ECMA-376 part 1, 18.8)."""

    def __init__(self) -> None:
        super().__init__()
        self.formats = dict(BUILT_IN_FORMATS)
        self.of_cells: list[str] = []
        self._in_cells = False

    def _begin(self, kind: str, attributes: Attributes) -> None:
        if kind == "cellXfs":
            self._in_cells = True
        elif kind == "xf" and self._in_cells:
            self.of_cells.append(_start_of(attributes, "numFmtId"))
        elif kind == "numFmt":
            self.formats[_start_of(attributes, "numFmtId")] = _start_of(attributes, "formatCode")
        if max(len(self.of_cells), len(self.formats)) > _MOST_STYLES:
            raise too_large()

    def _finish(self, kind: str) -> None:
        if kind == "cellXfs":
            self._in_cells = False


def _start_of(attributes: Attributes, name: str) -> str:
    """Return an attribute up to the first character that is too much, for which it is refused where it is needed."""
    return attributes.get(name, "")[: _LONGEST_FORMAT + 1]


def _formats(styles: _Styles, limit: TimeLimit) -> dict[str, str]:
    """Return the format of each style, by its number, that does not show a number as it is; `_DATE` or `_LENGTH`."""
    looks = {}
    for key in set(styles.of_cells):
        limit.check()
        code = styles.formats.get(key, "")
        if len(code) > _LONGEST_FORMAT:  # the time to understand one grows with the square of its length
            raise too_large()
        if is_date_format(code):
            looks[key] = _LENGTH if is_length_format(code) else _DATE
        else:
            looks[key] = "" if is_plain(code) else code
    return {str(number): looks[key] for number, key in enumerate(styles.of_cells) if looks[key]}


class _Rows(_Text):
    """Collects the rows of a sheet that are not empty."""

    _texts = frozenset({"v", "t"})

    def __init__(self, book: _Book, sheet: str) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self._book = book
        self._sheet = sheet
        self._number = self._column = self._count = 0
        self._cell: Attributes = {}
        self._has_formula = False
        self._values: list[CellValue] = []

    def _begin(self, kind: str, attributes: Attributes) -> None:
        if kind == "c":
            self._cell, self._has_formula, self._collected = attributes, False, ""
        elif kind == "f":
            self._has_formula = True
        elif kind == "row":
            before, self._number = self._number, int(attributes.get("r", self._number + 1))
            if self._number <= before:  # it would be taken for a row above the headings
                raise damaged()
            self._values, self._column, self._count = [], 0, 0

    def _finish(self, kind: str) -> None:
        if kind == "c":
            self._end_cell()
        elif kind == "row":
            if self._values:
                self.rows.append(Row(self._number, tuple(self._values), self._sheet))
        elif kind == "sheetData":
            self.done = True

    def _end_cell(self) -> None:
        place = self._cell.get("r")
        self._column = column = _column(place.rstrip("0123456789")) if place else self._column + 1
        self._count += 1
        if self._count > _MOST_CELLS:
            raise too_large()
        value = self._value(self._cell.get("t", "n"), self._collected)
        if value is not None:
            if column > MOST_COLUMNS:
                raise too_many_columns()
            self._values += [None] * (column - len(self._values) - 1)
            self._values[column - 1 : column] = [value]

    def _value(self, kind: str, text: str) -> CellValue:
        if not text and kind != "e":
            return UNCALCULATED if self._has_formula and kind == "n" else None
        if kind == "s":
            if text.startswith("-"):
                raise damaged()
            return self._book.texts[int(text)]
        if kind != "n":
            return _KINDS.get(kind, _as_text)(text)
        number = as_value(int(text) if text.isdecimal() else float(text))
        look = self._book.formats.get(self._cell.get("s", "0"))
        if look is None or not isinstance(number, (int, float)):
            return number
        if look is _LENGTH and not 0 <= number < 1:
            return error_cell("")  # 24:30 is of the next day
        return _moment(number, self._book.first_day) if look in {_DATE, _LENGTH} else as_formatted(number, look)


def _as_text(text: str) -> CellValue:
    if "_x" in text:
        text = _ESCAPED.sub(lambda found: "_" if found[1] else "", text)
    return as_value(text)


@lru_cache(_MOST_CELLS)
def _moment(serial: float, first_day: datetime) -> CellValue:
    """Return the day, the time or both that a number stands for; an error for a number of no day."""
    try:
        moment = first_day + timedelta(milliseconds=round(serial * _DAY_MS))
    except (OverflowError, ValueError):
        return error_cell("")
    if 0 <= serial < 1 and moment.date() == first_day.date():
        return moment.time()
    if first_day == _FIRST_DAY and 0 < serial < _29_FEBRUARY_1900:
        moment += timedelta(days=1)
    return as_value(moment)


def _iso_moment(text: str) -> CellValue:
    kind = datetime if "T" in text else time if ":" in text else date
    return as_value(kind.fromisoformat(text))


_KINDS: Mapping[str, Callable[[str], CellValue]] = {
    "b": lambda text: bool(int(text)),
    "e": error_cell,
    "d": lambda text: _iso_moment(text.removesuffix("Z")),
}
