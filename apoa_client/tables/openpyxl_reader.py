"""openpyxl's reader of workbooks, without what a table of guests does not need.

openpyxl checks the properties, the fonts and the colours of a workbook strictly, and refuses many that other programs
write and Excel opens. Here they are not read; of the styles, only which ones show a number as a date, and of a sheet,
only its rows.
"""

from collections.abc import Iterator
from typing import IO, Any, NamedTuple, TypeAlias
from xml.parsers import expat
from zipfile import ZipFile, ZipInfo

from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.numbers import builtin_format_code, is_date_format, is_timedelta_format
from openpyxl.worksheet._reader import WorkSheetParser
from openpyxl.xml.constants import ARC_STYLE, SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import fromstring, iterparse

from apoa_client.tables.compact_texts import CompactTexts
from apoa_client.tables.workbook_archive import MOST_OF_ONE_ROW, too_large

_PIECE = 1 << 16
_MOST_OF_A_LIST = 16 * 1024**2
"""The bytes of a part that is read as a whole: the lists of parts, sheets, names and styles."""
_NAME = f"{{{SHEET_MAIN_NS}}}"
_ROWS, _ROW = f"{_NAME}sheetData", f"{_NAME}row"
_STRING, _TEXT, _PHONETIC = (f"{SHEET_MAIN_NS} {name}" for name in ("si", "t", "rPh"))
_ESCAPED_UNDERSCORE = "x005F_"


class Sheet(NamedTuple):
    """A sheet with cells: its name, whether it is shown, and the name of its XML in the archive."""

    name: str
    visible: bool
    part: str


Cells: TypeAlias = "list[dict[str, Any]]"
"""The cells that a row has: each with its ``column``, from 1 on, and its ``value``."""


class _BoundedArchive(ZipFile):
    """An archive from which no large part is read as a whole."""

    def read(self, name: str | ZipInfo, pwd: bytes | None = None) -> bytes:
        if self.getinfo(name if isinstance(name, str) else name.filename).file_size > _MOST_OF_A_LIST:
            raise too_large()
        return super().read(name, pwd)


class _BoundedFile:
    """A part of which only some bytes are read until `renew` is called, for each row or text."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.renew()

    def renew(self) -> None:
        """Allow as many bytes again."""
        self._left = MOST_OF_ONE_ROW

    def read(self, size: int = -1, /) -> bytes:
        """Return the next piece. Raises `TableRefused` for too many bytes."""
        piece = self._file.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise too_large()
        return piece


class WorkbookReader(ExcelReader):
    """Reads sheets row by row, with the values that are stored beside formulas.

    `sheets` are known after `read`. Every method raises errors of many kinds for a damaged workbook.
    """

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, read_only=True, data_only=True, keep_links=False)
        self.archive = _BoundedArchive(file)
        self.sheets: list[Sheet] = []
        self._dates: set[int] = set()
        self._lengths_of_time: set[int] = set()

    def read(self) -> None:
        """Read all but the rows."""
        self.read_manifest()
        self.read_strings()
        self.read_workbook()
        self._read_date_formats()
        for sheet, relation in self.parser.find_sheets():
            if relation.target in self.valid_files and "chartsheet" not in relation.Type:
                self.sheets.append(Sheet(sheet.name, sheet.state == "visible", relation.target))

    def read_strings(self) -> None:
        """Read the texts that cells refer to."""
        package: Any = self.package
        part = package.find(SHARED_STRINGS)
        if part is not None:
            with self.archive.open(part.PartName[1:]) as file:
                strings: Any = read_shared_strings(file)  # where the library has a list
                self.shared_strings = strings

    def rows(self, sheet: Sheet) -> Iterator[tuple[int, Cells]]:
        """Yield the rows that a sheet has, with their numbers."""
        with self.archive.open(sheet.part) as part:
            file = _BoundedFile(part)
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
                    yield parser.parse_row(element)
                    all_rows.clear()
                elif event == "end" and element is all_rows:
                    break
            while part.read(_PIECE):  # to the end, where the checksum is compared
                pass

    def _read_date_formats(self) -> None:
        """Find the styles of cells that show a number as a date or as a length of time."""
        if ARC_STYLE not in self.valid_files:
            return
        styles = fromstring(self.archive.read(ARC_STYLE))
        own = {each.get("numFmtId"): each.get("formatCode") for each in styles.iterfind(f".//{_NAME}numFmt")}
        for index, style in enumerate(styles.iterfind(f"{_NAME}cellXfs/{_NAME}xf")):
            number = style.get("numFmtId", "0")
            code = own.get(number) or builtin_format_code(int(number)) or ""
            if is_date_format(code):
                self._dates.add(index)
            if is_timedelta_format(code):
                self._lengths_of_time.add(index)


class _Strings:
    """Collects the texts of shared strings, without how they are pronounced (ECMA-376 part 1, 18.4)."""

    def __init__(self) -> None:
        self.texts = CompactTexts()
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

    def text(self, text: str) -> None:
        """Take a piece of text."""
        if self._inside[_TEXT] and not self._inside[_PHONETIC]:
            self._pieces.append(text)


def read_shared_strings(file: IO[bytes]) -> CompactTexts:
    """Return the texts of a part with shared strings."""
    strings, parser = _Strings(), expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = strings.start, strings.end
    parser.CharacterDataHandler = strings.text
    bounded, count = _BoundedFile(file), 0
    while piece := bounded.read(_PIECE):
        parser.Parse(piece)
        if len(strings.texts) > count:
            bounded.renew()
        count = len(strings.texts)
    parser.Parse(b"", True)  # noqa: FBT003  expat's: it is the last piece
    return strings.texts
