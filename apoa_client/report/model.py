"""The model of a report: immutable values.

A report is one message, and the history of a stay is a sequence of reports with one `stay_id`. No ``repr`` shows
personal data: each field that may have some is left out of it.
"""

from datetime import date, datetime
from typing import NamedTuple

from apoa_client.passport.dates import PartialDate
from apoa_client.report.kinds import Kind, Purpose


class Document(NamedTuple):
    """A travel document. `issuing_state` is an ICAO code; `mrz` has the lines that were read, or is None."""

    type: str
    number: str
    issuing_state: str
    expiry_date: date
    mrz: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return f"Document({self.type!r}, …)"


class StayPermit(NamedTuple):
    """A visa or stay permit: free text, because the official index changes by decree."""

    code: str | None = None
    number: str | None = None
    valid_until: date | None = None
    entry_date: date | None = None

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return "StayPermit(…)"


class Guest(NamedTuple):
    """A foreign guest. One of `surname` and `given_names` may be empty; `birth_place` "-" means not stated."""

    surname: str
    given_names: str
    sex: str
    birth_date: PartialDate
    birth_place: str
    nationality: str
    document: Document
    stay_permit: StayPermit | None = None
    phone: str | None = None
    email: str | None = None

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return "Guest(…)"


class Stay(NamedTuple):
    """A stay in the property. `check_in` has the property's offset from UTC."""

    check_in: datetime
    planned_check_out: date
    room: str | None = None
    purpose: Purpose = Purpose.TOURISM
    note: str | None = None

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return f"Stay({self.check_in!r}, {self.planned_check_out!r}, …)"

    @property
    def nights(self) -> int:
        """The number of nights."""
        return (self.planned_check_out - self.check_in.date()).days


class Report(NamedTuple):
    """One message to the authority. The `kind` determines which of the last four fields are set (see the contract)."""

    id: str
    stay_id: str
    kind: Kind
    created_at: datetime
    guest: Guest | None = None
    stay: Stay | None = None
    check_out: datetime | None = None
    reason: str | None = None

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return f"Report({self.id!r}, {self.stay_id!r}, {self.kind!r}, …)"
