"""The parts of a workbook, a ZIP archive of XML files, read within bounds: no bomb fills the memory or takes hours."""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, TypeAlias
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from apoa_client.messages import msg
from apoa_client.tables.rows import Content, TableRefused, TimeLimit, damaged

Attributes: TypeAlias = "dict[str, str]"
"""The attributes of an element. The name of one in a namespace is that of the namespace, a blank, and its own."""

PIECE = 1 << 16
_UNREADABLE = (
    *(BadZipFile, zlib.error, expat.ExpatError, EOFError, OSError, ValueError, LookupError, NotImplementedError),
    RuntimeError,
)
"""What reading a damaged or encrypted archive, and what is wrong in it, raises."""

_MOST_MEMBERS = 5_000
_MOST_UNPACKED = 2 * 1024**3
_MOST_RATIO = 200
_MOST_OF_AN_ELEMENT = 1024**2
"""The bytes of one tag or comment: a parser needs a multiple of them, and more time."""
_DEEPEST = 256
"""Elements in elements: a parser keeps each one that is open in memory. No workbook has over thirty."""
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


class _BoundedArchive(ZipFile):
    """An archive without a long list of parts, from which no large part is read as a whole."""

    def __init__(self, file: IO[bytes]) -> None:
        bounded: Any = _BoundedReads(file)  # all that is called of a file
        super().__init__(bounded)
        if any(member.compress_type not in {ZIP_STORED, ZIP_DEFLATED} for member in self.infolist()):
            raise damaged()  # no workbook has another method (ECMA-376-2 B.4), and each raises errors of its own

    def read(self, name: str | ZipInfo, pwd: bytes | None = None) -> bytes:
        """As the base class. Raises `TableRefused` for a large part."""
        if self.getinfo(name if isinstance(name, str) else name.filename).file_size > _MOST_OF_A_LIST:
            raise too_large()
        return super().read(name, pwd)


@contextmanager
def opened_archive(content: Content) -> Iterator[ZipFile]:
    """Open an archive. Raises `TableRefused` for a bomb, and for whatever is damaged that is read while it is open."""
    try:
        with _BoundedArchive(content.open()) as archive:
            yield archive
    except _UNREADABLE as exc:
        raise damaged() from exc


class Handler:
    """What a parser calls: does nothing with any element."""

    done = False
    """Whether the rest of the part is not needed."""

    def start(self, name: str, attributes: Attributes) -> None:
        """Take the beginning of an element."""

    def end(self, name: str) -> None:
        """Take the end of an element."""

    def text(self, text: str) -> None:
        """Take a piece of text."""


def parse_part(archive: ZipFile, name: str, handler: Handler, limit: TimeLimit) -> Iterator[None]:
    """Give the elements of a part to a handler, and yield after each piece.

    Also what is not needed is read to the end, where the checksum is compared.
    """
    depth = 0

    def start(name: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise too_large()
        handler.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(name)

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = handler.text
    fed = 0
    with archive.open(name) as file:
        while piece := file.read(PIECE):
            limit.check()
            if handler.done:
                continue
            parser.Parse(piece)
            fed += len(piece)
            if fed - parser.CurrentByteIndex > _MOST_OF_AN_ELEMENT:  # an element that does not end
                raise too_large()
            yield
    if not handler.done:
        parser.Parse(b"", True)  # noqa: FBT003  expat's: it is the last piece
        yield


class _Elements(Handler):
    def __init__(self) -> None:
        self.found: list[tuple[str, Attributes]] = []

    def start(self, name: str, attributes: Attributes) -> None:
        self.found.append((name.rpartition(" ")[2], attributes))


def elements_of(archive: ZipFile, name: str, limit: TimeLimit) -> list[tuple[str, Attributes]]:
    """Return the elements of a part, by their names without the namespace. Raises `TableRefused` for a long part."""
    if archive.getinfo(name).file_size > _MOST_OF_A_LIST:
        raise too_large()
    elements = _Elements()
    for _ in parse_part(archive, name, elements, limit):
        pass
    return elements.found


def check_names(sheets: Sequence[str]) -> None:
    """Raise `TableRefused` for more sheets, longer names or the same name twice than any workbook has."""
    if len(sheets) > _MOST_SHEETS or any(len(name) > _LONGEST_NAME for name in sheets):
        raise too_large()
    if len(set(sheets)) < len(sheets):
        raise damaged()


def check_archive(content: Content) -> None:
    """Check the size of what a workbook unpacks to, and its XML, before it is read. Raises `TableRefused`."""
    with opened_archive(content) as archive:
        members = archive.infolist()
        unpacked = sum(member.file_size for member in members)
        has_bomb = any(each.file_size > max(_SMALL, _MOST_RATIO * each.compress_size) for each in members)
        if len(members) > _MOST_MEMBERS or unpacked > _MOST_UNPACKED or has_bomb:
            raise too_large()
        for member in members:  # of any name: a workbook says itself which ones are its sheets
            _check_xml(archive, member)
            content.time.check()


def too_large() -> TableRefused:
    """Return the error for a workbook whose content is larger than that of any table."""
    return TableRefused(
        msg("The workbook was not opened: it unpacks to more than any table needs."),
        msg("It may be made to harm this computer. Delete it, or ask who sent it."),
        name="zip_bomb",
    )


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
