"""The window that a double click on the program opens on Windows: it asks for commands, and stays until it is closed.

No PATH has to know the program there, because each command runs as this program again.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from apoa_client.cli.terminal.input import ask_line
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_line
from apoa_client.installation import own_command

_PROGRAM = "apoa"
_CLOSING = frozenset({"exit", "quit"})

if sys.platform == "win32":

    def is_own_window() -> bool:
        """Return whether no other program, such as a shell, would keep the window open after this one."""
        import ctypes

        processes = (ctypes.c_ulong * 2)()
        return bool(ctypes.WinDLL("kernel32").GetConsoleProcessList(processes, len(processes)) == 1)


def ask_for_commands() -> None:
    """Run each command that the user types, with or without the program's name, until Enter alone or Ctrl-C."""
    print_line()
    print_line(_("Type a command here, as it is printed. Enter alone closes this window."))
    while True:
        try:
            line = ask_line(f"{_PROGRAM}>").strip()
        except click.Abort:
            return
        first, _blank, rest = line.partition(" ")
        if first.casefold() in {_PROGRAM, f"{_PROGRAM}.exe"}:
            line = rest.strip()
        if not line or line in _CLOSING:
            return
        with _interrupts_left_to_the_command():
            # The line as it is: Windows splits it as in any other window.
            subprocess.run(f"{subprocess.list2cmdline(own_command())} {line}", check=False)  # noqa: S603  this program


@contextmanager
def _interrupts_left_to_the_command() -> Iterator[None]:
    """Let Ctrl-C end the command that runs, and not the window."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
