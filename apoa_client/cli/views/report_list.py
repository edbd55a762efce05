"""The reports of the outbox, one line each: `apoa list` without `--in-house` and `--day`."""

from datetime import tzinfo

from apoa_client.app.container import Container
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_line, stream_json
from apoa_client.cli.terminal.tables import show_long_table
from apoa_client.cli.views.findings import Readable, show_damage
from apoa_client.cli.views.labels import KINDS, moment_text, room_heading, state_cell
from apoa_client.cli.views.opened_report import OpenedReport
from apoa_client.cli.views.report import receipt_text, report_json
from apoa_client.cli.views.report_reader import ReportReader, SearchFilter
from apoa_client.errors import Exit
from apoa_client.ports import Selection
from apoa_client.report.kinds import OPEN_STATES

_SEALED = "-"


def show_report_list(app: Container, selection: Selection, search: SearchFilter, *, as_json: bool) -> Exit:
    """Show the reports that match, as far as the outbox can be read, then its damage. Return the exit code.

    Each report is opened, shown and forgotten. Raises `StorageProblem` if no report can be read.
    """
    reader = ReportReader(app)
    # Of a check-out, JSON shows its own content only.
    open_report = reader.open_itself if as_json and not any(search) else reader.open
    reports = Readable(filter(search.matches, map(open_report, app.outbox.entries(selection))))
    zone = app.settings.zone
    if as_json:
        stream_json({"reports": (report_json(each.entry, each.content, zone=zone) for each in reports)})
    else:
        headings = [_("ID"), _("State"), _("What"), _("Guest"), room_heading(), _("Due by"), _("Receipt")]
        if not show_long_table(headings, (_row(each, zone) for each in reports)):
            print_line(reader.nothing_found_text(search, _("No reports.")))
    code = show_damage(reports.damage)
    return reader.exit_code(search) or code


def _row(report: OpenedReport, zone: tzinfo) -> list[str]:
    entry = report.entry
    return [
        report.short_id,
        state_cell(entry.state),
        _(KINDS[entry.kind]),
        report.name if report.guest is not None else _SEALED if entry.erased_at is None else _("erased"),
        report.room if report.stay is not None else _SEALED,
        moment_text(entry.due_at, zone) if entry.due_at is not None and entry.state in OPEN_STATES else "",
        receipt_text(entry.receipt),
    ]
