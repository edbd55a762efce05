"""The bar that a person watches."""

import sys

import pytest
from cli_helpers import PASSWORD, Apoa, Serve

from apoa_client.cli.terminal.progress import NoProgress, ProgressBar, watcher


def test_a_bar_steps_aside_while_somebody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question for the password must not be drawn over: the screen would seem to hang."""
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


def test_there_is_no_bar_where_nobody_watches() -> None:
    """Cron, a script, or somebody who wants quiet; and then there is nothing to step aside."""
    assert isinstance(watcher(silent=True), NoProgress)


def test_a_password_that_is_asked_for_in_a_delivery(apoa: Apoa, serve: Serve) -> None:
    """Typed at the terminal, it is used for this run, and the report is sent."""
    apoa.set_up(serve().base_url)
    apoa.save()
    apoa("logout")
    said = apoa("sync", keys=[PASSWORD])
    assert (said.code, said.out) == (0, "sent 1\n"), said.err
