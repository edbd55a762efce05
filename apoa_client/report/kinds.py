"""What a report is from outside: its kind, its state, its receipt, its short id. Nothing of the guest.

Apart from the model, because `apoa status` counts reports and opens none.
"""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

SHORT_ID_LENGTH = 8


class Kind(StrEnum):
    """What a report says about its stay."""

    CHECK_IN = "check_in"
    CHECK_OUT = "check_out"
    AMEND = "amend"
    CANCEL = "cancel"


class State(StrEnum):
    """Where a report is on its way to the authority."""

    QUEUED = "queued"
    SENDING = "sending"
    PENDING = "pending"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


OPEN_STATES = frozenset({State.QUEUED, State.SENDING, State.PENDING, State.REJECTED})
"""Not at their end: these keep later reports of their stay waiting, and these have a deadline."""


class Purpose(StrEnum):
    """Why the guest came, as the contract's table of purposes lists it."""

    TOURISM = "tourism"
    BUSINESS = "business"
    FAMILY = "family"
    WORK = "work"
    STUDY = "study"
    TRANSIT = "transit"
    GOVERNMENT = "government"
    OTHER = "other"


class Receipt(NamedTuple):
    """The authority's proof. Only an authority issues a number; `sha256` is of the report that it acquired."""

    number: str
    issued_at: datetime
    sha256: str | None = None
    typed: bool = False
    """Whether staff typed it in, who reported the guest by hand."""


def short_id(report_id: str) -> str:
    """The end of a report's id, which people use: the beginning of a UUIDv7 is a time, and alike for a whole minute."""
    return report_id.replace("-", "")[-SHORT_ID_LENGTH:]
