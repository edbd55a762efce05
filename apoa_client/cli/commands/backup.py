"""`apoa backup` and `apoa restore`: a property's reports and settings in one file, and back from it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import careful, clean, document, good, remark, result
from apoa_client.cli.views.labels import moment_text
from apoa_client.messages import nmsg
from apoa_client.report.deadline import instant
from apoa_client.report.kinds import short_id

if TYPE_CHECKING:
    from apoa_client.archive.restore import Restored

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
    session.json = as_json
    written = session.app.back_up(file, force=force)
    if as_json:
        created_at = written.created_at.astimezone(session.app.house.zone)
        counts = {"reports": written.reports, "bytes": written.bytes}
        document({"file": str(file.absolute()), **counts, "created_at": instant(created_at)})
        return
    result(good(_("The backup is written: {file}").format(file=clean(str(file)))))
    result(text(nmsg("{count} report is in it.", "{count} reports are in it.", written.reports)))
    remark(_("It can be read only with the private key, which is not in it. Keep the recovery code, too."))


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
    session.json = as_json
    restored = session.app.restore(file, name or session.property_name, dry_run=dry_run)
    needs = session.app.missing_secrets(restored.house)
    if as_json:
        document(_value(file, restored, needs, dry_run=dry_run))
    else:
        _say(restored, needs, dry_run=dry_run)


def _value(file: Path, restored: "Restored", needs: list[str], *, dry_run: bool) -> dict[str, Any]:
    merged = restored.merged
    return {
        "file": str(file.absolute()),
        "property": restored.house.name,
        "created": restored.created,
        "dry_run": dry_run,
        "backup_created_at": instant(restored.made_at.astimezone(restored.house.zone)),
        "inserted": merged.inserted,
        "advanced": merged.advanced,
        "unchanged": merged.unchanged,
        "only_here": merged.only_here,
        "other_receipts": [{"id": c.id, "here": c.here, "in_backup": c.in_backup} for c in merged.conflicts],
        "needs": needs,
    }


def _say(restored: "Restored", needs: list[str], *, dry_run: bool) -> None:
    house, merged = restored.house, restored.merged
    made_at = moment_text(restored.made_at, house.zone)
    done = (
        _("Nothing was changed. This would be restored to {property}, from the backup of {moment}:")
        if dry_run
        else _("{property} is restored from the backup of {moment}:")
    )
    result(good(done.format(property=clean(house.name), moment=made_at)))
    for count, words in (
        (merged.inserted, _("reports that were not here")),
        (merged.advanced, _("reports that the backup knows more about")),
        (merged.unchanged, _("reports that were up to date here")),
        (merged.only_here, _("reports that only this computer has; they stay")),
    ):
        result(f"{count:>7}  {words}")
    for conflict in merged.conflicts:
        there = _("Report {id} has another receipt in the backup: {number}. The one here is kept.")
        remark(careful(there.format(id=short_id(conflict.id), number=clean(conflict.in_backup))))
    if not dry_run:
        _say_needs(restored, needs)


def _say_needs(restored: "Restored", needs: list[str]) -> None:
    bundle = restored.house.ca_bundle
    if bundle and not Path(bundle).is_file():
        missing = _("The file of certificates is not on this computer: {file}. Put it there.")
        remark(careful(missing.format(file=clean(bundle))))
    if "private_key" in needs:
        remark(careful(_("To send and read these reports, bring back the private key with: apoa key recover")))
    if "password" in needs:
        remark(careful(_("To send, store the password with: apoa login")))
    if not needs:
        result(_("Send what waits with: apoa sync"))
