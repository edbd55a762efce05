"""Long texts on a terminal go through a pager: drawn Markdown, and lists that are longer than the screen.

In a pipe and in plain lines they are printed as they are.
"""

import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import StringIO

from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import columns, plain, write
from apoa_client.cli.terminal.streams import is_terminal
from apoa_client.processes import find_program

_MAX_ROWS = 200
"""Rows of a list that a terminal shows at once."""


def page_markdown(text: str, environ: Mapping[str, str]) -> None:
    """Show a Markdown text. On a terminal it is drawn in its width, in the pager."""
    if plain() or not is_terminal(sys.stdout):
        write(text.rstrip("\n"))
        return
    from rich.console import Console  # slow to load, and only a terminal needs it
    from rich.markdown import Markdown

    drawn = StringIO()
    Console(file=drawn, force_terminal=True, width=columns()).print(Markdown(text, hyperlinks=False))
    _show(drawn.getvalue(), environ)


class _Page(StringIO):
    """Collects what is printed with the colours and tables of a terminal."""

    def isatty(self) -> bool:
        return True


@contextmanager
def paged(environ: Mapping[str, str], *, wanted: bool) -> Iterator[int | None]:
    """Show what is printed inside in a pager, if it is longer than the screen. Yields how many rows of a list to show.

    All rows (None) are shown, and nothing is held back, if the pager is not `wanted` or standard output is no terminal.
    """
    if not (wanted and is_terminal(sys.stdout)):
        yield None
        return
    terminal, page = sys.stdout, _Page()
    sys.stdout = page
    try:
        yield _MAX_ROWS
    finally:
        sys.stdout = terminal
        _show(page.getvalue(), environ)


def _show(text: str, environ: Mapping[str, str]) -> None:
    """Show a text in the pager, which is the command in PAGER, else `less`. Without one, or if it fits, print it."""
    command = [] if plain() else _pager_command(environ)
    if not command or text.count("\n") < shutil.get_terminal_size().lines:  # the shell's prompt is on the last line
        if text:
            write(text.removesuffix("\n"))
        return
    from subprocess import PIPE, Popen  # only for a text that is longer than the screen

    # `less` shows colours, explains its keys and leaves the text on the screen. In the C locale it would show the bytes
    # of letters with accents.
    keys = _("Space = more, q = done")  # ?, :, . and % have a meaning in a prompt of less
    variables = {"LESS": f"FRXPs{keys}$", "LESSCHARSET": "utf-8", **environ}
    with Popen(command, stdin=PIPE, env=variables, encoding="utf-8") as running:  # noqa: S603  the user's own
        with suppress(KeyboardInterrupt):  # Ctrl-C is for the pager
            running.communicate(text)
        while running.poll() is None:
            with suppress(KeyboardInterrupt):
                running.wait()


def _pager_command(environ: Mapping[str, str]) -> list[str]:
    """Return the pager's command; empty if there is none, or if it has an unclosed quotation mark."""
    try:
        program, *options = shlex.split(environ.get("PAGER", "less"), posix=os.name == "posix") or [""]
    except ValueError:
        return []
    # One that is given as a path is the user's own choice. `help` does without pathlib, which takes long to load.
    is_path = os.path.dirname(program)  # noqa: PTH120  see above
    found = shutil.which(program) if is_path else find_program(program, environ) if program else None
    return [found, *options] if found is not None else []
