"""What the checks found."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from apoa_client.conformance.exchange import Exchange
from apoa_client.conformance.paragraphs import Paragraph
from apoa_client.messages import Message


class Result(StrEnum):
    """The result of one check."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check, with the exchanges that show it. `reason` is None for a check that passed."""

    id: str
    title: Message
    paragraph: Paragraph
    result: Result
    reason: Message | None = None
    exchanges: Sequence[Exchange] = ()

    @property
    def chapter(self) -> str:
        """The first part of the id, such as "idempotency"."""
        return self.id.partition(".")[0]


def count_of(results: Sequence[CheckResult], kind: Result) -> int:
    """Return how many of the checks have this result."""
    return sum(each.result is kind for each in results)
