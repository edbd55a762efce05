"""Rows of a table, checked by the rules of a check-in, and what importing them does."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from apoa_client.desk.arrivals import DocumentChecker
from apoa_client.messages import Message, msg
from apoa_client.passport.mrz import Mrz, MrzUnreadable
from apoa_client.ports.entries import NewReport
from apoa_client.report.fields import BY_NAME, IN_AN_MRZ
from apoa_client.report.findings import Finding
from apoa_client.report.model import Guest, Stay
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


class ImportedStay(NamedTuple):
    """Guest and stay of a row without errors. The bytes are always the same for the same values.

    `departure` is empty if the table does not say that the guest left; `last_morning` is then the planned one.
    """

    stay_id: str
    content: bytes
    departure: bytes
    guest: Guest
    stay: Stay
    last_morning: date

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return f"ImportedStay({self.stay_id!r}, …)"


class RowResult(NamedTuple):
    """What importing a row does, and the reports of its stay to save for that, in order.

    `errors` refuse the row. `skip` says why it is skipped: the reason of `GuestRow.skip`, ``not_foreign`` or
    ``not_arrived``. `imported` is None if the row has errors of its own, or is skipped.
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
    remark = msg("give the day on which the guest arrived.")
    return Finding(CHECK_IN, "missing", msg("{field}: {remark}", field=BY_NAME["check_in"].label, remark=remark))
