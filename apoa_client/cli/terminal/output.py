"""Printing to the terminal or a pipe: lines, JSON, styles, and text from outside made safe.

Names come from guests and answers from servers. A control character in them could move the cursor, rewrite a line or
hide text (terminal escapes, bidirectional overrides), so such text goes through `sanitize` first.
"""

import errno
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, TextIO

import click

from apoa_client.cli.terminal.streams import closed_pipes_as_on_posix, is_terminal
from apoa_client.errors import SettingsProblem
from apoa_client.messages import msg

# C0 and C1 controls, bidirectional and invisible formatting, line separators, lone surrogates, tags.
# A string, not a compiled pattern: re compiles it at the first use, and `--version` has none.
_DANGEROUS = (
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
_MIN_WIDTH = 40
_PIECES_AT_ONCE = 100
"""Elements of a JSON array that are written together."""
_NO_SPACE = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})
_NOT_WRITTEN = msg("What was saved is kept. Let the output go to the screen, or to a disk with free space.")
_USUAL_WIDTH = 80
"""Columns of a terminal that does not say how many it has."""


class _Mode:
    """How this call of the program prints."""

    plain = False
    draws_colours = True
    schema = ""
    environment: Callable[[], str] = str
    """Returns the member `environment` of JSON documents; empty for none."""
    documents: list[Any] | None = None
    """Collects JSON documents instead of printing them."""
    heading: Callable[[], str] = staticmethod(str)
    """Returns what is printed on stderr before the next line there; empty for nothing."""


def set_plain(*, plain: bool) -> None:
    """Print plain lines from now on, for a screen reader; or as usual."""
    _Mode.plain = plain


def plain() -> bool:
    """Whether to print without columns, boxes, colours and signs: each line is complete by itself."""
    return _Mode.plain


def set_colours_drawn(*, drawn: bool) -> None:
    """Use no colours from now on unless the environment demands them, if the console does not draw them."""
    _Mode.draws_colours = drawn


def is_static() -> bool:
    """Whether nothing on the screen may move or disappear: for a screen reader, a dumb terminal, or a file."""
    return plain() or _dumb() or not is_terminal(sys.stderr)


def colour() -> bool | None:
    """Whether text is coloured: never, always, or, for None, where the output is a terminal.

    NO_COLOR wins (no-color.org), then FORCE_COLOR (force-color.org) and CLICOLOR_FORCE, then CLICOLOR=0
    (bixense.com/clicolors).
    """
    environ = os.environ  # noqa: TID251  where rich reads it too
    if plain() or environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "0") not in {"", "0"} for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return False if _dumb() or not _Mode.draws_colours or environ.get("CLICOLOR") == "0" else None


def _dumb() -> bool:
    return os.environ.get("TERM") == "dumb"  # noqa: TID251  as above


def columns() -> int:
    """Return the width of the screen: COLUMNS, or the size of the first standard stream that is a terminal."""
    given = os.environ.get("COLUMNS", "")  # noqa: TID251  as in shutil, which looks at stdout alone
    if given.isdecimal() and int(given):
        return int(given)
    for stream in (sys.__stdout__, sys.__stderr__, sys.__stdin__):
        try:
            found = os.get_terminal_size(stream.fileno()).columns if stream is not None else 0
        except (OSError, ValueError):  # no terminal, or closed
            continue
        if found:
            return found
    return _USUAL_WIDTH


def sanitize(text: str) -> str:
    """Replace each character that could control a terminal by a question mark."""
    return text if text.isprintable() else re.sub(_DANGEROUS, "?", text)  # compiling the pattern takes 0.6 ms


def print_line(line: str = "") -> None:
    """Print a line of the command's result to stdout."""
    write(wrap_for_terminal(line, sys.stdout))


def print_done(line: str) -> None:
    """Print to stdout that something is done."""
    print_line(style_success(line))


def write(text: str) -> None:
    """Print text to stdout without wrapping it. Raises `SettingsProblem` if it cannot be written (a full disk)."""
    _echo(text)


def print_bytes(content: bytes) -> None:
    """Write a whole file to stdout, byte for byte. Raises as `write`."""
    _echo(content, newline=False)


def _echo(content: str | bytes, *, newline: bool = True) -> None:
    if sys.stdout is None and sys.stderr is not None:  # with neither there is no console, and no user reads
        raise SettingsProblem(msg("The result cannot be written: standard output is closed."), _NOT_WRITTEN)
    try:
        with closed_pipes_as_on_posix():
            click.echo(content, nl=newline, color=colour())
    except BrokenPipeError:
        raise  # the reader of the pipe has ended, which is no error
    except OSError as exc:
        sys.stdout = None  # else Python tries to write the rest at its end, and fails again
        reason = exc.strerror or ""
        raise SettingsProblem(msg("The result cannot be written: {reason}.", reason=reason), _NOT_WRITTEN) from None


def set_schema(name: str) -> None:
    """Name the schema of the JSON document that the command prints from now on, such as apoa/status/1."""
    _Mode.schema, _Mode.environment = name, str


def set_environment(environment: Callable[[], str]) -> None:
    """Let JSON documents say, from now on, in which environment the property reports, if a text is returned."""
    _Mode.environment = environment


def _environment() -> dict[str, str]:
    found = _Mode.environment()
    return {"environment": found} if found else {}


def print_json(members: Mapping[str, Any]) -> None:
    """Print the one JSON document of a command. It is ASCII, so that every console can show it.

    A member that is an iterator becomes an array, whose elements are printed as they come. An error of an iterator
    passes: what came before it may be printed already.
    """
    if _Mode.documents is not None:
        whole: dict[str, Any] = _environment()
        whole |= {name: list(value) if isinstance(value, Iterator) else value for name, value in members.items()}
        _Mode.documents.append(whole)
        return
    pieces = json_pieces(_Mode.schema, members)
    while some := "".join(islice(pieces, _PIECES_AT_ONCE)):
        _echo(some, newline=False)


@contextmanager
def collected_json() -> Iterator[list[Any]]:
    """Collect the JSON documents that are printed inside, in place of printing them. Yields their list."""
    documents: list[Any] = []
    _Mode.documents = documents
    try:
        yield documents
    finally:
        _Mode.documents = None


@contextmanager
def error_heading(heading: Callable[[], str]) -> Iterator[None]:
    """Print the line that `heading` returns, as soon as it returns one, before a line that is printed on stderr."""
    before, _Mode.heading = _Mode.heading, heading
    try:
        yield
    finally:
        _Mode.heading = before


def print_error_heading() -> None:
    """Print the heading now, because a question follows that is not printed as a line."""
    if heading := _Mode.heading():
        _Mode.heading = str
        print_error_line(heading)


def json_pieces(schema: str, members: Mapping[str, Any]) -> Iterator[str]:
    """Yield the document that `print_json` prints, in pieces."""
    import json  # only where JSON is asked for

    def indented(value: Any, by: str) -> str:  # noqa: ANN401  any JSON value
        return json.dumps(value, indent=2).replace("\n", f"\n{by}")  # strings contain no line break: it is escaped

    before = "{\n  "
    for name, value in {"schema": schema, **_environment(), **members}.items():
        yield f"{before}{json.dumps(name)}: "
        before = ",\n  "
        if not isinstance(value, Iterator):
            yield indented(value, "  ")
            continue
        opening = "[\n    "
        for element in value:
            yield opening + indented(element, "    ")
            opening = ",\n    "
        yield "\n  ]" if opening.startswith(",") else "[]"
    yield "\n}\n"


def print_definitions(rows: Sequence[tuple[str, str]]) -> None:
    """Print names and their descriptions to stdout in two columns; descriptions are wrapped."""
    for line in label_lines(rows):
        print_line(line)


def label_lines(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Return a line for each label and its value, in two columns; in plain mode with a colon."""
    if plain():
        return [f"{label}: {value}" for label, value in rows]
    from apoa_client.cli.terminal.wrapping import pad, width  # not for --version

    wide = max((width(label) for label, _value in rows), default=0)
    return [f"  {pad(label, wide)}  {value}" for label, value in rows]


def print_error_line(line: str = "") -> None:
    """Print a line that is not part of the result to stderr."""
    print_error_unwrapped(wrap_for_terminal(line, sys.stderr))


def print_warning(line: str) -> None:
    """Print to stderr what the user should check."""
    print_error_line(style_warning(line))


def print_error_unwrapped(line: str) -> None:
    """Print a line to stderr without wrapping it, so that the user can copy it in one piece.

    On a full disk it is dropped: the work goes on without it.
    """
    print_error_heading()
    try:
        with closed_pipes_as_on_posix():
            click.echo(line, err=True, color=colour())
    except OSError as exc:
        if exc.errno not in _NO_SPACE:
            raise
        sys.stderr = None  # as in `_echo`


def wrap_for_terminal(line: str, stream: TextIO | None) -> str:
    """Break a long line between words if the stream is a terminal. For a pipe it stays one line."""
    if plain():
        line = re.sub(" {2,}", " ", click.unstyle(line)).strip(" ")
    if len(line) < _MIN_WIDTH or not is_terminal(stream):
        return line
    from apoa_client.cli.terminal.wrapping import wrap_line  # only for a terminal

    width = max(columns() - 1, _MIN_WIDTH)  # many terminals start a new line when the last column is written
    return "\n".join(part for each in line.split("\n") for part in wrap_line(each, width))


def clear_screen() -> None:
    """Clear the screen; where nothing may disappear, print a blank line."""
    if is_static():
        print_error_line()
    else:
        click.clear()


def side_by_side(parts: Iterable[str]) -> str:
    """Join the parts that are not empty by two spaces, in plain mode by commas."""
    return (", " if plain() else "  ").join(filter(None, parts))


def style_bold(text: str) -> str:
    """Text that must be noticed. click removes styles where the output is no terminal."""
    return click.style(text, bold=True)


def style_success(text: str) -> str:
    """Text that says that something is done."""
    return click.style(text, fg="green")


def style_error(text: str) -> str:
    """Text that says that the user must act."""
    return click.style(text, fg="red", bold=True)


def style_warning(text: str) -> str:
    """Text that says that the user should check something."""
    return click.style(text, fg="yellow")
