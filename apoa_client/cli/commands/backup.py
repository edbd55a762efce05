"""`apoa backup` and `apoa restore`: a property's reports and settings in one file, and back from it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from apoa_client.cli.registry import command, option
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
from apoa_client.cli.views.labels import moment_text
from apoa_client.messages import nmsg
from apoa_client.report.deadline import instant
from apoa_client.report.kinds import short_id

if TYPE_CHECKING:
    from apoa_client.archive.restore import RestoreResult

_FILE = click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
_JSON = option("--json", "as_json", is_flag=True, text=N_("Print one JSON document."))


@command(
    "backup", N_("Write a backup of reports and settings into one file; no secret is in it."), "apoa backup E:\\apoa.db"
)
@_FILE
@option("--force", is_flag=True, text=N_("Replace an earlier backup of this name."))
@_JSON
@click.pass_obj
def backup(session: Session, *, file: Path, force: bool, as_json: bool) -> None:
    """Write it, and say how much is in it."""
    from apoa_client.archive.backup import write_backup  # start-up

    session.json = as_json
    app = session.app
    written = write_backup(app.folders.outbox(app.settings.name), file, app.backup_info, app.actor, force=force)
    if as_json:
        created_at = written.created_at.astimezone(session.app.settings.zone)
        counts = {"reports": written.reports, "bytes": written.bytes}
        print_json({"file": str(file.absolute()), **counts, "created_at": instant(created_at)})
        return
    print_line(style_success(_("The backup is written: {file}").format(file=sanitize(str(file)))))
    print_line(text(nmsg("{count} report is in it.", "{count} reports are in it.", written.reports)))
    print_error_line(_("It can be read only with the private key, which is not in it. Keep the recovery code, too."))


@command(
    "restore",
    N_("Bring back reports and settings from a backup; nothing newer here is lost."),
    "apoa restore E:\\apoa.db",
)
@_FILE
@option("--property", "name", metavar="NAME", text=N_("Restore it as the property of this name."))
@option("--dry-run", is_flag=True, text=N_("Only say what would be done."))
@_JSON
@click.pass_obj
def restore(session: Session, *, file: Path, name: str | None, dry_run: bool, as_json: bool) -> None:
    """Check it, bring it back, and say what came of it and what is still needed."""
    from apoa_client.vault.missing_secrets import find_missing_secrets  # start-up

    session.json = as_json
    restored = session.app.restorer(name or session.property_name).restore(file, dry_run=dry_run)
    settings = restored.settings
    secrets = session.app.secrets_of(settings, prompt=False)
    needs = find_missing_secrets(secrets, settings.public_key, password=not settings.uses_sandbox)
    if as_json:
        print_json(_value(file, restored, needs, dry_run=dry_run))
    else:
        _say(restored, needs, dry_run=dry_run)


def _value(file: Path, restored: "RestoreResult", needs: list[str], *, dry_run: bool) -> dict[str, Any]:
    merged = restored.merged
    return {
        "file": str(file.absolute()),
        "property": restored.settings.name,
        "created": restored.created,
        "dry_run": dry_run,
        "backup_created_at": instant(restored.made_at.astimezone(restored.settings.zone)),
        "inserted": merged.inserted,
        "advanced": merged.advanced,
        "unchanged": merged.unchanged,
        "only_here": merged.only_here,
        "other_receipts": [{"id": c.id, "here": c.here, "in_backup": c.in_backup} for c in merged.conflicts],
        "needs": needs,
    }


def _say(restored: "RestoreResult", needs: list[str], *, dry_run: bool) -> None:
    settings, merged = restored.settings, restored.merged
    made_at = moment_text(restored.made_at, settings.zone)
    done = (
        _("Nothing was changed. This would be restored to {property}, from the backup of {moment}:")
        if dry_run
        else _("{property} is restored from the backup of {moment}:")
    )
    print_line(style_success(done.format(property=sanitize(settings.name), moment=made_at)))
    for count, words in (
        (merged.inserted, _("reports that were not here")),
        (merged.advanced, _("reports that the backup knows more about")),
        (merged.unchanged, _("reports that were up to date here")),
        (merged.only_here, _("reports that only this computer has; they stay")),
    ):
        print_line(f"{count:>7}  {words}")
    for conflict in merged.conflicts:
        there = _("Report {id} has another receipt in the backup: {number}. The one here is kept.")
        print_error_line(style_warning(there.format(id=short_id(conflict.id), number=sanitize(conflict.in_backup))))
    if not dry_run:
        _say_needs(restored, needs)


def _say_needs(restored: "RestoreResult", needs: list[str]) -> None:
    bundle = restored.settings.ca_bundle
    if bundle and not Path(bundle).is_file():
        missing = _("The file of certificates is not on this computer: {file}. Put it there.")
        print_error_line(style_warning(missing.format(file=sanitize(bundle))))
    if "private_key" in needs:
        print_error_line(
            style_warning(_("To send and read these reports, bring back the private key with: apoa key recover"))
        )
    if "password" in needs:
        print_error_line(style_warning(_("To send, store the password with: apoa login")))
    if not needs:
        print_line(_("Send what waits with: apoa sync"))
