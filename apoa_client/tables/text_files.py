"""Text files of tables: their encoding is found out, and they are read line by line."""

import io
from collections.abc import Iterator
from typing import TextIO

from apoa_client.decoding import marked_encoding
from apoa_client.messages import msg
from apoa_client.tables.content import Content
from apoa_client.tables.errors import TableRefused

_PIECE = 1 << 16
_MOST_CHARACTERS = 1_000_000
"""A longer line is in no table."""

_NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252",
}


class TextFile:
    """A file in the encoding that was found out. `encoding` is its name for users.

    Raises `TableRefused` if the bytes are no text.
    """

    def __init__(self, content: Content) -> None:
        self._content = content
        self._codec = _find_codec(content)
        self.encoding = _NAMES[self._codec]

    def __repr__(self) -> str:
        """Return a text without personal data."""
        return f"TextFile({self.encoding})"

    def open(self) -> TextIO:
        """Return the text from its beginning, with the line ends that it has."""
        return _open(self._content, self._codec)

    def lines(self) -> Iterator[str]:
        """Yield the lines with their ends. Raises `TableRefused` for a line that is too long for a table."""
        with self.open() as file:
            while line := file.readline(_MOST_CHARACTERS):
                self._content.time.check()
                if len(line) == _MOST_CHARACTERS:
                    raise TableRefused(
                        msg("The file is no table: it has a line of over a million characters."), name="table_damaged"
                    )
                yield line


def _find_codec(content: Content) -> str:
    """Return the encoding that a byte order mark names, else UTF-8, UTF-16 or Windows-1252, whichever is valid.

    Windows-1252 is tried last, because most bytes are valid in it. UTF-16 has a zero beside each Latin letter.
    """
    head = content.head
    zeros = [head[start::2].count(0) * 4 > len(head) for start in (0, 1)]
    marked = marked_encoding(head) or ("utf-16-be" if zeros[0] else "utf-16-le" if zeros[1] else None)
    for codec in [marked] if marked else ["utf-8", "cp1252"]:
        if _is_valid(content, codec):
            return codec
    raise TableRefused(
        msg("The file is no text: its characters cannot be read."),
        msg("Nothing was saved. Export it again as CSV in UTF-8, or as .xlsx."),
        name="unknown_encoding",
    )


def _is_valid(content: Content, codec: str) -> bool:
    try:
        with _open(content, codec) as file:
            while piece := file.read(_PIECE):
                if "\0" in piece:
                    return False
    except UnicodeError:
        return False
    return True


def _open(content: Content, codec: str) -> TextIO:
    return io.TextIOWrapper(content.open(), codec, newline="")
