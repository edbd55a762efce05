"""One call by a shell's script: never an error, a question, a lock or a change, whatever state the files are in."""

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

import click

from apoa_client.cli.completion import shells
from apoa_client.cli.completion.grammar import Grammar
from apoa_client.cli.completion.offers import Offers, find_offers
from apoa_client.cli.session import Session
from apoa_client.cli.terminal import language
from apoa_client.errors import Exit


def complete(task: str, root: click.Group, session: Session, choose_language: Callable[[Sequence[str]], str]) -> int:
    """Answer a script of a shell, and return the exit code. Where anything is wrong, no word fits.

    `task` is ``SHELL_complete``, or ``SHELL_source`` for the script itself.
    """
    shell, _underscore, task = task.partition("_")
    if shell not in shells.SHELLS:
        return Exit.USAGE
    if task == "source":
        _write(shells.script(shell))
        return Exit.DONE
    line = shells.asked(shell, session.environ)
    try:
        language.set_language(choose_language(line.arguments))
        offers = find_offers(Grammar(root), session, line.arguments, line.current.text)
    except Exception:  # noqa: BLE001  a message would be written into the line that the user types
        offers = Offers()
    _write(shells.answer(shell, offers, line.current, session.environ))
    return Exit.DONE


def _write(text: str) -> None:
    """Write lines that end as the scripts expect, on Windows too. A shell that does not read them is no error."""
    stream = getattr(sys.stdout, "buffer", None)
    if stream is not None:
        with suppress(OSError):
            stream.write(text.encode())
            stream.flush()
