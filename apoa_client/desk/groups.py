"""Guests who arrive together: the report of each, and what is worth knowing about them and about the party."""

from collections.abc import Sequence
from typing import NamedTuple

from apoa_client.desk.arrivals import Desk
from apoa_client.desk.duplicates import duplicate_warnings, group_duplicate_warnings
from apoa_client.report.findings import Finding
from apoa_client.report.model import Report
from apoa_client.report.rules import Examination
from apoa_client.report.unaccompanied_minors import unaccompanied_minor_warnings


class GroupMember(NamedTuple):
    """One of a party, whose report may be saved."""

    report: Report
    notes: tuple[Finding, ...]
    doubts: tuple[Finding, ...]
    """Why the guest seems to be reported already."""

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """All that is worth knowing, the doubts first."""
        return (*self.doubts, *self.notes)


def compose_group(desk: Desk, examinations: Sequence[Examination]) -> list[GroupMember]:
    """A party, each guest in the order given. Raises `ReportRefused` where one of the drafts has errors."""
    reports = [desk.compose(examination) for examination in examinations]
    lodgers = [(report.guest, report.stay) for report in reports]
    alone = unaccompanied_minor_warnings(
        [(guest, stay) for guest, stay in lodgers if guest is not None and stay is not None]
    )
    return [
        GroupMember(
            report,
            (*alone[place], *examinations[place].warnings),
            (*duplicate_warnings(desk.overlapping_stays(report)), *group_duplicate_warnings(report, reports[:place])),
        )
        for place, report in enumerate(reports)
    ]
