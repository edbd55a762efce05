"""Reports read for a screen: which one is meant, what is behind its seal, and whether that is what is looked for."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from functools import partial
from typing import NamedTuple, Protocol, Self

from apoa_client.app.container import Container
from apoa_client.cli.terminal.language import _
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.opened_report import OpenedReport
from apoa_client.desk.stay_history import ambiguous_reference_error, unknown_reference_error
from apoa_client.errors import ApoaError, CredentialsProblem, Erased, SealBroken, UsageProblem
from apoa_client.ports import Content, Entry
from apoa_client.report import parse_fields
from apoa_client.report.model import Report

_GERMANY = {"DEU": "D"}
"""Both are seen in passports, and whoever looks for one means the other too."""


class SearchFilter(NamedTuple):
    """What is looked for behind the seal; None for what does not matter."""

    guest: str | None = None
    room: str | None = None
    nationality: str | None = None

    @classmethod
    def typed(cls, guest: str | None, room: str | None, nationality: str | None) -> Self:
        """As somebody typed it. Raises `UsageProblem` for what is no state, naming those that may be meant."""
        try:
            state = parse_fields.state(nationality) if nationality is not None else None
        except parse_fields.Unreadable as exc:
            raise UsageProblem(exc.message) from None
        return cls(guest and guest.casefold(), room and normalized_room(room), state and _one_germany(state))

    def matches(self, report: Report | None) -> bool:
        """Whether a report is of that guest, room and nationality; what cannot be read is not known to be."""
        if not any(self):
            return True
        if report is None or report.guest is None or report.stay is None:
            return False
        guest = report.guest
        names = f"{guest.given_names} {guest.surname} {guest.document.number}".casefold()
        return (
            (self.guest or "") in names
            and self.room in {None, normalized_room(report.stay.room or "")}
            and self.nationality in {None, _one_germany(guest.nationality)}
        )


class ReportReader:
    """Opens reports one after the other. What stands in the way is told once, on stderr, and ends nothing.

    `tell` is given each such error, at once, where somebody else is to show it.
    """

    def __init__(self, app: Container, tell: Callable[[ApoaError], None] = show_error) -> None:
        self._app = app
        self._tell = tell
        self.locked = False
        """Whether the key could not be had."""

    def rows(self, entries: Iterable[Entry]) -> Iterator[OpenedReport]:
        """Each entry with its content."""
        for entry in entries:
            content = self.content(entry)
            guest_report = self._app.stays.guest_report(content.report, self._report) if content is not None else None
            yield OpenedReport(entry, content, guest_report)

    def content(self, entry: Entry) -> Content | None:
        """What is sealed; None for all where the key cannot be had, and for one that was erased or changed."""
        if self.locked or entry.erased_at is not None:
            return None
        try:
            return self._app.outbox.content(entry)
        except CredentialsProblem as exc:
            self.locked = True
            self._tell(exc)
        except (SealBroken, Erased) as exc:  # erased while we read
            self._tell(exc)
        return None

    def _report(self, entry: Entry) -> Report | None:
        content = self.content(entry)
        return content.report if content is not None else None

    def nothing_found_text(self, sought: SearchFilter, usual: str) -> str:
        """What to say where nothing was found: without the key, that is no answer."""
        return _("Without the key nobody can be looked up.") if self.needs_key(sought) else usual

    def needs_key(self, sought: SearchFilter) -> bool:
        """Whether something is looked for that the key alone could show."""
        return self.locked and any(sought)


def open_report(app: Container, entry: Entry) -> Report:
    """What a report says. Raises `CredentialsProblem`, `SealBroken` or `Erased`."""
    return app.outbox.content(entry).report


def open_if_possible(app: Container, entry: Entry) -> Content | None:
    """What is sealed; None, and nothing told, where it cannot be opened: for whoever can go on without the guest."""
    try:
        return app.outbox.content(entry)
    except (CredentialsProblem, SealBroken, Erased):
        return None


def normalized_room(room: str) -> str:
    """A room as people mean it: capitals and further blanks do not matter."""
    return " ".join(room.split()).casefold()


def find_report(app: Container, reference: str) -> Entry:
    """The report that an id, a short id or the beginning of one means. Raises `UsageProblem`, naming candidates."""
    found = app.outbox.find(reference.strip())
    if len(found) == 1:
        return found[0]
    if not found:
        raise unknown_reference_error(reference)
    raise ambiguous_reference_error(reference, found)


def parse_day(app: Container, text: str, near: date | None = None) -> date:
    """A day, as somebody typed it; without a year the one nearest to `near`, or to today. Raises `UsageProblem`."""
    return _read_day(app, text, partial(parse_fields.stay_day, near=near))


def parse_day_start(app: Container, text: str) -> datetime:
    """The beginning, in the property's zone, of a day that somebody typed; without a year it is one that is over.

    Raises `UsageProblem`.
    """
    return datetime.combine(_read_day(app, text, parse_fields.past_day), time(), app.settings.zone)


class _ReadsDay(Protocol):
    def __call__(self, text: str, *, today: date) -> date: ...


def _read_day(app: Container, text: str, read: _ReadsDay) -> date:
    try:
        return read(text, today=app.today)
    except parse_fields.Unreadable as exc:
        raise UsageProblem(exc.message) from None


def _one_germany(code: str) -> str:
    return _GERMANY.get(code, code)
