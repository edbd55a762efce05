"""The history of a stay: its guest, then each report with what it changed, its attempts and its answers."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from apoa_client.app.container import Container
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import (
    print_line,
    sanitize,
    side_by_side,
    style_bold,
    style_error,
    style_warning,
)
from apoa_client.cli.views.audit_events import STAFF_ACTIONS, action_text, detail_text, event_value
from apoa_client.cli.views.findings import error_line, finding_line, show_error, warning_line
from apoa_client.cli.views.labels import KINDS, day_text, lease_text, moment_text, state_text
from apoa_client.cli.views.opened_report import OpenedReport
from apoa_client.cli.views.report import changed_field_lines, receipt_text, report_json, report_lines, show_erased
from apoa_client.cli.views.report_reader import ReportReader
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import StorageProblem
from apoa_client.outbox.audit_chain import AuditEntry
from apoa_client.ports.entries import Entry
from apoa_client.report.fields import label_of
from apoa_client.report.kinds import OPEN_STATES, Kind, State
from apoa_client.report.model import Report

_STYLES = {
    State.REJECTED: style_error,
    State.QUEUED: style_warning,
    State.SENDING: style_warning,
    State.PENDING: style_warning,
}


class StayView:
    """One stay on a screen and as JSON. `entry` is the report by whose id the stay was found."""

    def __init__(self, app: Container, stay: StayHistory, entry: Entry) -> None:
        """Open the stay's reports and read their audit trail. Shows on stderr what cannot be opened or read."""
        self._zone = app.settings.zone
        self._today = app.today
        self._now = app.clock.now()
        self._stay = stay
        self._entry = entry
        self._events: defaultdict[str | None, list[AuditEntry]] = defaultdict(list)
        try:
            for event in app.outbox.audit_trail.entries(reports=[each.id for each in stay.entries]):
                self._events[event.report].append(event)
        except StorageProblem as exc:
            show_error(exc)
        # In the order in which they were made: a report that replaces another one has the other's place in the queue.
        first_events = {report: events[0].n for report, events in self._events.items()}
        self._reports = sorted(
            ReportReader(app).open_all(stay.entries),
            key=lambda each: (each.entry.created_at, first_events.get(each.entry.id, 0), each.entry.seq),
        )
        self._by_id = {opened.entry.id: opened for opened in self._reports}

    def json(self) -> dict[str, Any]:
        """Return the report that was asked for, and under `story` every report of the stay without guest and stay."""
        history = []
        for opened in self._reports:
            value = report_json(opened.entry, opened.content, zone=self._zone)
            del value["guest"], value["stay"]
            events = [event_value(event, self._zone) for event in self._events[opened.entry.id]]
            history.append({**value, "events": events})
        content = self._by_id[self._entry.id].content
        return {**report_json(self._entry, content, zone=self._zone), "story": history}

    def show(self) -> None:
        """Show the guest and whether they are in house, then report by report."""
        shown = self._by_id[(self._stay.current_report or self._entry).id]
        print_line(style_bold(shown.name or shown.short_id))
        print_line(self._whereabouts())
        for line in report_lines(shown.report, self._zone) if shown.report is not None else ():
            print_line(line)
        show_erased(shown.entry, self._zone)
        previous: Report | None = None
        for number, opened in enumerate(self._reports, 1):
            print_line()
            self._show_report(number, opened, previous)
            if opened.report is not None and opened.report.guest is not None:
                previous = opened.report

    def _whereabouts(self) -> str:
        """Return whether the guest is in house, as far as it was reported."""
        stay, current = self._stay, self._stay.current_report
        if current is None:
            return _("This stay was withdrawn.")
        if stay.cancel is not None:
            return _("The stay was cancelled.")
        if stay.check_out is not None and stay.check_out.ends_at is not None:
            return _("Left on {moment}.").format(moment=moment_text(stay.check_out.ends_at, self._zone))
        if current.first_night is None or current.last_morning is None:
            return _("In house.")
        days = {"first": day_text(current.first_night), "last": day_text(current.last_morning)}
        if current.last_morning < self._today:
            return style_warning(
                _("In house since {first}. Planned to leave on {last}; no check-out yet.").format(**days)
            )
        return _("In house since {first}, until {last}.").format(**days)

    def _show_report(self, number: int, opened: OpenedReport, previous: Report | None) -> None:
        """Show a report: kind, state and origin, what it changed, and what happened to it."""
        entry, events = opened.entry, self._events[opened.entry.id]
        title = f"{number}. {_(KINDS[entry.kind])} {opened.short_id}"
        title = style_bold(title) if entry.id == self._entry.id else title
        print_line(f"{title}: {_STYLES.get(entry.state, str)(state_text(entry))}")
        made = _("Made: {moment}").format(moment=moment_text(entry.created_at, self._zone))
        if events:
            made += f" ({sanitize(events[0].who)})"
        print_line("   " + side_by_side([made, _("Attempts to send: {count}").format(count=entry.attempts)]))
        lines: list[str] = []
        report = opened.report
        if entry.kind is Kind.CHECK_OUT and entry.ends_at is not None:
            lines.append(_("Left on {moment}.").format(moment=moment_text(entry.ends_at, self._zone)))
        if report is not None and report.reason:
            lines.append(f"{text(label_of('reason'))}: {sanitize(report.reason)}")
        if report is not None and report.guest is not None and previous is not None:
            lines += changed_field_lines(previous, report, self._zone)
        for line in (*lines, *self._outcome_lines(opened)):
            print_line(f"   {line}")

    def _outcome_lines(self, opened: OpenedReport) -> Iterator[str]:
        """Yield the deadline, the events with equal ones in a row as one line, and the answers."""
        entry = opened.entry
        if entry.due_at is not None and entry.state in OPEN_STATES:
            yield _("Due by: {moment}").format(moment=moment_text(entry.due_at, self._zone))
        if entry.lease_until is not None and self._now < entry.lease_until:
            yield lease_text(1, entry.lease_until, self._zone)
        later = (event for event in self._events[entry.id] if event.action != "saved")  # is in "Made"
        for _what, group in groupby(later, key=lambda event: (event.action, event.detail)):
            first, *more = group
            words = ": ".join(filter(None, (action_text(first), detail_text(first))))
            if first.action in STAFF_ACTIONS:
                words += f" ({sanitize(first.who)})"
            if more:
                last = moment_text(more[-1].at, self._zone)
                words = _("{what}; {count} times until {moment}").format(what=words, count=len(more) + 1, moment=last)
            yield side_by_side([moment_text(first.at, self._zone), words])
        if entry.receipt is not None:
            yield _("Receipt number: {number}").format(number=style_bold(receipt_text(entry.receipt)))
        if opened.content is not None:
            yield from (error_line(finding_line(finding).strip()) for finding in opened.content.errors)
            yield from (warning_line(text(warning.message)) for warning in opened.content.warnings)
