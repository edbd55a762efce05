"""Check-ins: a draft is checked, and becomes a report in the outbox; so do the drafts of guests who arrive together.

Saving needs no secret and no network: it works while the keyring is locked and the connection is down. Minors who stay
without an adult in the room cause a warning and no error: only foreigners are reported, so a child's Indonesian parents
are not in the data. An adult who was reported before counts if the private key is at hand to open the report. A guest
is a child only where the date of birth leaves no doubt; with a partly unknown date the guest may be an adult.

A guest who seems to be reported twice for a night causes a warning that names the earlier report and its nights, but
not the guest: only the user can tell whether it is the same guest. Guests are compared by their travel documents.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from apoa_client.desk.ids import RandomBytes, guest_hash, new_id, same_document
from apoa_client.desk.stay_history import StayHistory, Stays
from apoa_client.errors import StorageProblem
from apoa_client.messages import Message, day_message, msg
from apoa_client.passport.mrz import Mrz, MrzUnreadable, read_mrz
from apoa_client.ports.entries import Entry, NewReport
from apoa_client.report.codes import CodeTables
from apoa_client.report.fields import BY_NAME
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.kinds import Kind, State, due_at, short_id
from apoa_client.report.model import Document, Guest, Report, Stay, normalized_room
from apoa_client.report.parse_fields import Draft
from apoa_client.report.rules import Examination, examine, years_between
from apoa_client.texts import repr_with

UNACCOMPANIED_MINOR = "child_alone"
ADULT_YEARS = 18

WARNING = Finding(
    BY_NAME["birth_date"].path,
    UNACCOMPANIED_MINOR,
    msg(
        "The guest is under 18. Make sure that an adult is in the same room on each night; Indonesian parents, for "
        "example, are not reported."
    ),
)

GuestStay: TypeAlias = tuple[Guest, Stay]
"""A guest of a group, and the guest's stay."""

Nights: TypeAlias = tuple[int, int]
"""A stay's first night and its morning of departure, as ordinals of dates."""


ReportedAdults: TypeAlias = Callable[[Stay], Iterable[Stay]]
"""Returns the stays of adults that were reported before for any night of a stay: `Desk.reported_adults`."""


def unaccompanied_minor_warnings(
    group: Sequence[GuestStay], reported: ReportedAdults = lambda _stay: ()
) -> list[tuple[Finding, ...]]:
    """Return the warnings about each guest of a group, in their order: one for a minor without an adult, else none.

    A guest without a room counts as being in every room.
    """
    are_minors = [is_minor(guest, stay) for guest, stay in group]
    adults = [stay for (_guest, stay), minor in zip(group, are_minors, strict=True) if not minor]
    return [
        (WARNING,) if minor and is_alone(nights_of(stay), nights_with(stay, [*adults, *reported(stay)])) else ()
        for (_guest, stay), minor in zip(group, are_minors, strict=True)
    ]


def is_minor(guest: Guest, stay: Stay) -> bool:
    """Return whether a guest is certainly under 18 at the check-in."""
    # The earliest day that the date of birth can mean makes the guest oldest.
    return years_between(guest.birth_date.earliest, stay.check_in.date()) < ADULT_YEARS


def is_alone(minor: Nights, adults: Iterable[Nights]) -> bool:
    """Return whether there is a night of a minor on which no adult is there. The adults' nights are sorted."""
    night, end = minor
    for arrival, departure in adults:
        if arrival > night or night >= end:
            break
        night = max(night, departure)
    return night < end


def nights_of(stay: Stay) -> Nights:
    """Return the nights of a stay."""
    return stay.check_in.date().toordinal(), stay.planned_check_out.toordinal()


def nights_with(minor: Stay, adults: Iterable[Stay]) -> list[Nights]:
    """Return the nights, sorted, of the adults who are in the minor's room, or may be."""
    return sorted(
        nights_of(adult)
        for adult in adults
        if minor.room is None or adult.room is None or normalized_room(minor.room) == normalized_room(adult.room)
    )


if TYPE_CHECKING:
    from apoa_client.outbox.sql.store import Outbox
    from apoa_client.ports.run import Clock
    from apoa_client.report.checking import CheckedDocument


@repr_with("zone", "window_hours")
class ReportingRules(NamedTuple):
    """The settings of a property that reports depend on."""

    zone: tzinfo
    window_hours: int
    index_key: bytes = b""
    """The key of the guest hash (`apoa_client.desk.ids`); empty if the property was set up without one."""


class DocumentChecker:
    """Reads and checks documents. It needs no property, no outbox and no secret.

    `tables` returns the code tables of the authority, as far as they are known.
    """

    def __init__(self, clock: "Clock", zone: tzinfo, tables: Callable[[], CodeTables] = CodeTables) -> None:
        self._clock = clock
        self._zone = zone
        self._tables = tables

    @property
    def now(self) -> datetime:
        """The time in the zone, to the second, as the contract sends it."""
        return self._clock.now().astimezone(self._zone).replace(microsecond=0)

    @property
    def today(self) -> date:
        """The current date in the zone."""
        return self.now.date()

    def read(self, lines: Sequence[str]) -> Mrz:
        """Read an MRZ as of today. Raises `apoa_client.passport.mrz.MrzUnreadable`."""
        return read_mrz(lines, today=self.today)

    def read_typed(self, lines: Sequence[str]) -> Mrz | None:
        """Read typed lines, if there are any. Raises `ReportRefused` for lines that are no MRZ."""
        try:
            return self.read(lines) if lines else None
        except MrzUnreadable as exc:
            raise ReportRefused([Finding(BY_NAME["mrz"].path, exc.problem.code, exc.problem.message)]) from None

    def check(self, typed: Mapping[str, str], lines: Sequence[str]) -> "CheckedDocument":
        """Check one document, typed or read, as of today. Nothing is stored."""
        from apoa_client.report.checking import check  # not needed to save a report

        return check(typed, lines, today=self.today, tables=self._tables())


class Desk(DocumentChecker):
    """Checks drafts, makes reports and saves them."""

    def __init__(
        self,
        outbox: "Outbox",
        clock: "Clock",
        rules: ReportingRules,
        random: RandomBytes,
        tables: Callable[[], CodeTables] = CodeTables,
    ) -> None:
        super().__init__(clock, rules.zone, tables)
        self.outbox = outbox
        self.clock = clock
        self.rules = rules
        self.stays = Stays(outbox, rules.zone)
        self._random = random

    def examine(self, draft: Draft) -> Examination:
        """Check a draft as of now."""
        return examine(draft, now=self._clock.now(), zone=self.rules.zone, tables=self._tables())

    def compose(self, examination: Examination) -> Report:
        """Return the report of a checked draft. Raises `ReportRefused` if the draft has errors."""
        if examination.guest is None or examination.stay is None:
            raise ReportRefused(examination.errors, examination.warnings)
        return self.report(Kind.CHECK_IN, guest=examination.guest, stay=examination.stay)

    def report(self, kind: Kind, stay_id: str | None = None, **content: Any) -> Report:  # noqa: ANN401  its last fields
        """Return a report that is made now, of a stay that is known or of a new one."""
        report_id = new_id(self.clock.now(), self._random)
        return Report(report_id, stay_id or new_id(self.clock.now(), self._random), kind, self.now, **content)

    def save(self, new: NewReport) -> Entry:
        """Save one report as `save_all` does."""
        return self.save_all([new])[0]

    def save_all(self, new_reports: Sequence[NewReport]) -> list[Entry]:
        """Save reports that `new_report` returned, of guests who arrive together or of other stays: all or none.

        They are durable when this returns. Raises `StorageProblem`; `ReportMoved` if a replaced report cannot be
        replaced any more, or a stay has other active reports now.
        """
        return self.outbox.add_all(new_reports)

    def new_report(
        self,
        report: Report,
        warnings: Sequence[Finding],
        replaces: Sequence[str] = (),
        active_reports: Sequence[str] = (),
        photo: bytes | None = None,
    ) -> NewReport:
        """Return what the outbox stores of a report: with its deadline, the guest's hash, and a photo as a JPEG.

        It supersedes the reports that it `replaces`. `active_reports` are the ids of the stay's active reports for
        which it was made.
        """
        due = None
        if report.kind is Kind.CHECK_IN and report.stay is not None:
            due = due_at(report.stay.check_in, self.rules.window_hours)
        tag = self._guest_tag(report.guest.document) if report.guest is not None else None
        return NewReport(report, due, warnings, tag, replaces, active_reports, photo)

    def _guest_tag(self, document: Document) -> int | None:
        key = self.rules.index_key
        return guest_hash(key, document) if key else None

    def earlier_stays(self, document: Document, since: date) -> list[StayHistory]:
        """Return the stays that end after `since` and are probably of this travel document, the latest arrival first.

        Other documents may have the same hash: compare the document of an opened report.
        """
        tag = self._guest_tag(document)
        if tag is None:
            return []
        found = self.stays.same_guest(tag, since, date.max)
        return sorted(found, key=lambda stay: stay.arrival, reverse=True)

    def reported_adults(self, minor: Stay, open_report: Callable[[Entry], Report | None]) -> Iterator[Stay]:
        """Yield the stays of adults, up to their check-out, that were reported for any night of a minor's stay.

        `open_report` returns a report if the private key is at hand, else None. What cannot be read is left out: an old
        damaged report must not stop the report of a new guest.
        """
        with suppress(StorageProblem):
            for history in self.stays.on_nights(minor.check_in.date(), minor.planned_check_out):
                report = open_report(history.display_report)
                if report is None or report.guest is None or report.stay is None or is_minor(report.guest, report.stay):
                    continue
                end = history.last_morning(self.rules.zone) or report.stay.planned_check_out
                yield report.stay._replace(planned_check_out=end)

    def overlapping_stays(self, report: Report, *, same_arrival: bool = False) -> list[StayHistory]:
        """Return other stays of the same travel document for any of the same nights, as far as the outbox knows.

        `same_arrival` is that of `Stays.same_guest`.
        """
        tag = self._guest_tag(report.guest.document) if report.guest is not None else None
        if tag is None or report.stay is None:
            return []
        first, last = report.stay.check_in.date(), report.stay.planned_check_out
        return list(self.stays.same_guest(tag, first, last, but=report.stay_id, same_arrival=same_arrival))


DUPLICATE = "duplicate"


class ReportedBefore(ReportRefused):
    """The guest is already reported for these nights, and the user did not confirm another report."""

    name = "reported_before"
    advice: Message | None = msg(
        "If it is the same stay, do not report it again. If it is another stay, report the guest with: --again"
    )

    def __init__(self, found: Sequence[Finding], warnings: Sequence[Finding] = ()) -> None:
        super().__init__(found, warnings)
        self.message = msg("Nothing was saved: this guest is already reported.")
        self.advice = type(self).advice


def duplicate_warnings(histories: Iterable[StayHistory]) -> list[Finding]:
    """Return a warning for each stay that `Desk.overlapping_stays` found."""
    findings = []
    for history in histories:
        report = history.display_report
        details = {
            "id": short_id(report.id),
            "first": day_message(report.first_night) if report.first_night is not None else "-",
            "last": day_message(report.last_morning) if report.last_morning is not None else "-",
        }
        message = msg("This passport is already reported for these nights: report {id}, {first} to {last}.", **details)
        if report.state is State.REJECTED:
            message = msg(
                "This passport is already reported for these nights, {first} to {last}, and was refused. Correct that: "
                "apoa fix {id}",
                **details,
            )
        findings.append(Finding(BY_NAME["document_number"].path, DUPLICATE, message))
    return findings


def group_duplicate_warnings(report: Report, others: Iterable[Report]) -> list[Finding]:
    """Return a warning if another report of the same group has the same travel document."""
    guest = report.guest
    known = (other.guest.document for other in others if other.guest is not None)
    if guest is None or not any(same_document(document, guest.document) for document in known):
        return []
    message = msg("This passport is already in this group. If it is the same guest, remove one of the two.")
    return [Finding(BY_NAME["document_number"].path, DUPLICATE, message)]


class GroupMember(NamedTuple):
    """One guest of a group, with the report that can be saved."""

    report: Report
    other_warnings: tuple[Finding, ...]
    duplicates: tuple[Finding, ...]
    """Warnings that the guest seems to be reported already."""

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """All warnings, those about duplicates first."""
        return (*self.duplicates, *self.other_warnings)


def compose_group(
    desk: Desk, examinations: Sequence[Examination], open_report: Callable[[Entry], Report | None]
) -> list[GroupMember]:
    """Return the reports of a group in the given order. Raises `ReportRefused` if one of the drafts has errors.

    `open_report` is that of `Desk.reported_adults`.
    """
    reports = [desk.compose(examination) for examination in examinations]
    guests = [(report.guest, report.stay) for report in reports if report.guest is not None and report.stay is not None]
    members = []
    alone = unaccompanied_minor_warnings(guests, lambda stay: desk.reported_adults(stay, open_report))
    for index, (report, minors) in enumerate(zip(reports, alone, strict=True)):
        duplicates = duplicate_warnings(desk.overlapping_stays(report))
        duplicates += group_duplicate_warnings(report, reports[:index])
        members.append(GroupMember(report, (*minors, *examinations[index].warnings), tuple(duplicates)))
    return members
