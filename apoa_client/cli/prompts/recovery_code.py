"""A recovery code on its way out, to a person or a new file, and on its way back in."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from apoa_client.cli.prompts.conversation import HELP, Move
from apoa_client.cli.terminal.input import ask_line, ask_secret, secret_line
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import (
    print_error_line,
    sanitize,
    style_bold,
    style_error,
    style_success,
    style_warning,
)
from apoa_client.errors import UsageProblem
from apoa_client.messages import Message, msg
from apoa_client.vault.recovery import GROUPS, RecoveryCodeWrong, parse_code

if TYPE_CHECKING:
    pass

_TRIES = 3
_LONGEST_LINE = 1000
_WRITTEN = re.compile(r"\b(?:[0-9A-Za-z]{5}-){%d}[0-9A-Za-z]{5}\b" % (GROUPS - 1))  # noqa: UP031  braces of its own


def show_code_file(path: Path) -> None:
    """Say where the code is, and what to do with it."""
    print_error_line(style_success(_("The recovery code is in {path}.").format(path=sanitize(str(path)))))
    print_error_line(_("Print it, put it in the safe, and delete the file from this computer."))


def confirm_code(name: str, code: str) -> bool:
    """Show a code, this once, and have it typed back; whether it was. Ctrl-C and Enter alone mean no."""
    print_error_line()
    print_error_line(style_bold(_("The recovery code of {name}").format(name=sanitize(name))))
    for number, group in enumerate(code.split("-"), start=1):
        print_error_line(f"  {number}.  " + style_bold(" ".join(group)))
    print_error_line(_("Write it down on paper now, and keep it in the safe. It is shown only this once."))
    print_error_line(_("If this computer or its key is lost, nothing else can open the saved reports."))
    try:
        return _typed_back(code)
    except click.Abort:
        print_error_line()
        return False


def _typed_back(code: str) -> bool:
    for _try in range(_TRIES):
        typed = _typed(lambda: ask_line(_("Type it back from the paper")))
        if not typed:
            return False
        wrong = _difference(typed, code)
        if wrong is None:
            print_error_line(
                style_success(
                    _("That is right. The code is still visible in this window: close the window when you are done.")
                )
            )
            return True
        print_error_line(style_error(text(wrong)))
    return False


def _typed(asked: Callable[[], str]) -> str:
    """What is typed where a code is awaited. Whoever wants help, or another question, gets it, and it is no try."""
    while (typed := asked()) in {HELP, *Move}:
        print_error_line(
            "  " + _("Type the seven groups as they are on the paper; small letters and spaces do not matter.")
        )
        print_error_line("  " + _("Press Enter to stop without a code."))
    return typed


def _difference(typed: str, code: str) -> Message | None:
    """What is wrong with a code as it was typed; None where nothing is."""
    try:
        groups = parse_code(typed).split("-")
    except RecoveryCodeWrong as exc:
        return exc.message
    for number, (group, wanted) in enumerate(zip(groups, code.split("-"), strict=True), start=1):
        if group != wanted:
            return msg("Group {number} of the recovery code is not right.", number=number)
    return None


def warn_unconfirmed() -> None:
    """The property works, and there is no way back."""
    print_error_line(
        style_warning(_("The recovery code was not confirmed, so do not rely on it. Make a new one: apoa key rotate"))
    )


def warn_no_code() -> None:
    """The same, where nobody was there to be shown a code."""
    print_error_line(
        style_warning(_("There is no recovery code yet: if this computer is lost, nothing can open the saved reports."))
    )
    print_error_line(_("Make one with: apoa key rotate --recovery-file FILE"))


def code_from_stdin() -> str:
    """The code on one line of standard input. Raises `RecoveryCodeWrong`."""
    return parse_code(secret_line(_LONGEST_LINE))


def code_from_terminal() -> str:
    """The code, typed unseen; a wrong one may be typed again. Raises `UsageProblem` or `RecoveryCodeWrong`."""
    print_error_line(_("Type the recovery code from the sheet. It does not show on the screen."))
    for left in reversed(range(_TRIES)):
        typed = _typed(lambda: ask_secret(_("Recovery code"), may_be_empty=True).strip())
        if not typed:
            break
        try:
            return parse_code(typed)
        except RecoveryCodeWrong as exc:
            if not left:
                raise
            print_error_line(style_error(text(exc.message)))
    raise UsageProblem(msg("No recovery code was typed."))
