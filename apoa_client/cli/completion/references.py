"""The reports and rooms that a command can mean, from the outbox, without a lock, a write or a question.

A short id is offered with the guest's room if the private key is at hand without the keyring: it is in a file or in the
environment. A guest's name is never offered, because a list of completions may be seen by anyone at the desk.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from apoa_client.cli.completion.choices import Choice
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import sanitize
from apoa_client.cli.views.labels import KINDS, day_text, state_text
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import ApoaError
from apoa_client.ports.entries import Entry, Selection
from apoa_client.report.filler_words import room_name
from apoa_client.report.kinds import State, short_id

if TYPE_CHECKING:
    from apoa_client.app.container import Container

_MAX_OFFERED = 50


def in_house(session: Session) -> Iterator[Choice]:
    """Yield the guests who have not left, by the day on which they leave."""
    app = _app(session)
    return _stays(app, app.stays.in_house(app.today))


def recent(session: Session) -> Iterator[Choice]:
    """Yield the stays that ended not long ago, and those of guests who have not left; the newest first."""
    app = _app(session)
    stays = sorted(app.stays.recent(app.today), key=lambda history: history.display_report.created_at, reverse=True)
    return _stays(app, stays)


def refused(session: Session) -> Iterator[Choice]:
    """Yield the refused reports."""
    app = _app(session)
    return _entries(app, app.outbox.entries(Selection(states=frozenset({State.REJECTED}), limit=_MAX_OFFERED)))


def waiting(session: Session) -> Iterator[Choice]:
    """Yield the reports that wait to be typed into APOA."""
    app = _app(session)
    return _entries(app, app.by_hand.all_waiting())


def rooms(session: Session) -> Iterator[Choice]:
    """Yield the rooms of the guests in house; none without the key."""
    app = _app(session)
    found = (_room(app, history.current_report) for history in app.stays.in_house(app.today))
    return map(Choice, dict.fromkeys(filter(None, islice(found, _MAX_OFFERED))))


def _app(session: Session) -> "Container":
    app = session.app
    app.without_lock = True
    return app


def _stays(app: "Container", histories: Iterable[StayHistory]) -> Iterator[Choice]:
    for history in islice(histories, _MAX_OFFERED):
        entry = history.display_report
        words = [_room_words(app, history.current_report)]
        if entry.last_morning is not None:
            words.append(_("until {day}").format(day=day_text(entry.last_morning)))
        yield Choice(short_id(entry.id), ", ".join(filter(None, words)))


def _entries(app: "Container", entries: Iterable[Entry]) -> Iterator[Choice]:
    for entry in islice(entries, _MAX_OFFERED):
        current = app.stays.of(entry.stay_id).current_report
        words = [_room_words(app, current), _(KINDS[entry.kind]), state_text(entry)]
        yield Choice(short_id(entry.id), ", ".join(filter(None, words)))


def _room_words(app: "Container", entry: Entry | None) -> str:
    room = _room(app, entry)
    return _("room {room}").format(room=room) if room else ""


def _room(app: "Container", entry: Entry | None) -> str:
    """Return the room that a report names; empty without the key."""
    if entry is None or not app.key_is_at_hand:
        return ""
    try:
        stay = app.outbox.content(entry).report.stay
    except ApoaError:
        return ""
    return sanitize(room_name(stay.room or "")) if stay is not None else ""
