"""`apoa key`: the property's key pair, replaced, brought back, shown, or taken to a second computer."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from apoa_client.app.container import App
from apoa_client.cli.documents.recovery_file import CodeKeeper, code_in, holds_code_of, recovery_file_option
from apoa_client.cli.prompts.recovery_code import (
    CodeNotConfirmed,
    code_from_stdin,
    code_from_terminal,
    confirmed,
    tell_file,
)
from apoa_client.cli.registry import Family, command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import agree
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import careful, clean, document, good, remark, result
from apoa_client.cli.views.findings import plain_error, show_error
from apoa_client.errors import CredentialsProblem, Exit, UsageProblem
from apoa_client.messages import msg, nmsg
from apoa_client.settings.config import VAULTS
from apoa_client.vault import recovery
from apoa_client.vault.sealing import key_pair_of

if TYPE_CHECKING:
    from apoa_client.app.key_rotation import KeyPair

key = Family(
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
    place = app.secrets.private_key_from_outside() or app.secrets.place
    unfinished = problem is None and pair.unfinished() is not None
    if as_json:
        error = None if problem is None else plain_error(problem)
        value = {"property": app.house.name, "fingerprint": pair.fingerprint, "place": place}
        document({**value, "available": problem is None, "error": error, "change_unfinished": unfinished})
    else:
        result(_("Fingerprint of the key: {fingerprint}").format(fingerprint=pair.fingerprint))
        result(_("The private key is kept in: {place}").format(place=clean(place)))
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
        remark(_("With the recovery code it comes back: apoa key recover"))
    else:
        result(good(_("It can be had now, and it fits.")))
    if unfinished:
        result(careful(_("A change of keys was cut off. All reports open; finish it with: apoa key rotate")))


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
    private_key, _public_key = key_pair_of(recovery.seed_of(code))
    brought = pair.bring_back(private_key)
    result(good(text(_BROUGHT[brought.value])))
    _warn_of_another(app)


_BROUGHT = {
    "back": msg("The private key is back, and saved reports can be read. If the password is missing too: apoa login"),
    "here_before": msg("The code is right. The private key was here already."),
    "for_older_records": msg("This older key is kept too, for the reports that were sealed to it."),
}


def _code(session: Session, file: Path | None, *, from_stdin: bool) -> str:
    if file is not None:
        return code_in(file)
    if from_stdin:
        return code_from_stdin()
    if not session.terminal:
        raise UsageProblem(
            msg("There is no terminal to ask for the recovery code."),
            msg("Give it with --recovery-file FILE, or on standard input with --code-stdin."),
        )
    return code_from_terminal()


def _warn_of_another(app: App) -> None:
    place = app.secrets.private_key_from_outside()
    if place is not None:
        remark(careful(_("But {place} gives a private key too, and it is tried first.").format(place=clean(place))))


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
    result(good(_("The property has a new key, with the fingerprint {id}.").format(id=pair.fingerprint)))
    result(text(count))
    remark(_("Make a new backup now. The code before opens only the backups from before: keep it as long as those."))


def _rotate(app: App, pair: "KeyPair", recovery_file: Path | None) -> int:
    code = recovery.new_code()
    private_key, _public_key = key_pair_of(recovery.seed_of(code))
    with CodeKeeper(app.house, app.secrets, app.today, recovery_file) as keeper:
        keeper(code)
        if recovery_file is None and not confirmed(app.house.name, code):
            raise CodeNotConfirmed(msg("The recovery code was not confirmed."))
        renewed = _changed(pair, private_key)
    if recovery_file is not None:
        tell_file(recovery_file)
    return renewed


def _changed(pair: "KeyPair", private_key: bytes) -> int:
    try:
        return pair.change(private_key)
    except KeyboardInterrupt:
        remark(careful(_("The change of keys was cut off. All reports open; finish it with: apoa key rotate")))
        raise


def _finished(session: Session, pair: "KeyPair", recovery_file: Path | None) -> bool:
    """Whether all there was to do was to finish a change that was cut off, whose code somebody has."""
    unfinished = pair.unfinished()
    if unfinished is None:
        return False
    _changed(pair, unfinished)
    result(good(_("The change of keys that was cut off is finished.")))
    if recovery_file is not None:
        return holds_code_of(recovery_file, pair.public_key)
    if session.terminal:
        return agree(_("Is the recovery code on paper that was shown before it was cut off?"), unless_told=False)
    remark(_("Its recovery code was shown or written before. If nobody has it: apoa key rotate --recovery-file FILE"))
    return True
