"""Input from the terminal and from standard input: a line, a secret, yes or no."""

import codecs
import math
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import BytesIO, TextIOWrapper
from types import ModuleType
from typing import BinaryIO

import click

from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import (
    is_static,
    print_error_heading,
    print_error_line,
    print_error_unwrapped,
    wrap_for_terminal,
)
from apoa_client.cli.terminal.streams import is_terminal
from apoa_client.errors import DataRefused, UsageProblem
from apoa_client.messages import msg
from apoa_client.texts import decode_text, find_encoding

UNREADABLE = "\N{REPLACEMENT CHARACTER}"
"""Stands for an answer that is not text in the terminal's encoding."""
YES = frozenset({"y", "ya", "yes"})
NO = frozenset({"n", "no", "t", "tidak"})

READING_S = 1.0
"""How long what will be sent is shown before Enter sends it: who has just pressed Enter four times has not read it."""

_NO_TEXT = msg("What came from standard input cannot be read as text.")
_SAVE_AS_UTF8 = msg("Save the text as UTF-8, and run the command again.")
MAX_INPUT_BYTES = 1_000_000
"""The most that is read of one report. A report has less than 20 kB."""
_LONGEST_LINE = 64 * 1024
"""Bytes of the longest line with a secret."""
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def at_a_terminal() -> bool:
    """Whether there is a user at a terminal who can be asked."""
    return is_terminal(sys.stdin) and is_terminal(sys.stderr)


def standard_input(*, lenient: bool = False) -> str:
    """Read all of standard input: one report, or with `lenient` any number of documents.

    Raises `DataRefused` for bytes that are not text, and for more than `MAX_INPUT_BYTES`; `lenient` replaces those
    bytes, and has no limit.
    """
    content = _read_bytes(lambda stream: stream.read(-1 if lenient else MAX_INPUT_BYTES + 1))
    check_input_size(content, lenient=lenient)
    try:
        return _decode(content)
    except UnicodeDecodeError:
        if lenient:
            return content.decode(errors="replace")
        raise DataRefused(_NO_TEXT, _SAVE_AS_UTF8) from None


def standard_input_bytes(most: int) -> bytes:
    """Read standard input as it is, up to this number of bytes: it may never end."""
    return _read_bytes(lambda stream: stream.read(most))


def check_input_size(content: bytes, *, lenient: bool = False) -> None:
    """Raise `DataRefused` if it is more than one report can be."""
    if len(content) > MAX_INPUT_BYTES and not lenient:
        raise DataRefused(
            msg("The input is larger than 1 MB, so it is no report."),
            msg("Give one report at a time. Check that it is the right file."),
        )


def secret_line() -> str:
    """Read the first line of standard input. Raises `UsageProblem` if it is not text."""
    try:
        return _decode(_read_bytes(_read_line)).partition("\n")[0]
    except UnicodeDecodeError:
        raise UsageProblem(_NO_TEXT, _SAVE_AS_UTF8) from None


def _read_bytes(read: Callable[[BinaryIO], bytes]) -> bytes:
    """Return the bytes that `read` reads from standard input; none if the caller closed it."""
    if sys.stdin is None:
        return b""
    return read(sys.stdin.buffer if isinstance(sys.stdin, TextIOWrapper) else BytesIO(sys.stdin.read().encode()))


def _decode(content: bytes) -> str:
    """Return the text of standard input. If it is not UTF-8, say that it is read in the system's encoding.

    On Windows that is the code page of old programs.
    """
    encoding = sys.stdin.encoding if isinstance(sys.stdin, TextIOWrapper) else "utf-8"
    text = decode_text(content, encoding)
    if find_encoding(content) is None:
        notice = _("Standard input is not UTF-8. It was read as {encoding}: check the letters with accents.")
        print_error_line(notice.format(encoding=encoding))
    return text


def _read_line(stream: BinaryIO) -> bytes:
    """Read a line without waiting for the next one; of a file in UTF-16, whose line ends have two bytes, also more."""
    line = stream.readline(_LONGEST_LINE)
    return line + stream.read(_LONGEST_LINE - len(line)) if line.startswith(_UTF16) else line


def ask_secret(question: str, *, twice: bool = False, may_be_empty: bool = False) -> str:
    """Ask for a secret at the terminal, which does not show it. Raises `UsageProblem` as `secret_line`."""
    default = "" if may_be_empty else None
    try:
        return str(
            _interruptible(
                lambda: click.prompt(
                    question, default, hide_input=True, confirmation_prompt=twice, show_default=False, err=True
                )
            )
        )
    except UnicodeDecodeError:
        raise UsageProblem(_NO_TEXT, _SAVE_AS_UTF8) from None


def ask_line(question: str) -> str:
    """Ask for a line and return it stripped: empty for Enter alone, `UNREADABLE` for what is not text."""
    prompt = _prompt(question)
    try:
        return str(
            _interruptible(lambda: click.prompt(prompt, default="", show_default=False, err=True, prompt_suffix=" "))
        ).strip()
    except UnicodeDecodeError:  # the keyboard's encoding is not the system's
        return UNREADABLE  # not "", which may mean yes


def _interruptible(ask: Callable[[], object]) -> object:
    """Return what `ask` returns. On Windows, ask in a thread: a closed window does not interrupt one that reads.

    Raises `click.Abort` after Ctrl-C and at the end of the input.
    """
    if sys.platform == "win32" and is_terminal(sys.stdin):
        from apoa_client.processes import call_with_timeout  # for Windows alone

        try:
            return call_with_timeout(math.inf, ask)
        except KeyboardInterrupt as exc:
            raise click.Abort from exc  # as click itself does
    return ask()


def edit_line(question: str, line: str = "", earlier: Sequence[str] = ()) -> str:
    """As `ask_line`, with `line` as the text to edit where the terminal can: Enter alone then returns it unchanged.

    There the arrow keys, Home and Delete work, and the up arrow shows `line` and the `earlier` lines. They are personal
    data, so the history is emptied at once and never written to a file. Elsewhere (as plain lines, or on Windows, whose
    Python has no readline) the line is typed again.
    """
    readline: ModuleType | None = None
    if not is_static() and is_terminal(sys.stdin) and is_terminal(sys.stdout):
        with suppress(ImportError):
            import readline  # only where a line is edited
    if readline is None:
        return ask_line(question)
    readline.set_auto_history(False)
    for text in (*earlier, line):
        readline.add_history(text)
    if line and "libedit" in (readline.__doc__ or ""):  # it empties the line after the hook
        print_error_line("  " + _("The up arrow shows the line as it was."))
    else:
        readline.set_startup_hook(lambda: readline.insert_text(line))
    try:
        return input(
            f"{_prompt(question)} "
        ).strip()  # not click's, which prompts on stderr, where readline is not used
    except (KeyboardInterrupt, EOFError):
        raise click.Abort from None
    except UnicodeDecodeError:
        return UNREADABLE
    finally:
        readline.set_startup_hook(None)
        readline.clear_history()


def _prompt(question: str) -> str:
    """Print a question up to its last line at the terminal, and return that line. A label gets a colon."""
    print_error_heading()
    last_word = question.rpartition(" ")[2]
    # A label may end with an abbreviation, which has more than one full stop.
    is_sentence = question.endswith(("?", ">")) or (question.endswith(".") and last_word.count(".") == 1)
    *above, last = wrap_for_terminal(question if is_sentence else f"{question}:", sys.stderr).split("\n")
    for line in above:  # a terminal would break a long prompt within a word
        print_error_unwrapped(line)
    return last


def confirm(question: str, *, default: bool = True) -> bool:
    """Ask yes or no, in either language; Enter alone means `default`.

    Any other answer, `?`, `<` and `>` included, explains how to answer and asks again: "no" may lead to something worse
    than going back. Keys that were pressed before the question are discarded.
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
        if answer == "?":
            keys = _("y = yes, n = no, Enter = no, Ctrl-C = stop")
            print_error_line("  " + (_("y = yes, n = no, Enter = yes, Ctrl-C = stop") if default else keys))
        elif default:
            print_error_line("  " + _("Type y for yes or n for no. Enter alone means yes."))
        else:
            print_error_line("  " + _("Type y for yes or n for no. Enter alone means no."))


def index_of_choice(answer: str, count: int) -> int | None:
    """Return the index, from 0, of the choice that an answer names by its number, from 1; None for other answers."""
    is_number = answer.isascii() and answer.isdigit() and 1 <= int(answer) <= count
    return int(answer) - 1 if is_number else None


def discard_typed_ahead(pause_s: float = 0) -> None:
    """Discard what was typed before a question is asked.

    With a pause, in seconds, also discard what follows until nothing has come for that long: the last line of a
    passport scanner ends.
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

    with suppress(OSError, ValueError, termios.error):  # no terminal: standard input of a test
        termios.tcflush(sys.stdin, termios.TCIFLUSH)  # also a line without its end
        while select.select([sys.stdin], [], [], pause_s)[0]:
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
