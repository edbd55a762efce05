"""`apoa status`: what waits, what was refused, what is due when. Needs no key and loads no heavy room."""

from datetime import datetime, timedelta
from typing import Any

import click

from apoa_client.cli.base import command, option
from apoa_client.cli.language import N_, _
from apoa_client.cli.screen import bad, careful, clean, document, good, result, strong
from apoa_client.cli.session import Session
from apoa_client.cli.words import moment_text, seconds, skew_text
from apoa_client.errors import Exit
from apoa_client.ports import Summary
from apoa_client.report.deadline import CLOCK_TOLERANCE, SOON, instant
from apoa_client.report.kinds import State
from apoa_client.settings.config import Property

_ENVIRONMENTS = {
    "training": N_("training, nothing reaches Immigration"),
    "production": N_("live"),
    "": N_("the connection was never tested: apoa login"),
}


@command("status", N_("Show what waits, what was refused, and what is due when."), "apoa status --json")
@option("--json", "as_json", is_flag=True, text=N_("Print one JSON document."))
@option("--alarm", is_flag=True, text=N_("Exit with 75 where anything is overdue or refused (for monitoring)."))
@click.pass_obj
def status(session: Session, *, as_json: bool, alarm: bool) -> int:
    """Count, and show."""
    session.json = as_json
    app = session.app
    now = app.clock.now()
    summary = app.outbox.summary(now=now, soon=now + SOON)
    if as_json:
        document(_value(app.house, summary))
    else:
        _show(app.house, summary, now)
    return Exit.NOT_NOW if alarm and (summary.overdue or summary.counts[State.REJECTED]) else Exit.DONE


def _value(house: Property, summary: Summary) -> dict[str, Any]:
    def moment(value: datetime | None) -> str | None:
        return None if value is None else instant(value.astimezone(house.zone))

    stop = summary.stop if summary.stop is not None and summary.stop.settings == house.fingerprint else None
    return {
        "property": house.name,
        "environment": house.environment or None,
        "counts": {state.value: summary.counts[state] for state in State},
        "overdue": summary.overdue,
        "due_within_6h": summary.due_soon,
        "next_due_at": moment(summary.next_due_at),
        "last_contact_at": moment(summary.last_contact_at),
        "sending_stopped": None if stop is None else {"reason": stop.reason, "since": moment(stop.since)},
        "clock_skew_s": seconds(summary.clock_skew),
    }


def _show(house: Property, summary: Summary, now: datetime) -> None:
    result(strong(clean(house.name)) + f"  ({_(_ENVIRONMENTS[house.environment])})")
    if summary.stop is not None and summary.stop.settings == house.fingerprint:
        since = moment_text(summary.stop.since, house.zone)
        result(bad(_("SENDING HAS STOPPED since {since}: the authority refused the login.").format(since=since)))
        result(_("Start it again with: apoa login"))
    waiting = summary.counts[State.QUEUED] + summary.counts[State.SENDING]
    _row(_("Waiting to be sent"), waiting, careful)
    _row(_("Waiting for a decision"), summary.counts[State.PENDING], careful)
    _row(_("Refused, please correct"), summary.counts[State.REJECTED], bad)
    _row(_("Sent"), summary.counts[State.ACCEPTED], good)
    if summary.overdue:
        result(bad(_("Overdue: {count}. Send now: apoa sync").format(count=summary.overdue)))
    if summary.due_soon:
        result(careful(_("Due within 6 hours: {count}").format(count=summary.due_soon)))
    if summary.next_due_at is not None:
        due = moment_text(summary.next_due_at, house.zone)
        result(_("Next deadline: {due} ({left})").format(due=due, left=_left(summary.next_due_at - now)))
    contact = summary.last_contact_at
    said = moment_text(contact, house.zone) if contact is not None else _("never yet")
    result(_("Last contact with the authority: {moment}").format(moment=said))
    if summary.clock_skew is not None and abs(summary.clock_skew) > CLOCK_TOLERANCE:
        result(careful(skew_text(summary.clock_skew)))


def _row(label: str, count: int, colour: Any) -> None:  # noqa: ANN401  one of screen's styles
    number = f"{count:>5}"
    result(f"{colour(number) if count else number}  {label}")


def _left(time: timedelta) -> str:
    minutes = abs(int(time.total_seconds())) // 60
    hours, minutes = divmod(minutes, 60)
    words = _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
    return _("{time} late").format(time=words) if time < timedelta() else _("{time} left").format(time=words)
