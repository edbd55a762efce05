"""An outbox of the test's own, in each engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from outbox_stores import ENGINES, AnyOutbox, SqliteStore, Store


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test with both engines. One that asks for the `path` of the file is about SQLite alone."""
    chosen = any("store" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "store" in metafunc.fixturenames and not chosen:
        engines = ENGINES[:1] if "path" in metafunc.fixturenames else ENGINES
        metafunc.parametrize("store", engines, indirect=True)


def path_in(folder: Path) -> Path:
    return folder / "home" / "bali" / "outbox.db"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the outbox in SQLite is."""
    return path_in(tmp_path)


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Where the outbox is."""
    if request.param == "postgres":
        shared: Store = request.getfixturevalue("postgres_outbox")
        return shared
    return SqliteStore(path_in(tmp_path))


@pytest.fixture
def outbox(store: Store) -> Iterator[AnyOutbox]:
    """An empty outbox."""
    with store.open() as opened:
        yield opened
