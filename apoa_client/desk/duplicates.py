"""A guest reported twice for the same night: what is said about it, and the refusal where nobody is there to be asked.

It names the earlier report and its nights, and nobody: only the reader can tell whether it is the same guest.
"""

from collections.abc import Iterable, Sequence

from apoa_client.desk.stays import Story
from apoa_client.report.fields import BY_NAME
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.kinds import State, short_id
from apoa_client.texts import Message, msg

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


def about_duplicates(stories: Iterable[Story]) -> list[Finding]:
    """A warning for each stay that `Desk.reported_before` found."""
    return [_about(story) for story in stories]


def _about(story: Story) -> Finding:
    told = story.told or story.entries[0]
    first, last = told.first_night, told.last_morning
    said = {
        "id": short_id(told.id),
        "first": first.isoformat() if first is not None else "-",
        "last": last.isoformat() if last is not None else "-",
    }
    message = msg("This passport is already reported for these nights: report {id}, {first} to {last}.", **said)
    if told.state is State.REJECTED:
        message = msg(
            "This passport is already reported for these nights, {first} to {last}, and was refused. Correct that: "
            "apoa fix {id}",
            **said,
        )
    return Finding(BY_NAME["document_number"].path, DUPLICATE, message)
