"""Delivery against every misfortune in any order: nothing is lost, nothing is doubled, nothing overtakes.

Lines that fail, processes that die at any step of any run, clocks that jump both ways. Whatever happened, once it is
over all is delivered, and both sides hold the same receipts.
"""

import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from authority_simulator import AuthoritySimulator, Step
from conftest import FixedClock, search
from delivery_helpers import SETTINGS, House, Watcher
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from outbox_helpers import stay_id, uuid

from apoa_client.delivery.sync import Parts, Terms, deliver
from apoa_client.outbox.store import SqliteOutbox
from apoa_client.ports import Entry, Selection, Status, Verdict
from apoa_client.report.kinds import Kind, State

STEPS = st.sampled_from(
    [
        *("ok", "lost", "drop", "500", "503", "429=30", "503=3600", "413", "slow=60", "portal", "truncated", "401"),
        *("pending", "pending*2", "defer=60", "duplicate", "reject", "400", "403"),
        *("token:401", "token:500", "meta:portal", "meta:429=10", "result:500", "result:pending", "result:lost"),
    ]
)
SCRIPTS = st.lists(STEPS, max_size=4).map(",".join)
JUMPS = st.sampled_from([timedelta(hours=hours) for hours in (0, 0, 0.1, 1, 25, 60, -2, -60)])

DEATHS = st.none() | st.tuples(st.integers(1, 12), st.booleans())
"""At which call of the outbox, and whether it was still carried out."""

MOST_REPORTS = 16


class Killed(BaseException):
    """The process is gone."""


class Fragile:
    """An outbox whose process dies at a certain call of it: before it is carried out, or just after."""

    def __init__(self, outbox: SqliteOutbox, calls: int, after: bool) -> None:  # noqa: FBT001  drawn
        self._outbox = outbox
        self._calls = calls
        self._after = after

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._outbox, name)

        def call(*args: Any, **named: Any) -> Any:
            self._calls -= 1
            if self._calls == 0 and not self._after:
                raise Killed
            answer = method(*args, **named)
            if self._calls == 0:
                raise Killed
            return answer

        return call


class Counting(AuthoritySimulator):
    """It counts how often it acquires each report, and how often it had to say that one came before its time."""

    def __init__(self, *, max_batch: int) -> None:
        super().__init__(max_batch=max_batch)
        self.times: Counter[str] = Counter()

    def _judged(self, report_id: str, step: Step) -> Verdict:
        verdict = super()._judged(report_id, step)
        self.times[report_id] += verdict.receipt is not None
        return verdict

    def calm(self) -> None:
        """The misfortunes are over."""
        self._steps.clear()


class DeliveryMachine(RuleBasedStateMachine):
    """One property with a real outbox; `made` is what the staff were told is saved, by stay."""

    @initialize(max_batch=st.integers(1, 4))
    def begin(self, max_batch: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.clock = FixedClock()
        self.authority = Counting(max_batch=max_batch)
        self.house = House(Path(self.folder.name) / "outbox.db", self.clock, self.authority)
        self.made: dict[int, list[str]] = {}
        for stay in (0, 1, 2, 0, 1):
            self.saved(stay)

    def saved(self, stay: int) -> None:
        """A guest arrives, or one who is here departs."""
        number = self.total
        self.house.add(number, stay=stay, kind=Kind.CHECK_OUT if stay in self.made else Kind.CHECK_IN)
        self.made.setdefault(stay, []).append(uuid(number))

    def teardown(self) -> None:
        if not hasattr(self, "house"):
            return
        try:
            self.recovered()
        finally:
            self.house.close()
            self.folder.cleanup()

    @property
    def total(self) -> int:
        return sum(map(len, self.made.values()))

    @rule(stay=st.integers(0, 5))
    def report(self, stay: int) -> None:
        if self.total < MOST_REPORTS:
            self.saved(stay)

    @rule(jump=JUMPS, script=SCRIPTS, keep_backoff=st.booleans(), death=DEATHS)
    def sync(self, *, jump: timedelta, script: str, keep_backoff: bool, death: tuple[int, bool] | None) -> None:
        self.clock.time += jump
        self.authority.script(script)
        outbox: Any = self.house.outbox if death is None else Fragile(self.house.outbox, *death)
        parts = Parts(outbox, self.house.connect, self.clock, lambda: 0.5, Watcher())
        try:
            deliver(parts, Terms(SETTINGS, keep_backoff=keep_backoff))
        except Killed:
            self.house.unlock()  # another process opens the outbox

    @rule(forgets=st.booleans())
    def start_anew(self, forgets: bool) -> None:  # noqa: FBT001  drawn
        """Somebody logs in again; and the authority may lose what it has not judged yet."""
        self.house.outbox.stop(None)
        known = self.authority.known if forgets else {}
        for report_id in [each for each, kept in known.items() if kept.verdict.status is Status.PENDING]:
            del self.authority.known[report_id]

    def recovered(self) -> None:
        """The line is good again and time goes on: within days all is there that no person must correct."""
        self.authority.calm()
        self.house.outbox.stop(None)
        for _ in range(8):
            self.clock.time += timedelta(days=1, minutes=1)
            self.house.sync()
        left = {entry.stay_id for entry in self.entries() if entry.state is not State.ACCEPTED}
        assert left == {entry.stay_id for entry in self.entries() if entry.state is State.REJECTED}
        assert {entry.id for entry in self.entries() if entry.state is State.ACCEPTED} == self.authority.acquired.keys()

    def entries(self) -> list[Entry]:
        return list(self.house.outbox.entries(Selection()))

    @invariant()
    def nothing_that_was_saved_disappears(self) -> None:
        assert [entry.id for entry in self.entries()] == [uuid(number) for number in range(self.total)]

    @invariant()
    def nothing_is_acquired_twice(self) -> None:
        assert all(times <= 1 for times in self.authority.times.values())

    @invariant()
    def nothing_overtakes_within_its_stay(self) -> None:
        for stay, ids in self.made.items():
            arrived = [
                known for known, kept in self.authority.known.items() if kept.content["stay_id"] == stay_id(stay)
            ]
            assert arrived == ids[: len(arrived)]

    @invariant()
    def only_the_authority_makes_receipts(self) -> None:
        for entry in self.entries():
            assert (entry.receipt is None) == (entry.state is not State.ACCEPTED)
            assert entry.receipt is None or entry.receipt == self.authority.acquired[entry.id]

    @invariant()
    def nothing_is_refused_for_a_fault_of_ours(self) -> None:
        for entry in self.entries():
            if entry.state is State.REJECTED:
                assert [error.code for error in self.house.outbox.content(entry).errors] == ["scripted"]


TestDelivery = DeliveryMachine.TestCase
TestDelivery.settings = search(150, stateful_step_count=15)
