"""The recovery code: shown once and confirmed, and asked for."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click

from apoa_client.cli.prompts.conversation import HELP, Move
from apoa_client.cli.terminal.input import ask_line, ask_secret, confirm, secret_line
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
from apoa_client.vault.recovery import RecoveryCodeWrong, parse_code

_TRIES = 3


_GROUPS_OF_SHEET = (2, 6)
"""The groups, from 1, that are typed from a printed sheet: unlike handwriting, print cannot be miscopied."""


def confirm_sheet(path: Path, code: str = "") -> bool:
    """Show where the recovery code was written, and ask for two groups of the printed sheet.

    Return False if they are left for later, or if there is no `code` to compare them with.
    """
    print_error_line(style_success(_("The recovery code is in {path}.").format(path=sanitize(str(path)))))
    print_error_line(_("Print it, put it in the safe, and delete the file from this computer."))
    with suppress(click.Abort):
        if code and all(_is_typed(number, code) for number in _GROUPS_OF_SHEET):
            print_error_line(style_success(_("That is right.")))
            return True
    print_error_line(_("Then type it back from the paper once: apoa key recover"))
    return False


def _is_typed(number: int, code: str) -> bool:
    """Ask for one group until it is right; False for Enter alone."""
    groups = code.split("-")
    while typed := ask_line(_("Group {number} on the printed sheet (Enter = later)").format(number=number)):
        groups[number - 1] = typed
        if _difference("-".join(groups), code) is None:
            return True
        print_error_line(style_error(text(msg("Group {number} of the recovery code is not right.", number=number))))
    return False


def confirm_code(name: str, code: str) -> bool:
    """Show a recovery code once, and let the user type it back.

    Return False after three tries, after Ctrl-C, or if the user wants to skip it.
    """
    print_error_line()
    print_error_line(style_bold(_("The recovery code of {name}").format(name=sanitize(name))))
    for number, group in enumerate(code.split("-"), start=1):
        print_error_line(f"  {number}.  " + style_bold(" ".join(group)))
    print_error_line(_("Write it down on paper now, and keep it in the safe. It is shown only this once."))
    print_error_line(_("If this computer or its key is lost, nothing else can open the saved reports."))
    try:
        for _try in range(_TRIES):
            typed = _ask_code_or_skip()
            if not typed:
                return False
            problem = _difference(typed, code)
            if problem is None:
                message = _(
                    "That is right. The code is still visible in this window: close the window when you are done."
                )
                print_error_line(style_success(message))
                return True
            print_error_line(style_error(text(problem)))
    except click.Abort:
        print_error_line()
    return False


def _ask_code_or_skip() -> str:
    """Return what the user types; empty if the user skips the code and is sure."""
    question = _("Skip it? If this computer breaks, only the code on paper opens the saved reports.")
    while not (typed := _ask_code(lambda: ask_line(_("Type it back from the paper")))):
        if confirm(question, default=False):
            break
    return typed


def _ask_code(ask: Callable[[], str]) -> str:
    """Return what the user types. `?`, `<` and `>` show help, and are no try."""
    while (typed := ask()) in {HELP, *Move}:
        print_error_line(
            "  " + _("Type the seven groups as they are on the paper; small letters and spaces do not matter.")
        )
        print_error_line("  " + _("Press Enter to stop without a code."))
    return typed


def _difference(typed: str, code: str) -> Message | None:
    """Return what is wrong with a typed code; None if it is right."""
    try:
        groups = parse_code(typed).split("-")
    except RecoveryCodeWrong as exc:
        return exc.message
    for number, (group, expected) in enumerate(zip(groups, code.split("-"), strict=True), start=1):
        if group != expected:
            return msg("Group {number} of the recovery code is not right.", number=number)
    return None


def warn_no_code() -> None:
    """Warn that there is no recovery code, because it could not be shown to a user."""
    print_error_line(
        style_warning(_("There is no recovery code yet: if this computer is lost, nothing can open the saved reports."))
    )
    print_error_line(_("Make one with: apoa key rotate --recovery-file FILE"))


def code_from_stdin() -> str:
    """Return the code on one line of standard input. Raises `RecoveryCodeWrong`."""
    return parse_code(secret_line())


def code_from_terminal() -> str:
    """Ask for the code without echo, up to three times. Raises `UsageProblem` or `RecoveryCodeWrong`."""
    print_error_line(_("Type the recovery code from the sheet. It does not show on the screen."))
    for left in reversed(range(_TRIES)):
        typed = _ask_code(lambda: ask_secret(_("Recovery code"), may_be_empty=True).strip())
        if not typed:
            break
        try:
            return parse_code(typed)
        except RecoveryCodeWrong as exc:
            if not left:
                raise
            print_error_line(style_error(text(exc.message)))
    raise UsageProblem(msg("No recovery code was typed."))
