"""The format of a file, found by its content: a name's ending is often wrong."""

import re

from apoa_client.decoding import marked_encoding
from apoa_client.messages import msg
from apoa_client.tables.content import Content
from apoa_client.tables.errors import TableRefused, damaged, encrypted
from apoa_client.tables.mrz_reader import looks_like_mrz
from apoa_client.tables.text_files import TextFile
from apoa_client.tables.workbook_archive import UNREADABLE, BoundedArchive

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""A Compound File: an old .xls, and what Excel makes of a workbook with a password ([MS-CFB], [MS-OFFCRYPTO])."""

_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OTHER = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"SQLite format 3")
_JSON = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\{\]])")
_MARKUP = re.compile(r"\s*<(?:!doctype|html|table|\?xml|head|body|meta|style)", re.IGNORECASE)
_FIRST_CHARACTERS = 1000


def find_format(content: Content) -> str:
    """Return ``csv``, ``xlsx``, ``ods``, ``json`` or ``mrz``.

    Raises `TableRefused` for a file of another kind that users often have in place of one of these.
    """
    head = content.head
    if head.startswith(_ZIP):
        return _format_of_archive(content)
    refuse_other_kinds(content)
    file = TextFile(content)
    with file.open() as text:
        if _JSON.match(text.read(_FIRST_CHARACTERS)):  # not line by line: a program may write JSON in one long line
            return "json"
    return "mrz" if looks_like_mrz(file.lines()) else "csv"


def refuse_other_kinds(content: Content) -> None:
    """Raise `TableRefused` for a file of a kind that cannot be read, with the way to make it readable."""
    head = content.head
    if head.startswith(_COMPOUND):
        raise encrypted() if _contains(content, _ENCRYPTED) else _old_workbook()
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
    try:
        with content.open() as file, BoundedArchive(file) as archive:
            names = set(archive.namelist())
            kind = archive.open("mimetype").read(100) if "mimetype" in names else b""
    except UNREADABLE:
        raise damaged() from None
    if kind == b"application/vnd.oasis.opendocument.spreadsheet":
        return "ods"
    if "[Content_Types].xml" in names and "xl/workbook.bin" not in names:
        return "xlsx"
    raise TableRefused(
        msg("The file is an archive (ZIP) or a document of another kind, not a workbook."),
        msg("Nothing was saved. Unpack an archive first, or save the table as .xlsx or .csv."),
        name="unknown_format",
    )


def _contains(content: Content, wanted: bytes) -> bool:
    before = b""
    with content.open() as file:
        while piece := file.read(1 << 20):
            if wanted in before + piece:
                return True
            before = piece[-len(wanted) :]
    return False


def _old_workbook() -> TableRefused:
    return TableRefused(
        msg("The file is a workbook of an old kind (.xls)."),
        msg("Nothing was saved. Open it in a spreadsheet program and save it as .xlsx."),
        name="old_workbook",
    )
