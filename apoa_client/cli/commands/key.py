"""`apoa key`: the property's key pair: show, replace, recover, or copy it to a second computer."""

from pathlib import Path

import click

from apoa_client.app.key_rotation import OLD_KEY_KEPT, KeyPair, KeyRecovery
from apoa_client.cli.documents.recovery_file import (
    RecoveryCodeReceiver,
    file_has_code_of,
    read_code_file,
    recovery_file_option,
)
from apoa_client.cli.prompts.recovery_code import code_from_stdin, code_from_terminal, confirm_code, confirm_sheet
from apoa_client.cli.registry import CommandGroup, flag, json_option, option, path_argument, path_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import ask_secret, confirm, secret_line
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    print_done,
    print_error_line,
    print_json,
    print_line,
    print_warning,
    sanitize,
    style_warning,
)
from apoa_client.cli.views.findings import error_fields, show_error
from apoa_client.cli.views.status import show_code_reminder
from apoa_client.errors import CredentialsProblem, DataRefused, Exit, UsageProblem
from apoa_client.messages import msg, nmsg
from apoa_client.settings.config import VAULTS
from apoa_client.vault import recovery
from apoa_client.vault.keyring_store import KeyringStore
from apoa_client.vault.sealing import encode_key, key_pair_from_seed, public_key_of
from apoa_client.vault.store import read_secret_file, write_new_secret_file

key = CommandGroup(
    "key",
    N_("The keys that seal and open saved reports: recover, replace or show them, or copy them to a second computer."),
    "apoa key show",
)


@key.subcommand(
    "show", N_("Show which key this property has, where it is kept, and whether it is available now."), "apoa key show"
)
@json_option
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
        print_json(
            {
                "property": app.settings.name,
                "fingerprint": pair.fingerprint,
                "place": place,
                "available": problem is None,
                "error": None if problem is None else error_fields(problem),
                "change_unfinished": unfinished,
                "old_key_kept": keeps_old_key,
                "recovery_code_confirmed": app.settings.is_code_confirmed(summary.code_confirmed_for),
            }
        )
    else:
        shown = _("the keyring") if place == KeyringStore.place else sanitize(place)
        print_line(_("Fingerprint of the key: {fingerprint}").format(fingerprint=pair.fingerprint))
        print_line(_("The private key is kept in: {place}").format(place=shown))
        if problem is not None:
            show_error(problem)
            print_error_line(_("Restore it with the recovery code: apoa key recover"))
        else:
            print_done(_("It is available now, and it is the right one."))
        if keeps_old_key:
            print_line(style_warning(text(OLD_KEY_KEPT)))
        if unfinished:
            warning = _("A change of keys was interrupted. All reports open; finish it with: apoa key rotate")
            print_line(style_warning(warning))
        if app.settings.is_code_confirmed(summary.code_confirmed_for):
            print_line(_("The recovery code is confirmed: it was typed back."))
        show_code_reminder(app.settings, summary)
    return Exit.DONE if problem is None else problem.exit_code


_RESULTS = {
    "recovered": msg(
        "The private key is restored, and saved reports can be read. If the password is missing: apoa login"
    ),
    "already_here": msg("The code is right. The private key was here already."),
    "for_older_records": msg("This older key is kept too, for the reports that were sealed to it."),
}


@key.subcommand("recover", N_("Restore the private key with the recovery code."), "apoa key recover")
@path_option("--recovery-file", text=N_("Read the code from this file."))
@flag("--code-stdin", text=N_("Read the code from standard input."))
@option("--vault", type=click.Choice(VAULTS), text=N_("Where secrets are kept: the keyring, or a file of this user's."))
def recover(session: Session, *, recovery_file: Path | None, code_stdin: bool, vault: str | None) -> None:
    """Read the code, compare its key with the property's, and store it."""
    from apoa_client.app.sending import complete_guest_tags

    pair = session.app.key_pair(vault or "")
    code = _read_code(session, recovery_file, from_stdin=code_stdin)
    private_key, _public_key = key_pair_from_seed(recovery.seed_from_code(code))
    result = pair.recover(private_key)
    if result is not KeyRecovery.FOR_OLDER_RECORDS:
        session.app.outbox.record_code_confirmed(encode_key(pair.public_key))
    complete_guest_tags(session.app)
    print_done(text(_RESULTS[result.value]))
    place = session.app.secrets.private_key_from_environment()
    if place is not None:
        warning = _("But {place} gives a private key too, and it is tried first.")
        print_warning(warning.format(place=sanitize(place)))


def _read_code(session: Session, file: Path | None, *, from_stdin: bool) -> str:
    if file is not None:
        return read_code_file(file)
    if from_stdin:
        return code_from_stdin()
    if not session.terminal:
        raise UsageProblem(
            msg("There is no terminal to ask for the recovery code."),
            msg("Give it with --recovery-file FILE, or on standard input with --code-stdin."),
        )
    return code_from_terminal()


@key.subcommand(
    "rotate", N_("Replace the key pair, with a new recovery code. Every report is sealed again."), "apoa key rotate"
)
@recovery_file_option
def rotate(session: Session, *, recovery_file: Path | None) -> None:
    """Finish an interrupted change. Otherwise make a new code, and change the keys once it is on paper or in a file."""
    app = session.app
    pair = app.key_pair()
    if _finish_interrupted(session, pair, recovery_file):
        return
    if recovery_file is None and not session.terminal:
        raise UsageProblem(
            msg("There is no terminal to show the new recovery code on."),
            msg("Give a file for it: --recovery-file FILE"),
        )
    code = recovery.new_code()
    private_key, _public_key = key_pair_from_seed(recovery.seed_from_code(code))
    with RecoveryCodeReceiver(app.settings, app.secrets, app.today, recovery_file) as receiver:
        receiver(code)
        if recovery_file is None and not confirm_code(app.settings.name, code):
            raise CredentialsProblem(
                msg("The recovery code was not confirmed."),
                msg("Nothing was changed. When you have pen and paper: apoa key rotate"),
                name="code_not_confirmed",
            )
        count = _change(pair, private_key)
    if recovery_file is None or confirm_sheet(recovery_file, code if session.terminal else ""):
        app.outbox.record_code_confirmed(encode_key(pair.public_key))
    print_done(_("The property has a new key, with the fingerprint {id}.").format(id=pair.fingerprint))
    print_line(text(nmsg("{count} report was sealed again.", "{count} reports were sealed again.", count)))
    if pair.keeps_old_key:
        print_warning(text(OLD_KEY_KEPT))
    else:
        print_line(_("The old private key is deleted from this computer."))
    print_error_line(
        _("Make a new backup now. The old code opens only older backups: keep it as long as you keep those.")
    )


def _change(pair: KeyPair, private_key: bytes) -> int:
    """Change the keys and return the number of reports that were sealed again."""
    try:
        return pair.change(private_key)
    except KeyboardInterrupt:
        warning = _("A change of keys was interrupted. All reports open; finish it with: apoa key rotate")
        print_warning(warning)
        raise


def _finish_interrupted(session: Session, pair: KeyPair, recovery_file: Path | None) -> bool:
    """Finish an interrupted change. Returns whether its recovery code is safe, so that nothing is left to do."""
    unfinished = pair.unfinished_key()
    if unfinished is None:
        return False
    _change(pair, unfinished)
    print_done(_("The interrupted change of keys is finished."))
    if recovery_file is not None:
        return file_has_code_of(recovery_file, pair.public_key)
    if session.terminal:
        return confirm(_("Is the recovery code on paper that was shown before the interruption?"), default=False)
    print_error_line(
        _("Its recovery code was shown or written before. If it is lost: apoa key rotate --recovery-file FILE")
    )
    return True


_FILE = path_argument("path")
_STDIN = flag("--passphrase-stdin", text=N_("Read the passphrase from standard input."))

_IMPORTED = "key_imported"
"""The action in the audit trail."""


@key.subcommand("export", N_("Write the private key to a new file, under a passphrase."), "apoa key export melati.key")
@_FILE
@_STDIN
def export(session: Session, *, path: Path, passphrase_stdin: bool) -> None:
    """Read the key, ask for a passphrase, and write the file."""
    from apoa_client.vault.recovery import ExportedKey, export_key

    app = session.app
    key = ExportedKey(app.settings.name, app.key_pair().private_key(), app.saved_settings(app.settings).index_key)
    passphrase = _read_passphrase(session, from_stdin=passphrase_stdin, new=True)
    write_new_secret_file(path, export_key(key, passphrase))
    app.outbox.record_event("key_exported")
    done = _("The private key is in {path}, locked with the passphrase.").format(path=sanitize(str(path)))
    print_done(done)
    print_error_line(
        _("Take the file to the other computer, run there: apoa key import FILE, and delete it everywhere.")
    )


@key.subcommand("import", N_("Store the private key that another computer exported."), "apoa key import melati.key")
@_FILE
@_STDIN
def import_(session: Session, *, path: Path, passphrase_stdin: bool) -> None:
    """Open the file, check it and store the key. Reports that are sealed to another key here are sealed again."""
    from apoa_client.app.shared_outbox import take_index_key
    from apoa_client.vault.recovery import import_key

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
        print_warning(warning)
        print_error_line(_("Its own recovery code is not valid any more: keep the one of the other computer."))
    take_index_key(session.app, key.index_key)
    done = _("The private key of {name} is on this computer.").format(name=sanitize(key.property_name))
    print_done(done)


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
