"""The history of a stay: its guest, then each report with what it changed, its attempts and its answers."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, tzinfo
from itertools import groupby
from typing import Any

from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    print_line,
    sanitize,
    side_by_side,
    style_bold,
    style_error,
    style_warning,
)
from apoa_client.cli.views.findings import error_line, finding_line, moment_value, warning_line
from apoa_client.cli.views.labels import KINDS, day_text, lease_text, moment_text, state_text
from apoa_client.cli.views.report import (
    OpenedReport,
    changed_field_lines,
    receipt_text,
    report_json,
    report_lines,
    show_erased,
)
from apoa_client.desk.stay_history import StayHistory
from apoa_client.outbox.sql.audit import AuditEntry
from apoa_client.ports.authority import Status
from apoa_client.ports.entries import Entry
from apoa_client.report.fields import label_of
from apoa_client.report.kinds import OPEN_STATES, Kind, State, short_id
from apoa_client.report.model import Report

_STATUSES = {each.value: each.meaning.history.template for each in Status}
_ACTIONS = {
    "saved": N_("saved"),
    **_STATUSES,
    "queued": N_("not delivered, waiting again"),
    "received": N_("receipt number typed in"),
    "sending": N_("taken to be sent"),
    "repaired": N_("state corrected: another program had changed it"),
    "reopened": N_("sent again: its receipt is not proven"),
    "vouched": N_("reports taken as they are"),
    "photo_kept": N_("passport photo saved"),
    "photo_sent": N_("passport photo sent"),
    "photo_refused": N_("passport photo not accepted"),
    "superseded": N_("replaced"),
    "withdrawn": N_("withdrawn"),
    "imported": N_("table imported"),
    "photo_written": N_("passport photo written to a file"),
    "erased": N_("guest's data erased"),
    "draft_erased": N_("draft erased"),
    "date_confirmed": N_("date confirmed"),
    "sending_stopped": N_("sending stopped"),
    "sending_resumed": N_("sending allowed again"),
    "asked_to_wait": N_("the authority asked to wait"),
    "set_up": N_("set up"),
    "logged_in": N_("password stored"),
    "logged_out": N_("password removed"),
    "key_rotated": N_("key replaced"),
    "key_recovered": N_("key recovered"),
    "key_exported": N_("key exported"),
    "key_imported": N_("key imported"),
    "code_confirmed": N_("recovery code confirmed"),
    "backed_up": N_("backup made"),
    "indexes_rebuilt": N_("damaged index rebuilt"),
    "exported": N_("guests' data exported"),
    "restored": N_("restored from a backup"),
    "taken_over": N_("open reports taken over from a backup that nothing proves"),
    "moved_in": N_("moved here from another outbox"),
    "moved_out": N_("moved to another outbox"),
}
"""Words for actions; other actions are shown by their codes."""

_DETAILS = {
    "offline": N_("no connection"),
    "timed_out": N_("no answer in time"),
    "unknown_outcome": N_("no usable answer"),
    "unreadable_answer": N_("the authority's answer cannot be read"),
    "not_the_authority": N_("the answer was not from the authority"),
    "authority_busy": N_("the authority is busy"),
    **_STATUSES,
    "retention": N_("retention period over"),
    "request": N_("at the guest's request"),
    "unreadable": N_("could no longer be opened"),
    "again": N_("in place of an earlier number"),
    "untested": N_("connection not tested"),
    "practice": N_("practice"),
}
"""Words for details; other details, such as classes of errors, are shown by their codes."""

_IMPORT_BLANKS = (2, 4)
"""The detail of an import is the format, the numbers of rows and reports, and of a workbook those of its sheets."""

STAFF_ACTIONS = frozenset({"saved", "imported", "received", "superseded", "withdrawn", "erased", "photo_written"})
"""Actions that a user decided on, shown with the user's name."""


def action_text(entry: AuditEntry) -> str:
    """Return what was done, sanitized."""
    return _(_ACTIONS[entry.action]) if entry.action in _ACTIONS else sanitize(entry.action)


def detail_text(entry: AuditEntry) -> str:
    """Return the detail of an event, sanitized; empty if there is none."""
    if entry.action == "saved" and entry.detail:
        return _("together with {id}").format(id=sanitize(short_id(entry.detail)))
    if entry.action == "imported" and entry.detail and entry.detail.count(" ") in _IMPORT_BLANKS:
        name, rows, reports, *sheets = sanitize(entry.detail).split(" ")
        words = _("{format}: rows {rows}, reports {reports}").format(format=name.upper(), rows=rows, reports=reports)
        return ", ".join(
            [words, *(_("sheets {read} of {all}").format(read=sheets[0], all=sheets[1]) for _each in sheets[1:])]
        )
    return _(_DETAILS[entry.detail]) if entry.detail in _DETAILS else sanitize(entry.detail or "")


def event_value(entry: AuditEntry, zone: tzinfo) -> dict[str, Any]:
    """Return an event as JSON values, its time in the property's zone."""
    return {**entry._asdict(), "at": moment_value(entry.at, zone)}


_STYLES = {
    State.REJECTED: style_error,
    State.QUEUED: style_warning,
    State.SENDING: style_warning,
    State.PENDING: style_warning,
}


class StayView:
    """One stay on a screen and as JSON. `entry` is the report by whose id it was found, `zone` the property's."""

    def __init__(
        self,
        stay: StayHistory,
        entry: Entry,
        reports: Sequence[OpenedReport],
        events: Mapping[str | None, Sequence[AuditEntry]],
        zone: tzinfo,
    ) -> None:
        self._zone = zone
        self._stay = stay
        self._entry = entry
        self._events = {each.entry.id: events.get(each.entry.id, ()) for each in reports}
        # In the order in which they were made: a report that replaces another one has the other's place in the queue.
        first_events = {report: own[0].n for report, own in self._events.items() if own}
        self._reports = sorted(
            reports,
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

    def show(self, now: datetime) -> None:
        """Show the guest and whether they are in house, then report by report."""
        shown = self._by_id[(self._stay.current_report or self._entry).id]
        print_line(style_bold(shown.name or shown.short_id))
        print_line(self._whereabouts(now.astimezone(self._zone).date()))
        for line in report_lines(shown.report, self._zone) if shown.report is not None else ():
            print_line(line)
        show_erased(shown.entry, self._zone)
        previous: Report | None = None
        for number, opened in enumerate(self._reports, 1):
            print_line()
            self._show_report(number, opened, previous, now)
            if opened.report is not None and opened.report.guest is not None:
                previous = opened.report

    def _whereabouts(self, today: date) -> str:
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
        if current.last_morning < today:
            return style_warning(
                _("In house since {first}. Planned to leave on {last}; no check-out yet.").format(**days)
            )
        return _("In house since {first}, until {last}.").format(**days)

    def _show_report(self, number: int, opened: OpenedReport, previous: Report | None, now: datetime) -> None:
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
        for line in (*lines, *self._outcome_lines(opened, now)):
            print_line(f"   {line}")

    def _outcome_lines(self, opened: OpenedReport, now: datetime) -> Iterator[str]:
        """Yield the deadline, the events with equal ones in a row as one line, and the answers."""
        entry = opened.entry
        if entry.due_at is not None and entry.state in OPEN_STATES:
            yield _("Due by: {moment}").format(moment=moment_text(entry.due_at, self._zone))
        if entry.lease_until is not None and now < entry.lease_until:
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
