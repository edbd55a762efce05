"""`apoa key`: the group of commands for the property's key pair, and `apoa key show`."""

from typing import Any

import click

from apoa_client.app.key_rotation import OLD_KEY_KEPT
from apoa_client.cli.registry import CommandGroup, command, json_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    print_error_line,
    print_json,
    print_line,
    sanitize,
    style_success,
    style_warning,
)
from apoa_client.cli.views.findings import error_fields, show_error
from apoa_client.cli.views.recovery_code import show_code_reminder
from apoa_client.errors import CredentialsProblem, Exit
from apoa_client.vault.keyring_store import KeyringStore

key = CommandGroup(
    "key",
    N_("The keys that seal and open saved reports: recover, replace or show them, or copy them to a second computer."),
    "apoa key show",
    {
        "show": "apoa_client.cli.commands.key:show",
        "recover": "apoa_client.cli.commands.key_recover:recover",
        "rotate": "apoa_client.cli.commands.key_rotate:rotate",
        "export": "apoa_client.cli.commands.key_transfer:export",
        "import": "apoa_client.cli.commands.key_transfer:import_",
    },
)


@command(
    "show", N_("Show which key this property has, where it is kept, and whether it is available now."), "apoa key show"
)
@json_option
@click.pass_obj
def show(session: Session) -> int:
    """Show the public key's fingerprint and where the private key is kept, never the key."""
    app = session.app
    pair = app.key_pair()
    problem: CredentialsProblem | None = None
    try:
        pair.private_key()
    except CredentialsProblem as exc:
        problem = exc
    place = app.secrets.private_key_from_environment() or app.secrets.place
    unfinished = problem is None and pair.unfinished_key() is not None
    keeps_old_key = problem is None and pair.keeps_old_key
    now = app.clock.now()
    summary = app.outbox.summary(now=now, soon=now)
    if session.json:
        error = None if problem is None else error_fields(problem)
        value: dict[str, Any] = {"property": app.settings.name, "fingerprint": pair.fingerprint, "place": place}
        value |= {"available": problem is None, "error": error, "change_unfinished": unfinished}
        value["old_key_kept"] = keeps_old_key
        print_json({**value, "recovery_code_confirmed": app.settings.is_code_confirmed(summary.code_confirmed_for)})
    else:
        print_line(_("Fingerprint of the key: {fingerprint}").format(fingerprint=pair.fingerprint))
        print_line(_("The private key is kept in: {place}").format(place=_place_text(place)))
        if problem is not None:
            show_error(problem)
            print_error_line(_("Restore it with the recovery code: apoa key recover"))
        else:
            print_line(style_success(_("It is available now, and it is the right one.")))
        if keeps_old_key:
            print_line(style_warning(text(OLD_KEY_KEPT)))
        if unfinished:
            warning = _("A change of keys was interrupted. All reports open; finish it with: apoa key rotate")
            print_line(style_warning(warning))
        if app.settings.is_code_confirmed(summary.code_confirmed_for):
            print_line(_("The recovery code is confirmed: it was typed back."))
        show_code_reminder(app.settings, summary)
    return Exit.DONE if problem is None else problem.exit_code


def _place_text(place: str) -> str:
    """Return where the private key is kept, in the reader's language and sanitized."""
    return _("the keyring") if place == KeyringStore.place else sanitize(place)
