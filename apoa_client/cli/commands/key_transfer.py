"""`apoa key export` and `apoa key import`: copy the private key, under a passphrase, to a second computer."""

from pathlib import Path

import click

from apoa_client.app.shared_outbox import take_index_key
from apoa_client.cli.registry import argument, command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import ask_secret, secret_line
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_error_line, print_line, sanitize, style_success, style_warning
from apoa_client.errors import DataRefused, UsageProblem
from apoa_client.messages import msg
from apoa_client.vault.recovery import ExportedKey, export_key, import_key
from apoa_client.vault.sealing import public_key_of
from apoa_client.vault.secret_files import read_secret_file, write_new_secret_file

_FILE = argument("path", metavar="FILE", type=click.Path(path_type=Path))
_STDIN = option("--passphrase-stdin", is_flag=True, text=N_("Read the passphrase from standard input."))

_IMPORTED = "key_imported"
"""The action in the audit trail."""


@command("export", N_("Write the private key to a new file, under a passphrase."), "apoa key export melati.key")
@_FILE
@_STDIN
@click.pass_obj
def export(session: Session, *, path: Path, passphrase_stdin: bool) -> None:
    """Read the key, ask for a passphrase, and write the file."""
    app = session.app
    key = ExportedKey(app.settings.name, app.key_pair().private_key(), app.saved_settings(app.settings).index_key)
    passphrase = _read_passphrase(session, from_stdin=passphrase_stdin, new=True)
    write_new_secret_file(path, export_key(key, passphrase))
    app.outbox.record_event("key_exported")
    done = _("The private key is in {path}, locked with the passphrase.").format(path=sanitize(str(path)))
    print_line(style_success(done))
    print_error_line(
        _("Take the file to the other computer, run there: apoa key import FILE, and delete it everywhere.")
    )


@command("import", N_("Store the private key that another computer exported."), "apoa key import melati.key")
@_FILE
@_STDIN
@click.pass_obj
def import_(session: Session, *, path: Path, passphrase_stdin: bool) -> None:
    """Open the file, check it and store the key. Reports that are sealed to another key here are sealed again."""
    pair = session.app.key_pair()
    content = read_secret_file(path, forbidden=0)  # it is locked, and the file system of a USB stick has no modes
    if content is None:
        raise UsageProblem(msg("There is no file {path}.", path=str(path)))
    key = import_key(content, _read_passphrase(session, from_stdin=passphrase_stdin, new=False))
    name = session.app.settings.name
    if key.property_name != name:
        raise DataRefused(
            msg("The file holds the key of {other}, and this property is {name}.", other=key.property_name, name=name),
            msg("Nothing was changed. The right property is chosen with: apoa --property NAME key import FILE"),
        )
    if public_key_of(key.private_key) == pair.public_key:
        pair.recover(key.private_key, _IMPORTED)
    else:
        pair.change(key.private_key, _IMPORTED)
        warning = _("This computer had another key. What it had saved is now sealed to the imported one.")
        print_error_line(style_warning(warning))
        print_error_line(_("Its own recovery code is not valid any more: keep the one of the other computer."))
    take_index_key(session.app, key.index_key)
    done = _("The private key of {name} is on this computer.").format(name=sanitize(key.property_name))
    print_line(style_success(done))


def _read_passphrase(session: Session, *, from_stdin: bool, new: bool) -> str:
    if from_stdin:
        passphrase = secret_line()
        if not passphrase:
            raise UsageProblem(msg("No passphrase came from standard input."))
        return passphrase
    if not session.terminal:
        raise UsageProblem(
            msg("There is no terminal to ask for the passphrase."),
            msg("Give it on standard input with: --passphrase-stdin"),
        )
    return ask_secret(_("Passphrase"), twice=new)
