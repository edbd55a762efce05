"""`apoa login`: test the password at the authority and store it."""

import click

from apoa_client.app.property_setup import PropertySetup
from apoa_client.app.shared_outbox import log_in
from apoa_client.cli.registry import command, flag, option
from apoa_client.cli.session import Session, ask_password, provided_password, read_password
from apoa_client.cli.terminal.input import ask_secret, confirm
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import print_done, print_line, print_warning, sanitize
from apoa_client.errors import CredentialsProblem, SettingsProblem, UsageProblem
from apoa_client.messages import msg
from apoa_client.report.kinds import State
from apoa_client.vault.errors import PublicKeyChanged, SettingsChanged


@command(
    "login", N_("Store the password, after a test; sending is allowed again if it had been stopped."), "apoa login"
)
@option("--username", text=N_("Another username than before."))
@flag("--password-stdin", text=N_("Read the password from standard input."))
@flag("--no-test", text=N_("Store it without asking the authority."))
@flag("--outbox", "of_outbox", text=N_("The password of the shared outbox's database instead."))
def login(session: Session, *, username: str | None, password_stdin: bool, no_test: bool, of_outbox: bool) -> None:
    """Ask for the password, test it, store it."""
    app = session.app
    if of_outbox:
        if username is not None:
            raise UsageProblem(msg("The user of the database is in its address: apoa config set outbox URL"))

        log_in_to_outbox(session, from_stdin=password_stdin, test=not no_test)
        return
    if app.settings.uses_sandbox:
        app.outbox.set_suspension(None)
        print_line(_("A training property needs no password."))
        return
    if app.settings.by_hand:
        raise SettingsProblem(
            msg("Reports of this property are typed into APOA by hand: it needs no password."),
            msg("To send reports to a server, set up again with: apoa setup"),
        )
    settings = app.settings._replace(username=username or app.settings.username)
    _check_settings(session, ask=not password_stdin)
    place = app.secrets.password_from_environment()
    provided = None if password_stdin or session.terminal else provided_password(session, settings)
    password = provided or read_password(session, lambda: ask_password(settings), from_stdin=password_stdin)
    PropertySetup(app).log_in(password, username=username or "", test=not no_test, store_password=provided is None)
    if provided is not None:
        done = _("Sending is allowed again.") if no_test else _("The authority accepts the password of {place}.")
        done = done.format(place=sanitize(place or ""))
    else:
        done = _("The password is stored.") if no_test else _("The authority accepts the password. It is stored.")
    print_done(done)
    if place is not None and provided is None:  # the environment has priority: the stored password is never used
        warning = _("But {place} gives a password too, and that one is used.")
        print_warning(warning.format(place=sanitize(place)))
    now = app.clock.now()
    if app.outbox.summary(now=now, soon=now).counts[State.QUEUED]:
        print_line(_("Send what waits with: apoa sync"))


def _check_settings(session: Session, *, ask: bool) -> None:
    """Say what has changed in the settings since the stored password was given, and `ask` whether that is right.

    Raises `PublicKeyChanged`, because another password does not make a changed key right, and `click.Abort`.
    """
    try:
        session.app.secrets.check_binding()
    except SettingsChanged as exc:
        print_warning(text(exc.message))
        if ask and session.terminal and not confirm(_("Are the new settings right?"), default=False):
            raise click.Abort from None
    except PublicKeyChanged:
        raise
    except CredentialsProblem:  # met again when the password is stored
        return


def log_in_to_outbox(session: Session, *, from_stdin: bool, test: bool) -> None:
    """Ask for the password, test it, store it. Raises what the test does, and stores nothing then."""
    question = _("Password of the shared outbox's database")
    password = read_password(session, lambda: ask_secret(question), from_stdin=from_stdin)
    log_in(session.app, password, test=test)
    done = _("The database accepts the password. It is stored.") if test else _("The password is stored.")
    print_done(done)
    place = session.app.secrets.outbox_password_from_environment()
    if place is not None:  # the environment has priority: the stored password is never used
        warning = _("But {place} gives a password too, and that one is used.")
        print_warning(warning.format(place=sanitize(place)))


@command("logout", N_("Remove the stored password. The private key and the queue stay."), "apoa logout")
@flag("--outbox", "of_outbox", text=N_("The password of the shared outbox's database instead."))
def logout(session: Session, *, of_outbox: bool) -> None:
    """Remove the password and note it in the audit trail."""
    if of_outbox:
        session.app.secrets.forget_outbox_password()
        print_line(_("The password of the shared outbox's database is removed."))
        return
    session.app.secrets.forget_password()
    session.app.outbox.record_event("logged_out")
    if session.app.settings.uses_sandbox:
        print_line(_("A training property needs no password."))
        return
    print_line(_("The password is removed. Reports are still saved; sending needs: apoa login"))
