"""What waits, what was refused and what is due, as `apoa status` and `apoa` alone show it.

Needs no key, and imports no module that is slow to load.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any

from apoa_client.cli.terminal.command_names import localized_command
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    plain,
    print_line,
    sanitize,
    side_by_side,
    style_bold,
    style_error,
    style_success,
    style_warning,
)
from apoa_client.cli.views.findings import doubt_values, moment_value, report_columns
from apoa_client.cli.views.labels import (
    KINDS,
    STATES,
    clock_skew_text,
    day_text,
    duration_text,
    lease_text,
    moment_text,
    whole_seconds,
)
from apoa_client.desk.attention import UrgentReports, has_stopped, worst_level
from apoa_client.messages import nmsg, time_message
from apoa_client.ports.entries import Entry
from apoa_client.ports.state import Summary
from apoa_client.report.kinds import CLOCK_TOLERANCE, SOON, Kind, State, short_id
from apoa_client.settings.config import TRAINING, PropertySettings

if TYPE_CHECKING:
    from apoa_client.app.property_status import OtherCounts, PropertyStatus

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_FEW_DAYS = 2
"""Up to so many days, lateness is given in hours."""


def deadline_text(due: datetime, now: datetime, zone: tzinfo) -> str:
    """Return how late a deadline is, how much time is left, or, if it is not soon, its day and time in the zone.

    Times are rounded down, so that they never show more time than is left.
    """
    if due < now:
        return _late_text(now - due)
    left = due - now
    if left < _MINUTE:
        return _("due now")
    if left < SOON:
        minutes = nmsg("{count} minute left", "{count} minutes left", left // _MINUTE)
        hours = nmsg("{count} hour left", "{count} hours left", left // _HOUR)
        return text(minutes if left < _HOUR else hours)
    local, today = due.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return _("today {time}").format(time=text(time_message(local)))
    if local.date() == today + _DAY:
        return _("tomorrow {time}").format(time=text(time_message(local)))
    return f"{day_text(local)} {text(time_message(local))}"


def deadline_style(due: datetime | None, now: datetime) -> Callable[[str], str]:
    """Return the style of a deadline: an error if it has passed, a warning if it is soon, else plain text."""
    if due is None or due - now >= SOON:
        return str
    return style_error if due < now else style_warning


def deadline_lines(
    entries: Sequence[Entry], now: datetime, zone: tzinfo, describe: Callable[[Entry], str]
) -> Iterator[str]:
    """Yield one line per report, in columns: its deadline in its style, its short id, and its description."""
    texts = [deadline_text(entry.due_at, now, zone) if entry.due_at is not None else "-" for entry in entries]
    width = 0 if plain() else max(map(len, texts), default=0)
    for entry, words in zip(entries, texts, strict=True):
        styled = deadline_style(entry.due_at, now)(words) + " " * (width - len(words))
        yield "  " + side_by_side([styled, short_id(entry.id), describe(entry)])


def _late_text(time: timedelta) -> str:
    if time < _MINUTE:
        return _("late just now")
    if time < _HOUR:
        return text(nmsg("{count} minute late", "{count} minutes late", time // _MINUTE))
    if time < _FEW_DAYS * _DAY:
        return text(nmsg("{count} hour late", "{count} hours late", time // _HOUR))
    return text(nmsg("{count} day late", "{count} days late", time // _DAY))


def show_code_reminder(settings: PropertySettings, summary: Summary) -> None:
    """Remind of the recovery code, unless it is confirmed or not needed."""
    if settings.is_code_confirmed(summary.code_confirmed_for) is False:
        for line in unconfirmed_code_lines():
            print_line(line)


def unconfirmed_code_lines() -> list[str]:
    """Return that the recovery code is not confirmed, and what to do."""
    return [
        style_warning(
            _("The recovery code is not confirmed: if this computer breaks, nothing else opens the saved reports.")
        ),
        _("Is it on paper? Type it back once: apoa key recover"),
        _("If not, make a new one: apoa key rotate"),
    ]


MAX_URGENT = 10
"""Reports shown one by one: with the lines above and below they fit on a screen of 24 lines."""

_UNREADABLE = "unreadable_answer"
"""The name of the error of a report whose answer cannot be read."""

ENVIRONMENTS = {
    "training": N_("training, nothing reaches Immigration"),
    "production": N_("live"),
    "": N_("the connection was never tested: apoa login"),
}


def status_json(settings: PropertySettings, status: "PropertyStatus", urgent: UrgentReports) -> dict[str, Any]:
    """Return the document of ``status --json``."""
    summary, last_run = status.summary, status.last_run
    moment = partial(moment_value, zone=settings.zone)
    suspension = status.suspension
    return {
        "property": settings.name,
        "environment": TRAINING if settings.is_training else settings.environment or None,
        "counts": {state.value: summary.counts[state] for state in State},
        "overdue": summary.overdue,
        "due_within_6h": summary.due_soon,
        "next_due_at": moment(summary.next_due_at),
        "last_contact_at": moment(summary.last_contact_at),
        "sending_stopped": None
        if suspension is None
        else {"reason": suspension.reason, "since": moment(suspension.since)},
        "last_scheduled_run": None
        if last_run is None
        else {"at": moment(last_run.at), "exit_code": last_run.exit_code},
        "last_backup_at": moment(status.last_backup),
        "clock_skew_s": whole_seconds(summary.clock_skew),
        "purge_skipped_at": moment(summary.purge_skipped_at),
        "drafts": summary.drafts,
        "without_number": summary.without_number,
        "practice_moved": summary.practice_moved,
        "practice_undecided": len(summary.practice_undecided),
        "unauthenticated": summary.unauthenticated,
        "recovery_code_confirmed": settings.is_code_confirmed(summary.code_confirmed_for),
        "urgent": [
            report_columns(entry, settings.zone, ("id", "short_id", "kind", "state", "due_at"))
            for entry in urgent.first
        ],
        "doubts": doubt_values(status.doubts),
        "alarm": {
            "level": worst_level(status.problems).name.lower(),
            "problems": [problem.name for problem in status.problems],
        },
    }


def show_status(
    settings: PropertySettings, status: "PropertyStatus", urgent: UrgentReports, names: Mapping[str, str], now: datetime
) -> None:
    """Show the property, the counts by state, the deadlines and the last contact. `names` is as in `show_urgent`."""
    summary = status.summary
    show_property(settings, summary)
    counts, by_hand = summary.counts, settings.by_hand
    rows: list[tuple[str, int, Callable[[str], str]]] = [
        (_("Waiting to be typed into APOA") if by_hand else _("Waiting to be sent"), summary.waiting, style_warning)
    ]
    # Without an authority nothing can be decided or refused; a count from before is shown all the same.
    if counts[State.PENDING] or not by_hand:
        rows.append((_("Waiting for a decision"), counts[State.PENDING], style_warning))
    if counts[State.REJECTED] or not by_hand:
        rows.append((_("Refused, please correct"), counts[State.REJECTED], style_error))
    rows.append((_("Reported") if by_hand else _("Sent"), counts[State.ACCEPTED], style_success))
    if summary.without_number:
        rows.append((_("Of these without a receipt number"), summary.without_number, str))
    for label, count, style in rows:
        number = str(count) if plain() else f"{count:>5}"
        styled = style(number) if count else number
        print_line(f"{label}: {styled}" if plain() else f"{styled}  {label}")
    if summary.lease_until is not None and now < summary.lease_until:
        print_line(lease_text(counts[State.SENDING], summary.lease_until, settings.zone))
    show_deadlines(settings, summary, now)
    show_urgent(settings, urgent, now, names)
    show_drafts(summary)
    show_last_contact(settings, summary)
    if status.last_run is not None and has_stopped(status.last_run, now):
        line = _("Automatic sending has not run for {time}. See why: apoa doctor")
        print_line(style_warning(line.format(time=duration_text(now - status.last_run.at))))
    if settings.backup_folder:
        backup = moment_text(status.last_backup, settings.zone) if status.last_backup is not None else _("never")
        print_line(_("Last backup: {moment}").format(moment=backup))
    show_code_reminder(settings, summary)


def show_others(others: "Iterable[OtherCounts]", now: datetime, *, waiting: bool = False) -> None:
    """Show a line for each other property: what waits there, and its next deadline; only where some does if `waiting`.

    A property that cannot be read has a line in any case.
    """
    shown = (each for each in others if each.summary is None or each.summary.next_due_at is not None or not waiting)
    lines = [_other_line(each, now) for each in shown]
    if lines:
        print_line(_("Other properties on this computer:"))
        for line in lines:
            print_line(f"  {line}")
        print_line(_("More about one: apoa --property NAME status"))


def _other_line(other: "OtherCounts", now: datetime) -> str:
    settings, summary = other.settings, other.summary
    name = sanitize(settings.label if settings is not None else other.name)
    if settings is not None and settings.has_shared_outbox:
        return _("{property}: in a shared outbox").format(property=name)
    if summary is None or settings is None:
        return style_error(_("{property}: cannot be read").format(property=name))
    refused, due = summary.counts[State.REJECTED], summary.next_due_at
    parts = [_("waiting {count}").format(count=summary.waiting) if summary.waiting else _("nothing waits")]
    if refused:
        parts.append(style_error(_("refused {count}").format(count=refused)))
    if due is not None:
        deadline = deadline_text(due, now, settings.zone)
        parts.append(deadline_style(due, now)(_("next deadline: {deadline}").format(deadline=deadline)))
    return f"{name}: {', '.join(parts)}"


def show_property_name(settings: PropertySettings) -> None:
    """Show the property and its environment."""
    environment = _(ENVIRONMENTS[settings.environment])
    if settings.by_hand:
        environment = _("by hand: reports are typed into APOA")
    print_line(f"{style_bold(sanitize(settings.label))}  ({environment})")


def show_property(settings: PropertySettings, summary: Summary) -> None:
    """Show the property, its environment, and whether sending is suspended."""
    show_property_name(settings)
    suspension = summary.current_suspension(lambda: settings.fingerprint)
    if suspension is not None:
        since = moment_text(suspension.since, settings.zone)
        stopped = _("SENDING HAS STOPPED since {since}: the authority refused the login.")
        print_line(style_error(stopped.format(since=since)))
        print_line(_("Start it again with: apoa login"))


def show_deadlines(settings: PropertySettings, summary: Summary, now: datetime) -> None:
    """Show what is overdue, what is due soon, and the next deadline."""
    if summary.overdue:
        overdue = _("Overdue: {count}. Send now: apoa sync")
        if settings.by_hand:
            overdue = _("Overdue: {count}. Report them now: apoa sync --by-hand")
        print_line(style_error(overdue.format(count=summary.overdue)))
    if summary.due_soon:
        print_line(style_warning(_("Due within 6 hours: {count}").format(count=summary.due_soon)))
    if summary.next_due_at is not None:
        hours, minutes = divmod(abs(int((summary.next_due_at - now).total_seconds())) // 60, 60)
        time = _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
        if hours >= 2 * 24:
            time = duration_text(abs(summary.next_due_at - now))
        left = _("{time} late") if summary.next_due_at < now else _("{time} left")
        due = moment_text(summary.next_due_at, settings.zone)
        print_line(_("Next deadline: {due} ({left})").format(due=due, left=left.format(time=time)))


def show_urgent(settings: PropertySettings, urgent: UrgentReports, now: datetime, names: Mapping[str, str]) -> None:
    """Show one line per urgent report, with the guest's name if it is given, and how many more there are."""

    def describe(entry: Entry) -> str:
        name = names.get(entry.id, "")
        usual = entry.kind is Kind.CHECK_IN and entry.state is State.QUEUED and entry.last_error != _UNREADABLE
        return name if name and usual else ", ".join(filter(None, (name, _describe(entry))))

    for line in deadline_lines(urgent.first, now, settings.zone, describe):
        print_line(line)
    more = urgent.total - len(urgent.first)
    if more:
        print_line("  " + _("... and {count} more: apoa list").format(count=more))


def _describe(entry: Entry) -> str:
    """Return the report's kind, unless it is a check-in, and its state; for a refused report also what to type."""
    words = _(STATES[entry.state])
    if entry.last_error == _UNREADABLE:
        words += ", " + _("the authority's answer cannot be read")
    if entry.kind is not Kind.CHECK_IN:
        words = f"{_(KINDS[entry.kind])}, {words}"
    if entry.state is not State.REJECTED:
        return words
    return f"{style_error(words)}: {localized_command('fix')} {short_id(entry.id)}"


def waiting_line(settings: PropertySettings, summary: Summary) -> str:
    """Return how many reports wait to be sent or typed, and the command for that."""
    line = _("Waiting: {count}. Send them with: apoa sync")
    if settings.by_hand:
        line = _("To be typed into APOA: {count}. Begin with: apoa sync --by-hand")
    return style_warning(line.format(count=summary.waiting))


def pending_line(summary: Summary) -> str:
    """Return how many reports wait for a decision."""
    line = _("Waiting for the authority to decide: {count}. The next apoa sync asks again.")
    return line.format(count=summary.counts[State.PENDING])


def refused_line(count: int) -> str:
    """Return how many reports were refused, and the command to correct them."""
    return style_error(_("Refused: {count}. Correct each with: apoa fix ID").format(count=count))


def undecided_line(count: int) -> str:
    """Return how many stays may be practice, and where a user decides that."""
    line = _("Practice or real? Undecided, and not sent: {count}.").format(count=count)
    return " ".join([line, _("Decide with: apoa sync")])


def show_drafts(summary: Summary) -> None:
    """Show how many guests are unfinished, and how many may be practice, if any: they are in no other list."""
    if summary.practice_undecided:
        print_line(style_warning(undecided_line(len(summary.practice_undecided))))
    if summary.drafts:
        unfinished = _("Unfinished guests: {count}. Continue with: apoa report")
        print_line(style_warning(unfinished.format(count=summary.drafts)))


def show_last_contact(settings: PropertySettings, summary: Summary) -> None:
    """Show when the authority last answered, by how much this computer's clock is wrong, and what that delays."""
    contact = summary.last_contact_at
    if contact is not None or not settings.by_hand:
        moment = moment_text(contact, settings.zone) if contact is not None else _("never")
        print_line(_("Last contact with the authority: {moment}").format(moment=moment))
    if summary.clock_skew is not None and abs(summary.clock_skew) > CLOCK_TOLERANCE:
        print_line(style_warning(clock_skew_text(summary.clock_skew)))
    if summary.purge_skipped_at is not None:
        print_line(style_warning(_("Old guest data wait to be erased, until the date is confirmed: apoa purge")))
