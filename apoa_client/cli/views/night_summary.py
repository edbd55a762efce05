"""`apoa status --tonight`: the night's summary, which one shift hands over to the next.

On a screen what presses comes last, right above the prompt, where it is read without scrolling back. Names, rooms and
nationalities need the key; without it the stays are told by their ids.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from apoa_client.app.container import Container
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import (
    print_json,
    print_line,
    sanitize,
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
from apoa_client.cli.views.property_status import show_last_contact, show_property
from apoa_client.cli.views.report import guest_name, receipt_text, report_json
from apoa_client.cli.views.report_reader import ReportReader
from apoa_client.desk.night import Night, NightGuests, Pressing, guests_of_night, night_at, pressing_in
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import ApoaError
from apoa_client.ports import Content, Entry, Selection, Summary
from apoa_client.report.deadline import instant
from apoa_client.report.kinds import OPEN_STATES, Kind, State, short_id
from apoa_client.report.model import Report


def show_night_summary(app: Container, summary: Summary, *, as_json: bool) -> None:
    """Show the night that it is, or that is to come, at the property."""
    now = app.clock.now()
    night = night_at(now, app.settings.zone)
    guests = guests_of_night(app.stays.recent(night.today), night)
    pressing = pressing_in(app.outbox.entries(Selection(states=OPEN_STATES)), night)
    book = _Book(app)
    if as_json:
        print_json(_value(book, night, guests, pressing) | {"last_contact_at": book.moment(summary.last_contact_at)})
    else:
        show_property(app.settings, summary)
        _Page(book, night, now).show(guests, pressing)
        show_last_contact(app.settings, summary)
    for trouble in book.troubles:
        show_error(trouble)


class _Told(NamedTuple):
    """What a stay's last whole report says of it; `report` is None, and the texts empty, where nobody can read it."""

    entry: Entry
    report: Report | None

    @property
    def room(self) -> str:
        """Safe for a screen."""
        stay = self.report.stay if self.report is not None else None
        return sanitize(stay.room or "") if stay is not None else ""

    @property
    def name(self) -> str:
        """Safe for a screen."""
        guest = self.report.guest if self.report is not None else None
        return guest_name(guest) if guest is not None else _("erased") if self.entry.erased_at is not None else ""

    @property
    def nationality(self) -> str:
        """Its three letters."""
        guest = self.report.guest if self.report is not None else None
        return guest.nationality if guest is not None else ""


class _Book:
    """What stands behind the seals, opened once each."""

    def __init__(self, app: Container) -> None:
        self.zone = app.settings.zone
        self.by_hand = app.settings.by_hand
        self._stays = app.stays
        self.troubles: list[ApoaError] = []
        """What stood in the way: told last, so that it cuts no table in two and is seen."""
        self._reader = ReportReader(app, self.troubles.append)
        self._contents: dict[str, Content | None] = {}

    def content(self, entry: Entry) -> Content | None:
        """What is sealed of a report; None where nobody can read it now."""
        if entry.id not in self._contents:
            self._contents[entry.id] = self._reader.content(entry)
        return self._contents[entry.id]

    def told(self, story: StayHistory) -> _Told:
        """What was last said of a stay."""
        entry = story.display_report
        content = self.content(entry)
        return _Told(entry, content.report if content is not None else None)

    def by_room(self, stories: Iterable[StayHistory]) -> list[_Told]:
        """Stays in the order of their rooms; without the key, as they were given."""
        return sorted(map(self.told, stories), key=lambda told: _room_order(told.room))

    def of(self, entry: Entry) -> _Told:
        """What was last said of a report's stay."""
        return self.told(self._stays.of(entry.stay_id))

    def json(self, entry: Entry) -> dict[str, Any]:
        """A report as `apoa list --json` has it."""
        return report_json(entry, self.content(entry), zone=self.zone)

    def moment(self, value: datetime | None) -> str | None:
        """An instant as JSON has it."""
        return None if value is None else instant(value.astimezone(self.zone))


def _value(book: _Book, night: Night, guests: NightGuests, pressing: Pressing) -> dict[str, Any]:
    """The fixed form but for the last contact: of stays, the report that holds what was last said of guest and stay."""

    def of(stories: Sequence[StayHistory]) -> list[dict[str, Any]]:
        return [book.json(told.entry) for told in book.by_room(stories)]

    return {
        "night": night.evening.isoformat(),
        "in_house": of(guests.in_house),
        "arrivals": of(guests.arrived),
        "leaving": of(guests.leaving),
        "overdue_departures": of(guests.overdue),
        "refused": [book.json(entry) for entry in pressing.refused],
        "due_by_morning": [book.json(entry) for entry in pressing.due],
    }


class _Page:
    """The summary on a screen or in a pipe."""

    def __init__(self, book: _Book, night: Night, now: datetime) -> None:
        self._book = book
        self._night = night
        self._now = now

    def show(self, guests: NightGuests, pressing: Pressing) -> None:
        """Everybody first; what must be done, last."""
        evening, morning = day_text(self._night.evening), day_text(self._night.morning)
        print_line(style_bold(_("Night of {evening} to {morning}").format(evening=evening, morning=morning)))
        self._in_house(guests.in_house)
        self._arrived(guests.arrived)
        self._departures(guests)
        self._pressing(pressing)

    @staticmethod
    def _head(line: str) -> None:
        """The beginning of another part."""
        print_line()
        print_line(line)

    def _in_house(self, stories: Sequence[StayHistory]) -> None:
        if not stories:
            print_line(_("No guest is in house."))
            return
        print_line(style_bold(_("Guests in house: {count}").format(count=len(stories))))
        heads = [room_heading(), _("Guest"), nationality_heading(), _("Until"), _("ID")]
        show_table(heads, [self._resident(told) for told in self._book.by_room(stories)])

    def _resident(self, told: _Told) -> list[str]:
        return [told.room, told.name, told.nationality, self._until(told), short_id(told.entry.id)]

    def _until(self, told: _Told) -> str:
        day = told.entry.last_morning
        return short_day_text(day, self._night.today) if day is not None else ""

    def _arrived(self, stories: Sequence[StayHistory]) -> None:
        said = _("Arrived since yesterday: {count}") if self._night.is_morning else _("Arrived today: {count}")
        self._head(style_bold(said.format(count=len(stories))))
        if stories:
            heads = [room_heading(), _("Guest"), _("State"), _("Receipt"), _("ID")]
            show_table(heads, [self._arrival(told) for told in self._book.by_room(stories)])

    def _arrival(self, told: _Told) -> list[str]:
        """The report's state, with its receipt; and its id, where nobody can read whose it is."""
        entry = told.entry
        found_by = short_id(entry.id) if told.report is None else ""
        return [told.room, told.name, _(STATES[entry.state]), receipt_text(entry.receipt), found_by]

    def _departures(self, guests: NightGuests) -> None:
        said = _("Leaving this morning: {count}") if self._night.is_morning else _("Leaving tomorrow: {count}")
        self._head(style_bold(said.format(count=len(guests.leaving))))
        for told in self._book.by_room(guests.leaving):
            print_line(f"  {self._who(told)}")
        if guests.overdue:
            self._head(
                style_warning(_("Should have left, and no check-out: {count}").format(count=len(guests.overdue)))
            )
            for told in self._book.by_room(guests.overdue):
                print_line("  " + side_by_side([self._until(told), self._who(told)]))
            print_line("  " + _("If they left, report it: apoa checkout"))

    def _pressing(self, pressing: Pressing) -> None:
        end = moment_text(self._night.ends_at, self._book.zone)
        if pressing.refused:
            self._head(
                style_error(_("Refused: {count}. Correct each with: apoa fix ID").format(count=len(pressing.refused)))
            )
            self._lines(pressing.refused)
        if pressing.due:
            self._head(style_warning(_("Due by {moment}: {count}").format(moment=end, count=len(pressing.due))))
            self._lines(pressing.due)
            send = _("Report them: apoa sync --by-hand") if self._book.by_hand else _("Send them: apoa sync")
            print_line(f"  {send}")
        if not (pressing.refused or pressing.due):
            self._head(style_success(_("Nothing was refused, and nothing is due by {moment}.").format(moment=end)))
        print_line()

    def _lines(self, entries: Sequence[Entry]) -> None:
        for line in deadline_lines(entries, self._now, self._book.zone, self._what):
            print_line(line)

    def _what(self, entry: Entry) -> str:
        """Of whom it is, and what it is unless an arrival."""
        told = self._book.of(entry)
        known = entry.kind is Kind.CHECK_IN and told.name
        shown = [told.name] if known else [told.name, _(KINDS[entry.kind])]
        waits = [] if entry.state in {State.QUEUED, State.REJECTED} else [_(STATES[entry.state])]
        return ", ".join(filter(None, [*shown, *waits]))

    def _who(self, told: _Told) -> str:
        """A guest on one line: by room and name, or by the id alone."""
        room = _("room {room}").format(room=told.room) if told.room else ""
        return side_by_side([short_id(told.entry.id), told.name, room])


def _room_order(room: str) -> list[tuple[bool, int, str]]:
    """Room 9 before room 10, and both before A2."""
    parts = filter(None, re.split(r"(\d+)", room))
    return [(False, int(part), "") if part.isdecimal() else (True, 0, part.casefold()) for part in parts]
