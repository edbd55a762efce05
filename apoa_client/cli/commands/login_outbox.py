"""`apoa login --outbox`: test the password of the shared outbox's database and store it."""

from apoa_client.app.shared_outbox import log_in
from apoa_client.cli.session import Session, given_password
from apoa_client.cli.terminal.input import ask_secret
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, print_line, sanitize, style_success, style_warning


def log_in_to_outbox(session: Session, *, from_stdin: bool, test: bool) -> None:
    """Ask for the password, test it, store it. Raises what the test does, and stores nothing then."""
    password = given_password(session, from_stdin=from_stdin)
    if password is None:
        password = ask_secret(_("Password of the shared outbox's database"))
    log_in(session.app, password, test=test)
    done = _("The database accepts the password. It is stored.") if test else _("The password is stored.")
    print_line(style_success(done))
    place = session.app.secrets.outbox_password_from_environment()
    if place is not None:  # the environment has priority: the stored password is never used
        warning = _("But {place} gives a password too, and that one is used.")
        print_error_line(style_warning(warning.format(place=sanitize(place))))
