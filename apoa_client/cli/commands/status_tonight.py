"""`apoa status --tonight`: reads the night, opens its guests, and shows what one shift hands over to the next.

What must be done comes first, then the guests, then counts. On a terminal all of it fits on one screen. Names, rooms
and nationalities need the key; without it the stays are shown by their ids.
"""

import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from apoa_client.app.container import Container
from apoa_client.cli.report_reader import ReportReader
from apoa_client.cli.terminal.command_names import localized_command
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import (
    columns,
    plain,
    print_json,
    print_line,
    side_by_side,
    style_bold,
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
from apoa_client.cli.views.report import OpenedDraft, OpenedReport, report_json
from apoa_client.cli.views.status import (
    deadline_lines,
    pending_line,
    refused_line,
    show_last_contact,
    show_property,
    waiting_line,
)
from apoa_client.desk.attention import UrgentReports, due_reports, refused_reports
from apoa_client.desk.stay_history import Night, StayHistory, guests_of_night, night_at
from apoa_client.errors import ApoaError, Exit, StorageProblem
from apoa_client.ports.entries import Entry, Selection
from apoa_client.ports.state import Summary
from apoa_client.report.kinds import Kind, State, instant
from apoa_client.settings.config import PropertySettings


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
    in_house, arrivals, leaving, overdue = (
        _by_room(stays, open_once) for stays in (guests.in_house, guests.arrived, guests.leaving, guests.overdue)
    )
    damage: StorageProblem | None = None
    if as_json:
        lists = {"in_house": in_house, "arrivals": arrivals, "leaving": leaving, "overdue_departures": overdue}
        damage = _print_document(app, night, lists, reader, summary)
    else:
        refused, due = (_first(app, each) for each in (refused_reports(), due_reports(night.ends_at)))
        drafts = []
        if summary.drafts:
            from apoa_client.cli.prompts.drafts import open_drafts  # on most nights there are none

            drafts = open_drafts(app, app.outbox.drafts.waiting(now), errors.append)

        def name_of(entry: Entry) -> str:
            return shown_name(open_once(app.stays.of(entry.stay_id).display_report))

        guests_and_reports = (in_house, arrivals, leaving, overdue, refused, due, drafts)
        NightSummary(app.settings, summary, night, now, *guests_and_reports, name_of).show()
    for error in errors:  # last, so that no error stands between the rows of a table
        show_error(error)
    return show_damage(damage)


def _first(app: Container, selection: Selection) -> UrgentReports:
    total = app.outbox.count(selection)
    return UrgentReports(list(app.outbox.entries(selection._replace(limit=MAX_SHOWN))) if total else [], total)


def _print_document(
    app: Container, night: Night, lists: Mapping[str, Iterable[OpenedReport]], reader: ReportReader, summary: Summary
) -> StorageProblem | None:
    """Print the document of ``--json``, each report as it is read. Return why the outbox was not read to the end."""
    zone, contact = app.settings.zone, summary.last_contact_at
    open_guests = {each.entry.id: each for found in lists.values() for each in found}
    refused, due = (Readable(app.outbox.entries(each)) for each in (refused_reports(), due_reports(night.ends_at)))
    opened = dict(lists)
    for name, entries in (("refused", refused), ("due_by_morning", due)):
        opened[name] = (open_guests.get(entry.id) or reader.open_itself(entry) for entry in entries)
    values = {
        name: (report_json(each.entry, each.content, zone=zone) for each in found) for name, found in opened.items()
    }
    last_contact = instant(contact.astimezone(zone)) if contact is not None else None
    rest = {"drafts": summary.drafts, "last_contact_at": last_contact}
    print_json({"night": night.evening.isoformat(), **values, **rest})
    return refused.damage or due.damage


def _by_room(stays: Iterable[StayHistory], opened: Callable[[Entry], OpenedReport]) -> list[OpenedReport]:
    """Return the current reports of stays by room: 9 before 10, and both before A2. Without the key, as given."""

    def order(report: OpenedReport) -> list[tuple[bool, int, str]]:
        parts = filter(None, re.split(r"(\d+)", report.room))
        return [(False, int(part), "") if part.isdecimal() else (True, 0, part.casefold()) for part in parts]

    found = (opened(stay.display_report)._replace(stay_shown_id=stay.shown_id) for stay in stays)
    return sorted(found, key=order)


MAX_SHOWN = 50
"""Reports shown one by one that were refused, and as many that are due. The document of ``--json`` has all of them."""
_USUAL_WIDTH = 80
_GUEST_LIST = "list --in-house"
"""The command for the guests that do not fit on the screen."""
_MAX_ON_SCREEN = 3
"""Lines on a terminal for each list of what must be done: with all lists, the guests still have room on 24 lines."""


@dataclass
class NightSummary:
    """What there is to show of a night. `name_of` returns the name of a report's guest, empty without the key."""

    settings: PropertySettings
    summary: Summary
    night: Night
    now: datetime
    in_house: Sequence[OpenedReport]
    arrivals: Sequence[OpenedReport]
    leaving: Sequence[OpenedReport]
    overdue: Sequence[OpenedReport]
    refused: UrgentReports
    due: UrgentReports
    drafts: Sequence[OpenedDraft]
    name_of: Callable[[Entry], str]

    def __post_init__(self) -> None:
        self._on_terminal = is_terminal(sys.stdout) and not plain()
        self._lines: list[str] = []
        """What must be done."""

    def show(self) -> None:
        """Show what must be done, then the guests, then the counts and the last contact."""
        zone, night = self.settings.zone, self.night
        self._collect_reports()
        if drafts := self.drafts:
            heading = _("Unfinished guests: {count}. Continue with: apoa report").format(count=len(drafts))
            lines = [f"  {each.text(zone)}" for each in drafts]
            self._add(style_warning(heading), lines, len(drafts), "report")
        if overdue := self.overdue:
            heading = _("Should have left, without a check-out: {count}. If they left: apoa checkout")
            lines = []
            for each in overdue:
                room = _("room {room}").format(room=each.room) if each.room else ""
                lines.append("  " + side_by_side([_until(each, night), each.short_id, shown_name(each), room]))
            self._add(style_warning(heading.format(count=len(overdue))), lines, len(overdue), _GUEST_LIST)
        if not self._lines:
            end = moment_text(night.ends_at, zone)
            line = _("Nothing was refused, and nothing is due by {moment}.").format(moment=end)
            self._lines.append(style_success(line))
        show_property(self.settings, self.summary)
        evening, morning = day_text(night.evening), day_text(night.morning)
        print_line(style_bold(_("Night of {evening} to {morning}").format(evening=evening, morning=morning)))
        for line in self._lines:
            print_line(line)
        self._show_guests(self.in_house)
        arrived = _("Arrived since yesterday: {count}") if night.is_morning else _("Arrived today: {count}")
        leaving = _("Leaving this morning: {count}") if night.is_morning else _("Leaving tomorrow: {count}")
        lists = ((arrived, self.arrivals), (leaving, self.leaving))
        counts = [words.format(count=len(found)) for words, found in lists]
        if self.summary.waiting:
            label = _("Waiting to be typed into APOA") if self.settings.by_hand else _("Waiting to be sent")
            counts.append(f"{label}: {self.summary.waiting}")
        print_line(side_by_side(counts))
        show_last_contact(self.settings, self.summary)

    def _collect_reports(self) -> None:
        """Add the refused reports and those that are due, or else how many wait."""
        refused, due = self.refused.total, self.due.total
        if refused:
            self._add(refused_line(refused), self._report_lines(self.refused), refused, "list")
        if due:
            end = moment_text(self.night.ends_at, self.settings.zone)
            heading = _("Due by {moment}: {count}. Send them: apoa sync")
            if self.settings.by_hand:
                heading = _("Due by {moment}: {count}. Report them: apoa sync --by-hand")
            elif not self.summary.waiting:  # each was sent
                heading = _("Due by {moment}: {count}. The authority has not decided yet.")
            lines = self._report_lines(self.due)
            self._add(style_warning(heading.format(moment=end, count=due)), lines, due, "list")
        elif self.summary.waiting:
            self._lines.append(waiting_line(self.settings, self.summary))
        if self.summary.counts[State.PENDING] and not due:
            self._lines.append(pending_line(self.summary))

    def _add(self, heading: str, lines: Sequence[str], total: int, command: str) -> None:
        """Add a heading, as many of the lines as there is room for, and how many more there are."""
        limit = self._limit(total)
        self._lines += [heading, *lines[:limit]]
        if total > limit:
            self._lines.append("  " + _more_text(total - limit, command))

    def _limit(self, total: int) -> int:
        """Return how many lines of a list are shown; the last one says how many more there are."""
        if not self._on_terminal:
            return min(total, MAX_SHOWN)
        return total if total <= _MAX_ON_SCREEN else _MAX_ON_SCREEN - 1

    def _report_lines(self, reports: UrgentReports) -> list[str]:
        first = reports.first[: self._limit(reports.total)]
        return list(deadline_lines(first, self.now, self.settings.zone, self._describe))

    def _describe(self, entry: Entry) -> str:
        """Return the guest's name, the kind unless it is a check-in of a known guest, and an unusual state."""
        name = self.name_of(entry)
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
        rows = [
            [
                each.room,
                shown_name(each),
                each.nationality,
                _until(each, self.night),
                state_cell(each.entry),
                each.short_id,
            ]
            for each in in_house
        ]
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

    def _room_for_guests(self) -> int:
        """Return how many lines of the screen are left for the table of guests."""
        wrapped = sum(len(wrap_line(line, columns())) for line in self._lines)
        stopped = 2 * (self.summary.current_suspension(lambda: self.settings.fingerprint) is not None)
        others = 6  # the property, the night, the heading, the counts, the last contact, and the shell's prompt
        others += 2 * (columns() < _USUAL_WIDTH)  # some of them wrap
        return shutil.get_terminal_size().lines - wrapped - stopped - others


def _more_text(count: int, command: str) -> str:
    return _("... and {count} more: {command}").format(count=count, command=localized_command(command))


def shown_name(guest: OpenedReport) -> str:
    """Return the guest's name, or that the data are erased; empty without the key."""
    return guest.name or (_("erased") if guest.entry.erased_at is not None else "")


def _until(guest: OpenedReport, night: Night) -> str:
    day = guest.entry.last_morning
    return short_day_text(day, night.today) if day is not None else ""
