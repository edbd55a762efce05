"""Text: as people type it, as editors and shells write it, and what a log may show of a value.

Text is compared without case, accents, spaces and punctuation, and with typing mistakes. `unicodedata` and `difflib`
are imported only for an accent and a mistyped word, because no command should wait for them.
"""

import codecs
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar


def without_accents(text: str) -> str:
    """Return the text in lower case, each letter without its accents (Unicode 3.13, definition D146)."""
    import unicodedata

    for _step in range(2):  # a compatibility character may stand for a capital letter
        text = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in text if not unicodedata.combining(character))


def fold(text: str) -> str:
    """Return only the letters and digits of a text, without case and accents: equal for texts that mean the same."""
    plain = text.casefold() if text.isascii() else without_accents(text)
    return plain if plain.isalnum() else "".join(filter(str.isalnum, plain))


def similarity(text: str, words: Iterable[str]) -> float:
    """Return how similar a text is to the most similar of some words, from 0 to 1 (equal)."""
    import difflib

    return max(difflib.SequenceMatcher(None, word, text).ratio() for word in words)


def close_matches(text: str, words: Sequence[str], *, limit: int = 3, least: float = 0.6) -> list[str]:
    """Return the words that are most similar to a text, best first, each with at least this similarity."""
    import difflib

    return difflib.get_close_matches(text, words, n=limit, cutoff=least)


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


_Class = TypeVar("_Class", bound=type[Any])


def repr_with(*names: str) -> Callable[[_Class], _Class]:
    """Return a decorator for a class whose ``repr`` shows only the attributes with these names; … stands for others.

    A ``repr`` may reach a log or an error report, and the other attributes are personal data.
    """

    def decorate(cls: _Class) -> _Class:
        def shown(self: object) -> str:
            values = [repr(getattr(self, name)) for name in names]
            return f"{cls.__name__}({', '.join([*values, '…'])})"

        cls.__repr__ = shown  # type: ignore[assignment]  # mypy reads it as bound already
        return cls

    return decorate
