"""Reading a file: its content says what kind it is, whatever its name says. CSV and JSON are read here.

The encoding and the delimiter of a CSV file are found out, and shown. Excel separates by the semicolon where the comma
is the decimal sign, may say so in a first line ``sep=;``, and writes UTF-16 as "Unicode text" and Windows-1252 as
"CSV".

JSON is that of the contract: a list of reports, one report, or the JSON of `apoa list`. A report is an object with
`guest` and `stay`. Its other members, which this program writes beside them, are ignored, but for `check_out`, the time
when the guest left, and `stay_state`, which may say that the stay was cancelled.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, repeat
from pathlib import Path
from types import MappingProxyType

from apoa_client.messages import msg
from apoa_client.report.fields import FIELDS
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.report_input import parse_report_input
from apoa_client.tables.cells import CANCELLED, fill_ditto_marks
from apoa_client.tables.rows import (
    MARK_BYTES,
    MOST_COLUMNS,
    CellValue,
    Content,
    GuestRow,
    Records,
    Row,
    SourceFacts,
    Table,
    TableRefused,
    TextFile,
    as_value,
    encrypted,
    too_many_columns,
)
from apoa_client.tables.sheets import ANY_SHEET, Sheet, SheetChoice, table_of
from apoa_client.tables.workbook_archive import opened_archive
from apoa_client.texts import marked_encoding

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""A Compound File: an old .xls, and what Excel makes of a workbook with a password ([MS-CFB], [MS-OFFCRYPTO])."""
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_DOCUMENTS = tuple(name.encode("utf-16-le") for name in ("WordDocument", "PowerPoint Document", "__substg1.0"))
"""The names of parts that Word, PowerPoint and Outlook write. Those of .xls files are at the end, which may be cut."""
_OTHER = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"SQLite format 3")
_JSON = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\{\]])")
_MARKUP = re.compile(r"\s*<(?:!doctype|html|table|\?xml|head|body|meta|style)", re.IGNORECASE)
_MRZ_LINE = re.compile(r"^[^,;\t|\"]*\b[A-Z][A-Z<]{4}[A-Z0-9<]{25,39}\s*$", re.MULTILINE)
"""A line of a passport without a table's cells beside it."""

_FIRST_CHARACTERS = 1000
DELIMITERS = ",;\t|"
_NO_DELIMITER = "\x1f"
_SEP_LINE = re.compile(r"\"?sep=([^\r\n\"])\"?\s*", re.IGNORECASE)
_FORCED_TEXT = re.compile(r'="((?:[^"]|"")*)"')
"""A cell that a program wrote as a formula so that Excel keeps its zeros. It is a text; nothing is calculated."""
_SAMPLE_ROWS = 50
_MEMBERS = {"guest", "stay"}
_CHECK_OUT = "check_out"
_STAY_STATE = "stay_state"
_CANCELLED = ("cancelled", "withdrawn")
_MOST_JSON_BYTES = 16 * 1024 * 1024
"""Of 17,000 reports. What is made of them takes ten times the memory, and of hostile JSON thirty times."""


def open_source(
    content: Path | bytes,
    format: str = "",  # noqa: A002  the option's name
    choice: SheetChoice = ANY_SHEET,
    environ: Mapping[str, str] = MappingProxyType({}),
) -> Table | Records:
    """Return what can be read from a file, or from bytes: a table with headings, or rows with known fields.

    `format` is ``csv``, ``xlsx``, ``ods``, ``xls`` or ``json``; it is found out if it is empty. `choice` is what the
    user says about sheets and headings, `environ` the environment of the process that reads an .xls file.

    Raises `TableRefused` for a file that cannot be read, `TablesMissing` if the extra `tables` is needed and not
    installed. `read_rows` of the result raises them, too.
    """
    source = Content(content)
    opened = _opened(source, format, choice, environ)
    source.time.pause()
    if isinstance(opened, Table):
        table = opened
        return table._replace(read_rows=lambda: fill_ditto_marks(source.time.rows(table.read_rows())))
    records = opened
    return records._replace(read_rows=lambda: source.time.rows(records.read_rows()))


def _opened(source: Content, format: str, choice: SheetChoice, environ: Mapping[str, str]) -> Table | Records:  # noqa: A002  the option's name
    if format:
        refuse_other_kinds(source)
    match format or find_format(source):
        case "csv":
            return _open_csv(source, choice)
        case "xlsx":
            from apoa_client.tables.xlsx_reader import open_xlsx

            return open_xlsx(source, choice)
        case "ods":
            from apoa_client.tables.ods_reader import open_ods

            return open_ods(source, choice)
        case "xls":
            from apoa_client.tables.xls_reader import open_xls

            return open_xls(source, choice, environ)
        case _:
            return _open_json(source)


def find_format(content: Content) -> str:
    """Return ``csv``, ``xlsx``, ``ods``, ``xls`` or ``json``.

    Raises `TableRefused` for a file of another kind that users often have in place of one of these.
    """
    head = content.head
    if head.startswith(_ZIP):
        return _format_of_archive(content)
    refuse_other_kinds(content)
    if head.startswith(_COMPOUND):
        return "xls"
    with TextFile(content).open() as text:
        first = text.read(_FIRST_CHARACTERS)  # not line by line: a program may write JSON in one long line
    if _JSON.match(first):
        return "json"
    if _MRZ_LINE.search(first):
        raise TableRefused(
            msg("The file has the lines of passports (MRZ), as the log of a passport reader. Such logs are not read."),
            msg("Nothing was saved. Scan each passport into apoa report, or give its lines to: apoa report --mrz -"),
            name="mrz_log",
        )
    return "csv"


def refuse_other_kinds(content: Content) -> None:
    """Raise `TableRefused` for a file of a kind that cannot be read, with the way to make it readable."""
    head = content.head
    if head.startswith(_COMPOUND):
        if _ENCRYPTED in content.whole:
            raise encrypted()
        if any(name in content.whole for name in _DOCUMENTS):
            raise _other_document()
    if head.startswith(_OTHER):
        raise TableRefused(
            msg("The file is no table: it is a PDF, a picture, an archive or a database."),
            msg("Nothing was saved. Export the table as .xlsx or .csv."),
            name="unknown_format",
        )
    if _MARKUP.match(head.decode(marked_encoding(head[:MARK_BYTES]) or "latin-1", "ignore")):
        raise TableRefused(
            msg("The file is a web page or XML, even if its name says .xls."),
            msg("Nothing was saved. Open it in a spreadsheet program and save it as .xlsx or .csv."),
            name="markup",
        )


def _format_of_archive(content: Content) -> str:
    with opened_archive(content) as archive:
        names = set(archive.namelist())
        kind = archive.open("mimetype").read(100) if "mimetype" in names else b""
    if kind == b"application/vnd.oasis.opendocument.spreadsheet":
        return "ods"
    if "[Content_Types].xml" in names and "xl/workbook.bin" not in names:
        return "xlsx"
    raise _other_document()


def _other_document() -> TableRefused:
    return TableRefused(
        msg("The file is an archive (ZIP) or a document of another kind, not a workbook."),
        msg("Nothing was saved. Unpack an archive first, or save the table as .xlsx or .csv."),
        name="unknown_format",
    )


def _open_csv(content: Content, choice: SheetChoice) -> Table:
    """Return the table in a CSV file. Its `read_rows` raises `TableRefused`, as this function, for one that is damaged.

    The number of a row is the one that Excel shows: a cell with line breaks is in one row, and ``sep=`` in none.
    """
    file = TextFile(content)
    sample = list(islice(file.lines(), _SAMPLE_ROWS))
    said = _SEP_LINE.fullmatch("".join(sample[:1]))
    delimiter = said[1] if said else find_delimiter(sample)

    def read(_sheets: Sequence[str]) -> Iterator[Row]:
        return _rows(islice(file.lines(), 1 if said else 0, None), delimiter)

    first = list(islice(read(()), choice.first_rows))
    return table_of(SourceFacts("csv", file.encoding, delimiter), [Sheet("", first)], read, choice)


def find_delimiter(sample: Sequence[str]) -> str:
    """Return the character between the cells of these lines, or "" where each line is one cell.

    It is the one with which the largest share of rows has an equal number of cells, and the most cells where two are
    equal. Lines above the headings have other numbers of cells.
    """
    best, delimiter = (0.0, 1), ""
    for each in DELIMITERS:
        widths = Counter(_widths(sample, each))
        for width, count in widths.items():
            if width > 1 and (count / widths.total(), width) > best:
                best, delimiter = (count / widths.total(), width), each
    return delimiter


def _widths(sample: Sequence[str], delimiter: str) -> Iterator[int]:
    """Yield the number of cells of each row, and 0 for each line from the first that cannot be read on."""
    reader = csv.reader(sample, delimiter=delimiter, strict=True)
    try:
        for row in reader:
            yield len(row)
    except csv.Error:
        yield from repeat(0, len(sample) - reader.line_num)


def _rows(lines: Iterator[str], delimiter: str) -> Iterator[Row]:
    """Yield the rows that are not empty. Raises `TableRefused` for a quotation mark that is not closed."""
    reader = csv.reader(lines, delimiter=delimiter or _NO_DELIMITER, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader, None)
        except csv.Error:
            raise TableRefused(
                msg("Row {row}: a cell's quotation mark is not closed, or text follows it.", row=number),
                msg("Nothing was saved. Correct the row in a text editor, or export the table as .xlsx."),
                name="unclosed_quote",
            ) from None
        if cells is None:
            return
        if any(cells[MOST_COLUMNS:]):
            raise too_many_columns()
        values = tuple(map(_value, cells[:MOST_COLUMNS]))
        if any(value is not None for value in values):
            yield Row(number, values)


def _value(text: str) -> CellValue:
    if text.startswith('="') and (match := _FORCED_TEXT.fullmatch(text)):
        text = match[1].replace('""', '"')
    return as_value(text)


def _open_json(content: Content) -> Records:
    """Return the reports in a JSON file. Raises `TableRefused` for a file that is no JSON, or too large."""
    file = TextFile(content)
    if len(content.whole) > _MOST_JSON_BYTES:
        raise TableRefused(
            msg("The file is too large: over {limit} MB.", limit=_MOST_JSON_BYTES // 1024**2),
            msg("Nothing was saved. Split it into several files."),
            name="table_too_large",
        )
    with file.open() as text:
        reports = _reports(text.read())
    return Records(
        SourceFacts("json", file.encoding),
        lambda: (_guest_row(number, place, value) for number, (place, value) in enumerate(reports, 1)),
    )


def _reports(text: str) -> list[tuple[str, object]]:
    """Return each report with its place: the path in the file (RFC 9535)."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as exc:
        if exc.msg == "Extra data" and text[exc.pos] == "{":
            raise TableRefused(
                msg("The file has several reports without a list around them (JSON Lines). Such files are not read."),
                msg("Nothing was saved. Export the reports as one list, in square brackets with commas between them."),
                name="json_lines",
            ) from None
        raise _no_json(exc.lineno) from None
    except (ValueError, RecursionError):  # a number of thousands of digits, and lists in lists
        raise _no_json(1) from None
    path = "$"
    if isinstance(document, dict) and isinstance(document.get("reports"), list):
        path, document = "$.reports", document["reports"]
    if not isinstance(document, list):
        return [("$", document)]
    return [(f"{path}[{index}]", value) for index, value in enumerate(document)]


def _no_json(line: int) -> TableRefused:
    return TableRefused(
        msg("Line {line} of the file is no valid JSON.", line=line),
        msg("Nothing was saved. Export the file again; the form is that of the contract: apoa help contract"),
        name="invalid_json",
    )


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
