"""The empty workbook for guests: its columns are known, and its lists have words that are read."""

from collections.abc import Callable
from io import BytesIO

import openpyxl
import pytest

from apoa_client.locale import LANGUAGES
from apoa_client.report import parse_fields
from apoa_client.tables.columns import guest_rows, match_columns
from apoa_client.tables.headings import parse_heading
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import Table
from apoa_client.tables.template import GUESTS, LISTS, NOTES, template_book, template_columns

PARSERS: tuple[Callable[[str], object], ...] = (
    parse_fields.sex,
    parse_fields.state,
    parse_fields.purpose,
    parse_fields.stay_permit,
)
"""The parsers of the lists' columns, in their order."""


@pytest.fixture(params=LANGUAGES)
def book(request: pytest.FixtureRequest) -> bytes:
    return template_book(request.param)


def filled(book: bytes) -> bytes:
    """Return the workbook with the examples of its notes on the sheet of the guests."""
    workbook = openpyxl.load_workbook(BytesIO(book))
    examples = {str(row[0]): row[3:5] for row in workbook[NOTES].iter_rows(values_only=True) if row[0]}
    for column, heading in enumerate(next(workbook[GUESTS].iter_rows(values_only=True)), 1):
        for number, example in enumerate(examples[str(heading)], 2):
            workbook[GUESTS].cell(number, column, example)
    content = BytesIO()
    workbook.save(content)
    return content.getvalue()


@pytest.mark.parametrize("column", template_columns(), ids=lambda each: each.field)
def test_each_heading_is_known(column: object) -> None:
    """The heading in both languages, and in each of them, is that of the field; a date's says its order."""
    column = next(each for each in template_columns() if each == column)
    for heading in (column.heading, *column.headings.values()):
        assert parse_heading(heading).target == column.field
    assert parse_heading(column.heading).date_order == ("dmy" if column.kind == "date" else "")


def test_the_examples_are_read_without_a_question(book: bytes) -> None:
    """The examples, typed into the sheet of the guests, are two guests; nothing about their columns is in doubt."""
    table = open_source(filled(book))
    assert isinstance(table, Table)
    assert [sheet.name for sheet in table.facts.sheets if sheet.read] == [GUESTS]
    assert (table.facts.left, table.heading_row) == ((), 1)
    columns = match_columns(table)
    assert (columns.doubts, columns.missing) == ((), ())
    first, second = guest_rows(table, columns).read_rows()
    assert (first.findings, second.findings) == ((), ())
    assert first.texts["birth_date"] == "1985-09-12"
    assert second.texts["birth_date"] == "1991-04-03"
    assert [parse_fields.state(row.texts["nationality"]) for row in (first, second)] == ["GBR", "JPN"]


def test_the_words_of_the_lists_are_read(book: bytes) -> None:
    """Each word of a drop-down list is understood as a value of its column."""
    sheet = openpyxl.load_workbook(BytesIO(book))[LISTS]
    for parse, column in zip(PARSERS, sheet.iter_cols(values_only=True), strict=True):
        words = [word for word in column if word]
        assert len(words) >= 3
        for word in words:
            parse(str(word))


def test_every_cell_for_a_guest_is_a_text(book: bytes) -> None:
    """No spreadsheet program changes what is typed: a number, a date or ``12E45678`` stays as it is."""
    columns = openpyxl.load_workbook(BytesIO(book))[GUESTS].column_dimensions.values()
    assert {column.number_format for column in columns} == {"@"}
    assert max(column.max or 0 for column in columns) == len(template_columns())


def test_the_lists_are_offered(book: bytes) -> None:
    """Each column with a list offers it in every row for a guest; other words may be typed, too."""
    sheet = openpyxl.load_workbook(BytesIO(book))[GUESTS]
    found = [each for each in sheet.data_validations.dataValidation if each.type == "list"]
    columns = [each for each in template_columns() if each.kind not in {"text", "date"}]
    assert len(found) == len(columns) == 5
    assert {each.errorStyle for each in found} == {"information"}


def test_the_notes_are_in_both_languages(book: bytes) -> None:
    """Each column has a note in Indonesian and in English, whatever the reader's language is."""
    texts = {value for row in openpyxl.load_workbook(BytesIO(book))[NOTES].values for value in row}
    assert {column.notes[tag] for column in template_columns() for tag in LANGUAGES} <= texts
