"""A desk with an outbox, and an authority whose answers the test chooses."""

import os
from datetime import timedelta
from typing import Any

from basics import FixedClock
from outbox_helpers import finding, receipt, sealer_without_key
from report_helpers import NOW, WIB, draft

from apoa_client.desk.arrivals import Desk, ReportingRules
from apoa_client.desk.changes import Changes
from apoa_client.desk.stay_history import StayHistory
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change, NewReport
from apoa_client.report.kinds import State
from apoa_client.report.model import Report
from apoa_client.report.parse_fields import Draft

LOCKED = sealer_without_key()
"""Seals what is saved, and opens nothing: the private key is not available."""


class DeskScenario:
    """What staff do, one method each. Reports are made as of the clock, and answered when the test says so."""

    def __init__(
        self, outbox: SqliteOutbox, clock: FixedClock | None = None, zone: Any = WIB, key: bytes = b"k"
    ) -> None:
        self.outbox, self.clock = outbox, clock or FixedClock(NOW)
        rules = ReportingRules(zone, 24, key)
        self.desk = Desk(outbox, self.clock, rules, os.urandom)
        self.changes = Changes(self.desk)
        self.stays = self.desk.stays

    def report(self, given: Draft | None = None) -> Report:
        return self.desk.compose(self.desk.examine(given or draft()))

    def arrive(self, given: Draft | None = None) -> StayHistory:
        report = self.report(given)
        return self.save(self.desk.new_report(report, ()))

    def of(self, stay: str | StayHistory) -> StayHistory:
        return self.stays.of(stay if isinstance(stay, str) else stay.stay_id)

    def deliver(self, history: StayHistory, state: State = State.ACCEPTED, *, unsent: bool = False) -> StayHistory:
        """Send the queued reports of the stay; this is the authority's answer."""
        now = self.clock.time
        for entry in self.of(history).active_reports:
            if entry.state is State.QUEUED:
                lease, _claimed = self.outbox.claim([entry.id], now=now, lease_until=now + timedelta(minutes=5))
                given = receipt() if state is State.ACCEPTED else None
                errors = (finding(),) if state is State.REJECTED else None
                self.outbox.settle(lease, [Change(entry.id, state, receipt=given, errors=errors, unsent=unsent)])
        return self.of(history)

    def save(self, change: NewReport) -> StayHistory:
        self.desk.save(change)
        return self.of(change.report.stay_id)

    def amended(self, history: StayHistory, reason: str | None = "pindah kamar", **typed: str) -> NewReport:
        before = self.current_content(history)
        return self.changes.amend(history, self.changes.examine(before, typed), reason)

    def current_content(self, history: StayHistory) -> Report:
        assert history.current_report is not None
        return self.outbox.content(history.current_report).report
