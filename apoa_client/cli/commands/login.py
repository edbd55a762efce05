"""`apoa login` and `apoa logout`: the password at the authority, tested before it is stored."""

import click

from apoa_client.app.property_setup import PropertySetup
from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session, ask_password
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import (
    print_error_line,
    print_line,
    sanitize,
    secret_line,
    style_success,
    style_warning,
)
from apoa_client.errors import UsageProblem
from apoa_client.messages import msg


@command("login", N_("Store the password, after a test; sending goes on if it had stopped."), "apoa login")
@option("--username", text=N_("Another username than before."))
@option("--password-stdin", is_flag=True, text=N_("Read the password from standard input."))
@option("--no-test", is_flag=True, text=N_("Store it without asking the authority."))
@click.pass_obj
def login(session: Session, *, username: str | None, password_stdin: bool, no_test: bool) -> None:
    """Ask, test, store."""
    app = session.app
    if app.settings.training:
        app.outbox.stop(None)
        print_line(_("A training property needs no password."))
        return
    password = read_password(session, from_stdin=password_stdin)
    PropertySetup(app).log_in(password, username=username or "", test=not no_test)
    done = _("The password is stored.") if no_test else _("The authority accepts the password. It is stored.")
    print_line(style_success(done))
    _warn_of_another(app.secrets.password_from_environment())


def _warn_of_another(place: str | None) -> None:
    """What the environment says is believed before what is stored: the new password would never be used."""
    if place is not None:
        print_error_line(
            style_warning(_("But {place} gives a password too, and that one is used.").format(place=sanitize(place)))
        )


@command("logout", N_("Remove the stored password. The private key and the queue stay."), "apoa logout")
@click.pass_obj
def logout(session: Session) -> None:
    """Forget the password."""
    session.app.secrets.forget_password()
    session.app.outbox.note("logged_out")
    print_line(_("The password is removed. Reports are still saved; sending needs: apoa login"))


def read_password(session: Session, *, from_stdin: bool) -> str:
    """The password, unseen at a terminal, or the first line of standard input. Raises `UsageProblem`."""
    if from_stdin:
        password = secret_line()
        if not password:
            raise UsageProblem(msg("No password came from standard input."))
        return password
    if not session.terminal:
        raise UsageProblem(
            msg("There is no terminal to ask for the password."),
            msg("Give it on standard input with: --password-stdin"),
        )
    return ask_password()
