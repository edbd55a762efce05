"""Workbooks that are made to harm the computer, or are none."""

import io
import itertools
import os
import tracemalloc
import warnings
from collections.abc import Callable
from functools import partial
from zipfile import ZIP_BZIP2, ZIP_LZMA, ZipFile

import pytest
from table_helpers import BOOK, MAIN, SHEET, cell, changed, ods, ods_row, ods_table, read, refusal, sheet_of, xlsx

from apoa_client.errors import Exit
from apoa_client.tables import rows as rows_module
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import TableRefused

SHARED_STRINGS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    f'<worksheet xmlns="{MAIN}"><sheetData><row><c t="inlineStr"><is><t>&b;</t></is></c></row></sheetData></worksheet>'
).encode()


def test_zip_bombs() -> None:
    """A part that unpacks to over 200 times its size is refused without unpacking it."""
    bomb = changed({"xl/media/a.bin": bytes(11 * 1024**2)})
    tracemalloc.start()
    assert refusal(bomb) == "zip_bomb"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * 1024**2


@pytest.mark.slow
def test_many_parts() -> None:
    """An archive of thousands of parts is no workbook."""
    assert refusal(changed({f"a/{number}": b"" for number in range(5_001)})) == "zip_bomb"
    many = changed({f"{number:060}": b"" for number in range(20_000)})
    tracemalloc.start()
    assert refusal(many) == "zip_bomb"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * 1024**2  # the list was not read


@pytest.mark.parametrize("name", [SHEET, "xl/sharedStrings.xml", "xl/_rels/workbook.xml.rels", "docProps/core.xml"])
def test_entities(name: str) -> None:
    """XML entities are not expanded, and no other file is read with them, in parts of any name and in ODS."""
    assert refusal(changed({name: LAUGHS})) == "xml_entities"
    assert refusal(changed({name: LAUGHS.decode().encode("utf-16")})) == "xml_entities"
    other = (b"worksheets/sheet1.xml", b"worksheets/a.bin")
    assert refusal(changed({"xl/worksheets/a.bin": LAUGHS}, renamed=other)) == "xml_entities"
    assert refusal(changed({"content.xml": LAUGHS}, ods(ods_table()))) == "xml_entities"


def test_links_to_other_files() -> None:
    """A sheet that is in another file is not read."""
    target = b'Target="/xl/worksheets/sheet1.xml"'
    content = changed({}, renamed=(target, b'Target="file:///etc/passwd" TargetMode="External"'))
    assert content != changed({})
    assert refusal(content) in {"table_damaged", "no_such_sheet", "table_empty"}


GUESTS = '<row r="1"><c t="str"><v>a</v></c></row><row r="2"><c t="str"><v>x</v></c></row>'


@pytest.mark.slow
def test_a_million_empty_rows() -> None:
    """The rows that a sheet can have take no memory."""
    table = read(sheet_of(f'{GUESTS}{"<row><c/></row>" * 20_000}<row r="1048576"><c><v>1</v></c></row>'))
    assert [row.number for row in table.read_rows()] == [2, 1_048_576]
    far = read(ods(ods_table(ods_row(cell("a")), ods_row(cell("x")), ods_row("<table:table-cell/>", times=1_048_574))))
    assert [row.number for row in far.read_rows()] == [2]


def test_blanks_that_one_element_stands_for() -> None:
    """A few kilobytes of ODS are no cell of hundreds of megabytes."""
    assert refusal(ods(ods_table(ods_row(cell('<text:s text:c="1000000"/>' * 300))))) == "zip_bomb"
    table = read(ods(ods_table(ods_row(cell("a")), ods_row(cell('b<text:s text:c="3"/>c')))))
    assert [row.values for row in table.read_rows()] == [("b   c",)]


def test_rows_that_one_element_stands_for() -> None:
    """A few kilobytes of ODS are no table of a hundred million guests."""
    bomb = ods_row(cell("x"), times=1_048_576)
    assert refusal(ods(ods_table(ods_row(cell("a")), *[bomb] * 100))) == "zip_bomb"
    table = read(ods(ods_table(ods_row(cell("a")), ods_row(cell("x"), times=3))))
    assert [row.number for row in table.read_rows()] == [2, 3, 4]


LARGE = "x" * 1_200_000
"""A megabyte is no cell and no row."""


OTHER_ARCHIVE = io.BytesIO()
with ZipFile(OTHER_ARCHIVE, "w") as archive:
    archive.writestr("guests.csv", "a;b")
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
"""The beginning of a file of older programs, and of one with a password."""


def cell_of_ods(element: str) -> bytes:
    return ods(ods_table(ods_row(cell("a")), ods_row(f"<table:table-cell>{element}</table:table-cell>")))


def part_of_ods(text: str) -> bytes:
    return changed({"content.xml": text.encode()}, ods(ods_table()))


REFUSED: dict[tuple[str, str], Callable[[], bytes]] = {
    ("zip_bomb", "a text"): lambda: sheet_of(f'{GUESTS}<row><c t="inlineStr"><is><t>{"x" * 32_768}</t></is></c></row>'),
    ("zip_bomb", "a value"): lambda: sheet_of(f'{GUESTS}<row r="3"><c t="str"><v>{LARGE}</v></c></row>'),
    ("zip_bomb", "an attribute"): lambda: sheet_of(f'{GUESTS}<row r="3" x="{LARGE}"/>'),
    ("zip_bomb", "a comment"): lambda: sheet_of(f"{GUESTS}<!--{LARGE}-->"),
    ("zip_bomb", "cells"): lambda: sheet_of(f'{GUESTS}<row r="3">{"<c/>" * 300_000}</row>'),
    ("zip_bomb", "more cells than Excel has"): lambda: sheet_of(f"{GUESTS}<row>{'<c/>' * 20_000}</row>"),
    ("zip_bomb", "a comment in ODS"): lambda: cell_of_ods(f"<!--{LARGE * 2}-->"),
    ("zip_bomb", "an attribute in ODS"): lambda: cell_of_ods(f'<text:p x="{LARGE * 2}"/>'),
    ("zip_bomb", "paragraphs of ODS"): lambda: cell_of_ods("<text:p/>" * 32_768),
    ("zip_bomb", "elements in elements"): lambda: changed({SHEET: f"<worksheet>{'<a>' * 300_000}".encode()}),
    ("zip_bomb", "elements in elements of ODS"): lambda: part_of_ods(f"<x>{'<a>' * 300_000}"),
    ("zip_bomb", "a list of sheets"): lambda: changed(
        {"xl/workbook.xml": f"<workbook><!--{os.urandom(2**17).hex() * 65}--></workbook>".encode()}
    ),  # it is longer than the window in which deflate finds repetitions
    **{
        ("zip_bomb", f"a beginning{kind}, {begin}"): partial(make, f"{begin}{LARGE[:100_000]}")
        for begin in ("<!--", "<?x ", "<worksheet x='")
        for kind, make in (("", lambda text: changed({SHEET: text.encode()})), (" in ODS", part_of_ods))
    },
    ("zip_bomb", "many sheets"): lambda: ods("".join(ods_table(ods_row(cell("a")), name=f"{n}") for n in range(1_001))),
    ("zip_bomb", "a long name in ODS"): lambda: ods(ods_table(ods_row(cell("a")), name="SECRET" * 100)),
    ("zip_bomb", "a long name"): lambda: changed({}, renamed=(b'name="A"', b'name="' + b"SECRET" * 100 + b'"')),
    ("too_many_columns", "in ODS"): lambda: ods(ods_table(ods_row(cell("x", 'table:number-columns-repeated="16384"')))),
    ("too_many_columns", ""): lambda: sheet_of('<row r="1"><c r="XFD1" t="str"><v>SECRET</v></c></row>'),
    ("table_damaged", "a row before the first"): lambda: sheet_of(f'{GUESTS}<row r="-3"><c><v>1</v></c></row>'),
    ("table_damaged", "a row again"): lambda: sheet_of(f'{GUESTS}<row r="2"><c><v>1</v></c></row>'),
    ("table_damaged", "no archive"): lambda: b"PK\x03\x04 and no archive",
    ("table_damaged", "an old workbook"): lambda: COMPOUND,
    ("table_damaged", "no number"): lambda: ods(
        ods_table(ods_row(cell("SECRET", 'office:value-type="float" office:value="SECRET"')))
    ),
    **{
        ("table_damaged", f"broken XML, {part}"): partial(changed, {part: b"<worksheet><sheetData>SECRET</"})
        for part in (SHEET, "xl/workbook.xml", "xl/styles.xml")
    },
    ("table_empty", "no row"): lambda: xlsx(("A", [])),
    ("table_empty", "empty rows"): lambda: ods(ods_table(ods_row(times=1_048_576))),
    ("password_protected", ""): lambda: COMPOUND + "EncryptedPackage".encode("utf-16-le"),
    ("password_protected", "ODS"): lambda: ods(ods_table(), "<manifest:encryption-data/>"),
    ("markup", "HTML"): lambda: b"<html><table><tr><td>SECRET</td></tr></table></html>",
    ("markup", "XML"): lambda: "\ufeff<?xml version='1.0'?><Workbook/>".encode("utf-16-le"),
    ("unknown_format", "PDF"): lambda: b"%PDF-1.7 SECRET",
    ("unknown_format", "a picture"): lambda: b"\x89PNG\r\n\x1a\n",
    ("unknown_format", "a binary workbook"): lambda: changed({"xl/workbook.bin": b""}),
    ("unknown_format", "another archive"): OTHER_ARCHIVE.getvalue,
}
"""By the error's name and by what is wrong: how the file is made."""


@pytest.mark.parametrize(("name", "wrong"), REFUSED)
def test_what_is_refused(name: str, wrong: str) -> None:
    """No part is read whose parsing takes a hundred times its size, or minutes, whatever makes it large.

    A damaged file, one with a password and one of another kind are named as what they are, and no other text or row is
    read in place of one that is not there.
    """
    assert refusal(REFUSED[name, wrong]()) == name


def test_the_longest_text() -> None:
    """A cell may have as many characters as a spreadsheet program lets it have."""
    longest = "x" * 32_767
    table = read(sheet_of(f'{GUESTS}<row r="3"><c t="str"><v>{longest}</v></c></row>'))
    assert [row.values for row in table.read_rows()] == [("x",), (longest,)]


def test_one_large_shared_string() -> None:
    """The same for a text to which cells refer; many short ones are read, however many bytes they are together.

    A number below 0 is damage: no text from the end of the list is read for it.
    """

    def book(strings: str, number: int = 0) -> bytes:
        name = "xl/sharedStrings.xml"
        entry = f'<Relationship Id="t" Type="{SHARED_STRINGS}" Target="/{name}"/></Relationships>'.encode()
        rows = f'<row><c t="s"><v>{number}</v></c></row>' * 2
        content = changed({}, sheet_of(rows), renamed=(b"</Relationships>", entry))
        return changed({name: f'<sst xmlns="{MAIN}">{strings}</sst>'.encode()}, content)

    assert refusal(book(f"<si><t>{LARGE}</t></si>")) == "zip_bomb"
    assert refusal(book("<si><t>SECRET</t></si>", -1)) == "table_damaged"
    assert [row.values for row in read(book("<si><t>name</t></si>" * 100_000)).read_rows()] == [("name",)]


def styled(styles: int, code: str) -> bytes:
    """Return a workbook whose styles all have one format."""
    formats = f'<numFmts><numFmt numFmtId="200" formatCode="{code}"/></numFmts>'
    cells = '<xf numFmtId="200"/>' * styles
    text = f'<styleSheet xmlns="{MAIN}">{formats}<cellXfs>{cells}</cellXfs></styleSheet>'
    return changed({"xl/styles.xml": text.encode()})


def test_many_styles() -> None:
    """A few kilobytes with more styles, or a longer format, than Excel has are refused before a format is looked at."""
    assert refusal(styled(400_000, "[" * 255)) == "zip_bomb"
    assert len(list(read(styled(65_490, "[" * 255)).read_rows())) == 1
    assert refusal(styled(1, "[" * 256)) == "zip_bomb"


def test_many_long_formats() -> None:
    """Formats and numbers of formats that are too long are not kept in memory."""
    names = (f'numFmtId="{number}" formatCode="{"0" * 900_000}"' for number in range(15))
    formats = "".join(f"<numFmt {name}/>" for name in names)
    numbers = "".join(f'<xf numFmtId="{number}{"0" * 900_000}"/>' for number in range(15))
    for inside in (f"<numFmts>{formats}</numFmts>", f"<cellXfs>{numbers}</cellXfs>"):
        noise = os.urandom(2**18).hex()  # so that it does not look like a bomb
        part = f'<styleSheet xmlns="{MAIN}">{inside}<!--{noise}--></styleSheet>'
        content = changed({"xl/styles.xml": part.encode()})
        tracemalloc.start()
        table = read(content)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(list(table.read_rows())) == 1
        assert peak < 10 * 1024**2


def test_many_cells() -> None:
    """A row has as many cells as Excel lets it have, empty ones too."""
    assert len(list(read(sheet_of(GUESTS + f"<row>{'<c/>' * 16_384}</row>")).read_rows())) == 1


def test_what_follows_the_rows() -> None:
    """It is not parsed, however large it is, but a damaged part is noticed there, too."""
    rest = f"</sheetData><x>{LARGE}{LARGE}</x></worksheet>"
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{GUESTS}{rest}'.encode()
    content = changed({SHEET: sheet})
    assert [row.number for row in read(content).read_rows()] == [2]
    file = io.BytesIO(content)
    with ZipFile(file) as archive:
        checksum = archive.getinfo(SHEET).CRC.to_bytes(4, "little")
    assert refusal(content.replace(checksum, bytes(4))) == "table_damaged"


def test_truncated() -> None:
    """A file that was copied in part is refused as damaged, wherever it ends."""
    for end in range(10, len(BOOK), len(BOOK) // 12):
        assert refusal(BOOK[:end]) == "table_damaged"


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_memory_is_flat(kind: str) -> None:
    """Rows are not kept: thousands of them need little memory."""

    def content(count: int) -> bytes:
        if kind == "ods":
            return ods(ods_table(*[ods_row(cell("abc"), cell("b"))] * count))
        return sheet_of('<row><c t="str"><v>abc</v></c><c><v>1</v></c></row>' * count)

    table = read(content(9_000))
    tracemalloc.start()
    assert sum(1 for _ in table.read_rows()) == 9_000 - 1
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2 * 1024**2


def test_too_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file has so many rows that what is wrong with them fills the memory."""
    monkeypatch.setattr(rows_module, "_MOST_ROWS", 3)
    assert len(list(read(b"a,b\n" + b"x,y\n" * 3).read_rows())) == 3
    assert refusal(b"a,b\n" + b"x,y\n" * 4) == "table_too_large"


SLOW = {
    "xlsx": lambda: sheet_of('<row><c t="str"><v>SECRET</v></c></row>' * 60),
    "ods": lambda: ods(ods_table(*[ods_row(cell("SECRET"))] * 60)),
    "csv": lambda: b"a,b\nSECRET,c\n" * 60,
    "json": lambda: b'[{"guest": {}}' + b', {"guest": {}}' * 60 + b"]",
    "parts": lambda: changed({f"a/{number}": b"" for number in range(60)}),
    "formats": lambda: changed({"xl/styles.xml": many_formats(60)}),
    "empty rows": lambda: sheet_of(GUESTS + "<row/>" * 9_000 + f"<!--{LARGE[:1_000_000]}-->" * 2),
    "empty rows of ods": lambda: ods(ods_table(ods_row(cell("a")), "<table:table-row/>" * 100_000, ods_row(cell("b")))),
}


def many_formats(count: int) -> bytes:
    """Return styles that each have another format."""
    formats = "".join(f'<numFmt numFmtId="{number}" formatCode="0"/>' for number in range(200, 200 + count))
    cells = "".join(f'<xf numFmtId="{number}"/>' for number in range(200, 200 + count))
    return f'<styleSheet xmlns="{MAIN}"><numFmts>{formats}</numFmts><cellXfs>{cells}</cellXfs></styleSheet>'.encode()


@pytest.mark.parametrize("kind", SLOW)
def test_time(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of any kind is refused when its reading has taken twenty seconds of the processor, in every loop."""
    content = SLOW[kind]()
    seconds = itertools.count()
    monkeypatch.setattr(rows_module, "process_time", lambda: float(next(seconds)))
    with pytest.raises(TableRefused) as raised:
        list(open_source(content).read_rows())
    assert raised.value.name == "table_too_slow"
    assert raised.value.exit_code == Exit.DATA_REFUSED
    assert raised.value.advice


def test_time_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time in which rows are used does not count: checking and saving a hundred thousand guests takes minutes."""
    seconds = 0.0
    monkeypatch.setattr(rows_module, "process_time", lambda: seconds)
    for _row in read(b"a,b\n" + b"x,y\n" * 10).read_rows():
        seconds += 100
    assert seconds == 1000


@pytest.mark.parametrize("method", [ZIP_BZIP2, ZIP_LZMA])
def test_a_compression_that_no_workbook_has(method: int) -> None:
    """A damaged part of another compression is refused like any other one, also the part that says the format."""
    for content, name in ((BOOK, SHEET), (ods(ods_table()), "mimetype")):
        file = io.BytesIO(content)
        with ZipFile(file, "a", method) as archive, warnings.catch_warnings(action="ignore"):
            archive.writestr(name, b"x" * 100)
            place = archive.getinfo(name).header_offset
        damaged = file.getvalue()
        start = place + 30 + len(name)
        assert refusal(damaged[:start] + bytes(8) + damaged[start + 8 :]) == "table_damaged"
