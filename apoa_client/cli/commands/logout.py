"""`apoa logout`: remove the stored password."""

import click

from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_line


@command("logout", N_("Remove the stored password. The private key and the queue stay."), "apoa logout")
@option("--outbox", "of_outbox", is_flag=True, text=N_("The password of the shared outbox's database instead."))
@click.pass_obj
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
