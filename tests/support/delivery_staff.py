"""The staff at a desk while deliveries are tested: they use the public methods of the desk."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from basics import FixedClock
from delivery_processes import PERSONAL_TEXT, MortalOutbox, Process, photo_of
from outbox_helpers import WIB
from outbox_stores import AnyOutbox

from apoa_client.desk.arrivals import Desk, ReportingRules
from apoa_client.desk.changes import Changes, find_refused, reports_to_withdraw
from apoa_client.desk.stay_history import StayHistory, Stays
from apoa_client.errors import DataRefused
from apoa_client.ports.entries import Entry, NewReport
from apoa_client.report.kinds import Kind, State
from apoa_client.report.model import Report
from apoa_client.report.rules import Examination

CHANGES = ("check_out", "amend", "cancel", "cancel_report", "fix")
"""The changes to a stay. `cancel` means the whole stay, `cancel_report` one of its reports."""


class UniqueBytes:
    """Returns different bytes on each call."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, count: int) -> bytes:
        self._count += 1
        return self._count.to_bytes(count, "big")


@dataclass(frozen=True)
class Decision:
    """A change that was decided on the stay as it was read: which report it saves and which ones it ends."""

    carry_out: Callable[[], object]
    saves: str | None = None
    retires: tuple[str, ...] = ()
    retired: State = State.SUPERSEDED
    active_reports: tuple[str, ...] = ()
    """The stay's active reports, as they were read."""


class Staff:
    """A user at a desk, in a separate process, which may die."""

    def __init__(
        self, outbox: AnyOutbox, clock: FixedClock, chance: UniqueBytes, process: Process | None = None
    ) -> None:
        mortal: Any = MortalOutbox(outbox, process or Process())
        self._outbox = mortal
        rules = ReportingRules(WIB, 24, b"k")
        self._desk = Desk(self._outbox, clock, rules, chance)
        self._changes = Changes(self._desk)
        self._stays = Stays(self._outbox, WIB)

    def check_in(self, report: Report) -> Decision:
        """A guest arrives, and the photo of the passport is kept."""
        new = self._desk.new_report(report, (), photo=photo_of(report.id))
        return Decision(lambda: self._desk.save_all([new]), saves=report.id)

    def decide_change(self, stay_id: str, what: str, which: int = 0) -> Decision | None:
        """One of `CHANGES` to a known stay; None where the desk refuses it."""
        history = self._stays.of(stay_id)
        among = history.active_reports or history.entries
        selected = among[which % len(among)]
        try:
            if what in {"cancel", "cancel_report"}:
                return self._retract(history, selected if what == "cancel_report" else history.entries[0])
            return self._file_change(getattr(self, f"_{what}")(history, selected))
        except DataRefused:
            return None

    def _file_change(self, change: NewReport) -> Decision:
        return Decision(
            lambda: self._desk.save(change),
            change.report.id,
            tuple(change.replaces),
            active_reports=tuple(change.active_reports),
        )

    def _retract(self, history: StayHistory, selected: Entry) -> Decision:
        withdrawn = reports_to_withdraw(history, selected)
        if not withdrawn:
            return self._file_change(self._changes.cancel(history, PERSONAL_TEXT))
        return Decision(
            lambda: self._changes.withdraw(history, withdrawn),
            retires=tuple(entry.id for entry in withdrawn),
            retired=State.WITHDRAWN,
            active_reports=tuple(entry.id for entry in history.active_reports),
        )

    def _check_out(self, history: StayHistory, _selected: Entry) -> NewReport:
        return self._changes.check_out(history)

    def _amend(self, history: StayHistory, _selected: Entry) -> NewReport:
        return self._changes.amend(
            history, self._with_other_room(history.current_report or history.entries[0]), PERSONAL_TEXT
        )

    def _fix(self, history: StayHistory, selected: Entry) -> NewReport:
        refused = find_refused(history, selected)
        if refused.kind is Kind.CHECK_OUT:
            left = self._changes.check_out(
                StayHistory(history.active_reports[: history.active_reports.index(refused)])
            ).report.check_out
            assert left is not None
            return self._changes.check_out(history, left, None, refused)
        if refused.kind is Kind.CANCEL:
            return self._changes.cancel(history, PERSONAL_TEXT, refused)
        return self._changes.amend(history, self._with_other_room(refused), PERSONAL_TEXT, refused)

    def _with_other_room(self, entry: Entry) -> Examination:
        """The content of a report, with another room."""
        report: Report = self._outbox.content(entry).report
        assert report.stay is not None
        return Examination(report.guest, report.stay._replace(room=f"{report.stay.room}+"), (), ())
