"""`apoa sync`: send what waits, or type it into APOA by hand."""

import random
import time
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from typing import Any, NamedTuple

import click

from apoa_client.cli.every_property import all_option, run_for_every_property
from apoa_client.cli.registry import command, json_option, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    print_error_line,
    print_json,
    print_line,
    sanitize,
    style_error,
    style_success,
    style_warning,
)
from apoa_client.cli.terminal.progress import watcher
from apoa_client.cli.terminal.signals import Signals
from apoa_client.cli.views.busy import holder_value, show_busy
from apoa_client.cli.views.doubts import doubt_values, is_doubt, show_changed
from apoa_client.cli.views.findings import error_fields, finding_line, show_error
from apoa_client.cli.views.labels import clock_skew_text, moment_text, rebuilt_text, time_over_text, whole_seconds
from apoa_client.delivery.authentication import authenticate
from apoa_client.delivery.options import Outcome
from apoa_client.errors import ApoaError, Exit, OutboxDamaged, UsageProblem
from apoa_client.messages import msg, nmsg
from apoa_client.ports.state import Summary
from apoa_client.report.deadline import CLOCK_TOLERANCE, MAX_BELIEVED_SKEW, SOON, instant
from apoa_client.report.kinds import State, short_id

_LONGEST_PAUSE_S = 60


@command("sync", N_("Send what waits. Safe to run at any time, and as often as you like."), "apoa sync")
@option(
    "--scheduled",
    is_flag=True,
    text=N_("For automatic sending: wait between tries, start at a random moment, say little."),
)
@option(
    "--wait",
    "wait_s",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    text=N_("Stop after this many seconds; what is left goes next time."),
)
@option(
    "--by-hand", is_flag=True, text=N_("Send nothing: show the reports to type into APOA, and record their numbers.")
)
@option("--sheet", type=click.Path(path_type=Path), metavar="FILE", text=N_("With --by-hand: write a sheet to print."))
@option("--force", is_flag=True, text=N_("Replace an earlier sheet of this name."))
@option("--quiet", "-q", is_flag=True, text=N_("Say only what a person must act on."))
@all_option
@json_option
@click.pass_obj
def sync(session: Session, /, *, quiet: bool, every_property: bool, **options: Any) -> int:  # noqa: ANN401  click's
    """Run one delivery, or the conversation for typing by hand, and show the outcome."""
    choices = _Choices(**options)
    session.quiet = session.quiet or quiet or choices.scheduled
    # A question that no user sees would hold up every other run.
    session.terminal = session.terminal and not choices.scheduled
    if not every_property:
        if choices.scheduled and not session.app.settings.by_hand:
            _pause()
        return _sync(session, choices, interactive=session.interactive)
    if choices.by_hand or choices.sheet is not None:
        raise UsageProblem(
            msg("Reports of all properties are not typed in at once."), msg("Choose one property with --property NAME.")
        )
    if choices.scheduled:
        _pause()
    return run_for_every_property(session, lambda each: _sync(each, choices, interactive=False))


class _Choices(NamedTuple):
    """The options that say what one property's run does."""

    scheduled: bool
    wait_s: float | None
    by_hand: bool
    sheet: Path | None
    force: bool


def _pause() -> None:
    """Wait a random time: cron starts the programs of all computers in the same second."""
    # On Windows, Ctrl-C interrupts `sleep` alone.
    time.sleep(random.uniform(0, _LONGEST_PAUSE_S))  # noqa: S311  jitter, not a secret


def _sync(session: Session, choices: _Choices, *, interactive: bool) -> Exit:
    """Do what was chosen for the session's property. A conversation is held only if `interactive`."""
    sheet = choices.sheet
    if sheet is not None:
        code = _repairing(session, lambda: _write_sheet(session, sheet, force=choices.force))
    elif session.app.settings.by_hand or choices.by_hand:
        code = _repairing(session, lambda: _report_by_hand(session, interactive=interactive))
    else:
        code = _deliver(session, scheduled=choices.scheduled, wait_s=choices.wait_s)
    if not choices.scheduled:
        return code
    purged = _purge_daily(session)
    from apoa_client.cli.commands.deadline_notice import notify  # for the schedule alone

    notify(session.app)  # what automatic sending prints is not read
    return code or purged


def _purge_daily(session: Session) -> Exit:
    """Erase old guest data once a day. Show in one line why they were not erased, or that the clock is wrong."""
    retention = session.app.retention
    try:
        skipped = retention.purge_daily()
    except ApoaError as exc:
        show_error(exc)
        return exc.exit_code
    skew = _summary(session).clock_skew if retention.asked_authority else None
    if skipped is not None and skipped.advice is not None:
        print_error_line(style_warning(f"{text(skipped.message)} {text(skipped.advice)}"))
    if skew is not None and abs(skew) > (CLOCK_TOLERANCE if skipped is None else MAX_BELIEVED_SKEW):
        print_error_line(style_warning(clock_skew_text(skew)))
    return Exit.DONE


def _deliver(session: Session, *, scheduled: bool, wait_s: float | None) -> Exit:
    from apoa_client.app.sending import send  # not for --by-hand

    progress = watcher(silent=not session.interactive or session.quiet)
    session.pause_progress = progress.pause
    with Signals() as signals:
        outcome = send(session.app, progress, signals, keep_backoff=scheduled, wait_s=wait_s)
    if outcome.indexes_rebuilt:
        print_error_line(style_warning(rebuilt_text()))
    if session.json:
        _print_json(session, outcome)
    else:
        _show_outcome(session, outcome)
    return outcome.exit_code


def _show_outcome(session: Session, outcome: Outcome) -> None:
    """Show the error, what was refused, what is strange, and the counts."""
    # An error that passes by itself is not shown with --quiet: cron would mail it each time.
    passes = session.quiet and outcome.error is not None and outcome.error.exit_code is Exit.NOT_NOW
    if outcome.error is not None and not passes and not is_doubt(outcome):
        show_error(outcome.error)
    for verdict in outcome.verdicts.values():
        for finding in verdict.errors:
            print_error_line(style_error(_("Refused: {id}").format(id=short_id(verdict.id))))
            print_error_line(finding_line(finding))
    show_changed(outcome)
    if outcome.clock_skew is not None:
        print_error_line(style_warning(clock_skew_text(outcome.clock_skew)))
    for number, count in outcome.repeated_receipts.items():
        line = _("The authority gave one receipt number to {count} guests: {number}. Ask the authority.")
        print_error_line(style_warning(line.format(count=count, number=sanitize(number))))
    zone = session.app.settings.zone
    if outcome.busy:
        show_busy(outcome, session.app.clock.now(), zone, quiet=session.quiet)
    elif not session.quiet:
        _show_counts(outcome, zone)


def _show_counts(outcome: Outcome, zone: tzinfo) -> None:
    print_line(_outcome_text(outcome))
    if outcome.time_over:
        print_line(time_over_text())
    if outcome.broken_off_until is not None:
        print_line(_broken_off_text(outcome.broken_off, moment_text(outcome.broken_off_until, zone)))


def _broken_off_text(count: int, until: str) -> str:
    """Return why reports still wait, and until when."""
    message = nmsg(
        "{count} of these was being sent by a run that was broken off. It can be sent again after {until}.",
        "{count} of these were being sent by a run that was broken off. They can be sent again after {until}.",
        count,
        until=until,
    )
    return text(message)


def _print_json(session: Session, outcome: Outcome) -> None:
    names = ("sent", "accepted", "pending", "rejected", "duplicate", "deferred", "left", "offline", "stopped")
    value = {name: getattr(outcome, name) for name in names}
    error = None if outcome.error is None else error_fields(outcome.error)
    zone = session.app.settings.zone
    until = outcome.broken_off_until
    print_json(
        {
            **value,
            "error": error,
            "busy": outcome.busy,
            "holder": holder_value(outcome.holder, zone),
            "clock_skew_s": whole_seconds(outcome.clock_skew),
            "broken_off_until": None if until is None else instant(until.astimezone(zone)),
            "repeated_receipts": outcome.repeated_receipts,
            "doubts": doubt_values(outcome.doubts),
            "repaired": list(outcome.repaired),
            "closed_without_key": list(outcome.closed),
        }
    )


def _outcome_text(outcome: Outcome) -> str:
    if not outcome.verdicts and not outcome.left and outcome.error is None:
        return _("Nothing is waiting.")
    parts = [style_success(_("sent {count}").format(count=outcome.accepted + outcome.duplicate))]
    for count, label in (
        (outcome.duplicate, _("{count} of these had been reported before")),
        (outcome.pending, _("waiting for a decision {count}")),
        (outcome.rejected, _("refused {count}")),
        (outcome.deferred, _("put off by the authority {count}")),
        (outcome.left, _("still waiting {count}")),
    ):
        if count:
            parts.append(style_warning(label.format(count=count)))
    return ", ".join(parts)


def _repairing(session: Session, work: Callable[[], Exit]) -> Exit:
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
    """Rebuild damaged indexes, say so, and return whether this was done. Not while another process delivers."""
    with session.app.outbox.delivery_lock(0) as acquired:
        rebuilt = acquired and session.app.outbox.rebuild_indexes()
    if rebuilt:
        print_error_line(style_warning(rebuilt_text()))
    return rebuilt


def _write_sheet(session: Session, path: Path, *, force: bool) -> Exit:
    """Write a sheet of paper with what waits. Nothing is sent."""
    from apoa_client.cli.documents.by_hand_sheet import write_sheet  # templates are slow to load
    from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT

    count = write_sheet(session.app, path, force=force)
    if not count:
        print_error_line(_("Nothing is waiting, so no sheet was written."))
    else:
        if path != STANDARD_OUTPUT and not session.json:
            print_line(style_success(_("The sheet is written: {file}").format(file=sanitize(str(path)))))
            print_line(_("Reports on it: {count}").format(count=count))
        print_error_line(
            _("It holds guests' personal data: print it, then delete the file. Destroy the paper when all is filed.")
        )
    if session.json:
        _print_json(session, Outcome(left=_waiting(_summary(session))))
    return Exit.DONE


def _report_by_hand(session: Session, *, interactive: bool) -> Exit:
    """Let the user type what waits into APOA, or show how much waits. Nothing is sent."""
    filed = 0
    outcome = Outcome()
    _check(session, outcome)  # before the first report is shown
    if interactive:
        from apoa_client.cli.prompts.by_hand import ByHandConversation  # only at a terminal

        filed = ByHandConversation(session.app).run()
        _check(session, outcome)  # with the key, which the first report needed
    summary = _summary(session)
    left = _waiting(summary)
    outcome.accepted, outcome.left = filed, left
    if not session.json:
        show_changed(outcome)
    waiting = _("Waiting to be typed into APOA: {count}. Type it in with: apoa sync --by-hand").format(count=left)
    if session.json:
        _print_json(session, outcome)
    elif interactive and (filed or left):
        parts = [style_success(_("recorded {count}").format(count=filed))]
        if left:
            parts.append(style_warning(_("still waiting {count}").format(count=left)))
        print_line(", ".join(parts))
    elif interactive or not session.quiet:
        print_line(waiting if left else _("Nothing is waiting."))
    elif left and (summary.overdue or summary.due_soon):
        print_error_line(style_warning(waiting))
        near = _("Overdue: {late}. Due within 6 hours: {soon}.")
        print_error_line(style_warning(near.format(late=summary.overdue, soon=summary.due_soon)))
    return outcome.exit_code


def _check(session: Session, outcome: Outcome) -> None:
    """Check what another program may have changed, as a delivery does, and note it. Not while another one delivers."""
    app = session.app
    with app.outbox.delivery_lock(0) as acquired:
        if acquired:
            authenticate(app.outbox, app.run_counter, outcome)


def _summary(session: Session) -> Summary:
    now = session.app.clock.now()
    return session.app.outbox.summary(now=now, soon=now + SOON)


def _waiting(summary: Summary) -> int:
    return summary.counts[State.QUEUED] + summary.counts[State.SENDING]
