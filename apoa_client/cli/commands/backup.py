"""`apoa backup`: write a property's reports and settings into one file, or into a folder that keeps the last ones."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from apoa_client.cli.every_property import all_option, run_for_every_property
from apoa_client.cli.registry import WholeNumber, command, force_option, json_option, option, path_argument, path_option
from apoa_client.cli.session import Session
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
from apoa_client.errors import Exit, UsageProblem
from apoa_client.files import full_path
from apoa_client.messages import msg, nmsg
from apoa_client.report.kinds import instant
from apoa_client.settings.config import MAX_BACKUP_KEEP

if TYPE_CHECKING:
    from apoa_client.archive.backup import BackupResult, FolderBackup


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
    target = _Target(**options)
    _check(target, every_property=every_property)
    with Signals():  # so that an interrupted one leaves no part of a file
        if every_property:
            return run_for_every_property(session, lambda each: _back_up(each, target))
        return _back_up(session, target)


class _Target(NamedTuple):
    """Where the backup goes: a file, a folder, or, with neither, the folder of the settings."""

    file: Path | None
    folder: Path | None
    keep: int | None
    force: bool


def _check(target: _Target, *, every_property: bool) -> None:
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


def _back_up(session: Session, target: _Target) -> Exit:
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
