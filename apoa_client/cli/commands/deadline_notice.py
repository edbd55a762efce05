"""Which reports automatic sending tells a user about: those that were refused, are overdue, or are due soon.

The notice on the desktop shows counts and no personal data, because anyone near the desk may read it. The same is shown
again only after some hours.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.cli.terminal.desktop_notice import Notice, show_notice
from apoa_client.cli.terminal.language import _
from apoa_client.desk.attention import due_reports, refused_reports
from apoa_client.errors import ApoaError
from apoa_client.ports.entries import Entry
from apoa_client.ports.outbox import ReportReader
from apoa_client.report.deadline import SOON
from apoa_client.settings.config import ON, PropertySettings
from apoa_client.settings.folders import user_id

_log = logging.getLogger(__name__)

_REFUSED, _OVERDUE, _DUE = "refused", "overdue", "due"

REPEAT_AFTER = SOON
"""When the same is shown again."""


class Attention(NamedTuple):
    """The reports that a user must act on: how many are refused, overdue and due soon, and a code of which they are."""

    refused: int = 0
    overdue: int = 0
    due_soon: int = 0
    code: str = ""
    """A hash of ids: no personal data. Empty for no report."""


def find_attention(reports: ReportReader, now: datetime) -> Attention:
    """Return which reports a user must act on now."""
    counts, hashed = Counter[str](), hashlib.sha256()
    for name, entry in _needing_attention(reports, now):
        counts[name] += 1
        hashed.update(f"{name} {entry.id}\n".encode())
    code = hashed.hexdigest()[:16] if counts else ""
    return Attention(counts[_REFUSED], counts[_OVERDUE], counts[_DUE], code)


def is_repeated(shown_at: datetime | None, now: datetime) -> bool:
    """Return whether what was shown at `shown_at` is not shown again yet.

    A clock that was set back leaves that time in doubt.
    """
    return shown_at is not None and shown_at <= now < shown_at + REPEAT_AFTER


def notify(app: Container, attention: Attention) -> None:
    """Show a notice if there is something new to show and the settings allow it. A failure is only logged."""
    try:
        if attention.code and app.settings.notify == ON:
            _notify(app, attention)
    except ApoaError as exc:
        _log.info("no notice: %s", exc.name)


def _notify(app: Container, attention: Attention) -> None:
    now = app.clock.now()
    last = app.outbox.last_notice()
    if last is not None and last[0] == attention.code and is_repeated(last[1], now):
        return
    if show_notice(_notice(app.settings, attention), app.environ, user_id()):
        app.outbox.record_notice(attention.code, now)


def _needing_attention(reports: ReportReader, now: datetime) -> Iterator[tuple[str, Entry]]:
    """Yield the reports that a notice is about, each with the name of what is wrong with it."""
    for entry in reports.entries(refused_reports()):
        yield _REFUSED, entry
    for entry in reports.entries(due_reports(now + SOON)):
        yield _OVERDUE if entry.due_at is not None and entry.due_at < now else _DUE, entry


def _notice(settings: PropertySettings, attention: Attention) -> Notice:
    title = _("apoa, {name}: training") if settings.uses_sandbox else _("apoa, {name}: please look")
    lines = [*attention_lines(attention), _("What to do: apoa status")]
    return Notice(
        title.format(name=settings.name), "\n".join(lines), urgent=bool(attention.refused or attention.overdue)
    )


def attention_lines(attention: Attention) -> list[str]:
    """Return a line for each kind of report that a user must act on."""
    lines = (
        (attention.refused, _("Refused: {count}")),
        (attention.overdue, _("Overdue: {count}")),
        (attention.due_soon, _("Due within 6 hours: {count}")),
    )
    return [line.format(count=count) for count, line in lines if count]
