"""`apoa sync`: deliver what waits, by hand or from cron."""

import random
import threading
from typing import Any

import click

from apoa_client.cli.base import command, option
from apoa_client.cli.findings import finding_line, plain_error, show_error
from apoa_client.cli.interruptions import Signals
from apoa_client.cli.language import N_, _
from apoa_client.cli.progress import watcher
from apoa_client.cli.screen import bad, careful, document, good, remark, result
from apoa_client.cli.session import Session
from apoa_client.cli.words import seconds, skew_text
from apoa_client.delivery.sync import Outcome, Terms
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
@option("--quiet", "-q", is_flag=True, text=N_("Say only what a person must act on."))
@option("--json", "as_json", is_flag=True, text=N_("Print one JSON document."))
@click.pass_obj
def sync(session: Session, *, scheduled: bool, wait_s: float | None, quiet: bool, as_json: bool) -> int:
    """Run one delivery and say what it came to."""
    session.json = as_json
    session.quiet = session.quiet or quiet or scheduled
    if scheduled:
        _pause()
    bar = watcher(session)
    terms = Terms(session.app.house.fingerprint, keep_backoff=scheduled, wait_s=wait_s)
    with Signals() as signals:
        outcome = session.app.deliver(terms, bar, signals)
    if as_json:
        document(_value(outcome))
    else:
        _say(session, outcome)
    purged = _purge(session) if scheduled else Exit.DONE
    return outcome.exit_code or purged


def _purge(session: Session) -> Exit:
    """Once a day, erase what is old enough: quietly, and whatever the line did."""
    try:
        session.app.purge_daily()
    except ApoaError as exc:
        show_error(exc)
        return exc.exit_code
    return Exit.DONE


def _pause() -> None:
    """Spread the properties of a country over a minute: cron starts them all in the same second."""
    threading.Event().wait(random.uniform(0, _LONGEST_PAUSE_S))  # noqa: S311  jitter, not a secret


def _value(outcome: Outcome) -> dict[str, Any]:
    names = ("sent", "accepted", "pending", "rejected", "duplicate", "deferred", "left", "offline", "stopped")
    value = {name: getattr(outcome, name) for name in names}
    error = None if outcome.error is None else plain_error(outcome.error)
    return {**value, "error": error, "busy": outcome.busy, "clock_skew_s": seconds(outcome.clock_skew)}


def _say(session: Session, outcome: Outcome) -> None:
    """What a person must act on is always said; being offline is not that, and cron would mail it each time."""
    if outcome.error is not None and not (session.quiet and outcome.error.exit_code is Exit.NOT_NOW):
        show_error(outcome.error)
    for verdict in outcome.verdicts.values():
        for finding in verdict.errors:
            remark(bad(_("Refused: {id}").format(id=short_id(verdict.id))))
            remark(finding_line(finding))
    if outcome.clock_skew is not None:
        remark(careful(skew_text(outcome.clock_skew)))
    if not session.quiet:
        result(_came_to(outcome))


def _came_to(outcome: Outcome) -> str:
    if outcome.busy:
        return _("Another apoa command is sending at this moment. It sends what waits here, too.")
    idle = not outcome.verdicts and not outcome.left and outcome.error is None
    return _("Nothing is waiting.") if idle else _summary(outcome)


def _summary(outcome: Outcome) -> str:
    parts = [good(_("sent {count}").format(count=outcome.accepted + outcome.duplicate))]
    for count, words in (
        (outcome.duplicate, _("{count} of these had been reported before")),
        (outcome.pending, _("waiting for a decision {count}")),
        (outcome.rejected, _("refused {count}")),
        (outcome.deferred, _("put off by the authority {count}")),
        (outcome.left, _("still waiting {count}")),
    ):
        if count:
            parts.append(careful(words.format(count=count)))
    return ", ".join(parts)
