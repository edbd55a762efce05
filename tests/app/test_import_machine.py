"""A table is imported again and again, while its rows are edited and the stays are sent and changed at the desk."""

import os
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from app_helpers import Importer, guest_row
from basics import FixedClock, search
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from outbox_helpers import finding, open_outbox, receipt
from report_helpers import NOW, WIB, draft

from apoa_client.app.table_import import ImportResult
from apoa_client.desk.changes import reports_to_withdraw
from apoa_client.desk.import_rows import Action, RowResult
from apoa_client.desk.stay_history import StayHistory, Stays
from apoa_client.errors import DataRefused
from apoa_client.outbox.sql import audit
from apoa_client.ports.entries import Change, Selection
from apoa_client.report.kinds import State
from apoa_client.tables.rows import GuestRow

GUESTS = st.integers(0, 4)
NAMES = ("Ana", "Bo", "Cai", "Dewi", "Ana")
"""Two guests have the same name and date of birth."""
ANSWERS = st.sampled_from([State.ACCEPTED, State.PENDING, State.REJECTED])


class Cells(NamedTuple):
    """What the table says of a guest."""

    room: str = "5"
    nights: str = "3"
    check_out: str = ""
    number: str = ""
    """The number of the passport, where it is corrected."""


class Killed(BaseException):
    """The process ends here."""


def row_of(guest: int, cells: Cells) -> GuestRow:
    number = cells.number or f"X{guest}"
    given = {"document_number": number, "given_names": NAMES[guest], "room": cells.room, "nights": cells.nights}
    return guest_row(guest + 2, check_out=cells.check_out, **given)


class ImportMachine(RuleBasedStateMachine):
    """Each guest has one stay, whatever happens, and the table's row agrees with it or its import says why not."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(dir=os.environ.get("PYTEST_DEBUG_TEMPROOT"))
        self.path = Path(self.folder.name, "outbox.db")
        self.clock = FixedClock(NOW)
        self.outbox = open_outbox(self.path)
        self.table: dict[int, Cells] = {}
        self.ids: list[str] = []
        self.by_hand: set[int] = set()

    def teardown(self) -> None:
        if hasattr(self, "outbox"):
            self.outbox.close()
            self.folder.cleanup()

    def importer(self, *, with_key: bool = False) -> Importer:
        return Importer(self.outbox, self.clock, with_key=with_key)

    @property
    def stays(self) -> Stays:
        return Stays(self.outbox, WIB)

    def entries(self) -> list[Any]:
        return list(self.outbox.entries(Selection()))

    def histories(self) -> list[StayHistory]:
        return [self.stays.of(stay_id) for stay_id in dict.fromkeys(entry.stay_id for entry in self.entries())]

    def history_of(self, guest: int) -> StayHistory | None:
        """The guest's active stay."""
        active = (each for each in self.histories() if each.is_active)
        return next((each for each in active if self.guest_of(each) == guest), None)

    def guest_of(self, history: StayHistory) -> int:
        """Return the guest of a stay. No report of it has ever been of another guest."""
        reports = (self.outbox.content(entry).report for entry in history.entries)
        [number] = {report.guest.document.number[1:] for report in reports if report.guest is not None}
        return int(number)

    # The table.

    @rule(guest=GUESTS, room=st.sampled_from("56"), nights=st.sampled_from("34"))
    def edit(self, guest: int, room: str, nights: str) -> None:
        self.table[guest] = self.table.get(guest, Cells())._replace(room=room, nights=nights)

    @rule(guest=GUESTS, correct=st.booleans())
    def correct_the_number(self, guest: int, *, correct: bool) -> None:
        if guest in self.table and guest not in self.by_hand:
            self.table[guest] = self.table[guest]._replace(number=f"Y{guest}" if correct else "")

    @rule(guest=GUESTS, left=st.sampled_from(["", "2026-11-24", "2026-11-24 19:00", "2026-11-25 09:00"]))
    def leave(self, guest: int, left: str) -> None:
        if guest in self.table:
            self.table[guest] = self.table[guest]._replace(check_out=left)

    @rule(guest=GUESTS)
    def remove(self, guest: int) -> None:
        self.table.pop(guest, None)

    def rows(self) -> list[GuestRow]:
        return [row_of(guest, cells) for guest, cells in self.table.items()]

    # Imports.

    @rule(with_key=st.booleans())
    def import_twice(self, *, with_key: bool) -> None:
        """Every row is reported as the table says it, or changes nothing; and the second time nothing is done."""
        importer = self.importer(with_key=with_key)
        planned = [importer.plan(row) for row in self.rows()]
        result = importer.run(*self.rows())
        assert len(self.entries()) == len(self.ids) + result.new_reports
        for each in planned:
            self.check_row(each)
        before = self.entries()
        again = importer.run(*self.rows())
        assert (again.new_reports, again.saved, again.amended) == (0, 0, 0)
        assert self.entries() == before
        self.check_sum(again)

    @rule(guest=GUESTS)
    def import_one_row(self, guest: int) -> None:
        """A file with one guest changes no stay of another one."""
        if guest in self.table:
            others = {each.stay_id: each for each in self.histories() if self.guest_of(each) != guest}
            self.importer().run(row_of(guest, self.table[guest]))
            assert all(self.stays.of(stay_id) == history for stay_id, history in others.items())

    def check_sum(self, result: ImportResult) -> None:
        parts = result.saved + result.unchanged + result.amended + result.skipped + result.refused
        assert parts == result.rows == len(self.table)

    def check_row(self, planned: RowResult) -> None:
        number = planned.row.number - 2
        cells, history = self.table[number], self.history_of(number)
        if planned.action is Action.REFUSED:
            assert {error.code for error in planned.errors} <= {"duplicate", "order", "conflict"}
            return
        if any(warning.code == "conflict" for warning in planned.warnings):
            assert planned.action is Action.UNCHANGED
            return
        assert history is not None
        assert history.current_report is not None
        stay = self.outbox.content(history.current_report).report.stay
        assert stay is not None
        if self.was_imported(history):
            assert (stay.room, str(stay.nights)) == (cells.room, cells.nights)
            if cells.check_out and not self.is_ahead(cells):
                assert history.check_out is not None

    def is_ahead(self, cells: Cells) -> bool:
        return cells.check_out.startswith("2026-11-25") and self.clock.time.astimezone(WIB).day == NOW.day

    def was_imported(self, history: StayHistory) -> bool:
        return self.importer().imports._ids.is_imported(history.display_report.id)

    @rule(after=st.integers(0, 6), all_rows=st.booleans())
    def killed_import(self, after: int, *, all_rows: bool) -> None:
        """The process ends at any point before the end of the transaction: nothing has changed."""
        before, events = self.entries(), len(list(self.outbox.audit_trail.entries()))
        calls = 0
        really = audit.append

        def append(*arguments: Any) -> None:
            nonlocal calls
            calls += 1
            if calls > after:
                raise Killed
            really(*arguments)

        def rows() -> Any:
            yield from self.rows()
            if all_rows and after % 2:
                raise Killed

        importer = self.importer()
        with patch.object(audit, "append", append), suppress(Killed), importer.of(()) as table_import:
            table_import._records = table_import._records._replace(read_rows=rows)
            table_import.check()
            table_import.save()
            self.ids = [entry.id for entry in self.entries()]
            return
        assert self.entries() == before
        assert len(list(self.outbox.audit_trail.entries())) == events

    @rule()
    def another_imports_meanwhile(self) -> None:
        """Two imports of the same file at once: each row is saved by one of them."""
        with open_outbox(self.path) as other, self.importer().of(self.rows()) as table_import:
            table_import.check()
            Importer(other, self.clock).run(*self.rows())
            result = table_import.save()
        assert result.new_reports == 0

    # The authority.

    @rule(guest=GUESTS, answer=ANSWERS)
    def send(self, guest: int, answer: State) -> None:
        history = self.history_of(guest)
        for entry in history.active_reports if history is not None else ():
            if entry.state is State.QUEUED:
                now = self.clock.time
                lease, _got = self.outbox.claim([entry.id], now=now, lease_until=now + timedelta(minutes=5))
                given = receipt() if answer is State.ACCEPTED else None
                errors = (finding(),) if answer is State.REJECTED else None
                self.outbox.settle(lease, [Change(entry.id, answer, receipt=given, errors=errors)])
                if answer is State.REJECTED:
                    return

    # The desk.

    @rule(guest=GUESTS, nights=st.sampled_from("23"))
    def report_by_hand(self, guest: int, nights: str) -> None:
        desk = self.importer().desk
        number = self.table.get(guest, Cells()).number or f"X{guest}"
        given = {"document_number": number, "given_names": NAMES[guest], "nights": nights, "room": "5"}
        given["check_in"] = "2026-11-24 15:00"
        examination = desk.examine(draft(given))
        report = desk.compose(examination)
        if self.history_of(guest) is None:
            self.by_hand.add(guest)  # only the number says then that it is the same guest
            desk.save(desk.new_report(report, examination.warnings))

    @rule(guest=GUESTS, number=st.integers(1, 9))
    def amend_at_the_desk(self, guest: int, number: int) -> None:
        history, changes = self.history_of(guest), self.importer().changes
        if history is not None and history.current_report is not None:
            before = self.outbox.content(history.current_report).report
            examination = changes.examine(before, {"note": f"catatan {number}"})
            self.importer().desk.save(changes.amend(history, examination, "betul"))

    @rule(guest=GUESTS, letter=st.sampled_from("XY"))
    def correct_the_number_at_the_desk(self, guest: int, letter: str) -> None:
        history, changes = self.history_of(guest), self.importer().changes
        if history is not None and history.current_report is not None and guest not in self.by_hand:
            before = self.outbox.content(history.current_report).report
            examination = changes.examine(before, {"document_number": f"{letter}{guest}"})
            self.importer().desk.save(changes.amend(history, examination, "betul"))

    @rule(guest=GUESTS)
    def check_out_at_the_desk(self, guest: int) -> None:
        history, changes = self.history_of(guest), self.importer().changes
        if history is not None:
            with suppress(DataRefused):
                self.importer().desk.save(changes.check_out(history))

    @rule(guest=GUESTS, last=st.booleans())
    def cancel_at_the_desk(self, guest: int, *, last: bool) -> None:
        history, changes = self.history_of(guest), self.importer().changes
        if history is None:
            return
        with suppress(DataRefused):
            selected = history.active_reports[-1 if last else 0]
            entries = reports_to_withdraw(history, selected)
            if entries:
                changes.withdraw(history, entries)
            else:
                self.importer().desk.save(changes.cancel(history, "keliru"))

    @rule(hours=st.integers(1, 20))
    def wait(self, hours: int) -> None:
        self.clock.forward(timedelta(hours=hours))

    @rule()
    def reopen(self) -> None:
        self.outbox.close()
        self.outbox = open_outbox(self.path)

    # What is always true.

    @invariant()
    def no_guest_is_reported_twice(self) -> None:
        if hasattr(self, "outbox"):
            active = [self.guest_of(each) for each in self.histories() if each.is_active]
            assert len(active) == len(set(active))

    @invariant()
    def nothing_is_lost(self) -> None:
        if hasattr(self, "outbox"):
            ids = [entry.id for entry in self.entries()]
            assert set(self.ids) <= set(ids)
            self.ids = ids
            assert self.outbox.audit_trail.verify().wrong is None
            assert self.outbox.summary(now=NOW, soon=NOW).contradicted is False


TestImports = ImportMachine.TestCase
TestImports.settings = search(40, stateful_step_count=25)
