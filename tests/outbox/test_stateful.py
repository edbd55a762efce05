"""The outbox compared with a model that is a dictionary: after any operations in any order, both agree."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from basics import raises_error, search
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from outbox_helpers import HOUR, NOON, PHOTO, receipt, report, uuid
from outbox_stores import NewStore

from apoa_client.ports.entries import Change, NewReport, Selection
from apoa_client.ports.state import StoredDraft
from apoa_client.report.kinds import PhotoState, Receipt, State

NUMBERS = st.integers(0, 7)
SETTLED = st.sampled_from([State.QUEUED, State.PENDING, State.REJECTED, State.ACCEPTED])
BLOCKING = {State.QUEUED, State.SENDING, State.PENDING, State.REJECTED}


@dataclass(frozen=True)
class Row:
    stay: int
    due_at: datetime | None
    state: State = State.QUEUED
    attempts: int = 0
    lease: str | None = None
    lease_until: datetime | None = None
    receipt: Receipt | None = None
    photo: PhotoState | None = None


class OutboxMachine(RuleBasedStateMachine):
    """Two connections to one outbox, used alternately, and a clock that only goes forward."""

    def __init__(self, new_store: NewStore) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.store = self.stack.enter_context(new_store())

    @initialize()
    def begin(self) -> None:
        self.boxes = [self.store.open(), self.store.open()]
        self.rows: dict[int, Row] = {}
        self.leases: list[str] = ["never"]
        self.drafts: dict[StoredDraft, str] = {}
        self.taken: list[StoredDraft] = []
        self.now = NOON

    def teardown(self) -> None:
        for box in self.boxes:
            box.close()
        self.stack.close()

    @rule(number=NUMBERS, stay=st.integers(0, 2), hours=st.none() | st.integers(-2, 2), box=st.integers(0, 1))
    def add(self, number: int, stay: int, hours: int | None, box: int) -> None:
        if number not in self.rows:
            due_at = None if hours is None else NOON + hours * HOUR
            self.boxes[box].add(report(number, stay), due_at=due_at)
            self.rows[number] = Row(stay, due_at)

    @rule(numbers=st.lists(NUMBERS, max_size=4), stay=st.integers(0, 2), photos=st.booleans(), box=st.integers(0, 1))
    def add_all(self, numbers: list[int], stay: int, photos: bool, box: int) -> None:  # noqa: FBT001  a rule
        photo = PHOTO if photos else None
        group = [NewReport(report(n, stay), NOON, photo=photo) for n in numbers]
        if len(set(numbers) - self.rows.keys()) < len(numbers):
            with raises_error("report_exists"):
                self.boxes[box].add_all(group)
            return
        assert [entry.id for entry in self.boxes[box].add_all(group)] == [uuid(n) for n in numbers]
        self.rows |= {n: Row(stay, NOON, photo=PhotoState.KEPT if photos else None) for n in numbers}

    @rule(text=st.text(max_size=9), box=st.integers(0, 1))
    def keep_draft(self, text: str, box: int) -> None:
        self.boxes[box].drafts.save(text, self.now)
        [new] = set(self.boxes[1 - box].drafts.waiting(self.now)) - self.drafts.keys()
        assert (new.saved_at, new.taken_at) == (self.now, None)
        self.drafts[new] = text

    @rule(data=st.data(), box=st.integers(0, 1))
    def take_draft(self, data: st.DataObject, box: int) -> None:
        if waiting := self.boxes[box].drafts.waiting(self.now):
            draft = data.draw(st.sampled_from(waiting))
            got = self.boxes[box].drafts.take(draft, self.now)
            assert got == draft._replace(taken_at=self.now)
            assert self.boxes[1 - box].drafts.take(draft, self.now) is None
            self.drafts[got] = self.drafts.pop(draft)
            self.taken.append(got)

    @rule(data=st.data(), text=st.none() | st.text(max_size=9), box=st.integers(0, 1))
    def end_draft(self, data: st.DataObject, text: str | None, box: int) -> None:
        if self.taken:
            draft = data.draw(st.sampled_from(self.taken))
            if text is None:
                self.boxes[box].drafts.delete(draft)
            else:
                self.boxes[box].drafts.save(text, self.now, draft)
            self.drafts.pop(draft, None)
            if text is not None:
                [new] = set(self.boxes[box].drafts.waiting(self.now)) - self.drafts.keys()
                self.drafts[new] = text

    @rule(numbers=st.lists(NUMBERS, max_size=4), minutes=st.integers(0, 90), box=st.integers(0, 1))
    def claim(self, numbers: list[int], minutes: int, box: int) -> None:
        until = self.now + timedelta(minutes=minutes)
        lease, got = self.boxes[box].claim([uuid(n) for n in numbers], now=self.now, lease_until=until)
        firsts = self._firsts()
        expected = [n for n in dict.fromkeys(numbers) if n in firsts and self.free(self.rows[n], until)]
        assert [entry.id for entry in got] == [uuid(n) for n in expected]
        for n in expected:
            row = self.rows[n]
            self.rows[n] = replace(row, state=State.SENDING, attempts=row.attempts + 1, lease=lease, lease_until=until)
        self.leases.append(lease)

    def free(self, row: Row, until: datetime) -> bool:
        over = row.lease_until is not None and not self.now < row.lease_until <= until
        return row.state is State.QUEUED or (row.state is State.SENDING and over)

    @rule(data=st.data(), number=NUMBERS, state=SETTLED, box=st.integers(0, 1))
    def settle(self, data: st.DataObject, number: int, state: State, box: int) -> None:
        lease = data.draw(st.sampled_from(self.leases))
        self.boxes[box].settle(lease, [self.change(number, state)])
        if number in self.rows and self.rows[number].lease == lease:
            self.changed(number, state)

    @rule(number=NUMBERS, state=SETTLED, box=st.integers(0, 1))
    def settle_pending(self, number: int, state: State, box: int) -> None:
        self.boxes[box].settle_pending([self.change(number, state)])
        if number in self.rows and self.rows[number].state is State.PENDING:
            self.changed(number, state)

    def change(self, number: int, state: State) -> Change:
        return Change(uuid(number), state, receipt=receipt(number) if state is State.ACCEPTED else None)

    def changed(self, number: int, state: State) -> None:
        got = receipt(number) if state is State.ACCEPTED else self.rows[number].receipt
        self.rows[number] = replace(self.rows[number], state=state, lease=None, lease_until=None, receipt=got)

    @rule(number=NUMBERS, state=st.sampled_from([PhotoState.SENT, PhotoState.REFUSED]), box=st.integers(0, 1))
    def settle_photo(self, number: int, state: PhotoState, box: int) -> None:
        self.boxes[box].settle_photo(uuid(number), state)
        if number in self.rows and self.rows[number].photo is PhotoState.KEPT:
            self.rows[number] = replace(self.rows[number], photo=state)

    @rule(minutes=st.integers(1, 60))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(box=st.integers(0, 1))
    def reopen(self, box: int) -> None:
        self.boxes[box].close()
        self.boxes[box] = self.store.open()

    @invariant()
    def rows_are_the_same(self) -> None:
        entries = list(self.boxes[0].entries(Selection()))
        assert [entry.id for entry in entries] == [uuid(n) for n in self.rows]
        for entry, row in zip(entries, self.rows.values(), strict=True):
            assert (entry.state, entry.attempts, entry.due_at) == (row.state, row.attempts, row.due_at)
            assert (entry.lease_until, entry.receipt, entry.photo) == (row.lease_until, row.receipt, row.photo)
            if entry.photo is not None:
                assert self.boxes[1].photo(entry) == PHOTO

    @invariant()
    def the_drafts_are_the_same(self) -> None:
        for box in self.boxes:
            half_an_hour = timedelta(minutes=30)
            waiting = {d for d in self.drafts if d.taken_at is None or self.now - d.taken_at > half_an_hour}
            assert set(box.drafts.waiting(self.now)) == waiting
            assert {draft: box.drafts.open(draft) for draft in self.drafts} == self.drafts
            assert box.summary(now=self.now, soon=self.now).drafts == len(waiting)

    def _firsts(self) -> list[int]:
        """The first open report of each stay."""
        firsts: dict[int, int] = {}
        for number, row in self.rows.items():
            if row.state in BLOCKING:
                firsts.setdefault(row.stay, number)
        return list(firsts.values())

    @invariant()
    def heads_are_the_same(self) -> None:
        order = list(self.rows)
        ready = [n for n in self._firsts() if self.rows[n].state in {State.QUEUED, State.SENDING}]
        ready.sort(key=lambda n: (self.rows[n].due_at is None, self.rows[n].due_at or NOON, order.index(n)))
        assert [entry.id for entry in self.boxes[1].heads()] == [uuid(n) for n in ready]

    @invariant()
    def photos_to_send_are_the_same(self) -> None:
        accepted = {row.stay: n for n, row in sorted(self.rows.items()) if row.state is State.ACCEPTED}
        latest = {row.stay: n for n, row in sorted(self.rows.items()) if row.photo is not None}
        waiting = {n for n in latest.values() if self.rows[n].photo is PhotoState.KEPT}
        expected = {(uuid(n), uuid(accepted[stay])) for stay, n in latest.items() if n in waiting and stay in accepted}
        assert {(each.entry.id, each.report_id) for each in self.boxes[1].photos_to_send()} == expected

    @invariant()
    def counts_are_the_same(self) -> None:
        summary = self.boxes[0].summary(now=self.now, soon=self.now + HOUR)
        states = [row.state for row in self.rows.values()]
        due = [row.due_at for row in self.rows.values() if row.state in BLOCKING and row.due_at is not None]
        assert summary.counts == {state: states.count(state) for state in State}
        assert summary.overdue == sum(moment < self.now for moment in due)
        assert summary.due_soon == sum(self.now <= moment < self.now + HOUR for moment in due)
        assert summary.next_due_at == min(due, default=None)


def test_any_operations_in_any_order(new_store: NewStore) -> None:
    """Both engines agree with the model."""
    factory: Any = partial(OutboxMachine, new_store)
    run_state_machine_as_test(factory, settings=search(20, stateful_step_count=20))
