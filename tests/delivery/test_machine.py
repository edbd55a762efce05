"""Delivery against every misfortune in any order: nothing is lost, nothing is doubled, nothing overtakes.

The machine goes its own ways; beside it, each death, each fault and each meeting of two processes is tried once in
order, so that none of them depends on luck.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from conftest import search
from delivery_machine import DeliveryMachine
from delivery_processes import FAULTS, Death, Meanwhile, Process, Run
from delivery_staff import CHANGES

from apoa_client.report.kinds import State


@pytest.fixture
def machine() -> Iterator[DeliveryMachine]:
    """The same property, in hands that do as they are told; in the end it recovers, and all is there."""
    with started() as told:
        yield told


@contextmanager
def started() -> Iterator[DeliveryMachine]:
    told = DeliveryMachine()
    told.begin(max_batch=2)
    try:
        yield told
        for promise in told.invariants:
            promise.function(told)
    finally:
        told.teardown()


@pytest.mark.parametrize(("route", "step"), [(route, step) for route, steps in FAULTS.items() for step in steps])
def test_each_fault_on_each_route(machine: DeliveryMachine, route: str, step: str) -> None:
    """It comes while there is something to send and something to ask about, and once more in the next run."""
    for _ in range(2):
        machine.log_in()
        machine.saved(machine.hotel.outbox, machine.total)
        machine.run(Run(script=["pending"], later=timedelta(minutes=10)))
        machine.saved(machine.hotel.outbox, machine.total)
        machine.run(Run(script=[f"{route}{step}"], later=timedelta(minutes=10)))
        assert machine.authority.unused == {}


def eventful(machine: DeliveryMachine, run: Run) -> Process:
    """A run that asks about what is pending, sends in several batches, meets a timeout and is put off."""
    machine.run(Run(script=["pending"]))
    for stay in (3, 4, 5, 6, 3):
        machine.saved(machine.hotel.outbox, stay)
    return machine.run(replace(run, script=["ok", "slow=60", "defer=60"]))


@pytest.mark.parametrize("after", [False, True])
def test_a_death_at_each_step(after: bool) -> None:  # noqa: FBT001  a parameter
    """None is left out: whatever the dead process had done, the next ones deliver the rest."""
    for step in count(1):
        with started() as machine:
            process = eventful(machine, Run(death=Death(step, after)))
        if not process.dead:
            break
    assert step > 40


@pytest.mark.parametrize("call", range(1, 7))
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("lockless", [False, True])
@pytest.mark.parametrize("what", ["sync", "overtake", "report", *CHANGES])
def test_a_second_process_during_each_call(
    machine: DeliveryMachine,
    call: int,
    after: bool,  # noqa: FBT001  parameters
    lockless: bool,  # noqa: FBT001
    what: str,
) -> None:
    """It is told that another one delivers, and calls nobody; without locks, leases and ids alone must do.

    An overtaker comes when the first one's lease is over.
    """
    process = eventful(machine, Run(events=[Meanwhile(call, after, what, lockless=lockless)]))
    assert not process.dead
    assert machine.happened == [what]


@pytest.mark.parametrize("fault", ["lost", "drop", "429", "portal"])
def test_who_was_overtaken_changes_nothing(machine: DeliveryMachine, fault: str) -> None:
    """Its own call failed, but whoever took over its reports has their receipts, and they stay delivered."""
    machine.run(Run(script=[fault], events=[Meanwhile(2, after=True, what="overtake")]))
    assert {entry.state for entry in machine.entries()} == {State.ACCEPTED}


TestDelivery = DeliveryMachine.TestCase
TestDelivery.settings = search(60, stateful_step_count=15)
