"""`apoa key`: the property's key pair, replaced, brought back, shown, or taken to a second computer."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from apoa_client.app.container import Container
from apoa_client.cli.documents.recovery_file import (
    RecoveryCodeReceiver,
    file_has_code_of,
    read_code_file,
    recovery_file_option,
)
from apoa_client.cli.prompts.recovery_code import (
    code_from_stdin,
    code_from_terminal,
    confirm_code,
    show_code_file,
)
from apoa_client.cli.registry import CommandGroup, command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import confirm
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
from apoa_client.errors import CredentialsProblem, Exit, UsageProblem
from apoa_client.messages import msg, nmsg
from apoa_client.settings.config import VAULTS
from apoa_client.vault import recovery
from apoa_client.vault.sealing import key_pair_from_seed

if TYPE_CHECKING:
    from apoa_client.app.key_rotation import KeyPair

key = CommandGroup(
    "key",
    N_("The keys that seal and open saved reports: recover, replace or show them, or take them to a second computer."),
    "apoa key show",
    {
        "show": "apoa_client.cli.commands.key:show",
        "recover": "apoa_client.cli.commands.key:recover",
        "rotate": "apoa_client.cli.commands.key:rotate",
        "export": "apoa_client.cli.commands.key_transfer:export",
        "import": "apoa_client.cli.commands.key_transfer:import_",
    },
)


@command(
    "show", N_("Show which key this property has, where it is kept, and whether it can be had now."), "apoa key show"
)
@option("--json", "as_json", is_flag=True, text=N_("Print one JSON document."))
@click.pass_obj
def show(session: Session, *, as_json: bool) -> int:
    """The public key's fingerprint and the private key's place; never the key."""
    session.json = as_json
    app = session.app
    pair = app.key_pair()
    problem = _problem(pair)
    place = app.secrets.private_key_from_environment() or app.secrets.place
    unfinished = problem is None and pair.unfinished_key() is not None
    if as_json:
        error = None if problem is None else error_fields(problem)
        value = {"property": app.settings.name, "fingerprint": pair.fingerprint, "place": place}
        print_json({**value, "available": problem is None, "error": error, "change_unfinished": unfinished})
    else:
        print_line(_("Fingerprint of the key: {fingerprint}").format(fingerprint=pair.fingerprint))
        print_line(_("The private key is kept in: {place}").format(place=sanitize(place)))
        _show_state(problem, unfinished=unfinished)
    return Exit.DONE if problem is None else problem.exit_code


def _problem(pair: "KeyPair") -> CredentialsProblem | None:
    try:
        pair.private_key()
    except CredentialsProblem as exc:
        return exc
    return None


def _show_state(problem: CredentialsProblem | None, *, unfinished: bool) -> None:
    if problem is not None:
        show_error(problem)
        print_error_line(_("With the recovery code it comes back: apoa key recover"))
    else:
        print_line(style_success(_("It can be had now, and it fits.")))
    if unfinished:
        print_line(style_warning(_("A change of keys was cut off. All reports open; finish it with: apoa key rotate")))


@command("recover", N_("Bring the private key back with the recovery code."), "apoa key recover")
@option("--recovery-file", type=click.Path(path_type=Path), metavar="FILE", text=N_("Read the code from this file."))
@option("--code-stdin", is_flag=True, text=N_("Read the code from standard input."))
@option("--vault", type=click.Choice(VAULTS), text=N_("Where secrets are kept: the keyring, or a file of this user's."))
@click.pass_obj
def recover(session: Session, *, recovery_file: Path | None, code_stdin: bool, vault: str | None) -> None:
    """Read the code, compare, store."""
    app = session.app
    pair = app.key_pair(vault or "")
    code = _code(session, recovery_file, from_stdin=code_stdin)
    private_key, _public_key = key_pair_from_seed(recovery.seed_from_code(code))
    result = pair.recover(private_key)
    print_line(style_success(text(_RECOVERED[result.value])))
    _warn_of_another(app)


_RECOVERED = {
    "recovered": msg(
        "The private key is back, and saved reports can be read. If the password is missing too: apoa login"
    ),
    "already_here": msg("The code is right. The private key was here already."),
    "for_older_records": msg("This older key is kept too, for the reports that were sealed to it."),
}


def _code(session: Session, file: Path | None, *, from_stdin: bool) -> str:
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


def _warn_of_another(app: Container) -> None:
    place = app.secrets.private_key_from_environment()
    if place is not None:
        print_error_line(
            style_warning(
                _("But {place} gives a private key too, and it is tried first.").format(place=sanitize(place))
            )
        )


@command(
    "rotate", N_("Replace the key pair, with a new recovery code. Every report is sealed anew."), "apoa key rotate"
)
@recovery_file_option
@click.pass_obj
def rotate(session: Session, *, recovery_file: Path | None) -> None:
    """Finish what was cut off; then a new code first, and everything else when it is safe on paper or in a file."""
    pair = session.app.key_pair()
    if _finished(session, pair, recovery_file):
        return
    if recovery_file is None and not session.terminal:
        raise UsageProblem(
            msg("There is nobody to show the new recovery code to."), msg("Give a file for it: --recovery-file FILE")
        )
    renewed = _rotate(session.app, pair, recovery_file)
    count = nmsg("{count} report was sealed anew.", "{count} reports were sealed anew.", renewed)
    print_line(style_success(_("The property has a new key, with the fingerprint {id}.").format(id=pair.fingerprint)))
    print_line(text(count))
    print_error_line(
        _("Make a new backup now. The code before opens only the backups from before: keep it as long as those.")
    )


def _rotate(app: Container, pair: "KeyPair", recovery_file: Path | None) -> int:
    code = recovery.new_code()
    private_key, _public_key = key_pair_from_seed(recovery.seed_from_code(code))
    with RecoveryCodeReceiver(app.settings, app.secrets, app.today, recovery_file) as keeper:
        keeper(code)
        if recovery_file is None and not confirm_code(app.settings.name, code):
            raise CredentialsProblem(
                msg("The recovery code was not confirmed."),
                msg("Nothing was changed. When you have pen and paper: apoa key rotate"),
                name="code_not_confirmed",
            )
        renewed = _changed(pair, private_key)
    if recovery_file is not None:
        show_code_file(recovery_file)
    return renewed


def _changed(pair: "KeyPair", private_key: bytes) -> int:
    try:
        return pair.change(private_key)
    except KeyboardInterrupt:
        print_error_line(
            style_warning(_("The change of keys was cut off. All reports open; finish it with: apoa key rotate"))
        )
        raise


def _finished(session: Session, pair: "KeyPair", recovery_file: Path | None) -> bool:
    """Whether all there was to do was to finish a change that was cut off, whose code somebody has."""
    unfinished = pair.unfinished_key()
    if unfinished is None:
        return False
    _changed(pair, unfinished)
    print_line(style_success(_("The change of keys that was cut off is finished.")))
    if recovery_file is not None:
        return file_has_code_of(recovery_file, pair.public_key)
    if session.terminal:
        return confirm(_("Is the recovery code on paper that was shown before it was cut off?"), default=False)
    print_error_line(
        _("Its recovery code was shown or written before. If nobody has it: apoa key rotate --recovery-file FILE")
    )
    return True
