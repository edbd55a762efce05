"""The plainest questions at a terminal: a line, the lines of a passport, yes or no."""

import sys
from contextlib import suppress

import click

from apoa_client.cli.language import _
from apoa_client.cli.screen import plain, remark

_ALL_LINES = 70
"""As many characters as no single line has: a reader sends all lines as one."""
_LINE_OF_A_CARD = 32
"""Three lines of 30; another document's two have 36 or 44. A character or two may be too many."""
_READERS_PAUSE_S = 0.05
"""A reader that goes on typing pauses for less than that."""
YES = frozenset({"y", "ya", "yes"})
NO = frozenset({"n", "no", "t", "tidak"})


def ask_for_lines() -> list[str]:
    """One long line of a reader, two lines, or the three of a card; none where Enter alone is pressed."""
    first = ask_for_line(1)
    return lines_from(first) if first else []


def ask_for_line(number: int) -> str:
    """One line of an MRZ."""
    return ask_line(_("MRZ line {number}").format(number=number))


def lines_from(first: str) -> list[str]:
    """All lines, of which the first was typed, pasted or scanned already."""
    lines = [first]
    if len(first) >= _ALL_LINES:
        return lines
    lines.append(ask_for_line(2))
    if all(len(line) <= _LINE_OF_A_CARD for line in lines):
        lines.append(ask_for_line(3))
    return lines


def agree(question: str, *, unless_told: bool = True) -> bool:
    """Whether a person agrees; Enter alone means `unless_told`. Both languages' answers are understood."""
    remark(question)
    hint = _("(Enter = yes, n = no)") if unless_told else _("(y = yes, Enter = no)")
    while True:
        answer = ask_line(hint).casefold()
        if not answer:
            return unless_told
        if answer in YES | NO:
            return answer in YES


def place_of(answer: str, count: int) -> int | None:
    """Which of so many, from 0, somebody means by its number, from 1; None for any other answer."""
    typed = answer.isascii() and answer.isdigit() and 1 <= int(answer) <= count
    return int(answer) - 1 if typed else None


def ask_line(question: str) -> str:
    """What somebody types, without the spaces around it; empty for Enter alone, and for what is no text."""
    asked = question.strip() if plain() else question
    suffix = " " if question.endswith(("?", ".")) else ": "
    try:
        return str(click.prompt(asked, default="", show_default=False, err=True, prompt_suffix=suffix)).strip()
    except UnicodeDecodeError:  # the keyboard's encoding is not the system's
        return ""


def forget_typed_ahead() -> None:
    """Throw away what came after the lines of a passport: a reader that ends a line twice answers no question by it."""
    if sys.platform == "win32":
        import msvcrt

        while msvcrt.kbhit():
            msvcrt.getwch()
        return
    import select
    import termios

    with suppress(OSError, ValueError, termios.error):  # no terminal: a test's keyboard
        while select.select([sys.stdin], [], [], _READERS_PAUSE_S)[0]:
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
