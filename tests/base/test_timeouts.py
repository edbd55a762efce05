"""Calls that may hang."""

import threading

import pytest

from apoa_client.timeouts import BackgroundCall, call_with_timeout


def test_a_result_in_time_is_returned() -> None:
    """Any value, also None."""
    assert call_with_timeout(5, lambda: 42) == 42
    assert call_with_timeout(5, lambda: None) is None


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit, TimeoutError])
def test_an_exception_is_raised_in_the_calling_thread(kind: type[BaseException]) -> None:
    """Also one that would end a thread silently."""

    def fail() -> None:
        raise kind("it")

    with pytest.raises(kind, match="it"):
        call_with_timeout(5, fail)


def test_a_call_that_hangs_is_abandoned() -> None:
    """The caller continues after the time limit; the thread does not keep the process alive, and its result is lost."""
    release, before = threading.Event(), set(threading.enumerate())
    with pytest.raises(TimeoutError):
        call_with_timeout(0.01, release.wait)
    [hanging] = set(threading.enumerate()) - before
    assert hanging.daemon
    release.set()
    hanging.join(5)
    assert not hanging.is_alive()


def test_a_background_call_runs_while_its_caller_does_something_else() -> None:
    """Its end can be waited for a while; its result is returned at any time."""
    go_on = threading.Event()
    call = BackgroundCall(lambda: go_on.wait(5))
    assert not call.wait(0.01)
    go_on.set()
    assert call.wait(5)
    assert call.result() is True
