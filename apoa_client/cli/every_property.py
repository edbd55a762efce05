"""Runs a command for every property, one after another: an error of one never stops the next.

On a screen each property has its name as a heading, with ``--quiet`` only before something that a user must act on.
With ``--json`` there is one document: ``{"properties": [{"property": NAME, ...what the command prints for one}]}``.
"""

import sys
from collections import ChainMap
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import click

from apoa_client.cli.failures import show_failure
from apoa_client.cli.registry import flag
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, commands_completed
from apoa_client.cli.terminal.output import (
    collected_json,
    error_heading,
    print_json,
    print_line,
    sanitize,
    set_environment,
    style_bold,
)
from apoa_client.cli.terminal.streams import is_terminal
from apoa_client.errors import ApoaError, Exit, UsageProblem, worst_exit
from apoa_client.messages import msg
from apoa_client.settings.config import nothing_set_up

all_option = flag("--all", "every_property", text=N_("For every property of this computer."))
"""Declares `--all`, the parameter `every_property`."""

Work = Callable[[Session], int]
"""The command's work on the property of a session. Returns an exit code or raises as a command does."""

_ENDS_THE_CALL = (click.Abort, click.ClickException, click.exceptions.Exit, BrokenPipeError)
"""Exceptions that end the call for all properties: the user or the reader of the output ended the command."""


def run_for_every_property(
    session: Session,
    work: Work,
    *,
    has_heading: bool = False,
    reread: bool = True,
) -> Exit:
    """Do the work for each property in the order of the settings, and return the worst exit code.

    With `has_heading`, what the work prints has the property's name as its own heading. `reread` is as in `sessions`.
    Raises `SettingsProblem` if the settings cannot be read or there is no property, and `UsageProblem` if one was
    chosen by an option.
    """
    codes, documents = list[int](), list[dict[str, Any]]()
    one_screen = is_terminal(sys.stdout) and is_terminal(sys.stderr)  # stderr needs no heading that stdout has shown
    for each in sessions(session, reread=reread):
        shown = not (session.json or session.quiet)
        if shown and codes:
            print_line()
        if shown and not has_heading:
            print_line(_heading(each))
        above_errors = "" if shown and not has_heading and one_screen else _heading(each)
        collecting: AbstractContextManager[list[Any]] = collected_json() if session.json else nullcontext([])
        with error_heading(partial(str, above_errors)), collecting as printed:
            codes.append(_code(each, work))
        documents.append({"property": each.property_name} | dict(ChainMap(*printed)))
    if session.json:
        set_environment_of_all(session)
        print_json({"properties": documents})
    return worst_exit(codes)


def set_environment_of_all(session: Session) -> None:
    """Let a document about all properties say that it is practice only where all of them are."""
    set_environment(lambda: "training" if session.practice else "")


def refuse_one_property(session: Session) -> None:
    """Raise `UsageProblem` if one property was chosen by an option."""
    if session.is_one_chosen:
        raise UsageProblem(
            msg("One property was chosen, and all were asked for."), msg("Give one of --property and --all.")
        )


def sessions(session: Session, *, reread: bool = True) -> Iterator[Session]:
    """Yield a session for each property, and close it afterwards. With `reread` it reads the settings at its turn."""
    refuse_one_property(session)
    if not session.names:
        raise nothing_set_up()
    for name in session.names:
        each = session.for_property(name)
        if not (reread or session.practice):  # practice may be in another home
            each.app.config = session.app.config
        with commands_completed(each.complete_commands), each:
            yield each


def _code(session: Session, work: Work) -> int:
    try:
        with session:
            return work(session) or session.exit_code
    except _ENDS_THE_CALL:
        raise
    except Exception as exc:  # noqa: BLE001  any error ends the work on one property
        return show_failure(session, exc)


def _heading(session: Session) -> str:
    """Return the property's label, or its short name if the settings do not say more."""
    try:
        label = session.app.settings.label
    except ApoaError:
        label = session.property_name
    return style_bold(sanitize(label))
