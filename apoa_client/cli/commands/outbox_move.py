"""`apoa outbox move`: move every report of a property to another outbox, and use that from then on."""

from collections.abc import Callable
from typing import TypeVar

import click

from apoa_client.app.outbox_move import Moved, OutboxMove
from apoa_client.cli.commands.outbox import ask_database_password
from apoa_client.cli.registry import command, json_option, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import confirm, secret_line
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import print_error_line, print_json, print_line, sanitize, style_success
from apoa_client.cli.terminal.signals import Signals
from apoa_client.errors import CredentialsProblem, UsageProblem
from apoa_client.messages import msg, nmsg
from apoa_client.settings.config import SQLITE
from apoa_client.settings.outbox_address import parse_address

_T = TypeVar("_T")


@command(
    "move",
    N_("Move every report to a shared outbox, or back into a file here. What is left is kept."),
    "apoa outbox move --to postgresql://melati@db.example/apoa",
)
@option(
    "--to", required=True, command="outbox", metavar="URL|sqlite", text=N_("Where: an address, or sqlite for a file.")
)
@option("--cancel", "give_up", is_flag=True, text=N_("Give up a move there that was begun and has not ended."))
@option("--password-stdin", is_flag=True, text=N_("Read the password from standard input."))
@option("--yes", "-y", is_flag=True, text=N_("Do not ask."))
@json_option
@click.pass_obj
def move(session: Session, /, *, to: str, give_up: bool, password_stdin: bool, yes: bool) -> None:
    """Move the outbox of the property, or what is left of a move that was interrupted."""
    if to != SQLITE:
        parse_address(to)  # what is wrong with it is said before any question
    moving = OutboxMove(session.app, to)
    if give_up:
        _give_up(session, moving, to, secret_line() or None if password_stdin else None)
        return
    if not yes and not _agreed(session, moving, to):
        print_line(_("Nothing was changed."))
        return
    with Signals():  # so that an interrupted one releases its locks
        moved = _with_password(session, moving.run, to, secret_line() or None if password_stdin else None)
    if session.json:
        print_json(
            {
                "property": session.app.settings.name,
                **moved.copied._asdict(),
                "outbox": moved.outbox,
                "kept": moved.kept,
            }
        )
        return
    _show(moved)


def _agreed(session: Session, moving: OutboxMove, to: str) -> bool:
    if not session.interactive:
        raise UsageProblem(
            msg("Moving the outbox must be confirmed, and there is no terminal to ask at. Nothing was moved."),
            msg("If that is right, give --yes."),
        )
    count = moving.count()
    print_line(text(nmsg("{count} report is to be moved.", "{count} reports are to be moved.", count)))
    return confirm(_("Move everything to {place} and use that from now on?").format(place=sanitize(to)), default=False)


def _with_password(session: Session, work: Callable[[str | None], _T], to: str, password: str | None) -> _T:
    """Do the work, and ask for the password of the database if it is needed and not stored."""
    try:
        return work(password)
    except CredentialsProblem:
        if password is not None or not session.interactive or to == SQLITE:
            raise
    return work(ask_database_password(parse_address(to)))


def _give_up(session: Session, moving: OutboxMove, to: str, password: str | None) -> None:
    with Signals():
        _with_password(session, moving.cancel, to, password)
    settings = session.app.settings
    if session.json:
        print_json({"property": settings.name, "outbox": settings.outbox, "cancelled": to})
        return
    done = _("The move is given up. The reports stay at: {place}")
    print_line(style_success(done.format(place=sanitize(settings.outbox))))
    print_error_line(_("Guests' data that were copied are erased: {place}").format(place=sanitize(to)))


def _show(moved: Moved) -> None:
    print_line(style_success(_("Everything is moved and compared: {place}").format(place=sanitize(moved.outbox))))
    print_line(text(nmsg("{count} report is there.", "{count} reports are there.", moved.copied.reports)))
    kept = _("What was there before is kept, and is not used any more: {place}")
    print_error_line(kept.format(place=sanitize(moved.kept)))
    if moved.is_file:
        print_error_line(
            _("It is a file with guests' data: it is removed after the retention period. Delete it earlier if you can.")
        )
    else:
        print_error_line(_("Its administrator can remove it from the database. See: apoa help admin"))
