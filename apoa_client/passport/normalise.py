"""MRZ lines as they are typed, pasted or scanned, made into lines as they are printed.

Only what is certain is changed: case, white space, line ends, what a terminal wraps a paste in, and characters that
no MRZ holds and that stand for one it does. Everything else is the reader's business, and is reported.
"""

import re
from collections.abc import Sequence

from apoa_client.passport.check_digits import ALPHABET

MAX_LENGTH = 1000
"""Characters; longer input is cut there, since it is no MRZ anyway."""

_LEGAL = re.compile(rf"[{ALPHABET}]*")

_BRACKETED_PASTE = re.compile("\x1b\\[20[01]~")

_DOUBLE = "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}"
"""An OCR writes it for two fillers, a person for one."""

_FILLERS = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}\N{LEFT ANGLE BRACKET}\N{LEFT-POINTING ANGLE BRACKET}("

_INVISIBLE = "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060"

_FULL_WIDTH = {code + 0xFEE0: chr(code).upper() for code in range(0x21, 0x7F)}

_TABLE = str.maketrans(
    {chr(code): chr(code).upper() for code in range(ord("a"), ord("z") + 1)}
    | {chr(code): character for code, character in _FULL_WIDTH.items()}
    | dict.fromkeys(_FILLERS, "<")
    | dict.fromkeys(_INVISIBLE, None)
)

CARD = (3, 30)
"""Lines and characters of an identity card (TD1), which must not be taken for a wrapped passport."""

_SLIPPED = 4
"""How far from its length a line may be and still be one whole line, with characters lost or doubled."""


def is_legal(lines: Sequence[str]) -> bool:
    """Whether the lines hold nothing but A to Z, 0 to 9 and fillers."""
    return _LEGAL.fullmatch("".join(lines)) is not None


def resembles(lines: tuple[str, ...], count: int, length: int) -> bool:
    """Whether these are `count` lines that each lost or doubled a few characters of `length` at most.

    If one lost what another won, they are not to be cut anew: all that follows would be shifted.
    """
    return len(lines) == count and all(abs(len(line) - length) <= _SLIPPED for line in lines)


def normalise(text: str | Sequence[str], count: int, length: int) -> tuple[str, ...]:
    """The lines that `text` means, without blanks, in capitals.

    They are `count` lines of `length` characters if that is what the text can be cut into, and otherwise the lines as
    they were given. Their characters are not checked.
    """
    lines = tuple(text.split() if isinstance(text, str) else text)
    if len(lines) == count and all(len(line) == length for line in lines) and is_legal(lines):
        return lines
    given = text if isinstance(text, str) else "\n".join(text)
    whole = _BRACKETED_PASTE.sub("", given[:MAX_LENGTH]).translate(_TABLE)
    once = _lines(whole.replace(_DOUBLE, "<"), count, length)
    if _DOUBLE not in whole or _fits(once, count, length):
        return once
    twice = _lines(whole.replace(_DOUBLE, "<<"), count, length)
    return twice if _fits(twice, count, length) else once


def _lines(text: str, count: int, length: int) -> tuple[str, ...]:
    lines = tuple(filter(None, ("".join(line.split()) for line in text.splitlines())))
    joined = "".join(lines)
    if len(joined) != count * length or resembles(lines, count, length) or resembles(lines, *CARD):
        return lines
    return tuple(joined[start : start + length] for start in range(0, len(joined), length))


def _fits(lines: tuple[str, ...], count: int, length: int) -> bool:
    return [len(line) for line in lines] == [length] * count
