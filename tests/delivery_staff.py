"""Who works at the desk while deliveries are tried: by the doors of the desk itself, on what the outbox tells them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from conftest import FixedClock
from delivery_processes import WORDS, Fragile, Process
from outbox_helpers import WIB

from apoa_client.desk.arrivals import Desk, ReportingRules
from apoa_client.desk.changes import Changes, PendingChange, find_refused, reports_to_withdraw
from apoa_client.desk.stay_history import StayHistory, Stays
from apoa_client.errors import DataRefused
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports import Entry
from apoa_client.report.kinds import Kind, State
from apoa_client.report.model import Report
from apoa_client.report.rules import Examination

CHANGES = ("check_out", "amend", "cancel", "take_back", "fix")
"""What can be done about a stay. `cancel` is about the whole of it, `take_back` about any one of its reports."""


class Chance:
    """Bytes that are never the same twice."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, count: int) -> bytes:
        self._count += 1
        return self._count.to_bytes(count, "big")


@dataclass(frozen=True)
class Decision:
    """What somebody is about to do, on what they saw: what would be saved, and what would be at its end."""

    carry_out: Callable[[], object]
    saves: str | None = None
    retires: tuple[str, ...] = ()
    retired: State = State.SUPERSEDED
    active_reports: tuple[str, ...] = ()
    """The stay's reports, as they were seen."""


class Staff:
    """A person at a desk, in a process of their own, which may die of it."""

    def __init__(self, outbox: SqliteOutbox, clock: FixedClock, chance: Chance, process: Process | None = None) -> None:
        self._outbox: Any = Fragile(outbox, process or Process())
        rules = ReportingRules(WIB, 24, b"k")
        self._desk = Desk(self._outbox, clock, rules, chance)
        self._changes = Changes(self._desk, self._outbox, clock, rules, chance)
        self._stays = Stays(self._outbox, WIB)

    def welcomes(self, report: Report) -> Decision:
        """A guest arrives."""
        return Decision(lambda: self._desk.save(report, ()), saves=report.id)

    def decides(self, stay_id: str, what: str, which: int = 0) -> Decision | None:
        """One of `CHANGES`, to a stay that is known; None where the desk says that it cannot be."""
        history = self._stays.of(stay_id)
        among = history.active_reports or history.entries
        meant = among[which % len(among)]
        try:
            if what in {"cancel", "take_back"}:
                return self._takes_back(history, meant if what == "take_back" else history.entries[0])
            return self._files(getattr(self, f"_{what}")(history, meant))
        except DataRefused:
            return None

    def _files(self, change: PendingChange) -> Decision:
        return Decision(
            lambda: self._changes.save(change), change.report.id, change.replaces, active_reports=change.active_reports
        )

    def _takes_back(self, history: StayHistory, meant: Entry) -> Decision:
        withdrawn = reports_to_withdraw(history, meant)
        if not withdrawn:
            return self._files(self._changes.cancel(history, WORDS))
        return Decision(
            lambda: self._changes.withdraw(history, withdrawn),
            retires=tuple(entry.id for entry in withdrawn),
            retired=State.WITHDRAWN,
            active_reports=tuple(entry.id for entry in history.active_reports),
        )

    def _check_out(self, history: StayHistory, _meant: Entry) -> PendingChange:
        return self._changes.check_out(history)

    def _amend(self, history: StayHistory, _meant: Entry) -> PendingChange:
        return self._changes.amend(history, self._otherwise(history.current_report or history.entries[0]), WORDS)

    def _fix(self, history: StayHistory, meant: Entry) -> PendingChange:
        refused = find_refused(history, meant)
        if refused.kind is Kind.CHECK_OUT:
            left = self._changes.check_out(
                StayHistory(history.active_reports[: history.active_reports.index(refused)])
            ).report.check_out
            assert left is not None
            return self._changes.fix_check_out(history, refused, left, None)
        if refused.kind is Kind.CANCEL:
            return self._changes.fix_cancel(history, refused, WORDS)
        return self._changes.fix(history, refused, self._otherwise(refused), WORDS)

    def _otherwise(self, entry: Entry) -> Examination:
        """What a report said, with another room."""
        report: Report = self._outbox.content(entry).report
        assert report.stay is not None
        return Examination(report.guest, replace(report.stay, room=f"{report.stay.room}+"), (), ())
