"""Ctrl-C and SIGTERM during a delivery, and what a service tells systemd."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from apoa_client.cli.terminal.signals import ServiceManager, Signals, Terminated

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


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_whose_exception_is_lost() -> None:
    """Python ignores what is raised while an object is deleted; that a signal came is known all the same."""

    class Deleted:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    with Signals() as signals:
        assert not signals.received
        Deleted()
        assert signals.received


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


def test_another_thread_has_no_signals() -> None:
    """Outside the main thread no handlers are set, and the code runs without interruption."""

    def work() -> bool:
        with Signals() as signals, signals.delayed(), signals.allowed():
            return True

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(work).result(20)


unix = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no such sockets")


@pytest.fixture
def manager_socket(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket of a service manager."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(5)
        listening.bind(str(tmp_path / "notify"))
        yield listening


def received(listening: socket.socket) -> list[str]:
    """Return what has come."""
    listening.settimeout(0)
    messages = []
    while True:
        try:
            messages.append(listening.recv(4096).decode())
        except BlockingIOError:
            return messages


@unix
def test_the_messages(manager_socket: socket.socket) -> None:
    """Each is a datagram with one assignment."""
    manager = ServiceManager({"NOTIFY_SOCKET": manager_socket.getsockname()})
    manager.ready()
    manager.status("wisma: terkirim 3")
    manager.status("wisma\nMAINPID=1")
    manager.stopping()
    expected = ["READY=1", "STATUS=wisma: terkirim 3", "STATUS=wisma MAINPID=1", "STOPPING=1"]
    assert received(manager_socket) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="Linux' abstract names")
def test_an_abstract_name() -> None:
    """As systemd uses in some versions."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0apoa-test-{os.getpid()}")
        ServiceManager({"NOTIFY_SOCKET": f"@apoa-test-{os.getpid()}"}).ready()
        assert received(listening) == ["READY=1"]


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/nowhere/at/all"}])
def test_without_a_manager(environ: dict[str, str]) -> None:
    """Nothing is sent, and nothing fails."""
    manager = ServiceManager(environ)
    manager.ready()
    manager.stopping()


@unix
def test_a_manager_that_does_not_read(manager_socket: socket.socket) -> None:
    """It holds up nothing: what it cannot take is lost."""
    manager = ServiceManager({"NOTIFY_SOCKET": manager_socket.getsockname()})
    for number in range(3000):
        manager.status(str(number))
