"""Asks for the machine readable lines (MRZ) of a passport: two lines, three of a card, or all in one from a reader.

Some readers end a line twice. `?` shows help, `<` goes back, and `>` continues without an MRZ. A line that is wrong is
asked for again by itself.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from apoa_client.cli.prompts.conversation import HELP, Move, UnclearAnswer
from apoa_client.cli.prompts.photos import photo_path
from apoa_client.cli.terminal.input import ask_line, edit_line
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line
from apoa_client.passport.layouts import TD3
from apoa_client.passport.normalise import is_of_passport, normalise
from apoa_client.texts import repr_with

_MIN_JOINED_LENGTH = 70
"""A line of this length is the whole MRZ in one: no single line is so long."""
_MAX_CARD_LINE_LENGTH = 32
"""A card has three lines of 30 characters, with room for two extra ones. Other documents have two of 36 or 44."""
_MAX_LINE_LENGTH = 48
"""The longest line of any document has 44 characters, with room for a few extra ones."""
_MIN_LINE_LENGTH = 28
"""A passport's second line has so many characters without its fillers and the two check digits at its end."""
_MRZ_LINE = re.compile(r"<<|^(?=.*[0-9])[A-Z0-9<]{28,}$")
"""Two fillers, or a long line of capitals and digits: only an MRZ contains such a text."""


def is_mrz_line(answer: str) -> bool:
    """Return whether what was typed is a line of an MRZ, or a whole one."""
    return _MRZ_LINE.search(answer.upper()) is not None


def reject_mrz_line(answer: str) -> None:
    """Raise `UnclearAnswer` for an MRZ line typed at another question: the reader scanned twice, or too early."""
    if is_mrz_line(answer):
        raise UnclearAnswer(_("That is a line of a passport, not an answer to this question."))


def ask_mrz_lines(first: str = "") -> list[str] | Move:
    """Return the lines; an empty list for Enter alone or `>`; `Move.BACK` for `<` at the first line.

    The path of a photo is returned as the only line. `<` at a later line asks for the first line again. With `first`,
    the first line was typed already.
    """
    lines = [first] if first else []
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


@repr_with("scanned")
class LinesAgain(NamedTuple):
    """The lines after an edit: empty if the details are typed. `scanned` says whether they come from another scan."""

    lines: list[str]
    scanned: bool = False


def ask_lines_again(lines: Sequence[str], wrong: Sequence[int]) -> LinesAgain | Move:
    """Ask for the `wrong` ones of the lines again, each with its text to edit, and return all lines.

    No lines for a line that is not changed, Enter alone or `>`; `Move.BACK` for `<`, and if no line is wrong by itself.
    """
    if not wrong:
        return Move.BACK
    if len(wrong) < len(lines):
        request = _("Correct line {number}; the rest is kept. Enter alone = type the details by hand, < = begin again.")
        print_error_line(request.format(number=", ".join(str(index + 1) for index in wrong)))
    else:
        print_error_line(_("Correct the lines. Enter alone = type the details by hand, < = begin again."))
    corrected = list(lines)
    for index in wrong:
        typed = _ask_line(index + 1, lines, index)
        behind = typed.removeprefix(lines[index])  # a reader types behind the text that is there
        if len(typed) > _MAX_LINE_LENGTH and len(behind) >= _MIN_LINE_LENGTH:
            typed = behind
        if (index > 0 and is_of_passport(_normalised(typed))) or len(behind) >= _MIN_JOINED_LENGTH:
            scanned = ask_mrz_lines(typed)
            return scanned if isinstance(scanned, Move) else LinesAgain(scanned, scanned=True)
        if typed in {"", lines[index], Move.ACCEPT_ALL}:
            return LinesAgain([])
        if typed == Move.BACK:
            return Move.BACK
        corrected[index] = typed
    return LinesAgain(corrected)


def _is_complete(lines: list[str]) -> bool:
    if not lines:
        return False
    if not lines[-1] or len(lines[0]) >= _MIN_JOINED_LENGTH or photo_path(lines[0]):
        return True
    has_card_length = all(len(line) <= _MAX_CARD_LINE_LENGTH for line in lines)
    is_card = has_card_length and not any(_begins_passport(_normalised(line)) for line in lines)
    return len(lines) >= (3 if is_card else 2)


def _begins_passport(line: str) -> bool:
    """Return whether a normalised line is a passport's first one: a mistyped state does not make it that of a card."""
    return line.startswith("P<") or is_of_passport(line)


def with_last_fillers(lines: Sequence[str]) -> list[str]:
    """Return lines with the fillers that are missing at the end of a passport's first line with names.

    No check digit covers that line, and no user counts its fillers.
    """
    return [
        whole.ljust(TD3.length, "<") if _begins_passport(whole := _normalised(line)) and "<<" in whole else line
        for line in lines
    ]


def _ask_line(number: int, lines: Sequence[str] = (), index: int | None = None) -> str:
    """Ask for a line: for a new one, or again for the one with this index among `lines`."""
    question = _("MRZ line {number}").format(number=number)
    while True:
        line = ask_line(question) if index is None else edit_line(question, lines[index], lines)
        if line != HELP and not (index is not None and line == f"{lines[index]}{HELP}"):
            return line
        print_error_line(
            "  " + _("The two lines with many < at the bottom of the photo page. A reader sends both at once.")
        )
        if number == 1 and index is None:
            print_error_line("  " + _("A photo of the page also works: drag its file into this window."))


def _normalised(line: str) -> str:
    return "".join(normalise(line).lines)
