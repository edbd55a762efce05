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
from apoa_client.messages import nmsg


class OutboxRow(NamedTuple):
    """A property and its outbox; without a state, it could not be read."""

    label: str
    state: OutboxState | None = None


def outbox_value(state: OutboxState, now: datetime) -> dict[str, Any]:
    """Return the state as `apoa outbox show --json` has it."""
    return {
        "place": state.place,
        "shared": state.shared,
        "engine": None if state.check is None else state.check.engine,
        "version": None if state.check is None else state.check.schema,
        "waiting": state.waiting,
        "oldest_waiting_s": whole_seconds(_age(state, now)),
        "left": state.left,
        "error": None if state.problem is None else error_fields(state.problem),
    }


def _age(state: OutboxState, now: datetime) -> timedelta | None:
    """Return how long the oldest report waits to be sent; another desk's clock may be ahead of this one."""
    return None if state.oldest_at is None else max(now - state.oldest_at, timedelta())


def show_outbox(state: OutboxState, now: datetime) -> None:
    """Show where the reports of one property are, what waits, and what goes on there."""
    print_line(_("Reports are saved at: {place}").format(place=sanitize(state.place)))
    if state.check is not None:
        line = _("It is kept by {engine}, as version {version} of its tables.")
        print_line(line.format(engine=sanitize(state.check.engine), version=state.check.schema))
    if state.waiting is not None:
        waiting = nmsg("{count} report waits there.", "{count} reports wait there.", state.waiting)
        print_line(text(waiting))
    age = _age(state, now)
    if age is not None:
        print_line(_("The oldest one that is not sent has been waiting for {time}.").format(time=duration_text(age)))
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


def show_outboxes(rows: Iterable[OutboxRow], now: datetime) -> None:
    """Show a row for each property, and how to see more of one."""
    heads = (_("Property"), _("Waiting"), _("Oldest"), _("To be moved"), _("Place"))
    show_table(heads, [_row(each, now) for each in rows])
    print_line()
    print_line(_("More about one: apoa --property NAME outbox show"))


def _row(row: OutboxRow, now: datetime) -> tuple[str, ...]:
    label, state = row
    if state is None:
        return (sanitize(label), style_error(_("cannot be read")), "", "", "")
    here, place = _number(state.left), sanitize(state.place)
    if state.waiting is None:
        return (sanitize(label), style_error(_("does not answer")), "", here, place)
    age = _age(state, now)
    return (
        sanitize(label),
        _number(state.waiting),
        "-" if age is None else duration_text(age),
        here,
        place,
    )


def _number(count: int) -> str:
    return style_warning(str(count)) if count else "0"
