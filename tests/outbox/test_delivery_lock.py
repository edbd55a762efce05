"""Whose turn it is to deliver."""

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from apoa_client.outbox.errors import OutboxUnreachable
from apoa_client.outbox.sqlite.delivery_lock import delivery_lock

HOLDER = """
import sys
from pathlib import Path
from apoa_client.outbox.sqlite.delivery_lock import delivery_lock
with delivery_lock(Path(sys.argv[1]), 0) as ours:
    print(ours, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    """A path where an outbox could be; the turn asks nothing of it."""
    return tmp_path / "outbox.db"


def test_one_at_a_time(outbox: Path) -> None:
    """The second one is told at once, and has its turn when the first is done."""
    with delivery_lock(outbox, 0) as first, delivery_lock(outbox, 0) as second:
        assert (first, second) == (True, False)
    with delivery_lock(outbox, 0) as third:
        assert third


def test_each_outbox_has_its_own(tmp_path: Path) -> None:
    """Properties do not wait for one another."""
    with delivery_lock(tmp_path / "a.db", 0) as first, delivery_lock(tmp_path / "b.db", 0) as second:
        assert first
        assert second


def test_a_turn_that_failed_is_over(outbox: Path) -> None:
    """Whatever is raised inside."""
    with pytest.raises(KeyboardInterrupt), delivery_lock(outbox, 0):
        raise KeyboardInterrupt
    with delivery_lock(outbox, 0) as ours:
        assert ours


def test_it_is_worth_waiting_a_little(outbox: Path) -> None:
    """A turn that ends within the patience is taken over."""
    taken, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with delivery_lock(outbox, 0):
            taken.set()
            let_go.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    assert taken.wait(20)
    threading.Timer(0.05, let_go.set).start()
    with delivery_lock(outbox, 20) as ours:
        assert ours
    holder.join(20)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_dead_process_holds_nothing_up(outbox: Path) -> None:
    """However it died, the kernel has lifted its lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(outbox)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    with delivery_lock(outbox, 0) as ours:
        assert not ours
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
    with delivery_lock(outbox, 0) as ours:
        assert ours


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_the_lock_is_private(outbox: Path) -> None:
    """Like every file beside it, and empty."""
    with delivery_lock(outbox, 0):
        lock = outbox.with_name("outbox.lock")
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600
        assert lock.stat().st_size == 0


def test_where_there_can_be_no_lock(outbox: Path, tmp_path: Path) -> None:
    """A folder in its place, or no folder around it: the room's own error, and nobody thinks that he is alone."""
    outbox.with_name("outbox.lock").mkdir()
    with pytest.raises(OutboxUnreachable), delivery_lock(outbox, 0):
        pytest.fail("that was no turn")
    with pytest.raises(OutboxUnreachable), delivery_lock(tmp_path / "nowhere" / "outbox.db", 0):
        pytest.fail("that was no turn")
