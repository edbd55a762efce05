"""One delivery of `apoa sync`, with its outcome on the screen or as JSON."""

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from apoa_client.cli.session import Session
from apoa_client.cli.terminal.output import print_error_line, print_json, style_warning
from apoa_client.cli.terminal.progress import NoProgress, watcher
from apoa_client.cli.views.labels import rebuilt_text
from apoa_client.cli.views.outcome import Show, outcome_json, show_outcome
from apoa_client.delivery.options import Outcome
from apoa_client.errors import UsageProblem
from apoa_client.messages import msg

if TYPE_CHECKING:
    from apoa_client.ports.run import Interruptions


def deliver(
    session: Session,
    interruptions: "Interruptions",
    *,
    keep_backoff: bool = False,
    wait_s: float | None = None,
    workers: int = 1,
    show_unattended: Show | None = None,
) -> Outcome:
    """Send what waits, and show the outcome; `show_unattended` as `show_outcome` takes it.

    Raises `UsageProblem` for several `workers` of an outbox in a file.
    """
    from apoa_client.app.sending import send  # slow to load

    progress = watcher(silent=not session.interactive or session.quiet)
    session.pause_progress = progress.pause
    if workers == 1:
        outcome = send(session.app, progress, interruptions, keep_backoff=keep_backoff, wait_s=wait_s)
    else:
        outcome = _send_with_workers(session, workers, progress, interruptions, wait_s)
    if outcome.indexes_rebuilt:
        print_error_line(style_warning(rebuilt_text()))
    zone = session.app.settings.zone
    if session.json:
        print_json(outcome_json(outcome, zone))
    else:
        show_outcome(outcome, session.app.clock.now(), zone, quiet=session.quiet, show_unattended=show_unattended)
    if outcome.error is None and not outcome.busy and not outcome.time_over:
        from apoa_client.app.code_refresh import refresh_code_tables  # when the reports have gone

        refresh_code_tables(session.app, outcome)
    return outcome


def _send_with_workers(
    session: Session, workers: int, progress: NoProgress, interruptions: "Interruptions", wait_s: float | None
) -> Outcome:
    from apoa_client.app.sending_workers import send_with_workers  # slow to load

    settings = session.app.settings
    if not settings.has_shared_outbox:
        raise UsageProblem(
            msg("The reports of {name} are saved in a file, which one worker sends from.", name=settings.name),
            msg("Leave out --workers, or keep them in a shared outbox: apoa help admin"),
        )
    with ExitStack() as opened:
        apps = [session.app]
        for _number in range(0 if settings.uses_sandbox else workers - 1):  # each run has a sandbox of its own
            app = opened.enter_context(closing(session.for_property(settings.name))).app
            app.secrets = session.app.secrets  # read once
            apps.append(app)
        return send_with_workers(apps, progress, interruptions, wait_s=wait_s)
