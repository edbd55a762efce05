"""Fixtures: a property that delivers, and an authority over HTTP."""

from collections.abc import Iterator

import pytest
from basics import FixedClock
from delivery_helpers import Hotel
from delivery_wire import ScriptedServer, serving
from outbox_stores import Store

SLOW_ON_A_SERVER = frozenset(
    {
        *("test_machine", "test_batch_size", "test_sync", "test_life_cycles", "test_contract_rows"),
        *("test_broken_answers", "test_isolation", "test_one_bad_verdict"),
    }
)
"""The modules whose tests take long with PostgreSQL: each change is several exchanges with the server."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark their tests with PostgreSQL as slow."""
    for item in items:
        parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        if item.path.stem in SLOW_ON_A_SERVER and parameters.get("engine") == "postgres":
            item.add_marker(pytest.mark.slow)


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
