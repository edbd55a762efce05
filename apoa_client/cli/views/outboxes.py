"""Where reports are saved, as `apoa outbox show` shows it."""

from datetime import datetime, timedelta
from typing import Any

from apoa_client.app.shared_outbox import OutboxState
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_line, sanitize, style_warning
from apoa_client.cli.views.findings import error_fields, show_error
from apoa_client.cli.views.labels import duration_text, whole_seconds
from apoa_client.messages import nmsg


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
