"""Asks for the machine readable lines (MRZ) of a passport: two lines, three of a card, or all in one from a reader.

Some readers end a line twice. `?` shows help, `<` goes back, and `>` continues without an MRZ.
"""

import re

from apoa_client.cli.prompts.conversation import HELP, Move, UnclearAnswer
from apoa_client.cli.terminal.input import ask_line
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line

_MIN_JOINED_LENGTH = 70
"""A line of this length is the whole MRZ in one: no single line is so long."""
_MAX_CARD_LINE_LENGTH = 32
"""A card has three lines of 30 characters, with room for two extra ones. Other documents have two of 36 or 44."""
_MRZ_LINE = re.compile(r"<<|^(?=.*[0-9])[A-Z0-9<]{28,}$")
"""Two fillers, or a long line of capitals and digits: only an MRZ contains such a text."""


def reject_mrz_line(answer: str) -> None:
    """Raise `UnclearAnswer` for an MRZ line typed at another question: the reader scanned twice, or too early."""
    if _MRZ_LINE.search(answer.upper()):
        raise UnclearAnswer(_("That is a line of a passport, not an answer to this question."))


def ask_mrz_lines() -> list[str] | Move:
    """Return the lines; an empty list for Enter alone or `>`; `Move.BACK` for `<` at the first line.

    `<` at a later line asks for the first line again.
    """
    lines: list[str] = []
    while not _is_complete(lines):
        line = _ask_line(len(lines) + 1)
        if not line and lines:  # a reader that ends a line twice sends an empty one, so it is asked once more
            line = _ask_line(len(lines) + 1)
        if line == Move.ACCEPT_ALL:
            return []
        if line != Move.BACK:
            lines.append(line)
        elif lines:
            lines.clear()
        else:
            return Move.BACK
    return [line for line in lines if line]


def _is_complete(lines: list[str]) -> bool:
    if not lines:
        return False
    if not lines[-1] or len(lines[0]) >= _MIN_JOINED_LENGTH:
        return True
    is_card = all(len(line) <= _MAX_CARD_LINE_LENGTH for line in lines)
    return len(lines) >= (3 if is_card else 2)


def _ask_line(number: int) -> str:
    while (line := ask_line(_("MRZ line {number}").format(number=number))) == HELP:
        print_error_line(
            "  " + _("The two lines with many < at the bottom of the photo page. A reader sends both at once.")
        )
    return line
