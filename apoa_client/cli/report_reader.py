"""Opens the reports of the outbox for a list, a page or a question, and reads what users type to find reports."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime, time
from typing import TYPE_CHECKING, NamedTuple, Self

import click

from apoa_client.app.container import Container
from apoa_client.cli.terminal.command_names import localized_state
from apoa_client.cli.terminal.language import _
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.report import OpenedReport
from apoa_client.desk.stay_history import Period, StayHistory
from apoa_client.errors import (
    ApoaError,
    CredentialsProblem,
    Erased,
    Exit,
    NotAuthentic,
    OutboxDamaged,
    SealBroken,
    StorageProblem,
    UsageProblem,
)
from apoa_client.messages import msg
from apoa_client.passport.states import canonical_code
from apoa_client.ports.entries import Content, Entry
from apoa_client.report import parse_dates, parse_fields
from apoa_client.report.findings import Unreadable
from apoa_client.report.kinds import State
from apoa_client.report.model import Report, normalized_room

if TYPE_CHECKING:
    from apoa_client.cli.views.stay_history import StayView
    from apoa_client.outbox.sql.audit import AuditEntry


class SearchFilter(NamedTuple):
    """Which guests to show, by sealed data. None stands for any value."""

    guest: str | None = None
    room: str | None = None
    nationality: str | None = None

    @classmethod
    def typed(cls, guest: str | None, room: str | None, nationality: str | None) -> Self:
        """Return the filter that a user typed. Raises `UsageProblem` for an unknown state, with similar ones."""
        try:
            state = parse_fields.state(nationality) if nationality is not None else None
        except Unreadable as exc:
            raise UsageProblem(exc.message) from None
        return cls(guest and guest.casefold(), room and normalized_room(room), state and canonical_code(state))

    def matches(self, opened: OpenedReport) -> bool:
        """Return whether a report is of that guest, room and nationality; False if it cannot be read now."""
        if not any(self):
            return True
        guest, stay = opened.guest, opened.stay
        if guest is None or stay is None:
            return False
        names = f"{guest.given_names} {guest.surname} {guest.document.number}".casefold()
        return (
            (self.guest or "") in names
            and self.room in {None, normalized_room(stay.room or "")}
            and self.nationality in {None, canonical_code(guest.nationality)}
        )


class ReportReader:
    """Opens reports one after the other. An error is passed to `on_error` at once, and the report has no content.

    A missing private key is passed once: no further report is tried. By default errors are shown on stderr.
    """

    def __init__(self, app: Container, on_error: Callable[[ApoaError], None] = show_error) -> None:
        self._app = app
        self._on_error = on_error
        self.doubtful = False
        """Whether another program changed one of the reports."""
        self.locked = False
        """Whether the private key is not available."""

    def open_all(self, entries: Iterable[Entry]) -> Iterator[OpenedReport]:
        """Open each report when it is asked for."""
        return map(self.open, entries)

    def open_itself(self, entry: Entry) -> OpenedReport:
        """Open a report, but not the other one that holds its guest and stay, if it holds none."""
        content = self._content(entry)
        return OpenedReport(entry, content, content.report if content is not None else None)

    def open(self, entry: Entry) -> OpenedReport:
        """Open a report and the report that holds its guest and stay."""
        content = self._content(entry)
        if content is None:
            return OpenedReport(entry)

        def report_of(current: Entry) -> Report | None:
            content = self._content(current)
            return content.report if content is not None else None

        return OpenedReport(entry, content, self._app.stays.guest_report(content.report, report_of))

    def open_stay(self, history: StayHistory) -> OpenedReport:
        """Open the report that stands for a stay."""
        return self.open(history.display_report)._replace(stay_shown_id=history.shown_id)

    def _content(self, entry: Entry) -> Content | None:
        if self.locked or entry.erased_at is not None:
            return None
        try:
            return self._app.outbox.content(entry)
        except CredentialsProblem as exc:
            self.locked = True
            self._on_error(exc)
        except NotAuthentic as exc:  # shown as it is, so that a person can compare it
            self.doubtful = True
            self._on_error(exc)
            with suppress(SealBroken, OutboxDamaged):  # another program may have sealed no report at all
                return self._app.outbox.content(entry, proven=False)
        except (SealBroken, Erased) as exc:  # erased by another process since the entry was read
            self._on_error(exc)
        return None

    def exit_code(self, search: SearchFilter) -> Exit:
        """Return the exit code of a list: without the key, a search by sealed data has no result."""
        if self.doubtful:
            return NotAuthentic.exit_code
        return CredentialsProblem.exit_code if self.locked and any(search) else Exit.DONE

    def nothing_found_text(self, search: SearchFilter, usual: str) -> str:
        """Return what to show if no report was found: `usual`, or that the search needs the key."""
        return _("Without the key no guest can be searched for.") if self.exit_code(search) else usual


def read_stay(app: Container, report_id: str) -> "tuple[StayView, bool]":
    """Return a stay with its events and its opened reports, and whether another program changed one of the reports.

    What cannot be opened or read is shown on stderr.
    """
    from apoa_client.cli.views.stay_history import StayView  # for one command alone

    stay, entry = app.stays.find(report_id)
    events = defaultdict[str | None, list["AuditEntry"]](list)
    try:
        for event in app.outbox.audit_trail.entries(reports=[each.id for each in stay.entries]):
            events[event.report].append(event)
    except StorageProblem as exc:
        show_error(exc)
    reader = ReportReader(app)
    return StayView(stay, entry, list(reader.open_all(stay.entries)), events, app.settings.zone), reader.doubtful


def guest_names(app: Container, entries: Iterable[Entry]) -> dict[str, str]:
    """Return the guests' names, sanitized, by the ids of these reports, as far as they can be read now."""
    reader = ReportReader(app, lambda _error: None)
    return {opened.entry.id: opened.name for opened in reader.open_all(entries) if opened.name}


def open_report(app: Container, entry: Entry) -> OpenedReport:
    """Open one report and the report that holds its guest and stay; an erased report has no content.

    Raises `CredentialsProblem` without the key, and `SealBroken`.
    """
    if entry.erased_at is not None:
        return OpenedReport(entry)
    try:
        content = app.outbox.content(entry)
        guest_report = app.stays.guest_report(content.report, lambda current: app.outbox.content(current).report)
    except Erased:  # by another process since the entry was read
        return OpenedReport(app.outbox.find(entry.id)[0])
    return OpenedReport(entry, content, guest_report)


def open_if_possible(app: Container, entry: Entry) -> Content | None:
    """Return a report's content; None, without a message, if it cannot be opened."""
    try:
        return app.outbox.content(entry)
    except (CredentialsProblem, SealBroken, Erased):
        return None


def parse_day(app: Container, text: str, near: date | None = None) -> date:
    """Return the day that a user typed. A day without a year is the nearest one to `near`, or to today.

    Raises `UsageProblem`.
    """
    try:
        return parse_dates.stay_date(text, today=app.today, near=near)
    except Unreadable as exc:
        raise UsageProblem(exc.message) from None


def parse_day_start(app: Container, text: str) -> datetime:
    """Return the start, in the property's zone, of the day that a user typed. A day without a year is in the past.

    Raises `UsageProblem`.
    """
    try:
        return datetime.combine(parse_dates.past_date(text, today=app.today), time(), app.settings.zone)
    except Unreadable as exc:
        raise UsageProblem(exc.message) from None


def parse_period(app: Container, first: str | None, last: str | None) -> Period:
    """Return the period between two days that a user typed; None for no limit. Raises `UsageProblem`.

    A day without a year is in the past; the last one is the nearest to the first.
    """
    begin = parse_day_start(app, first).date() if first else None
    if not last:
        return Period(begin)
    end = parse_day(app, last, near=begin) if begin is not None else parse_day_start(app, last).date()
    if begin is not None and end < begin:
        raise UsageProblem(msg("The last day is before the first one."))
    return Period(begin, end)


class StateChoice(click.Choice[str]):
    """The states by their names in either language, shown in the reader's."""

    def __init__(self) -> None:
        super().__init__([state.value for state in State])

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:  # noqa: ARG002  click's
        """Return the name in the reader's language."""
        return localized_state(str(choice))
