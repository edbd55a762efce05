"""`apoa list`: the reports that the outbox holds, or the guests of a night; one line each."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

import click

from apoa_client.app.container import Container
from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_json, print_line
from apoa_client.cli.terminal.tables import show_table
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.labels import KINDS, STATES, moment_text, room_heading
from apoa_client.cli.views.opened_report import OpenedReport
from apoa_client.cli.views.report import receipt_text, report_json
from apoa_client.cli.views.report_reader import ReportReader, SearchFilter, parse_day_start
from apoa_client.errors import CredentialsProblem, Exit, StorageProblem, UsageProblem
from apoa_client.messages import msg
from apoa_client.ports import Entry, Selection
from apoa_client.report.kinds import OPEN_STATES, State, short_id

_RECENT = timedelta(days=30)
_SEALED = "-"

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
    type=click.Choice([s.value for s in State]),
    text=N_("In this state; of a guest, the last report."),
)
@option("--since", metavar="DATE", text=N_("Reports made on this day or later, and the open ones."))
@option("--all", "everything", is_flag=True, text=N_("All reports that were ever made."))
@option("--json", "as_json", is_flag=True, text=N_("Print one JSON document."))
@click.pass_obj
def list_reports(session: Session, /, *, as_json: bool, in_house: bool, day: str | None, **choice: Any) -> int:  # noqa: ANN401  click's
    """Choose, open, show."""
    session.json = as_json
    sought = SearchFilter.typed(choice["guest"], choice["room"], choice["nationality"])
    reader = ReportReader(session.app)
    if in_house or day is not None:
        from apoa_client.cli.views.guest_list import GuestList  # the usual list needs none of it

        _refuse_for_guests(choice)
        guests = GuestList(session.app, reader, sought, _states(choice))
        guests.show(in_house=in_house, day=day, as_json=as_json)
        code = Exit.DONE
    else:
        code = _list(session.app, choice, reader, sought, as_json=as_json)
    # Nobody was found because nobody can look: that is no answer.
    return CredentialsProblem.exit_code if reader.needs_key(sought) else code


def _refuse_for_guests(choice: Mapping[str, Any]) -> None:
    if choice["since"] is not None or choice["everything"]:
        raise UsageProblem(
            msg("--in-house and --day list guests; --since and --all choose among reports."),
            msg("Leave one or the other out. See: apoa list --help"),
        )


def _list(
    app: Container, choice: Mapping[str, Any], reader: ReportReader, sought: SearchFilter, *, as_json: bool
) -> Exit:
    """List reports; what a damaged file still gives, and then that it is damaged."""
    rows: list[OpenedReport] = []
    damage: StorageProblem | None = None
    try:
        rows += (row for row in reader.rows(_selection(app, choice)) if sought.matches(row.guest_report))
    except StorageProblem as exc:
        if not rows:
            raise
        damage = exc
    if as_json:
        print_json({"reports": [report_json(row.entry, row.content, zone=app.settings.zone) for row in rows]})
    elif rows:
        heads = [_("ID"), _("State"), _("What"), _("Guest"), room_heading(), _("Due by"), _("Receipt")]
        show_table(heads, [_cells(row, app.settings.zone) for row in rows])
    else:
        print_line(reader.nothing_found_text(sought, _("No reports.")))
    if damage is None:
        return Exit.DONE
    show_error(damage)
    return damage.exit_code


def _selection(app: Container, choice: Mapping[str, Any]) -> Iterator[Entry]:
    since: datetime | None = None
    if choice["since"]:
        since = parse_day_start(app, choice["since"])
    elif not choice["everything"]:
        since = app.clock.now() - _RECENT
    return app.outbox.entries(Selection(states=_states(choice) or None, since=since))


def _states(choice: Mapping[str, Any]) -> frozenset[State]:
    return frozenset(State(state) for state in choice["states"])


def _cells(row: OpenedReport, zone: tzinfo) -> list[str]:
    entry = row.entry
    unknown = _SEALED if entry.erased_at is None else _("erased")
    return [
        short_id(entry.id),
        _(STATES[entry.state]),
        _(KINDS[entry.kind]),
        row.name or unknown,
        row.room if row.stay is not None else _SEALED,
        moment_text(entry.due_at, zone) if entry.due_at is not None and entry.state in OPEN_STATES else "",
        receipt_text(entry.receipt),
    ]
