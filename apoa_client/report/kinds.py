"""The parts of a report that have no personal data: its kind, its state, its receipt, its short id.

They are separate from the model, because `apoa status` counts reports and opens none.
"""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

SHORT_ID_LENGTH = 8


class Kind(StrEnum):
    """The kind of a report."""

    CHECK_IN = "check_in"
    CHECK_OUT = "check_out"
    AMEND = "amend"
    CANCEL = "cancel"


class State(StrEnum):
    """The state of a report in the outbox."""

    QUEUED = "queued"
    SENDING = "sending"
    PENDING = "pending"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class PhotoState(StrEnum):
    """The state of the photo that is stored with a report."""

    KEPT = "kept"
    """It waits to be sent."""
    SENT = "sent"
    REFUSED = "refused"
    """It is not sent again: the authority refused it, or it cannot be sent."""


OPEN_STATES = frozenset({State.QUEUED, State.SENDING, State.PENDING, State.REJECTED})
"""The states that are not final: these reports have a deadline, and later reports of their stay wait for them."""


class Purpose(StrEnum):
    """The purpose of a stay, as in the contract's table of purposes."""

    TOURISM = "tourism"
    BUSINESS = "business"
    FAMILY = "family"
    WORK = "work"
    STUDY = "study"
    TRANSIT = "transit"
    GOVERNMENT = "government"
    OTHER = "other"


class Receipt(NamedTuple):
    """The authority's receipt of a report. `sha256` is that of the report as the authority received it."""

    number: str
    issued_at: datetime
    sha256: str | None = None
    typed: bool = False
    """Whether staff typed the number after they reported the guest by hand."""


def short_id(report_id: str) -> str:
    """Return the end of a report's id for users: the beginning of a UUIDv7 is a time, which is equal for a minute."""
    return report_id.replace("-", "")[-SHORT_ID_LENGTH:]
