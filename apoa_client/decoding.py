"""Text in the encodings that editors and shells write."""

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),  # as PowerShell 5 writes files
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def marked_encoding(content: bytes) -> str | None:
    """Return the encoding that a byte order mark at the beginning of `content` names; None without one."""
    return next((encoding for mark, encoding in _MARKS if content.startswith(mark)), None)


def find_encoding(content: bytes) -> str | None:
    """Return the encoding that a byte order mark names, else UTF-8 if `content` is valid in it; None otherwise."""
    if (marked := marked_encoding(content)) is not None:
        return marked
    try:
        content.decode()
    except UnicodeDecodeError:
        return None
    return "utf-8"


def decode_text(content: bytes, otherwise: str = "utf-8") -> str:
    """Return the text of `content`, without a byte order mark, and with line ends as in Python.

    `otherwise` is the encoding if `find_encoding` finds none. Raises `UnicodeDecodeError`, whose text has a byte of
    `content`.
    """
    text = content.decode(find_encoding(content) or otherwise)
    return text.replace("\r\n", "\n").replace("\r", "\n")
