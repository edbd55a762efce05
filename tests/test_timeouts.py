"""Calls that may hang."""

import threading

import pytest

from apoa_client.timeouts import call_with_timeout


def test_an_answer_in_time_is_returned() -> None:
    """Whatever it is, None too."""
    assert call_with_timeout(5, lambda: 42) == 42
    assert call_with_timeout(5, lambda: None) is None


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit, TimeoutError])
def test_a_failure_is_raised_where_the_call_was_made(kind: type[BaseException]) -> None:
    """Even one that would end the thread silently."""

    def fail() -> None:
        raise kind("it")

    with pytest.raises(kind, match="it"):
        call_with_timeout(5, fail)


def test_a_call_that_hangs_is_left_behind() -> None:
    """When the time is over, the caller goes on; the thread keeps no process alive, and its answer is lost."""
    let_go, before = threading.Event(), threading.active_count()
    with pytest.raises(TimeoutError):
        call_with_timeout(0.01, let_go.wait)
    [left] = [thread for thread in threading.enumerate() if thread.name == "apoa-timeout"]
    assert left.daemon
    let_go.set()
    left.join(5)
    assert threading.active_count() == before
