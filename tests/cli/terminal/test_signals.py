"""Ctrl-C and SIGTERM while a delivery is under way."""

import signal
import threading
from collections.abc import Callable

import pytest

from apoa_client.cli.terminal.signals import Signals, Terminated

SIGNALS = pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)]
)


@SIGNALS
def test_at_once_where_nothing_holds_them(number: signal.Signals, error: type[BaseException]) -> None:
    """Each as its own exception."""
    with Signals(), pytest.raises(error) as caught:
        signal.raise_signal(number)
    assert type(caught.value) is error


@SIGNALS
def test_held_until_all_is_written_down(number: signal.Signals, error: type[BaseException]) -> None:
    """What is in hand is finished, nested or not, and then the interruption is raised."""
    done: list[str] = []

    def work(signals: Signals) -> None:
        with signals.delayed():
            with signals.delayed():
                signal.raise_signal(number)
                done.append("inside")
            done.append("still held")

    with Signals() as signals, pytest.raises(error):
        work(signals)
    assert done == ["inside", "still held"]


@SIGNALS
def test_heard_during_a_call(number: signal.Signals, error: type[BaseException]) -> None:
    """Nothing waits for a slow line; and what follows is held again."""
    done: list[str] = []
    with Signals() as signals, signals.delayed():
        with pytest.raises(error), signals.allowed():
            signal.raise_signal(number)
        done.append("written down")
    assert done == ["written down"]


def test_one_that_came_before_a_call_keeps_it_from_beginning() -> None:
    """What was asked for while it was held is raised where it may be."""
    with Signals() as signals, signals.delayed():
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Terminated), signals.allowed():
            pytest.fail("the call began")


def test_afterwards_all_is_as_it_was() -> None:
    """The handlers from before are back."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Signals():
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] != before
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def _in_a_thread(work: Callable[[], None]) -> list[BaseException]:
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as exc:  # noqa: BLE001  shown by the test
            failed.append(exc)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    return failed


def test_another_thread_has_no_signals() -> None:
    """Only the main thread may set handlers; elsewhere a delivery goes on as if nobody interrupted."""

    def work() -> None:
        with Signals() as signals, signals.delayed(), signals.allowed():
            pass

    assert _in_a_thread(work) == []
