"""`apoa list`: the reports of the outbox, or the guests of a night, one line each."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from apoa_client.app.container import Container
from apoa_client.cli.registry import command, force_option, guest_argument, json_option, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_json, print_line, sanitize, style_success
from apoa_client.cli.terminal.streams import is_terminal
from apoa_client.cli.views.findings import show_unwritable
from apoa_client.cli.views.report_list import ListForm, show_report_list
from apoa_client.cli.views.report_reader import SearchFilter, StateChoice, parse_day_start
from apoa_client.errors import DataRefused, Exit, UsageProblem
from apoa_client.messages import msg
from apoa_client.ports.entries import Selection
from apoa_client.report.kinds import State, short_id

_RECENT = timedelta(days=30)

_HELP = N_(
    "List reports: the open ones and those of the last 30 days. With --in-house or --day, list guests instead, one "
    "line a stay. Several options together narrow the list down."
)


@command("list", _HELP, "apoa list --in-house --room 7")
@option("--in-house", is_flag=True, text=N_("Guests who are here now, by the day on which they leave."))
@option("--day", metavar="DATE", text=N_("Guests of the night that begins on this day, gone or not."))
@option("--guest", metavar="TEXT", text=N_("Whose name or passport number holds this."))
@option("--room", metavar="TEXT", text=N_("In this room."))
@option("--nationality", metavar="TEXT", text=N_("Of this nationality: the country's name or its three letters."))
@option(
    "--state",
    "states",
    multiple=True,
    type=StateChoice(),
    text=N_("In this state; of a guest, the last report."),
)
@option("--since", metavar="DATE", text=N_("Reports made on this day or later, and the open ones."))
@option("--all", "everything", is_flag=True, text=N_("All reports that were ever made."))
@option("--no-pager", is_flag=True, text=N_("Print a list that is longer than the screen as it is."))
@json_option
@click.pass_obj
def list_reports(session: Session, /, *, in_house: bool, day: str | None, **choice: Any) -> int:  # noqa: ANN401  click's
    """List the guests of a night if --in-house or --day is given, else reports."""
    app = session.app
    app.on_unwritable = show_unwritable
    search = SearchFilter.typed(choice["guest"], choice["room"], choice["nationality"])
    form = ListForm(as_json=session.json, pager=not choice["no_pager"])
    states = frozenset(State(state) for state in choice["states"])
    if in_house or day is not None:
        if choice["since"] is not None or choice["everything"]:
            raise UsageProblem(
                msg("--in-house and --day list guests; --since and --all choose among reports."),
                msg("Leave one or the other out. See: apoa list --help"),
            )
        from apoa_client.cli.views.report_list import show_guest_list  # not needed for a list of reports

        return show_guest_list(app, search, states, form, in_house=in_house, day=day)
    since = app.clock.now() - _RECENT if not choice["everything"] else None
    if choice["since"]:
        since = parse_day_start(app, choice["since"])
    selection = Selection(states=states or None, since=since)
    if app.settings.has_shared_outbox:
        from apoa_client.cli.views.away import show_also_while_away  # for a shared outbox alone

        return show_also_while_away(app, lambda each: show_report_list(each, selection, search, form))
    return show_report_list(app, selection, search, form)


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
def show(session: Session, *, reference: str, photo: Path | None, force: bool) -> int:
    """Find the stay, open its reports and show them, or write its photo."""
    from apoa_client.cli.prompts.find_stays import StayFinder, ever, in_house, recent

    if photo is None:
        session.app.on_unwritable = show_unwritable
    elif session.json:
        raise UsageProblem(msg("Give only one of --photo and --json."))
    found = StayFinder(session, recent, in_house, recent, ever).one(reference)
    if found is None:
        return Exit.DONE
    if photo is not None:
        _write_photo(session.app, found, photo, force=force)
        return Exit.DONE
    from apoa_client.cli.views.stay_history import StayView

    view = StayView(session.app, *session.app.stays.find(found))
    if session.json:
        print_json(view.json())
    else:
        view.show()
    return view.exit_code


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
