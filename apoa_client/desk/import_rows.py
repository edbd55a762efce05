"""Rows of a table, checked by the rules of a check-in, and what the rows of one file mean together.

Together they may have the same stay twice, overlapping stays of a guest, or minors without an adult. A table may have a
hundred thousand rows, so each row takes a few bytes in the index, and no text of it is kept there.
"""

from array import array
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple, Self

from apoa_client.desk.arrivals import DocumentChecker, Nights, ReportedAdults, is_alone, is_minor, nights_with
from apoa_client.desk.ids import document_identity
from apoa_client.messages import Message, msg
from apoa_client.passport.mrz import Mrz, MrzUnreadable
from apoa_client.ports.entries import NewReport
from apoa_client.privacy import repr_with
from apoa_client.report.fields import BY_NAME, IN_AN_MRZ, with_label
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import instant
from apoa_client.report.model import Guest, Stay, normalized_room
from apoa_client.report.rules import Examination
from apoa_client.tables.rows import GuestRow

CHECK_IN = BY_NAME["check_in"].path
_MRZ = BY_NAME["mrz"].path


class Action(StrEnum):
    """What importing a row does."""

    NEW = "new"
    UNCHANGED = "unchanged"
    AMENDED = "amended"
    CHECKED_OUT = "checked_out"
    SKIPPED = "skipped"
    REFUSED = "refused"


class Departure(NamedTuple):
    """When a guest left. `content` is what the table says, always the same bytes for the same day or time."""

    at: datetime
    content: bytes

    @classmethod
    def at_time(cls, at: datetime) -> Self:
        """Return the departure at a time that is known."""
        return cls(at, f"check_out {instant(at)}".encode())


@repr_with("stay_id")
class ImportedStay(NamedTuple):
    """Guest and stay of a row without errors. The bytes are always the same for the same values.

    `departure` is None if the table does not say that the guest left.
    """

    row: GuestRow
    stay_id: str
    content: bytes
    guest: Guest
    stay: Stay
    departure: Departure | None
    examination: Examination

    @property
    def result(self) -> "RowResult":
        """The result of a row that changes nothing."""
        return RowResult(self.row, Action.UNCHANGED, imported=self)


class RowResult(NamedTuple):
    """What importing a row does, and the reports of its stay to save for that, in order.

    `errors` refuse the row. `skip` says why it is skipped: the reason of `GuestRow.skip`, ``not_foreign``,
    ``not_arrived`` or ``already_reported``. `imported` is None if the row has errors of its own, or is skipped.
    """

    row: GuestRow
    action: Action
    reports: tuple[NewReport, ...] = ()
    errors: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    skip: str = ""
    imported: ImportedStay | None = None

    def refused(self, *errors: Finding) -> "RowResult":
        """Return the result of the row if it is refused for these errors."""
        return self._replace(action=Action.REFUSED, reports=(), errors=errors, warnings=())

    def conflict(self, message: Message) -> "RowResult":
        """Return the result of a row that changes nothing because the desk changed its stay."""
        return self._replace(action=Action.UNCHANGED, reports=(), warnings=(Finding("", "conflict", message),))

    def with_warnings(self, *warnings: Finding) -> "RowResult":
        """Return the result with these warnings before the others, also in the report of the guest."""
        reports = tuple(
            new._replace(warnings=(*warnings, *new.warnings)) if new.report.guest is not None else new
            for new in self.reports
        )
        return self._replace(reports=reports, warnings=(*warnings, *self.warnings))


def read_lines(row: GuestRow, desk: DocumentChecker, errors: list[Finding]) -> Mrz | None:
    """Return the MRZ of a row, if it has one that can be read; else add what is wrong with the lines."""
    if not row.lines:
        return None
    try:
        return desk.read(row.lines)
    except MrzUnreadable as exc:
        best = next((correction.value for correction in exc.problem.corrections), None)
        errors.append(Finding(_MRZ, exc.problem.code, exc.problem.message, best))
        return None


def without_missing(row: GuestRow, found: Sequence[Finding], given: Sequence[Finding]) -> list[Finding]:
    """Return the findings of the rules, without the missing fields whose cells, or whose MRZ, could not be read."""
    wrong = {finding.field for finding in given}
    if row.lines and _MRZ in wrong:
        wrong |= {BY_NAME[name].path for name in IN_AN_MRZ}
    return [each for each in found if each.code != "missing" or each.field not in wrong]


def missing_check_in() -> Finding:
    """Return the finding about a row without a time of arrival: at a desk it is now, in a table it is not known."""
    field = BY_NAME["check_in"]
    return Finding(CHECK_IN, "missing", with_label(field.label, field.missing))


_NO_ROOM = 0


class FileFinding(NamedTuple):
    """What the other rows say about a row, by its place in the file: it is refused, or (None) it is there twice."""

    place: int
    sheet: str
    row: int
    """The row's number in its sheet."""
    error: Finding | None


class FileIndex:
    """Collects the rows of one file that have no errors of their own, in their order."""

    def __init__(self) -> None:
        self._places, self._rows, self._is_new = array("Q"), array("Q"), array("B")
        self._sheets, self._sheet_of = list[str](), array("H")
        self._documents, self._stays, self._values = array("q"), array("q"), array("q")
        """Hashes, of 64 bits: two values of a file have the same one by chance once in millions of files."""
        self._first, self._last = array("i"), array("i")
        self._adults = (array("q"), array("i"), array("i"))

    def add(self, place: int, result: RowResult, imported: ImportedStay) -> bool:
        """Add a row by its place in the file, and return whether the guest is a minor."""
        stay, left = imported.stay, imported.departure
        last = stay.planned_check_out if left is None else min(stay.planned_check_out, left.at.date())
        self._places.append(place)
        self._rows.append(result.row.number)
        if result.row.sheet not in self._sheets[-1:]:  # the rows of a sheet come one after the other
            self._sheets.append(result.row.sheet)
        self._sheet_of.append(len(self._sheets) - 1)
        self._is_new.append(result.action is Action.NEW)
        self._documents.append(hash(document_identity(imported.guest.document)))
        self._stays.append(hash(imported.stay_id))
        self._values.append(hash((imported.content, left.content if left is not None else b"")))
        self._first.append(stay.check_in.date().toordinal())
        self._last.append(last.toordinal())
        if is_minor(imported.guest, stay):
            return True
        room, nights = _room_and_nights(stay)
        for column, value in zip(self._adults, (room, *nights), strict=True):
            column.append(value)
        return False

    def findings(self) -> Iterator[FileFinding]:
        """Yield what is wrong with rows because of other rows."""
        for rows in _groups(self._documents):
            yield from self._of_one_guest(rows)

    def _of_one_guest(self, rows: Sequence[int]) -> Iterator[FileFinding]:
        kept: list[int] = []
        for row in rows:
            same = [other for other in rows if other != row and self._stays[other] == self._stays[row]]
            differing = next((other for other in same if self._values[other] != self._values[row]), None)
            if differing is not None:
                yield self._finding(row, _conflict(self._named(differing, row)))
            elif any(other < row for other in same):
                yield self._finding(row, None)
            else:
                overlapping = next((other for other in kept if self._overlap(row, other)), None)
                if overlapping is not None and self._is_new[row]:
                    yield self._finding(row, _duplicate(self._named(overlapping, row)))
                else:
                    kept.append(row)

    def _finding(self, row: int, error: Finding | None) -> FileFinding:
        return FileFinding(self._places[row], self._sheets[self._sheet_of[row]], self._rows[row], error)

    def _named(self, row: int, other: int) -> int | Message:
        """Return the number of a row, with its sheet if another row is in another one."""
        if self._sheet_of[row] == self._sheet_of[other]:
            return self._rows[row]
        return msg("{row} of sheet {sheet}", row=self._rows[row], sheet=self._sheets[self._sheet_of[row]])

    def _overlap(self, one: int, other: int) -> bool:
        return self._first[one] < self._last[other] and self._first[other] < self._last[one]

    def unaccompanied(self, minors: Sequence[Stay], reported: ReportedAdults) -> Iterator[bool]:
        """Yield for the stay of each minor whether there is a night on which no adult is in the room.

        That is an adult of the file, or one who was reported before. A guest without a room counts as being in every
        room.
        """
        wanted = {_room_and_nights(stay)[0] for stay in minors}
        nights: dict[int, list[Nights]] = {room: [] for room in wanted}
        for room, first, last in zip(*self._adults, strict=True):
            for each in wanted if room == _NO_ROOM else {room, _NO_ROOM} & wanted:
                nights[each].append((first, last))
        for adults in nights.values():
            adults.sort()
        for stay in minors:
            room, of_minor = _room_and_nights(stay)
            yield is_alone(of_minor, nights[room]) and is_alone(
                of_minor, sorted([*nights[room], *nights_with(stay, reported(stay))])
            )


def _groups(hashes: "array[int]") -> Iterator[list[int]]:
    """Yield the indexes of equal hashes, where there are several, each group in the file's order."""
    order = sorted(range(len(hashes)), key=hashes.__getitem__)  # stable
    for _hash, found in groupby(order, key=hashes.__getitem__):
        rows = list(found)
        if len(rows) > 1:
            yield rows


def _room_and_nights(stay: Stay) -> tuple[int, Nights]:
    room = _NO_ROOM if stay.room is None else hash(normalized_room(stay.room))
    return room, (stay.check_in.date().toordinal(), stay.planned_check_out.toordinal())


def _conflict(row: int | Message) -> Finding:
    return Finding(
        "", "conflict", msg("Row {row} is the same stay with other values. Keep the row that is right.", row=row)
    )


def _duplicate(row: int | Message) -> Finding:
    return Finding(
        BY_NAME["document_number"].path,
        "duplicate",
        msg("Row {row} has the same passport for some of these nights. Correct or remove one of the two.", row=row),
    )
