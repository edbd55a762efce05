"""What another program changed in the outbox, on a screen and as JSON."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_error_line, style_error
from apoa_client.errors import Exit, NotAuthentic, worst_exit
from apoa_client.ports.doubts import Doubt
from apoa_client.report.kinds import short_id

if TYPE_CHECKING:
    from apoa_client.delivery.options import Outcome

_MAX_SHOWN = 20


def doubt_values(doubts: Iterable[Doubt]) -> list[dict[str, Any]]:
    """Return doubts as JSON values: each a kind, and a report's id or null for the whole outbox."""
    return [{"kind": doubt.kind.value, "id": doubt.report or None} for doubt in doubts]


def show_doubts(doubts: Sequence[Doubt]) -> Exit:
    """Show each on stderr, and then what to do. Return the exit code."""
    if not doubts:
        return Exit.DONE
    errors = [doubt.error() for doubt in doubts]
    for error in errors[:_MAX_SHOWN]:
        print_error_line(style_error(text(error.message)))
    for advice in dict.fromkeys(text(error.advice) for error in errors if error.advice is not None):
        print_error_line(advice)
    return worst_exit(error.exit_code for error in errors)


def show_changed(outcome: "Outcome") -> None:
    """Show what another program changed in the outbox."""
    for report_id in outcome.repaired:
        line = _("Report {id} was changed, and not by apoa-client. It is again as the authority has it.")
        print_error_line(style_error(line.format(id=short_id(report_id))))
    show_doubts(outcome.doubts)


def is_doubt(outcome: "Outcome") -> bool:
    """Return whether the error of a run is one of the doubts that `show_changed` shows."""
    return bool(outcome.doubts) and isinstance(outcome.error, NotAuthentic)
