"""MRZ lines as they are typed, pasted or scanned, made into lines as they are printed.

Only what is certain is changed: case, white space, line ends, what a terminal wraps a paste in, and characters that
no MRZ holds and that stand for one it does. What was changed is told; everything else is the reader's business.
"""

import re
from collections.abc import Callable, Sequence
from enum import Enum
from operator import itemgetter
from typing import NamedTuple

from apoa_client.passport.check_digits import ILLEGAL, values
from apoa_client.passport.layouts import SIZES, Kind, Layout, format_of, layout_of
from apoa_client.passport.verify import failing_checks

MAX_LENGTH = 1000
"""Characters; longer input is cut there, since it is no MRZ anyway."""

MAX_LENGTH_DIFFERENCE = 4
"""How far from its length a line may be and still be one whole line, with characters lost or doubled."""

_BRACKETED_PASTE = re.compile("\x1b\\[20[01]~")

_DOUBLE = "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}"
"""An OCR writes it for two fillers, a person for one."""

_SINGLE = "(\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}\N{LEFT ANGLE BRACKET}\N{LEFT-POINTING ANGLE BRACKET}\u27e8"
_ESCAPED = "&lt;"

_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060"))
_CAPITALS = {code: chr(code).upper() for code in range(ord("a"), ord("z") + 1)}
_FULL_WIDTH = {code + 0xFEE0: chr(code) for code in range(0x21, 0x7F)}
_FILLERS = {ord(character): "<" for character in _SINGLE}

_K_RUN = re.compile("(?<=<)K{3,}(?![A-Z])")
"""An OCR takes fillers for K, and no name is three of them. Beside a letter, one of them may be the name's own."""


class Change(Enum):
    """What was done to make lines out of what was given."""

    INVISIBLE = "invisible"
    FULL_WIDTH = "full_width"
    FILLERS = "fillers"
    CAPITALS = "capitals"
    K_RUNS = "k_runs"
    BLANKS = "blanks"
    LINES = "lines"


class Given(NamedTuple):
    """Lines without blanks, in capitals, and what was changed to make them so. Their characters are not checked."""

    lines: tuple[str, ...]
    changes: tuple[Change, ...] = ()

    def __repr__(self) -> str:
        """The lines are personal data."""
        return f"Given({self.changes})"


def has_mrz_characters_only(text: str) -> bool:
    """Whether a text holds nothing but A to Z, 0 to 9 and fillers."""
    return ILLEGAL not in values(text)


def nearest_size(lines: Sequence[str]) -> Layout | None:
    """The likeliest size of lines that are not all as long as they should be; None where there is none.

    Each lost or doubled a few characters at most, or one of them at least is whole.
    """
    far = {
        size.name: (sum(abs(len(line) - size.length) for line in lines), size)
        for size in SIZES.values()
        if len(lines) == size.line_count and _nearly(lines, size.length)
    }
    return min(far.values(), key=itemgetter(0))[1] if far else None


def _nearly(lines: Sequence[str], length: int) -> bool:
    return all(abs(len(line) - length) <= MAX_LENGTH_DIFFERENCE for line in lines) or any(
        len(line) == length for line in lines
    )


def normalise(text: str | Sequence[str]) -> Given:
    """The lines that `text` means: those of a format, if it can be cut into them, and otherwise as they were given."""
    given = text if isinstance(text, str) else "\n".join(text)
    whole, changes = given[:MAX_LENGTH], []
    for change, step in _STEPS:
        changed = step(whole)
        if changed != whole:
            whole = changed
            changes.append(change)
    lines, cut = _lines(whole)
    return Given(lines, (*changes, *cut))


def replace_k_runs(layout: Layout, text: str) -> str:
    """The joined lines with fillers in place of each run of K in their names."""
    for field in layout.fields:
        if field.kind is Kind.NAMES:
            place = layout.at(field.span)
            names = _K_RUN.sub(lambda run: "<" * len(run[0]), text[place])
            text = text[: place.start] + names + text[place.stop :]
    return text


def _visible(text: str) -> str:
    return _BRACKETED_PASTE.sub("", text).translate(_INVISIBLE)


def _fillers(text: str) -> str:
    plain = text.replace(_ESCAPED, "<").replace(_ESCAPED.upper(), "<").translate(_FILLERS)
    if _DOUBLE not in plain:
        return plain
    return max((plain.replace(_DOUBLE, "<"), plain.replace(_DOUBLE, "<<")), key=_shape)


def _shape(text: str) -> tuple[bool, bool]:
    """Whether the lines are those of a format, and whether their characters together are as many."""
    lines = _solid(text.splitlines())
    joined = "".join(lines)
    return layout_of(lines, joined) is not None, len(joined) in SIZES


def _solid(lines: Sequence[str]) -> tuple[str, ...]:
    """Those that are not empty, without blanks."""
    return tuple("".join(line.split()) for line in lines if line.strip())


_STEPS: tuple[tuple[Change, Callable[[str], str]], ...] = (
    (Change.INVISIBLE, _visible),
    (Change.FULL_WIDTH, lambda text: text.translate(_FULL_WIDTH)),
    (Change.FILLERS, _fillers),
    (Change.CAPITALS, lambda text: text.translate(_CAPITALS)),
)


def _lines(text: str) -> tuple[tuple[str, ...], tuple[Change, ...]]:
    """The lines of a text, cut anew where their characters together are those of a format."""
    given = tuple(line.strip() for line in text.splitlines() if line.strip())
    lines = _solid(given)
    blanks = () if given == lines else (Change.BLANKS,)
    joined = "".join(lines)
    size = SIZES.get(len(joined))
    if size is None or layout_of(lines, joined) is not None:
        return lines, blanks
    if nearest_size(lines) is not None and not _reads(format_of(size, joined), joined):
        return lines, blanks
    return size.lines(joined), (*blanks, Change.LINES)


def _reads(layout: Layout, text: str) -> bool:
    """Whether most checks fit if the lines are cut anew.

    If one line lost what another won, they must not be: all that follows would be shifted.
    """
    return has_mrz_characters_only(text) and 2 * len(failing_checks(layout, text)) < len(layout.checks)
