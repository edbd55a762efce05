"""What the tests of backups, merges and restores share."""

import pytest

from apoa_client.archive import merge


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other process waits in these tests, unless they say so."""
    monkeypatch.setattr(merge, "PAUSE_S", 0)
