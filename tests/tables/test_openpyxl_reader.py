"""Workbooks that other programs write: what openpyxl alone refuses, cuts, or keeps in memory."""

import inspect
import io
import warnings
from datetime import date, time

import openpyxl
import pytest
from openpyxl.chart import BarChart
from openpyxl.reader.excel import ExcelReader
from openpyxl.worksheet._reader import WorkSheetParser
from workbook_helpers import BOOK, MAIN, changed, read, sheet_of, values, xlsx

from apoa_client.tables.content import TimeLimit
from apoa_client.tables.openpyxl_reader import CompactTexts, read_shared_strings
from apoa_client.tables.rows import SheetFacts


def test_what_is_used_of_the_library() -> None:
    """Names of the library that it does not document: a release without one is refused here, in words."""
    assert {"read_manifest", "read_strings", "read_workbook"} <= vars(ExcelReader).keys()
    assert "parse_row" in vars(WorkSheetParser)
    parameters = inspect.signature(WorkSheetParser).parameters
    assert [*parameters][:2] == ["src", "shared_strings"]
    assert {"data_only", "epoch", "date_formats", "timedelta_formats"} <= parameters.keys()
    opened = ExcelReader(io.BytesIO(BOOK), read_only=True, data_only=True, keep_links=False)
    for read_part in (opened.read_manifest, opened.read_strings, opened.read_workbook):
        read_part()
    [(sheet, relation)] = opened.parser.find_sheets()
    assert (sheet.name, sheet.state, relation.target in opened.valid_files) == ("A", "visible", True)
    assert "chartsheet" not in relation.Type
    assert opened.wb.epoch.year in {1899, 1900}


def styles(inside: str) -> bytes:
    return f'<styleSheet xmlns="{MAIN}">{inside}</styleSheet>'.encode()


def test_parts_that_are_not_needed() -> None:
    """Properties, fonts and colours that the library refuses do not hold up a table."""
    book = changed(
        {
            "docProps/core.xml": b'<x:coreProperties xmlns:x="a"><x:created>yesterday</x:created></x:coreProperties>',
            "xl/styles.xml": styles("<fills><fill>red</fill></fills><cellXfs><xf fontId='none'/></cellXfs>"),
        }
    )
    assert values(book) == [("SECRET", "y")]


def test_settings_of_a_sheet() -> None:
    """What stands beside the rows of a sheet is not read."""
    row = '<row><c t="str"><v>a</v></c></row>'
    beside = "</sheetData><pageSetup orientation='askew'/><conditionalFormatting/><sheetData>"
    assert values(sheet_of(row + row + beside)) == [("a",)]


def test_dates_by_their_format() -> None:
    """A number is a date, or a time, by the format of its cell: one of Excel's own or of the workbook."""
    formats = "".join(f'<xf numFmtId="{number}"/>' for number in (0, 14, 164, 165, 57))
    own = (
        '<numFmts><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/><numFmt numFmtId="165" formatCode="hh:mm"/></numFmts>'
    )
    cells = "".join(f'<c s="{style}"><v>{value}</v></c>' for style, value in enumerate((46350, 46350, 46350, 0.5, 7)))
    content = sheet_of("<row>" + '<c t="str"><v>a</v></c>' * 5 + f"</row><row>{cells}</row>")
    book = changed({"xl/styles.xml": styles(f"<numFmts>{own}</numFmts><cellXfs>{formats}</cellXfs>")}, content)
    assert values(book) == [(46350, date(2026, 11, 24), date(2026, 11, 24), time(12), 7)]


def test_a_chart_has_no_rows() -> None:
    """A sheet that is a chart is not among the sheets."""

    def add_chart(book: openpyxl.Workbook) -> None:
        book.create_chartsheet("Chart", 0).add_chart(BarChart())

    table = read(xlsx(("A", [["a"], ["x"]]), change=add_chart))
    assert table.facts.sheets == (SheetFacts("A", 0, read=True),)


def test_warnings_of_others() -> None:
    """The library's warnings are ignored, and those of others are not, even while a table is being read."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bad_date = '<row><c t="str"><v>a</v></c></row>' + '<row><c s="1"><v>99999999</v></c></row>' * 2
        content = changed({"xl/styles.xml": styles('<cellXfs><xf/><xf numFmtId="14"/></cellXfs>')}, sheet_of(bad_date))
        for row in read(content).read_rows():
            assert row.values == ("#VALUE!",)
            warnings.warn("ours", stacklevel=1)
    assert [str(each.message) for each in caught] == ["ours", "ours"]


def test_shared_strings() -> None:
    """A text in several fonts is one text, and how it is pronounced is none."""
    items = "<si><t>DOE</t></si><si><r><t>MU</t></r><r><t>ÑOZ</t></r></si><si/><si><t>李</t><rPh><t>Li</t></rPh></si>"
    assert list(read_shared_strings(io.BytesIO(f'<sst xmlns="{MAIN}">{items}</sst>'.encode()), TimeLimit())) == [
        *("DOE", "MUÑOZ", "", "李")
    ]


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 20_000])
def test_compact_texts(count: int) -> None:
    """Texts are found by their numbers in any order, and not beyond the last one."""
    texts = [f"text {number}" * (number % 3) for number in range(count)]
    kept = CompactTexts()
    for text in texts:
        kept.append(text)
    assert len(kept) == count
    assert [kept[number] for number in reversed(range(count))] == texts[::-1]
    assert kept[:] == texts
    for outside in (-1, count):
        with pytest.raises(IndexError):
            kept[outside]
