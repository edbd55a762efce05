"""`apoa list`: the reports of the outbox, or the guests of a night, one line each."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta, tzinfo
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from apoa_client.app.container import Container
from apoa_client.cli.registry import command, flag, force_option, guest_argument, json_option, option, path_option
from apoa_client.cli.report_reader import ReportReader, SearchFilter, StateChoice, parse_day, parse_day_start, read_stay
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import print_json, print_line
from apoa_client.cli.terminal.pager import paged
from apoa_client.cli.terminal.streams import is_terminal
from apoa_client.cli.terminal.tables import show_long_table
from apoa_client.cli.views.findings import Readable, show_damage, show_unwritable
from apoa_client.cli.views.labels import (
    KINDS,
    moment_text,
    nationality_heading,
    room_heading,
    short_day_text,
    state_cell,
)
from apoa_client.cli.views.report import OpenedReport, receipt_text, report_json
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import DataRefused, Exit, NotAuthentic, OutboxDamaged, UsageProblem
from apoa_client.messages import msg, nmsg
from apoa_client.ports.entries import Entry, Selection
from apoa_client.report.kinds import OPEN_STATES, Kind, State, short_id

_RECENT = timedelta(days=30)

_HELP = N_(
    "List the guests with open reports or reports of the last 30 days, one line a stay. With --in-house or --day, list "
    "the guests of a night. Several options together narrow the list down."
)


@command("list", _HELP, "apoa list --in-house --room 7")
@flag("--in-house", text=N_("Guests who are here now, by the day on which they leave."))
@option("--day", metavar="DATE", text=N_("Guests of the night that begins on this day, gone or not."))
@option("--guest", metavar="TEXT", text=N_("Whose name or passport number holds this."))
@option("--room", metavar="TEXT", text=N_("In this room."))
@option("--nationality", metavar="TEXT", text=N_("Of this nationality: the country's name or its three letters."))
@option("--state", "states", multiple=True, type=StateChoice(), text=N_("In this state; of a guest, the last report."))
@option("--since", metavar="DATE", text=N_("Reports made on this day or later, and the open ones."))
@flag("--all", "everything", text=N_("All reports that were ever made."))
@flag("--history", text=N_("Every report of each stay, one line each."))
@flag("--no-pager", text=N_("Print a list that is longer than the screen as it is."))
@json_option
def list_reports(session: Session, /, *, in_house: bool, day: str | None, **choice: Any) -> int:  # noqa: ANN401  click's
    """List the guests of a night if --in-house or --day is given, else reports or the stays that they are of."""
    app = session.app
    app.on_unwritable = show_unwritable
    search = SearchFilter.typed(choice["guest"], choice["room"], choice["nationality"])
    states, pager = frozenset(State(state) for state in choice["states"]), not choice["no_pager"]
    if in_house or day is not None:
        if choice["since"] is not None or choice["everything"] or choice["history"]:
            raise UsageProblem(
                msg("--in-house and --day list guests; --since, --all and --history choose among reports."),
                msg("Leave one or the other out. See: apoa list --help"),
            )
        stays = _stays(app, states, in_house=in_house, day=day)
        nothing = _("No guest is in house.") if day is None and not any(search) and not states else _("No such guest.")
        return _list_guests(session, search, stays, nothing, pager=pager)
    since = app.clock.now() - _RECENT if not choice["everything"] else None
    if choice["since"]:
        since = parse_day_start(app, choice["since"])
    selection = Selection(states=states or None, since=since)

    show = partial(_list_reports, session, selection, search, history=choice["history"], pager=pager)
    if app.settings.has_shared_outbox:
        from apoa_client.cli.failures import show_also_while_away  # for a shared outbox alone

        return show_also_while_away(app, show)
    return show(app)


def _list_reports(
    session: Session, selection: Selection, search: SearchFilter, app: Container, *, history: bool, pager: bool
) -> Exit:
    """Show the reports that match, as far as the outbox can be read, then its damage. Return the exit code.

    On a screen, without `history`, one report stands for its stay. Each report is opened, shown and forgotten. Raises
    `StorageProblem` if no report can be read.
    """
    reader, zone = ReportReader(app), app.settings.zone
    entries = app.outbox.entries(selection)
    if session.json:
        open_report = reader.open if any(search) else reader.open_itself  # of a check-out, its own content only
        reports = Readable(filter(search.matches, map(open_report, entries)))
        here = app.away is not None
        print_json({"reports": (report_json(each.entry, each.content, zone=zone, is_here=here) for each in reports)})
    else:
        ids = ((entry, short_id(entry.id) if history else _shown_id(app, entry, selection)) for entry in entries)
        opened = (reader.open(entry)._replace(stay_shown_id=shown_id) for entry, shown_id in ids if shown_id)
        reports = Readable(filter(search.matches, opened))
        with paged(app.environ, wanted=pager) as limit:
            count = show_reports(reports, zone, app.today, limit, history=history)
        if not count:
            print_line(reader.nothing_found_text(search, _("No reports.")))
    code = show_damage(reports.damage)
    return reader.exit_code(search) or code


def _shown_id(app: Container, entry: Entry, selection: Selection) -> str:
    """Return the short id of the stay for which a report stands; empty if another report does.

    The first open report stands for its stay, which waits or was refused, else the last one. Only reports of the
    selection count, and replaced or withdrawn ones if there are no others.
    """
    try:
        history = app.stays.of(entry.stay_id)
    except OutboxDamaged:  # what can be read of the stay is shown
        return short_id(entry.id)
    selected = [
        each
        for each in history.entries
        if (selection.states is None or each.state in selection.states)
        and (selection.since is None or each.created_at >= selection.since or each.state in OPEN_STATES)
    ]
    active = [each for each in selected if each in history.active_reports]
    with_guest = [each for each in selected if each.kind in {Kind.CHECK_IN, Kind.AMEND}]
    last = (active or with_guest or selected or [entry])[-1]  # none is selected any more: it was sent just now
    stands = next((each for each in active if each.state in OPEN_STATES), last)
    return history.shown_id if stands.id == entry.id else ""


def _stays(app: Container, states: frozenset[State], *, in_house: bool, day: str | None) -> Iterable[StayHistory]:
    """Return the stays of the guests in house, of the guests of a night, or of those of the night who are in house.

    `states` chooses by the stay's last report; all if empty. Raises `UsageProblem` if `day` is not a day.
    """
    night = parse_day(app, day) if day is not None else None
    stays: Iterable[StayHistory] = app.stays.in_house(app.today)
    if night is not None and in_house:
        stays = (stay for stay in stays if stay.covers(night, night + timedelta(days=1), app.settings.zone))
    elif night is not None:
        stays = app.stays.on_nights(night, night + timedelta(days=1))
    return (stay for stay in stays if not states or stay.active_reports[-1].state in states)


def _list_guests(
    session: Session, search: SearchFilter, stays: Iterable[StayHistory], nothing: str, *, pager: bool
) -> Exit:
    """Show the guests of stays that match, or else `nothing`. Return the exit code."""
    app = session.app
    reader, zone = ReportReader(app), app.settings.zone
    opened = ((stay, reader.open_stay(stay)) for stay in stays)
    guests = Readable((stay, report) for stay, report in opened if search.matches(report))
    if session.json:
        print_json({"reports": (report_json(each.entry, each.content, zone=zone) for _stay, each in guests)})
    else:
        with paged(app.environ, wanted=pager) as limit:
            count = show_guests(guests, zone, app.today, limit)
        if not count:
            print_line(reader.nothing_found_text(search, nothing))
    return reader.exit_code(search) or show_damage(guests.damage)


@command("show", N_("Show a stay in full: every report, attempt and answer."), "apoa show 2e8b11aa")
@guest_argument
@path_option("--photo", text=N_("Write the photo that is kept with the stay to this file; - for standard output."))
@force_option
@json_option
def show(session: Session, *, reference: str, photo: Path | None, force: bool) -> int:
    """Find the stay, open its reports and show them, or write its photo."""
    from apoa_client.cli.prompts.find_stays import StayFinder, all_stays, in_house, recent

    if photo is None:
        session.app.on_unwritable = show_unwritable
    elif session.json:
        raise UsageProblem(msg("Give only one of --photo and --json."))
    found = StayFinder(session, recent, in_house, recent, all_stays).one(reference)
    if found is None:
        return Exit.DONE
    if photo is not None:
        _write_photo(session.app, found, photo, force=force)
        return Exit.DONE
    view, doubtful = read_stay(session.app, found)
    if session.json:
        print_json(view.json())
    else:
        view.show(session.app.clock.now())
    return NotAuthentic.exit_code if doubtful else Exit.DONE


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
    write_output(file, photo, force=force, done=_("The photo is written: {file}"))


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
