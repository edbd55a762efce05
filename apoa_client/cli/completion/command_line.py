"""Reads the words of an unfinished command line, as a POSIX shell or fish would."""

import re
from typing import NamedTuple

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_ESCAPABLE_IN_DOUBLE_QUOTES = '"\\$`'


class Word(NamedTuple):
    """A word of the command line without its quotes. `quote` is the quotation mark that is still open in it."""

    text: str
    quote: str = ""


class CommandLine(NamedTuple):
    """The arguments before the cursor, and the unfinished word at the cursor, which may be empty."""

    arguments: tuple[str, ...]
    current: Word


def parse_line(line: str) -> CommandLine:
    """Return the arguments of a command line up to the cursor, without assignments and the command in front."""
    words, current = split(line)
    while words and _ASSIGNMENT.match(words[0]):
        del words[0]
    return CommandLine(tuple(words[1:]), current)


def split(line: str) -> tuple[list[str], Word]:
    """Return the finished words of a line and the last one, which is empty after a blank."""
    words: list[str] = []
    word, quote, begun = "", "", False
    characters = iter(line)
    for character in characters:
        if character == "\\" and quote != "'":
            word += _escaped(next(characters, ""), quote)
        elif quote:
            if character == quote:
                quote = ""
            else:
                word += character
            continue
        elif character in "'\"":
            quote = character
        elif character.isspace():
            words += [word] if begun else []
            word, begun = "", False
            continue
        else:
            word += character
        begun = True
    return words, Word(word, quote)


def _escaped(character: str, quote: str) -> str:
    """Return what a backslash before this character means."""
    return character if not quote or character in _ESCAPABLE_IN_DOUBLE_QUOTES else f"\\{character}"
