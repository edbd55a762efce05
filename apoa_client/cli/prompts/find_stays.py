"""Finds the stays that a user means: by an id, a room, a part of a name, or a choice from a numbered list.

A stay comes with its current report, opened for a question, a list or a change.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import TypeAlias

from apoa_client.app.container import Container
from apoa_client.cli.report_reader import ReportReader, open_if_possible
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import ask_line, index_of_choice
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import plain, print_error_line, print_line, side_by_side
from apoa_client.cli.views.labels import day_text
from apoa_client.cli.views.report import OpenedReport
from apoa_client.desk.stay_history import StayHistory, ambiguous_reference_error, may_be_id, unknown_reference_error
from apoa_client.errors import ApoaError, CredentialsProblem, UsageProblem
from apoa_client.messages import Message, msg
from apoa_client.ports.entries import Entry, Selection
from apoa_client.report.kinds import OPEN_STATES, State
from apoa_client.report.model import normalized_room

StayAndReport: TypeAlias = tuple[StayHistory, OpenedReport]
"""A stay with its current report."""


def open_current_report(app: Container, history: StayHistory) -> OpenedReport:
    """Return a stay's current report, without content if it cannot be opened: most changes need no key."""
    current = history.current_report
    content = open_if_possible(app, current) if current is not None else None
    report = content.report if content is not None else None
    return OpenedReport(history.display_report, content, report, history.shown_id)


def guests_due_to_leave(app: Container) -> list[StayAndReport]:
    """Return the guests in house whose planned day of departure has come. Needs no key."""
    today = app.today
    histories = [
        history
        for history in app.stays.in_house(today)
        if history.display_report.last_morning is not None and history.display_report.last_morning <= today
    ]
    return [(history, open_current_report(app, history)) for history in histories]


def guest_line(opened: OpenedReport, left: date | None = None) -> str:
    """Return one line for a stay, by its current report, sanitized: short id, name, room, last morning or `left`."""
    words = [opened.short_id, opened.name or "-"]
    if opened.room:
        words.append(_("room {room}").format(room=opened.room))
    if left is not None:
        words.append(_("left {day}").format(day=day_text(left)))
    elif opened.entry.last_morning is not None:
        words.append(_("until {day}").format(day=day_text(opened.entry.last_morning)))
    return side_by_side(words)


Place: TypeAlias = Callable[[Container], Iterable[StayHistory]]
"""Returns the stays among which a name or a room is looked for."""

_MAX_SHOWN = 15
"""Stays shown in one list: with the question they fit on a screen of 24 lines."""
_MAX_NAMED = 20
"""Ids named in an error."""
_ID_LENGTH = 8
"""Characters from which on a text is an id only, if it can be one; a shorter one may be a room, such as 1201."""
_ID_PART_LENGTH = 4
"""A shorter text is a room or a name first: many ids begin with the number of any room."""
_ALL = frozenset({"a", "all", "s", "semua"})


def in_house(app: Container) -> Iterable[StayHistory]:
    """Return the stays of guests who have not left."""
    return app.stays.in_house(app.today)


def recent(app: Container) -> Iterable[StayHistory]:
    """Return the stays that ended not long ago, and those of guests who have not left; the newest first."""
    stays = app.stays.recent(app.today)
    return sorted(stays, key=lambda history: history.display_report.created_at, reverse=True)


def all_stays(app: Container) -> Iterable[StayHistory]:
    """Return all stays, the newest first."""
    return _stays_of(app, reversed(list(app.outbox.entries(Selection()))))


def refused(app: Container) -> Iterable[StayHistory]:
    """Return the stays with a refused report."""
    return _stays_of(app, app.outbox.entries(Selection(states=frozenset({State.REJECTED}))))


def waiting(app: Container) -> Iterable[StayHistory]:
    """Return the stays with a report that waits to be typed into APOA."""
    return _stays_of(app, app.by_hand.all_waiting())


def _stays_of(app: Container, entries: Iterable[Entry]) -> Iterator[StayHistory]:
    return (app.stays.of(stay_id) for stay_id in dict.fromkeys(entry.stay_id for entry in entries))


class StayFinder:
    """Finds stays. A name and a room are looked for in one of the `places` after the other, until one has the guest.

    With several matches, and with nothing given, the user chooses from a list; without a user, `UsageProblem` names the
    candidates by their ids. `listed` are the stays to choose from if nothing is given, `if_none` is shown if there are
    none, and `heading` above a list. Names and rooms need the key.
    """

    def __init__(
        self, session: Session, listed: Place, *places: Place, if_none: Message | None = None, heading: str = ""
    ) -> None:
        self._app = session.app
        self._interactive = session.interactive
        self._listed = listed
        self._places = places
        self._if_none = if_none or msg("There is no guest to choose.")
        self._heading = heading or _("Which guest?")
        self._reports: dict[str, str] = {}
        """By the id of a stay: the one report of the stay that an id means."""

    def one(self, reference: str) -> str | None:
        """Return the id of the report or the stay that a user means; None if the user chooses none.

        Raises `UsageProblem`, and `CredentialsProblem` without the key.
        """
        chosen = self._chosen(reference, several=False)
        return self._id_of(chosen[0]) if chosen else None

    def find(self, reference: str, room: str | None, *, yes: bool) -> list[str]:
        """Return the ids of what a user means, or the stays of a whole room: one of the two may be given.

        With a reference the user may choose several stays, at a terminal. Raises `UsageProblem` if a room has several
        guests, and neither `yes` nor a user confirms them.
        """
        if reference and room:
            raise UsageProblem(msg("Give one of these: a guest or --room."))
        if not room:
            return [self._id_of(history) for history in self._chosen(reference, several=True)]
        found = self._in_room(room)
        if len(found) > 1 and not yes and not self._interactive:
            problem = msg("Several guests are in that room: {candidates}.", candidates=_ids_text(found))
            raise UsageProblem(problem, msg("Give one of these ids, or --yes for all of them."))
        return [history.stay_id for history in found]

    def _chosen(self, reference: str, *, several: bool) -> Sequence[StayHistory]:
        """Return the stays that the user means; none if the user chooses none."""
        if not reference.strip():
            found = list(self._listed(self._app))
            if not self._interactive:
                problem = msg("Which guest? None was given.")
                if found:
                    problem = msg("Which guest? It can be: {candidates}.", candidates=_ids_text(found))
                raise UsageProblem(
                    problem, msg("Give an ID, a room or part of a name. To see the short ids: apoa list")
                )
            if not found:
                print_line(text(self._if_none))
            return self.choose(found, several=several) if found else []
        by_id = self._app.outbox.find(reference)
        found = self._search(reference, by_id)
        if len(found) > 1 and not self._interactive:
            stays = {history.stay_id for history in found}
            named = [entry for entry in by_id if entry.stay_id in stays]
            others = [each.entries[0] for each in found if each.stay_id not in {entry.stay_id for entry in named}]
            raise ambiguous_reference_error(reference, [*named, *others][:_MAX_NAMED])
        return self.choose(found, several=several) if len(found) > 1 else found

    def _id_of(self, history: StayHistory) -> str:
        return self._reports.get(history.stay_id, history.stay_id)

    def _search(self, reference: str, entries: Sequence[Entry]) -> list[StayHistory]:
        """Return the stays of these entries, which an id means, and those with this room or name; at least one.

        Raises `UsageProblem`, or `CredentialsProblem` if only the key could tell.
        """
        by_guest: list[StayHistory] = []
        if not may_be_id(reference) or len(reference.strip()) < _ID_LENGTH:
            problem, by_guest = self._by_guest(reference)
            if problem is not None and (not entries or len(reference) < _ID_PART_LENGTH):
                raise problem
        if by_guest and len(reference) < _ID_PART_LENGTH:
            return by_guest
        found = list(_stays_of(self._app, entries))
        for history in found:
            ids = [entry.id for entry in entries if entry.stay_id == history.stay_id]
            if reference.strip().lower() == history.shown_id:  # a list shows it beside the report that is open
                ids = [entry.id for entry in history.active_reports if entry.state in OPEN_STATES][:1] or ids
            if len(ids) == 1:
                self._reports[history.stay_id] = ids[0]
        found += [history for history in by_guest if history not in found]
        if not found:
            raise unknown_reference_error(reference)
        return found

    def _by_guest(self, reference: str) -> tuple[CredentialsProblem | None, list[StayHistory]]:
        """Return the stays of the nearest place with a guest of this name or in this room, or why none can be read."""
        problems: list[ApoaError] = []
        reader = ReportReader(self._app, problems.append)
        seen: set[str] = set()
        for place in self._places:
            found = []
            for history in place(self._app):
                if history.stay_id in seen:
                    continue
                seen.add(history.stay_id)
                if _is_meant(reference, reader.open(history.display_report)):
                    found.append(history)
                if reader.locked:
                    return next(each for each in problems if isinstance(each, CredentialsProblem)), []
            if found:
                return None, found
        return None, []

    def _in_room(self, room: str) -> list[StayHistory]:
        """Return the stays of the guests in house in a room. Raises `UsageProblem`, or `CredentialsProblem`."""
        wanted = normalized_room(room)

        def raise_credentials(error: ApoaError) -> None:
            if isinstance(error, CredentialsProblem):
                raise error

        reader = ReportReader(self._app, raise_credentials)
        present = list(in_house(self._app))
        opened = reader.open_all(history.display_report for history in present)
        found = [
            history
            for history, each in zip(present, opened, strict=True)
            if wanted and each.stay is not None and normalized_room(each.stay.room or "") == wanted
        ]
        if not found:
            raise UsageProblem(msg("No guest in house is in that room."), msg("See who is here: apoa list --in-house"))
        return found

    def choose(self, found: Sequence[StayHistory], *, several: bool) -> Sequence[StayHistory]:
        """Show numbered stays and return those that the user chooses; a part of a name shortens the list."""
        reader = ReportReader(self._app)
        rows = [(history, reader.open_stay(history)) for history in found]
        question = _("Number, or part of a name; Enter = none")
        if several:
            question = _("Number, several (1 3), a = all, or part of a name; Enter = none")
        shown = rows
        print_error_line(self._heading)
        self._show_rows(shown)
        while answer := ask_line(question):
            chosen = _numbered(answer, [history for history, _opened in shown], several=several)
            named = [row for row in rows if _is_meant(answer, row[1])] if not chosen else []
            if len(named) == 1:
                chosen = [named[0][0]]
            if chosen:
                return chosen
            if named:
                shown = named
                self._show_rows(shown)
            else:
                print_error_line(_("Type one of the numbers, or part of a name in the list."))
        print_error_line(_("No guest was chosen, and nothing was changed."))
        return []

    def _show_rows(self, rows: Sequence[StayAndReport]) -> None:
        for number, (history, opened) in enumerate(rows[:_MAX_SHOWN], 1):
            line = guest_line(opened, history.left_on(self._app.settings.zone))
            print_error_line(f"{number}: {line}" if plain() else f"{number:>3}  {line}")
        more = len(rows) - _MAX_SHOWN
        if more > 0:
            print_error_line("     " + _("... and {count} more: type part of the name.").format(count=more))


def _numbered(answer: str, shown: Sequence[StayHistory], *, several: bool) -> Sequence[StayHistory]:
    """Return the stays that an answer names by number, or all that are on the screen; none for another answer."""
    if several and answer.casefold() in _ALL:
        return shown if len(shown) <= _MAX_SHOWN else []
    numbers = dict.fromkeys(answer.replace(",", " ").split()) if several else [answer]
    indexes = [index_of_choice(number, min(len(shown), _MAX_SHOWN)) for number in numbers]
    chosen = [shown[index] for index in indexes if index is not None]
    return chosen if len(chosen) == len(indexes) else []


def _is_meant(reference: str, opened: OpenedReport) -> bool:
    """Return whether a reference names the guest, the passport or the room of a report."""
    guest, stay = opened.guest, opened.stay
    if guest is None or stay is None:
        return False
    words, room = reference.casefold().split(), normalized_room(reference)
    if normalized_room(stay.room or "") == room:
        return True
    if room != " ".join(words):  # "kamar 3" is no name
        return False
    name = f"{guest.given_names} {guest.surname}".casefold()
    return all(word in name for word in words) or "".join(words) == guest.document.number.casefold()


def _ids_text(found: Sequence[StayHistory]) -> str:
    return ", ".join(history.shown_id for history in found[:_MAX_NAMED])
