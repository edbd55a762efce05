"""Where reports are saved, as `apoa outbox show` shows it: one property in lines, all of them in one table."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from apoa_client.app.shared_outbox import OutboxState
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_line, sanitize, style_error, style_warning
from apoa_client.cli.terminal.tables import show_table
from apoa_client.cli.views.findings import error_fields, show_error
from apoa_client.cli.views.labels import duration_text, whole_seconds
from apoa_client.messages import decimal_message, nmsg
from apoa_client.ports.state import Activity, Replication

_KNOWN_TO_OWNER = "GRANT pg_read_all_stats TO apoa_owner"


class OutboxRow(NamedTuple):
    """A property and its outbox; without a state, it could not be read."""

    label: str
    state: OutboxState | None = None


def outbox_value(state: OutboxState, now: datetime) -> dict[str, Any]:
    """Return the state as `apoa outbox show --json` has it."""
    activity = state.activity
    replication = activity.replication if activity is not None else None
    return {
        "place": state.place,
        "shared": state.shared,
        "engine": None if state.check is None else state.check.engine,
        "version": None if state.check is None else state.check.schema,
        "waiting": state.waiting,
        "oldest_waiting_s": whole_seconds(_age(activity, now)),
        "left": state.left,
        "replication": None if replication is None else _replication_value(replication),
        "error": None if state.problem is None else error_fields(state.problem),
    }


def _age(activity: Activity | None, now: datetime) -> timedelta | None:
    """Return how long the oldest report waits to be sent; another desk's clock may be ahead of this one."""
    if activity is None or activity.oldest_at is None:
        return None
    return max(now - activity.oldest_at, timedelta())


def _replication_value(replication: Replication) -> dict[str, Any]:
    lag_s = None if replication.lag is None else round(replication.lag.total_seconds(), 3)
    return {"standbys": replication.standbys, "synchronous": replication.synchronous, "lag_s": lag_s}


def show_outbox(state: OutboxState, now: datetime) -> None:
    """Show where the reports of one property are, what waits, and what goes on there."""
    print_line(_("Reports are saved at: {place}").format(place=sanitize(state.place)))
    if state.check is not None:
        line = _("It is kept by {engine}, as version {version} of its tables.")
        print_line(line.format(engine=sanitize(state.check.engine), version=state.check.schema))
    if state.waiting is not None:
        waiting = nmsg("{count} report waits there.", "{count} reports wait there.", state.waiting)
        print_line(text(waiting))
    if state.activity is not None:
        _show_activity(state.activity, now)
    if state.left and state.shared:
        here = nmsg(
            "{count} report waits on this computer to be moved there.",
            "{count} reports wait on this computer to be moved there.",
            state.left,
        )
        print_line(style_warning(text(here)))
    elif state.left:
        there = nmsg(
            "{count} report is still in the outbox of before.",
            "{count} reports are still in the outbox of before.",
            state.left,
        )
        print_line(style_warning(text(there)))
    if state.problem is not None:
        show_error(state.problem)


def _show_activity(activity: Activity, now: datetime) -> None:
    age = _age(activity, now)
    if age is not None:
        print_line(_("The oldest one that is not sent has been waiting for {time}.").format(time=duration_text(age)))
    if activity.replication is not None:
        _show_replication(activity.replication)


def _show_replication(replication: Replication) -> None:
    standbys, synchronous, lag = replication
    if not standbys:
        print_line(_("The database has no standby on another server."))
        return
    print_line(text(nmsg("The database has {count} standby.", "The database has {count} standbys.", standbys)))
    if synchronous is None:
        line = _("How far it is behind is not known to apoa. A superuser of the database allows it with: {command}")
        print_line(line.format(command=_KNOWN_TO_OWNER))
        return
    confirming = nmsg(
        "{count} of them confirms each change before it counts as saved.",
        "{count} of them confirm each change before it counts as saved.",
        synchronous,
    )
    print_line(text(confirming))
    if lag is not None:
        line = _("The last one is {seconds} seconds behind.")
        print_line(line.format(seconds=text(decimal_message(lag.total_seconds()))))


def show_outboxes(rows: Iterable[OutboxRow], now: datetime) -> None:
    """Show a row for each property, and how to see more of one."""
    heads = (_("Property"), _("Waiting"), _("Oldest"), _("To be moved"), _("Standbys"), _("Place"))
    show_table(heads, [_row(each, now) for each in rows])
    print_line()
    print_line(_("More about one: apoa --property NAME outbox show"))


def _row(row: OutboxRow, now: datetime) -> tuple[str, ...]:
    label, state = row
    if state is None:
        return (sanitize(label), style_error(_("cannot be read")), "", "", "", "")
    here, place = _number(state.left), sanitize(state.place)
    if state.activity is None:
        return (sanitize(label), style_error(_("does not answer")), "", here, "", place)
    age, replication = _age(state.activity, now), state.activity.replication
    return (
        sanitize(label),
        _number(state.waiting or 0),
        "-" if age is None else duration_text(age),
        here,
        "-" if replication is None else str(replication.standbys),
        place,
    )


def _number(count: int) -> str:
    return style_warning(str(count)) if count else "0"
