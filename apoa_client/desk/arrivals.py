"""A guest arrives: the draft is examined, and what holds is filed in the outbox.

Filing needs no secret and no line: a report is saved with the keyring locked and the cable out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from apoa_client.desk.ids import RandomBytes, new_id
from apoa_client.passport.mrz import Mrz, read_mrz
from apoa_client.ports import Clock, Entry, Outbox
from apoa_client.report.deadline import due_at
from apoa_client.report.draft import Draft
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.kinds import Kind
from apoa_client.report.model import Report
from apoa_client.report.rules import Examination, examine


@dataclass(frozen=True, slots=True)
class House:
    """What the desk needs to know of the property."""

    zone: tzinfo
    window_hours: int


class Desk:
    """Where guests are registered."""

    def __init__(self, outbox: Outbox, clock: Clock, house: House, random: RandomBytes) -> None:
        self._outbox = outbox
        self._clock = clock
        self._house = house
        self._random = random

    def read(self, lines: Sequence[str]) -> Mrz:
        """Read an MRZ as of today. Raises `apoa_client.passport.mrz.MrzUnreadable`."""
        return read_mrz(lines, today=self._clock.now().astimezone(self._house.zone).date())

    def examine(self, draft: Draft) -> Examination:
        """What a draft amounts to, as of now."""
        return examine(draft, now=self._clock.now(), zone=self._house.zone)

    def compose(self, examination: Examination) -> Report:
        """The report of an examined draft. Raises `ReportRefused` where it has errors."""
        if examination.guest is None or examination.stay is None:
            raise ReportRefused(examination.errors, examination.warnings)
        now = self._clock.now()
        return Report(
            id=new_id(now, self._random),
            stay_id=new_id(now, self._random),
            kind=Kind.CHECK_IN,
            created_at=now.astimezone(self._house.zone).replace(microsecond=0),  # as it is sent
            guest=examination.guest,
            stay=examination.stay,
        )

    def file(self, report: Report, warnings: Sequence[Finding]) -> Entry:
        """Save a report. When this returns, a power cut no longer loses it. Raises `StorageProblem`."""
        due = due_at(report.stay.check_in, self._house.window_hours) if report.stay is not None else None
        return self._outbox.add(report, due_at=due, warnings=warnings)
