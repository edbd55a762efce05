"""The delivery lock of a shared outbox: one process at a time delivers for a property, on whatever computer."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from conftest import NOW, raises_error
from network_faults import vanish
from postgres_helpers import PROPERTY, SharedOutbox

from apoa_client.outbox.postgres import delivery_lock
from apoa_client.ports.audit import Actor
from apoa_client.ports.state import LockHolder

SYNC = Actor(lambda: "wayan", lambda: NOW, "apoa sync")

HOLDER = """
import sys
from outbox_helpers import sealer
from postgres_helpers import PASSWORD, PROPERTY
from apoa_client.outbox.postgres.connection import TimeLimits
from apoa_client.outbox.postgres.store import PostgresOutbox
from apoa_client.settings.outbox_address import parse_address
address, limits = parse_address(sys.argv[1]), TimeLimits(answer=20.0)
with PostgresOutbox.open(address, PROPERTY, PASSWORD, sealer(), limits=limits) as outbox:
    with outbox.delivery_lock(0) as acquired:
        print(acquired, flush=True)
        sys.stdin.read()
"""


def test_one_at_a_time(postgres_outbox: SharedOutbox) -> None:
    """The second process is refused at once, and gets the lock when the first is done. It may write meanwhile."""
    with postgres_outbox.open() as one, postgres_outbox.open() as other:
        with one.delivery_lock(0) as first, other.delivery_lock(0) as second:
            assert (first, second) == (True, False)
            other.record_contact(NOW)
        with other.delivery_lock(0) as third:
            assert third


def test_who_holds_the_lock(postgres_outbox: SharedOutbox) -> None:
    """Process, command and time, as long as it is held. A note that cannot be read is no error."""
    with postgres_outbox.open(actor=SYNC) as one, postgres_outbox.open() as other:
        assert other.lock_holder() is None
        with one.delivery_lock(0):
            for each in (one, other):
                assert each.lock_holder() == LockHolder(os.getpid(), "apoa sync", NOW)
        assert other.lock_holder() is None
        with one.delivery_lock(0), other.delivery_lock(0):
            postgres_outbox.change("UPDATE memo SET value = 'x y' WHERE key = 'delivering'")
            assert other.lock_holder() is None


def test_an_exception_releases_the_lock(postgres_outbox: SharedOutbox) -> None:
    """Whatever is raised inside."""
    with postgres_outbox.open() as one, postgres_outbox.open() as other:
        with pytest.raises(KeyboardInterrupt), one.delivery_lock(0):
            raise KeyboardInterrupt
        with other.delivery_lock(0) as acquired:
            assert acquired


def test_waiting_for_a_short_delivery(postgres_outbox: SharedOutbox) -> None:
    """A lock that is released within the waiting time is taken over."""
    taken, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with postgres_outbox.open() as outbox, outbox.delivery_lock(0):
            taken.set()
            let_go.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    assert taken.wait(20)
    threading.Timer(0.05, let_go.set).start()
    with postgres_outbox.open() as outbox, outbox.delivery_lock(20) as acquired:
        assert acquired
    holder.join(20)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX's")
def test_the_server_releases_the_lock_of_a_dead_process(postgres_outbox: SharedOutbox) -> None:
    """However the process died."""
    server = postgres_outbox.cluster.address(postgres_outbox.database, PROPERTY)
    command = [sys.executable, "-c", HOLDER, server.place]
    environ = {"PYTHONPATH": str(Path(__file__).parent.parent.parent)}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    with postgres_outbox.open() as outbox:
        with outbox.delivery_lock(0) as acquired:
            assert not acquired
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=20)
        with outbox.delivery_lock(20) as acquired:
            assert acquired


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the socket's filter is Linux's")
def test_the_server_releases_the_lock_of_a_computer_that_vanished(
    postgres_outbox: SharedOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing says that the connection has ended: the server asks, and gets no answer."""
    monkeypatch.setattr(delivery_lock, "_KEEPALIVES_S", (1, 1))
    with postgres_outbox.open() as one, postgres_outbox.open() as other, one.delivery_lock(0):
        assert one._lock._connection is not None
        vanish(one._lock._connection.fileno())
        with other.delivery_lock(0) as acquired:
            assert not acquired
        with other.delivery_lock(20) as acquired:
            assert acquired


def test_a_server_that_is_down(postgres_outbox: SharedOutbox) -> None:
    """No process proceeds without the lock."""
    with postgres_outbox.open() as outbox:
        postgres_outbox.cluster.drop_database(postgres_outbox.database)
        with raises_error("outbox_server_unreachable", "outbox_not_allowed"), outbox.delivery_lock(0):
            pytest.fail("the lock was taken")
