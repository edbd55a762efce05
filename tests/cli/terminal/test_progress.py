"""The progress bar."""

import sys

import pytest
from cli_helpers import PASSWORD, Apoa, Serve

from apoa_client.cli.terminal.progress import NoProgress, ProgressBar, watcher


def test_the_bar_is_removed_during_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar is removed while the password is asked for, so that it does not cover the question."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    bar = watcher(silent=False)
    assert isinstance(bar, ProgressBar)

    def shown() -> bool:
        assert bar._rich is not None
        return bar._rich.live.is_started

    bar.begin(3)
    assert shown()
    with bar.pause():
        assert not shown()
    assert shown()
    bar.end()
    assert not shown()


def test_a_silent_watcher_has_no_bar() -> None:
    """A silent watcher shows no progress."""
    assert isinstance(watcher(silent=True), NoProgress)


def test_a_password_can_be_typed_during_a_delivery(apoa: Apoa, serve: Serve) -> None:
    """A password typed at the terminal is used for this run, and the report is sent."""
    apoa.set_up(serve().base_url)
    apoa.save()
    apoa("logout")
    result = apoa("sync", keys=[PASSWORD])
    assert (result.code, result.out) == (0, "sent 1\n"), result.err
