"""What to say when another process holds the delivery lock, so that nothing could be sent."""

from datetime import datetime, timedelta, tzinfo
from typing import Any

from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, sanitize, style_warning
from apoa_client.cli.views.labels import moment_text
from apoa_client.delivery.options import Outcome
from apoa_client.ports.state import LockHolder
from apoa_client.report.deadline import instant

_LONG = timedelta(minutes=2)
"""After this time the process may be stopped or hang, and a person must look."""


def show_busy(outcome: Outcome, now: datetime, zone: tzinfo, *, quiet: bool) -> None:
    """Say that another process is sending; if it has been for long, which one, and what to do.

    With `quiet` only the latter is said, and only if reports are waiting.
    """
    holder = outcome.holder
    if holder is None or now - holder.since < _LONG:
        if not quiet:
            print_error_line(_("Another apoa command is sending at this moment. It sends what waits here, too."))
    elif outcome.left or not quiet:
        line = _("Nothing was sent: {command} (process {pid}) has been busy with the queue since {since}.")
        since = moment_text(holder.since, zone)
        command = sanitize(holder.command) or "apoa"
        print_error_line(style_warning(line.format(command=command, pid=holder.pid, since=since)))
        print_error_line(
            _(
                "It may be stopped, or wait for an answer in another window. Go on there, or end process {pid}. Then: "
                "apoa sync"
            ).format(pid=holder.pid)
        )


def holder_value(holder: LockHolder | None, zone: tzinfo) -> dict[str, Any] | None:
    """Return the process that holds the lock as JSON values, its time in the property's zone."""
    if holder is None:
        return None
    return {**holder._asdict(), "since": instant(holder.since.astimezone(zone))}
