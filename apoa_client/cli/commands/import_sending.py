"""Sending after an import: at once and for a short time, as after `apoa report`. What is left goes with `apoa sync`."""

from collections.abc import Sequence

from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, print_line
from apoa_client.cli.terminal.progress import watcher
from apoa_client.cli.terminal.signals import Signals
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.outcome import show_outcome
from apoa_client.errors import Exit, StorageProblem
from apoa_client.ports.authority import Status

_SENDING_S = 60.0
"""How long sending may take. A booking system's file has more guests than one that a receptionist types."""


def send_imported(session: Session, reports: Sequence[str]) -> None:
    """Send what waits, the imported reports among it, and show the outcome. Nothing that fails here is raised.

    If the authority refuses one of them, the session's exit code says so.
    """
    app = session.app
    if app.settings.by_hand:
        if not session.json:
            print_line(_("Type them into APOA with: apoa sync --by-hand"))
        return
    from apoa_client.app.sending import send  # not for --no-send

    progress = watcher(silent=not session.interactive or session.quiet)
    session.pause_progress = progress.pause
    try:
        with Signals() as signals:
            outcome = send(app, progress, signals, wait_s=_SENDING_S)
    except StorageProblem as exc:  # the reports are saved all the same
        show_error(exc)
        session.exit_code = exc.exit_code
        return
    if any(each.status is Status.REJECTED for each in map(outcome.verdicts.get, reports) if each is not None):
        session.exit_code = Exit.DATA_REFUSED
    if session.json:
        if outcome.error is not None:
            show_error(outcome.error)
        return
    show_outcome(outcome, app.settings.zone, quiet=session.quiet)
    if outcome.left:
        print_error_line(_("What waits is sent by the next apoa sync."))
