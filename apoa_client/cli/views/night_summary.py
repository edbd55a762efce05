"""The summary of a night, which one shift hands over to the next, as `apoa status --tonight` shows it.

What must be done comes last, right above the prompt, where it is read without scrolling back. Names, rooms and
nationalities need the key; without it the stays are shown by their ids.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from apoa_client.app.container import Container
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import (
    print_json,
    print_line,
    side_by_side,
    style_bold,
    style_error,
    style_success,
    style_warning,
)
from apoa_client.cli.terminal.tables import show_table
from apoa_client.cli.views.deadlines import deadline_lines
from apoa_client.cli.views.findings import show_error
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
from apoa_client.desk.attention import AttentionList, attention_list
from apoa_client.desk.night import Night, NightGuests, guests_of_night, night_at
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import ApoaError
from apoa_client.ports import Entry, Selection, Summary
from apoa_client.report.deadline import instant
from apoa_client.report.kinds import OPEN_STATES, Kind, State


def show_night_summary(app: Container, summary: Summary, *, as_json: bool) -> None:
    """Show the summary of the current night, or of the coming one."""
    now = app.clock.now()
    night = night_at(now, app.settings.zone)
    guests = guests_of_night(app.stays.recent(night.today), night)
    attention = attention_list(app.outbox.entries(Selection(states=OPEN_STATES)), now, night.ends_at)
    errors: list[ApoaError] = []
    view = _NightView(app, night, now, ReportReader(app, errors.append))
    if as_json:
        contact = summary.last_contact_at
        contacted_at = instant(contact.astimezone(app.settings.zone)) if contact is not None else None
        print_json(view.json(guests, attention) | {"last_contact_at": contacted_at})
    else:
        show_property(app.settings, summary)
        view.show(guests, attention)
        show_last_contact(app.settings, summary)
    for error in errors:  # last, so that no error stands between the rows of a table
        show_error(error)


class _NightView:
    """The summary on a screen and as JSON. Opens each report once."""

    def __init__(self, app: Container, night: Night, now: datetime, reader: ReportReader) -> None:
        self._stays = app.stays
        self._settings = app.settings
        self._night = night
        self._now = now
        self._reader = reader
        self._opened: dict[str, OpenedReport] = {}

    def _open(self, entry: Entry) -> OpenedReport:
        if entry.id not in self._opened:
            self._opened[entry.id] = self._reader.open(entry)
        return self._opened[entry.id]

    def _by_room(self, stays: Iterable[StayHistory]) -> list[OpenedReport]:
        """Return the current reports of stays by room: 9 before 10, and both before A2. Without the key, as given."""
        return sorted((self._open(stay.display_report) for stay in stays), key=lambda opened: _room_order(opened.room))

    def json(self, guests: NightGuests, attention: AttentionList) -> dict[str, Any]:
        """Return the fixed form without the last contact; a stay is shown by its current report."""

        def values(reports: Iterable[OpenedReport]) -> list[dict[str, Any]]:
            return [report_json(each.entry, each.content, zone=self._settings.zone) for each in reports]

        return {
            "night": self._night.evening.isoformat(),
            "in_house": values(self._by_room(guests.in_house)),
            "arrivals": values(self._by_room(guests.arrived)),
            "leaving": values(self._by_room(guests.leaving)),
            "overdue_departures": values(self._by_room(guests.overdue)),
            "refused": values(map(self._open, attention.refused)),
            "due_by_morning": values(map(self._open, [*attention.overdue, *attention.due])),
        }

    def show(self, guests: NightGuests, attention: AttentionList) -> None:
        """Show all guests, then what must be done."""
        evening, morning = day_text(self._night.evening), day_text(self._night.morning)
        print_line(style_bold(_("Night of {evening} to {morning}").format(evening=evening, morning=morning)))
        self._show_in_house(guests.in_house)
        self._show_arrived(guests.arrived)
        self._show_departures(guests)
        self._show_attention(attention)

    def _show_in_house(self, stays: Sequence[StayHistory]) -> None:
        if not stays:
            print_line(_("No guest is in house."))
            return
        print_line(style_bold(_("Guests in house: {count}").format(count=len(stays))))
        headings = [room_heading(), _("Guest"), nationality_heading(), _("Until"), _("ID")]
        rows = [
            [guest.room, _name(guest), guest.nationality, self._until(guest), guest.short_id]
            for guest in self._by_room(stays)
        ]
        show_table(headings, rows)

    def _until(self, guest: OpenedReport) -> str:
        day = guest.entry.last_morning
        return short_day_text(day, self._night.today) if day is not None else ""

    def _show_arrived(self, stays: Sequence[StayHistory]) -> None:
        heading = _("Arrived since yesterday: {count}") if self._night.is_morning else _("Arrived today: {count}")
        _show_heading(style_bold(heading.format(count=len(stays))))
        if stays:
            headings = [room_heading(), _("Guest"), _("State"), _("Receipt"), _("ID")]
            rows = []
            for guest in self._by_room(stays):
                short_id = guest.short_id if guest.report is None else ""  # only if the guest cannot be read now
                receipt = receipt_text(guest.entry.receipt)
                rows.append([guest.room, _name(guest), _(STATES[guest.entry.state]), receipt, short_id])
            show_table(headings, rows)

    def _show_departures(self, guests: NightGuests) -> None:
        heading = _("Leaving this morning: {count}") if self._night.is_morning else _("Leaving tomorrow: {count}")
        _show_heading(style_bold(heading.format(count=len(guests.leaving))))
        for guest in self._by_room(guests.leaving):
            print_line(f"  {_guest_line(guest)}")
        if guests.overdue:
            overdue = _("Should have left, without a check-out: {count}").format(count=len(guests.overdue))
            _show_heading(style_warning(overdue))
            for guest in self._by_room(guests.overdue):
                print_line("  " + side_by_side([self._until(guest), _guest_line(guest)]))
            print_line("  " + _("If they left, report it: apoa checkout"))

    def _show_attention(self, attention: AttentionList) -> None:
        end = moment_text(self._night.ends_at, self._settings.zone)
        if attention.refused:
            refused = _("Refused: {count}. Correct each with: apoa fix ID").format(count=len(attention.refused))
            _show_heading(style_error(refused))
            self._show_entries(attention.refused)
        due = [*attention.overdue, *attention.due]
        if due:
            _show_heading(style_warning(_("Due by {moment}: {count}").format(moment=end, count=len(due))))
            self._show_entries(due)
            by_hand = self._settings.by_hand
            print_line("  " + (_("Report them: apoa sync --by-hand") if by_hand else _("Send them: apoa sync")))
        if not (attention.refused or due):
            _show_heading(style_success(_("Nothing was refused, and nothing is due by {moment}.").format(moment=end)))
        print_line()

    def _show_entries(self, entries: Sequence[Entry]) -> None:
        for line in deadline_lines(entries, self._now, self._settings.zone, self._describe):
            print_line(line)

    def _describe(self, entry: Entry) -> str:
        """Return the guest's name, the kind unless it is a check-in of a known guest, and an unusual state."""
        name = _name(self._open(self._stays.of(entry.stay_id).display_report))
        kind = "" if entry.kind is Kind.CHECK_IN and name else _(KINDS[entry.kind])
        state = "" if entry.state in {State.QUEUED, State.REJECTED} else _(STATES[entry.state])
        return ", ".join(filter(None, (name, kind, state)))


def _show_heading(line: str) -> None:
    print_line()
    print_line(line)


def _name(guest: OpenedReport) -> str:
    return guest.name or (_("erased") if guest.entry.erased_at is not None else "")


def _guest_line(guest: OpenedReport) -> str:
    """Return a guest on one line: short id, and if the guest can be read now, name and room."""
    room = _("room {room}").format(room=guest.room) if guest.room else ""
    return side_by_side([guest.short_id, _name(guest), room])


def _room_order(room: str) -> list[tuple[bool, int, str]]:
    parts = filter(None, re.split(r"(\d+)", room))
    return [(False, int(part), "") if part.isdecimal() else (True, 0, part.casefold()) for part in parts]
