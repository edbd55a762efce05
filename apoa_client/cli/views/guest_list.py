"""The guests who are in house, or were on a night, one line per stay: `apoa list --in-house` and `--day`.

Stays and dates are known without the key; names, rooms and nationalities need it.
"""

from collections.abc import Iterable
from datetime import date, timedelta, tzinfo
from itertools import islice

from apoa_client.app.container import Container
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_line, stream_json
from apoa_client.cli.terminal.pager import paged
from apoa_client.cli.terminal.tables import show_long_table
from apoa_client.cli.views.findings import Readable, show_damage
from apoa_client.cli.views.labels import nationality_heading, room_heading, short_day_text, state_cell
from apoa_client.cli.views.opened_report import OpenedReport
from apoa_client.cli.views.report import report_json
from apoa_client.cli.views.report_list import ListForm, show_count, show_rest
from apoa_client.cli.views.report_reader import ReportReader, SearchFilter, parse_day
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import Exit
from apoa_client.messages import nmsg
from apoa_client.report.kinds import State

_SEALED = "-"


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
    rows = (_row(stay, report, app.today, zone) for stay, report in guests)
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


def _row(stay: StayHistory, report: OpenedReport, today: date, zone: tzinfo) -> list[str]:
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
