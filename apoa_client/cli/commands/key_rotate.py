"""`apoa key rotate`: replace the key pair and seal every report to the new one."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from apoa_client.app.key_rotation import OLD_KEY_KEPT
from apoa_client.cli.documents.recovery_file import RecoveryCodeReceiver, file_has_code_of, recovery_file_option
from apoa_client.cli.prompts.recovery_code import confirm_code, show_code_file
from apoa_client.cli.registry import command
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import print_error_line, print_line, style_success, style_warning
from apoa_client.errors import CredentialsProblem, UsageProblem
from apoa_client.messages import msg, nmsg
from apoa_client.vault import recovery
from apoa_client.vault.sealing import encode_key, key_pair_from_seed

if TYPE_CHECKING:
    from apoa_client.app.key_rotation import KeyPair


@command(
    "rotate", N_("Replace the key pair, with a new recovery code. Every report is sealed again."), "apoa key rotate"
)
@recovery_file_option
@click.pass_obj
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
    if recovery_file is not None:
        show_code_file(recovery_file)
    else:
        app.outbox.record_code_confirmed(encode_key(pair.public_key))
    print_line(style_success(_("The property has a new key, with the fingerprint {id}.").format(id=pair.fingerprint)))
    print_line(text(nmsg("{count} report was sealed again.", "{count} reports were sealed again.", count)))
    if pair.keeps_old_key:
        print_error_line(style_warning(text(OLD_KEY_KEPT)))
    else:
        print_line(_("The old private key is deleted from this computer."))
    print_error_line(
        _("Make a new backup now. The old code opens only older backups: keep it as long as you keep those.")
    )


def _change(pair: "KeyPair", private_key: bytes) -> int:
    """Change the keys and return the number of reports that were sealed again."""
    try:
        return pair.change(private_key)
    except KeyboardInterrupt:
        warning = _("A change of keys was interrupted. All reports open; finish it with: apoa key rotate")
        print_error_line(style_warning(warning))
        raise


def _finish_interrupted(session: Session, pair: "KeyPair", recovery_file: Path | None) -> bool:
    """Finish an interrupted change. Returns whether its recovery code is safe, so that nothing is left to do."""
    unfinished = pair.unfinished_key()
    if unfinished is None:
        return False
    _change(pair, unfinished)
    print_line(style_success(_("The interrupted change of keys is finished.")))
    if recovery_file is not None:
        return file_has_code_of(recovery_file, pair.public_key)
    if session.terminal:
        return confirm(_("Is the recovery code on paper that was shown before the interruption?"), default=False)
    print_error_line(
        _("Its recovery code was shown or written before. If it is lost: apoa key rotate --recovery-file FILE")
    )
    return True
