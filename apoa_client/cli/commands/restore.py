"""`apoa restore`: restore a property's reports and settings from a backup."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from apoa_client.cli.registry import argument, command, json_option, option
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
from apoa_client.files import full_path
from apoa_client.messages import nmsg
from apoa_client.report.deadline import instant
from apoa_client.report.kinds import short_id
from apoa_client.vault.sealing import decode_public_key, fingerprint

if TYPE_CHECKING:
    from apoa_client.archive.restore import RestoreResult


@command(
    "restore",
    N_("Restore reports and settings from a backup; nothing newer here is lost."),
    "apoa restore E:\\apoa.db",
)
@argument("file", metavar="FILE", type=click.Path(path_type=Path))
@option("--property", "name", metavar="NAME", text=N_("Restore it as the property of this name."))
@option("--dry-run", is_flag=True, text=N_("Only say what would be done."))
@option("--recovery-file", type=click.Path(path_type=Path), metavar="FILE", text=N_("Read the code from this file."))
@option("--code-stdin", is_flag=True, text=N_("Read the code from standard input."))
@option("--fingerprint", metavar="FINGERPRINT", text=N_("The fingerprint that the backup's key must have."))
@option("--api-url", metavar="URL", text=N_("The address of the server that the backup must have."))
@json_option
@click.pass_obj
def restore(
    session: Session,
    /,
    *,
    file: Path,
    name: str | None,
    dry_run: bool,
    **options: Any,  # noqa: ANN401  the fields of `TrustOptions`
) -> None:
    """Check the backup, merge it, and show the result and the secrets that are still missing."""
    from apoa_client.archive.restore import Here, restore_backup  # not for --help
    from apoa_client.cli.commands.restore_trust import RestoreTrust, TrustOptions
    from apoa_client.vault.sources import find_missing_secrets

    app = session.app
    name = name or session.property_name
    trust = RestoreTrust(session, TrustOptions(**options), may_ask=not dry_run)
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
        _show_next_steps(restored, missing)


def _value(file: Path, restored: "RestoreResult", missing: list[str], *, dry_run: bool) -> dict[str, Any]:
    merged = restored.merged
    return {
        "file": str(full_path(file)),
        "property": restored.settings.name,
        "created": restored.created,
        "dry_run": dry_run,
        "backup_created_at": instant(restored.made_at.astimezone(restored.settings.zone)),
        "inserted": merged.inserted,
        "advanced": merged.advanced,
        "unchanged": merged.unchanged,
        "only_here": merged.only_here,
        "proved": restored.proved,
        "left_out": merged.left_out,
        "fingerprint": fingerprint(decode_public_key(restored.settings.public_key)),
        "api_url": restored.settings.api_url,
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
    print_line(style_success(title.format(property=sanitize(settings.name), moment=made_at)))
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
        print_error_line(style_warning(warning.format(id=short_id(conflict.id), number=sanitize(conflict.in_backup))))


def _show_unproved(restored: "RestoreResult") -> None:
    """Show what is done with a backup that nothing proves."""
    print_error_line(style_warning(_("Nothing proves who wrote this backup: only its open reports count.")))
    if restored.merged.left_out:
        left_out = nmsg(
            "{count} report that the backup calls finished was not taken over.",
            "{count} reports that the backup calls finished were not taken over.",
            restored.merged.left_out,
        )
        print_error_line(style_warning(text(left_out)))
        if restored.settings.by_hand:
            print_error_line(_("Look in APOA for what was typed there."))
        else:
            print_error_line(_("Ask the authority for what it has received: apoa receipt --day DATE"))
    if restored.merged.inserted:
        print_error_line(_("What waits in it is sent at the next apoa sync: look at it first with apoa list"))


def _show_next_steps(restored: "RestoreResult", missing: list[str]) -> None:
    bundle = restored.settings.ca_bundle
    if bundle and not Path(bundle).is_file():
        warning = _("The file of certificates is not on this computer: {file}. Put it there.")
        print_error_line(style_warning(warning.format(file=sanitize(bundle))))
    if "private_key" in missing:
        advice = _("To send and read these reports, restore the private key with: apoa key recover")
        print_error_line(style_warning(advice))
    if "password" in missing:
        print_error_line(style_warning(_("To send, store the password with: apoa login")))
    if not missing:
        print_line(_("Send what waits with: apoa sync"))
