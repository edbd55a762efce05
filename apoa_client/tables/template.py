"""An empty workbook for guests: headings in both languages, drop-down lists, and notes with examples.

The columns are in `template.tsv` beside this module: the field, its heading and its note for each language
(``heading:TAG``, ``note:TAG``), whether it is required, what kind of value it has, the width, and two examples.

All cells of guests are texts. A spreadsheet program then changes nothing that is typed: no zero disappears in front of
a number, ``12E45678`` stays a passport number, and a date stays as typed, with the day first, as the headings say.
"""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from xlsxwriter.format import Format  # type: ignore[import-untyped]  # it has no types
from xlsxwriter.workbook import Workbook  # type: ignore[import-untyped]  # it has no types
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]  # it has no types

from apoa_client.locale import LANGUAGES
from apoa_client.passport import states
from apoa_client.report import permits
from apoa_client.report.kinds import Purpose
from apoa_client.report.purposes import PURPOSES

GUESTS, NOTES, LISTS = "Tamu - Guests", "Petunjuk - Notes", "Daftar - Lists"
"""The sheets. The first one is read by `apoa import`."""

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
    table = Path(__file__).with_name("template.tsv").read_text(encoding="utf-8")
    names, *lines = (line.split("\t") for line in table.splitlines())
    return tuple(_column(dict(zip(names, line, strict=True))) for line in lines)


def template_book(language: str) -> bytes:
    """Return the workbook. Its headings and notes are in both languages, the words in its lists in this one."""
    content = BytesIO()
    with Workbook(content, {"in_memory": True, "strings_to_formulas": False}) as book:
        _Template(book, language).write()
    return content.getvalue()


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

    def __init__(self, book: Workbook, language: str) -> None:
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
        guests, notes, lists = map(self._book.add_worksheet, (GUESTS, NOTES, LISTS))
        ranges = self._write_lists(lists)
        self._write_headings(guests)
        self._write_choices(guests, ranges)
        self._write_notes(notes)

    def _format(self, **properties: object) -> Format:
        return self._book.add_format({"font_name": "Calibri", **properties})

    def _write_headings(self, sheet: Worksheet) -> None:
        sheet.set_row(0, 78)
        for index, column in enumerate(self._columns):
            sheet.set_column(index, index, column.width, self._text)
            sheet.write_string(0, index, column.heading, self._heads[column.required])
        sheet.freeze_panes(1, 2)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)

    def _write_choices(self, sheet: Worksheet, ranges: Mapping[str, str]) -> None:
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

    def _write_lists(self, sheet: Worksheet) -> dict[str, str]:
        """Write the words of each list in a column, and return the cells of each by the kind of value."""
        ranges = {}
        for index, kind in enumerate(("sex", "state", "purpose", "permit")):
            words = _words(kind, self._language)
            sheet.write_column(0, index, words, self._text)
            letter = "ABCD"[index]
            ranges[kind] = f"='{LISTS}'!${letter}$1:${letter}${len(words)}"
        sheet.hide()
        return ranges

    def _write_notes(self, sheet: Worksheet) -> None:
        plain, title = self._format(text_wrap=True, valign="top"), self._format(bold=True, font_size=14)
        bold = self._format(bold=True, text_wrap=True, valign="top")
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 2, 58)
        sheet.set_column(3, 4, 24)
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
            for number in (0, 1):
                sheet.write_string(row, 3 + number, column.example(number, self._language), plain)
        for row, permit in enumerate(permits.permits(), first + len(self._columns) + 1):
            sheet.write_string(row, 0, permit.code, bold)
            for index, tag in enumerate(LANGUAGES, 1):
                sheet.write_string(row, index, permit.name(tag), plain)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
