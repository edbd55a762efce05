"""The lines of a passport at a terminal: one long line of a reader, two lines, or the three of a card.

Readers end a line as they like, some of them twice. What a conversation understands is understood here too: `?`
explains, `<` goes back, `>` does without.
"""

import re

from apoa_client.cli.prompts.conversation import HELP, Move, UnclearAnswer
from apoa_client.cli.terminal.input import ask_line
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line

_ALL_LINES = 70
"""As many characters as no single line has: a reader sends all lines as one."""
_LINE_OF_A_CARD = 32
"""Three lines of 30; another document's two have 36 or 44. A character or two may be too many."""
_LIKE_A_LINE = re.compile(r"<<|^(?=.*[0-9])[A-Z0-9<]{28,}$")
"""What only a passport's lines are like: two fillers, or a whole line without any."""


def reject_mrz_line(answer: str) -> None:
    """Raise `UnclearAnswer` for a passport line typed at another question: the reader scanned twice, or too early."""
    if _LIKE_A_LINE.search(answer.upper()):
        raise UnclearAnswer(_("That is a line of a passport, and no answer to this question."))


def ask_mrz_lines() -> list[str] | Move:
    """The lines; none where Enter alone is pressed, or `>`; `Move.BACK` where somebody goes back from the first.

    `<` at a later line begins with the first again.
    """
    lines: list[str] = []
    while _go_on(lines):
        line = _ask_for_line(len(lines) + 1)
        if line == Move.ACCEPT_ALL:
            return []
        if line != Move.BACK:
            lines.append(line)
        elif lines:
            lines.clear()
        else:
            return Move.BACK
    return [line for line in lines if line]


def _go_on(lines: list[str]) -> bool:
    """Whether another line belongs to these."""
    if not lines:
        return True
    if not lines[-1] or len(lines[0]) >= _ALL_LINES:
        return False
    card = all(len(line) <= _LINE_OF_A_CARD for line in lines)
    return len(lines) < (3 if card else 2)


def _ask_for_line(number: int) -> str:
    """One line. Behind another an empty one is asked again, once: a reader that ends a line twice sends it."""
    return _line_or_move(number) or (_line_or_move(number) if number > 1 else "")


def _line_or_move(number: int) -> str:
    while (line := ask_line(_("MRZ line {number}").format(number=number))) == HELP:
        print_error_line(
            "  " + _("The two lines with many < at the foot of the photo page. A reader sends both at once.")
        )
    return line
