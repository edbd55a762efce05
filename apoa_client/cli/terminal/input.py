"""The plainest questions at a terminal: a line, yes or no, and that nobody answers one before it is asked."""

import sys
from contextlib import suppress

import click

from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, print_error_unwrapped, wrap_for_terminal

UNREADABLE = "\N{REPLACEMENT CHARACTER}"
"""What stands for an answer that cannot be read as text."""
YES = frozenset({"y", "ya", "yes"})
NO = frozenset({"n", "no", "t", "tidak"})


def confirm(question: str, *, default: bool = True) -> bool:
    """Whether a person agrees; Enter alone means `default`. Both languages' answers are understood.

    Whatever else is typed, `?`, `<` and `>` among it, is told how to answer and asked again: what no leads to may be
    worse than going back, and `>` takes no decision. A key that was pressed before the question is no answer to it.
    """
    discard_typed_ahead()
    print_error_line(question)
    hint = _("(Enter = yes, n = no)") if default else _("(y = yes, Enter = no)")
    while True:
        answer = ask_line(hint).casefold()
        if not answer:
            return default
        if answer in YES | NO:
            return answer in YES
        print_error_line("  " + _how_to_answer(default=default))


def _how_to_answer(*, default: bool) -> str:
    if default:
        return _("Type y for yes or n for no. Enter alone means yes.")
    return _("Type y for yes or n for no. Enter alone means no.")


def index_of_choice(answer: str, count: int) -> int | None:
    """Which of so many, from 0, somebody means by its number, from 1; None for any other answer."""
    typed = answer.isascii() and answer.isdigit() and 1 <= int(answer) <= count
    return int(answer) - 1 if typed else None


def ask_line(question: str) -> str:
    """Return what is typed, without the spaces around it; empty for Enter, `UNREADABLE` for what is no text."""
    *above, last = wrap_for_terminal(question if _is_sentence(question) else f"{question}:", sys.stderr).split("\n")
    for line in above:  # a terminal would break a long question within a word
        print_error_unwrapped(line)
    try:
        return str(click.prompt(last, default="", show_default=False, err=True, prompt_suffix=" ")).strip()
    except UnicodeDecodeError:  # the keyboard's encoding is not the system's
        return UNREADABLE  # and not Enter, which may well mean yes


def _is_sentence(question: str) -> bool:
    """Whether it ends as a sentence does; a label may end with an abbreviation, which has more than one full stop."""
    last_word = question.rpartition(" ")[2]
    return question.endswith("?") or (question.endswith(".") and last_word.count(".") == 1)


def discard_typed_ahead(pause_s: float = 0) -> None:
    """Throw away what was typed before a question is asked; it answers none.

    With a pause, in seconds, also what goes on coming until nothing has come for that long: a reader's last line ends.
    """
    if sys.platform == "win32":
        import msvcrt
        import time

        time.sleep(pause_s)
        while msvcrt.kbhit():
            msvcrt.getwch()
        return
    import select
    import termios

    with suppress(OSError, ValueError, termios.error):  # no terminal: a test's keyboard
        termios.tcflush(sys.stdin, termios.TCIFLUSH)  # a line that nobody has ended yet, too
        while select.select([sys.stdin], [], [], pause_s)[0]:
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
