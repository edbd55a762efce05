"""Rows of a table, checked by the rules of a check-in, and what the rows of one file mean together.

Together they may have the same stay twice, overlapping stays of a guest, or minors without an adult. A table may have a
hundred thousand rows, so each row takes a few bytes in the index, and no text of it is kept there.
"""

from array import array
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from struct import Struct
from typing import NamedTuple, Self

from apoa_client.desk.arrivals import (
    DocumentChecker,
    Nights,
    ReportedAdults,
    is_alone,
    is_minor,
    nights_of,
    nights_with,
)
from apoa_client.desk.ids import document_identity
from apoa_client.messages import Message, msg
from apoa_client.passport.mrz import Mrz, MrzUnreadable
from apoa_client.ports.entries import NewReport
from apoa_client.report.fields import BY_NAME, IN_AN_MRZ, with_label
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import instant
from apoa_client.report.model import Guest, Stay, normalized_room
from apoa_client.report.rules import Examination
from apoa_client.tables.rows import GuestRow
from apoa_client.texts import repr_with

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


class FileFinding(NamedTuple):
    """What the other rows say about a row, by its place in the file: it is refused, or (None) it is there twice."""

    place: int
    sheet: str
    row: int
    """The row's number in its sheet."""
    error: Finding | None


class _FileRow(NamedTuple):
    """A row of the file: numbers, and hashes of 64 bits, which two values of a file share once in millions of files."""

    place: int
    sheet: str
    row: int
    is_new: bool
    document: int
    stay: int
    values: int
    first: int
    last: int

    def finding(self, error: Finding | None) -> FileFinding:
        return FileFinding(self.place, self.sheet, self.row, error)

    def named(self, other: "_FileRow") -> int | Message:
        """Return the number of the row, with its sheet if the other row is in another one."""
        return self.row if self.sheet == other.sheet else msg("{row} of sheet {sheet}", row=self.row, sheet=self.sheet)


_PACKED = Struct("=QHQ?qqqii")
"""A `_FileRow` with the index of its sheet: 51 bytes in place of some hundreds."""


class FileIndex:
    """Collects the rows of one file that have no errors of their own, in their order."""

    def __init__(self) -> None:
        self._rows, self._documents = bytearray(), array("q")
        self._sheets = list[str]()
        self._adults: dict[str, array[int]] = {}
        """First and last day of each stay of adults by their room, "" where it is not known."""

    def add(self, place: int, result: RowResult, imported: ImportedStay) -> bool:
        """Add a row by its place in the file, and return whether the guest is a minor."""
        row, stay, left = result.row, imported.stay, imported.departure
        last = stay.planned_check_out if left is None else min(stay.planned_check_out, left.at.date())
        if row.sheet not in self._sheets[-1:]:  # the rows of a sheet come one after the other
            self._sheets.append(row.sheet)
        self._documents.append(hash(document_identity(imported.guest.document)))
        self._rows += _PACKED.pack(
            *(place, len(self._sheets) - 1, row.number, result.action is Action.NEW, self._documents[-1]),
            *(hash(imported.stay_id), hash((imported.content, left.content if left is not None else b""))),
            *(stay.check_in.date().toordinal(), last.toordinal()),
        )
        if is_minor(imported.guest, stay):
            return True
        self._adults.setdefault(normalized_room(stay.room or ""), array("i")).extend(nights_of(stay))
        return False

    def findings(self) -> Iterator[FileFinding]:
        """Yield what is wrong with rows because of other rows."""
        order = sorted(range(len(self._documents)), key=self._documents.__getitem__)  # stable
        for _document, found in groupby(order, key=self._documents.__getitem__):
            indexes = list(found)
            if len(indexes) > 1:
                yield from _of_one_guest(list(map(self._row, indexes)))

    def _row(self, index: int) -> _FileRow:
        place, sheet, *others = _PACKED.unpack_from(self._rows, index * _PACKED.size)
        return _FileRow(place, self._sheets[sheet], *others)

    def unaccompanied(self, minors: Sequence[Stay], reported: ReportedAdults) -> Iterator[bool]:
        """Yield for the stay of each minor whether there is a night on which no adult is in the room.

        That is an adult of the file, or one who was reported before. A guest without a room counts as being in every
        room.
        """
        rooms = [normalized_room(stay.room or "") for stay in minors]
        adults = {room: sorted(self._nights_in(room)) for room in set(rooms)}
        for stay, room in zip(minors, rooms, strict=True):
            yield is_alone(nights_of(stay), adults[room]) and is_alone(
                nights_of(stay), sorted([*adults[room], *nights_with(stay, reported(stay))])
            )

    def _nights_in(self, room: str) -> Iterator[Nights]:
        """Yield the nights of the adults who are in a room, or may be."""
        for other, days in self._adults.items():
            if room in {"", other} or not other:
                yield from zip(days[::2], days[1::2], strict=True)


def _of_one_guest(rows: Sequence[_FileRow]) -> Iterator[FileFinding]:
    kept: list[_FileRow] = []
    for index, row in enumerate(rows):
        differing = next((other for other in rows if other.stay == row.stay and other.values != row.values), None)
        if differing is not None:
            yield row.finding(_conflict(differing.named(row)))
        elif any(other.stay == row.stay for other in rows[:index]):
            yield row.finding(None)
        else:
            overlapping = next((other for other in kept if row.first < other.last and other.first < row.last), None)
            if overlapping is not None and row.is_new:
                yield row.finding(_duplicate(overlapping.named(row)))
            else:
                kept.append(row)


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
