"""What a service tells systemd, through a real datagram socket where the system has them."""

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from apoa_client.cli.terminal.signals import ServiceManager

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
    manager = ServiceManager({"NOTIFY_SOCKET": manager_socket.getsockname(), "WATCHDOG_USEC": "30000000"})
    manager.ready()
    manager.status("wisma: terkirim 3")
    manager.status("wisma\nMAINPID=1")
    manager.alive(0)
    manager.stopping()
    expected = ["READY=1", "STATUS=wisma: terkirim 3", "STATUS=wisma MAINPID=1", "WATCHDOG=1", "STOPPING=1"]
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
    manager.alive(0)
    manager.stopping()


@unix
def test_a_manager_that_does_not_read(manager_socket: socket.socket) -> None:
    """It holds up nothing: what it cannot take is lost."""
    manager = ServiceManager({"NOTIFY_SOCKET": manager_socket.getsockname()})
    for number in range(3000):
        manager.status(str(number))


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "9" * 400}, None),
        ({}, None),
    ],
)
def test_the_watchdog(environ: dict[str, str], seconds: float | None) -> None:
    """Half of its time, if it watches this process and not its parent."""
    assert ServiceManager(environ).watchdog_s == seconds


@unix
def test_no_sign_of_life_without_a_watchdog(manager_socket: socket.socket) -> None:
    """It is sent only where it is expected."""
    ServiceManager({"NOTIFY_SOCKET": manager_socket.getsockname()}).alive(0)
    assert received(manager_socket) == []
