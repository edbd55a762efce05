"""The reports of the outbox, one line each: `apoa list` without `--in-house` and `--day`."""

import sys
from collections.abc import Iterable
from datetime import date, timedelta, tzinfo
from itertools import islice
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_line, stream_json
from apoa_client.cli.terminal.pager import paged
from apoa_client.cli.terminal.streams import is_terminal
from apoa_client.cli.terminal.tables import show_long_table
from apoa_client.cli.views.findings import Readable, show_damage
from apoa_client.cli.views.labels import (
    KINDS,
    moment_text,
    nationality_heading,
    room_heading,
    short_day_text,
    state_cell,
)
from apoa_client.cli.views.report import receipt_text, report_json
from apoa_client.cli.views.report_reader import OpenedReport, ReportReader, SearchFilter, parse_day
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import Exit
from apoa_client.messages import Message, nmsg
from apoa_client.ports.entries import Selection
from apoa_client.report.kinds import OPEN_STATES, State

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


def show_guest_list(
    app: Container,
    search: SearchFilter,
    states: frozenset[State],
    form: ListForm,
    *,
    in_house: bool,
    day: str | None,
) -> Exit:
    """Show the guests in house, the guests of the night of a day, or those of the night who are still in house.

    `states` chooses by the stay's last report; all if empty. Returns the exit code. Raises `UsageProblem` if `day` is
    not a day.
    """
    reader = ReportReader(app)
    night = parse_day(app, day) if day is not None else None
    stays: Iterable[StayHistory] = app.stays.in_house(app.today)
    if night is not None and in_house:
        stays = (stay for stay in stays if stay.covers(night, night + timedelta(days=1), app.settings.zone))
    elif night is not None:
        stays = app.stays.on_night(night)
    chosen = (stay for stay in stays if not states or stay.active_reports[-1].state in states)
    opened = ((stay, reader.open(stay.display_report)) for stay in chosen)
    guests = Readable((stay, report) for stay, report in opened if search.matches(report))
    zone = app.settings.zone
    if form.as_json:
        stream_json({"reports": (report_json(each.entry, each.content, zone=zone) for _stay, each in guests)})
        return reader.exit_code(search) or show_damage(guests.damage)
    headings = [room_heading(), _("Guest"), nationality_heading(), _("Since"), _("Until"), _("State"), _("ID")]
    rows = (_guest_row(stay, report, app.today, zone) for stay, report in guests)
    with paged(app.environ, wanted=form.pager) as limit:
        count = show_long_table(headings, islice(rows, limit))
        if next(rows, None) is None:
            show_count(nmsg("{count} guest", "{count} guests", count))
        else:
            show_rest(count)
    if not count:
        everybody = night is None and not any(search) and not states
        usual = _("No guest is in house.") if everybody else _("No such guest.")
        print_line(reader.nothing_found_text(search, usual))
    return reader.exit_code(search) or show_damage(guests.damage)


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
    check_out, planned = stay.check_out, stay.display_report.last_morning
    if check_out is not None and check_out.ends_at is not None:
        left = check_out.ends_at.astimezone(zone).date()
        return _("left {day}").format(day=short_day_text(left, today))
    if planned is None:
        return _SEALED
    if planned == today:
        return _("today")
    day = short_day_text(planned, today)
    return _("{day}, late").format(day=day) if planned < today else day
