"""Fixtures: a property that delivers, and an authority over HTTP."""

from collections.abc import Iterator

import pytest
from basics import FixedClock
from delivery_helpers import Hotel
from delivery_wire import ScriptedServer, serving
from outbox_stores import Store

ON_A_SERVER = {
    "slow": {"test_sync", "test_machine"},
    "long": {
        *("test_each_fault_on_each_route", "test_a_second_process_during_each_call", "test_a_death_at_each_step"),
        *("test_batch_size", "test_life_cycles", "test_contract_rows"),
        *("test_broken_answers", "test_isolation", "test_one_bad_verdict"),
    },
}
"""The modules and functions that a mark is for with PostgreSQL: each change is several exchanges with the server."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark their tests with PostgreSQL."""
    for item in items:
        if (
            isinstance(item, pytest.Function)
            and hasattr(item, "callspec")
            and item.callspec.params.get("engine") == "postgres"
        ):
            for mark, names in ON_A_SERVER.items():
                if not names.isdisjoint({item.path.stem, item.originalname}):
                    item.add_marker(mark)


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
