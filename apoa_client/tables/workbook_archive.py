"""Checks of a workbook, a ZIP archive of XML files, before its content is read: no library is given a bomb."""

import zlib
from collections.abc import Sequence
from typing import IO, Any
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile, ZipInfo

from apoa_client.messages import msg
from apoa_client.tables.content import Content, TableRefused, damaged

UNREADABLE = (BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
"""What reading a damaged or encrypted archive raises."""

_MOST_MEMBERS = 5_000
_MOST_UNPACKED = 2 * 1024**3
_MOST_RATIO = 200
MOST_OF_ONE_ROW = 1024**2
"""The bytes that one row, one text or one XML element may have: a parser needs a multiple of them, and more time."""
_MOST_BEFORE_ELEMENT = 65_536
"""The bytes of a part up to the end of its first tag. A parser searches what has not ended again with each piece."""
_SMALL = 10 * 1024**2
"""A member of up to this size may have any ratio."""
_MOST_OF_A_LIST = 2 * 1024**2
"""The bytes of a part that is read as a whole: the lists of parts, sheets and names."""
_MOST_SHEETS = 1000
_LONGEST_NAME = 255
MOST_MERGED = 65_536
"""No table of guests has more merged cells."""


class _BoundedReads:
    """A file that refuses to be read in large pieces: so is the list of an archive's parts, however many there are."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > _MOST_OF_A_LIST:
            raise too_large()
        return self._file.read(size)


class BoundedArchive(ZipFile):
    """An archive from which no large part is read as a whole, nor a long list of parts."""

    def __init__(self, file: IO[bytes]) -> None:
        """Read the list of parts. Raises `TableRefused` if it is too long."""
        bounded: Any = _BoundedReads(file)  # all that is called of a file
        super().__init__(bounded)

    def read(self, name: str | ZipInfo, pwd: bytes | None = None) -> bytes:
        """As the base class. Raises `TableRefused` for a large part."""
        if self.getinfo(name if isinstance(name, str) else name.filename).file_size > _MOST_OF_A_LIST:
            raise too_large()
        return super().read(name, pwd)


def check_names(sheets: Sequence[str]) -> None:
    """Raise `TableRefused` for more sheets, longer names or the same name twice than any workbook has."""
    if len(sheets) > _MOST_SHEETS or any(len(name) > _LONGEST_NAME for name in sheets):
        raise too_large()
    if len(set(sheets)) < len(sheets):
        raise damaged()


def check_archive(content: Content) -> None:
    """Check the size of what a workbook unpacks to, and its XML, before it is read. Raises `TableRefused`."""
    try:
        with content.open() as file, BoundedArchive(file) as archive:
            members = archive.infolist()
            unpacked = sum(member.file_size for member in members)
            if len(members) > _MOST_MEMBERS or unpacked > _MOST_UNPACKED or any(map(_is_bomb, members)):
                raise too_large()
            for member in members:  # of any name: a workbook says itself which ones are its sheets
                _check_xml(archive, member)
                content.time.check()
    except UNREADABLE as exc:
        raise damaged() from exc


def too_large() -> TableRefused:
    """Return the error for a workbook whose content is larger than that of any table."""
    return TableRefused(
        msg("The workbook was not opened: it unpacks to more than any table needs."),
        msg("It may be made to harm this computer. Delete it, or ask who sent it."),
        name="zip_bomb",
    )


def _is_bomb(member: ZipInfo) -> bool:
    return member.file_size > max(_SMALL, _MOST_RATIO * member.compress_size)


def _check_xml(archive: ZipFile, member: ZipInfo) -> None:
    """Read the XML up to its first element, before which the document type stands. Raises `TableRefused` for one.

    A document type can define entities, which expand to gigabytes or to the content of other files.
    """
    parser, begun = expat.ParserCreate(), []

    def refuse(*_: object) -> None:
        raise TableRefused(
            msg("The workbook was not opened: it defines XML entities, which no spreadsheet program does."),
            msg("It may be made to harm this computer. Delete it, or ask who sent it."),
            name="xml_entities",
        )

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda *_: begun.append(True)
    with archive.open(member) as file:
        while not begun and (piece := file.read(4096)):
            if file.tell() > _MOST_BEFORE_ELEMENT:
                raise too_large()
            try:
                parser.Parse(piece)
            except expat.ExpatError:
                if member.filename.endswith((".xml", ".rels")):
                    raise damaged() from None
                return
