"""What reaches a screen or a pipe.

Names come from strangers and answers from servers: a control character in them could move the cursor, rewrite a line
or hide text (terminal escapes, bidirectional overrides). Whatever is not ours goes through `sanitize` first.
"""

import os
import re
import sys
from collections.abc import Iterable, Sequence
from io import TextIOWrapper
from typing import Any, TextIO

import click

from apoa_client.errors import DataRefused, SettingsProblem, UsageProblem
from apoa_client.messages import msg

# C0 and C1 controls, bidirectional and invisible formatting, line separators, lone surrogates, tags.
# Kept as text: re compiles it when it is first used, which `--version` never does.
_DANGEROUS = (
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
_NARROW = 40
_USUAL = 80
"""Columns of a terminal that does not tell how many it has."""

_NO_TEXT = msg("What came from standard input cannot be read as text.")
_ITS_ENCODING = msg("Its encoding is not this system's. On Windows, run this first: chcp 65001")


class _Look:
    """How everything looks in this call of the program."""

    plain = False


def use(*, plain: bool) -> None:
    """Say everything from now on in plain lines, as a screen reader reads them out; or as usual."""
    _Look.plain = plain


def plain() -> bool:
    """Whether there are to be no columns, boxes, colours or signs: lines alone, each to be understood by itself."""
    return _Look.plain


def is_static() -> bool:
    """Whether nothing may move on the screen or go away again: for a screen reader, a dumb terminal, or a file."""
    return plain() or _dumb() or sys.stderr is None or not sys.stderr.isatty()


def colour() -> bool:
    """Whether text may be coloured, where a terminal shows it at all. NO_COLOR is honoured (no-color.org)."""
    return not (plain() or _dumb() or os.environ.get("NO_COLOR"))  # noqa: TID251  where rich reads it too


def _dumb() -> bool:
    return os.environ.get("TERM") == "dumb"  # noqa: TID251  as above


def columns() -> int:
    """How wide the screen is. Any of the three streams may be it; COLUMNS overrules them."""
    told = os.environ.get("COLUMNS", "")  # noqa: TID251  as in shutil, which looks at stdout alone
    if told.isdecimal() and int(told):
        return int(told)
    for stream in (sys.__stdout__, sys.__stderr__, sys.__stdin__):
        try:
            found = os.get_terminal_size(stream.fileno()).columns if stream is not None else 0
        except (OSError, ValueError):  # no terminal, or closed
            continue
        if found:
            return found
    return _USUAL


def sanitize(text: str) -> str:
    """Text without anything that a terminal would obey: each such character becomes a question mark."""
    return re.sub(_DANGEROUS, "?", text)


def print_line(line: str = "") -> None:
    """A line of the command's result: to stdout."""
    write(wrap_for_terminal(line, sys.stdout))


def write(text: str) -> None:
    """Text to stdout as it is. Raises `SettingsProblem` where it cannot be written: a full disk, say."""
    _echo(text)


def _echo(content: str | bytes, *, newline: bool = True) -> None:
    try:
        click.echo(content, nl=newline, color=_colours())
    except BrokenPipeError:
        raise  # whoever read has left: nobody's mistake
    except OSError as exc:
        raise SettingsProblem(msg("The result cannot be written: {reason}.", reason=exc.strerror or "")) from None


def print_bytes(content: bytes) -> None:
    """A whole file to stdout, byte for byte. Raises as `write`."""
    _echo(content, newline=False)


def print_definitions(rows: Sequence[tuple[str, str]]) -> None:
    """Words and what each means, in two columns: to stdout. What is meant is broken where it would not fit."""
    if plain():
        for name, said in rows:
            print_line(f"{name}: {said}")
        return
    formatter = click.HelpFormatter()
    with formatter.indentation():
        formatter.write_dl(rows)
    write(formatter.getvalue().rstrip("\n"))


def print_error_line(line: str = "") -> None:
    """A line that is not the result: to stderr."""
    print_error_unwrapped(wrap_for_terminal(line, sys.stderr))


def print_error_unwrapped(line: str) -> None:
    """A line to stderr that is never broken by us: what somebody copies from it stays in one piece."""
    click.echo(line, err=True, color=_colours())


def wrap_for_terminal(line: str, stream: TextIO | None) -> str:
    """A line broken between words where a terminal would break it anywhere. What a script reads stays one line."""
    if plain():
        line = re.sub(" {2,}", " ", click.unstyle(line)).strip(" ")
    if len(line) < _NARROW or stream is None or not stream.isatty():  # pythonw.exe has no streams at all
        return line
    from apoa_client.cli.terminal.wrapping import wrap_line  # only for a terminal

    room = max(columns() - 1, _NARROW)  # many a terminal goes to the next line once the last column is written
    return "\n".join(broken for each in line.split("\n") for broken in wrap_line(each, room))


def clear() -> None:
    """Make room for another screen; where nothing may go away, a blank line stands between the two."""
    if is_static():
        print_error_line()
    else:
        click.clear()


def side_by_side(parts: Iterable[str]) -> str:
    """What stands side by side on a line, without what is empty; in plain lines with commas between."""
    return (", " if plain() else "  ").join(filter(None, parts))


def _colours() -> bool | None:
    """As click takes it: none, or whatever the stream can show."""
    return None if colour() else False


def print_json(value: Any) -> None:  # noqa: ANN401  any JSON value
    """The one JSON document of a command. ASCII, so that no console's code page can spoil it."""
    import json  # only where JSON is asked for

    write(json.dumps(value, indent=2))


def at_a_terminal() -> bool:
    """Whether somebody is there who can be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def standard_input(*, lenient: bool = False) -> str:
    """All that comes from standard input. Raises `DataRefused` for what is no text; `lenient` replaces only that."""
    _read_as("replace" if lenient else "strict")
    try:
        return sys.stdin.read() if sys.stdin is not None else ""  # closed by whoever started us
    except UnicodeDecodeError:
        raise DataRefused(_NO_TEXT, _ITS_ENCODING) from None


def secret_line(longest: int = -1) -> str:
    """The first line of standard input, at most so many characters of it. Raises `UsageProblem` for what is no text."""
    _read_as("strict")
    try:
        return sys.stdin.readline(longest).rstrip("\r\n") if sys.stdin is not None else ""
    except UnicodeDecodeError:
        raise UsageProblem(_NO_TEXT, _ITS_ENCODING) from None


def ask_secret(question: str, *, twice: bool = False, may_be_empty: bool = False) -> str:
    """A secret that somebody types at the terminal, which does not show it. Raises `UsageProblem` as `secret_line`."""
    default = "" if may_be_empty else None
    try:
        return str(
            click.prompt(question, default, hide_input=True, confirmation_prompt=twice, show_default=False, err=True)
        )
    except UnicodeDecodeError:
        raise UsageProblem(_NO_TEXT, _ITS_ENCODING) from None


def _read_as(errors: str) -> None:
    """Where the system's locale is C, Python would smuggle undecodable bytes through."""
    if isinstance(sys.stdin, TextIOWrapper) and sys.stdin.errors != errors:
        sys.stdin.reconfigure(errors=errors)


def style_bold(text: str) -> str:
    """Text that must be noticed; plain where colour is not wanted (click strips it from pipes)."""
    return click.style(text, bold=True)


def style_success(text: str) -> str:
    """Text that says: done."""
    return click.style(text, fg="green")


def style_error(text: str) -> str:
    """Text that says: somebody must act."""
    return click.style(text, fg="red", bold=True)


def style_warning(text: str) -> str:
    """Text that says: look here."""
    return click.style(text, fg="yellow")
