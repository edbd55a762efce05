"""What reaches a screen or a pipe.

Names come from strangers and answers from servers: a control character in them could move the cursor, rewrite a line
or hide text (terminal escapes, bidirectional overrides). Whatever is not ours goes through `clean` first.
"""

import os
import re
import sys
from typing import Any, TextIO

import click

from apoa_client.errors import SettingsProblem
from apoa_client.texts import msg

# C0 and C1 controls, bidirectional and invisible formatting, line separators, lone surrogates.
# Kept as text: re compiles it when it is first used, which `--version` never does.
_DANGEROUS = "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
_NARROW = 40


def clean(text: str) -> str:
    """Text without anything that a terminal would obey: each such character becomes a question mark."""
    return re.sub(_DANGEROUS, "?", text)


def result(line: str = "") -> None:
    """A line of the command's result: to stdout."""
    write(_fitted(line, sys.stdout))


def write(text: str) -> None:
    """Text to stdout as it is. Raises `SettingsProblem` where it cannot be written: a full disk, say."""
    _echo(text)


def _echo(content: str | bytes, *, newline: bool = True) -> None:
    try:
        click.echo(content, nl=newline, color=_colour())
    except BrokenPipeError:
        raise  # whoever read has left: nobody's mistake
    except OSError as exc:
        raise SettingsProblem(msg("The result cannot be written: {reason}.", reason=exc.strerror or "")) from None


def raw(content: bytes) -> None:
    """A whole file to stdout, byte for byte. Raises as `write`."""
    _echo(content, newline=False)


def remark(line: str = "") -> None:
    """A line that is not the result: to stderr."""
    click.echo(_fitted(line, sys.stderr), err=True, color=_colour())


def _colour() -> bool | None:
    """As click takes it: none where NO_COLOR asks for that (no-color.org), else whatever the stream can show."""
    return False if os.environ.get("NO_COLOR") else None  # noqa: TID251  where rich reads it too


def _fitted(line: str, stream: TextIO | None) -> str:
    """A line broken between words where a terminal would break it anywhere. What a script reads stays one line."""
    if len(line) < _NARROW or stream is None or not stream.isatty():  # pythonw.exe has no streams at all
        return line
    import shutil  # only for a terminal

    indent = " " * (len(line) - len(line.lstrip(" ")))
    width = max(shutil.get_terminal_size().columns - 1, _NARROW)
    return click.wrap_text(line.strip(" "), width, initial_indent=indent, subsequent_indent=indent)


def document(value: Any) -> None:  # noqa: ANN401  any JSON value
    """The one JSON document of a command. ASCII, so that no console's code page can spoil it."""
    import json  # only where JSON is asked for

    write(json.dumps(value, indent=2))


def at_a_terminal() -> bool:
    """Whether somebody is there who can be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def strong(text: str) -> str:
    """Text that must be noticed; plain where colour is not wanted (click strips it from pipes)."""
    return click.style(text, bold=True)


def good(text: str) -> str:
    """Text that says: done."""
    return click.style(text, fg="green")


def bad(text: str) -> str:
    """Text that says: somebody must act."""
    return click.style(text, fg="red", bold=True)


def careful(text: str) -> str:
    """Text that says: look here."""
    return click.style(text, fg="yellow")
