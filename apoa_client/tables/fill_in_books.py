"""Workbooks that users fill in: an empty one for guests, and the rows of a table that were refused, to be corrected.

The empty one has headings in both languages, drop-down lists, notes, and a sheet with examples.

The columns are in `template.tsv` beside this module: the field, its heading and its note for each language
(``heading:TAG``, ``note:TAG``), whether it is required, what kind of value it has, the width, and two examples.

All cells of guests are texts. A spreadsheet program then changes nothing that is typed: no zero disappears in front of
a number, ``12E45678`` stays a passport number, and a date stays as typed, with the day first, as the headings say.

The copy of refused rows has the columns of the file, with the problems marked in place. A last column says in words
what is wrong with the row; the next import ignores it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from apoa_client.locale import LANGUAGES
from apoa_client.passport import states
from apoa_client.report import permits
from apoa_client.report.kinds import Purpose
from apoa_client.report.purposes import PURPOSES
from apoa_client.tables.content import TablesMissing
from apoa_client.tables.csv_files import BYTE_ORDER_MARK, csv_pieces
from apoa_client.tables.rows import CellValue
from apoa_client.tables.sheets import EXAMPLES

if TYPE_CHECKING:
    from xlsxwriter.format import Format  # type: ignore[import-untyped]  # it has no types
    from xlsxwriter.workbook import Workbook  # type: ignore[import-untyped]  # it has no types
    from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]  # it has no types

GUESTS, NOTES, LISTS = "Tamu - Guests", "Petunjuk - Notes", "Daftar - Lists"
"""The sheets beside `EXAMPLES`. The first one is read by `apoa import`."""

DAY_FIRST = "dd/mm/yyyy"
"""The hint in the headings of dates: without it, 03/04/2026 can be read two ways."""

_A4 = 9
"""The number of the paper size in a workbook (ECMA-376-1 §18.3.1.63)."""
_ROWS = 5_000
"""Rows with drop-down lists."""
_FOREST, _GREY, _LINE = "#1F4E3D", "#6B7A75", "#B8C4BF"
_STEPS: Mapping[str, tuple[str, ...]] = {
    "id": (
        "Petunjuk",
        f'1. Isi lembar "{GUESTS}": satu baris untuk satu tamu asing. Jangan mengubah judul kolomnya.',
        "2. Kolom berjudul hijau tua wajib diisi; yang abu-abu boleh kosong.",
        "3. Tanggal selalu tanggal/bulan/tahun: 24/11/2026.",
        "4. Simpan, lalu periksa: apoa impor FILE --periksa. Kalau sudah benar: apoa impor FILE",
        "5. File yang sama boleh diimpor lagi: tamu yang sudah tersimpan tidak dilaporkan dua kali.",
    ),
    "en": (
        "Notes",
        f'1. Fill in the sheet "{GUESTS}": one row for each foreign guest. Do not change its headings.',
        "2. Columns with a dark green heading are required; the grey ones may be empty.",
        "3. Dates are always day/month/year: 24/11/2026.",
        "4. Save it, then check it: apoa import FILE --check. When it is right: apoa import FILE",
        "5. The same file may be imported again: a guest who is saved already is not reported twice.",
    ),
}


class TemplateColumn(NamedTuple):
    """A column: the name of its field, headings and notes by language tag, and two examples as they are typed.

    `kind` is ``text``, ``date``, ``sex``, ``state``, ``purpose`` or ``permit``.
    """

    field: str
    headings: Mapping[str, str]
    notes: Mapping[str, str]
    required: bool
    kind: str
    width: int
    examples: tuple[str, str]

    @property
    def heading(self) -> str:
        """The heading in both languages, each once, with the order of a date."""
        both = " / ".join(dict.fromkeys(self.headings[tag] for tag in LANGUAGES))
        return f"{both} ({DAY_FIRST})" if self.kind == "date" else both

    def example(self, number: int, language: str) -> str:
        """Return an example, 0 or 1, as it is typed in a language."""
        text = self.examples[number]
        localise = {"sex": _sex, "state": _state, "purpose": _purpose}.get(self.kind)
        return localise(text, language) if localise is not None and text else text


def template_columns() -> tuple[TemplateColumn, ...]:
    """Return the columns of the template, in order."""
    names, *lines = (line.split("\t") for line in _table().splitlines())
    return tuple(_column(dict(zip(names, line, strict=True))) for line in lines)


def template_book(language: str) -> bytes:
    """Return the workbook. Its headings and notes are in both languages, the words in its lists in this one.

    Raises `TablesMissing` if XlsxWriter is not installed.
    """
    return workbook_bytes(lambda book: _Template(book, language).write())


def _table() -> str:
    return Path(__file__).with_name("template.tsv").read_text(encoding="utf-8")


def _column(row: Mapping[str, str]) -> TemplateColumn:
    return TemplateColumn(
        row["field"],
        {tag: row[f"heading:{tag}"] for tag in LANGUAGES},
        {tag: row[f"note:{tag}"] for tag in LANGUAGES},
        row["required"] == "yes",
        row["kind"],
        int(row["width"]),
        (row["example1"], row["example2"]),
    )


def _sex(letter: str, language: str) -> str:
    return {"M": "L", "F": "P"}.get(letter, letter) if language == "id" else letter


def _state(code: str, language: str) -> str:
    found = states.by_code(code)
    return found.name(language) if found is not None else code


def _purpose(word: str, language: str) -> str:
    return PURPOSES[Purpose(word)].indonesian if language == "id" else word


def _words(kind: str, language: str) -> list[str]:
    """Return the words of a drop-down list; an empty list for a kind that has none."""
    if kind == "sex":
        return [_sex(letter, language) for letter in "MFX"]
    if kind == "state":
        # A name that several issuers have, or that is read as another one, is no choice.
        return sorted(name for state in states.all_states() if states.find(name := state.name(language)) == state)
    if kind == "purpose":
        return [_purpose(purpose.value, language) for purpose in Purpose]
    return [permit.code for permit in permits.permits()] if kind == "permit" else []


class _Template:
    """Writes the sheets of one workbook."""

    def __init__(self, book: "Workbook", language: str) -> None:
        self._book = book
        self._language = language
        self._columns = template_columns()
        self._text = self._format(num_format="@", valign="top")
        head = {"bold": True, "text_wrap": True, "valign": "vcenter", "border": 1, "border_color": _LINE}
        self._heads = {
            True: self._format(**head, bg_color=_FOREST, font_color="white"),
            False: self._format(**head, bg_color="#E8EEEB", font_color="#333333"),
        }

    def write(self) -> None:
        """Write all sheets."""
        self._book.set_properties({"title": GUESTS, "author": "apoa-client"})
        guests, examples, notes, lists = map(self._book.add_worksheet, (GUESTS, EXAMPLES, NOTES, LISTS))
        ranges = self._write_lists(lists)
        for sheet in (guests, examples):
            self._write_headings(sheet)
        self._write_choices(guests, ranges)
        for number in (0, 1):
            for index, column in enumerate(self._columns):
                examples.write_string(number + 1, index, column.example(number, self._language), self._text)
        self._write_notes(notes)

    def _format(self, **properties: object) -> "Format":
        return self._book.add_format({"font_name": "Calibri", **properties})

    def _write_headings(self, sheet: "Worksheet") -> None:
        sheet.set_row(0, 78)
        for index, column in enumerate(self._columns):
            sheet.set_column(index, index, column.width, self._text)
            sheet.write_string(0, index, column.heading, self._heads[column.required])
        sheet.freeze_panes(1, 2)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)

    def _write_choices(self, sheet: "Worksheet", ranges: Mapping[str, str]) -> None:
        """Add the drop-down lists, which warn of other words and take them, and the notes beside a chosen cell."""
        for index, column in enumerate(self._columns):
            note = {
                "input_title": column.headings[self._language][:32],
                "input_message": column.notes[self._language][:255],
            }
            choices = {"validate": "any"}
            if column.kind in ranges:
                choices = {"validate": "list", "source": ranges[column.kind], "error_type": "information"}
            sheet.data_validation(1, index, _ROWS, index, {**choices, **note})

    def _write_lists(self, sheet: "Worksheet") -> dict[str, str]:
        """Write the words of each list in a column, and return the cells of each by the kind of value."""
        ranges = {}
        for index, kind in enumerate(("sex", "state", "purpose", "permit")):
            words = _words(kind, self._language)
            sheet.write_column(0, index, words, self._text)
            letter = "ABCD"[index]
            ranges[kind] = f"='{LISTS}'!${letter}$1:${letter}${len(words)}"
        sheet.hide()
        return ranges

    def _write_notes(self, sheet: "Worksheet") -> None:
        plain, title = self._format(text_wrap=True, valign="top"), self._format(bold=True, font_size=14)
        bold = self._format(bold=True, text_wrap=True, valign="top")
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 2, 58)
        for index, tag in enumerate(LANGUAGES, 1):
            head, *steps = _STEPS[tag]
            sheet.write_string(0, index, head, title)
            for row, step in enumerate(steps, 1):
                sheet.write_string(row, index, step, plain)
        first = max(map(len, _STEPS.values())) + 1
        for row, column in enumerate(self._columns, first):
            sheet.write_string(row, 0, column.heading, bold)
            for index, tag in enumerate(LANGUAGES, 1):
                sheet.write_string(row, index, column.notes[tag], plain)
        for row, permit in enumerate(permits.permits(), first + len(self._columns) + 1):
            sheet.write_string(row, 0, permit.code, bold)
            for index, tag in enumerate(LANGUAGES, 1):
                sheet.write_string(row, index, permit.name(tag), plain)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)


def workbook_bytes(fill: Callable[[Any], object]) -> bytes:
    """Return the workbook that `fill` fills, in memory. Raises `TablesMissing` if XlsxWriter is not installed."""
    try:
        import xlsxwriter  # type: ignore[import-untyped]  # it has no types
    except ImportError:
        raise TablesMissing from None
    content = BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_formulas": False}) as book:
        fill(book)
    return content.getvalue()


PROBLEM_HEADING = "Masalah / Problem"
"""The heading of the last column."""

WHOLE_ROW = -1
"""Stands for the column of a problem that no single cell has."""

_MOST_DIGITS = 15
"""A spreadsheet program rounds numbers with more digits."""
_WIDTH, _PROBLEM_WIDTH = 18, 70
_MARK = {"bg_color": "#F6C9C2", "border": 1, "border_color": "#B3261E"}
"""The look of a cell with a problem, or of the words in the last column if no single cell is wrong."""


class MarkedRow(NamedTuple):
    """A row with problems: its values, and what is wrong, by the index of the column or `WHOLE_ROW`.

    `place` is written before the problems: where the row is among several sheets.
    """

    values: Sequence[CellValue]
    problems: Mapping[int, str]
    place: str = ""

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return f"MarkedRow({sorted(self.problems)!r}, …)"


def marked_csv(headings: Sequence[str], rows: Iterable[MarkedRow], delimiter: str = ",") -> bytes:
    """Return the rows as a CSV file in UTF-8, in which no spreadsheet program finds a formula."""
    kept = _kept_columns(headings)
    heads = [*(headings[column] for column in kept), PROBLEM_HEADING]
    cells = ([*(_value(row, column) for column in kept), _in_words(row)] for row in rows)
    return BYTE_ORDER_MARK + b"".join(csv_pieces(chain([heads], cells), delimiter or ","))


def marked_book(headings: Sequence[str], rows: Iterable[MarkedRow]) -> bytes:
    """Return the rows as a workbook, in which each cell with a problem is coloured and has the problem as a comment.

    A problem of the whole row colours the words in the last column.

    Raises `TablesMissing` if XlsxWriter is not installed.
    """
    return workbook_bytes(lambda book: _MarkedSheet(book, headings).write(rows))


def _kept_columns(headings: Sequence[str]) -> list[int]:
    """Return the columns to write: not the problems of an earlier copy."""
    return [column for column, heading in enumerate(headings) if heading != PROBLEM_HEADING]


def _value(row: MarkedRow, column: int) -> CellValue:
    return row.values[column] if column < len(row.values) else None


def _in_words(row: MarkedRow) -> str:
    return " ".join(filter(None, (row.place, *(row.problems[column] for column in sorted(row.problems)))))


class _MarkedSheet:
    """Writes the only sheet of a marked copy."""

    def __init__(self, book: "Workbook", headings: Sequence[str]) -> None:
        self._sheet: Worksheet = book.add_worksheet("Masalah - Problems")
        self._book = book
        self._headings = headings
        self._formats: dict[tuple[str, bool], Format] = {}

    def write(self, rows: Iterable[MarkedRow]) -> None:
        """Write the headings and the rows."""
        kept = _kept_columns(self._headings)
        bold = self._book.add_format({"bold": True, "text_wrap": True, "bottom": 1})
        words = {"text_wrap": True, "valign": "top", "num_format": "@"}
        wrapped, marked = self._book.add_format(words), self._book.add_format({**words, **_MARK})
        for place, heading in enumerate([*(self._headings[column] for column in kept), PROBLEM_HEADING]):
            self._sheet.write_string(0, place, heading, bold)
        self._sheet.set_column(0, len(kept) - 1, _WIDTH)
        self._sheet.set_column(len(kept), len(kept), _PROBLEM_WIDTH)
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_landscape()
        self._sheet.set_paper(_A4)
        self._sheet.fit_to_pages(1, 0)
        for number, row in enumerate(rows, 1):
            for place, column in enumerate(kept):
                self._write_value(number, place, _value(row, column), row.problems.get(column, ""))
            look = marked if WHOLE_ROW in row.problems else wrapped
            self._sheet.write_string(number, len(kept), _in_words(row), look)

    def _write_value(self, row: int, column: int, value: CellValue, problem: str) -> None:
        """Write a value in its own kind: a text stays a text, and a date is shown with the year first."""
        marked = bool(problem)
        if isinstance(value, datetime):
            self._sheet.write_datetime(row, column, value, self._format("yyyy-mm-dd hh:mm", marked=marked))
        elif isinstance(value, (date, time)):
            kind = "yyyy-mm-dd" if isinstance(value, date) else "hh:mm"
            self._sheet.write_datetime(row, column, value, self._format(kind, marked=marked))
        elif isinstance(value, bool):
            self._sheet.write_boolean(row, column, value, self._format("General", marked=marked))
        elif isinstance(value, (int, float)) and len(str(value)) <= _MOST_DIGITS:
            self._sheet.write_number(row, column, value, self._format("General", marked=marked))
        elif value is not None:
            self._sheet.write_string(row, column, str(value), self._format("@", marked=marked))
        else:
            self._sheet.write_blank(row, column, None, self._format("@", marked=marked))
        if problem:
            self._sheet.write_comment(row, column, problem, {"author": "apoa", "x_scale": 2})

    def _format(self, kind: str, *, marked: bool) -> "Format":
        if (kind, marked) not in self._formats:
            mark = _MARK if marked else {}
            self._formats[kind, marked] = self._book.add_format({"num_format": kind, "valign": "top", **mark})
        return self._formats[kind, marked]
