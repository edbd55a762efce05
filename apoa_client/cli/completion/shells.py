"""The shells: their scripts, what the scripts ask, and how each of them is answered.

A script calls the program with `_APOA_COMPLETE` set to ``SHELL_complete``, as click's scripts do (click's own complete
no ``--option=value``, no names in a second language and no value with a blank). The answer is a line, ``words`` or
``files PREFIX``, and a line for each word that fits: the word, a tab, its description.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from apoa_client.cli.completion.offers import Offers
from apoa_client.cli.terminal.output import sanitize

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


SHELLS = ("bash", "zsh", "fish", "powershell")
_ONLY_LISTED = "63"
_LISTING = frozenset({_ONLY_LISTED, "33", "64"})
"""Bash's COMP_TYPE where it shows a list of the words: ?, ! and @. The last two also insert what they begin with."""
_BASH_SPECIAL = frozenset(" \t\"'`\\$&|;<>()*?[]{}!#~")
_IN_DOUBLE_QUOTES = {**{character: f"\\{character}" for character in '"\\$`'}, "!": "\"'!'\""}
"""What stands for a character between double quotes, where bash still expands some. A ! would keep its backslash."""


def script(shell: str) -> str:
    """Return the script that makes a shell complete `apoa`."""
    return Path(__file__).with_name("scripts").joinpath(f"apoa.{shell}").read_text(encoding="utf-8")


def asked(shell: str, environ: Mapping[str, str]) -> CommandLine:
    """Return the command line that a script wants to be completed."""
    if shell == "bash":
        return parse_line(environ.get("_APOA_LINE", ""))
    words, current = environ.get("_APOA_WORDS", "").split("\n"), environ.get("_APOA_CURRENT", "")
    # fish gives the word at the cursor as it was typed, the others without quotes
    return CommandLine(tuple(words[1:]), split(current)[1] if shell == "fish" else Word(current))


def answer(shell: str, offers: Offers, current: Word, environ: Mapping[str, str]) -> str:
    """Return what a script reads."""
    if offers.files:
        return f"files {offers.prefix}\n"
    words = [(offers.prefix + sanitize(word), sanitize(description)) for word, description in offers.words]
    lines = _bash_lines(words, current, environ) if shell == "bash" else map("\t".join, words)
    return "".join(f"{line}\n" for line in ("words", *lines))


def _bash_lines(words: Sequence[tuple[str, str]], current: Word, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the words as bash inserts them, and, where it lists several, with their descriptions.

    Bash replaces only what follows the last of COMP_WORDBREAKS, and quotes nothing by itself: a room with a `$` in its
    name would be run as a command.
    """
    breaks = environ.get("_APOA_BREAKS", "")
    done = 0
    if not current.quote:
        done = 1 + max((current.text.rfind(character) for character in "=:" if character in breaks), default=-1)
    listing = environ.get("_APOA_TYPE", "") if len(words) > 1 else ""
    for word, description in words:
        rest = word[done:]
        text = rest if listing == _ONLY_LISTED else _quoted_for_bash(rest, current.quote)
        yield f"{text}  ({description})" if description and listing in _LISTING else text


def _quoted_for_bash(text: str, quote: str) -> str:
    """Return a text that bash reads as it is, behind a quotation mark that is open, or none."""
    if not quote:
        return "".join(f"\\{character}" if character in _BASH_SPECIAL else character for character in text)
    special = {"'": "'\\''"} if quote == "'" else _IN_DOUBLE_QUOTES
    quoted = "".join(special.get(character, character) for character in text)
    return quoted + quote if quoted.endswith(quote) else quoted  # bash takes such an end for the closing mark
