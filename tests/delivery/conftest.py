"""Fixtures: a property that delivers, and an authority over HTTP."""

from collections.abc import Iterator

import pytest
from basics import FixedClock
from delivery_helpers import Hotel
from delivery_wire import ScriptedServer, serving
from outbox_stores import Store

ON_A_SERVER = {
    **dict.fromkeys(("test_sync", "test_machine"), "slow"),
    **dict.fromkeys(("test_each_fault_on_each_route", "test_a_second_process_during_each_call"), "long"),
    "test_a_death_at_each_step": "long",
    **dict.fromkeys(("test_batch_size", "test_life_cycles", "test_contract_rows"), "long"),
    **dict.fromkeys(("test_broken_answers", "test_isolation", "test_one_bad_verdict"), "long"),
}
"""When modules and functions run with PostgreSQL, whose tests take long: each change is several exchanges with it."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark their tests with PostgreSQL."""
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            names = {item.path.stem, item.originalname} & ON_A_SERVER.keys()
            for name in names if item.callspec.params.get("engine") == "postgres" else ():
                item.add_marker(ON_A_SERVER[name])


@pytest.fixture
def hotel(store: Store, clock: FixedClock) -> Iterator[Hotel]:
    """A property with an empty outbox, and an authority without faults."""
    opened = Hotel(store, clock)
    yield opened
    opened.close()


@pytest.fixture
def wire() -> Iterator[ScriptedServer]:
    """An authority over HTTP that follows the contract."""
    with serving() as server:
        yield server
