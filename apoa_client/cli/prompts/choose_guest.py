"""A stay with its current report, opened for a question, a list or a change."""

from typing import TypeAlias

from apoa_client.app.container import Container
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import side_by_side
from apoa_client.cli.views.labels import day_text
from apoa_client.cli.views.opened_report import OpenedReport
from apoa_client.cli.views.report_reader import open_if_possible
from apoa_client.desk.stay_history import StayHistory

StayAndReport: TypeAlias = tuple[StayHistory, OpenedReport]
"""A stay with its current report."""


def open_current_report(app: Container, history: StayHistory) -> OpenedReport:
    """Return a stay's current report, without content if it cannot be opened: most changes need no key."""
    current = history.current_report
    content = open_if_possible(app, current) if current is not None else None
    return OpenedReport(history.display_report, content, content.report if content is not None else None)


def guests_due_to_leave(app: Container) -> list[StayAndReport]:
    """Return the guests in house whose planned day of departure has come. Needs no key."""
    today = app.today
    histories = [
        history
        for history in app.stays.in_house(today)
        if history.display_report.last_morning is not None and history.display_report.last_morning <= today
    ]
    return [(history, open_current_report(app, history)) for history in histories]


def guest_line(opened: OpenedReport) -> str:
    """Return one line for a stay, by its current report, sanitized: short id, name, room, last morning."""
    words = [opened.short_id, opened.name or "-"]
    if opened.room:
        words.append(_("room {room}").format(room=opened.room))
    if opened.entry.last_morning is not None:
        words.append(_("until {day}").format(day=day_text(opened.entry.last_morning)))
    return side_by_side(words)
