"""`apoa show`: a stay in full, with every report, attempt and answer; or the photo that is kept with it."""

import sys
from pathlib import Path

import click

from apoa_client.app.container import Container
from apoa_client.cli.prompts.find_stays import StayFinder, ever, in_house, recent
from apoa_client.cli.registry import command, force_option, guest_argument, json_option, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_json, print_line, sanitize, style_success
from apoa_client.cli.terminal.streams import is_terminal
from apoa_client.cli.views.findings import show_unwritable
from apoa_client.errors import DataRefused, UsageProblem
from apoa_client.messages import msg
from apoa_client.report.kinds import short_id


@command("show", N_("Show a stay in full: every report, attempt and answer."), "apoa show 2e8b11aa")
@guest_argument
@option(
    "--photo",
    type=click.Path(path_type=Path),
    metavar="FILE",
    text=N_("Write the photo that is kept with the stay to this file; - for standard output."),
)
@force_option
@json_option
@click.pass_obj
def show(session: Session, *, reference: str, photo: Path | None, force: bool) -> None:
    """Find the stay, open its reports and show them, or write its photo."""
    if photo is None:
        session.app.on_unwritable = show_unwritable
    elif session.json:
        raise UsageProblem(msg("Give only one of --photo and --json."))
    found = StayFinder(session, recent, in_house, recent, ever).one(reference)
    if found is None:
        return
    if photo is not None:
        _write_photo(session.app, found, photo, force=force)
        return
    from apoa_client.cli.views.stay_history import StayView

    view = StayView(session.app, *session.app.stays.find(found))
    if session.json:
        print_json(view.json())
    else:
        view.show()


def _write_photo(app: Container, found: str, file: Path, *, force: bool) -> None:
    """Write the photo of a stay, which the audit trail records. Raises `DataRefused` if the stay has none."""
    from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT, check_writable, write_output

    if file == STANDARD_OUTPUT and is_terminal(sys.stdout):
        raise UsageProblem(
            msg("A photo is no text, so it is not shown on a screen."),
            msg("Name a file with --photo FILE, or send it to another program."),
        )
    history, _entry = app.stays.find(found)
    kept = next((entry for entry in reversed(history.entries) if entry.photo is not None), None)
    if kept is None:
        raise DataRefused(msg("No photo is kept with this stay: {id}.", id=short_id(history.stay_id)))
    check_writable(file, force=force)  # before the key is needed
    photo = app.outbox.photo(kept)
    app.outbox.record_event("photo_written", kept.id)
    write_output(file, photo, force=force)
    if file != STANDARD_OUTPUT:
        print_line(style_success(_("The photo is written: {file}").format(file=sanitize(str(file)))))
