"""`apoa outbox`: where reports are saved, and the database of a shared outbox."""

from apoa_client.app.shared_outbox import Member, OutboxSwitch, describe, prepare
from apoa_client.cli.registry import CommandGroup, argument, flag, json_option, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.command_names import localized_line
from apoa_client.cli.terminal.input import ask_secret, confirm, secret_line
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    print_done,
    print_error_line,
    print_json,
    print_line,
    print_warning,
    sanitize,
)
from apoa_client.cli.terminal.signals import Signals
from apoa_client.cli.views.findings import error_fields, show_error
from apoa_client.cli.views.outboxes import outbox_value, show_outbox
from apoa_client.errors import CredentialsProblem, Exit, StorageProblem, UsageProblem
from apoa_client.messages import msg, nmsg
from apoa_client.settings.config import SQLITE
from apoa_client.settings.outbox_address import ServerAddress, parse_address

_NEW_LOGIN = ("CREATE ROLE melati LOGIN;", r"\password melati")
"""What an administrator types into psql."""
_CLOSE_PUBLIC = "REVOKE CREATE ON SCHEMA public FROM PUBLIC"

outbox = CommandGroup(
    "outbox",
    N_("Where reports are saved: in a file here, or in a shared outbox on a server, for several desks."),
    "apoa outbox show",
)


@outbox.subcommand(
    "show", N_("Show where reports are saved, what keeps them, and how many wait there and here."), "apoa outbox show"
)
@json_option
def show(session: Session) -> Exit:
    """Show the outbox of the property."""
    state, now = describe(session.app), session.app.clock.now()
    if session.json:
        print_json({"property": session.app.settings.name, **outbox_value(state, now)})
    else:
        show_outbox(state, now)
    return state.problem.exit_code if state.problem is not None else Exit.DONE


@outbox.subcommand(
    "init",
    N_("Prepare a database of PostgreSQL as a shared outbox, or bring it to this version, as its administrator."),
    "apoa outbox init postgresql://postgres@host/database --sender melati",
)
@argument("url", metavar="URL")
@option("--sender", "senders", multiple=True, metavar="LOGIN", text=N_("Let this login save, read and send reports."))
@flag("--password-stdin", text=N_("Read the password from standard input."))
@json_option
def init(session: Session, /, url: str, *, password_stdin: bool, senders: tuple[str, ...]) -> None:
    """Make or update the tables, and let logins of the server use the chosen property."""
    address = parse_address(url)
    name = session.property_name or session.app.settings.name if senders else ""
    members = [Member(login, name) for login in senders]
    password = secret_line() or None if password_stdin else None  # the server may need none
    if not password_stdin and session.interactive:
        password = ask_database_password(address)
    prepared = prepare(address, password, members)
    if session.json:
        added = [{"login": each.login, "property": each.property_name, "role": "sender"} for each in members]
        public = {"public_schema": "open" if prepared.is_open else "closed"} if prepared.was_open else {}
        print_json({"place": address.place, "version_before": prepared.version_before, "members": added, **public})
        return
    done = (
        _("The database is up to date: {place}") if prepared.version_before else _("The database is prepared: {place}")
    )
    print_done(done.format(place=sanitize(address.place)))
    if prepared.is_open:
        warning = _("Every login may create functions in the schema public there. A superuser must run: {statement}")
        print_warning(warning.format(statement=_CLOSE_PUBLIC))
    elif prepared.was_open:
        print_line(_("Logins could create functions in the schema public there. They cannot any more."))
    for each in members:
        line = _("The login {login} may use the property {property}.")
        print_line(line.format(login=sanitize(each.login), property=sanitize(each.property_name)))
    if not members:
        print_line(_("Next, create a login of the server for each property, for example with psql:"))
        for line in _NEW_LOGIN:
            print_line(f"  {line}")
        print_line(_("Then let it use its property:"))
        let_use = localized_line(f"apoa --property melati outbox init {address.place} --sender melati")
        print_line(f"  {sanitize(let_use)}")


def ask_database_password(address: ServerAddress) -> str | None:
    """Ask for the password of the user of a database; None if the server needs none."""
    question = _("Password of {login} (Enter = none)").format(login=sanitize(address.user))
    return ask_secret(question, may_be_empty=True) or None


@outbox.subcommand(
    "move",
    N_("Save reports in a shared outbox from now on, or in a file here, and take over every report from before."),
    "apoa outbox move --to postgresql://melati@db.example/apoa",
)
@option(
    "--to", required=True, command="outbox", metavar="URL|sqlite", text=N_("Where: an address, or sqlite for a file.")
)
@flag("--password-stdin", text=N_("Read the password from standard input."))
@flag("--yes", "-y", text=N_("Do not ask."))
@json_option
def move(session: Session, /, *, to: str, password_stdin: bool, yes: bool) -> int:
    """Move the outbox of the property. What cannot be taken over now is taken over by the next commands."""
    if to != SQLITE:
        parse_address(to)  # what is wrong with it is said before any question
    switch = OutboxSwitch(session.app, to)
    if not yes and not _agreed(session, switch, to):
        print_line(_("Nothing was changed."))
        return Exit.DONE
    with Signals():
        password = secret_line() or None if password_stdin else None
        try:
            done = switch.run(password)
        except CredentialsProblem:  # it is needed, and not stored
            if password is not None or not session.interactive or to == SQLITE:
                raise
            done = switch.run(ask_database_password(parse_address(to)))
    code = Exit.DONE if done.problem is None else done.problem.exit_code
    if session.json:
        error = None if done.problem is None else error_fields(done.problem)
        values = {"outbox": to, "reports": done.reports, "left": done.left, "error": error}
        print_json({"property": switch.after.name, **values})
        return code
    print_done(_("Reports are saved there from now on: {place}").format(place=sanitize(to)))
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
