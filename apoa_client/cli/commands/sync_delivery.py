"""One delivery of `apoa sync`, with its outcome on the screen or as JSON."""

from typing import TYPE_CHECKING

from apoa_client.cli.session import Session
from apoa_client.cli.terminal.output import print_error_line, print_json, style_warning
from apoa_client.cli.terminal.progress import watcher
from apoa_client.cli.views.labels import rebuilt_text
from apoa_client.cli.views.outcome import Show, outcome_json, show_outcome
from apoa_client.delivery.options import Outcome

if TYPE_CHECKING:
    from apoa_client.ports.run import Interruptions


def deliver(
    session: Session,
    interruptions: "Interruptions",
    *,
    keep_backoff: bool = False,
    wait_s: float | None = None,
    show_unattended: Show | None = None,
) -> Outcome:
    """Send what waits, and show the outcome; `show_unattended` as `show_outcome` takes it."""
    from apoa_client.app.sending import send  # slow to load

    progress = watcher(silent=not session.interactive or session.quiet)
    session.pause_progress = progress.pause
    session.app.hand_over(history=True)
    outcome = send(session.app, progress, interruptions, keep_backoff=keep_backoff, wait_s=wait_s)
    outcome.error = outcome.error or session.app.handed_over.problem
    if outcome.indexes_rebuilt:
        print_error_line(style_warning(rebuilt_text()))
    zone = session.app.settings.zone
    if session.json:
        print_json(outcome_json(outcome, zone))
    else:
        show_outcome(outcome, zone, quiet=session.quiet, show_unattended=show_unattended)
    if outcome.error is None and not outcome.time_over:
        from apoa_client.app.sending import refresh_code_tables  # when the reports have gone

        refresh_code_tables(session.app, outcome)
    return outcome
