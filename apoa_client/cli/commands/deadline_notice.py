"""The desktop notice of automatic sending: reports that were refused, are overdue, or are due soon.

It shows counts and no personal data, because anyone near the desk may read it. The same notice is repeated only after
some hours.
"""

import hashlib
import logging

from apoa_client.app.container import Container
from apoa_client.cli.terminal.desktop_notice import Notice, show_notice
from apoa_client.cli.terminal.language import _
from apoa_client.desk.attention import AttentionList, attention_list
from apoa_client.errors import ApoaError
from apoa_client.ports import Selection
from apoa_client.report.deadline import SOON
from apoa_client.report.kinds import OPEN_STATES
from apoa_client.settings.config import ON, PropertySettings
from apoa_client.settings.user import user_id

_log = logging.getLogger(__name__)

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
    attention = attention_list(app.outbox.entries(Selection(states=OPEN_STATES)), now, now + SOON)
    lines = [f"{name} {entry.id}" for name, entries in attention._asdict().items() for entry in entries]
    if not lines:
        return
    code = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]  # a hash of ids: no personal data
    last = app.outbox.last_notice()
    # A clock that was set back leaves the time of the last notice in doubt.
    if last is not None and last[0] == code and last[1] <= now < last[1] + _REPEAT_AFTER:
        return
    if show_notice(_notice(app.settings, attention), app.environ, user_id()):
        app.outbox.record_notice(code, now)


def _notice(settings: PropertySettings, attention: AttentionList) -> Notice:
    title = _("apoa, {name}: training") if settings.uses_sandbox else _("apoa, {name}: please look")
    lines = [
        _("Refused: {count}").format(count=len(attention.refused)) if attention.refused else "",
        _("Overdue: {count}").format(count=len(attention.overdue)) if attention.overdue else "",
        _("Due within 6 hours: {count}").format(count=len(attention.due)) if attention.due else "",
        _("What to do: apoa status"),
    ]
    urgent = bool(attention.refused or attention.overdue)
    return Notice(title.format(name=settings.name), "\n".join(filter(None, lines)), urgent=urgent)
