"""`apoa status`: what waits, what was refused, what is due when. Needs no key and loads no heavy room."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import click

from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import plain, print_json, print_line, style_error, style_success, style_warning
from apoa_client.cli.views.deadlines import deadline_lines, most_urgent
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.labels import KINDS, STATES, moment_text, seconds
from apoa_client.cli.views.property_status import current_suspension, show_last_contact, show_property
from apoa_client.errors import Exit, StorageProblem
from apoa_client.ports import Entry, Outbox, Selection, Summary
from apoa_client.report.deadline import SOON, instant
from apoa_client.report.kinds import OPEN_STATES, Kind, State, short_id
from apoa_client.settings.config import PropertySettings

_MOST = 10
"""Reports told one by one: so many fit on a screen of 24 lines, with all that stands above and below them."""


class Pressing(NamedTuple):
    """The most urgent of the open reports, and how many there are."""

    first: Sequence[Entry]
    total: int


@command("status", N_("Show what waits, what was refused, and what is due when."), "apoa status --json")
@option("--tonight", is_flag=True, text=N_("The night's summary, for the hand-over to the next shift."))
@option("--json", "as_json", is_flag=True, text=N_("Print one JSON document."))
@option("--alarm", is_flag=True, text=N_("Exit with 75 where anything is overdue or refused (for monitoring)."))
@click.pass_obj
def status(session: Session, *, tonight: bool, as_json: bool, alarm: bool) -> int:
    """Count, and show."""
    session.json = as_json
    app = session.app
    now = app.clock.now()
    summary = app.outbox.summary(now=now, soon=now + SOON)
    code = Exit.NOT_NOW if alarm and (summary.overdue or summary.counts[State.REJECTED]) else Exit.DONE
    if tonight:
        from apoa_client.cli.views.night_summary import show_night_summary  # opens reports, which counting does not

        show_night_summary(app, summary, as_json=as_json)
        return code
    open_reports = OpenReports(app.outbox)
    pressing = Pressing(*most_urgent(open_reports, now, _MOST))
    if as_json:
        print_json(_value(app.settings, summary, pressing))
    else:
        _show(app.settings, summary, pressing, now)
    return open_reports.show_damage() or code


class OpenReports:
    """What waits, as far as a damaged file still tells: counting comes from an index, and is right all the same."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._damage: StorageProblem | None = None

    def __iter__(self) -> Iterator[Entry]:
        try:
            yield from self._outbox.entries(Selection(states=OPEN_STATES))
        except StorageProblem as exc:
            self._damage = exc

    def show_damage(self) -> Exit:
        """Say it where there is any, once all else is shown."""
        if self._damage is None:
            return Exit.DONE
        show_error(self._damage)
        return self._damage.exit_code


def _value(settings: PropertySettings, summary: Summary, pressing: Pressing) -> dict[str, Any]:
    def moment(value: datetime | None) -> str | None:
        return None if value is None else instant(value.astimezone(settings.zone))

    stop = current_suspension(settings, summary)
    return {
        "property": settings.name,
        "environment": settings.environment or None,
        "counts": {state.value: summary.counts[state] for state in State},
        "overdue": summary.overdue,
        "due_within_6h": summary.due_soon,
        "next_due_at": moment(summary.next_due_at),
        "last_contact_at": moment(summary.last_contact_at),
        "sending_stopped": None if stop is None else {"reason": stop.reason, "since": moment(stop.since)},
        "clock_skew_s": seconds(summary.clock_skew),
        "urgent": [
            {
                "id": entry.id,
                "short_id": short_id(entry.id),
                "kind": entry.kind.value,
                "state": entry.state.value,
                "due_at": moment(entry.due_at),
            }
            for entry in pressing.first
        ],
    }


def _show(settings: PropertySettings, summary: Summary, pressing: Pressing, now: datetime) -> None:
    show_property(settings, summary)
    _show_counts(settings, summary)
    show_deadlines(settings, summary, now)
    show_pressing(settings, pressing, now)
    show_last_contact(settings, summary)


def _show_counts(settings: PropertySettings, summary: Summary) -> None:
    """How many stand where; what only an authority says is left out where there is none."""
    counts, by_hand = summary.counts, settings.by_hand
    waiting = counts[State.QUEUED] + counts[State.SENDING]
    _row(_("Waiting to be typed into APOA") if by_hand else _("Waiting to be sent"), waiting, style_warning)
    if counts[State.PENDING] or not by_hand:
        _row(_("Waiting for a decision"), counts[State.PENDING], style_warning)
    if counts[State.REJECTED] or not by_hand:
        _row(_("Refused, please correct"), counts[State.REJECTED], style_error)
    _row(_("Reported") if by_hand else _("Sent"), counts[State.ACCEPTED], style_success)


def show_deadlines(settings: PropertySettings, summary: Summary, now: datetime) -> None:
    """What is late, what is due soon, and when the next deadline is."""
    if summary.overdue and settings.by_hand:
        print_line(
            style_error(_("Overdue: {count}. Report them now: apoa sync --by-hand").format(count=summary.overdue))
        )
    elif summary.overdue:
        print_line(style_error(_("Overdue: {count}. Send now: apoa sync").format(count=summary.overdue)))
    if summary.due_soon:
        print_line(style_warning(_("Due within 6 hours: {count}").format(count=summary.due_soon)))
    if summary.next_due_at is not None:
        due = moment_text(summary.next_due_at, settings.zone)
        print_line(_("Next deadline: {due} ({left})").format(due=due, left=_left(summary.next_due_at - now)))


def show_pressing(settings: PropertySettings, pressing: Pressing, now: datetime) -> None:
    """A line a report, short enough for a narrow screen."""
    for line in deadline_lines(pressing.first, now, settings.zone, _what):
        print_line(line)
    if len(pressing.first) < pressing.total:
        more = pressing.total - len(pressing.first)
        print_line("  " + _("... and {count} more: apoa list").format(count=more))


def _what(entry: Entry) -> str:
    """The report's state; of what is no check-in, its kind too; and of what was refused, how to mend it."""
    words = _(STATES[entry.state])
    if entry.kind is not Kind.CHECK_IN:
        words = f"{_(KINDS[entry.kind])}, {words}"
    return style_error(words) + f": apoa fix {short_id(entry.id)}" if entry.state is State.REJECTED else words


def _row(label: str, count: int, colour: Any) -> None:  # noqa: ANN401  one of screen's styles
    number = str(count) if plain() else f"{count:>5}"
    styled = colour(number) if count else number
    print_line(f"{label}: {styled}" if plain() else f"{styled}  {label}")


def _left(time: timedelta) -> str:
    minutes = abs(int(time.total_seconds())) // 60
    hours, minutes = divmod(minutes, 60)
    words = _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
    return _("{time} late").format(time=words) if time < timedelta() else _("{time} left").format(time=words)
