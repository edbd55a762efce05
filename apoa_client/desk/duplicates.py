"""Guests who seem to be reported twice for a night: the warnings, and the error when no user can be asked.

A warning names the earlier report and its nights, but not the guest: only the user can tell whether it is the same
guest. The guests of a group that is not saved yet are compared by their travel documents.
"""

from collections.abc import Iterable, Sequence

from apoa_client.desk.stay_history import StayHistory
from apoa_client.messages import Message, day_message, msg
from apoa_client.report.fields import BY_NAME
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.guest_hash import same_document
from apoa_client.report.kinds import State, short_id
from apoa_client.report.model import Report

DUPLICATE = "duplicate"


class ReportedBefore(ReportRefused):
    """The guest is already reported for these nights, and the user did not confirm another report."""

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
