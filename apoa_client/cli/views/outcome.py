"""The outcome of a delivery, on a screen and as JSON."""

import hashlib
from collections.abc import Callable
from datetime import tzinfo
from typing import Any, TypeAlias

from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import (
    print_error_line,
    print_line,
    sanitize,
    style_error,
    style_success,
    style_warning,
)
from apoa_client.cli.views.findings import (
    doubt_values,
    error_fields,
    finding_line,
    is_doubt,
    moment_value,
    show_changed,
    show_error,
)
from apoa_client.cli.views.labels import clock_skew_text, lease_text, time_over_text, whole_seconds
from apoa_client.delivery.options import Outcome
from apoa_client.errors import ApoaError, CallRefused, Exit
from apoa_client.messages import msg
from apoa_client.ports.authority import Status
from apoa_client.report.kinds import State, short_id

Show: TypeAlias = Callable[[str, Callable[[], object]], None]
"""Shows something that lasts, by calling its second argument. The first is a code of what it is, without blanks."""


def show_outcome(outcome: Outcome, zone: tzinfo, *, quiet: bool, show_unattended: Show | None = None) -> None:
    """Show the error, what was refused, what is strange, and the counts. With `quiet`, only what a user must act on.

    `show_unattended` is given for a run whose output is mailed or logged: it decides what is shown again, and no text
    of the authority is shown, because that may quote a passport.
    """
    show = show_unattended or (lambda _code, show_now: show_now())
    error = outcome.error
    # An error that passes by itself is not shown with --quiet: cron would mail it each time.
    passes = quiet and error is not None and error.exit_code is Exit.NOT_NOW
    if error is not None and not passes and not is_doubt(outcome):
        shown = error if show_unattended is None else without_quotation(error)
        show(f"error:{error.name}", lambda: show_error(shown))
    _show_refused(outcome, quoting=show_unattended is None)
    if outcome.repaired or outcome.doubts:
        ids = [*outcome.repaired, *(f"{doubt.kind.value}{doubt.report}" for doubt in outcome.doubts)]
        code = hashlib.sha256(" ".join(ids).encode()).hexdigest()[:16]
        show(f"changed:{code}", lambda: show_changed(outcome))
    skew = outcome.clock_skew
    if skew is not None:
        show("clock", lambda: print_error_line(style_warning(clock_skew_text(skew))))
    for number, count in outcome.repeated_receipts.items():
        line = _("The authority gave one receipt number to {count} guests: {number}. Ask the authority.")
        print_error_line(style_warning(line.format(count=count, number=sanitize(number))))
    if not quiet:
        _show_counts(outcome, zone)


def _show_refused(outcome: Outcome, *, quoting: bool) -> None:
    """Show what was refused: with `quoting` what the authority says, else only the ids."""
    for verdict in outcome.verdicts.values():
        if quoting:
            for finding in verdict.errors:
                print_error_line(style_error(_("Refused: {id}").format(id=short_id(verdict.id))))
                print_error_line(finding_line(finding))
        elif verdict.refused:
            line = _("Refused: {id}. See why: apoa show {id}").format(id=short_id(verdict.id))
            print_error_line(style_error(line))


def without_quotation(error: ApoaError) -> ApoaError:
    """Return the error without what it quotes of the authority, which may be about a guest."""
    if not isinstance(error, CallRefused):
        return error
    return CallRefused(msg("The authority does not accept what we sent."), error.advice, name=error.name)


def _show_counts(outcome: Outcome, zone: tzinfo) -> None:
    print_line(outcome_text(outcome))
    if outcome.unchecked:
        print_line(_("Not checked for changes by other programs: the private key is not at hand."))
    if outcome.time_over:
        print_line(time_over_text())
    if outcome.leased_until is not None:
        print_line(lease_text(outcome.leased, outcome.leased_until, zone))


def outcome_text(outcome: Outcome) -> str:
    """Return the counts in a line."""
    photos = outcome.photos_sent, outcome.photos_refused, outcome.photos_left
    if not (outcome.verdicts or outcome.left or any(photos)) and outcome.error is None:
        return _("Nothing is waiting.")
    parts = []
    done = [each for each in Status if each.state is State.ACCEPTED]
    others = [each for each in Status if each not in done]
    if outcome.verdicts or not any(photos):
        count = sum(outcome.counts[each] for each in done)
        parts.append(style_success(_(Status.ACCEPTED.meaning.counted.template).format(count=count)))
    if outcome.photos_sent:
        parts.append(style_success(_("Photos sent: {count}.").format(count=outcome.photos_sent)))
    for count, label in (
        *((outcome.counts[each], _(each.meaning.counted.template)) for each in (*done[1:], *others)),
        (outcome.left, _("Still waiting: {count}.")),
        (outcome.photos_refused, _("Photos refused: {count}.")),
        (outcome.photos_left, _("Photos still waiting: {count}.")),
    ):
        if count:
            parts.append(style_warning(label.format(count=count)))
    return " ".join(parts)


def outcome_counts(outcome: Outcome) -> dict[str, int]:
    """Return the counts of an outcome, as in JSON and in the log."""
    counts = {"sent": outcome.sent, **{each.value: outcome.counts[each] for each in Status}}
    return counts | {name: getattr(outcome, name) for name in ("left", "photos_sent", "photos_refused", "photos_left")}


def outcome_json(outcome: Outcome, zone: tzinfo) -> dict[str, Any]:
    """Return the document of ``sync --json``."""
    return {
        **outcome_counts(outcome),
        "offline": outcome.offline,
        "stopped": outcome.stopped,
        "error": None if outcome.error is None else error_fields(outcome.error),
        "clock_skew_s": whole_seconds(outcome.clock_skew),
        "leased_until": moment_value(outcome.leased_until, zone),
        "repeated_receipts": outcome.repeated_receipts,
        "doubts": doubt_values(outcome.doubts),
        "unchecked": outcome.unchecked,
        "repaired": list(outcome.repaired),
    }
