"""openpyxl's reader of workbooks, without what a table of guests does not need.

openpyxl checks the properties, the fonts and the colours of a workbook strictly, and refuses many that other programs
write and Excel opens. Here they are not read; of the styles, only which ones show a number as a date, and of a sheet,
only its rows.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import IO, Any, NamedTuple, TypeAlias, overload
from xml.parsers import expat

from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils import column_index_from_string
from openpyxl.worksheet._reader import WorkSheetParser
from openpyxl.xml.constants import ARC_STYLE, SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from apoa_client.tables.content import TimeLimit
from apoa_client.tables.number_formats import as_formatted, is_plain
from apoa_client.tables.workbook_archive import MOST_MERGED, MOST_OF_ONE_ROW, BoundedArchive, too_large

_PIECE = 1 << 16
_MOST_OF_STYLES = 16 * 1024**2
_MOST_CELLS = 16_384
_MOST_STYLES, _LONGEST_FORMAT = 65_490, 255
"""Excel's own limits of a row, a workbook and the format of a number."""
_NAME = f"{{{SHEET_MAIN_NS}}}"
_ROWS, _ROW = f"{_NAME}sheetData", f"{_NAME}row"
_STRING, _TEXT, _PHONETIC = (f"{SHEET_MAIN_NS} {name}" for name in ("si", "t", "rPh"))
_CELL_STYLES, _STYLE, _FORMAT = (f"{SHEET_MAIN_NS} {name}" for name in ("cellXfs", "xf", "numFmt"))
_ESCAPED_UNDERSCORE = "x005F_"
_MERGED = re.compile(
    rb"<(?:\w+:)?mergeCell\s[^<>]*?ref=[\"']([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})[\"']", re.ASCII
)
_LONGEST_MERGED = 1024
"""The bytes of an element for merged cells. What is longer is no such element."""


Cells: TypeAlias = "list[dict[str, Any]]"
"""The cells that a row has: each with its ``column``, from 1 on, and its ``value``."""
_BLOCK = 256
_CACHED_BLOCKS = 64
_END = "\0"
"""XML has no text with it."""


class SheetPart(NamedTuple):
    """A sheet with cells: its name, whether it is shown, and the name of its XML in the archive."""

    name: str
    visible: bool
    part: str


class _BoundedFile:
    """A part of which only some bytes are read until `renew` is called, for each row or text."""

    def __init__(self, file: IO[bytes], time: TimeLimit) -> None:
        self._file = file
        self._time = time
        self.renew()

    def renew(self) -> None:
        """Allow as many bytes again."""
        self._left = MOST_OF_ONE_ROW

    def read(self, size: int = -1, /) -> bytes:
        """Return the next piece. Raises `TableRefused` for too many bytes, or after too long a time."""
        self._time.check()
        piece = self._file.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise too_large()
        return piece


class WorkbookReader(ExcelReader):
    """Reads sheets row by row, with the values that are stored beside formulas.

    `sheets` are known after `read`. Every method raises errors of many kinds for a damaged workbook.
    """

    def __init__(self, file: IO[bytes], time: TimeLimit) -> None:
        super().__init__(file, read_only=True, data_only=True, keep_links=False)
        self.archive = BoundedArchive(file)
        self.time = time
        self.sheets: list[SheetPart] = []
        self._dates: set[int] = set()
        self._lengths_of_time: set[int] = set()
        self._formats: dict[int, str] = {}
        """The formats that show a number in another way, by the style of cells."""

    def read(self) -> None:
        """Read all but the rows."""
        self.read_manifest()
        self.read_strings()
        self.read_workbook()
        self._read_date_formats()
        for sheet, relation in self.parser.find_sheets():
            if relation.target in self.valid_files and "chartsheet" not in relation.Type:
                self.sheets.append(SheetPart(sheet.name, sheet.state == "visible", relation.target))

    def read_strings(self) -> None:
        """Read the texts that cells refer to."""
        package: Any = self.package
        part = package.find(SHARED_STRINGS)
        if part is not None:
            with self.archive.open(part.PartName[1:]) as file:
                strings: Any = read_shared_strings(file, self.time)  # where the library has a list
                self.shared_strings = strings

    def merged(self, sheet: SheetPart) -> Iterator[tuple[int, int, int, int]]:
        """Yield the merged cells of a sheet: the first and last row, from 1 on, the first and last column, from 0 on.

        They stand behind the rows, and are needed before: so they are searched in the text, which is fast.
        """
        count, rest = 0, b""
        with self.archive.open(sheet.part) as part:
            while piece := part.read(_PIECE):
                self.time.check()
                text, bracket, rest = (rest + piece).rpartition(b"<")
                for match in _MERGED.finditer(text):
                    if (count := count + 1) > MOST_MERGED:
                        raise too_large()
                    first, top, last, bottom = (group.decode() for group in match.groups())
                    yield int(top), int(bottom), column_index_from_string(first) - 1, column_index_from_string(last) - 1
                rest = bracket + rest if len(rest) < _LONGEST_MERGED else b""

    def rows(self, sheet: SheetPart) -> Iterator[tuple[int, Cells]]:
        """Yield the rows that a sheet has, with their numbers."""
        with self.archive.open(sheet.part) as part:
            file = _BoundedFile(part, self.time)
            parser = WorkSheetParser(
                file,
                self.shared_strings,
                data_only=True,
                epoch=self.wb.epoch,
                date_formats=self._dates,
                timedelta_formats=self._lengths_of_time,
            )
            all_rows = None
            for event, element in iterparse(file, events=("start", "end")):
                if event == "start" and element.tag == _ROWS:
                    all_rows = element
                elif event == "end" and all_rows is not None and element.tag == _ROW:
                    file.renew()
                    if len(element) > _MOST_CELLS:
                        raise too_large()
                    number, cells = parser.parse_row(element)
                    if self._formats:
                        self._format(cells)
                    yield number, cells
                    all_rows.clear()
                elif event == "end" and element is all_rows:
                    break
            while part.read(_PIECE):  # to the end, where the checksum is compared
                self.time.check()

    def _format(self, cells: Cells) -> None:
        """Give each number whose format shows it in another way the value that a user sees."""
        for cell in cells:
            code = self._formats.get(cell["style_id"])
            if code is not None and cell["data_type"] == "n":
                cell["value"] = as_formatted(cell["value"], code)

    def _read_date_formats(self) -> None:
        """Find the styles of cells that show a number as a date, as a length of time, or in another way."""
        if ARC_STYLE not in self.valid_files:
            return
        if self.archive.getinfo(ARC_STYLE).file_size > _MOST_OF_STYLES:
            raise too_large()
        with self.archive.open(ARC_STYLE) as part:
            file = _BoundedFile(part, self.time)
            styles = _Styles(file)
            _parse(file, styles)
        kinds = {number: self._kind(styles.formats.get(number, "")) for number in set(styles.numbers)}
        self._dates = {index for index, number in enumerate(styles.numbers) if kinds[number][0]}
        self._lengths_of_time = {index for index, number in enumerate(styles.numbers) if kinds[number][1]}
        for index, number in enumerate(styles.numbers):
            code = styles.formats.get(number, "")
            if not any(kinds[number]) and not is_plain(code):
                self._formats[index] = code

    def _kind(self, code: str) -> tuple[bool, bool]:
        """Return whether a format shows a date, and whether it shows a length of time."""
        self.time.check()
        if len(code) > _LONGEST_FORMAT:
            raise too_large()
        return is_date_format(code), is_timedelta_format(code)


class _Styles:
    """Collects the formats of numbers, and which one each style of cells has (ECMA-376 part 1, 18.8)."""

    def __init__(self, file: _BoundedFile) -> None:
        self._file = file
        self.formats = {str(number): code for number, code in BUILTIN_FORMATS.items()}
        self.numbers: list[str] = []
        self._in_cells = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the beginning of an element."""
        self._file.renew()
        if name == _CELL_STYLES:
            self._in_cells = True
        elif name == _STYLE and self._in_cells:
            self.numbers.append(attributes.get("numFmtId", "0"))
        elif name == _FORMAT:
            self.formats[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        if max(len(self.numbers), len(self.formats)) > _MOST_STYLES:
            raise too_large()

    def end(self, name: str) -> None:
        """Take the end of an element."""
        if name == _CELL_STYLES:
            self._in_cells = False

    def text(self, _text: str) -> None:
        """Take a piece of text."""


class CompactTexts(Sequence[str]):
    """Texts without zero characters in the order in which they were added, kept compressed.

    A workbook keeps the texts of all its cells in one list, and a sheet refers to them by their numbers. As Python's
    texts, those of 100,000 guests take 80 MB.
    """

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._last: list[str] = []
        self._read = lru_cache(_CACHED_BLOCKS)(self._unpacked)

    def append(self, text: str) -> None:
        """Add a text at the end."""
        self._last.append(text)
        if len(self._last) == _BLOCK:
            self._blocks.append(zlib.compress(_END.join(self._last).encode("utf-8", "surrogatepass"), 1))
            self._last = []

    def __len__(self) -> int:
        return len(self._blocks) * _BLOCK + len(self._last)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        block, position = divmod(index, _BLOCK)
        return (self._read(block) if block < len(self._blocks) else self._last)[position]

    def _unpacked(self, block: int) -> list[str]:
        return zlib.decompress(self._blocks[block]).decode("utf-8", "surrogatepass").split(_END)


class _Strings:
    """Collects the texts of shared strings, without how they are pronounced (ECMA-376 part 1, 18.4)."""

    def __init__(self, file: _BoundedFile) -> None:
        self.texts = CompactTexts()
        self._file = file
        self._pieces: list[str] = []
        self._inside = {_TEXT: 0, _PHONETIC: 0}

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        """Take the beginning of an element."""
        if name in self._inside:
            self._inside[name] += 1

    def end(self, name: str) -> None:
        """Take the end of an element."""
        if name in self._inside:
            self._inside[name] -= 1
        elif name == _STRING:
            self.texts.append("".join(self._pieces).replace(_ESCAPED_UNDERSCORE, ""))
            self._pieces.clear()
            self._file.renew()

    def text(self, text: str) -> None:
        """Take a piece of text."""
        if self._inside[_TEXT] and not self._inside[_PHONETIC]:
            self._pieces.append(text)


def read_shared_strings(file: IO[bytes], time: TimeLimit) -> CompactTexts:
    """Return the texts of a part with shared strings."""
    bounded = _BoundedFile(file, time)
    strings = _Strings(bounded)
    _parse(bounded, strings)
    return strings.texts


def _parse(file: _BoundedFile, handler: _Strings | _Styles) -> None:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = handler.start, handler.end
    parser.CharacterDataHandler = handler.text
    while piece := file.read(_PIECE):
        parser.Parse(piece)
    parser.Parse(b"", True)  # noqa: FBT003  expat's: it is the last piece
