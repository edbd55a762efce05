"""All sequences of changes to a stay: what the desk allows never makes a report that the authority must refuse."""

from collections.abc import Iterator
from itertools import product

import pytest
from basics import FixedClock
from delivery_helpers import Hotel
from delivery_processes import StrictSimulator, arrival
from delivery_staff import Staff, UniqueBytes
from outbox_helpers import stay_id
from outbox_stores import Store

from apoa_client.ports.entries import Entry, Selection
from apoa_client.report.kinds import State

STEPS = (("check_out", 0), ("amend", 0), ("cancel", 0), ("cancel_report", -1), ("cancel_report", -2))
"""The changes to a stay; the numbers select one of its reports, counted from the last."""
MAX_STEPS = 4
LIFE_CYCLES = list(product(STEPS, repeat=MAX_STEPS))


@pytest.fixture
def hotel(store: Store, clock: FixedClock) -> Iterator[Hotel]:
    """A property with an authority that is strict about the order of a stay's reports."""
    opened = Hotel(store, clock, StrictSimulator())
    yield opened
    opened.close()


def run_life_cycles(hotel: Hotel, syncs: set[int], script: str) -> None:
    """One stay for each sequence. All take a step at a time, with a sync before some steps."""
    staff = Staff(hotel.outbox, hotel.clock, UniqueBytes())
    for stay in range(len(LIFE_CYCLES)):
        staff.check_in(arrival(stay, stay)).carry_out()
    for number, steps in enumerate(zip(*LIFE_CYCLES, strict=True)):
        hotel.authority.script(script)
        if number in syncs:
            hotel.sync()
        decisions = [staff.decide_change(stay_id(stay), *step) for stay, step in enumerate(steps)]
        for decision in filter(None, decisions):
            decision.carry_out()


def active_reports(hotel: Hotel, stay: int) -> list[Entry]:
    """The reports of a stay that are not superseded or withdrawn."""
    entries = hotel.outbox.entries(Selection(stay_id=stay_id(stay)))
    return [entry for entry in entries if entry.state not in {State.SUPERSEDED, State.WITHDRAWN}]


@pytest.mark.parametrize(
    "script", ["lost", pytest.param("", marks=pytest.mark.long), pytest.param("offline", marks=pytest.mark.long)]
)
@pytest.mark.parametrize(
    "syncs",
    [
        pytest.param({1}, marks=pytest.mark.slow),
        pytest.param({0, 2}, marks=pytest.mark.long),
        pytest.param({0, 1, 2, 3}, marks=pytest.mark.slow),
    ],
)
def test_every_life_cycle_of_a_stay(hotel: Hotel, syncs: set[int], script: str) -> None:
    """Online and offline, with lost answers: nothing is refused, and both sides have the same reports."""
    run_life_cycles(hotel, syncs, script)
    authority = hotel.authority
    assert isinstance(authority, StrictSimulator)
    authority.clear_faults()
    for _run in range(MAX_STEPS + 1):
        hotel.wait(days=1)
        hotel.sync()
    for stay, cycle in enumerate(LIFE_CYCLES):
        entries = active_reports(hotel, stay)
        assert {entry.state for entry in entries} <= {State.ACCEPTED}, cycle
        assert authority.kinds(stay_id(stay)) == [entry.kind.value for entry in entries], cycle
