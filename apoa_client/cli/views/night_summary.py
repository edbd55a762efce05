"""The summary of a night, which one shift hands over to the next, as `apoa status --tonight` shows it.

What must be done comes first, then the guests, then counts. On a terminal all of it fits on one screen. Names, rooms
and nationalities need the key; without it the stays are shown by their ids.
"""

import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

from apoa_client.app.container import Container
from apoa_client.cli.terminal.command_names import localized_command
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import (
    columns,
    plain,
    print_line,
    side_by_side,
    stream_json,
    style_bold,
    style_error,
    style_success,
    style_warning,
)
from apoa_client.cli.terminal.streams import is_terminal
from apoa_client.cli.terminal.tables import show_table, table_lines
from apoa_client.cli.terminal.wrapping import wrap_line
from apoa_client.cli.views.findings import Readable, show_damage, show_error
from apoa_client.cli.views.labels import (
    KINDS,
    STATES,
    day_text,
    moment_text,
    nationality_heading,
    room_heading,
    short_day_text,
    state_cell,
)
from apoa_client.cli.views.report import report_json
from apoa_client.cli.views.report_reader import OpenedReport, ReportReader
from apoa_client.cli.views.status import deadline_lines, show_last_contact, show_property
from apoa_client.desk.attention import due_reports, refused_reports
from apoa_client.desk.night import Night, guests_of_night, night_at
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import ApoaError, Exit, StorageProblem
from apoa_client.ports.entries import Entry, Selection
from apoa_client.ports.state import Summary
from apoa_client.report.kinds import Kind, State, instant

_MAX_SHOWN = 50
"""Reports shown one by one that were refused, and as many that are due. The document of ``--json`` has all of them."""
_USUAL_WIDTH = 80
_GUEST_LIST = "list --in-house"
"""The command for the guests that do not fit on the screen."""
_MAX_ON_SCREEN = 3
"""Lines on a terminal for each list of what must be done: with all lists, the guests still have room on 24 lines."""


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
    damage: StorageProblem | None = None
    if as_json:
        open_guests = {each.entry.id: each for found in reports.values() for each in found}
        refused, due = (Readable(app.outbox.entries(each)) for each in (refused_reports(), due_reports(night.ends_at)))
        opened: dict[str, Iterable[OpenedReport]] = {**reports}
        for name, entries in (("refused", refused), ("due_by_morning", due)):
            opened[name] = (open_guests.get(entry.id) or reader.open_itself(entry) for entry in entries)
        _print_document(app, night, opened, summary)
        damage = refused.damage or due.damage
    else:
        screen = _Screen(app, summary, night, open_once)
        screen.show(reports, errors.append)
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


class _Screen:
    """Shows the summary. `opened` opens the report that holds the guest of a report."""

    def __init__(self, app: Container, summary: Summary, night: Night, opened: Callable[[Entry], OpenedReport]) -> None:
        self._app = app
        self._summary = summary
        self._night = night
        self._opened = opened
        self._now = app.clock.now()
        self._on_terminal = is_terminal(sys.stdout) and not plain()
        self._waiting = summary.counts[State.QUEUED] + summary.counts[State.SENDING]
        self._lines: list[str] = []
        """What must be done."""

    def show(self, reports: Mapping[str, Sequence[OpenedReport]], show_problem: Callable[[ApoaError], object]) -> None:
        """Show what must be done, then the guests, then the counts and the last contact."""
        night = self._night
        self._collect_reports()
        if self._summary.drafts:
            self._collect_drafts(show_problem)
        self._collect_overdue(reports["overdue_departures"])
        if not self._lines:
            end = moment_text(night.ends_at, self._app.settings.zone)
            line = _("Nothing was refused, and nothing is due by {moment}.").format(moment=end)
            self._lines.append(style_success(line))
        show_property(self._app.settings, self._summary)
        evening, morning = day_text(night.evening), day_text(night.morning)
        print_line(style_bold(_("Night of {evening} to {morning}").format(evening=evening, morning=morning)))
        for line in self._lines:
            print_line(line)
        self._show_guests(reports["in_house"])
        arrived = _("Arrived since yesterday: {count}") if night.is_morning else _("Arrived today: {count}")
        leaving = _("Leaving this morning: {count}") if night.is_morning else _("Leaving tomorrow: {count}")
        lists = ((arrived, reports["arrivals"]), (leaving, reports["leaving"]))
        counts = [words.format(count=len(found)) for words, found in lists]
        if self._waiting:
            label = _("Waiting to be typed into APOA") if self._app.settings.by_hand else _("Waiting to be sent")
            counts.append(f"{label}: {self._waiting}")
        print_line(side_by_side(counts))
        show_last_contact(self._app.settings, self._summary)

    def _collect_reports(self) -> None:
        """Add the refused reports and those that are due, or else how many wait."""
        by_hand, counts = self._app.settings.by_hand, self._summary.counts
        refused = self._app.outbox.count(refused_reports())
        due = self._app.outbox.count(due_reports(self._night.ends_at))
        waiting = self._waiting
        if refused:
            heading = _("Refused: {count}. Correct each with: apoa fix ID").format(count=refused)
            self._add(style_error(heading), self._report_lines(refused_reports(), refused), refused, "list")
        if due:
            end = moment_text(self._night.ends_at, self._app.settings.zone)
            heading = _("Due by {moment}: {count}. Send them: apoa sync")
            if by_hand:
                heading = _("Due by {moment}: {count}. Report them: apoa sync --by-hand")
            lines = self._report_lines(due_reports(self._night.ends_at), due)
            self._add(style_warning(heading.format(moment=end, count=due)), lines, due, "list")
        elif waiting and by_hand:
            line = _("To be typed into APOA: {count}. Begin with: apoa sync --by-hand").format(count=waiting)
            self._lines.append(style_warning(line))
        elif waiting:
            self._lines.append(style_warning(_("Waiting: {count}. Send them with: apoa sync").format(count=waiting)))
        if counts[State.PENDING] and not due:
            pending = _("Waiting for the authority to decide: {count}. The next apoa sync asks again.")
            self._lines.append(pending.format(count=counts[State.PENDING]))

    def _collect_drafts(self, show_problem: Callable[[ApoaError], object]) -> None:
        from apoa_client.cli.views.drafts import open_drafts  # on most nights there are none

        drafts = open_drafts(self._app, self._app.outbox.drafts.waiting(self._now), show_problem)
        heading = _("Unfinished guests: {count}. Continue with: apoa report").format(count=len(drafts))
        lines = [f"  {each.text(self._app.settings.zone)}" for each in drafts]
        self._add(style_warning(heading), lines, len(drafts), "report")

    def _collect_overdue(self, overdue: Sequence[OpenedReport]) -> None:
        if overdue:
            heading = _("Should have left, without a check-out: {count}. If they left: apoa checkout")
            lines = ["  " + side_by_side([_until(each, self._night), _guest_line(each)]) for each in overdue]
            self._add(style_warning(heading.format(count=len(overdue))), lines, len(overdue), _GUEST_LIST)

    def _add(self, heading: str, lines: Sequence[str], total: int, command: str) -> None:
        """Add a heading, as many of the lines as there is room for, and how many more there are."""
        limit = self._limit(total)
        self._lines += [heading, *lines[:limit]]
        if total > limit:
            self._lines.append("  " + _more_text(total - limit, command))

    def _limit(self, total: int) -> int:
        """Return how many lines of a list are shown; the last one says how many more there are."""
        if not self._on_terminal:
            return min(total, _MAX_SHOWN)
        return total if total <= _MAX_ON_SCREEN else _MAX_ON_SCREEN - 1

    def _report_lines(self, selection: Selection, total: int) -> list[str]:
        entries = list(self._app.outbox.entries(selection._replace(limit=self._limit(total))))
        return list(deadline_lines(entries, self._now, self._app.settings.zone, self._describe))

    def _describe(self, entry: Entry) -> str:
        """Return the guest's name, the kind unless it is a check-in of a known guest, and an unusual state."""
        name = _name(self._opened(self._app.stays.of(entry.stay_id).display_report))
        kind = "" if entry.kind is Kind.CHECK_IN and name else _(KINDS[entry.kind])
        state = "" if entry.state in {State.QUEUED, State.REJECTED} else _(STATES[entry.state])
        return ", ".join(filter(None, (name, kind, state)))

    def _show_guests(self, in_house: Sequence[OpenedReport]) -> None:
        """Show the guests in house, on a terminal as many as fit on the screen."""
        if not in_house:
            print_line(_("No guest is in house."))
            return
        print_line(style_bold(_("Guests in house: {count}").format(count=len(in_house))))
        headings = [room_heading(), _("Guest"), nationality_heading(), _("Until"), _("State"), _("ID")]
        rows = [self._guest_row(each) for each in in_house]
        if not self._on_terminal:
            show_table(headings, rows)
            return
        room = self._room_for_guests()
        count = max(0, min(len(rows), room))
        while count and len(table_lines(headings, rows[:count])) + (count < len(rows)) > room:
            count -= 1
        if count:
            show_table(headings, rows[:count])
        if count < len(rows):
            print_line(_more_text(len(rows) - count, _GUEST_LIST))

    def _guest_row(self, guest: OpenedReport) -> list[str]:
        state = state_cell(guest.entry)
        return [guest.room, _name(guest), guest.nationality, _until(guest, self._night), state, guest.short_id]

    def _room_for_guests(self) -> int:
        """Return how many lines of the screen are left for the table of guests."""
        wrapped = sum(len(wrap_line(line, columns())) for line in self._lines)
        stopped = 2 * (self._summary.current_suspension(lambda: self._app.settings.fingerprint) is not None)
        others = 6  # the property, the night, the heading, the counts, the last contact, and the shell's prompt
        others += 2 * (columns() < _USUAL_WIDTH)  # some of them wrap
        return shutil.get_terminal_size().lines - wrapped - stopped - others


def _more_text(count: int, command: str) -> str:
    return _("... and {count} more: {command}").format(count=count, command=localized_command(command))


def _name(guest: OpenedReport) -> str:
    return guest.name or (_("erased") if guest.entry.erased_at is not None else "")


def _until(guest: OpenedReport, night: Night) -> str:
    day = guest.entry.last_morning
    return short_day_text(day, night.today) if day is not None else ""


def _guest_line(guest: OpenedReport) -> str:
    """Return a guest on one line: short id, and if the guest can be read now, name and room."""
    room = _("room {room}").format(room=guest.room) if guest.room else ""
    return side_by_side([guest.short_id, _name(guest), room])
