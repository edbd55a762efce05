"""Normalisation of MRZ lines that were typed, pasted or scanned.

It changes only what is certain: case, white space, line ends, the order of the lines, the marks that a terminal puts
around pasted text, and characters that are not in the MRZ's alphabet and stand for one that is. It also returns what
was changed.
"""

import re
from collections.abc import Callable, Sequence
from enum import Enum
from operator import itemgetter
from typing import NamedTuple

from apoa_client.passport.check_digits import ILLEGAL, character_values, failing_checks
from apoa_client.passport.layouts import SIZES, TD1, TD3, Kind, Layout, format_of, layout_of
from apoa_client.passport.states import by_code
from apoa_client.texts import repr_with

MAX_LENGTH = 1000
"""Characters; longer input is cut, because it is no MRZ."""

MAX_LENGTH_DIFFERENCE = 4
"""How many characters a line may have lost or doubled and still be read as one whole line."""

_PASSPORT = "P"

_CODES = "PACIV"
"""The letters with which an MRZ begins."""

_DATES_OF_CARD = "[0-9<]{6}[0-9][MFX<][0-9]{6}"
"""The beginning of a TD1's second line."""

_MIN_DIGITS = 8
"""A line with two dates has at least so many digits more than a line with names."""

_BRACKETED_PASTE = "\x1b\\[20[01]~"

_DOUBLE = "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}"
"""OCR software writes it for two fillers, a person for one."""

_SINGLE = "(\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}\N{LEFT ANGLE BRACKET}\N{LEFT-POINTING ANGLE BRACKET}\u27e8"

_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060"))
_CAPITALS = {code: chr(code).upper() for code in range(ord("a"), ord("z") + 1)}
_FULL_WIDTH = {code + 0xFEE0: chr(code) for code in range(0x21, 0x7F)}
_FILLERS = {ord(character): "<" for character in _SINGLE}

_K_RUN = "(?<=<)K{3,}(?![A-Z])"
"""OCR software reads fillers as K, and no name is three K. Next to a letter, one K may be part of the name."""


class Change(Enum):
    """A change that normalisation made."""

    INVISIBLE = "invisible"
    FULL_WIDTH = "full_width"
    FILLERS = "fillers"
    CAPITALS = "capitals"
    K_RUNS = "k_runs"
    BLANKS = "blanks"
    LINES = "lines"
    ORDER = "order"


@repr_with("changes")
class NormalisedLines(NamedTuple):
    """Lines in capitals and without blanks, and the changes that were made. Their characters are not checked."""

    lines: tuple[str, ...]
    changes: tuple[Change, ...] = ()


def has_mrz_characters_only(text: str) -> bool:
    """Return whether a text contains only A to Z, 0 to 9 and fillers."""
    return ILLEGAL not in character_values(text)


def is_of_passport(line: str) -> bool:
    """Return whether a line begins as a passport's first line does: with P and the code of a state."""
    return line.startswith(_PASSPORT) and by_code(line[2:5].rstrip("<")) is not None


def in_order(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the lines of an MRZ in their right order, as far as it is known, however long they are."""
    if len(lines) == TD1.line_count:
        names = [line for line in lines if _digits(line) == 0]
        dates = [line for line in lines if re.match(_DATES_OF_CARD, line)]
        first = [line for line in lines if line not in names and line not in dates and line[0] in TD1.codes]
        if len(names) == len(dates) == len(first) == 1:
            return (*first, *dates, *names)
    elif len(lines) == TD3.line_count and _are_names_and_data(lines[1], lines[0]):
        return lines[1], lines[0]
    return tuple(lines)


def likely_sizes(lines: Sequence[str]) -> list[Layout]:
    """Return the sizes that lines may have whose lengths are not all correct, the likeliest first.

    Either each line lost or doubled a few characters at most, or at least one line has its correct length. Otherwise
    the lines have any size with two lines, if they look like a line with names and one with dates. A passport has two
    lines of 44.
    """
    near, shaped = [], []
    for size in SIZES.values():
        if len(lines) != size.line_count or (size is not TD3 and lines[0].startswith(_PASSPORT)):
            continue
        lengths = [abs(len(line) - size.length) for line in lines]
        if max(lengths) <= MAX_LENGTH_DIFFERENCE or 0 in lengths:
            near.append((sum(lengths), size))
        elif size.line_count == TD3.line_count and _are_names_and_data(*lines):
            shaped.append((sum(lengths), size))
    return [size for _difference, size in sorted(near, key=itemgetter(0))[:1] or sorted(shaped, key=itemgetter(0))]


def _are_names_and_data(names: str, data: str) -> bool:
    """Return whether two lines are the first and the second line of a document with two."""
    return names[0] in _CODES and "<<" in names and _digits(data) >= _digits(names) + _MIN_DIGITS


def _digits(line: str) -> int:
    return sum(character.isdigit() for character in line)


def normalise(text: str | Sequence[str]) -> NormalisedLines:
    """Return the lines of a format where `text` can be cut into them, and otherwise the lines as they were given."""
    given = text if isinstance(text, str) else "\n".join(text)
    whole, changes = given[:MAX_LENGTH], []
    for change, step in _STEPS:
        changed = step(whole)
        if changed != whole:
            whole = changed
            changes.append(change)
    lines, cut = _lines(whole)
    ordered = in_order(lines)
    return NormalisedLines(ordered, (*changes, *cut, *(() if ordered == lines else (Change.ORDER,))))


def replace_k_runs(layout: Layout, text: str) -> str:
    """Return the joined lines with fillers in place of each run of K in the names."""
    for field in layout.fields:
        if field.kind is Kind.NAMES:
            place = layout.at(field.span)
            names = re.sub(_K_RUN, lambda run: "<" * len(run[0]), text[place])
            text = text[: place.start] + names + text[place.stop :]
    return text


def _fillers(text: str) -> str:
    plain = text.replace("&lt;", "<").replace("&LT;", "<").translate(_FILLERS)
    if _DOUBLE not in plain:
        return plain

    def fits_a_format(candidate: str) -> tuple[bool, bool]:
        lines = _without_blanks(candidate.splitlines())
        joined = "".join(lines)
        return layout_of(lines, joined) is not None, len(joined) in SIZES

    return max((plain.replace(_DOUBLE, "<"), plain.replace(_DOUBLE, "<<")), key=fits_a_format)


def _without_blanks(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the lines that are not empty, without blanks."""
    return tuple("".join(line.split()) for line in lines if line.strip())


_STEPS: tuple[tuple[Change, Callable[[str], str]], ...] = (
    (Change.INVISIBLE, lambda text: re.sub(_BRACKETED_PASTE, "", text).translate(_INVISIBLE)),
    (Change.FULL_WIDTH, lambda text: text.translate(_FULL_WIDTH)),
    (Change.FILLERS, _fillers),
    (Change.CAPITALS, lambda text: text.translate(_CAPITALS)),
)


def _lines(text: str) -> tuple[tuple[str, ...], tuple[Change, ...]]:
    """Return the lines of a text, cut again where all its characters together have the length of a format."""
    given = tuple(line.strip() for line in text.splitlines() if line.strip())
    lines = _without_blanks(given)
    blanks = () if given == lines else (Change.BLANKS,)
    joined = "".join(lines)
    size = SIZES.get(len(joined))
    if size is None or layout_of(lines, joined) is not None:
        return lines, blanks
    layout = format_of(size, joined)
    most_fit = has_mrz_characters_only(joined) and 2 * len(failing_checks(layout, joined)) < len(layout.checks)
    if likely_sizes(lines) and not most_fit:
        # One line lost what another one gained: cut again, all characters after the first mistake would be shifted.
        return lines, blanks
    return size.lines(joined), (*blanks, Change.LINES)
