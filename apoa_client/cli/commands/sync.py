"""`apoa sync`: deliver what waits, by hand or from cron."""

import random
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import (
    print_error_line,
    print_json,
    print_line,
    style_error,
    style_success,
    style_warning,
)
from apoa_client.cli.terminal.progress import ProgressBar, watcher
from apoa_client.cli.terminal.signals import Signals
from apoa_client.cli.views.findings import error_fields, finding_line, show_error
from apoa_client.cli.views.labels import clock_skew_text, whole_seconds
from apoa_client.delivery.options import Outcome, RunOptions
from apoa_client.errors import ApoaError, Exit
from apoa_client.report.kinds import short_id

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
    "--by-hand", is_flag=True, text=N_("Send nothing: lay out what waits for typing into APOA, and file its numbers.")
)
@option("--sheet", type=click.Path(path_type=Path), metavar="FILE", text=N_("With --by-hand: write a sheet to print."))
@option("--force", is_flag=True, text=N_("Replace an earlier sheet of this name."))
@option("--quiet", "-q", is_flag=True, text=N_("Say only what a person must act on."))
@option("--json", "as_json", is_flag=True, text=N_("Print one JSON document."))
@click.pass_obj
def sync(session: Session, /, *, scheduled: bool, wait_s: float | None, as_json: bool, **manner: Any) -> int:  # noqa: ANN401  click's
    """Run one delivery, or have people type what waits; say what it came to."""
    session.json = as_json
    session.quiet = session.quiet or manner["quiet"] or scheduled
    if session.app.settings.by_hand or manner["by_hand"] or manner["sheet"] is not None:
        code = _type_in(session, manner, asking=session.terminal and not (scheduled or as_json))
    else:
        code = _deliver(session, RunOptions(session.app.settings.fingerprint, keep_backoff=scheduled, wait_s=wait_s))
    if not scheduled:
        return code
    purged = _purge(session)
    _notify(session)
    return code or purged


def _deliver(session: Session, terms: RunOptions) -> Exit:
    from apoa_client.delivery.sync import deliver  # not for --by-hand

    if terms.keep_backoff:
        _pause()
    bar = watcher(silent=not session.terminal or session.json or session.quiet)
    if isinstance(bar, ProgressBar):
        session.pause_progress = bar.pause_progress
    with Signals() as signals:
        outcome = deliver(session.app.delivery_dependencies(bar, signals), terms)
    if session.json:
        print_json(_value(outcome))
    else:
        _say(session, outcome)
    return outcome.exit_code


def _type_in(session: Session, manner: Mapping[str, Any], *, asking: bool) -> Exit:
    """Nothing is sent. A sheet that is written is done; whatever else waits is left for later."""
    from apoa_client.cli.commands.by_hand import Sheet, report_by_hand  # not for whoever sends

    sheet = Sheet(manner["sheet"], manner["force"]) if manner["sheet"] is not None else None
    outcome = report_by_hand(session, sheet, asking=asking)
    if session.json:
        print_json(_value(outcome))
    return Exit.DONE if sheet is not None else outcome.exit_code


def _purge(session: Session) -> Exit:
    """Once a day, erase what is old enough: quietly, and whatever the line did."""
    try:
        session.app.retention.purge_daily()
    except ApoaError as exc:
        show_error(exc)
        return exc.exit_code
    return Exit.DONE


def _notify(session: Session) -> None:
    """Tell on the desktop what a person must act on: what automatic sending prints, nobody sees."""
    from apoa_client.cli.commands.deadline_notice import notify  # for the schedule alone

    notify(session.app)


def _pause() -> None:
    """Spread the properties of a country over a minute: cron starts them all in the same second."""
    threading.Event().wait(random.uniform(0, _LONGEST_PAUSE_S))  # noqa: S311  jitter, not a secret


def _value(outcome: Outcome) -> dict[str, Any]:
    names = ("sent", "accepted", "pending", "rejected", "duplicate", "deferred", "left", "offline", "stopped")
    value = {name: getattr(outcome, name) for name in names}
    error = None if outcome.error is None else error_fields(outcome.error)
    return {**value, "error": error, "busy": outcome.busy, "clock_skew_s": whole_seconds(outcome.clock_skew)}


def _say(session: Session, outcome: Outcome) -> None:
    """What a person must act on is always said; being offline is not that, and cron would mail it each time."""
    if outcome.error is not None and not (session.quiet and outcome.error.exit_code is Exit.NOT_NOW):
        show_error(outcome.error)
    for verdict in outcome.verdicts.values():
        for finding in verdict.errors:
            print_error_line(style_error(_("Refused: {id}").format(id=short_id(verdict.id))))
            print_error_line(finding_line(finding))
    if outcome.clock_skew is not None:
        print_error_line(style_warning(clock_skew_text(outcome.clock_skew)))
    if not session.quiet:
        print_line(_came_to(outcome))


def _came_to(outcome: Outcome) -> str:
    if outcome.busy:
        return _("Another apoa command is sending at this moment. It sends what waits here, too.")
    idle = not outcome.verdicts and not outcome.left and outcome.error is None
    return _("Nothing is waiting.") if idle else _summary(outcome)


def _summary(outcome: Outcome) -> str:
    parts = [style_success(_("sent {count}").format(count=outcome.accepted + outcome.duplicate))]
    for count, words in (
        (outcome.duplicate, _("{count} of these had been reported before")),
        (outcome.pending, _("waiting for a decision {count}")),
        (outcome.rejected, _("refused {count}")),
        (outcome.deferred, _("put off by the authority {count}")),
        (outcome.left, _("still waiting {count}")),
    ):
        if count:
            parts.append(style_warning(words.format(count=count)))
    return ", ".join(parts)
