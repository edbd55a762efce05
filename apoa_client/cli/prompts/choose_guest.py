"""Who is meant: the guests in house, shown and chosen from."""

from collections.abc import Sequence
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.cli.terminal.input import ask_line, index_of_choice
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import plain, print_error_line, sanitize, side_by_side
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.labels import day_text
from apoa_client.cli.views.report import guest_name
from apoa_client.cli.views.report_reader import normalized_room, open_if_possible, open_report
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import CredentialsProblem, Erased, SealBroken, UsageProblem
from apoa_client.messages import msg
from apoa_client.report.kinds import short_id
from apoa_client.report.model import Report

_ALL = frozenset({"a", "all", "s", "semua"})


class Resident(NamedTuple):
    """A stay, and what was last said of it; None where the key could not be had."""

    story: StayHistory
    report: Report | None

    @property
    def name(self) -> str:
        """The guest's name, safe for a screen; the stay's short id where nobody can read it."""
        guest = self.report.guest if self.report is not None else None
        return guest_name(guest) if guest is not None else self.short_id

    @property
    def short_id(self) -> str:
        """The short id of what was last said."""
        return short_id(self.story.display_report.id)

    @property
    def line(self) -> str:
        """The stay on one line, safe for a screen."""
        told, stay = self.story.current_report, self.report.stay if self.report is not None else None
        words = [self.short_id, self.name if self.report is not None else "-"]
        if stay is not None and stay.room:
            words.append(_("room {room}").format(room=sanitize(stay.room)))
        if told is not None and told.last_morning is not None:
            words.append(_("until {day}").format(day=day_text(told.last_morning)))
        return side_by_side(words)


def resident(app: Container, story: StayHistory) -> Resident:
    """A stay, with what was last said of it where it can be opened: many a change needs no key."""
    content = open_if_possible(app, story.current_report) if story.current_report is not None else None
    return Resident(story, content.report if content is not None else None)


def in_house(app: Container) -> list[Resident]:
    """Every guest in house, by the day on which they are to leave. A key that cannot be had is told once."""
    residents, locked = [], False
    for story in _stories(app):
        report = None
        try:
            report = open_report(app, story.current_report) if story.current_report is not None and not locked else None
        except CredentialsProblem as exc:
            locked = True
            show_error(exc)
        except (SealBroken, Erased) as exc:
            show_error(exc)
        residents.append(Resident(story, report))
    return residents


def guests_in_room(app: Container, room: str) -> list[Resident]:
    """The guests in house in a room. Rooms are sealed: raises `CredentialsProblem` without the key."""
    wanted = normalized_room(room)
    found = []
    for story in _stories(app):
        report = (
            open_report(app, story.current_report)
            if story.current_report is not None and story.current_report.erased_at is None
            else None
        )
        if report is not None and report.stay is not None and normalized_room(report.stay.room or "") == wanted:
            found.append(Resident(story, report))
    return found


def guests_due_to_leave(app: Container) -> list[Resident]:
    """The guests in house whose planned day has come. Needs no key."""
    today = app.today
    stories = [
        story
        for story in _stories(app)
        if story.current_report is not None and story.current_report.last_morning is not None
    ]
    return [
        resident(app, s)
        for s in stories
        if s.current_report and s.current_report.last_morning and s.current_report.last_morning <= today
    ]


def choose_guests(residents: Sequence[Resident]) -> list[Resident]:
    """Those whose numbers somebody types; none where Enter alone is pressed."""
    for number, each in enumerate(residents, 1):
        print_error_line(f"{number}: {each.line}" if plain() else f"{number:>3}  {each.line}")
    while True:
        answer = ask_line(_("Number, or several (1 3), or a = all; Enter = none")).casefold()
        if answer in _ALL:
            return list(residents)
        numbers = answer.replace(",", " ").split()
        places = [index_of_choice(number, len(residents)) for number in dict.fromkeys(numbers)]
        chosen = [residents[place] for place in places if place is not None]
        if len(chosen) == len(places):
            return chosen
        print_error_line(_("Type one of the numbers."))


def several_guests_error(residents: Sequence[Resident]) -> UsageProblem:
    """The error where several guests are meant and nobody can be asked which."""
    ids = ", ".join(each.short_id for each in residents)
    return UsageProblem(
        msg("Several guests are in that room: {candidates}.", candidates=ids),
        msg("Give one of these ids, or --yes for all of them."),
    )


def _stories(app: Container) -> list[StayHistory]:
    return list(app.stays.in_house(app.today))
