"""The guests in house, to choose from by number, by room, or because their planned day of departure has come."""

from collections.abc import Sequence
from typing import TypeAlias

from apoa_client.app.container import Container
from apoa_client.cli.terminal.input import ask_line, index_of_choice
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import plain, print_error_line, side_by_side
from apoa_client.cli.views.labels import day_text
from apoa_client.cli.views.opened_report import OpenedReport
from apoa_client.cli.views.report_reader import ReportReader, open_if_possible, open_report
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import UsageProblem
from apoa_client.messages import msg
from apoa_client.report.rooms import normalized_room

StayAndReport: TypeAlias = tuple[StayHistory, OpenedReport]
"""A stay with its current report."""

_ALL = frozenset({"a", "all", "s", "semua"})


def open_current_report(app: Container, history: StayHistory) -> OpenedReport:
    """Return a stay's current report, without content if it cannot be opened: most changes need no key."""
    current = history.current_report
    content = open_if_possible(app, current) if current is not None else None
    return OpenedReport(history.display_report, content, content.report if content is not None else None)


def guests_in_house(app: Container) -> list[StayAndReport]:
    """Return every guest in house, by planned day of departure. Shows once that the key is not available."""
    histories = list(app.stays.in_house(app.today))
    rows = ReportReader(app).open_all(history.display_report for history in histories)
    return list(zip(histories, rows, strict=True))


def guests_in_room(app: Container, room: str) -> list[StayAndReport]:
    """Return the guests in house in a room. Raises `CredentialsProblem` without the key, because rooms are sealed."""
    found = []
    for history in app.stays.in_house(app.today):
        opened = open_report(app, history.display_report)
        if opened.stay is not None and normalized_room(opened.stay.room or "") == normalized_room(room):
            found.append((history, opened))
    return found


def guests_due_to_leave(app: Container) -> list[StayAndReport]:
    """Return the guests in house whose planned day of departure has come. Needs no key."""
    today = app.today
    histories = [
        history
        for history in app.stays.in_house(today)
        if history.display_report.last_morning is not None and history.display_report.last_morning <= today
    ]
    return [(history, open_current_report(app, history)) for history in histories]


def choose_guests(guests: Sequence[StayAndReport]) -> list[StayAndReport]:
    """Show numbered guests and return those that the user chooses; none for Enter alone."""
    for number, (_history, opened) in enumerate(guests, 1):
        line = guest_line(opened)
        print_error_line(f"{number}: {line}" if plain() else f"{number:>3}  {line}")
    while True:
        answer = ask_line(_("Number, or several (1 3), or a = all; Enter = none")).casefold()
        if answer in _ALL:
            return list(guests)
        numbers = dict.fromkeys(answer.replace(",", " ").split())
        indexes = [index_of_choice(number, len(guests)) for number in numbers]
        chosen = [guests[index] for index in indexes if index is not None]
        if len(chosen) == len(indexes):
            return chosen
        print_error_line(_("Type one of the numbers."))


def guest_line(opened: OpenedReport) -> str:
    """Return one line for a stay, by its current report, sanitized: short id, name, room, last morning."""
    words = [opened.short_id, opened.name or "-"]
    if opened.room:
        words.append(_("room {room}").format(room=opened.room))
    if opened.entry.last_morning is not None:
        words.append(_("until {day}").format(day=day_text(opened.entry.last_morning)))
    return side_by_side(words)


def several_guests_error(guests: Sequence[StayAndReport]) -> UsageProblem:
    """Return the error for a room with several guests when the user cannot be asked which one is meant."""
    ids = ", ".join(opened.short_id for _history, opened in guests)
    return UsageProblem(
        msg("Several guests are in that room: {candidates}.", candidates=ids),
        msg("Give one of these ids, or --yes for all of them."),
    )
