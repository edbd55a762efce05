"""The reports of the outbox, or the guests of a night, one line each: `apoa list`."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, tzinfo
from itertools import islice

from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_line
from apoa_client.cli.terminal.streams import is_terminal
from apoa_client.cli.terminal.tables import show_long_table
from apoa_client.cli.views.labels import (
    KINDS,
    moment_text,
    nationality_heading,
    room_heading,
    short_day_text,
    state_cell,
)
from apoa_client.cli.views.report import OpenedReport, receipt_text
from apoa_client.desk.stay_history import StayHistory
from apoa_client.messages import nmsg
from apoa_client.report.kinds import OPEN_STATES

_SEALED = "-"


def show_reports(
    reports: Iterable[OpenedReport], zone: tzinfo, today: date, limit: int | None, *, history: bool
) -> int:
    """Show reports as a table, at most `limit` of them, and return how many. Without `history`, each is a guest's."""
    headings = [_("ID"), _("Date"), _("State"), _("What"), _("Guest"), room_heading(), _("Due by"), _("Receipt")]
    return _show_table(headings, (_row(each, zone, today) for each in reports), limit, of_guests=not history)


def show_guests(
    guests: Iterable[tuple[StayHistory, OpenedReport]], zone: tzinfo, today: date, limit: int | None
) -> int:
    """Show the guests of stays as a table, at most `limit` of them, and return how many."""
    headings = [room_heading(), _("Guest"), nationality_heading(), _("Since"), _("Until"), _("State"), _("ID")]
    return _show_table(headings, (_guest_row(stay, report, today, zone) for stay, report in guests), limit)


def _show_table(
    headings: Sequence[str], rows: Iterator[list[str]], limit: int | None, *, of_guests: bool = True
) -> int:
    """Show the rows, and how many there are; to a program that reads a pipe, each line is a row."""
    count = show_long_table(headings, islice(rows, limit))
    if next(rows, None) is not None:
        line = _("The first {count} are shown, and there are more. To see all, add: --no-pager")
        print_line(line.format(count=count))
    elif count and is_terminal(sys.stdout):
        reports = nmsg("{count} report", "{count} reports", count)
        print_line(text(nmsg("{count} guest", "{count} guests", count) if of_guests else reports))
    return count


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


def _guest_row(stay: StayHistory, report: OpenedReport, today: date, zone: tzinfo) -> list[str]:
    guest = [report.room, report.name, report.nationality]
    if report.guest is None:
        guest = [_SEALED, _SEALED if report.entry.erased_at is None else _("erased"), _SEALED]
    first = report.entry.first_night
    since = short_day_text(first, today) if first is not None else _SEALED
    state = state_cell(stay.active_reports[-1])
    return [*guest, since, _departure_text(stay, today, zone), state, report.short_id]


def _departure_text(stay: StayHistory, today: date, zone: tzinfo) -> str:
    """Return the day on which the guest left, or is to leave, and whether that is overdue."""
    left, planned = stay.left_on(zone), stay.display_report.last_morning
    if left is not None:
        return _("left {day}").format(day=short_day_text(left, today))
    if planned is None:
        return _SEALED
    if planned == today:
        return _("today")
    day = short_day_text(planned, today)
    return _("{day}, late").format(day=day) if planned < today else day
