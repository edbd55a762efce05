"""`apoa backup`: write a property's reports and settings into one file."""

from pathlib import Path

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
from apoa_client.errors import UsageProblem
from apoa_client.messages import msg, nmsg
from apoa_client.report.deadline import instant


@command(
    "backup", N_("Write a backup of reports and settings into one file; no secret is in it."), "apoa backup E:\\apoa.db"
)
@argument("file", metavar="FILE", type=click.Path(path_type=Path))
@option("--force", is_flag=True, text=N_("Replace an earlier backup of this name."))
@json_option
@click.pass_obj
def backup(session: Session, *, file: Path, force: bool) -> None:
    """Write the file and show how many reports are in it."""
    from apoa_client.archive.backup import write_backup  # not for --help
    from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT

    if file == STANDARD_OUTPUT:
        raise UsageProblem(
            msg("A backup is a file of its own: it cannot go to standard output."),
            msg("Name a file, then copy that: apoa backup FILE"),
        )

    app = session.app
    written = write_backup(app.folders.outbox(app.settings.name), file, app.describe_backup, app.actor, force=force)
    if session.json:
        created_at = written.created_at.astimezone(app.settings.zone)
        counts = {"reports": written.reports, "bytes": written.bytes, "proved": written.proved}
        print_json({"file": str(file.absolute()), **counts, "created_at": instant(created_at)})
        return
    print_line(style_success(_("The backup is written: {file}").format(file=sanitize(str(file)))))
    print_line(text(nmsg("{count} report is in it.", "{count} reports are in it.", written.reports)))
    if not written.proved:
        warning = _(
            "The private key was not available, so nothing will prove who wrote this backup. See: apoa key show"
        )
        print_error_line(style_warning(warning))
    print_error_line(_("It can be read only with the private key, which is not in it. Keep the recovery code, too."))
