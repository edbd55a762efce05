"""Which names are those of the program's files."""

import pytest

from apoa_client.settings.file_names import belongs_to_log, is_log, is_own


@pytest.mark.parametrize(
    "name",
    [
        "config.toml",
        "config.lock",
        "outbox.db-wal",
        "outbox.db-shm",
        "sandbox.db",
        "outbox.lock.json",
        "keys.json",
        "sync.log.3",
    ],
)
def test_own_names(name: str) -> None:
    """A name that the program gives to a file is not one that a user made up."""
    assert is_own(name)


@pytest.mark.parametrize(
    "name", ["outbox.db.bak", "Smith.log", "sync.log.old", "outbox.db-Smith", "outbox-moved-2.db", "A B.shown.json"]
)
def test_names_of_others(name: str) -> None:
    """A similar name may be about a guest."""
    assert not is_own(name)


def test_the_log_and_what_belongs_to_it() -> None:
    """The lock and what was shown are no parts of the log."""
    names = ["sync.log", "sync.log.1", "sync.log.lock", "shown.json", "melati.shown.json"]
    assert list(map(is_log, names)) == [True, True, False, False, False]
    assert all(map(belongs_to_log, names))
