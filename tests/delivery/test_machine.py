"""Delivery against all faults in any order: nothing is lost, nothing is doubled, the order within a stay is kept.

The state machine tries random sequences. Besides, each death of a process, each fault and each pair of concurrent
processes is tried once in a fixed order, so that no result depends on chance.

"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest
from basics import search
from delivery_machine import DeliveryMachine
from delivery_processes import CHANGES, FAULTS, ConcurrentEvent, Death, Process, Run
from hypothesis.stateful import run_state_machine_as_test
from outbox_stores import NewStore


@pytest.fixture
def machine(new_store: NewStore) -> Iterator[DeliveryMachine]:
    """A machine that follows a fixed script; in the end it recovers, and all promises are checked."""
    with started(new_store) as started_machine:
        yield started_machine


@contextmanager
def started(new_store: NewStore) -> Iterator[DeliveryMachine]:
    started_machine = DeliveryMachine(new_store)
    started_machine.begin(max_batch=2)
    try:
        yield started_machine
        for promise in started_machine.invariants:
            promise.function(started_machine)
    finally:
        started_machine.teardown()


BEFORE_SENDING = {"meta:", "token:"}
"""The routes that are called before a report is sent: `test_contract_rows` has each error of them."""


@pytest.mark.parametrize(
    ("route", "step"),
    [
        pytest.param(
            route, step, marks=pytest.mark.long if route in BEFORE_SENDING else pytest.mark.slow if route else []
        )
        for route, steps in FAULTS.items()
        for step in steps
    ],
)
def test_each_fault_on_each_route(machine: DeliveryMachine, route: str, step: str) -> None:
    """The fault comes while there is something to send and to ask about, and again in the next run."""
    for _ in range(2):
        machine.log_in()
        machine.save_report(machine.hotel.outbox, machine.total)
        machine.run(Run(script=["pending"], later=timedelta(minutes=10)))
        machine.save_report(machine.hotel.outbox, machine.total)
        machine.run(Run(script=[f"{route}{step}"], later=timedelta(minutes=10)))
        assert machine.authority.unused == {}


MOMENTS = [
    pytest.param(
        call, after, marks=pytest.mark.long if after is (call % 2 == 0) else pytest.mark.slow if call > 3 else []
    )
    for call in range(1, 7)
    for after in (False, True)
]
"""Each of the first calls, and whether it has been served. One of the two, both in a long run."""


def eventful_run(machine: DeliveryMachine, run: Run) -> Process:
    """A run that asks about a pending report, sends several batches, has a timeout and is deferred."""
    machine.run(Run(script=["pending"]))
    for stay in (3, 4, 5, 6, 3):
        machine.save_report(machine.hotel.outbox, stay)
    return machine.run(replace(run, script=["ok", "slow=60", "defer=60"]))


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_a_death_at_each_step(new_store: NewStore, after: bool) -> None:  # noqa: FBT001  a parameter
    """Whatever step the dead process reached, later runs deliver everything."""
    for step in count(1):
        with started(new_store) as machine:
            process = eventful_run(machine, Run(death=Death(step, after)))
        if not process.dead:
            break
    assert step > 40


@pytest.mark.parametrize(("call", "after"), MOMENTS)
@pytest.mark.parametrize("what", ["sync", "overtake", "report", *CHANGES])
def test_a_second_process_during_each_call(
    machine: DeliveryMachine,
    call: int,
    after: bool,  # noqa: FBT001  a parameter
    what: str,
) -> None:
    """Both may deliver, and leases and ids are enough.

    The event `overtake` comes when the first process' lease is over.

    """
    process = eventful_run(machine, Run(events=[ConcurrentEvent(call, after, what)]))
    assert not process.dead
    assert machine.events_seen == [what]


def test_any_events_in_any_order(new_store: NewStore) -> None:
    """Every promise holds, whatever happens."""
    factory: Any = partial(DeliveryMachine, new_store)
    run_state_machine_as_test(factory, settings=search(40, stateful_step_count=15))
