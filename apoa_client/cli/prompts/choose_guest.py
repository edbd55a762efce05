"""Who is meant: the guests in house, shown and chosen from."""

from collections.abc import Sequence
from typing import NamedTuple

from apoa_client.app.container import App
from apoa_client.cli.terminal.input import ask_line, place_of
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import beside, clean, plain, remark
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.labels import day_text
from apoa_client.cli.views.report import guest_name
from apoa_client.cli.views.report_reader import opened, plain_room, readable
from apoa_client.desk.stay_history import Story
from apoa_client.errors import CredentialsProblem, Erased, SealBroken, UsageProblem
from apoa_client.messages import msg
from apoa_client.report.kinds import short_id
from apoa_client.report.model import Report

_ALL = frozenset({"a", "all", "s", "semua"})


class Resident(NamedTuple):
    """A stay, and what was last said of it; None where the key could not be had."""

    story: Story
    report: Report | None

    @property
    def name(self) -> str:
        """The guest's name, safe for a screen; the stay's short id where nobody can read it."""
        guest = self.report.guest if self.report is not None else None
        return guest_name(guest) if guest is not None else self.short_id

    @property
    def short_id(self) -> str:
        """The short id of what was last said."""
        return short_id(self.story.named.id)

    @property
    def line(self) -> str:
        """The stay on one line, safe for a screen."""
        told, stay = self.story.told, self.report.stay if self.report is not None else None
        words = [self.short_id, self.name if self.report is not None else "-"]
        if stay is not None and stay.room:
            words.append(_("room {room}").format(room=clean(stay.room)))
        if told is not None and told.last_morning is not None:
            words.append(_("until {day}").format(day=day_text(told.last_morning)))
        return beside(words)


def resident(app: App, story: Story) -> Resident:
    """A stay, with what was last said of it where it can be opened: many a change needs no key."""
    content = readable(app, story.told) if story.told is not None else None
    return Resident(story, content.report if content is not None else None)


def in_house(app: App) -> list[Resident]:
    """Every guest in house, by the day on which they are to leave. A key that cannot be had is told once."""
    residents, locked = [], False
    for story in _stories(app):
        report = None
        try:
            report = opened(app, story.told) if story.told is not None and not locked else None
        except CredentialsProblem as exc:
            locked = True
            show_error(exc)
        except (SealBroken, Erased) as exc:
            show_error(exc)
        residents.append(Resident(story, report))
    return residents


def in_room(app: App, room: str) -> list[Resident]:
    """The guests in house in a room. Rooms are sealed: raises `CredentialsProblem` without the key."""
    wanted = plain_room(room)
    found = []
    for story in _stories(app):
        report = opened(app, story.told) if story.told is not None and story.told.erased_at is None else None
        if report is not None and report.stay is not None and plain_room(report.stay.room or "") == wanted:
            found.append(Resident(story, report))
    return found


def due(app: App) -> list[Resident]:
    """The guests in house whose planned day has come. Needs no key."""
    today = app.today
    stories = [story for story in _stories(app) if story.told is not None and story.told.last_morning is not None]
    return [resident(app, s) for s in stories if s.told and s.told.last_morning and s.told.last_morning <= today]


def choose(residents: Sequence[Resident]) -> list[Resident]:
    """Those whose numbers somebody types; none where Enter alone is pressed."""
    for number, each in enumerate(residents, 1):
        remark(f"{number}: {each.line}" if plain() else f"{number:>3}  {each.line}")
    while True:
        answer = ask_line(_("Number, or several (1 3), or a = all; Enter = none")).casefold()
        if answer in _ALL:
            return list(residents)
        numbers = answer.replace(",", " ").split()
        places = [place_of(number, len(residents)) for number in dict.fromkeys(numbers)]
        chosen = [residents[place] for place in places if place is not None]
        if len(chosen) == len(places):
            return chosen
        remark(_("Type one of the numbers."))


def too_many(residents: Sequence[Resident]) -> UsageProblem:
    """The error where several guests are meant and nobody can be asked which."""
    ids = ", ".join(each.short_id for each in residents)
    return UsageProblem(
        msg("Several guests are in that room: {candidates}.", candidates=ids),
        msg("Give one of these ids, or --yes for all of them."),
    )


def _stories(app: App) -> list[Story]:
    return list(app.stays.in_house(app.today))
