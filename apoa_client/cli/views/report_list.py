"""The reports of the outbox, one line each: `apoa list` without `--in-house` and `--day`."""

import sys
from datetime import date, tzinfo
from itertools import islice
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_line, stream_json
from apoa_client.cli.terminal.pager import paged
from apoa_client.cli.terminal.streams import is_terminal
from apoa_client.cli.terminal.tables import show_long_table
from apoa_client.cli.views.findings import Readable, show_damage
from apoa_client.cli.views.labels import KINDS, moment_text, room_heading, short_day_text, state_cell
from apoa_client.cli.views.opened_report import OpenedReport
from apoa_client.cli.views.report import receipt_text, report_json
from apoa_client.cli.views.report_reader import ReportReader, SearchFilter
from apoa_client.errors import Exit
from apoa_client.messages import Message, nmsg
from apoa_client.ports.entries import Selection
from apoa_client.report.kinds import OPEN_STATES

_SEALED = "-"


class ListForm(NamedTuple):
    """How a list is shown."""

    as_json: bool = False
    pager: bool = False
    """Whether a list that is longer than the screen goes through a pager."""


def show_report_list(app: Container, selection: Selection, search: SearchFilter, form: ListForm) -> Exit:
    """Show the reports that match, as far as the outbox can be read, then its damage. Return the exit code.

    Each report is opened, shown and forgotten. Raises `StorageProblem` if no report can be read.
    """
    reader = ReportReader(app)
    # Of a check-out, JSON shows its own content only.
    open_report = reader.open_itself if form.as_json and not any(search) else reader.open
    reports = Readable(filter(search.matches, map(open_report, app.outbox.entries(selection))))
    zone = app.settings.zone
    if form.as_json:
        here = app.away is not None
        values = (report_json(each.entry, each.content, zone=zone, is_here=here) for each in reports)
        stream_json({"reports": values})
    else:
        headings = [_("ID"), _("Date"), _("State"), _("What"), _("Guest"), room_heading(), _("Due by"), _("Receipt")]
        rows = (_row(each, zone, app.today) for each in reports)
        with paged(app.environ, wanted=form.pager) as limit:
            count = show_long_table(headings, islice(rows, limit))
            if next(rows, None) is None:
                show_count(nmsg("{count} report", "{count} reports", count))
            else:
                show_rest(count, app.outbox.count(selection) if not any(search) else None)
        if not count:
            print_line(reader.nothing_found_text(search, _("No reports.")))
    code = show_damage(reports.damage)
    return reader.exit_code(search) or code


def show_count(count: Message) -> None:
    """Show how many rows a list has, if it has any, to a user at a terminal: in a pipe each line is a row."""
    if count.count and is_terminal(sys.stdout):
        print_line(text(count))


def show_rest(count: int, total: int | None = None) -> None:
    """Show that a list has more rows than those that are shown, of `total` if that is known, and how to see all."""
    if total is None:
        line = _("The first {count} are shown, and there are more. To see all, add: --no-pager")
    else:
        line = _("The first {count} of {total} are shown. To see all, add: --no-pager")
    print_line(line.format(count=count, total=total))


def _row(report: OpenedReport, zone: tzinfo, today: date) -> list[str]:
    entry = report.entry
    return [
        report.short_id,
        short_day_text(entry.created_at.astimezone(zone).date(), today),
        state_cell(entry),
        _(KINDS[entry.kind]),
        report.name if report.guest is not None else _SEALED if entry.erased_at is None else _("erased"),
        report.room if report.stay is not None else _SEALED,
        moment_text(entry.due_at, zone) if entry.due_at is not None and entry.state in OPEN_STATES else "",
        receipt_text(entry.receipt),
    ]
