"""What another program changed in the outbox, and what a check of it returns."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from apoa_client.errors import NotAuthentic
from apoa_client.messages import msg
from apoa_client.report.kinds import short_id


class DoubtKind(StrEnum):
    """What is wrong with a report, or with the outbox as a whole."""

    STATE = "state"
    """Its state, receipt or times are not what was written last."""
    CONTENT = "content"
    """Its sealed content was exchanged, or its code was removed."""
    MISSING = "missing"
    """The report is in the audit trail and nowhere else."""
    TRAIL = "trail"
    """The audit trail itself was changed, shortened or counted wrongly."""
    OLDER_COPY = "older_copy"
    """The whole file is an older copy of itself."""


class Doubt(NamedTuple):
    """Something in the outbox that this program did not write. `report` is an id, or empty for the whole outbox."""

    kind: DoubtKind
    report: str = ""

    def error(self) -> NotAuthentic:
        """Return the error that says so."""
        texts = {
            DoubtKind.STATE: msg(
                "Report {id} was changed: its state or its receipt is not what was recorded.", id=self._id
            ),
            DoubtKind.CONTENT: msg(
                "The guest's data of report {id} were not written by apoa-client here.", id=self._id
            ),
            DoubtKind.MISSING: msg("Report {id} was removed from the database.", id=self._id),
            DoubtKind.TRAIL: msg("The log of what was done was changed or shortened."),
            DoubtKind.OLDER_COPY: msg("The database file is an older copy: what was recorded after it is not in it."),
        }
        return NotAuthentic(texts[self.kind])

    @property
    def _id(self) -> str:
        return short_id(self.report)


class Authentication(NamedTuple):
    """The result of checking what is open, and what was changed without the key."""

    doubts: Sequence[Doubt] = ()
    """What needs a person: it is kept as it is, and found again by the next check."""
    repaired: Sequence[str] = ()
    """Reports whose state is again what the audit trail says; those that are open again will be sent again."""
    closed: Sequence[str] = ()
    """Reports that were closed without the key since the last check: a person must know of these."""
    counter: int | None = None
    """How often the outbox was found right with something new in it: for the vault. None without key, or in doubt."""
