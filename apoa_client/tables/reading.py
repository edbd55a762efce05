"""Reading a file: its content says what kind it is, whatever its name says, and a reader opens it."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from apoa_client.decoding import marked_encoding
from apoa_client.messages import msg
from apoa_client.tables.cell_words import fill_ditto_marks
from apoa_client.tables.content import Content, TableRefused, TextFile, encrypted
from apoa_client.tables.csv_files import open_csv
from apoa_client.tables.json_reader import open_json
from apoa_client.tables.rows import Records, Table
from apoa_client.tables.sheets import ANY_SHEET, SheetChoice
from apoa_client.tables.workbook_archive import opened_archive

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
            return open_csv(source, choice)
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
            return open_json(source)


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
    if _MARKUP.match(head.decode(marked_encoding(head) or "latin-1", "ignore")):
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
