"""`apoa outbox move`: use another outbox from now on, and take over what the one before has."""

from collections.abc import Callable
from typing import TypeVar

import click

from apoa_client.app.shared_outbox import OutboxSwitch
from apoa_client.cli.commands.outbox import ask_database_password
from apoa_client.cli.registry import command, json_option, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import confirm, secret_line
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import print_error_line, print_json, print_line, sanitize, style_success
from apoa_client.cli.terminal.signals import Signals
from apoa_client.cli.views.findings import error_fields, show_error
from apoa_client.errors import CredentialsProblem, Exit, StorageProblem, UsageProblem
from apoa_client.messages import msg, nmsg
from apoa_client.settings.config import SQLITE
from apoa_client.settings.outbox_address import parse_address

_T = TypeVar("_T")


@command(
    "move",
    N_("Save reports in a shared outbox from now on, or in a file here, and take over every report from before."),
    "apoa outbox move --to postgresql://melati@db.example/apoa",
)
@option(
    "--to", required=True, command="outbox", metavar="URL|sqlite", text=N_("Where: an address, or sqlite for a file.")
)
@option("--password-stdin", is_flag=True, text=N_("Read the password from standard input."))
@option("--yes", "-y", is_flag=True, text=N_("Do not ask."))
@json_option
@click.pass_obj
def move(session: Session, /, *, to: str, password_stdin: bool, yes: bool) -> int:
    """Move the outbox of the property. What cannot be taken over now is taken over by the next commands."""
    if to != SQLITE:
        parse_address(to)  # what is wrong with it is said before any question
    switch = OutboxSwitch(session.app, to)
    if not yes and not _agreed(session, switch, to):
        print_line(_("Nothing was changed."))
        return Exit.DONE
    with Signals():
        done = _with_password(session, switch.run, to, secret_line() or None if password_stdin else None)
    code = Exit.DONE if done.problem is None else done.problem.exit_code
    if session.json:
        error = None if done.problem is None else error_fields(done.problem)
        values = {"outbox": to, "reports": done.reports, "left": done.left, "error": error}
        print_json({"property": switch.after.name, **values})
        return code
    print_line(style_success(_("Reports are saved there from now on: {place}").format(place=sanitize(to))))
    print_line(text(nmsg("{count} report was taken over.", "{count} reports were taken over.", done.reports)))
    if done.problem is not None:
        show_error(done.problem)
    if done.left or done.problem is not None:
        print_error_line(_("What is still in the outbox of before is taken over by itself, at once by: apoa sync"))
    return code


def _agreed(session: Session, switch: OutboxSwitch, to: str) -> bool:
    if not session.interactive:
        raise UsageProblem(
            msg("Moving the outbox must be confirmed, and there is no terminal to ask at. Nothing was moved."),
            msg("If that is right, give --yes."),
        )
    try:
        count = switch.count()
        print_line(text(nmsg("{count} report is to be moved.", "{count} reports are to be moved.", count)))
    except StorageProblem as exc:  # they are taken over when that outbox answers
        show_error(exc)
    return confirm(_("Move everything to {place} and use that from now on?").format(place=sanitize(to)), default=False)


def _with_password(session: Session, work: Callable[[str | None], _T], to: str, password: str | None) -> _T:
    """Do the work, and ask for the password of the database if it is needed and not stored."""
    try:
        return work(password)
    except CredentialsProblem:
        if password is not None or not session.interactive or to == SQLITE:
            raise
    return work(ask_database_password(parse_address(to)))
