"""How wide text is on a screen, and where it may be broken.

A Chinese sign takes two columns, an accent of its own none, and what colours text none either. What somebody will copy,
such as a command, stays on one line.
"""

import re
from collections.abc import Iterable, Iterator

import click

_FAMILIES = frozenset({"key"})
"""Commands that have commands of their own."""

_END = (".", ",", ";", ":", ")")

# Kept as text: re compiles it when it is first used, which `--version` never does.
_SIGN = r" *(?:\x1b\[[0-9;]*m)*[x!?-](?:\x1b\[0m)? (?=\S)"
_LABEL = r" *\S+(?: \S+)* {2,}(?=\S)"
_STYLE_OR_CHARACTER = r"\x1b\[[0-9;]*m|(?s:.)"
_JOINED = r"[^-]*-+|[^-]+"

_LONG = 8
"""No word is parted at a hyphen that is not longer: "check-in"."""

_MARK = "\u200e"


def width(text: str) -> int:
    """Columns that a line takes."""
    shown = click.unstyle(text) if "\x1b" in text else text
    if shown.isascii():
        return len(shown)
    from rich.cells import cell_len  # for what is not ASCII

    return cell_len(shown)


def pad(text: str, columns: int) -> str:
    """A line with blanks behind it, up to a width."""
    return text + " " * (columns - width(text))


def anchored_left(text: str) -> str:
    """A cell for a screen, with a mark behind letters that run from right to left: it keeps what follows where it is.

    A terminal that orders them would draw a number from the next column on their other side.
    """
    if text.isascii():
        return text
    import unicodedata  # as above

    turns = any(unicodedata.bidirectional(character) in {"R", "AL"} for character in text)
    return text + _MARK if turns else text


def wrap_line(line: str, columns: int) -> list[str]:
    """A line broken between words into lines of this width, each with its indent. A command stays whole where it can.

    What goes on behind a sign, or a label with a gap behind it, stands there on each line. A word that is too wide is
    left to the terminal: broken by us, it could not be copied.
    """
    lead = _lead(line, columns)
    room = columns - width(lead)
    lines = _filled(((" ", piece) for piece in _pieces(line[len(lead) :], room)), room)
    return [(" " * width(lead) if number else lead) + each for number, each in enumerate(lines)]


def _lead(line: str, columns: int) -> str:
    """What stands on the first line alone: a sign or a label where there is room beside it, and the indent."""
    indent = line[: len(line) - len(line.lstrip(" "))]
    found = re.match(_SIGN, line) or re.match(_LABEL, line)
    lead = found[0] if found is not None else indent
    room = columns - width(lead)
    fits = room >= columns // 3 and all(width(piece) <= room for piece in _pieces(line[len(lead) :], room))
    return lead if fits else indent


def fold_cell(text: str, columns: int) -> list[str]:
    """A cell broken into lines no wider than this: where `parts` may part where that can be, else anywhere."""
    pieces = (
        ("" if number else glue, piece)
        for glue, part in parts(text)
        for number, piece in enumerate(_cut(part, columns))
    )
    return list(_filled(pieces, columns))


def parts(text: str) -> Iterator[tuple[str, str]]:
    """What a cell may be broken between: words, and what hyphens join. Each with what parts it from the one before."""
    for word in text.split(" "):
        for number, part in enumerate(re.findall(_JOINED, word) if width(word) > _LONG else [word]):
            yield "" if number else " ", part


def _filled(pieces: Iterable[tuple[str, str]], columns: int) -> Iterator[str]:
    line: str | None = None
    for glue, piece in pieces:
        if line is None:
            line = piece
        elif width(line) + len(glue) + width(piece) <= columns:
            line += glue + piece
        else:
            yield line.rstrip(" ")
            line = piece or None  # further blanks would begin a line
    yield line or ""


def _cut(word: str, columns: int) -> Iterator[str]:
    part = ""
    for character in re.findall(_STYLE_OR_CHARACTER, word):
        if width(part + character) > columns and part:
            yield part
            part = ""
        part += character
    yield part


def _pieces(body: str, columns: int) -> Iterator[str]:
    """Words, and commands as a whole where they are not too wide."""
    words = body.split(" ")
    while words:
        length = _length_of_command(words)
        command = " ".join(words[:length])
        if width(command) > columns:
            length, command = 1, words[0]
        yield command
        del words[:length]


def _length_of_command(words: list[str]) -> int:
    """How many of the first words are a command that somebody will type: 1 where they are none."""
    if click.unstyle(words[0]).lstrip("(\"'") != "apoa":
        return 1
    named = False
    for length, word in enumerate(map(click.unstyle, words[1:]), 1):
        if not _given(word):
            if named:
                return length
            named = word not in _FAMILIES
        if word.endswith(_END):
            return length + 1
    return len(words)


def _given(word: str) -> bool:
    """Whether it looks like an option, a value, or the place of one; not like a word of a sentence."""
    return word.startswith(("-", "'", '"')) or word.isupper() or any(character.isdigit() for character in word)
