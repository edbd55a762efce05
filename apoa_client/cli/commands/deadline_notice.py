"""What automatic sending tells on the desktop: that something was refused, is late, or soon will be.

Counts alone, never anything of a guest's: whoever walks past the desk may read it. It is not repeated at each run, only
where there is something else to tell or the last notice is hours old.
"""

import hashlib
import logging
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.cli.terminal.desktop_notice import Notice, show
from apoa_client.cli.terminal.language import _
from apoa_client.errors import ApoaError
from apoa_client.ports import Entry, Selection
from apoa_client.report.deadline import SOON
from apoa_client.report.kinds import OPEN_STATES, State
from apoa_client.settings.config import ON, PropertySettings
from apoa_client.settings.user import user_id

_log = logging.getLogger(__name__)

_AGAIN = SOON
"""How long what nobody acted on is not told again."""


class _News(NamedTuple):
    """The open reports that a person should see to; each counts once."""

    refused: list[Entry]
    late: list[Entry]
    soon: list[Entry]

    @property
    def code(self) -> str:
        """Changes when any of it does. A hash of ids: nothing of a guest's."""
        lines = [f"{name} {entry.id}" for name, entries in self._asdict().items() for entry in entries]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def notify(app: Container) -> None:
    """Tell it where there is any, the settings do not forbid it, and it is new. A failure is logged, and no more."""
    try:
        if app.settings.notify == ON:
            _notify(app)
    except ApoaError as exc:
        _log.info("no notice: %s", exc.name)


def _notify(app: Container) -> None:
    now = app.clock.now()
    news = _news(app.outbox.entries(Selection(states=OPEN_STATES)), now)
    if not any(news) or _told(app.outbox.last_notice(), news.code, now):
        return
    if show(_notice(app.settings, news), app.environ, user_id()):
        app.outbox.record_notice(news.code, now)


def _news(entries: Iterable[Entry], now: datetime) -> _News:
    news = _News([], [], [])
    for entry in entries:
        if entry.state is State.REJECTED:
            news.refused.append(entry)
        elif entry.due_at is not None and entry.due_at < now + SOON:
            (news.late if entry.due_at < now else news.soon).append(entry)
    return news


def _told(last: tuple[str, datetime] | None, code: str, now: datetime) -> bool:
    """Whether just this was told lately; a clock that was set back since leaves that in doubt."""
    return last is not None and last[0] == code and last[1] <= now < last[1] + _AGAIN


def _notice(settings: PropertySettings, news: _News) -> Notice:
    title = _("apoa, {name}: training") if settings.training else _("apoa, {name}: please look")
    lines = [
        _("Refused: {count}").format(count=len(news.refused)) if news.refused else "",
        _("Overdue: {count}").format(count=len(news.late)) if news.late else "",
        _("Due within 6 hours: {count}").format(count=len(news.soon)) if news.soon else "",
        _("What to do: apoa status"),
    ]
    pressing = bool(news.refused or news.late)
    return Notice(title.format(name=settings.name), "\n".join(filter(None, lines)), pressing=pressing)
