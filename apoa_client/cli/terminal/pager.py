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
from typing import TYPE_CHECKING, TextIO, cast

from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import columns, plain, write
from apoa_client.cli.terminal.streams import closed_pipes_as_on_posix, is_terminal
from apoa_client.search_path import find_program

if TYPE_CHECKING:
    from subprocess import Popen


def page_markdown(text: str, environ: Mapping[str, str]) -> None:
    """Show a Markdown text. On a terminal it is drawn in its width, in the pager."""
    if plain() or not is_terminal(sys.stdout):
        write(text.rstrip("\n"))
        return
    from rich.console import Console  # slow to load, and only a terminal needs it
    from rich.markdown import Markdown

    drawn = StringIO()
    Console(file=drawn, force_terminal=True, width=columns()).print(Markdown(text, hyperlinks=False))
    with paged(environ, wanted=True):
        write(drawn.getvalue().rstrip("\n"))


_ROWS_WITHOUT_PAGER = 200


@contextmanager
def paged(environ: Mapping[str, str], *, wanted: bool) -> Iterator[int | None]:
    """Send standard output through a pager as soon as it is longer than the screen. Yields how many rows to show.

    The pager is the command in PAGER, else `less`. There is none if it is not `wanted`, in plain mode, and if standard
    output is no terminal. All rows (None) are shown, except on a terminal that has no pager although it is wanted.
    """
    wanted = wanted and is_terminal(sys.stdout)
    command = _pager_command(environ) if wanted and not plain() else []
    if not command:
        yield _ROWS_WITHOUT_PAGER if wanted else None
        return
    terminal, output = sys.stdout, _PagedOutput(sys.stdout, command, environ)
    sys.stdout = cast("TextIO", output)  # it has what this program uses of it
    try:
        yield None
    finally:
        sys.stdout = terminal
        output.finish()


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


class _PagedOutput:
    """Holds text until it is longer than the screen, then writes to a pager; otherwise shows it at the end."""

    def __init__(self, terminal: TextIO, command: list[str], environ: Mapping[str, str]) -> None:
        self._terminal = terminal
        self.encoding, self.errors = terminal.encoding, terminal.errors
        self._command = command
        self._environ = environ
        self._room = shutil.get_terminal_size().lines - 1  # the shell's prompt is on the last line
        self._held = ""
        self._pager: Popen[str] | None = None

    def isatty(self) -> bool:
        """Return True: colours and tables are shown as on the terminal."""
        return True

    def fileno(self) -> int:
        """Return the terminal's descriptor."""
        return self._terminal.fileno()

    def write(self, text: str) -> int:
        """Write to the pager if it runs. Raises `BrokenPipeError` if the user has left it."""
        if self._pager is None:
            self._held += text
            if self._held.count("\n") <= self._room:
                return len(text)
            from subprocess import PIPE, Popen  # only for a list that is longer than the screen

            # `less` shows colours, explains its keys and leaves the text on the screen. In the C locale it would show
            # the bytes of letters with accents, although Python writes UTF-8 there.
            charset = {"LESSCHARSET": "utf-8"} if self.encoding.casefold() == "utf-8" else {}
            keys = _("Space = more, q = done")  # ?, :, . and % have a meaning in a prompt of less
            self._pager = Popen(  # noqa: S603  the user's own command
                self._command,
                stdin=PIPE,
                env={"LESS": f"FRXPs{keys}$", **charset, **self._environ},
                encoding=self.encoding,
                errors=self.errors,
            )
            text, self._held = self._held, ""
        if self._pager.stdin is not None:
            self._pager.stdin.write(text)
        return len(text)

    def flush(self) -> None:
        """Do nothing: what is held is not shown yet, and the pager reads when it wants to."""

    def finish(self) -> None:
        """Show what is held, or wait until the user leaves the pager."""
        if self._pager is None:
            self._terminal.write(self._held)
            self._terminal.flush()
            return
        if self._pager.stdin is not None:
            with suppress(BrokenPipeError), closed_pipes_as_on_posix():
                self._pager.stdin.close()
        while self._pager.poll() is None:
            with suppress(KeyboardInterrupt):  # Ctrl-C is for the pager
                self._pager.wait()
