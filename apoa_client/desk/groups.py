"""Guests who arrive together: the report of each, with the warnings about the guest and about the group."""

from collections.abc import Sequence
from typing import NamedTuple

from apoa_client.desk.arrivals import Desk
from apoa_client.desk.duplicates import duplicate_warnings, group_duplicate_warnings
from apoa_client.report.findings import Finding
from apoa_client.report.model import Report
from apoa_client.report.rules import Examination
from apoa_client.report.unaccompanied_minors import unaccompanied_minor_warnings


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


def compose_group(desk: Desk, examinations: Sequence[Examination]) -> list[GroupMember]:
    """Return the reports of a group in the given order. Raises `ReportRefused` if one of the drafts has errors."""
    reports = [desk.compose(examination) for examination in examinations]
    guests = [(report.guest, report.stay) for report in reports if report.guest is not None and report.stay is not None]
    members = []
    for index, (report, minors) in enumerate(zip(reports, unaccompanied_minor_warnings(guests), strict=True)):
        duplicates = duplicate_warnings(desk.overlapping_stays(report))
        duplicates += group_duplicate_warnings(report, reports[:index])
        members.append(GroupMember(report, (*minors, *examinations[index].warnings), tuple(duplicates)))
    return members
