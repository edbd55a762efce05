"""The width of text on a screen, and where a line may be broken.

A Chinese character takes two columns, a combining accent and a colour code none. What the user copies, such as a
command, stays on one line.
"""

import re
from collections.abc import Iterable, Iterator

import click

GROUPS = frozenset({"config", "pengaturan", "key", "kunci", "schedule", "jadwal"})
"""Commands that have subcommands."""

_WITH_NAME = frozenset({"--property", "--penginapan"})
"""Options whose value is a word like any other."""

_END = (".", ",", ";", ":", ")")

# Kept as text: re compiles it when it is first used, which `--version` never does.
_SIGN = r" *(?:\x1b\[[0-9;]*m)*[x!?-](?:\x1b\[0m)? (?=\S)"
_LABEL = r" *\S+(?: \S+)* {2,}(?=\S)"
_STYLE_OR_CHARACTER = r"\x1b\[[0-9;]*m|(?s:.)"
_JOINED = r"[^-]*-+|[^-]+"

_LONG = 8
"""A word of at most this length is not broken at a hyphen: "check-in"."""


def width(text: str) -> int:
    """Return the columns that a line takes."""
    shown = click.unstyle(text) if "\x1b" in text else text
    if shown.isascii():
        return len(shown)
    from rich.cells import cell_len  # for what is not ASCII

    return cell_len(shown)


def pad(text: str, columns: int) -> str:
    """Return a line with blanks at its end, up to a width."""
    return text + " " * (columns - width(text))


def wrap_line(line: str, columns: int) -> list[str]:
    """Break a line between words into lines of this width, each with the indent. A command stays whole if it fits.

    Text after a sign or a label is indented to the same column on each line if there is room beside it. A word that is
    too wide is left to the terminal: with a break of ours it could not be copied.
    """
    start = line[: len(line) - len(line.lstrip(" "))]
    found = re.match(_SIGN, line) or re.match(_LABEL, line)
    if found is not None:
        room = columns - width(found[0])
        if room >= columns // 3 and all(width(piece) <= room for piece in _pieces(line[found.end() :], room)):
            start = found[0]
    room = columns - width(start)
    lines = _filled(((" ", piece) for piece in _pieces(line[len(start) :], room)), room)
    return [(" " * width(start) if number else start) + each for number, each in enumerate(lines)]


def fold_cell(text: str, columns: int) -> list[str]:
    """Break a cell into lines no wider than this: between `break_points`; a part that is too wide where it must be."""
    pieces: list[tuple[str, str]] = []
    for glue, part in break_points(text):
        fitting = [part]
        if width(part) > columns:
            fitting = [piece for up_to_hyphen in re.findall(_JOINED, part) for piece in _cut(up_to_hyphen, columns)]
        pieces += [("" if number else glue, piece) for number, piece in enumerate(fitting)]
    return list(_filled(pieces, columns))


def break_points(text: str) -> Iterator[tuple[str, str]]:
    """Yield the parts between which a cell may be broken: words, and parts of long words with hyphens.

    A word with a digit, such as a receipt number, stays whole, and a path. Each part comes with the separator from the
    part before: a blank or nothing.
    """
    for word in text.split(" "):
        divisible = width(word) > _LONG and not re.search(r"[\d/\\]", click.unstyle(word))
        for number, part in enumerate(re.findall(_JOINED, word) if divisible else [word]):
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
            line = piece or None  # no line begins with a blank
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
    """Yield words, whole commands if they are not too wide, and a key with the first word of what it does."""
    words = body.split(" ")
    while words:
        length = _length_of_command(words)
        command = " ".join(words[:length])
        if width(command) > columns:
            length, command = 1, words[0]
        yield command
        del words[:length]


def _length_of_command(words: list[str]) -> int:
    """Return how many of the first words are a command to type, or a key as in "< = back"; 1 if they are neither."""
    if words[1:2] == ["="]:
        return min(len(words), 3)
    if click.unstyle(words[0]).lstrip("(\"'") != "apoa":
        return 1
    named = False
    of_option = False
    for length, word in enumerate(map(click.unstyle, words[1:]), 1):
        is_value = of_option or word.isupper() or "_" in word or any(character.isdigit() for character in word)
        of_option = word in _WITH_NAME
        if not (is_value or word.startswith(("-", "'", '"'))):
            if named:
                return length
            named = word not in GROUPS
        if word.endswith(_END):
            return length + 1
    return len(words)
