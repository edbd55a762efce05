"""What `apoa export` writes of a property: its reports without guests' data, or the current report of each stay."""

from collections.abc import Callable, Iterable, Iterator
from datetime import tzinfo
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.desk.stay_history import Period, StayHistory
from apoa_client.errors import Erased, SealBroken
from apoa_client.ports.entries import Entry
from apoa_client.report.kinds import State
from apoa_client.report.model import Report

AUDIT_ACTION = "exported"
"""The action in the audit trail: guests' data were written to a file."""


class ExportedReport(NamedTuple):
    """One row of an export. `report` is set if it holds guests' data: it then has a guest and a stay."""

    property_name: str
    zone: tzinfo
    entry: Entry
    stay: StayHistory
    report: Report | None = None

    def __repr__(self) -> str:
        """Return the id only: the report is personal data."""
        return f"ExportedReport({self.entry.id!r}, …)"

    @property
    def stay_state(self) -> str:
        """What became of the stay: ``in_house``, ``checked_out``, ``cancelled`` or ``withdrawn``."""
        if self.stay.current_report is None:
            return "withdrawn"
        if self.stay.cancel is not None:
            return "cancelled"
        return "in_house" if self.stay.check_out is None else "checked_out"


class Exporter:
    """Yields what is exported of one property after another, and counts it.

    Only reports in one of the `states` are exported. A report that cannot be opened is passed to `on_error`.
    """

    def __init__(self, states: frozenset[State], on_error: Callable[[SealBroken], object]) -> None:
        self._states = states
        self._on_error = on_error
        self.written = 0
        """How many were yielded."""
        self.erased = 0
        """How many stays were left out because the guest's data are erased."""
        self.unreadable = 0
        """How many reports were left out because they cannot be opened."""

    def reports(self, app: Container, period: Period) -> Iterator[ExportedReport]:
        """Yield every report of the stays whose check-in night is in the period, without guests' data.

        Needs no key. Raises `StorageProblem`.
        """
        settings = app.settings
        for stay in app.stays.arrived(period):
            for entry in self._chosen(stay.entries):
                self.written += 1
                yield ExportedReport(settings.name, settings.zone, entry, stay)

    def stays(self, app: Container, period: Period) -> Iterator[ExportedReport]:
        """Yield the current report of each stay whose check-in night is in the period, with its guest.

        The export is recorded before the first one. Raises `CredentialsProblem` without the key, and `StorageProblem`.
        """
        settings, recorded = app.settings, False
        for stay in app.stays.arrived(period):
            for entry in self._chosen([stay.display_report]):
                report = self._opened(app, entry)
                if report is None:
                    continue
                if not recorded:
                    app.outbox.record_event(AUDIT_ACTION)
                    recorded = True
                self.written += 1
                yield ExportedReport(settings.name, settings.zone, entry, stay, report)

    def _chosen(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        return (entry for entry in entries if entry.state in self._states)

    def _opened(self, app: Container, entry: Entry) -> Report | None:
        """Return a report with guest and stay; None, and count or show it, if it cannot be opened."""
        try:
            report = app.outbox.content(entry).report if entry.erased_at is None else None
        except SealBroken as exc:
            self.unreadable += 1
            self._on_error(exc)
            return None
        except Erased:  # by another process since the entry was read
            report = None
        self.erased += report is None
        return report if report is not None and report.guest is not None else None
