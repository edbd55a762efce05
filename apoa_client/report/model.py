"""The model of a report: immutable values.

A report is one message, and the history of a stay is a sequence of reports with one `stay_id`. No ``repr`` shows
personal data: each field that may have some is left out of it.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from apoa_client.passport.dates import PartialDate
from apoa_client.report.kinds import Kind, Purpose


@dataclass(frozen=True, slots=True)
class Document:
    """A travel document. `issuing_state` is an ICAO code; `mrz` has the lines that were read, or is None."""

    type: str
    number: str = field(repr=False)
    issuing_state: str = field(repr=False)
    expiry_date: date = field(repr=False)
    mrz: tuple[str, ...] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StayPermit:
    """A visa or stay permit: free text, because the official index changes by decree."""

    code: str | None = field(default=None, repr=False)
    number: str | None = field(default=None, repr=False)
    valid_until: date | None = field(default=None, repr=False)
    entry_date: date | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Guest:
    """A foreign guest. One of `surname` and `given_names` may be empty; `birth_place` "-" means not stated."""

    surname: str = field(repr=False)
    given_names: str = field(repr=False)
    sex: str = field(repr=False)
    birth_date: PartialDate = field(repr=False)
    birth_place: str = field(repr=False)
    nationality: str = field(repr=False)
    document: Document = field(repr=False)
    stay_permit: StayPermit | None = None
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay in the property. `check_in` has the property's offset from UTC."""

    check_in: datetime
    planned_check_out: date
    room: str | None = field(default=None, repr=False)
    purpose: Purpose = Purpose.TOURISM
    note: str | None = field(default=None, repr=False)

    @property
    def nights(self) -> int:
        """The number of nights."""
        return (self.planned_check_out - self.check_in.date()).days


@dataclass(frozen=True, slots=True)
class Report:
    """One message to the authority. The `kind` determines which of the last four fields are set (see the contract)."""

    id: str
    stay_id: str
    kind: Kind
    created_at: datetime
    guest: Guest | None = None
    stay: Stay | None = None
    check_out: datetime | None = None
    reason: str | None = field(default=None, repr=False)
