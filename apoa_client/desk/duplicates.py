"""A guest reported twice for the same night: what is said about it, and the refusal where nobody is there to be asked.

It names the earlier report and its nights, and nobody: only the reader can tell whether it is the same guest. What is
in one's hands at this moment, a group that is not saved yet, is compared document by document.
"""

from collections.abc import Iterable, Sequence

from apoa_client.desk.stay_history import StayHistory
from apoa_client.messages import Message, msg
from apoa_client.report.fields import BY_NAME
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.guest_hash import same_document
from apoa_client.report.kinds import State, short_id
from apoa_client.report.model import Report
from apoa_client.report.wording import day_message

DUPLICATE = "duplicate"


class ReportedBefore(ReportRefused):
    """A guest who is reported for these nights already, and nobody said that it is meant so."""

    advice: Message | None = msg(
        "If it is the same stay, it need not be reported again. If it is another one, report the guest with: --again"
    )

    def __init__(self, found: Sequence[Finding], warnings: Sequence[Finding] = ()) -> None:
        super().__init__(found, warnings)
        self.message = msg("Nothing was saved: this guest is reported already.")
        self.advice = type(self).advice


def duplicate_warnings(stories: Iterable[StayHistory]) -> list[Finding]:
    """A warning for each stay that `Desk.overlapping_stays` found."""
    return [_about(story) for story in stories]


def group_duplicate_warnings(report: Report, others: Iterable[Report]) -> list[Finding]:
    """A warning where one of the others, which are to be saved along with a report, is of the same travel document."""
    guest = report.guest
    known = (other.guest.document for other in others if other.guest is not None)
    if guest is None or not any(same_document(document, guest.document) for document in known):
        return []
    message = msg("This passport is in this group already. If it is the same guest, leave one of the two out.")
    return [Finding(BY_NAME["document_number"].path, DUPLICATE, message)]


def _about(story: StayHistory) -> Finding:
    told = story.display_report
    first, last = told.first_night, told.last_morning
    said = {
        "id": short_id(told.id),
        "first": day_message(first) if first is not None else "-",
        "last": day_message(last) if last is not None else "-",
    }
    message = msg("This passport is already reported for these nights: report {id}, {first} to {last}.", **said)
    if told.state is State.REJECTED:
        message = msg(
            "This passport is already reported for these nights, {first} to {last}, and was refused. Correct that: "
            "apoa fix {id}",
            **said,
        )
    return Finding(BY_NAME["document_number"].path, DUPLICATE, message)
