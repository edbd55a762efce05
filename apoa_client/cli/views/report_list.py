"""The reports of the outbox, one line each: `apoa list` without `--in-house` and `--day`."""

from apoa_client.app.container import Container
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_json, print_line
from apoa_client.cli.terminal.tables import show_table
from apoa_client.cli.views.findings import show_damage
from apoa_client.cli.views.labels import KINDS, STATES, moment_text, room_heading
from apoa_client.cli.views.opened_report import OpenedReport
from apoa_client.cli.views.report import receipt_text, report_json
from apoa_client.cli.views.report_reader import ReportReader, SearchFilter
from apoa_client.errors import Exit, StorageProblem
from apoa_client.ports import Selection
from apoa_client.report.kinds import OPEN_STATES

_SEALED = "-"


def show_report_list(app: Container, selection: Selection, search: SearchFilter, *, as_json: bool) -> Exit:
    """Show the reports that match, as far as the outbox can be read, then its damage. Return the exit code.

    Raises `StorageProblem` if no report can be read.
    """
    reader = ReportReader(app)
    found: list[OpenedReport] = []
    damage: StorageProblem | None = None
    try:
        found += filter(search.matches, reader.open_all(app.outbox.entries(selection)))
    except StorageProblem as exc:
        if not found:
            raise
        damage = exc
    zone = app.settings.zone
    if as_json:
        print_json({"reports": [report_json(each.entry, each.content, zone=zone) for each in found]})
    elif found:
        rows = []
        for each in found:
            entry = each.entry
            row = [
                each.short_id,
                _(STATES[entry.state]),
                _(KINDS[entry.kind]),
                each.name if each.guest is not None else _SEALED if entry.erased_at is None else _("erased"),
                each.room if each.stay is not None else _SEALED,
                moment_text(entry.due_at, zone) if entry.due_at is not None and entry.state in OPEN_STATES else "",
                receipt_text(entry.receipt),
            ]
            rows.append(row)
        headings = [_("ID"), _("State"), _("What"), _("Guest"), room_heading(), _("Due by"), _("Receipt")]
        show_table(headings, rows)
    else:
        print_line(reader.nothing_found_text(search, _("No reports.")))
    code = show_damage(damage)
    return reader.exit_code(search) or code
