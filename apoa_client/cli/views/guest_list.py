"""The register of guests: who is in house, or was here on a night; one line a stay, with the keyring locked too."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_json, print_line, sanitize
from apoa_client.cli.terminal.tables import show_table
from apoa_client.cli.views.labels import STATES, nationality_heading, room_heading, short_day_text
from apoa_client.cli.views.report import guest_name, report_json
from apoa_client.cli.views.report_reader import ReportReader, SearchFilter, parse_day
from apoa_client.desk.stay_history import StayHistory
from apoa_client.ports import Content, Entry
from apoa_client.report.kinds import State, short_id
from apoa_client.report.model import Report

_SEALED = "-"


class _Line(NamedTuple):
    """A stay, the report that tells it, and what that says; None where nobody can read it now."""

    story: StayHistory
    current_report: Entry
    content: Content | None

    @property
    def report(self) -> Report | None:
        """What the told report says."""
        return self.content.report if self.content is not None else None


class GuestList:
    """The guests who are looked for."""

    def __init__(self, app: Container, reader: ReportReader, sought: SearchFilter, states: frozenset[State]) -> None:
        self._app = app
        self._reader = reader
        self._sought = sought
        self._states = states
        self._today = app.today

    def show(self, *, in_house: bool, day: str | None, as_json: bool) -> None:
        """Show who is in house, or who was here on a night, or both. Raises `UsageProblem` for what is no day."""
        night = parse_day(self._app, day) if day is not None else None
        lines = self._lines(self._stories(night, in_house=in_house))
        if as_json:
            zone = self._app.settings.zone
            print_json({"reports": [report_json(line.current_report, line.content, zone=zone) for line in lines]})
        elif lines:
            heads = [room_heading(), _("Guest"), nationality_heading(), _("Since"), _("Until"), _("State"), _("ID")]
            show_table(heads, [self._cells(line) for line in lines])
        else:
            anybody = night is None and not any(self._sought) and not self._states
            usual = _("No guest is in house.") if anybody else _("No such guest.")
            print_line(self._reader.nothing_found_text(self._sought, usual))

    def _stories(self, night: date | None, *, in_house: bool) -> list[StayHistory]:
        stays, zone = self._app.stays, self._app.settings.zone
        if night is None:
            return list(stays.in_house(self._today))
        if not in_house:
            return list(stays.on_night(night))
        return [story for story in stays.in_house(self._today) if story.covers(night, night + timedelta(days=1), zone)]

    def _lines(self, stories: Sequence[StayHistory]) -> list[_Line]:
        told = [(story, story.current_report) for story in stories if self._in_state(story)]
        lines = [_Line(story, entry, self._reader.content(entry)) for story, entry in told if entry is not None]
        return [line for line in lines if self._sought.matches(line.report)]

    def _in_state(self, story: StayHistory) -> bool:
        return not self._states or story.active_reports[-1].state in self._states

    def _cells(self, line: _Line) -> list[str]:
        first = line.current_report.first_night
        return [
            *self._of_the_guest(line.current_report, line.report),
            short_day_text(first, self._today) if first is not None else _SEALED,
            self._until(line.story, line.current_report),
            _(STATES[line.story.active_reports[-1].state]),
            short_id(line.current_report.id),
        ]

    def _of_the_guest(self, told: Entry, report: Report | None) -> list[str]:
        if report is None or report.guest is None or report.stay is None:
            return [_SEALED, _SEALED if told.erased_at is None else _("erased"), _SEALED]
        return [sanitize(report.stay.room or ""), guest_name(report.guest), report.guest.nationality]

    def _until(self, story: StayHistory, told: Entry) -> str:
        """The day of departure: planned, over already, or when it really was."""
        out, planned = story.check_out, told.last_morning
        if out is not None and out.ends_at is not None:
            left = out.ends_at.astimezone(self._app.settings.zone).date()
            return _("left {day}").format(day=short_day_text(left, self._today))
        if planned is None:
            return _SEALED
        if planned == self._today:
            return _("today")
        day = short_day_text(planned, self._today)
        return _("{day}, late").format(day=day) if planned < self._today else day
