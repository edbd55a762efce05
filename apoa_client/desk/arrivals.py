"""A guest arrives: the draft is examined, and what holds is filed in the outbox.

Filing needs no secret and no line: a report is saved with the keyring locked and the cable out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import TYPE_CHECKING

from apoa_client.desk.ids import RandomBytes, new_id
from apoa_client.desk.stay_history import StayHistory, Stays
from apoa_client.passport.mrz import Mrz, read_mrz
from apoa_client.ports import Clock, Entry, NewReport, ReportQueue
from apoa_client.report.deadline import due_at
from apoa_client.report.draft import Draft
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.guest_hash import guest_tag
from apoa_client.report.kinds import Kind
from apoa_client.report.model import Guest, Report
from apoa_client.report.rules import Examination, examine

if TYPE_CHECKING:
    from apoa_client.report.checking import CheckedDocument


@dataclass(frozen=True, slots=True)
class ReportingRules:
    """What the desk needs to know of the property."""

    zone: tzinfo
    window_hours: int
    index_key: bytes = field(default=b"", repr=False)
    """Of the hash by which a guest is known again; empty where the property was set up without one."""


class DocumentChecker:
    """Where documents are read and checked, which needs no property, no queue and no secret."""

    def __init__(self, clock: Clock, zone: tzinfo) -> None:
        self._clock = clock
        self._zone = zone

    @property
    def _today(self) -> date:
        return self._clock.now().astimezone(self._zone).date()

    def read(self, lines: Sequence[str]) -> Mrz:
        """Read an MRZ as of today. Raises `apoa_client.passport.mrz.MrzUnreadable`."""
        return read_mrz(lines, today=self._today)

    def check(self, typed: Mapping[str, str], lines: Sequence[str]) -> "CheckedDocument":
        """What one document amounts to, as of today; nothing is stored."""
        from apoa_client.report.checking import check  # registering a guest needs none of it

        return check(typed, lines, today=self._today)


class Desk(DocumentChecker):
    """Where guests are registered."""

    def __init__(self, outbox: ReportQueue, clock: Clock, settings: ReportingRules, random: RandomBytes) -> None:
        super().__init__(clock, settings.zone)
        self._outbox = outbox
        self._house = settings
        self._random = random

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

    def file(
        self,
        report: Report,
        warnings: Sequence[Finding],
        replaces: Sequence[str] = (),
        active_reports: Sequence[str] = (),
    ) -> Entry:
        """Save a report, in the place of those that it replaces. When this returns, a power cut no longer loses it.

        Raises `StorageProblem`, or `ReportMoved` where one of those cannot be replaced any more, or where the stay has
        other reports by now than those `active_reports` when this one was made.
        """
        new = self._addition(report, warnings)
        behind = {"replaces": replaces, "active_reports": active_reports}
        return self._outbox.add(report, due_at=new.due_at, warnings=new.warnings, guest_tag=new.guest_tag, **behind)

    def save_group(self, group: Sequence[tuple[Report, Sequence[Finding]]]) -> list[Entry]:
        """Save the reports of guests who came together, each with its warnings: all of them or, if that fails, none.

        When this returns, a power cut no longer loses any. Raises `StorageProblem`.
        """
        return self._outbox.add_all([self._addition(report, warnings) for report, warnings in group])

    def _addition(self, report: Report, warnings: Sequence[Finding]) -> NewReport:
        is_check_in = report.kind is Kind.CHECK_IN and report.stay is not None
        due = (
            due_at(report.stay.check_in, self._house.window_hours) if report.stay is not None and is_check_in else None
        )
        tag = self._tag(report.guest) if report.guest is not None else None
        return NewReport(report, due, warnings, tag)

    def overlapping_stays(self, report: Report) -> list[StayHistory]:
        """Other stays of the same travel document for any of the same nights, as far as this computer knows."""
        tag = self._tag(report.guest) if report.guest is not None else None
        if tag is None or report.stay is None:
            return []
        first, last = report.stay.check_in.date(), report.stay.planned_check_out
        return list(Stays(self._outbox, self._house.zone).same_guest(tag, first, last, but=report.stay_id))

    def _tag(self, guest: Guest) -> int | None:
        key = self._house.index_key
        return guest_tag(key, guest.document) if key else None
