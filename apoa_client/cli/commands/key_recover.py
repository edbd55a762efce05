"""`apoa key recover`: restore the private key with the recovery code."""

from pathlib import Path

import click

from apoa_client.app.key_rotation import KeyRecovery
from apoa_client.app.sending import complete_guest_tags
from apoa_client.cli.documents.recovery_file import read_code_file
from apoa_client.cli.prompts.recovery_code import code_from_stdin, code_from_terminal
from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import print_error_line, print_line, sanitize, style_success, style_warning
from apoa_client.errors import UsageProblem
from apoa_client.messages import msg
from apoa_client.settings.config import VAULTS
from apoa_client.vault import recovery
from apoa_client.vault.sealing import encode_key, key_pair_from_seed

_RESULTS = {
    "recovered": msg(
        "The private key is restored, and saved reports can be read. If the password is missing: apoa login"
    ),
    "already_here": msg("The code is right. The private key was here already."),
    "for_older_records": msg("This older key is kept too, for the reports that were sealed to it."),
}


@command("recover", N_("Restore the private key with the recovery code."), "apoa key recover")
@option("--recovery-file", type=click.Path(path_type=Path), metavar="FILE", text=N_("Read the code from this file."))
@option("--code-stdin", is_flag=True, text=N_("Read the code from standard input."))
@option("--vault", type=click.Choice(VAULTS), text=N_("Where secrets are kept: the keyring, or a file of this user's."))
@click.pass_obj
def recover(session: Session, *, recovery_file: Path | None, code_stdin: bool, vault: str | None) -> None:
    """Read the code, compare its key with the property's, and store it."""
    pair = session.app.key_pair(vault or "")
    code = _read_code(session, recovery_file, from_stdin=code_stdin)
    private_key, _public_key = key_pair_from_seed(recovery.seed_from_code(code))
    result = pair.recover(private_key)
    if result is not KeyRecovery.FOR_OLDER_RECORDS:
        session.app.outbox.record_code_confirmed(encode_key(pair.public_key))
    complete_guest_tags(session.app)
    print_line(style_success(text(_RESULTS[result.value])))
    place = session.app.secrets.private_key_from_environment()
    if place is not None:
        warning = _("But {place} gives a private key too, and it is tried first.")
        print_error_line(style_warning(warning.format(place=sanitize(place))))


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
