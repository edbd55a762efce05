"""The summary of a night, which one shift hands over to the next, as `apoa status --tonight` shows it.

What must be done comes last, right above the prompt, where it is read without scrolling back. Names, rooms and
nationalities need the key; without it the stays are shown by their ids.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import (
    print_line,
    side_by_side,
    stream_json,
    style_bold,
    style_error,
    style_success,
    style_warning,
)
from apoa_client.cli.terminal.tables import show_table
from apoa_client.cli.views.deadlines import deadline_lines
from apoa_client.cli.views.findings import Readable, show_damage, show_error
from apoa_client.cli.views.labels import (
    KINDS,
    STATES,
    day_text,
    moment_text,
    nationality_heading,
    room_heading,
    short_day_text,
)
from apoa_client.cli.views.opened_report import OpenedReport
from apoa_client.cli.views.report import receipt_text, report_json
from apoa_client.cli.views.report_reader import ReportReader
from apoa_client.cli.views.status import show_last_contact, show_property
from apoa_client.desk.attention import due_reports, refused_reports
from apoa_client.desk.night import Night, guests_of_night, night_at
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import ApoaError, Exit, StorageProblem
from apoa_client.ports import Entry, Selection, Summary
from apoa_client.report.deadline import instant
from apoa_client.report.kinds import Kind, State

_MAX_SHOWN = 50
"""Reports shown one by one that were refused, and as many that are due. The document of ``--json`` has all of them."""


def show_night_summary(app: Container, summary: Summary, *, as_json: bool) -> Exit:
    """Show the summary of the current night, or of the coming one. Return the exit code.

    Opens the guests of the night, and of the reports that were refused or are due those that are shown, one by one.
    """
    now = app.clock.now()
    night = night_at(now, app.settings.zone)
    guests = guests_of_night(app.stays.recent(night.today), night)
    errors: list[ApoaError] = []
    reader = ReportReader(app, errors.append)
    open_once = cache(reader.open)  # a stay may be in several lists
    reports = {
        "in_house": _by_room(guests.in_house, open_once),
        "arrivals": _by_room(guests.arrived, open_once),
        "leaving": _by_room(guests.leaving, open_once),
        "overdue_departures": _by_room(guests.overdue, open_once),
    }
    open_guests = {each.entry.id: each for found in reports.values() for each in found}
    damage: StorageProblem | None = None
    if as_json:
        refused, due = (Readable(app.outbox.entries(each)) for each in (refused_reports(), due_reports(night.ends_at)))
        opened: dict[str, Iterable[OpenedReport]] = {**reports}
        for name, entries in (("refused", refused), ("due_by_morning", due)):
            opened[name] = (open_guests.get(entry.id) or reader.open_itself(entry) for entry in entries)
        _print_document(app, night, opened, summary)
        damage = refused.damage or due.damage
    else:
        refused_first = _shortened(app, refused_reports(_MAX_SHOWN))
        due_first = _shortened(app, due_reports(night.ends_at, _MAX_SHOWN))
        show_property(app.settings, summary)
        _show_guests(night, *reports.values())
        if summary.drafts:
            _show_drafts(app, now, errors.append)
        view = _AttentionView(app, now, lambda entry: open_guests.get(entry.id) or reader.open(entry))
        view.show(refused_first, due_first, night.ends_at)
        show_last_contact(app.settings, summary)
    for error in errors:  # last, so that no error stands between the rows of a table
        show_error(error)
    return show_damage(damage)


def _print_document(
    app: Container, night: Night, opened: Mapping[str, Iterable[OpenedReport]], summary: Summary
) -> None:
    """Print the document of ``--json``. Each report is printed and forgotten."""
    zone, contact = app.settings.zone, summary.last_contact_at
    lists = {
        name: (report_json(each.entry, each.content, zone=zone) for each in found) for name, found in opened.items()
    }
    last_contact = instant(contact.astimezone(zone)) if contact is not None else None
    rest = {"drafts": summary.drafts, "last_contact_at": last_contact}
    stream_json({"night": night.evening.isoformat(), **lists, **rest})


def _by_room(stays: Iterable[StayHistory], opened: Callable[[Entry], OpenedReport]) -> list[OpenedReport]:
    """Return the current reports of stays by room: 9 before 10, and both before A2. Without the key, as given."""

    def order(report: OpenedReport) -> list[tuple[bool, int, str]]:
        parts = filter(None, re.split(r"(\d+)", report.room))
        return [(False, int(part), "") if part.isdecimal() else (True, 0, part.casefold()) for part in parts]

    return sorted((opened(stay.display_report) for stay in stays), key=order)


def _show_guests(
    night: Night,
    in_house: Sequence[OpenedReport],
    arrived: Sequence[OpenedReport],
    leaving: Sequence[OpenedReport],
    overdue: Sequence[OpenedReport],
) -> None:
    evening, morning = day_text(night.evening), day_text(night.morning)
    print_line(style_bold(_("Night of {evening} to {morning}").format(evening=evening, morning=morning)))
    if in_house:
        print_line(style_bold(_("Guests in house: {count}").format(count=len(in_house))))
        headings = [room_heading(), _("Guest"), nationality_heading(), _("Until"), _("ID")]
        rows = [[each.room, _name(each), each.nationality, _until(each, night), each.short_id] for each in in_house]
        show_table(headings, rows)
    else:
        print_line(_("No guest is in house."))
    heading = _("Arrived since yesterday: {count}") if night.is_morning else _("Arrived today: {count}")
    _show_heading(style_bold(heading.format(count=len(arrived))))
    if arrived:
        headings = [room_heading(), _("Guest"), _("State"), _("Receipt"), _("ID")]
        rows = []
        for each in arrived:
            short_id = each.short_id if each.report is None else ""  # only if the guest cannot be read now
            receipt = receipt_text(each.entry.receipt)
            rows.append([each.room, _name(each), _(STATES[each.entry.state]), receipt, short_id])
        show_table(headings, rows)
    heading = _("Leaving this morning: {count}") if night.is_morning else _("Leaving tomorrow: {count}")
    _show_heading(style_bold(heading.format(count=len(leaving))))
    for each in leaving:
        print_line(f"  {_guest_line(each)}")
    if overdue:
        count = len(overdue)
        _show_heading(style_warning(_("Should have left, without a check-out: {count}").format(count=count)))
        for each in overdue:
            print_line("  " + side_by_side([_until(each, night), _guest_line(each)]))
        print_line("  " + _("If they left, report it: apoa checkout"))


def _show_drafts(app: Container, now: datetime, show_problem: Callable[[ApoaError], object]) -> None:
    from apoa_client.cli.views.drafts import open_drafts  # on most nights there are none

    drafts = open_drafts(app, app.outbox.drafts.waiting(now), show_problem)
    heading = _("Unfinished guests: {count}. Continue with: apoa report")
    _show_heading(style_warning(heading.format(count=len(drafts))))
    for each in drafts:
        print_line(f"  {each.text(app.settings.zone)}")


class _Shortened(NamedTuple):
    """The most urgent reports of a kind, and how many there are."""

    shown: Sequence[Entry]
    total: int


def _shortened(app: Container, selection: Selection) -> _Shortened:
    return _Shortened(list(app.outbox.entries(selection)), app.outbox.count(selection))


class _AttentionView:
    """Shows the reports that were refused or are due; `opened` opens the report that holds the guest."""

    def __init__(self, app: Container, now: datetime, opened: Callable[[Entry], OpenedReport]) -> None:
        self._app = app
        self._now = now
        self._opened = opened

    def show(self, refused: _Shortened, due: _Shortened, until: datetime) -> None:
        end = moment_text(until, self._app.settings.zone)
        if refused.total:
            heading = _("Refused: {count}. Correct each with: apoa fix ID").format(count=refused.total)
            self._show_reports(style_error(heading), refused)
        if due.total:
            heading = _("Due by {moment}: {count}").format(moment=end, count=due.total)
            self._show_reports(style_warning(heading), due)
            by_hand = self._app.settings.by_hand
            advice = _("Report them: apoa sync --by-hand") if by_hand else _("Send them: apoa sync")
            print_line(f"  {advice}")
        if not (refused.total or due.total):
            _show_heading(style_success(_("Nothing was refused, and nothing is due by {moment}.").format(moment=end)))
        print_line()

    def _show_reports(self, heading: str, reports: _Shortened) -> None:
        _show_heading(heading)
        for line in deadline_lines(reports.shown, self._now, self._app.settings.zone, self._describe):
            print_line(line)
        more = reports.total - len(reports.shown)
        if more > 0:
            print_line("  " + _("... and {count} more: apoa list").format(count=more))

    def _describe(self, entry: Entry) -> str:
        """Return the guest's name, the kind unless it is a check-in of a known guest, and an unusual state."""
        name = _name(self._opened(self._app.stays.of(entry.stay_id).display_report))
        kind = "" if entry.kind is Kind.CHECK_IN and name else _(KINDS[entry.kind])
        state = "" if entry.state in {State.QUEUED, State.REJECTED} else _(STATES[entry.state])
        return ", ".join(filter(None, (name, kind, state)))


def _show_heading(line: str) -> None:
    print_line()
    print_line(line)


def _name(guest: OpenedReport) -> str:
    return guest.name or (_("erased") if guest.entry.erased_at is not None else "")


def _until(guest: OpenedReport, night: Night) -> str:
    day = guest.entry.last_morning
    return short_day_text(day, night.today) if day is not None else ""


def _guest_line(guest: OpenedReport) -> str:
    """Return a guest on one line: short id, and if the guest can be read now, name and room."""
    room = _("room {room}").format(room=guest.room) if guest.room else ""
    return side_by_side([guest.short_id, _name(guest), room])
