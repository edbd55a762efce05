"""Several senders of one property at once, over a real PostgreSQL."""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple, TypeVar

import pytest
from authority_simulator import AuthoritySimulator
from basics import FixedClock
from delivery_helpers import SETTINGS, ProgressRecorder, report
from outbox_helpers import stay_id, uuid
from postgres_helpers import PROPERTY, SharedOutbox

from apoa_client.delivery import plan
from apoa_client.delivery.options import Dependencies, Outcome, RunOptions
from apoa_client.delivery.sync import deliver
from apoa_client.ports.authority import DailyReceipt, Meta, Verdict
from apoa_client.ports.entries import Selection
from apoa_client.report.codes import CodeTable
from apoa_client.report.kinds import Kind, State

T = TypeVar("T")

WORKERS = 8
STAYS = 100
KINDS = (Kind.CHECK_IN, Kind.AMEND, Kind.CHECK_OUT)
FAULTS = "503,lost,ok,500,pending*2,drop,ok,truncated,defer=0,ok,429,result:503,result:ok,meta:503,token:500"


class SharedAuthority:
    """One authority for many senders. It notices a report that two of them send at once."""

    def __init__(self, simulator: AuthoritySimulator) -> None:
        self.simulator = simulator
        self.sent_twice: set[str] = set()
        self._sending: Counter[str] = Counter()
        self.order: dict[str, list[str]] = defaultdict(list)
        self.during: Callable[[], object] = lambda: None
        self._lock = threading.Lock()

    def meta(self) -> Meta:
        return self._call(self.simulator.meta)

    def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        self.during()
        ids = [report_id for report_id, _body in bodies]
        self.sent_twice.update(each for each in ids if self._sending[each])
        self._sending.update(ids)
        try:
            return self._call(lambda: self.simulator.submit(bodies))
        finally:
            self._sending.subtract(ids)

    def verdict(self, report_id: str) -> Verdict | None:
        return self._call(lambda: self.simulator.verdict(report_id))

    def validate(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        return self.simulator.validate(bodies)

    def codes(self, table: str, etag: str | None = None) -> CodeTable | None:
        return self.simulator.codes(table, etag)

    def receipt_pdf(self, report_id: str) -> bytes | None:
        return self.simulator.receipt_pdf(report_id)

    def daily_receipt(self, day: date) -> DailyReceipt | None:
        return self.simulator.daily_receipt(day)

    def daily_receipt_pdf(self, day: date) -> bytes | None:
        return self.simulator.daily_receipt_pdf(day)

    def send_photo(self, report_id: str, jpeg: bytes) -> None:
        self._call(lambda: self.simulator.send_photo(report_id, jpeg))

    def _call(self, call: Callable[[], T]) -> T:
        with self._lock:
            before = set(self.simulator.acquired)
            try:
                return call()
            finally:
                new = [each for each in self.simulator.order if each not in before]
                for each in new:
                    self.order[self.simulator.known[each].content["stay_id"]].append(each)


class House(NamedTuple):
    """A property with a shared outbox, and its authority."""

    store: SharedOutbox
    authority: SharedAuthority
    clock: FixedClock
    name: str = PROPERTY

    def add(self, *numbers: int) -> None:
        """Add the reports of these stays: three of each."""
        with self.store.open(login=self.name, property_name=self.name) as outbox:
            for number in numbers:
                for place, kind in enumerate(KINDS):
                    outbox.add(report(3 * number + place, number, kind, document=number), due_at=None)

    def sync(self) -> Outcome:
        """One run of one sender."""
        with self.store.open(login=self.name, property_name=self.name) as outbox:
            parts = Dependencies(outbox, lambda _time_left: self.authority, self.clock, lambda: 0.5, ProgressRecorder())
            return deliver(parts, RunOptions(SETTINGS))

    def states(self) -> Counter[State]:
        """How many reports are in each state."""
        with self.store.open(login=self.name, property_name=self.name) as outbox:
            return Counter(entry.state for entry in outbox.entries(Selection()))


@pytest.fixture
def house(postgres_outbox: SharedOutbox, clock: FixedClock) -> House:
    """A property with an empty outbox, and an authority that takes small batches."""
    return House(postgres_outbox, SharedAuthority(AuthoritySimulator(max_batch=5)), clock)


def together(count: int, work: Callable[[int], object]) -> None:
    """Do the work in so many threads at once. Raises what the first of them raised."""
    begin = threading.Barrier(count)
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            begin.wait(60)
            work(number)
        except BaseException as exc:  # noqa: BLE001  the test raises it
            errors.append(exc)

    threads = [threading.Thread(target=run, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        raise error


@pytest.mark.slow
def test_many_senders_deliver_each_report_once_and_in_order(house: House) -> None:
    """Eight at once, while calls fail and answers are lost."""
    house.add(*range(STAYS))
    house.authority.simulator.script(FAULTS)

    def work(_number: int) -> None:
        for _run in range(40):
            outcome = house.sync()
            if outcome.error is None and not outcome.left and not outcome.counts["pending"]:
                return

    together(WORKERS, work)
    while house.states()[State.ACCEPTED] < 3 * STAYS:  # what the last of them left pending
        house.clock.forward(plan.LEASE)
        assert house.sync().verdicts
    assert not house.authority.sent_twice
    assert house.authority.order == {
        stay_id(number): [uuid(3 * number + place) for place in range(3)] for number in range(STAYS)
    }


@pytest.mark.parametrize(
    ("restrict", "name"),
    [("429=60", "authority_busy"), ("401*2", "wrong_password")],
)
def test_what_the_authority_says_to_one_sender_is_heeded_by_all(house: House, restrict: str, name: str) -> None:
    """A time to wait, or a refused password, ends the run of another sender before its next batch."""
    house.add(*range(10))
    simulator = house.authority.simulator

    def other_sender() -> None:
        house.authority.during = lambda: None
        simulator.script(restrict)
        assert house.sync().error is not None

    house.authority.during = other_sender
    outcome = house.sync()
    assert outcome.error is not None
    assert outcome.error.name == name
    calls = len(simulator.batches)
    assert outcome.counts["accepted"] == 5
    assert house.sync().error is not None
    assert len(simulator.batches) == calls


def test_one_propertys_refused_password_stops_no_other(house: House) -> None:
    """Of the same database."""
    house.store.add_login("mawar", "mawar")
    other = House(house.store, SharedAuthority(AuthoritySimulator()), house.clock, "mawar")
    house.add(1)
    other.add(2)
    house.authority.simulator.password_is_right = False
    outcome = house.sync()
    assert outcome.stopped
    assert other.sync().counts["accepted"] == 3
    assert house.states() == {State.QUEUED: 3}
