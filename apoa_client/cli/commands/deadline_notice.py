"""What automatic sending tells on the desktop: that something was refused, is late, or soon will be.

Counts alone, never anything of a guest's: whoever walks past the desk may read it. It is not repeated at each run, only
where there is something else to tell or the last notice is hours old.
"""

import hashlib
import logging
from datetime import datetime

from apoa_client.app.container import Container
from apoa_client.cli.terminal.desktop_notice import Notice, show
from apoa_client.cli.terminal.language import _
from apoa_client.desk.attention import AttentionList, attention_list
from apoa_client.errors import ApoaError
from apoa_client.ports import Selection
from apoa_client.report.deadline import SOON
from apoa_client.report.kinds import OPEN_STATES
from apoa_client.settings.config import ON, PropertySettings
from apoa_client.settings.user import user_id

_log = logging.getLogger(__name__)

_AGAIN = SOON
"""How long what nobody acted on is not told again."""


def notify(app: Container) -> None:
    """Tell it where there is any, the settings do not forbid it, and it is new. A failure is logged, and no more."""
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
    if _told(app.outbox.last_notice(), code, now):
        return
    if show(_notice(app.settings, attention), app.environ, user_id()):
        app.outbox.record_notice(code, now)


def _told(last: tuple[str, datetime] | None, code: str, now: datetime) -> bool:
    """Whether just this was told lately; a clock that was set back since leaves that in doubt."""
    return last is not None and last[0] == code and last[1] <= now < last[1] + _AGAIN


def _notice(settings: PropertySettings, attention: AttentionList) -> Notice:
    title = _("apoa, {name}: training") if settings.uses_sandbox else _("apoa, {name}: please look")
    lines = [
        _("Refused: {count}").format(count=len(attention.refused)) if attention.refused else "",
        _("Overdue: {count}").format(count=len(attention.overdue)) if attention.overdue else "",
        _("Due within 6 hours: {count}").format(count=len(attention.due)) if attention.due else "",
        _("What to do: apoa status"),
    ]
    pressing = bool(attention.refused or attention.overdue)
    return Notice(title.format(name=settings.name), "\n".join(filter(None, lines)), pressing=pressing)
