"""Every property in one table, as `apoa status --all` shows them."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_line, sanitize, style_error, style_warning
from apoa_client.cli.terminal.tables import show_table
from apoa_client.cli.views.labels import moment_text
from apoa_client.ports.state import Summary
from apoa_client.report.kinds import State
from apoa_client.settings.config import PropertySettings


class PropertyState(NamedTuple):
    """A property and what waits there; without a summary, it could not be read."""

    label: str
    settings: PropertySettings | None = None
    summary: Summary | None = None


def show_properties(states: Iterable[PropertyState]) -> None:
    """Show a row for each property, and how to see more of one."""
    heads = (
        _("Property"),
        _("Waiting"),
        _("Refused"),
        _("Overdue"),
        _("Delivery"),
        _("Next deadline"),
        _("Last contact"),
    )
    show_table(heads, [_row(state) for state in states])
    print_line()
    print_line(_("More about one: apoa --property NAME status"))


def _row(state: PropertyState) -> tuple[str, ...]:
    label, settings, summary = state
    if settings is None or summary is None:
        return (sanitize(label), "", "", "", style_error(_("cannot be read")), "", "")
    counts = summary.counts
    due, contact = (
        moment_text(moment, settings.zone) if moment is not None else "" if settings.by_hand else "-"
        for moment in (summary.next_due_at, summary.last_contact_at)
    )
    return (
        sanitize(label),
        _number(counts[State.QUEUED] + counts[State.SENDING], style_warning),
        _number(counts[State.REJECTED], style_error),
        _number(summary.overdue, style_error),
        _sending(settings, summary),
        *(due, contact),
    )


def _number(count: int, style: Callable[[str], str]) -> str:
    return style(str(count)) if count else "0"


def _sending(settings: PropertySettings, summary: Summary) -> str:
    """Return what is special about the sending, if anything is."""
    if summary.current_suspension(lambda: settings.fingerprint) is not None:
        return style_error(_("STOPPED"))
    if settings.by_hand:
        return _("by hand")
    return _("training") if settings.is_training else ""
