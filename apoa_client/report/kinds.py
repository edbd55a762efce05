"""The parts of a report that have no personal data: its kind, its state, its receipt, its short id, its deadline.

They are separate from the model, because `apoa status` counts reports and opens none.

The Directorate General asks for a report within 24 hours from the start of the stay (Kantor Imigrasi Kediri, 18 Apr
2017), which the program counts from the check-in. No statute that we know sets the hours, so they are a setting of the
property, and the authority may have its own.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

SHORT_ID_LENGTH = 8

SOON = timedelta(hours=6)
"""The time before its deadline in which a waiting report is urgent."""

CLOCK_TOLERANCE = timedelta(minutes=2)
"""The difference between this computer's clock and the authority's up to which times of reports are trusted."""

MAX_OVERSTAY = timedelta(days=31)
"""How long after the planned departure a guest without a check-out still counts as in house."""

MAX_BELIEVED_SKEW = timedelta(days=366)
"""The difference up to which the authority's clock counts. At a larger one, a user must say what day it is."""


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


TRAINING_NUMBER = "LATIHAN-"
"""How each receipt number of the training authority begins."""
NO_NUMBER = "-"
"""The receipt number of a report that staff typed into APOA and for which APOA gave none."""
NO_REASON = "oleh petugas"
"""The reason of a change that no authority gets: "by staff". It is not to be typed."""


class Receipt(NamedTuple):
    """The authority's receipt of a report. `sha256` is that of the report as the authority received it."""

    number: str
    issued_at: datetime
    sha256: str | None = None
    typed: bool = False
    """Whether staff typed the number after they reported the guest by hand."""

    @property
    def is_training(self) -> bool:
        """Whether the training authority gave it: earlier versions let a property practise before it was a real one."""
        return not self.typed and self.number.startswith(TRAINING_NUMBER)

    @property
    def has_number(self) -> bool:
        """Whether there is a number, and not only a report that staff typed in."""
        return self.number != NO_NUMBER


def short_id(report_id: str) -> str:
    """Return the end of a report's id for users: the beginning of a UUIDv7 is a time, which is equal for a minute."""
    return report_id.replace("-", "")[-SHORT_ID_LENGTH:]


def due_at(check_in: datetime, window_hours: int) -> datetime:
    """Return the deadline, in the zone of the check-in."""
    return check_in + timedelta(hours=window_hours)


def instant(moment: datetime) -> str:
    """Return a time as the contract writes it: RFC 3339 with an offset, to the second."""
    return moment.isoformat(timespec="seconds")
