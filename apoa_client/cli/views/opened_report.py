"""A report of the outbox together with its decrypted content, as every list, page and question shows it."""

from datetime import datetime
from typing import NamedTuple

from apoa_client.cli.terminal.output import sanitize
from apoa_client.cli.views.report import guest_name
from apoa_client.ports.entries import Content, Entry
from apoa_client.report.filler_words import room_name
from apoa_client.report.kinds import short_id
from apoa_client.report.model import Guest, Report, Stay


class OpenedReport(NamedTuple):
    """A report of the outbox with its content. Without the key, or once the data are erased, there is no content."""

    entry: Entry
    content: Content | None = None
    guest_report: Report | None = None
    """The report that holds guest and stay: this one; for a check-out or cancellation, the stay's current report."""

    def __repr__(self) -> str:
        """Return the id only: the content is personal data."""
        return f"OpenedReport({self.entry.id!r}, …)"

    @property
    def report(self) -> Report | None:
        """The report itself; None if it cannot be read now."""
        return self.content.report if self.content is not None else None

    @property
    def guest(self) -> Guest | None:
        """The guest; None if the data cannot be read now."""
        return self.guest_report.guest if self.guest_report is not None else None

    @property
    def stay(self) -> Stay | None:
        """The stay; None if the data cannot be read now."""
        return self.guest_report.stay if self.guest_report is not None else None

    @property
    def check_out(self) -> datetime | None:
        """The time of check-out that the report itself gives, if any."""
        return self.content.report.check_out if self.content is not None else None

    @property
    def short_id(self) -> str:
        """The short id of the report."""
        return short_id(self.entry.id)

    @property
    def name(self) -> str:
        """The guest's name, sanitized; empty if it cannot be read now."""
        return guest_name(self.guest) if self.guest is not None else ""

    @property
    def room(self) -> str:
        """The room, sanitized; empty if there is none or it cannot be read now."""
        return sanitize(room_name(self.stay.room or "")) if self.stay is not None else ""

    @property
    def nationality(self) -> str:
        """The nationality's ICAO code; empty if it cannot be read now."""
        return self.guest.nationality if self.guest is not None else ""
