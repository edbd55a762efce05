"""One run of automatic sending, by the schedule or by `apoa sync --follow`: no user reads at once what it prints.

It imports the tables in a folder if the settings name one, delivers, erases old guest data and shows notices. What a
user must act on is printed once, and not at each run. The log gets one line a run, and the outbox the time and the exit
code.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.cli.commands.deadline_notice import Attention, attention_lines, find_attention, notify
from apoa_client.cli.commands.shown_before import ShownBefore
from apoa_client.cli.commands.sync_by_hand import near_text, report_by_hand, waiting_text
from apoa_client.cli.commands.sync_delivery import deliver
from apoa_client.cli.logging import start_rotating_log
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_error_line, style_warning
from apoa_client.cli.views.findings import show_error, show_findings
from apoa_client.cli.views.labels import clock_skew_text
from apoa_client.cli.views.outcome import COUNTS
from apoa_client.delivery.options import Outcome
from apoa_client.errors import ApoaError, CredentialsProblem, Exit, worst_exit
from apoa_client.report.deadline import CLOCK_TOLERANCE, MAX_BELIEVED_SKEW
from apoa_client.settings.folders import LOG_NAME, SHOWN_NAME, valid_name

if TYPE_CHECKING:
    from apoa_client.ports.run import Interruptions

_log = logging.getLogger(__name__)


def start_log(session: Session) -> None:
    """Write the log of automatic sending, unless the user has asked for another one."""
    if not session.logs:
        with suppress(ApoaError):  # the run itself says what is wrong with the folders
            session.logs = start_rotating_log(session.app.folders.logs / LOG_NAME)


class ScheduledResult(NamedTuple):
    """How a run ended: its exit code, and the outcome of its delivery or the error that ended it."""

    code: Exit
    outcome: Outcome | ApoaError


def run_scheduled(
    session: Session, interruptions: "Interruptions", wait_s: float | None = None, *, keep_backoff: bool = True
) -> ScheduledResult:
    """Do one run for the property of the session. Errors are shown and returned, not raised."""
    app = session.app
    started = app.clock.monotonic()
    try:
        with shown_once(session, _name(session)) as shown:
            imported = _import(session, shown)
            outcome = _deliver(session, interruptions, shown, keep_backoff=keep_backoff, wait_s=wait_s)
            purged = _purge_daily(session, shown)
            _show_attention(session, shown)
        result = ScheduledResult(worst_exit([outcome.exit_code or purged, imported]), outcome)
    except ApoaError as exc:
        result = ScheduledResult(exc.exit_code, exc)
    except Exception:
        _record(session, Exit.BUG, "error=bug", app.clock.monotonic() - started)
        raise
    _record(session, result.code, _log_text(result.outcome), app.clock.monotonic() - started)
    return result


@contextmanager
def shown_once(session: Session, name: str = "") -> Iterator[ShownBefore]:
    """Show an error from inside unless it was shown within the last hours, and raise it. `name` is the property's."""
    file: Path | None = None
    with suppress(ApoaError):
        file = session.app.folders.logs / f"{name}.{SHOWN_NAME}".lstrip(".")
    shown = ShownBefore(file, session.app.clock.now())
    try:
        yield shown
    except ApoaError as exc:
        error = exc
        shown.show(f"error:{exc.name}", lambda: _show_failure(error))
        exc.shown = True
        raise
    finally:
        shown.save()


def _name(session: Session) -> str:
    """Return the property's name; empty where neither the settings nor the call say it."""
    try:
        return session.app.settings.name
    except ApoaError:
        return session.property_name if valid_name(session.property_name) else ""  # it becomes a file's name


def _log_text(outcome: Outcome | ApoaError) -> str:
    """Return the class of the error and the counts: no personal data."""
    if isinstance(outcome, ApoaError):
        return f"error={outcome.name}"
    counts = " ".join(f"{name}={getattr(outcome, name)}" for name in COUNTS)
    return f"error={outcome.error.name if outcome.error is not None else '-'} {counts}"


def _show_failure(error: ApoaError) -> None:
    show_findings(error)
    show_error(error)


def _import(session: Session, shown: ShownBefore) -> Exit:
    """Import the tables in the folder of the settings. What fails there is shown, and holds up no report."""
    if not session.app.settings.import_folder:
        return Exit.DONE
    from apoa_client.cli.commands.import_folder import import_waiting  # for a folder alone

    try:
        return import_waiting(session, shown.show)
    except ApoaError as exc:
        error = exc  # as `exc` ends with this block
        shown.show(f"import:{exc.name}", lambda: show_error(error))
        return exc.exit_code


def _deliver(
    session: Session, interruptions: "Interruptions", shown: ShownBefore, *, keep_backoff: bool, wait_s: float | None
) -> Outcome:
    if session.app.settings.by_hand:
        return report_by_hand(session, interactive=False, scheduled=True)
    outcome = deliver(session, interruptions, keep_backoff=keep_backoff, wait_s=wait_s, show_unattended=shown.show)
    if outcome.error is None and outcome.meta is not None:
        shown.forget("error")
    return outcome


def _purge_daily(session: Session, shown: ShownBefore) -> Exit:
    """Erase old guest data once a day. Show in one line why they were not erased, or that the clock is wrong."""
    retention, now = session.app.retention, session.app.clock.now()
    try:
        skipped = retention.purge_daily()
    except CredentialsProblem:  # the keyring is locked: a later run erases them
        line = _("Old guest data are not erased before the private key is at hand. Unlock the keyring.")
        shown.show("purge:key_needed", lambda: print_error_line(style_warning(line)))
        return Exit.DONE
    except ApoaError as exc:
        error = exc  # as `exc` ends with this block
        shown.show(f"error:{exc.name}", lambda: show_error(error))
        return exc.exit_code
    skew = session.app.outbox.summary(now=now, soon=now).clock_skew if retention.asked_authority else None
    if skipped is not None and skipped.advice is not None:  # at most once a day
        print_error_line(style_warning(f"{text(skipped.message)} {text(skipped.advice)}"))
    if skew is not None and abs(skew) > (CLOCK_TOLERANCE if skipped is None else MAX_BELIEVED_SKEW):
        shown.show("clock", lambda: print_error_line(style_warning(clock_skew_text(skew))))
    return Exit.DONE


def _show_attention(session: Session, shown: ShownBefore) -> None:
    """Show on the desktop and in print which reports a user must act on, once for each change."""
    app = session.app
    try:
        attention = find_attention(app.outbox, app.clock.now())
    except ApoaError as exc:
        _log.info("no notice: %s", exc.name)
        return
    notify(app, attention)
    if attention.code and not session.json:
        shown.show(f"attention:{attention.code}", lambda: _print_attention(session, attention))


def _print_attention(session: Session, attention: Attention) -> None:
    if session.app.settings.by_hand:
        print_error_line(style_warning(waiting_text(attention.overdue + attention.due_soon)))
        print_error_line(style_warning(near_text(attention.overdue, attention.due_soon)))
        return
    line = ". ".join([*attention_lines(attention), _("What to do: apoa status")])
    print_error_line(style_warning(line))


def _record(session: Session, code: Exit, text: str, duration_s: float) -> None:
    """Write the line of the log, and record the run in the outbox, where that can be written."""
    try:
        session.app.outbox.record_scheduled_run(session.app.clock.now(), code)
    except ApoaError as exc:
        _log.info("run not recorded: %s", exc.name)
    _log.info("run property=%s exit=%d %s duration_s=%.1f", _name(session) or "-", code, text, duration_s)
