"""The desktop notice of automatic sending: reports that were refused, are overdue, or are due soon.

It shows counts and no personal data, because anyone near the desk may read it. The same notice is repeated only after
some hours.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from apoa_client.app.container import Container
from apoa_client.cli.terminal.desktop_notice import Notice, show_notice
from apoa_client.cli.terminal.language import _
from apoa_client.desk.attention import due_reports, refused_reports
from apoa_client.errors import ApoaError
from apoa_client.ports.entries import Entry
from apoa_client.ports.outbox import ReportReader
from apoa_client.report.deadline import SOON
from apoa_client.settings.config import ON, PropertySettings
from apoa_client.settings.user import user_id

_log = logging.getLogger(__name__)

_REFUSED, _OVERDUE, _DUE = "refused", "overdue", "due"

_REPEAT_AFTER = SOON
"""When the same notice is shown again."""


def notify(app: Container) -> None:
    """Show a notice if there is something new to show and the settings allow it. A failure is only logged."""
    try:
        if app.settings.notify == ON:
            _notify(app)
    except ApoaError as exc:
        _log.info("no notice: %s", exc.name)


def _notify(app: Container) -> None:
    now = app.clock.now()
    counts, hashed = Counter[str](), hashlib.sha256()
    for name, entry in _needing_attention(app.outbox, now):
        counts[name] += 1
        hashed.update(f"{name} {entry.id}\n".encode())
    if not counts:
        return
    code = hashed.hexdigest()[:16]  # a hash of ids: no personal data
    last = app.outbox.last_notice()
    # A clock that was set back leaves the time of the last notice in doubt.
    if last is not None and last[0] == code and last[1] <= now < last[1] + _REPEAT_AFTER:
        return
    if show_notice(_notice(app.settings, counts), app.environ, user_id()):
        app.outbox.record_notice(code, now)


def _needing_attention(reports: ReportReader, now: datetime) -> Iterator[tuple[str, Entry]]:
    """Yield the reports that a notice is about, each with the name of what is wrong with it."""
    for entry in reports.entries(refused_reports()):
        yield _REFUSED, entry
    for entry in reports.entries(due_reports(now + SOON)):
        yield _OVERDUE if entry.due_at is not None and entry.due_at < now else _DUE, entry


def _notice(settings: PropertySettings, counts: Counter[str]) -> Notice:
    title = _("apoa, {name}: training") if settings.uses_sandbox else _("apoa, {name}: please look")
    lines = [
        _("Refused: {count}").format(count=counts[_REFUSED]) if counts[_REFUSED] else "",
        _("Overdue: {count}").format(count=counts[_OVERDUE]) if counts[_OVERDUE] else "",
        _("Due within 6 hours: {count}").format(count=counts[_DUE]) if counts[_DUE] else "",
        _("What to do: apoa status"),
    ]
    urgent = bool(counts[_REFUSED] or counts[_OVERDUE])
    return Notice(title.format(name=settings.name), "\n".join(filter(None, lines)), urgent=urgent)
