"""Ctrl-C and SIGTERM during a delivery."""

import signal
import threading
from collections.abc import Callable

import pytest

from apoa_client.cli.terminal.signals import Signals, Terminated

OF_ONE_SYSTEM = [getattr(signal, name) for name in ("SIGHUP", "SIGBREAK") if hasattr(signal, name)]
"""A closed terminal on POSIX, Ctrl-Break on Windows."""
SIGNALS = pytest.mark.parametrize(
    ("number", "error"),
    [(signal.SIGINT, KeyboardInterrupt), *((number, Terminated) for number in (signal.SIGTERM, *OF_ONE_SYSTEM))],
)


@SIGNALS
def test_signals_are_raised_at_once_outside_held_code(number: signal.Signals, error: type[BaseException]) -> None:
    """Outside held code each signal raises its own exception at once."""
    with Signals(), pytest.raises(error) as caught:
        signal.raise_signal(number)
    assert type(caught.value) is error


@SIGNALS
def test_signals_are_held_until_data_are_written(number: signal.Signals, error: type[BaseException]) -> None:
    """Held code, also nested, is finished, and then the signal raises its exception."""
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
def test_signals_are_raised_during_a_call(number: signal.Signals, error: type[BaseException]) -> None:
    """A signal during a network call is raised at once, and signals after the call are held."""
    done: list[str] = []
    with Signals() as signals, signals.delayed():
        with pytest.raises(error), signals.allowed():
            signal.raise_signal(number)
        done.append("written down")
    assert done == ["written down"]


def test_a_held_signal_prevents_a_call() -> None:
    """A signal that was held is raised at the start of the next call."""
    with Signals() as signals, signals.delayed():
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Terminated), signals.allowed():
            pytest.fail("the call began")


def test_handlers_are_restored() -> None:
    """The earlier signal handlers are restored afterwards."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Signals():
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] != before
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@SIGNALS
def test_ignored_signals_stay_ignored(number: signal.Signals, error: type[BaseException]) -> None:
    """A signal that the process was started to ignore is not raised, during a call either."""
    del error
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with Signals() as signals, signals.delayed(), signals.allowed():
            signal.raise_signal(number)
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


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
    """Outside the main thread no handlers are set, and the code runs without interruption."""

    def work() -> None:
        with Signals() as signals, signals.delayed(), signals.allowed():
            pass

    assert _in_a_thread(work) == []
