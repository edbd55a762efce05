"""`apoa show`: the whole story of a stay. What was last said of the guest, then each report, attempt and answer."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import click

from apoa_client.app.container import Container
from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    print_json,
    print_line,
    sanitize,
    side_by_side,
    style_bold,
    style_error,
    style_warning,
)
from apoa_client.cli.views.audit_events import STAFF_ACTIONS, action_text, detail_text, event_value
from apoa_client.cli.views.findings import error_line, finding_line, show_error, warning_line
from apoa_client.cli.views.labels import KINDS, STATES, day_text, moment_text
from apoa_client.cli.views.report import (
    changed_field_lines,
    erased_line,
    guest_name,
    receipt_text,
    report_json,
    report_lines,
)
from apoa_client.cli.views.report_reader import ReportReader
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import StorageProblem
from apoa_client.outbox.sqlite.audit import AuditEntry
from apoa_client.ports import Content, Entry
from apoa_client.report.fields import label_of
from apoa_client.report.kinds import OPEN_STATES, Kind, State, short_id
from apoa_client.report.model import Report

_BODIES = ("guest", "stay")
"""What a report's JSON has and a chapter's has not: the report that is asked for shows them."""

_COLOURS = {
    State.REJECTED: style_error,
    State.QUEUED: style_warning,
    State.SENDING: style_warning,
    State.PENDING: style_warning,
}


class Chapter(NamedTuple):
    """One report of the stay: what is sealed of it, where it could be read, and what the audit trail tells."""

    entry: Entry
    content: Content | None
    events: Sequence[AuditEntry]

    @property
    def report(self) -> Report | None:
        """What it says; None where nobody can read it now."""
        return self.content.report if self.content is not None else None


@command("show", N_("Show a stay in full: every report, attempt and answer."), "apoa show 2e8b11aa")
@click.argument("reference", metavar="ID")
@option("--json", "as_json", is_flag=True, text=N_("Print one JSON document."))
@click.pass_obj
def show(session: Session, *, reference: str, as_json: bool) -> None:
    """Find the stay by any of its ids, open it, tell it."""
    session.json = as_json
    app = session.app
    story, meant = app.stays.find(reference)
    chapters = _chapters(app, story)
    if as_json:
        print_json(_value(app, meant, chapters))
    else:
        _Telling(app, story, meant, chapters).tell()


def _chapters(app: Container, story: StayHistory) -> list[Chapter]:
    """A stay's reports in the order in which they were made: one that takes another's place is sent in that place."""
    events = _events(app, story)
    rows = ReportReader(app).rows(story.entries)
    chapters = [Chapter(row.entry, row.content, events.get(row.entry.id, [])) for row in rows]
    return sorted(chapters, key=_made)


def _made(chapter: Chapter) -> tuple[Any, ...]:
    first = chapter.events[0].n if chapter.events else 0
    return chapter.entry.created_at, first, chapter.entry.seq


def _events(app: Container, story: StayHistory) -> Mapping[str, list[AuditEntry]]:
    """The audit trail of a stay, by report. Where it cannot be read, that is told, and the reports speak alone."""
    events: dict[str, list[AuditEntry]] = {}
    try:
        for event in app.outbox.trail.entries(reports=[entry.id for entry in story.entries]):
            events.setdefault(event.report or "", []).append(event)
    except StorageProblem as exc:
        show_error(exc)
    return events


def _value(app: Container, meant: Entry, chapters: Sequence[Chapter]) -> dict[str, Any]:
    """The report that is meant, in its fixed form, and the story of its stay."""
    zone = app.settings.zone
    content = next(chapter.content for chapter in chapters if chapter.entry.id == meant.id)
    story = []
    for chapter in chapters:
        value = report_json(chapter.entry, chapter.content, zone=zone)
        told = {key: each for key, each in value.items() if key not in _BODIES}
        story.append(told | {"events": [event_value(event, zone) for event in chapter.events]})
    return report_json(meant, content, zone=zone) | {"story": story}


class _Telling:
    """A stay, told on a screen."""

    def __init__(self, app: Container, story: StayHistory, meant: Entry, chapters: Sequence[Chapter]) -> None:
        self._zone = app.settings.zone
        self._today = app.today
        self._story = story
        self._meant = meant
        self._chapters = chapters

    def tell(self) -> None:
        """Who it is and where they are now, then report by report."""
        self._tell_guest()
        before: Report | None = None
        for number, chapter in enumerate(self._chapters, 1):
            print_line()
            for line in self._lines(number, chapter, before):
                print_line(line)
            if chapter.report is not None and chapter.report.guest is not None:
                before = chapter.report

    def _tell_guest(self) -> None:
        told = self._story.current_report or self._meant
        report = next(chapter.report for chapter in self._chapters if chapter.entry.id == told.id)
        guest = report.guest if report is not None else None
        print_line(style_bold(guest_name(guest) if guest is not None else short_id(told.id)))
        print_line(self._whereabouts())
        for line in report_lines(report, self._zone) if report is not None else ():
            print_line(line)
        if told.erased_at is not None:
            print_line(style_warning(erased_line(told.erased_at, self._zone)))

    def _whereabouts(self) -> str:
        """In house or not, as far as it was reported."""
        story, told = self._story, self._story.current_report
        if told is None:
            return _("Nothing of this stay stands any more: it was withdrawn.")
        if story.cancel is not None:
            return _("The stay was cancelled.")
        if story.check_out is not None and story.check_out.ends_at is not None:
            return _("Left on {moment}.").format(moment=moment_text(story.check_out.ends_at, self._zone))
        if told.first_night is None or told.last_morning is None:
            return _("In house.")
        days = {"first": day_text(told.first_night), "last": day_text(told.last_morning)}
        if told.last_morning < self._today:
            return style_warning(_("In house since {first}. Was to leave on {last}; no check-out yet.").format(**days))
        return _("In house since {first}, until {last}.").format(**days)

    def _lines(self, number: int, chapter: Chapter, before: Report | None) -> Iterator[str]:
        """A report: what it is, what it says, what became of it."""
        entry = chapter.entry
        title = f"{number}. {_(KINDS[entry.kind])} {short_id(entry.id)}"
        state = _(STATES[entry.state])
        yield f"{style_bold(title) if entry.id == self._meant.id else title}: {_COLOURS.get(entry.state, str)(state)}"
        yield f"   {self._made(chapter)}"
        for line in (*self._says(chapter, before), *self._became(chapter)):
            yield f"   {line}"

    def _made(self, chapter: Chapter) -> str:
        made = _("Made: {moment}").format(moment=moment_text(chapter.entry.created_at, self._zone))
        who = f" ({sanitize(chapter.events[0].who)})" if chapter.events else ""
        attempts = _("Attempts to send: {count}").format(count=chapter.entry.attempts)
        return side_by_side([made + who, attempts])

    def _says(self, chapter: Chapter, before: Report | None) -> Iterator[str]:
        """What a later report says; the first one's guest stands above."""
        entry, report = chapter.entry, chapter.report
        if entry.kind is Kind.CHECK_OUT and entry.ends_at is not None:
            yield _("Left on {moment}.").format(moment=moment_text(entry.ends_at, self._zone))
        if report is None:
            return
        if report.reason:
            yield f"{text(label_of('reason'))}: {sanitize(report.reason)}"
        if report.guest is not None and before is not None:
            yield from changed_field_lines(before, report, self._zone)

    def _became(self, chapter: Chapter) -> Iterator[str]:
        """Deadline, attempts, answers."""
        entry = chapter.entry
        if entry.due_at is not None and entry.state in OPEN_STATES:
            yield _("Due by: {moment}").format(moment=moment_text(entry.due_at, self._zone))
        yield from self._happened(chapter)
        if entry.receipt is not None:
            yield _("Receipt number: {number}").format(number=style_bold(receipt_text(entry.receipt)))
        if chapter.content is not None:
            for finding in chapter.content.errors:
                yield error_line(finding_line(finding).strip())
            for warning in chapter.content.warnings:
                yield warning_line(text(warning.message))

    def _happened(self, chapter: Chapter) -> Iterator[str]:
        """What was done and answered, a line each; what was the same many times over, once."""
        later = (event for event in chapter.events if event.action != "saved")  # which stands above
        for _what, group in groupby(later, key=lambda event: (event.action, event.detail)):
            events = list(group)
            words = ": ".join(filter(None, (action_text(events[0]), detail_text(events[0]))))
            if events[0].action in STAFF_ACTIONS:
                words += f" ({sanitize(events[0].who)})"
            if len(events) > 1:
                last = moment_text(events[-1].at, self._zone)
                words = _("{what}; {count} times until {moment}").format(what=words, count=len(events), moment=last)
            yield side_by_side([moment_text(events[0].at, self._zone), words])
