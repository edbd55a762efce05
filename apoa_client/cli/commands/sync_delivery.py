"""One run of `apoa sync`, with its outcome on the screen or as JSON: a delivery, or what staff type into APOA."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import ask_line, discard_typed_ahead
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import (
    print_done,
    print_error_line,
    print_json,
    print_line,
    print_warning,
    sanitize,
    style_success,
    style_warning,
)
from apoa_client.cli.terminal.progress import watcher
from apoa_client.cli.views.findings import show_changed, show_error
from apoa_client.cli.views.labels import rebuilt_text
from apoa_client.cli.views.outcome import Show, outcome_json, show_outcome
from apoa_client.cli.views.status import undecided_line
from apoa_client.delivery.options import Outcome, authenticate
from apoa_client.errors import ApoaError, OutboxDamaged
from apoa_client.outbox.sql.metadata import PRACTICE_UNDECIDED
from apoa_client.ports.authority import Status
from apoa_client.ports.state import Summary
from apoa_client.report.kinds import SOON

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
    _settle_past_practice(session)
    outcome = send(session.app, progress, interruptions, keep_backoff=keep_backoff, wait_s=wait_s)
    outcome.error = outcome.error or session.app.handed_over.problem
    if outcome.indexes_rebuilt:
        print_warning(rebuilt_text())
    if session.json:
        _print_json(session, outcome)
    else:
        show_outcome(outcome, session.app.settings.zone, quiet=session.quiet, show_unattended=show_unattended)
    if outcome.error is None and not outcome.time_over:
        from apoa_client.app.sending import refresh_code_tables  # when the reports have gone

        refresh_code_tables(session.app, outcome)
    return outcome


def write_sheet(session: Session, path: Path, *, force: bool) -> Outcome:
    """Write a sheet of paper with what waits. Nothing is sent."""
    from apoa_client.cli.documents.by_hand import write_sheet as write  # templates are slow to load
    from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT

    def work() -> Outcome:
        _settle_past_practice(session)
        count = write(session.app, path, force=force)
        if not count:
            print_error_line(_("Nothing is waiting, so no sheet was written."))
        else:
            if path != STANDARD_OUTPUT and not session.json:
                print_done(_("The sheet is written: {file}").format(file=sanitize(str(path))))
                print_line(_("Reports on it: {count}").format(count=count))
            print_error_line(
                _(
                    "It holds guests' personal data: print it, then delete the file. Destroy the paper when all is "
                    "filed."
                )
            )
        if session.json:
            _print_json(session, Outcome(left=_summary(session).waiting))
        return Outcome()  # what waits is on the sheet

    return _repairing(session, work)


def report_by_hand(
    session: Session, type_in: Callable[[Session], int] | None = None, *, scheduled: bool = False
) -> Outcome:
    """Let the user type what waits into APOA, or show how much waits. Nothing is sent.

    `type_in` shows the reports and returns how many were closed; None if no user is there. A `scheduled` run shows only
    what another program changed; what waits is shown by `scheduled_run`.
    """

    def work() -> Outcome:
        filed = 0
        session.app.hand_over(history=True)
        _settle_past_practice(session)
        outcome = Outcome(error=session.app.handed_over.problem)
        _check(session, outcome)  # before the first report is shown
        if type_in is not None:
            filed = type_in(session)
            _check(session, outcome)  # with the key, which the first report needed
        summary = _summary(session)
        outcome.counts[Status.ACCEPTED], outcome.left = filed, summary.waiting
        if session.json:
            _print_json(session, outcome)
            return outcome
        show_changed(outcome)
        if type_in is not None:
            _show_recorded(outcome)
        elif not session.quiet:
            print_line(waiting_text(outcome.left) if outcome.left else _("Nothing is waiting."))
        elif not scheduled and outcome.left and (summary.overdue or summary.due_soon):
            print_warning(waiting_text(outcome.left))
            print_warning(near_text(summary.overdue, summary.due_soon))
        return outcome

    return _repairing(session, work)


def _settle_past_practice(session: Session) -> None:
    """Move what is practice, for which a keyring may be asked; then ask about each stay in doubt, if a user is there.

    What cannot be decided now is asked again. Raises `StorageProblem`.
    """
    app = session.app
    if not app.outbox.value(PRACTICE_UNDECIDED):
        return
    from apoa_client.app.past_practice import decide, move_past_practice  # for few properties
    from apoa_client.cli.prompts.find_stays import guest_line, open_current_report  # the same

    move_past_practice(app, app.outbox, ask=True)
    undecided = app.outbox.value(PRACTICE_UNDECIDED) if session.interactive else None
    if undecided:
        print_error_line(_("Saved before the last set-up: in practice, or for real? None of it is sent meanwhile."))
    for stay in undecided or ():
        print_error_line(guest_line(open_current_report(app, app.stays.of(stay))))
        discard_typed_ahead()
        while (answer := ask_line(_("1 = practice, 2 = a real guest, Enter = later"))) not in {"1", "2", ""}:
            pass
        if answer:
            try:
                decide(app, stay, is_practice=answer == "1")
            except ApoaError as exc:  # the real guests are sent all the same
                show_error(exc)
                continue
            print_done(
                _("It is practice now.")
                if answer == "1"
                else _("It stays real: what Immigration does not have waits to be reported.")
            )
    left = app.outbox.value(PRACTICE_UNDECIDED)
    if left and not session.quiet:
        print_warning(undecided_line(len(left)))


def waiting_text(count: int) -> str:
    """Return how many reports wait to be typed in, and how to do that."""
    return _("Waiting to be typed into APOA: {count}. Type it in with: apoa sync --by-hand").format(count=count)


def near_text(overdue: int, due_soon: int) -> str:
    """Return how many reports are overdue, and how many are due soon."""
    return _("Overdue: {late}. Due within 6 hours: {soon}.").format(late=overdue, soon=due_soon)


def _show_recorded(outcome: Outcome) -> None:
    recorded = outcome.counts[Status.ACCEPTED]
    if not recorded and not outcome.left:
        print_line(_("Nothing is waiting."))
        return
    parts = [style_success(_("Recorded: {count}.").format(count=recorded))]
    if outcome.left:
        parts.append(style_warning(_("Still waiting: {count}.").format(count=outcome.left)))
    print_line(" ".join(parts))


def _print_json(session: Session, outcome: Outcome) -> None:
    print_json(outcome_json(outcome, session.app.settings.zone))


def _repairing(session: Session, work: Callable[[], Outcome]) -> Outcome:
    """Work by hand. If indexes of the outbox are damaged, rebuild them, as a delivery does, and begin again."""
    try:
        session.app.outbox.check_queue()
    except OutboxDamaged:
        _rebuild_indexes(session)
    try:
        return work()
    except OutboxDamaged:
        if not _rebuild_indexes(session):
            raise
        return work()


def _rebuild_indexes(session: Session) -> bool:
    """Rebuild damaged indexes, say so, and return whether this was done."""
    rebuilt = session.app.outbox.rebuild_indexes()
    if rebuilt:
        print_warning(rebuilt_text())
    return rebuilt


def _check(session: Session, outcome: Outcome) -> None:
    """Check what another program may have changed, as a delivery does, and note it."""
    authenticate(session.app.outbox, session.app.known_version, outcome)


def _summary(session: Session) -> Summary:
    now = session.app.clock.now()
    return session.app.outbox.summary(now=now, soon=now + SOON)
