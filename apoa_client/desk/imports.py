"""Rows of a table become reports: of new guests, corrections and check-outs, or none if nothing is new.

The ids of what is imported are computed from the rows (`apoa_client.desk.ids`). So a row that was imported before is
found again without the private key, and changes nothing unless it was edited.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta, tzinfo

from apoa_client.desk.arrivals import Desk, ReportedAdults, duplicate_warnings
from apoa_client.desk.changes import Changes
from apoa_client.desk.ids import ImportedStays, ImportIds, row_content, same_document, same_guest
from apoa_client.desk.import_rows import (
    CHECK_IN,
    Action,
    Departure,
    ImportedStay,
    RowResult,
    missing_check_in,
    read_lines,
    without_missing,
)
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import SettingsProblem
from apoa_client.messages import Message, msg
from apoa_client.ports.entries import Entry, NewReport
from apoa_client.report.fields import BY_NAME, IN_AN_MRZ, field_values, label_of, with_label
from apoa_client.report.findings import Finding, Unreadable
from apoa_client.report.kinds import Kind, State, short_id
from apoa_client.report.model import Guest, Report
from apoa_client.report.parse_dates import date_and_time, full_date, in_zone
from apoa_client.report.parse_fields import Draft
from apoa_client.report.rules import Examination
from apoa_client.tables.rows import NO_GUEST, GuestRow

_PATH = "check_out"
_USUAL = time(12)
"""The time of a departure of which only the day is known, unless the guest arrived later."""


def read_departure(
    said: str | date, check_in: datetime, zone: tzinfo, now: datetime
) -> tuple[Departure | None, tuple[Finding, ...]]:
    """Return the departure that a day, a time or a text says, and what is wrong with the text.

    There is none if that time is still to come: the guest is in house.
    """
    try:
        at = departure_time(said, zone, now)
    except Unreadable as exc:
        return None, (_finding(exc.code, exc.message),)
    local_now = now.astimezone(zone).replace(microsecond=0)
    day_alone = _is_day_alone(said)
    if at > local_now:
        return None, ()
    if at.date() < check_in.date() or (at < check_in and not day_alone):
        return None, (_finding("order", msg("it is before the check-in. Compare the two cells.")),)
    if not day_alone:
        return Departure.at_time(at), ()
    at = min(datetime.combine(at.date(), _USUAL, at.tzinfo), local_now)
    return Departure(max(at, check_in), f"check_out {at.date().isoformat()}".encode()), ()


def departure_time(said: str | date, zone: tzinfo, now: datetime) -> datetime:
    """Return the time of a departure; of a day alone its midnight. Raises `Unreadable` for a text that is no time."""
    return date_and_time(said, zone, now=now) if isinstance(said, str) else in_zone(said, zone)


def _is_day_alone(said: str | date) -> bool:
    if not isinstance(said, str):
        return not isinstance(said, datetime)
    try:
        full_date(said)
    except Unreadable:
        return False
    return True


def _finding(code: str, problem: Message) -> Finding:
    return Finding(_PATH, code, with_label(label_of(_PATH), problem))


NOT_FOREIGN, NOT_ARRIVED, ALREADY_REPORTED = "not_foreign", "not_arrived", "already_reported"
"""Why a row is skipped, besides the reasons of `GuestRow.skip`."""

_OLDEST_UNATTENDED = timedelta(days=366)

_REASON = "import"
"""The reason of a correction, for the authority."""


class Imports:
    """Decides what importing rows does. Saves nothing, and needs no private key.

    `open_report` returns a report if the private key is at hand, else None. Raises `SettingsProblem` if the property
    has no key of the guest hash.
    """

    def __init__(
        self,
        desk: Desk,
        changes: Changes,
        open_report: Callable[[Entry], Report | None],
    ) -> None:
        if not desk.rules.index_key:
            raise SettingsProblem(
                msg("This property has no key that recognises rows that were imported before."),
                msg("Run apoa setup once more for this property: it makes the key. Then import the file."),
                name="index_key_missing",
            )
        self._desk = desk
        self._changes = changes
        self._clock = desk.clock
        self._zone = desk.rules.zone
        self._ids = ImportIds(desk.rules.index_key)
        self._known = ImportedStays(desk.outbox)
        self._open_report = open_report
        self.reported_adults: ReportedAdults = lambda minor: desk.reported_adults(minor, open_report)
        """The stays of adults who were reported before, for any night of a minor's stay."""

    def plan(self, row: GuestRow) -> RowResult:
        """Return what importing this row does to the outbox as it is now. Raises `StorageProblem`."""
        if row.skip:
            warnings = row.warnings if row.skip == NO_GUEST else ()
            return RowResult(row, Action.SKIPPED, skip=row.skip, warnings=warnings)
        examination, departure = self._examine(row)
        codes = {(finding.field, finding.code) for finding in examination.errors}
        if any(code == NOT_FOREIGN for _field, code in codes):
            return RowResult(row, Action.SKIPPED, skip=NOT_FOREIGN)
        if (CHECK_IN, "implausible") in codes:  # more than a day ahead
            return RowResult(row, Action.SKIPPED, skip=NOT_ARRIVED)
        guest, stay = examination.guest, examination.stay
        if guest is None or stay is None:
            return RowResult(row, Action.REFUSED, errors=examination.errors, warnings=examination.warnings)
        stay_id = self._ids.stay_id(guest, stay.check_in.date())
        imported = ImportedStay(row, stay_id, row_content(guest, stay), guest, stay, departure, examination)
        known = self._known.with_document(stay_id)
        if known is not None:
            return self._again(imported, self._desk.stays.of(known))
        return self._new(imported, [self._desk.stays.of(each) for each in self._known.namesakes(stay_id)])

    def plan_unattended(self, row: GuestRow) -> RowResult:
        """Return the same where no user sees the warnings: a new guest of more than a year ago is refused.

        Such a row has a wrong year, or is history. What was sent to the authority could not be corrected unnoticed, and
        a refused row can: a user corrects it, or confirms it at a terminal.
        """
        result = self.plan(row)
        if (
            result.action is Action.NEW
            and result.imported is not None
            and result.imported.stay.check_in < self._clock.now() - _OLDEST_UNATTENDED
        ):
            return result.refused(_too_old())
        return result

    def forget(self) -> None:
        """Look at the outbox again: call it when reports may have been saved since the last row was planned."""
        self._known.forget()

    def _examine(self, row: GuestRow) -> tuple[Examination, Departure | None]:
        """Check a row by the rules of a check-in. Without errors, return also when the guest left."""
        errors = list(row.findings)
        mrz = read_lines(row, self._desk, errors)
        now, zone = self._clock.now(), self._zone
        values = dict(row.values)
        given = {name for name, text in row.typed.items() if text.strip()} | values.keys()
        if row.check_out and given.isdisjoint({"nights", "planned_check_out"}):
            with suppress(Unreadable):
                values["planned_check_out"] = departure_time(row.check_out, zone, now).date()
        if "check_in" not in given and all(finding.field != CHECK_IN for finding in errors):
            errors.append(missing_check_in())
        arrival = values.get("check_in")
        if isinstance(arrival, date):
            values["check_in"] = in_zone(arrival, zone)
        found = self._desk.examine(Draft(row.typed, mrz, values=values))
        errors += without_missing(row, found.errors, errors)
        departure = None
        if found.stay is not None and row.check_out:
            departure, wrong = read_departure(row.check_out, found.stay.check_in, zone, now)
            errors += wrong
        found = found._replace(warnings=(*found.warnings, *row.warnings))
        if errors:
            return found._replace(guest=None, stay=None, errors=tuple(errors)), None
        return found, departure

    def _new(self, imported: ImportedStay, namesakes: Sequence[StayHistory]) -> RowResult:
        """Return the result for a document that was never imported for this day.

        `namesakes` are the stays that were imported with the same name, birth date and day of arrival.
        """
        result = imported.result
        overlapping = self._of_document(imported)
        ids = {history.stay_id for history in namesakes}
        corrected = next((history for history in overlapping if history.stay_id in ids), None)
        if corrected is not None:  # at the desk, the stay was given the row's document
            return self._again(imported, corrected)
        report = Report(
            id=self._ids.report_id(imported.stay_id, imported.content, ""),
            stay_id=imported.stay_id,
            kind=Kind.CHECK_IN,
            created_at=self._desk.now,
            guest=imported.guest,
            stay=imported.stay,
        )
        if any(self._is_reported(result.row, report, history) for history in overlapping):
            return result
        if overlapping:
            found = tuple(duplicate_warnings(overlapping))
            if any(self._is_another_guest(imported.guest, history) for history in overlapping):
                return result.refused(*found)
            return result._replace(action=Action.SKIPPED, skip=ALREADY_REPORTED, warnings=found)
        if namesakes:
            return result.refused(_another_document(namesakes[0]))
        warnings = imported.examination.warnings
        reports = [self._desk.new_report(report, warnings)]
        if imported.departure is not None:
            reports.append(self._check_out(report.stay_id, imported.departure, report.id))
        return result._replace(action=Action.NEW, reports=tuple(reports), warnings=warnings)

    def _is_reported(self, row: GuestRow, report: Report, history: StayHistory) -> bool:
        """Return whether a stay that the desk reported is provably the row's, with each value that the row gives."""
        current = history.current_report
        reported = self._open_report(current) if current is not None else None
        if reported is None or reported.guest is None or reported.stay is None:
            return False
        if report.guest is None or report.stay is None:
            return False
        given = {*row.typed, *row.values, *(IN_AN_MRZ if row.lines else ()), "planned_check_out"} - {"check_in"}
        values, known = field_values(report), field_values(reported)
        return (
            same_document(report.guest.document, reported.guest.document)
            and report.stay.check_in.date() == reported.stay.check_in.date()
            and all(known.get(name) == value for name, value in values.items() if name in given)
        )

    def _is_another_guest(self, guest: Guest, history: StayHistory) -> bool:
        """Return whether a stay with the document is provably of another guest: the number of the row is wrong.

        A family has one surname; a guest's given names may be there in part.
        """
        current = history.current_report
        reported = self._open_report(current) if current is not None else None
        if reported is None or reported.guest is None:
            return False
        other = reported.guest
        same_names = guest.surname == other.surname and not (
            guest.given_names
            and other.given_names
            and set(guest.given_names.split()).isdisjoint(other.given_names.split())
        )
        return guest.birth_date != other.birth_date and not same_names

    def _again(self, imported: ImportedStay, history: StayHistory) -> RowResult:
        """Return the result for a stay that was imported before."""
        imported = imported._replace(stay_id=history.stay_id)
        current, left, departure = history.current_report, history.check_out, imported.departure
        if current is None or not history.is_active:
            return imported.result.conflict(msg("This stay was cancelled here after it was imported."))
        same = self._is_made_of(current, imported.content, history)
        if not same and not self._ids.is_imported(current.id):
            if not self._says(current, imported.content):
                return imported.result.conflict(_changed_here(current))
            same = True
        if left is not None and not self._ids.is_imported(left.id):
            return self._left_here(imported, left, same=same)
        if departure is None or (left is not None and self._is_reported_departure(left, departure, history)):
            return imported.result if same else self._amend(imported, history)
        if any(
            entry.state is State.WITHDRAWN and self._is_made_of(entry, departure.content, history)
            for entry in history.entries
        ):
            return imported.result.conflict(msg("The check-out was withdrawn here after it was imported."))
        return self._leave(imported, departure, history) if same else self._amend(imported, history)

    def _left_here(self, imported: ImportedStay, left: Entry, *, same: bool) -> RowResult:
        """Return the result for a stay whose guest was checked out at the desk."""
        departure, at = imported.departure, left.ends_at
        other_day = departure is not None and at is not None and at.astimezone(self._zone).date() != departure.at.date()
        return imported.result if same and not other_day else imported.result.conflict(_changed_here(left))

    def _leave(self, imported: ImportedStay, departure: Departure, history: StayHistory) -> RowResult:
        """Return the result for a row that is as before, but for the departure."""
        left = history.check_out
        if left is not None and not left.withdrawable:  # a sent check-out is replaced by a correction and another one
            return self._amend(imported, history)
        active = tuple(entry.id for entry in history.active_reports)
        new = self._check_out(history.stay_id, departure, active[-1])._replace(active_reports=active)
        if left is None:
            return _result(imported, Action.CHECKED_OUT, [new], history)
        return _result(imported, Action.AMENDED, [new._replace(replaces=(left.id,))], history)

    def _amend(self, imported: ImportedStay, history: StayHistory) -> RowResult:
        """Return the result for an edited row: what it says now is reported."""
        guest, stay, warnings = imported.guest, imported.stay, list[Finding]()
        if not same_guest(self._ids.stay_id(guest, stay.check_in.date()), history.stay_id):
            if self._is_another_guest(guest, history):
                return imported.result.refused(*duplicate_warnings([history]))
            warnings.append(_renamed(history))
        change = self._changes.amend(history, imported.examination, _REASON)
        before = history.active_reports[-1].id
        report_id = self._ids.report_id(history.stay_id, imported.content, before)
        warnings += change.warnings
        reports = [change._replace(report=change.report._replace(id=report_id), warnings=warnings)]
        departure, left = imported.departure, history.check_out
        if departure is None and left is not None and left.ends_at is not None:
            departure = Departure.at_time(left.ends_at.astimezone(self._zone))
        if departure is not None:  # a correction says that the guest is in house
            reports.append(self._check_out(history.stay_id, departure, report_id))
        result = _result(imported, Action.AMENDED, reports, history)
        if not result.reports or any(each.stay_id == history.stay_id for each in self._of_document(imported)):
            return result
        return self._new(imported, [history])  # at the desk, the stay was given another document

    def _of_document(self, imported: ImportedStay) -> list[StayHistory]:
        """Return the stays for any of these nights whose current report has the document of a row."""
        report = Report("", "", Kind.CHECK_IN, self._desk.now, imported.guest, imported.stay)
        return self._desk.overlapping_stays(report, same_arrival=True)

    def _check_out(self, stay_id: str, departure: Departure, before: str) -> NewReport:
        """Return the check-out after the report `before`."""
        report_id = self._ids.report_id(stay_id, departure.content, before)
        report = Report(report_id, stay_id, Kind.CHECK_OUT, self._desk.now, check_out=departure.at)
        return self._desk.new_report(report, ())

    def _is_made_of(self, entry: Entry, content: bytes, history: StayHistory) -> bool:
        """Return whether an import made this report of this content. Needs no key."""
        before = ("", *(other.id for other in history.entries))
        return any(self._ids.report_id(history.stay_id, content, each) == entry.id for each in before)

    def _is_reported_departure(self, left: Entry, departure: Departure, history: StayHistory) -> bool:
        return left.ends_at == departure.at or self._is_made_of(left, departure.content, history)

    def _says(self, entry: Entry, content: bytes) -> bool:
        """Return whether a report that the desk made says the same, as far as it can be opened."""
        report = self._open_report(entry)
        if report is None or report.guest is None or report.stay is None:
            return False
        return row_content(report.guest, report.stay) == content


def _result(imported: ImportedStay, action: Action, reports: Sequence[NewReport], history: StayHistory) -> RowResult:
    """Return the result with these reports; a conflict if one of them was saved before and withdrawn at the desk."""
    known = {entry.id: entry for entry in history.entries}
    before = next((known[new.report.id] for new in reports if new.report.id in known), None)
    if before is not None:
        return imported.result.conflict(_changed_here(before))
    if any(entry.erased_at is not None for entry in history.entries):
        return imported.result.conflict(msg("The data of this stay were erased here, so the row changes nothing."))
    warnings = tuple(warning for new in reports for warning in new.warnings)
    return imported.result._replace(action=action, reports=tuple(reports), warnings=warnings)


def _changed_here(entry: Entry) -> Message:
    return msg(
        "This stay was changed here after it was imported: report {id}. The row changes nothing; to change the stay: "
        "apoa amend {id}",
        id=short_id(entry.id),
    )


def _too_old() -> Finding:
    message = msg(
        "The check-in is more than a year ago. Correct the date; if it is right, import the file at a terminal and "
        "confirm it there."
    )
    return Finding(CHECK_IN, "implausible", message)


def _renamed(history: StayHistory) -> Finding:
    """Return the warning of a row that changes who the guest is."""
    message = msg(
        "The name or the birth date is not that of report {id}, which has this passport. Compare them: it may be "
        "another guest's number.",
        id=history.shown_id,
    )
    return Finding(BY_NAME["document_number"].path, "implausible", message)


def _another_document(history: StayHistory) -> Finding:
    """Return the error of a row that has the name, birth date and arrival of an imported stay, but another document."""
    current, details = history.current_report, {"id": history.shown_id}
    message = msg(
        "Report {id} has the same name, birth date and day of check-in, but another document. If it is the same guest: "
        "apoa amend {id}. If it is another guest: apoa report",
        **details,
    )
    if current is None or current.erased_at is not None or not history.is_active:
        message = msg(
            "Report {id} had the same name, birth date and day of check-in, but another document, and was cancelled or "
            "erased. To report this guest: apoa report",
            **details,
        )
    return Finding(BY_NAME["document_number"].path, "conflict", message)
