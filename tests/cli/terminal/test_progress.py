"""The progress bar."""

import sys

import pytest
from cli_helpers import PASSWORD, Apoa, Serve
from terminal_helpers import show_as_terminal

from apoa_client.cli.terminal.progress import NoProgress, ProgressBar, counting, track, watcher


def test_the_bar_is_removed_during_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar is removed while the password is asked for, so that it does not cover the question."""
    show_as_terminal(monkeypatch, sys.stderr)
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


def test_long_work_is_shown_in_lines_where_nothing_may_move(capsys: pytest.CaptureFixture[str]) -> None:
    """A line at each quarter; nothing for a few items or if it is silent."""
    for count, silent in ((49, False), (60, True)):
        assert list(track(range(count), "Pages", silent=silent)) == list(range(count))
    assert capsys.readouterr().err == ""
    assert list(track(range(120), "Pages", silent=False)) == list(range(120))
    assert capsys.readouterr().err.splitlines() == [f"Pages: {done} of 120" for done in (0, 30, 60, 90)]


def test_long_work_has_a_bar_at_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It is drawn until the last item, and removed also if the work stops before."""
    show_as_terminal(monkeypatch, sys.stderr)
    assert list(track(range(50), "Pages", silent=False)) == list(range(50))
    shown = capsys.readouterr().err
    assert "Pages" in shown
    assert "50/50" in shown
    started = track(range(50), "Pages", silent=False)
    next(started)
    started.close()  # type: ignore[attr-defined]  # a generator


def test_an_unknown_number_is_counted_at_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Elsewhere nothing is shown; in plain mode each count is a line."""
    for silent in (False, True):
        with counting("Rows", silent=silent) as show:
            show(500)
    assert capsys.readouterr().err == ""
    show_as_terminal(monkeypatch, sys.stderr)
    with counting("Rows", silent=False) as show:
        assert capsys.readouterr().err == ""
        show(500)
        show(1000)
    shown = capsys.readouterr().err
    assert "Rows" in shown
    assert "1000" in shown
    monkeypatch.setenv("TERM", "dumb")
    with counting("Rows", silent=False) as show:
        show(500)
    assert capsys.readouterr().err == "Rows: 500\n"
