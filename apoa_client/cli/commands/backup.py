"""`apoa backup` writes a property's reports and settings into one file, or into a folder that keeps the last ones.

`apoa restore` restores them from such a file.
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from apoa_client.cli.every_property import all_option, run_for_every_property
from apoa_client.cli.registry import (
    WholeNumber,
    command,
    flag,
    force_option,
    json_option,
    option,
    path_argument,
    path_option,
)
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    print_done,
    print_error_line,
    print_json,
    print_line,
    print_warning,
    sanitize,
)
from apoa_client.cli.terminal.signals import Signals
from apoa_client.cli.views.labels import moment_text
from apoa_client.errors import CredentialsProblem, Exit, SettingsProblem, UsageProblem
from apoa_client.files import full_path
from apoa_client.messages import Message, msg, nmsg
from apoa_client.report.kinds import instant, short_id
from apoa_client.settings.config import MAX_BACKUP_KEEP, PropertySettings

if TYPE_CHECKING:
    from apoa_client.archive.backup import BackupResult, FolderBackup
    from apoa_client.archive.restore import RestoreResult


@command(
    "backup", N_("Write a backup of reports and settings into one file; no secret is in it."), "apoa backup --to E:\\"
)
@path_argument("file", "[FILE]", required=False)
@path_option(
    "--to",
    "folder",
    command="backup",
    metavar="DIR",
    text=N_("Into this folder, under a name of its own. With neither this nor FILE: into the folder of the settings."),
)
@option(
    "--keep",
    type=WholeNumber(1, MAX_BACKUP_KEEP),
    metavar="NUMBER",
    text=N_("Keep this many backups in the folder and delete older ones; 14 if the settings name no number."),
)
@force_option
@all_option
@json_option
def backup(session: Session, /, *, every_property: bool, **options: Any) -> int:  # noqa: ANN401  click's
    """Write the backup and show how many reports are in it."""
    target = _BackupTarget(**options)
    _check_target(target, every_property=every_property)
    with Signals():  # so that an interrupted one leaves no part of a file
        if every_property:
            return run_for_every_property(session, lambda each: _back_up(each, target))
        return _back_up(session, target)


class _BackupTarget(NamedTuple):
    """Where the backup goes: a file, a folder, or, with neither, the folder of the settings."""

    file: Path | None
    folder: Path | None
    keep: int | None
    force: bool


def _check_target(target: _BackupTarget, *, every_property: bool) -> None:
    """Raise `UsageProblem` for options that contradict each other."""
    from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT  # not for --help

    if STANDARD_OUTPUT in (target.file, target.folder):
        raise UsageProblem(
            msg("A backup is a file of its own: it cannot go to standard output."),
            msg("Name a file, then copy that: apoa backup FILE"),
        )
    if target.file is not None and (target.folder is not None or target.keep is not None or every_property):
        raise UsageProblem(
            msg("Backups of a folder have names of their own."),
            msg("Give either the name of one file, or a folder, for all properties too."),
        )
    if target.file is None and target.force:
        raise UsageProblem(
            msg("A backup in a folder replaces no other."), msg("Leave --force out, or give the name of a file.")
        )


def _back_up(session: Session, target: _BackupTarget) -> Exit:
    """Write one backup, and show how many reports are in it, or how many are in the folder."""
    from apoa_client.app.backups import describe_backup, write_folder_backup  # not for --help
    from apoa_client.archive.backup import back_up

    app, file, new = session.app, target.file, None
    settings = app.settings
    if file is not None:
        written = back_up(
            app.outbox.database, full_path(file), partial(describe_backup, app), app.actor, force=target.force
        )
    elif target.folder is None and not settings.backup_folder:
        raise UsageProblem(
            msg("Where does the backup go? {name} has no folder for backups.", name=settings.name),
            msg("Name a file, such as: apoa backup FILE. Or set the folder once: apoa config set backup_folder FOLDER"),
        )
    else:
        new = write_folder_backup(app, target.folder, target.keep or settings.backup_keep)
        file, written = new.file, new.written
    if not session.json:
        _show(session, file, written)
        if new is not None:
            _show_folder(session, new)
        return Exit.DONE
    created_at = instant(written.created_at.astimezone(settings.zone))
    counts = {"reports": written.reports, "bytes": written.bytes, "proved": written.proved}
    in_folder = {} if new is None else {"kept": new.kept, "deleted": new.deleted, "same_disk": new.same_disk}
    print_json({"file": str(full_path(file)), **counts, "created_at": created_at, **in_folder})
    return Exit.DONE


def _show(session: Session, file: Path, written: "BackupResult") -> None:
    if not session.quiet:
        print_done(_("The backup is written: {file}").format(file=sanitize(str(file))))
        print_line(text(nmsg("{count} report is in it.", "{count} reports are in it.", written.reports)))
    if not written.proved:
        warning = _(
            "The private key was not available, so nothing will prove who wrote this backup. See: apoa key show"
        )
        print_warning(warning)
    if not session.quiet:
        if session.app.settings.uses_sandbox:
            reminder = _("It can be read only with the private key, which is not in it. Training has no recovery code.")
        else:
            reminder = _("It can be read only with the private key, which is not in it. Keep the recovery code, too.")
        print_error_line(reminder)


def _show_folder(session: Session, new: "FolderBackup") -> None:
    """Show how many backups are in the folder, and what is wrong with it."""
    if not session.quiet:
        kept = nmsg("{count} backup is in the folder.", "{count} backups are in the folder.", new.kept)
        deleted = nmsg("{count} old one was deleted.", "{count} old ones were deleted.", new.deleted)
        print_line(" ".join([text(kept), *([text(deleted)] if new.deleted else ())]))
    if new.undeletable:
        print_warning(_("Old backups could not be deleted: {count}").format(count=new.undeletable))
    if new.same_disk:
        warning = _("This backup is on the disk of the reports, and is lost with it. Use a stick or another computer.")
        print_warning(warning)


@command(
    "restore", N_("Restore reports and settings from a backup; nothing newer here is lost."), "apoa restore E:\\apoa.db"
)
@path_argument("file")
@option("--property", "name", metavar="NAME", text=N_("Restore it as the property of this name."))
@flag("--dry-run", text=N_("Only say what would be done."))
@path_option("--recovery-file", text=N_("Read the code from this file."))
@flag("--code-stdin", text=N_("Read the code from standard input."))
@option("--fingerprint", metavar="FINGERPRINT", text=N_("The fingerprint that the backup's key must have."))
@option("--api-url", metavar="URL", text=N_("The address of the server that the backup must have."))
@json_option
def restore(
    session: Session,
    /,
    *,
    file: Path,
    name: str | None,
    dry_run: bool,
    **options: Any,  # noqa: ANN401  those of `_Trust`
) -> None:
    """Check the backup, merge it, and show the result and the secrets that are still missing."""
    from apoa_client.archive.restore import Here, restore_backup  # not for --help
    from apoa_client.vault.sources import find_missing_secrets

    app = session.app
    name = name or session.property_name
    trust = _Trust(session, may_ask=not dry_run, **options)
    here = Here(app.folders, app.actor, lambda settings: app.outbox_opener(settings).shared())
    restored = restore_backup(file, here, trust, name=name, dry_run=dry_run)
    settings = restored.settings
    secrets = app.secrets_of(settings, prompt=False)
    if not dry_run and not restored.merged.were_here:
        secrets.store_outbox_version(None)  # it is another outbox
    has_password = not (settings.uses_sandbox or settings.by_hand)
    missing = find_missing_secrets(secrets, settings.public_key, password=has_password)
    if session.json:
        print_json(_value(file, restored, missing, dry_run=dry_run))
        return
    _show_result(restored, dry_run=dry_run)
    if not dry_run:
        _show_next_steps(restored.settings, missing)


def _value(file: Path, restored: "RestoreResult", missing: list[str], *, dry_run: bool) -> dict[str, Any]:
    from apoa_client.vault.sealing import decode_public_key, fingerprint

    settings, merged = restored.settings, restored.merged
    counts = ("inserted", "advanced", "unchanged", "only_here", "left_out")
    return {
        "file": str(full_path(file)),
        "property": settings.name,
        "created": restored.created,
        "dry_run": dry_run,
        "backup_created_at": instant(restored.made_at.astimezone(settings.zone)),
        **{name: getattr(merged, name) for name in counts},
        "proved": restored.proved,
        "fingerprint": fingerprint(decode_public_key(settings.public_key)),
        "api_url": settings.api_url,
        "other_receipts": [{"id": c.id, "here": c.here, "in_backup": c.in_backup} for c in merged.conflicts],
        "needs": missing,
    }


def _show_result(restored: "RestoreResult", *, dry_run: bool) -> None:
    settings, merged = restored.settings, restored.merged
    if dry_run:
        title = _("Nothing was changed. This would be restored to {property}, from the backup of {moment}:")
    else:
        title = _("{property} is restored from the backup of {moment}:")
    made_at = moment_text(restored.made_at, settings.zone)
    print_done(title.format(property=sanitize(settings.name), moment=made_at))
    for count, label in (
        (merged.inserted, _("reports that were not here")),
        (merged.advanced, _("reports that the backup knows more about")),
        (merged.unchanged, _("reports that were up to date here")),
        (merged.only_here, _("reports that are not in the backup; they stay")),
    ):
        print_line(f"{count:>7}  {label}")
    if not restored.proved:
        _show_unproved(restored)
    for conflict in merged.conflicts:
        warning = _("Report {id} has another receipt in the backup: {number}. The one here is kept.")
        print_warning(warning.format(id=short_id(conflict.id), number=sanitize(conflict.in_backup)))


def _show_unproved(restored: "RestoreResult") -> None:
    """Show what is done with a backup that nothing proves."""
    print_warning(_("Nothing proves who wrote this backup: only its open reports count."))
    if restored.merged.left_out:
        left_out = nmsg(
            "{count} report that the backup calls finished was not taken over.",
            "{count} reports that the backup calls finished were not taken over.",
            restored.merged.left_out,
        )
        print_warning(text(left_out))
        if restored.settings.by_hand:
            print_error_line(_("Look in APOA for what was typed there."))
        else:
            print_error_line(_("Ask the authority for what it has received: apoa receipt --day DATE"))
    if restored.merged.inserted:
        print_error_line(_("What waits in it is sent at the next apoa sync: look at it first with apoa list"))


def _show_next_steps(settings: PropertySettings, missing: list[str]) -> None:
    bundle = settings.ca_bundle
    if bundle and not Path(bundle).is_file():
        warning = _("The file of certificates is not on this computer: {file}. Put it there.")
        print_warning(warning.format(file=sanitize(bundle)))
    if "private_key" in missing:
        advice = _("To send and read these reports, restore the private key with: apoa key recover")
        print_warning(advice)
    if "password" in missing:
        print_warning(_("To send, store the password with: apoa login"))
    if not missing:
        print_line(_("Send what waits with: apoa sync"))


class _Trust:
    """The `apoa_client.archive.restore.Trust` of a command, from what the user gave or has compared.

    Reads the recovery code, if one is given, at once. With `may_ask`, a user at the terminal is asked for it, once, if
    no private key fits.
    """

    def __init__(
        self,
        session: Session,
        *,
        recovery_file: Path | None,
        code_stdin: bool,
        fingerprint: str | None,
        api_url: str | None,
        may_ask: bool,
    ) -> None:
        from apoa_client.cli.documents.recovery_file import read_code_file
        from apoa_client.cli.prompts.recovery_code import code_from_stdin

        self._session = session
        self._fingerprint = fingerprint
        self._api_url = api_url
        self._may_ask = may_ask and session.interactive and fingerprint is None
        self._code_key: bytes | None = None
        if recovery_file is not None:
            self._code_key = _key_of(read_code_file(recovery_file))
        elif code_stdin:
            self._code_key = _key_of(code_from_stdin())

    def private_keys(self, settings: PropertySettings) -> Iterator[bytes]:
        """As `Trust`: the key of the code, the present one, and during a key rotation the one of the settings.

        The user is asked last, if the caller finds that none of these fits.
        """
        from apoa_client.cli.prompts.recovery_code import code_from_terminal
        from apoa_client.vault.sealing import PropertySealer, decode_public_key

        if self._code_key is not None:
            yield self._code_key
        secrets = self._session.app.secrets_of(settings, prompt=False)
        sealer = PropertySealer(decode_public_key(settings.public_key), secrets.private_key, secrets.spare_keys)
        for find in (secrets.private_key, sealer.private_key):
            with suppress(CredentialsProblem):
                yield find()
        if self._may_ask and self._code_key is None:
            self._may_ask = False
            print_error_line(
                _("The private key is not here. The recovery code proves the backup; Enter goes on without.")
            )
            with suppress(UsageProblem):  # Enter
                self._code_key = _key_of(code_from_terminal())
                yield self._code_key

    def confirm(self, settings: PropertySettings, *, needed: bool) -> None:
        """As `Trust`. Raises `SettingsProblem` or `UsageProblem` if what the user gave is not that of the backup."""
        from apoa_client.authority.address import check_base_url
        from apoa_client.vault.sealing import decode_public_key, encode_key, fingerprint, public_key_of

        if self._code_key is not None and encode_key(public_key_of(self._code_key)) != settings.public_key:
            message = msg("The recovery code is for another key than that of this backup. Nothing was restored.")
            raise UsageProblem(message, msg("Give the code of the backup's own sheet."), name="backup_unproved")
        found = fingerprint(decode_public_key(settings.public_key))
        if self._fingerprint is not None and _digits(self._fingerprint) != _digits(found):
            raise _different(msg("The key of the backup has another fingerprint: {found}.", found=found))
        if self._api_url is not None and check_base_url(self._api_url) != settings.api_url:
            raise _different(msg("The backup names another address: {found}.", found=settings.api_url))
        has_address = not (settings.uses_sandbox or settings.by_hand)
        compared = self._fingerprint is not None and (self._api_url is not None or not has_address)
        if needed and not compared and not self._is_confirmed(settings, found):
            raise self._unproved(has_address=has_address)

    def _is_confirmed(self, settings: PropertySettings, found: str) -> bool:
        """Let a user at the terminal compare address and fingerprint."""
        if not self._session.interactive:
            return False
        print_warning(_("Nothing proves who wrote this backup."))
        print_error_line(_("Compare it with the recovery sheet, and with what the authority gave you:"))
        print_error_line("  " + _("Address of the server: {url}").format(url=_destination(settings)))
        print_error_line("  " + _("Fingerprint of the key: {fingerprint}").format(fingerprint=found))
        return confirm(_("Is this right? Passports and the password will be sent there."), default=False)

    def _unproved(self, *, has_address: bool) -> UsageProblem:
        return UsageProblem(
            msg("Nothing proves who wrote this backup. Nothing was restored.")
            if self._code_key is None
            else msg(
                "The recovery code is right, but nothing proves who wrote this backup: it was made without the private "
                "key, or it was changed. Nothing was restored."
            ),
            msg(
                "Prove it with the recovery code: --recovery-file FILE or --code-stdin. Or give the key's fingerprint "
                "from the recovery sheet, and the server's address: --fingerprint FINGERPRINT --api-url URL"
            )
            if has_address
            else msg(
                "Prove it with the recovery code: --recovery-file FILE or --code-stdin. Or give the key's fingerprint "
                "from the recovery sheet: --fingerprint FINGERPRINT"
            ),
            name="backup_unproved",
        )


def _key_of(code: str) -> bytes:
    from apoa_client.vault.recovery import seed_from_code
    from apoa_client.vault.sealing import key_pair_from_seed

    return key_pair_from_seed(seed_from_code(code))[0]


def _destination(settings: PropertySettings) -> str:
    """Return where the reports go, sanitized."""
    if settings.by_hand:
        return _("none, reports are typed into APOA by hand")
    return _("none, reports are only for training") if settings.uses_sandbox else sanitize(settings.api_url)


def _digits(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


def _different(message: Message) -> SettingsProblem:
    return SettingsProblem(
        message,
        msg("Nothing was restored. This may be the backup of another property, or it was changed."),
        name="backup_of_another",
    )
